/* SPDX-License-Identifier: Apache-2.0 */
#include "container_box.h"

#include "container/writer.h"
#include "packline/secret.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct box_how no_key = {0};

/* A signer of these tests, freed by signer_fini(). */
struct signer {
	struct pkg_key *key;
	struct pkg_certs *certs;
	struct pkg_cms_sign_options options;
};

static struct signer signer_of(const struct pki_cert *cert)
{
	struct signer out = {.key = pki_load_key(cert->key),
			     .certs = pki_one(cert)};

	out.options = (struct pkg_cms_sign_options){
	    .key = out.key, .certs = out.certs, .signing_time = PKI_NOW};
	return out;
}

static void signer_fini(struct signer *signer)
{
	pkg_key_free(signer->key);
	pkg_certs_free(signer->certs);
}

static void a_draft_can_be_read_back(void **state)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_spec spec = box_spec(&input, 1);
	const struct box_how trickle = {.trickle = true};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf plain = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, &plain, &err));
	assert_string_equal(pkg_buf_str(&plain), "hello\n");
	assert_ok(box_take(&file, &trickle, NULL, &err));
}

/* The bytes that tests/interop/reference_write.py makes of the same input. */
static void golden_bytes(void **state)
{
	static const char want[] = "4536c773bf5ded2bdd7aee0328e275f0"
				   "a362f1f7907d794976d2a405b4db537a";
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];

	(void)state;
	assert_ok(box_make(&file, &spec, &err));
	assert_int_equal(file.len, 1503);
	assert_ok(
	    pkg_digest_sha256(pki.crypto, file.data, file.len, sha256, &err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	assert_string_equal(hex, want);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf one = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf two = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(box_make(&one, &spec, &err));
	assert_ok(box_make(&two, &spec, &err));
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
}

static void source_date_epoch_is_the_time_of_creation(void **state)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_spec spec = box_spec(&input, 1);
	const struct pkg_env env = {.crypto = pki.crypto,
				    .has_source_date = true,
				    .source_date = 1800000000};
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_container_writer_new(&writer, &env, &spec, &err));
	assert_string_equal(
	    pkg_container_writer_manifest(writer)->subject.created,
	    "2027-01-15T08:00:00Z");
}

/* The member names that a container with these files has. */
static void check_names(const char *const *sources, const char *const *members,
			size_t count)
{
	struct pkg_container_input inputs[4] = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_container_spec spec = box_spec(inputs, count);
	struct box_parts parts;
	struct pkg_err err = PKG_ERR_INIT;

	for (size_t i = 0; i < count; i++)
		inputs[i] = box_text(sources[i], sources[i]);
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, NULL, &err));
	box_explode(&parts, &file);
	assert_int_equal(parts.count, 3 + count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(parts.part[3 + i].name, members[i]);
	box_parts_fini(&parts);
}

static void members_are_called_like_their_files(void **state)
{
	(void)state;
	check_names((const char *const[]){"b.bin", "a"},
		    (const char *const[]){"payload/b.bin", "payload/a"}, 2);
}

static void names_that_do_not_fit_are_numbered(void **state)
{
	const char *const numbers[] = {"payload/000000", "payload/000001"};

	(void)state;
	check_names((const char *const[]){"a", "größe"}, numbers, 2);
	check_names((const char *const[]){"a", "A"}, numbers, 2);
	check_names((const char *const[]){"a", "with space"}, numbers, 2);
	check_names((const char *const[]){"a", "nul.bin"}, numbers, 2);
	check_names((const char *const[]){"a", "-rf"}, numbers, 2);
}

static void the_metadata_file_comes_first(void **state)
{
	const struct pkg_container_input input = box_text("a", "hello\n");
	const struct pkg_container_input sbom = box_text("sbom.json", "{}");
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf plain = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	spec.metadata = &sbom;
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, &plain, &err));
	assert_string_equal(pkg_buf_str(&plain), "{}hello\n");
}

