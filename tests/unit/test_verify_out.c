/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of a verification: files, digests, records. */
#include "schema_file.h"
#include "verify/tables.h"
#include "verify_box.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/schema.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- extraction -- */

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void read_file(const char *folder, const char *name, const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 4096};
	struct pkg_err err = PKG_ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(pkg_path_slurp(&buf, AT_FDCWD, path, &err));
	assert_string_equal(pkg_buf_str(&buf), text);
	(void)unlink(path);
}

static enum pkg_code extract(const struct sealed_spec *spec, const char *folder,
			     const struct pkg_trust *trust,
			     const struct pkg_key *key)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	PKG_AUTO_FINI(verify_box) struct verify_box outcome = {0};

	assert_ok(pkg_outdir_open(&dir, AT_FDCWD, folder, false, &err));
	outcome = verify_box_ask(
	    spec, OPT(.trust = trust, .recipient = key, .extract = dir));
	assert_int_equal(exists(folder), outcome.code == PKG_OK);
	return outcome.code;
}

static void test_extract_writes_real_names_after_a_yes(void **state)
{
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_int_equal(
	    extract(SPEC(.metadata = true), folder, verify_box_ca, NULL),
	    PKG_OK);
	read_file(folder, "hello.bin", "hello\n");
	read_file(folder, "notes.txt", "notes\n");
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(extract(SPEC(.kind = PKG_CONTAINER_SEALED), folder,
				 verify_box_ca, verify_box_key),
			 PKG_OK);
	read_file(folder, "hello.bin", "hello\n");
	assert_int_equal(rmdir(folder), 0);
}

static void test_extract_leaves_nothing_after_a_no(void **state)
{
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_int_equal(extract(SPEC(0), folder, NULL, NULL), PKG_NO);
	assert_int_equal(
	    extract(SPEC(.draft = true), folder, verify_box_ca, NULL), PKG_NO);
	assert_int_equal(extract(SPEC(.bundle = true, .plan = "{}"), folder,
				 verify_box_ca, NULL),
			 PKG_INPUT);
	assert_int_equal(extract(SPEC(.expires = "2001-01-01T00:00:00Z"),
				 folder, verify_box_ca, NULL),
			 PKG_NO);
}

static void test_extract_needs_a_key(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	PKG_AUTO_FINI(verify_box)
	struct verify_box outcome = {.err = PKG_ERR_INIT};
	struct sealed sealed = sealed_make(SPEC(.kind = PKG_CONTAINER_SEALED));
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_ok(pkg_outdir_open(&dir, AT_FDCWD, folder, false, &err));
	outcome.code = sealed_verify(
	    &outcome.verdict, sealed.data, sealed.len,
	    OPT(.trust = verify_box_ca, .extract = dir), &outcome.err);
	assert_int_equal(outcome.code, PKG_USAGE);
	assert_string_equal(outcome.verdict->reason, "no-recipient-key");
	sealed_fini(&sealed);
}

/* -- the unsigned digest -- */

/* Whoever signs, and whether anybody does: it is that of the draft's bytes. */
static void test_unsigned_digest_is_that_of_the_draft(void **state)
{
	struct sealed draft =
	    sealed_make(SPEC(.draft = true, .metadata = true));
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];
	PKG_AUTO_FINI(verify_box)
	struct verify_box one = verify_box_ask(
	    SPEC(.metadata = true),
	    OPT(.trust = verify_box_ca, .unsigned_digest = true));
	PKG_AUTO_FINI(verify_box)
	struct verify_box two = verify_box_ask(
	    SPEC(.metadata = true, .signer = &pki.rsa_signer),
	    OPT(.trust = verify_box_ca, .unsigned_digest = true));
	PKG_AUTO_FINI(verify_box)
	struct verify_box none =
	    verify_box_ask(SPEC(.draft = true, .metadata = true),
			   OPT(.unsigned_digest = true));

	(void)state;
	assert_ok(
	    pkg_digest_sha256(pki.crypto, draft.data, draft.len, sha256, &err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	assert_true(one.verdict->ok);
	assert_string_equal(one.verdict->unsigned_sha256, hex);
	assert_string_equal(two.verdict->unsigned_sha256, hex);
	assert_string_equal(none.verdict->unsigned_sha256, hex);
	sealed_fini(&draft);
}

/* It runs along with everything else that is checked. */
static void test_unsigned_digest_of_a_sealed_one(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box yes = verify_box_ask(
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key,
		.unsigned_digest = true));

	(void)state;
	assert_true(yes.verdict->ok);
	assert_int_equal(strlen(yes.verdict->unsigned_sha256), 64);
	assert_int_equal(verify_box_state(&yes, PKG_VERIFY_PLAINTEXT),
			 PKG_VERIFY_PASSED);
	assert_int_equal(verify_box_state(&yes, PKG_VERIFY_CONTENT),
			 PKG_VERIFY_PASSED);
}

