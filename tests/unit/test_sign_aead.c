/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/aead.h"
#include "packline/buf.h"
#include "packline/crypto.h"
#include "packline/kdf.h"
#include "packline/limits.h"
#include "packline/secret.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

enum { SEG = PKG_AEAD_SEGMENT, TAG = PKG_AEAD_TAG, MAX = 1 << 20 };

static struct pkg_crypto *crypto;
static struct pkg_secret *key;

static int start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_crypto_new(&crypto, &err));
	assert_ok(pkg_secret_new(&key, PKG_AEAD_KEY, &err));
	for (size_t i = 0; i < PKG_AEAD_KEY; i++)
		pkg_secret_data(key)[i] = (uint8_t)i;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	pkg_secret_free(key);
	pkg_crypto_free(crypto);
	return 0;
}

/* Bytes that differ from place to place. */
static uint8_t *text(size_t len)
{
	uint8_t *data = malloc(len + 1);

	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	return data;
}

/* Write @len bytes in pieces of @piece (0 = of changing size). */
static enum pkg_code feed(struct pkg_sink *sink, const uint8_t *data,
			  size_t len, size_t piece, struct pkg_err *err)
{
	size_t step = 1;

	for (size_t at = 0; at < len;) {
		size_t take = piece != 0 ? piece : step;

		step = step * 5 % 100003 + 1;
		if (take > len - at)
			take = len - at;
		PKG_TRY(pkg_sink_write(sink, data + at, take, err));
		at += take;
	}
	return pkg_sink_finish(sink, err);
}

static void encrypt(struct pkg_buf *out, const uint8_t *data, size_t len,
		    size_t piece)
{
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_sink_buf sink;
	struct pkg_err err = PKG_ERR_INIT;

	pkg_sink_buf_init(&sink, out);
	assert_ok(pkg_aead_encrypt_new(&aead, crypto, key, &sink.sink, &err));
	assert_ok(feed(pkg_aead_sink(aead), data, len, piece, &err));
}

static enum pkg_code decrypt(struct pkg_buf *out, const struct pkg_buf *stored,
			     uint64_t size, size_t piece, struct pkg_err *err)
{
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, out);
	PKG_TRY(
	    pkg_aead_decrypt_new(&aead, crypto, key, size, &sink.sink, err));
	return feed(pkg_aead_sink(aead), stored->data, stored->len, piece, err);
}

static const size_t sizes[] = {0,       1,           SEG - 1, SEG,
			       SEG + 1, 2 * SEG - 1, 2 * SEG, 2 * SEG + 1,
			       3 * SEG, 200000};

static void test_comes_back_however_it_is_cut(void **state)
{
	static const size_t pieces[] = {0, 1000, SEG, SEG + TAG, SEG + 17, MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *plain = text(sizes[i]);
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf first = {.max = MAX};
		uint64_t stored = 0, back = 0;

		encrypt(&first, plain, sizes[i], MAX);
		assert_true(pkg_aead_stored_size(&stored, sizes[i]));
		assert_int_equal(first.len, stored);
		assert_true(pkg_aead_plain_size(&back, stored));
		assert_int_equal(back, sizes[i]);
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]);
		     p++) {
			PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};
			PKG_AUTO_FINI(pkg_buf) struct pkg_buf d = {.max = MAX};
			struct pkg_err err = PKG_ERR_INIT;

			encrypt(&c, plain, sizes[i], pieces[p]);
			assert_int_equal(c.len, first.len);
			assert_memory_equal(c.data, first.data, c.len);
			assert_ok(decrypt(&d, &c, c.len, pieces[p], &err));
			assert_int_equal(d.len, sizes[i]);
			if (d.len > 0)
				assert_memory_equal(d.data, plain, d.len);
		}
		free(plain);
	}
}

