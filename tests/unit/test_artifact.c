/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/artifact.h"
#include "packline/resource.h"
#include "packline/source.h"

#include <string.h>

/* Every odd name and malformed line is in tests/cli/test_pkg_hash.py. */

#define MD5  "900150983cd24fb0d6963f7d28e17f72"
#define SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d"

struct text {
	struct pkg_buf buf;
	struct pkg_sink_buf sink;
};

static struct pkg_sink *text_init(struct text *text, size_t max)
{
	text->buf = (struct pkg_buf){.max = max};
	pkg_sink_buf_init(&text->sink, &text->buf);
	return &text->sink.sink;
}

/* "abc" with MD5 and SHA-1. */
static struct pkg_artifact abc(const char *path)
{
	struct pkg_artifact artifact = {
	    .path = path, .size = 3, .has_mode = true, .mode = 0750};
	static const uint8_t md5[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2,
				      0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d,
				      0x28, 0xe1, 0x7f, 0x72};
	static const uint8_t sha1[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
				       0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
				       0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};

	pkg_digests_put(&artifact.digests, PKG_DIGEST_MD5, md5);
	pkg_digests_put(&artifact.digests, PKG_DIGEST_SHA1, sha1);
	return artifact;
}

static void test_record(void **state)
{
	struct pkg_artifact artifact = abc("a\nb");
	struct pkg_err err = PKG_ERR_INIT;
	struct text text;
	struct pkg_sink *sink = text_init(&text, 1000);

	(void)state;
	assert_ok(pkg_artifact_record(sink, &artifact, &err));
	assert_string_equal(pkg_buf_str(&text.buf),
			    "{\"md5\":\"" MD5 "\",\"mode\":\"0750\","
			    "\"path\":\"a\\nb\",\"sha1\":\"" SHA1
			    "\",\"size\":3,\"type\":\"artifact\"}\n");
	artifact.path = "\xff";
	assert_int_equal(pkg_artifact_record(sink, &artifact, &err), PKG_INPUT);
	assert_string_equal(err.reason, "not-utf8");
	pkg_buf_fini(&text.buf);
}

static void test_lines(void **state)
{
	struct pkg_artifact artifact = abc("a\\b\n\r");
	struct pkg_err err = PKG_ERR_INIT;
	struct text text;
	struct pkg_sink *sink = text_init(&text, 1000);

	(void)state;
	assert_ok(pkg_artifact_gnu(sink, &artifact, PKG_DIGEST_MD5, &err));
	assert_ok(pkg_artifact_bsd(sink, &artifact, PKG_DIGEST_SHA1, &err));
	assert_string_equal(pkg_buf_str(&text.buf),
			    "\\" MD5 "  a\\\\b\\n\\r\n"
			    "\\SHA1 (a\\\\b\\n\\r) = " SHA1 "\n");
	artifact.path = "\xff";
	assert_int_equal(
	    pkg_artifact_gnu(sink, &artifact, PKG_DIGEST_MD5, &err), PKG_INPUT);
	assert_string_equal(err.reason, "not-utf8");
	pkg_buf_fini(&text.buf);
}

/* A full sink is an error of each writer. */
static void test_full_sink(void **state)
{
	const struct pkg_artifact artifact = abc("a");
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t max = 0; max < 30; max++) {
		struct text text;

		assert_int_not_equal(
		    pkg_artifact_record(text_init(&text, max), &artifact, &err),
		    PKG_OK);
		pkg_buf_fini(&text.buf);
		assert_int_not_equal(pkg_artifact_bsd(text_init(&text, max),
						      &artifact, PKG_DIGEST_MD5,
						      &err),
				     PKG_OK);
		pkg_buf_fini(&text.buf);
	}
}

