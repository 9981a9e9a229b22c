/* SPDX-License-Identifier: Apache-2.0 */
#include "container_box.h"

#include "packline/secret.h"
#include "packline/sink.h"

#include <stdlib.h>

static const struct box_how no_key = {0};

/* A small sealed container and what belongs to it, made once. */
static struct pkg_buf sealed, draft, encrypted;
static struct pkg_secret *sealed_cek;

static void make(struct pkg_buf *out, enum pkg_container_kind kind,
		 const struct pkg_cms_sign_options *signer)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_input meta = box_text("m", "{}");
	PKG_AUTO(pkg_certs)
	struct pkg_certs *recipients = pki_one(&pki.p256_recipient);
	struct pkg_container_spec spec = box_spec(&input, 1);
	struct pkg_err err = PKG_ERR_INIT;

	spec.kind = kind;
	spec.metadata = &meta;
	if (kind != PKG_CONTAINER_SIGNED)
		spec.recipients = recipients;
	spec.signer = signer;
	assert_ok(box_make(out, &spec, &err));
}

static int start(void **state)
{
	struct pkg_cms_sign_options options = {.signing_time = PKI_NOW};

	if (box_start(state) != 0)
		return -1;
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p256);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	options.key = key;
	options.certs = certs;
	make(&sealed, PKG_CONTAINER_SEALED, &options);
	make(&draft, PKG_CONTAINER_SIGNED, NULL);
	make(&encrypted, PKG_CONTAINER_ENCRYPTED, NULL);
	sealed_cek = box_cek(&sealed, &pki.p256_recipient);
	return 0;
}

static int stop(void **state)
{
	pkg_buf_fini(&sealed);
	pkg_buf_fini(&draft);
	pkg_buf_fini(&encrypted);
	pkg_secret_free(sealed_cek);
	return pki_stop(state);
}

static struct box_how with_key(void)
{
	return (struct box_how){.cek = sealed_cek};
}

/* Refused, with this reason. */
static void refuse(const struct pkg_buf *file, const struct box_how *how,
		   enum pkg_code code, const char *reason)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(box_take(file, how, NULL, &err), code);
	if (err.reason == NULL || strcmp(err.reason, reason) != 0)
		fail_msg("expected '%s', got '%s': %s", reason, err.reason,
			 err.text);
}

static void what_was_written_is_accepted(void **state)
{
	const struct box_how how = with_key();
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(box_take(&sealed, &no_key, NULL, &err));
	assert_ok(box_take(&sealed, &how, NULL, &err));
	assert_ok(box_take(&draft, &no_key, NULL, &err));
	assert_ok(box_take(&encrypted, &no_key, NULL, &err));
}

static void no_flipped_byte_is_accepted(void **state)
{
	const struct box_how how = with_key();

	(void)state;
	for (size_t i = 0; i < sealed.len; i++) {
		struct pkg_err err = PKG_ERR_INIT;
		enum pkg_code code = PKG_OK;

		sealed.data[i] ^= 0x20;
		code = box_take(&sealed, &how, NULL, &err);
		assert_true(code == PKG_INPUT || code == PKG_NO);
		assert_non_null(err.reason);
		sealed.data[i] ^= 0x20;
	}
}

static void no_other_length_is_accepted(void **state)
{
	const struct box_how how = with_key();
	const size_t len = sealed.len;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (sealed.len = 0; sealed.len < len; sealed.len++)
		refuse(&sealed, &how, PKG_INPUT, "truncated");
	assert_ok(pkg_buf_add(&sealed, "", 1, &err));
	refuse(&sealed, &how, PKG_INPUT, "framing");
	sealed.len = len;
}

/*
 * The same with all CRCs right again: only what nobody listed and no key
 * covers can be changed, and that is the signature, which lib/verify judges.
 */
static void no_changed_member_is_accepted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct box_parts parts;
	const struct box_how how = with_key();

	(void)state;
	box_explode(&parts, &sealed);
	for (size_t i = 0; i < parts.count; i++) {
		struct pkg_buf *content = &parts.part[i].content;

		if (strcmp(parts.part[i].name, "META-INF/sig-00.p7s") == 0)
			continue;
		for (size_t at = 0; at < content->len; at++) {
			struct pkg_err err = PKG_ERR_INIT;
			enum pkg_code code = PKG_OK;

			content->data[at] ^= 1;
			box_implode(&file, &parts);
			code = box_take(&file, &how, NULL, &err);
			if (code != PKG_INPUT && code != PKG_NO)
				fail_msg("accepted: %s, byte %zu",
					 parts.part[i].name, at);
			content->data[at] ^= 1;
		}
	}
	box_parts_fini(&parts);
}