/* Sealed for one recipient of each kind, signed, read with and without key. */
static void seal_and_open(const struct pki_cert *by, const char *content,
			  size_t len)
{
	const struct pki_cert *const to[] = {
	    &pki.rsa_recipient, &pki.p256_recipient, &pki.p384_recipient};
	PKG_AUTO(pkg_certs) struct pkg_certs *recipients = pki_list(to, 3);
	struct signer signer __attribute__((cleanup(signer_fini))) =
	    signer_of(by);
	struct pkg_container_input inputs[] = {box_text("a", content),
					       box_text("größe", "second")};
	struct pkg_container_spec spec = box_spec(inputs, 2);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;

	inputs[0].len = len;
	spec.kind = PKG_CONTAINER_SEALED;
	spec.recipients = recipients;
	spec.signer = &signer.options;
	spec.requester = "build";
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, NULL, &err));
	for (size_t i = 0; i < 3; i++) {
		PKG_AUTO(pkg_secret)
		struct pkg_secret *cek = box_cek(&file, to[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf plain = {.max = len + 100};
		const struct box_how how = {.cek = cek};

		assert_ok(box_take(&file, &how, &plain, &err));
		assert_int_equal(plain.len, len + strlen("second"));
		assert_memory_equal(plain.data, content, len);
		assert_memory_equal(plain.data + len, "second", 6);
	}
}

static void sealed_files_of_every_size(void **state)
{
	static const size_t sizes[] = {0,     1,      65535, 65536,
				       65537, 131072, 200000};
	char *content = malloc(200000);

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < 200000; i++)
		content[i] = (char)(i * i >> 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		seal_and_open(&pki.signer, content, sizes[i]);
	free(content);
}

static void signers_of_every_kind(void **state)
{
	(void)state;
	seal_and_open(&pki.rsa_signer, "x", 1);
	seal_and_open(&pki.p384_signer, "x", 1);
	/* ECDSA signatures vary in length: every one must find its place. */
	for (int i = 0; i < 20; i++)
		seal_and_open(&pki.signer, "x", 1);
}

/* The reservation was wrong by @by bytes: the payload is moved. */
static void misjudge(long by)
{
	static char content[200000];
	struct signer signer __attribute__((cleanup(signer_fini))) =
	    signer_of(&pki.rsa_signer);
	struct pkg_container_input input = box_text("a", content);
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf plain = {.max = 300000};
	struct pkg_err err = PKG_ERR_INIT;

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i * i >> 7);
	input.len = sizeof(content);
	spec.signer = &signer.options;
	assert_ok(pkg_container_writer_new(&writer, &box_env, &spec, &err));
	writer->signature_size = (size_t)((long)writer->signature_size + by);
	assert_ok(pkg_writer_layout(writer, &err));
	assert_ok(box_run(&file, writer, &err));
	assert_ok(box_take(&file, &no_key, &plain, &err));
	assert_int_equal(plain.len, sizeof(content));
	assert_memory_equal(plain.data, content, sizeof(content));
}

static void a_signature_of_another_length_moves_the_payload(void **state)
{
	(void)state;
	misjudge(-1);
	misjudge(+1);
	misjudge(-1000);
	misjudge(+100000);
}

static void a_bundle(void **state)
{
	/* printf one | sha256sum; printf two | sha256sum */
	const struct pkg_container_input inputs[] = {
	    box_text("plan.json", "{}"),
	    box_text("3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe"
		     "685e2f3",
		     "two"),
	    box_text("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73"
		     "ff431ed",
		     "one"),
	};
	struct pkg_container_spec spec = box_spec(inputs, 3);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf plain = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	spec.subject.content = PKG_CONTAINER_BUNDLE;
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, &plain, &err));
	assert_string_equal(pkg_buf_str(&plain), "{}twoone");
}

static void a_blob_is_what_its_name_says(void **state)
{
	const struct pkg_container_input inputs[] = {
	    box_text("plan.json", "{}"),
	    box_text("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73"
		     "ff431ed",
		     "two"),
	};
	struct pkg_container_spec spec = box_spec(inputs, 2);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	spec.subject.content = PKG_CONTAINER_BUNDLE;
	assert_int_equal(box_make(&file, &spec, &err), PKG_NO);
	assert_string_equal(err.reason, "digest-mismatch");
}

static void a_given_digest_is_held_against_the_file(void **state)
{
	struct pkg_container_input input = box_text("a", "hello\n");
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	input.has_given = true;
	assert_ok(pkg_digest_sha256(pki.crypto, "hello\n", 6,
				    input.given_sha256, &err));
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, NULL, &err));
	input.given_sha256[31] ^= 1;
	assert_int_equal(box_make(&file, &spec, &err), PKG_NO);
	assert_string_equal(err.reason, "digest-mismatch");
}

