/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/digest.h"
#include "packline/text.h"

#include <string.h>

static struct pkg_crypto *crypto;

static int start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	return (int)pkg_crypto_new(&crypto, &err);
}

static int stop(void **state)
{
	(void)state;
	pkg_crypto_free(crypto);
	return 0;
}

static const char *hex_of(const struct pkg_digests *digests, unsigned algorithm)
{
	static char hex[PKG_DIGEST_HEX];

	pkg_hex_encode(hex, pkg_digests_get(digests, algorithm),
		       pkg_digest_size(algorithm));
	return hex;
}

static struct pkg_digests digest_of(const void *data, size_t len, unsigned set)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_digests out;

	assert_ok(pkg_digest_new(&digest, crypto, set, &err));
	assert_ok(pkg_digest_update(digest, data, len, &err));
	assert_ok(pkg_digest_finish(digest, &out, &err));
	return out;
}

/* RFC 1321 section A.5; NIST's examples for FIPS 180-4. */
static void test_published_vectors(void **state)
{
	static const struct {
		const char *text;
		unsigned algorithm;
		const char *hex;
	} cases[] = {
	    {"", PKG_DIGEST_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
	    {"abc", PKG_DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72"},
	    {"", PKG_DIGEST_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	    {"abc", PKG_DIGEST_SHA1,
	     "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {"abc", PKG_DIGEST_SHA256,
	     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
	     "d"},
	    {"abc", PKG_DIGEST_SHA384,
	     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	     "8086072ba1e7cc2358baeca134c825a7"},
	    {"abc", PKG_DIGEST_SHA512,
	     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49"
	     "f"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkg_digests got = digest_of(
		    cases[i].text, strlen(cases[i].text), PKG_DIGEST_ALL);

		assert_int_equal(got.set, PKG_DIGEST_ALL);
		assert_string_equal(hex_of(&got, cases[i].algorithm),
				    cases[i].hex);
	}
}

static void test_only_what_was_asked_for(void **state)
{
	struct pkg_digests got = digest_of("abc", 3, PKG_DIGEST_SHA1);
	static const uint8_t zero[32];

	(void)state;
	assert_int_equal(got.set, PKG_DIGEST_SHA1);
	assert_memory_equal(got.sha256, zero, sizeof(zero));
}

static void test_names_and_sizes(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit < PKG_DIGEST_ALL; bit <<= 1)
		assert_int_equal(pkg_digest_by_name(pkg_digest_name(bit)), bit);
	assert_int_equal(pkg_digest_size(PKG_DIGEST_SHA384), 48);
	assert_int_equal(pkg_digest_by_name("SHA256"), PKG_DIGEST_SHA256);
	assert_int_equal(pkg_digest_by_name("Sha256"), 0);
	assert_int_equal(pkg_digest_by_name("sha224"), 0);
	assert_int_equal(pkg_digest_by_name(""), 0);
}

static void test_reset_starts_over(void **state)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_digests got, want = digest_of("abc", 3, PKG_DIGEST_SHA512);

	(void)state;
	assert_ok(pkg_digest_new(&digest, crypto, PKG_DIGEST_SERVER, &err));
	assert_ok(pkg_digest_update(digest, "forgotten", 9, &err));
	assert_ok(pkg_digest_reset(digest, PKG_DIGEST_SHA512, &err));
	assert_ok(pkg_digest_update(digest, "a", 1, &err));
	assert_ok(pkg_digest_update(digest, "bc", 2, &err));
	assert_ok(pkg_digest_finish(digest, &got, &err));
	assert_int_equal(got.set, PKG_DIGEST_SHA512);
	assert_int_equal(pkg_digests_differ(&got, &want), 0);
}

static void test_split_goes_on_from_there(void **state)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *a = NULL, *b = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_digests left, right, want;

	(void)state;
	assert_ok(pkg_digest_new(&a, crypto, PKG_DIGEST_SERVER, &err));
	assert_ok(pkg_digest_new(&b, crypto, PKG_DIGEST_SHA512, &err));
	assert_ok(pkg_digest_update(a, "ab", 2, &err));
	assert_ok(pkg_digest_split(a, b, PKG_DIGEST_MD5, &err));
	assert_ok(pkg_digest_update(a, "c", 1, &err));
	assert_ok(pkg_digest_update(b, "c", 1, &err));
	assert_ok(pkg_digest_finish(a, &left, &err));
	assert_ok(pkg_digest_finish(b, &right, &err));
	want = digest_of("abc", 3, PKG_DIGEST_SERVER);
	assert_int_equal(left.set, PKG_DIGEST_SHA1 | PKG_DIGEST_SHA256);
	assert_int_equal(right.set, PKG_DIGEST_MD5);
	assert_int_equal(pkg_digests_differ(&left, &want), 0);
	assert_int_equal(pkg_digests_differ(&right, &want), 0);
}

static void test_differ_names_the_algorithms(void **state)
{
	struct pkg_digests a = digest_of("a", 1, PKG_DIGEST_SERVER);
	struct pkg_digests b = a;

	(void)state;
	assert_int_equal(pkg_digests_differ(&a, &b), 0);
	b.sha1[19] ^= 1;
	assert_int_equal(pkg_digests_differ(&a, &b), PKG_DIGEST_SHA1);
	b.set = PKG_DIGEST_SHA256; /* only what both have is compared */
	assert_int_equal(pkg_digests_differ(&a, &b), 0);
}

static void test_one_shot(void **state)
{
	struct pkg_digests want = digest_of("abc", 3, PKG_DIGEST_SHA256);
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t got[32];

	(void)state;
	assert_ok(pkg_digest_sha256(crypto, "abc", 3, got, &err));
	assert_memory_equal(got, want.sha256, 32);
}

static void test_source_hashes_what_passes(void **state)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 100};
	struct pkg_digests got, want = digest_of("abcdef", 6, PKG_DIGEST_MD5);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_mem mem;
	struct pkg_source_digest source;

	(void)state;
	pkg_source_mem_init(&mem, "abcdef", 6, "six letters");
	assert_ok(pkg_digest_new(&digest, crypto, PKG_DIGEST_MD5, &err));
	pkg_source_digest_init(&source, &mem.source, digest);
	assert_ok(pkg_source_slurp(&source.source, &out, &err));
	assert_string_equal(pkg_buf_str(&out), "abcdef");
	assert_ok(pkg_digest_finish(digest, &got, &err));
	assert_int_equal(pkg_digests_differ(&got, &want), 0);
}