/* Another implementation's bytes (Python cryptography, AESGCM). */
static void test_known_bytes(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	char hex[2 * 64 + 1];

	(void)state;
	encrypt(&out, (const uint8_t *)"", 0, MAX);
	pkg_hex_encode(hex, out.data, out.len);
	assert_string_equal(hex, "367ef8288831557408e102950a16e26a");
	pkg_buf_clear(&out);
	encrypt(&out, (const uint8_t *)"packline", 8, MAX);
	pkg_hex_encode(hex, out.data, out.len);
	assert_string_equal(hex,
			    "65b7dc97289d5e7bf74fc0d8f6f864caf796663b517bb03c");
}

/* The counter starts at 0, counts segments, and the last one says so. */
static void test_second_segment_is_counted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	uint8_t *plain = calloc(1, SEG + 8);
	char hex[2 * 24 + 1];

	(void)state;
	assert_non_null(plain);
	encrypt(&out, plain, SEG + 8, MAX);
	pkg_hex_encode(hex, out.data + SEG + TAG, 24);
	assert_string_equal(hex,
			    "680d8076cababaeecc832c0ca2fa8af35189217efe4a3265");
	pkg_hex_encode(hex, out.data + SEG, TAG);
	assert_string_equal(hex, "a1ed680bcd7471d24f13637c3292d46a");
	free(plain);
}

static void expect_refused(const struct pkg_buf *stored, uint64_t size,
			   enum pkg_code code, const char *reason)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(decrypt(&out, stored, size, 0, &err), code);
	assert_string_equal(err.reason, reason);
}

static void test_changed_bytes_are_noticed(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};
	uint8_t *plain = text(2 * SEG + 5);

	(void)state;
	encrypt(&c, plain, 2 * SEG + 5, MAX);
	for (size_t at = 0; at < c.len; at += 4099) {
		c.data[at] ^= 1;
		expect_refused(&c, c.len, PKG_NO, "tag-mismatch");
		c.data[at] ^= 1;
	}
	c.data[c.len - 1] ^= 0x80;
	expect_refused(&c, c.len, PKG_NO, "tag-mismatch");
	free(plain);
}

/* No byte of a segment that is not authentic goes out. */
static void test_nothing_comes_out_of_a_bad_segment(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *plain = text(2 * SEG);

	(void)state;
	encrypt(&c, plain, 2 * SEG, MAX);
	c.data[SEG + TAG] ^= 1;
	assert_int_equal(decrypt(&out, &c, c.len, 0, &err), PKG_NO);
	assert_int_equal(out.len, SEG);
	assert_memory_equal(out.data, plain, SEG);
	free(plain);
}

static void test_segments_cannot_be_moved(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf moved = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *plain = text(3 * SEG);
	enum { STORED = SEG + TAG };

	(void)state;
	encrypt(&c, plain, 3 * SEG, MAX);
	/* exchanged */
	assert_ok(pkg_buf_add(&moved, c.data + STORED, STORED, &err));
	assert_ok(pkg_buf_add(&moved, c.data, STORED, &err));
	assert_ok(pkg_buf_add(&moved, c.data + 2 * STORED, STORED, &err));
	expect_refused(&moved, moved.len, PKG_NO, "tag-mismatch");
	/* the last one cut off: the one before it is not a last one */
	pkg_buf_clear(&moved);
	assert_ok(pkg_buf_add(&moved, c.data, 2 * STORED, &err));
	expect_refused(&moved, moved.len, PKG_NO, "tag-mismatch");
	/* the last one twice */
	pkg_buf_clear(&moved);
	assert_ok(pkg_buf_add(&moved, c.data, c.len, &err));
	assert_ok(pkg_buf_add(&moved, c.data + 2 * STORED, STORED, &err));
	expect_refused(&moved, moved.len, PKG_NO, "tag-mismatch");
	free(plain);
}