static void a_pipe_is_spooled(void **state)
{
	struct pkg_container_input input = {.from = PKG_FROM_FD,
					    .source_name = "a"};
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf plain = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "from a pipe", 11), 11);
	close(ends[1]);
	input.fd = ends[0];
	assert_ok(box_make(&file, &spec, &err));
	close(ends[0]);
	assert_ok(box_take(&file, &no_key, &plain, &err));
	assert_string_equal(pkg_buf_str(&plain), "from a pipe");
}

static void a_file_that_changes_is_an_error_that_names_it(void **state)
{
	const char *path = pki_file("changing", "first", 5);
	struct pkg_container_input input = {.from = PKG_FROM_PATH,
					    .source_name = "changing",
					    .path = path,
					    .dirfd = AT_FDCWD};
	struct pkg_container_spec spec = box_spec(&input, 1);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		PKG_AUTO(pkg_container_writer)
		struct pkg_container_writer *writer = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		pki_file("changing", "first", 5);
		assert_ok(
		    pkg_container_writer_new(&writer, &box_env, &spec, &err));
		pki_file("changing", "firstsecond", i == 0 ? 11 : 3);
		assert_int_equal(box_run(&file, writer, &err), PKG_SYSTEM);
		assert_string_equal(err.reason, "changed");
		assert_non_null(strstr(err.text, "changing"));
	}
	unlink(path);
}

static void specs_that_make_no_sense(void **state)
{
	const struct pkg_container_input inputs[] = {box_text("a", "x"),
						     box_text("a", "y")};
	const struct pkg_container_input unsafe = box_text("../a", "x");
	struct pkg_container_spec spec = box_spec(inputs, 2);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	assert_non_null(strstr(err.text, "'a'"));
	spec.input_count = 0;
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	spec.input_count = 1;
	spec.kind = PKG_CONTAINER_SEALED;
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	spec.kind = PKG_CONTAINER_SIGNED;
	spec.subject.tenant = "a/b";
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	spec.subject.tenant = NULL;
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	spec.subject.tenant = "acme";
	spec.subject.expires = "tomorrow";
	assert_int_equal(box_make(&file, &spec, &err), PKG_USAGE);
	spec.subject.expires = NULL;
	spec.inputs = &unsafe;
	assert_int_equal(box_make(&file, &spec, &err), PKG_INPUT);
	assert_string_equal(err.reason, "name-grammar");
}

static void more_files_than_a_manifest_may_list(void **state)
{
	static struct pkg_container_input inputs[4096];
	static char names[4096][101];
	struct pkg_container_spec spec = box_spec(inputs, 4096);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 4096; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%0100zu", i);
		inputs[i] = box_text(names[i], "");
	}
	assert_int_equal(box_make(&file, &spec, &err), PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	/* Few enough, but 1 MiB of manifest.json is passed. */
	err = PKG_ERR_INIT;
	spec.input_count = 4093;
	assert_int_equal(box_make(&file, &spec, &err), PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	spec.input_count = 2000;
	assert_ok(box_make(&file, &spec, &err));
	assert_ok(box_take(&file, &no_key, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_draft_can_be_read_back),
	    cmocka_unit_test(golden_bytes),
	    cmocka_unit_test(the_same_input_gives_the_same_bytes),
	    cmocka_unit_test(source_date_epoch_is_the_time_of_creation),
	    cmocka_unit_test(members_are_called_like_their_files),
	    cmocka_unit_test(names_that_do_not_fit_are_numbered),
	    cmocka_unit_test(the_metadata_file_comes_first),
	    cmocka_unit_test(sealed_files_of_every_size),
	    cmocka_unit_test(signers_of_every_kind),
	    cmocka_unit_test(a_signature_of_another_length_moves_the_payload),
	    cmocka_unit_test(a_bundle),
	    cmocka_unit_test(a_blob_is_what_its_name_says),
	    cmocka_unit_test(a_given_digest_is_held_against_the_file),
	    cmocka_unit_test(a_pipe_is_spooled),
	    cmocka_unit_test(a_file_that_changes_is_an_error_that_names_it),
	    cmocka_unit_test(specs_that_make_no_sense),
	    cmocka_unit_test(more_files_than_a_manifest_may_list),
	};

	return cmocka_run_group_tests(tests, box_start, pki_stop);
}
