/* SPDX-License-Identifier: Apache-2.0 */
/* A .request that was changed on its way is never shown and never signed. */
#include "container_box.h"

#include "packline/seal.h"

#include <fcntl.h>
#include <stdlib.h>

/* printf one | sha256sum */
#define BLOB "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

/* Who is asked, and says no: so nothing is signed either way. */
struct asked {
	int times;
	size_t files, plan_len, recipients;
};

/* Who is to sign. */
static struct {
	struct pkg_key *key;
	struct pkg_certs *certs;
} officer;

static int start(void **state)
{
	if (box_start(state) != 0)
		return -1;
	officer.key = pki_load_key(pki.p384_signer.key);
	officer.certs = pki_one(&pki.p384_signer);
	return 0;
}

static int stop(void **state)
{
	pkg_certs_free(officer.certs);
	pkg_key_free(officer.key);
	return pki_stop(state);
}

static int64_t now(const struct pkg_env *env)
{
	(void)env;
	return PKI_NOW;
}

static enum pkg_code say_no(void *context,
			    const struct pkg_seal_subject *subject,
			    struct pkg_err *err)
{
	struct asked *asked = context;

	asked->times++;
	asked->files = subject->request->file_count;
	asked->plan_len = subject->plan.len;
	asked->recipients =
	    subject->recipients == NULL ? 0 : subject->recipients->count;
	return pkg_refuse(err, PKG_NO, "not-confirmed", "no");
}

/* Sign the .request in @data, unless somebody says no. */
static enum pkg_code sign(const void *data, size_t len, struct asked *asked,
			  struct pkg_err *err)
{
	struct pkg_source_mem source;
	struct pkg_env env = box_env;
	struct pkg_seal_sign job = {
	    .source = &source.source,
	    .agree = say_no,
	    .agree_context = asked,
	    .output = {.dirfd = AT_FDCWD, .path = "/nonexistent/signed"},
	};

	job.signer.key = officer.key;
	job.signer.certs = officer.certs;
	env.now = now;
	*err = PKG_ERR_INIT;
	pkg_source_mem_init(&source, data, len, "request");
	return pkg_seal_sign(&job, &env, err);
}

/* The .request of a container that was signed once. */
static void make(struct pkg_buf *out, struct pkg_container_spec *spec)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.signer.key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	const struct pkg_cms_sign_options signer = {
	    .key = key, .certs = certs, .signing_time = PKI_NOW};
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;
	struct pkg_sink_buf sink;
	struct pkg_err err = PKG_ERR_INIT;

	spec->signer = &signer;
	assert_ok(pkg_container_writer_new(&writer, &box_env, spec, &err));
	assert_ok(box_run(&file, writer, &err));
	out->max = 1 << 20;
	pkg_sink_buf_init(&sink, out);
	assert_ok(pkg_container_writer_request_file(writer, &sink.sink, &err));
}

static void make_sealed(struct pkg_buf *out)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO(pkg_certs)
	struct pkg_certs *to = pki_one(&pki.p256_recipient);

	spec.kind = PKG_CONTAINER_SEALED;
	spec.recipients = to;
	make(out, &spec);
}

static void make_bundle(struct pkg_buf *out, const char *plan)
{
	const struct pkg_container_input inputs[] = {
	    box_text("plan.json", plan), box_text(BLOB, "one")};
	struct pkg_container_spec spec = box_spec(inputs, 2);

	spec.subject.content = PKG_CONTAINER_BUNDLE;
	make(out, &spec);
}

static const char good_plan[] =
    "{\"steps\":[{\"blob\":\"" BLOB "\"}],\"type\":\"plan\"}";

static void refuse(const void *data, size_t len, const char *what, size_t at)
{
	struct asked asked = {0};
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = sign(data, len, &asked, &err);

	if (asked.times != 0 || (code != PKG_NO && code != PKG_INPUT) ||
	    err.reason == NULL)
		fail_msg("%s at %zu: %d, %s", what, at, (int)code, err.text);
}