static void test_too_few_and_too_many_bytes(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};
	uint8_t *plain = text(SEG + 5);
	const uint64_t size = SEG + 5 + 2 * TAG;

	(void)state;
	encrypt(&c, plain, SEG + 5, MAX);
	c.len--;
	expect_refused(&c, size, PKG_INPUT, "truncated");
	c.len = SEG + TAG;
	expect_refused(&c, size, PKG_INPUT, "truncated");
	c.len = 0;
	expect_refused(&c, size, PKG_INPUT, "truncated");
	c.len = (size_t)size;
	expect_refused(&c, size - 1, PKG_INPUT, "trailing-data");
	free(plain);
}

static void test_impossible_sizes(void **state)
{
	static const uint64_t bad[] = {0,
				       1,
				       TAG - 1,
				       SEG + TAG + 1,
				       SEG + 2 * TAG,
				       UINT64_MAX,
				       PKG_LIMIT_PAYLOAD * 2};
	uint64_t out = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pkg_aead_plain_size(&out, bad[i]));
	assert_true(pkg_aead_stored_size(&out, PKG_LIMIT_PAYLOAD));
	assert_int_equal(out, PKG_LIMIT_PAYLOAD + (16ull << 24));
	assert_true(pkg_aead_plain_size(&out, out));
	assert_false(pkg_aead_stored_size(&out, PKG_LIMIT_PAYLOAD + 1));
	assert_false(pkg_aead_stored_size(&out, UINT64_MAX));
}

static void test_another_key_is_noticed(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf c = {.max = MAX};

	(void)state;
	encrypt(&c, (const uint8_t *)"secret", 6, MAX);
	pkg_secret_data(key)[0] ^= 1;
	expect_refused(&c, c.len, PKG_NO, "tag-mismatch");
	pkg_secret_data(key)[0] ^= 1;
}

/* Computed with Python's hmac after RFC 5869 section 2. */
static void test_hkdf(void **state)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *out = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t salt[PKG_KDF_SIZE];
	char hex[2 * PKG_KDF_SIZE + 1];

	(void)state;
	memset(salt, 0xa5, sizeof(salt));
	assert_ok(pkg_kdf_hkdf(&out, crypto, key, salt,
			       "packline-v1/manifest-mac", &err));
	pkg_hex_encode(hex, pkg_secret_data(out), pkg_secret_len(out));
	assert_string_equal(
	    hex,
	    "df052d6cb8a36bec7cc1b0a0b44f375b9ada618296ae0b2487efef2caa281255");
}

/* RFC 4231 section 4.3 (test case 2). */
static void test_hmac(void **state)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *jefe = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t out[PKG_KDF_SIZE];
	char hex[2 * PKG_KDF_SIZE + 1];

	(void)state;
	assert_ok(pkg_secret_new(&jefe, 4, &err));
	memcpy(pkg_secret_data(jefe), "Jefe", 4);
	assert_ok(pkg_kdf_hmac(out, crypto, jefe,
			       "what do ya want for nothing?", 28, &err));
	pkg_hex_encode(hex, out, sizeof(out));
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7"
				 "5a003f089d2739839dec58b964ec3843");
}

static void test_random_secrets_differ(void **state)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *a = NULL;
	PKG_AUTO(pkg_secret) struct pkg_secret *b = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_secret_random(&a, crypto, 32, &err));
	assert_ok(pkg_secret_random(&b, crypto, 32, &err));
	assert_memory_not_equal(pkg_secret_data(a), pkg_secret_data(b), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_back_however_it_is_cut),
	    cmocka_unit_test(test_known_bytes),
	    cmocka_unit_test(test_second_segment_is_counted),
	    cmocka_unit_test(test_changed_bytes_are_noticed),
	    cmocka_unit_test(test_nothing_comes_out_of_a_bad_segment),
	    cmocka_unit_test(test_segments_cannot_be_moved),
	    cmocka_unit_test(test_too_few_and_too_many_bytes),
	    cmocka_unit_test(test_impossible_sizes),
	    cmocka_unit_test(test_another_key_is_noticed),
	    cmocka_unit_test(test_hkdf),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_random_secrets_differ),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