static void test_claims_of_all_forms(void **state)
{
	static const char list[] =
	    "# comment\n\n" MD5 "  a\n"
	    "SHA1 (a) = b) = " SHA1 "\n"
	    "\\" MD5 " *a\\nb\n"
	    "{\"md5\":\"" MD5 "\",\"other\":[{}],\"path\":\"c\",\"size\":3,"
	    "\"type\":\"container\"}\n"
	    "900150983CD24FB0D6963F7D28E17F72  last";
	static const struct {
		const char *path;
		unsigned set;
		bool has_size;
	} want[] = {
	    {"a", PKG_DIGEST_MD5, false},    {"a) = b", PKG_DIGEST_SHA1, false},
	    {"a\nb", PKG_DIGEST_MD5, false}, {"c", PKG_DIGEST_MD5, true},
	    {"last", PKG_DIGEST_MD5, false},
	};
	const struct pkg_artifact truth = abc("x");
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_claim claim = {0};
	struct pkg_claims claims;
	struct pkg_source_mem mem;
	bool more = true;

	(void)state;
	pkg_source_mem_init(&mem, list, sizeof(list) - 1, "list");
	pkg_claims_init(&claims, &mem.source);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_ok(pkg_claims_next(&claims, &claim, &more, &err));
		assert_true(more);
		assert_string_equal(pkg_buf_str(&claim.path), want[i].path);
		assert_int_equal(claim.digests.set, want[i].set);
		assert_int_equal(claim.has_size, want[i].has_size);
		assert_int_equal(
		    pkg_digests_differ(&claim.digests, &truth.digests), 0);
	}
	assert_ok(pkg_claims_next(&claims, &claim, &more, &err));
	assert_false(more);
	pkg_claim_fini(&claim);
	pkg_claims_fini(&claims);
}

static void test_malformed_claim_names_its_line(void **state)
{
	static const char list[] = "\n" MD5 "  a\nnonsense\n";
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_claim claim = {0};
	struct pkg_claims claims;
	struct pkg_source_mem mem;
	bool more = true;

	(void)state;
	pkg_source_mem_init(&mem, list, sizeof(list) - 1, "list");
	pkg_claims_init(&claims, &mem.source);
	assert_ok(pkg_claims_next(&claims, &claim, &more, &err));
	assert_int_equal(pkg_claims_next(&claims, &claim, &more, &err),
			 PKG_INPUT);
	assert_string_equal(err.source, "list");
	assert_int_equal(err.line, 3);
	pkg_claim_fini(&claim);
	pkg_claims_fini(&claims);
}

static void test_resource_matching(void **state)
{
	static const char answer[] =
	    "{\"resources\":[{\"checksum\":{\"value\":\"" SHA1
	    "\"},\"mode\":null,\"path\":\"y\",\"size_in_bytes\":3}]}";
	PKG_AUTO(pkg_known) struct pkg_known *known = NULL;
	const struct pkg_artifact artifact = abc("x");
	struct pkg_artifact other = artifact;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_resources resources;
	struct text text;
	struct pkg_sink *sink = text_init(&text, 1000);

	(void)state;
	pkg_resources_init(&resources, sink);
	assert_ok(pkg_resources_add(&resources, &artifact, &err));
	assert_ok(pkg_resources_finish(&resources, &err));
	assert_string_equal(
	    pkg_buf_str(&text.buf),
	    "{\"resources\":[{\"checksum\":{\"value\":\"" SHA1
	    "\"},\"mode\":\"750\",\"path\":\"x\",\"size_in_bytes\":3}]}\n");

	pkg_buf_clear(&text.buf);
	other.size = 4;
	assert_ok(pkg_known_new(&known, &err));
	assert_ok(
	    pkg_known_add(known, "answer", answer, sizeof(answer) - 1, &err));
	assert_ok(pkg_known_sort(known, &other, &err));
	assert_ok(pkg_known_sort(known, &artifact, &err));
	assert_ok(pkg_known_write(known, sink, &err));
	assert_string_equal(
	    pkg_buf_str(&text.buf),
	    "{\"matched\":[{\"checksum\":{\"value\":\"" SHA1
	    "\"},\"mode\":\"750\",\"path\":\"x\",\"size_in_bytes\":3}],"
	    "\"to_upload\":[{\"checksum\":{\"value\":\"" SHA1
	    "\"},\"mode\":\"750\",\"path\":\"x\",\"size_in_bytes\":4}]}\n");
	pkg_buf_fini(&text.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_record),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_full_sink),
	    cmocka_unit_test(test_claims_of_all_forms),
	    cmocka_unit_test(test_malformed_claim_names_its_line),
	    cmocka_unit_test(test_resource_matching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