static void every_byte_counts(struct pkg_buf *file)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	const char *step = getenv("PKG_MUTANTS");
	const size_t by = step == NULL ? 1 : strtoul(step, NULL, 10);
	struct asked asked = {0};
	struct pkg_err err = PKG_ERR_INIT;

	/* As it is, it comes as far as the question. */
	assert_int_equal(sign(file->data, file->len, &asked, &err), PKG_NO);
	assert_string_equal(err.reason, "not-confirmed");
	assert_int_equal(asked.times, 1);
	for (size_t i = 0; i < 3 * file->len; i += by) {
		file->data[i / 3] ^= masks[i % 3];
		refuse(file->data, file->len, "flip", i / 3);
		file->data[i / 3] ^= masks[i % 3];
	}
	for (size_t len = 0; len < file->len; len += by)
		refuse(file->data, len, "cut", len);
	assert_ok(pkg_buf_add(file, "", 1, &err));
	refuse(file->data, file->len, "add", file->len);
}

static void no_changed_request_is_signed(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};

	(void)state;
	make_sealed(&file);
	every_byte_counts(&file);
}

static void no_changed_request_of_a_bundle_is_signed(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};

	(void)state;
	make_bundle(&file, good_plan);
	every_byte_counts(&file);
}

static void who_is_asked_sees_everything(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf sealed = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf bundle = {0};
	struct asked asked = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make_sealed(&sealed);
	assert_int_equal(sign(sealed.data, sealed.len, &asked, &err), PKG_NO);
	assert_int_equal(asked.files, 1);
	assert_int_equal(asked.recipients, 1);
	assert_int_equal(asked.plan_len, 0);
	make_bundle(&bundle, good_plan);
	assert_int_equal(sign(bundle.data, bundle.len, &asked, &err), PKG_NO);
	assert_int_equal(asked.files, 2);
	assert_int_equal(asked.recipients, 0);
	assert_int_equal(asked.plan_len, sizeof(good_plan) - 1);
}

/* Plan and blobs do not fit: nobody is asked to sign what nobody accepts. */
static void a_plan_that_does_not_fit(void **state)
{
	static const char *const plans[] = {
	    "{\"steps\":[],\"type\":\"plan\"}",
	    "{\"steps\":[{\"blob\":\"" BLOB "\"},{\"blob\":\"00\"}],"
	    "\"type\":\"plan\"}",
	    "{\"type\":\"manifest\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
		struct asked asked = {0};
		struct pkg_err err = PKG_ERR_INIT;

		make_bundle(&file, plans[i]);
		assert_int_equal(sign(file.data, file.len, &asked, &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, "malformed-bundle");
		assert_int_equal(asked.times, 0);
	}
}

/* Members of another .request, all framing and CRCs right. */
static void members_of_another_request(void **state)
{
	static const char *const names[] = {
	    "META-INF/manifest.json", "META-INF/sig-00.p7s",
	    "META-INF/recipients.p7m", "META-INF/request.json"};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf one = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf two = {0};
	struct box_parts a, b;

	(void)state;
	make_sealed(&one);
	make_sealed(&two);
	box_explode(&a, &one);
	box_explode(&b, &two);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf mixed = {0};
		struct box_part *x = box_find(&a, names[i]);
		struct box_part *y = box_find(&b, names[i]);
		struct pkg_buf swap = x->content;

		x->content = y->content;
		box_implode(&mixed, &a);
		refuse(mixed.data, mixed.len, names[i], i);
		x->content = swap;
	}
	box_parts_fini(&a);
	box_parts_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_asked_sees_everything),
	    cmocka_unit_test(no_changed_request_is_signed),
	    cmocka_unit_test(no_changed_request_of_a_bundle_is_signed),
	    cmocka_unit_test(a_plan_that_does_not_fit),
	    cmocka_unit_test(members_of_another_request),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