/* Which reason for which member, with and without a key. */
static void each_member_has_its_reason(void **state)
{
	static const struct {
		const char *member;
		enum pkg_code code;
		const char *reason, *with_key;
	} cases[] = {
	    {"mimetype", PKG_INPUT, "unsupported-format", "unsupported-format"},
	    {"META-INF/manifest.mac", PKG_NO, NULL, "mac-mismatch"},
	    {"META-INF/recipients.p7m", PKG_NO, "digest-mismatch",
	     "digest-mismatch"},
	    {"META-INF/request.json.enc", PKG_NO, "digest-mismatch",
	     "digest-mismatch"},
	    {"metadata/000000.enc", PKG_NO, "digest-mismatch", "tag-mismatch"},
	    {"payload/000000.enc", PKG_NO, "digest-mismatch", "tag-mismatch"},
	};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct box_parts parts;
	const struct box_how how = with_key();

	(void)state;
	box_explode(&parts, &sealed);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkg_buf *content =
		    &box_find(&parts, cases[i].member)->content;
		const uint8_t kept = content->data[3];

		/* Another digit, which the MAC must stay. */
		content->data[3] = kept == '1' ? '2' : '1';
		box_implode(&file, &parts);
		if (cases[i].reason != NULL)
			refuse(&file, &no_key, cases[i].code, cases[i].reason);
		refuse(&file, &how, cases[i].code, cases[i].with_key);
		content->data[3] = kept;
	}
	box_parts_fini(&parts);
}

static void a_key_of_another_container_is_refused(void **state)
{
	PKG_AUTO(pkg_secret)
	struct pkg_secret *cek = box_cek(&encrypted, &pki.p256_recipient);
	const struct box_how how = {.cek = cek};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(box_take(&encrypted, &how, NULL, &err));
	refuse(&sealed, &how, PKG_NO, "mac-mismatch");
}

/* Members of @file that an attacker may move about; all must be refused. */
static void shuffle(const struct pkg_buf *file)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {0};
	struct box_parts parts;

	box_explode(&parts, file);
	for (size_t i = 0; i + 1 < parts.count; i++) {
		struct box_part kept = parts.part[i];

		parts.part[i] = parts.part[i + 1];
		parts.part[i + 1] = kept;
		box_implode(&out, &parts);
		refuse(&out, &no_key, PKG_INPUT, "framing");
		parts.part[i + 1] = parts.part[i];
		parts.part[i] = kept;
	}
	for (size_t i = 0; i < parts.count; i++) {
		struct box_parts more = parts;

		/* There twice: at its place and at the end. */
		more.part[more.count++] = parts.part[i];
		box_implode(&out, &more);
		refuse(&out, &no_key, PKG_INPUT, "framing");
		/* Not there. */
		if (strncmp(parts.part[i].name, "META-INF/sig", 12) == 0)
			continue;
		more = parts;
		memmove(&more.part[i], &more.part[i + 1],
			(more.count - i - 1) * sizeof(more.part[0]));
		more.count--;
		box_implode(&out, &more);
		refuse(&out, &no_key, PKG_INPUT, "framing");
	}
	box_parts_fini(&parts);
}

static void members_stand_in_one_order(void **state)
{
	(void)state;
	shuffle(&sealed);
	shuffle(&draft);
}

static void a_stranger_is_not_let_in(void **state)
{
	static const char *const names[] = {"evil",
					    "payload/b",
					    "../evil",
					    "META-INF/x",
					    "META-INF/sig-01.p7s",
					    "META-INF/sig-1.p7s",
					    "payload\\a",
					    "META-INF/approval-00.p7s",
					    "META-INF/Manifest.json"};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct box_parts parts;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;

		for (size_t at = 0; at < 6; at++) {
			struct box_part *part = NULL;

			box_explode(&parts, &draft);
			part = &parts.part[at];
			memmove(part + 1, part,
				(parts.count - at) * sizeof(*part));
			parts.count++;
			*part = (struct box_part){.content = {.max = 10}};
			memcpy(part->name, names[i], strlen(names[i]));
			assert_ok(pkg_buf_puts(&part->content, "x", &err));
			box_implode(&file, &parts);
			refuse(&file, &no_key, PKG_INPUT, "framing");
			box_parts_fini(&parts);
		}
	}
}

static void a_draft_says_so(void **state)
{
	const struct pkg_buf *const files[] = {&draft, &sealed, &encrypted};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		PKG_AUTO(pkg_container) struct pkg_container *box = NULL;
		struct pkg_source_mem source;
		struct pkg_err err = PKG_ERR_INIT;

		pkg_source_mem_init(&source, files[i]->data, files[i]->len,
				    "box");
		assert_ok(
		    pkg_container_open(&box, &source.source, &box_env, &err));
		assert_int_equal(pkg_container_head(box)->draft,
				 files[i] == &draft);
	}
}

static void what_is_no_container(void **state)
{
	static const struct {
		const char *mime;
		enum pkg_code code;
		const char *reason;
	} cases[] = {
	    {"application/vnd.packline.request.v1+zip", PKG_NO, "request-only"},
	    {"application/vnd.packline.container.v2+zip", PKG_INPUT,
	     "unsupported-format"},
	    {"application/vnd.packline.container.v1+zip\n", PKG_INPUT,
	     "unsupported-format"},
	    {"", PKG_INPUT, "unsupported-format"},
	};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;
	struct box_parts parts;

	(void)state;
	box_explode(&parts, &draft);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pkg_buf_clear(&parts.part[0].content);
		assert_ok(
		    pkg_buf_puts(&parts.part[0].content, cases[i].mime, &err));
		box_implode(&file, &parts);
		refuse(&file, &no_key, cases[i].code, cases[i].reason);
	}
	box_parts_fini(&parts);
	assert_ok(pkg_buf_puts(&text, "hello, I am a text file", &err));
	refuse(&text, &no_key, PKG_INPUT, "framing");
}