struct verified {
	struct pkg_source_mem mem;
	struct pkg_source_verify source;
	struct pkg_digest *digest;
};

static void verify_start(struct verified *v, const char *text,
			 const struct pkg_digests *expected)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_digest_new(&v->digest, crypto, PKG_DIGEST_MD5, &err));
	pkg_source_mem_init(&v->mem, text, strlen(text), "a.bin");
	assert_ok(pkg_source_verify_init(&v->source, &v->mem.source, v->digest,
					 expected, &err));
}

static void test_verifying_source(void **state)
{
	struct pkg_digests expected = digest_of("abc", 3, PKG_DIGEST_SERVER);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 100};
	struct pkg_err err = PKG_ERR_INIT;
	struct verified good, bad;

	(void)state;
	verify_start(&good, "abc", &expected);
	assert_ok(pkg_source_slurp(&good.source.source, &out, &err));
	assert_ok(pkg_source_verify_finish(&good.source, &err));
	pkg_digest_free(good.digest);

	verify_start(&bad, "abd", &expected);
	assert_int_equal(pkg_source_slurp(&bad.source.source, &out, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "digest-mismatch");
	assert_non_null(strstr(err.text, "'a.bin' has another md5"));
	assert_int_equal(pkg_source_verify_finish(&bad.source, &err), PKG_NO);
	pkg_digest_free(bad.digest);
}

static void test_half_read_is_not_verified(void **state)
{
	struct pkg_digests expected = digest_of("abc", 3, PKG_DIGEST_SHA256);
	struct pkg_err err = PKG_ERR_INIT;
	struct verified v;
	char byte[3];

	(void)state;
	verify_start(&v, "abc", &expected);
	assert_ok(pkg_source_read_all(&v.source.source, byte, 3, &err));
	assert_int_equal(pkg_source_verify_finish(&v.source, &err), PKG_NO);
	assert_string_equal(err.reason, "digest-mismatch");
	pkg_digest_free(v.digest);
}

static void test_sink_hashes_what_was_accepted(void **state)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 4};
	struct pkg_digests got, want = digest_of("abcd", 4, PKG_DIGEST_SHA1);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf buf;
	struct pkg_sink_digest sink;

	(void)state;
	assert_ok(pkg_digest_new(&digest, crypto, PKG_DIGEST_SHA1, &err));
	pkg_sink_buf_init(&buf, &out);
	pkg_sink_digest_init(&sink, &buf.sink, digest);
	assert_ok(pkg_sink_puts(&sink.sink, "ab", &err));
	assert_ok(pkg_sink_puts(&sink.sink, "cd", &err));
	assert_int_equal(pkg_sink_puts(&sink.sink, "refused", &err), PKG_INPUT);
	assert_ok(pkg_digest_finish(digest, &got, &err));
	assert_int_equal(pkg_digests_differ(&got, &want), 0);
}

static void test_random_bytes(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t a[32] = {0}, b[32] = {0};

	(void)state;
	assert_ok(pkg_crypto_random(crypto, a, sizeof(a), &err));
	assert_ok(pkg_crypto_random(crypto, b, sizeof(b), &err));
	assert_false(pkg_crypto_equal(a, b, sizeof(a)));
	assert_ok(pkg_crypto_random(crypto, NULL, 0, &err));
	pkg_crypto_wipe(a, sizeof(a));
	pkg_crypto_wipe(b, sizeof(b));
	assert_true(pkg_crypto_equal(a, b, sizeof(a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_vectors),
	    cmocka_unit_test(test_only_what_was_asked_for),
	    cmocka_unit_test(test_names_and_sizes),
	    cmocka_unit_test(test_reset_starts_over),
	    cmocka_unit_test(test_split_goes_on_from_there),
	    cmocka_unit_test(test_differ_names_the_algorithms),
	    cmocka_unit_test(test_one_shot),
	    cmocka_unit_test(test_source_hashes_what_passes),
	    cmocka_unit_test(test_verifying_source),
	    cmocka_unit_test(test_half_read_is_not_verified),
	    cmocka_unit_test(test_sink_hashes_what_was_accepted),
	    cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