/* -- records -- */

static void bind_record(const struct pkg_buf *text,
			const struct pkg_table *table, void *out)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {0};
	struct pkg_node *node = NULL;
	const struct pkg_json_input input = {
	    .name = "record",
	    .data = text->data,
	    .len = text->len - 1, /* canonical, then a newline */
	    .canonical = true};

	assert_int_equal(text->data[text->len - 1], '\n');
	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	diag.arena = arena;
	assert_ok(pkg_json_parse(&node, arena, &input, &err));
	assert_ok(pkg_schema_new(&schema, table, &err));
	assert_ok(pkg_schema_bind(schema, node, out, arena, &diag, &err));
	if (diag.count > 0)
		fail_msg("%s [%s]", diag.first->text, diag.first->rule);
}

static void test_records_follow_their_tables(void **state)
{
	const struct sealed_spec *specs[] = {
	    SPEC(.sequence = 3, .expires = "2030-01-01T00:00:00Z"),
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    SPEC(.draft = true),
	    SPEC(.bundle = true, .plan = "{}"),
	};
	struct verify_record_verdict verdict;
	struct verify_record_stage stage;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		PKG_AUTO_FINI(verify_box)
		struct verify_box outcome = verify_box_ask(
		    specs[i % 4], OPT(.trust = i < 4 ? verify_box_ca : NULL));
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1u << 20};
		struct pkg_sink_buf sink;

		pkg_sink_buf_init(&sink, &text);
		assert_ok(pkg_verdict_record(&sink.sink, outcome.verdict,
					     "a.seal", &err));
		bind_record(&text, &pkg_verify_verdict_table, &verdict);
		pkg_buf_clear(&text);
		assert_ok(pkg_verdict_stage_record(&sink.sink, outcome.verdict,
						   "a.seal", &err));
		assert_null(strstr(pkg_buf_str(&text), "\"ok\""));
		bind_record(&text, &pkg_verify_stage_table, &stage);
		pkg_buf_clear(&text);
		assert_ok(pkg_verdict_text(&sink.sink, outcome.verdict,
					   "a.seal", &err));
		assert_int_equal(strncmp(pkg_buf_str(&text), "a.seal: ", 8), 0);
	}
}

/* Also before anything is known. */
static void test_record_of_nothing(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1u << 20};
	PKG_AUTO_FINI(verify_box) struct verify_box no = {.err = PKG_ERR_INIT};
	struct verify_record_verdict record;
	struct pkg_sink_buf sink;

	(void)state;
	no.code = sealed_verify(&no.verdict, "PK", 2,
				OPT(.trust = verify_box_ca), &no.err);
	assert_int_equal(no.code, PKG_INPUT);
	pkg_sink_buf_init(&sink, &text);
	assert_int_equal(
	    pkg_verdict_record(&sink.sink, no.verdict, "-", &no.err), PKG_OK);
	bind_record(&text, &pkg_verify_verdict_table, &record);
}

static void test_schemas(void **state)
{
	(void)state;
	schema_file_matches("verdict", pkg_verdict_schema);
	schema_file_matches("stage", pkg_verdict_stage_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_extract_writes_real_names_after_a_yes),
	    cmocka_unit_test(test_extract_leaves_nothing_after_a_no),
	    cmocka_unit_test(test_extract_needs_a_key),
	    cmocka_unit_test(test_unsigned_digest_is_that_of_the_draft),
	    cmocka_unit_test(test_unsigned_digest_of_a_sealed_one),
	    cmocka_unit_test(test_records_follow_their_tables),
	    cmocka_unit_test(test_record_of_nothing),
	    cmocka_unit_test(test_schemas),
	};

	return cmocka_run_group_tests_name("verify_out", tests,
					   verify_box_start, verify_box_stop);
}