/* Write @file again with these signatures. */
static enum pkg_code rewrite(struct pkg_buf *out, const struct pkg_buf *file,
			     const struct pkg_container_bytes *signatures,
			     size_t count, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *box = NULL;
	const struct pkg_container_edit edit = {.signatures = signatures,
						.signature_count = count};
	struct pkg_source_mem source;
	struct pkg_sink_buf sink;

	out->max = 1 << 20;
	pkg_source_mem_init(&source, file->data, file->len, "box");
	pkg_sink_buf_init(&sink, out);
	PKG_TRY(pkg_container_open(&box, &source.source, &box_env, err));
	return pkg_container_rewrite(box, &edit, &sink.sink, err);
}

/* A signature over the manifest of @file. */
static void sign(struct pkg_buf *out, const struct pkg_buf *file,
		 const struct pki_cert *by)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(by->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(by);
	const struct pkg_cms_sign_options options = {
	    .key = key,
	    .certs = certs,
	    .content_type = PKG_OID_MANIFEST,
	    .signing_time = PKI_NOW,
	};
	struct box_parts parts;
	const struct pkg_buf *json = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	box_explode(&parts, file);
	json = &box_find(&parts, "META-INF/manifest.json")->content;
	out->max = PKG_LIMIT_SIGNATURE;
	assert_ok(pkg_cms_sign(out, json->data, json->len, &options, &err));
	box_parts_fini(&parts);
}

static void signatures_are_put_in_their_order(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf b = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf one = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf two = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf none = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf wrong = {0};
	struct box_parts parts;
	struct box_part swap;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&a, &draft, &pki.signer);
	sign(&b, &draft, &pki.p384_signer);
	const struct pkg_container_bytes ab[] = {{a.data, a.len},
						 {b.data, b.len}};
	const struct pkg_container_bytes ba[] = {{b.data, b.len},
						 {a.data, a.len}};
	const struct pkg_container_bytes aa[] = {{a.data, a.len},
						 {a.data, a.len}};

	assert_ok(rewrite(&one, &draft, ab, 2, &err));
	assert_ok(rewrite(&two, &draft, ba, 2, &err));
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	assert_ok(box_take(&one, &no_key, NULL, &err));
	/* Without signatures it is the draft again, byte for byte. */
	assert_ok(rewrite(&none, &one, NULL, 0, &err));
	assert_int_equal(none.len, draft.len);
	assert_memory_equal(none.data, draft.data, draft.len);
	/* One key, one signature. */
	assert_int_equal(rewrite(&wrong, &draft, aa, 2, &err), PKG_USAGE);
	/* The other order is not the one of format 1. */
	box_explode(&parts, &one);
	swap = parts.part[2];
	parts.part[2].content = parts.part[3].content;
	parts.part[3].content = swap.content;
	box_implode(&wrong, &parts);
	refuse(&wrong, &no_key, PKG_INPUT, "signature-order");
	box_parts_fini(&parts);
}

static void a_changed_payload_is_not_written_again(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {0};
	struct box_parts parts;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	box_explode(&parts, &draft);
	box_find(&parts, "payload/a")->content.data[0] ^= 1;
	box_implode(&file, &parts);
	assert_int_equal(rewrite(&out, &file, NULL, 0, &err), PKG_NO);
	assert_string_equal(err.reason, "digest-mismatch");
	box_parts_fini(&parts);
}

static void encrypted_without_signer_stays_unsigned(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf p7s = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {0};
	struct pkg_container_bytes blob;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&p7s, &encrypted, &pki.signer);
	blob = (struct pkg_container_bytes){p7s.data, p7s.len};
	assert_int_equal(rewrite(&out, &encrypted, &blob, 1, &err), PKG_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_accepted),
	    cmocka_unit_test(no_flipped_byte_is_accepted),
	    cmocka_unit_test(no_other_length_is_accepted),
	    cmocka_unit_test(no_changed_member_is_accepted),
	    cmocka_unit_test(each_member_has_its_reason),
	    cmocka_unit_test(a_key_of_another_container_is_refused),
	    cmocka_unit_test(members_stand_in_one_order),
	    cmocka_unit_test(a_stranger_is_not_let_in),
	    cmocka_unit_test(a_draft_says_so),
	    cmocka_unit_test(what_is_no_container),
	    cmocka_unit_test(signatures_are_put_in_their_order),
	    cmocka_unit_test(a_changed_payload_is_not_written_again),
	    cmocka_unit_test(encrypted_without_signer_stays_unsigned),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
