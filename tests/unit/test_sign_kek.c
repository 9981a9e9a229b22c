/* SPDX-License-Identifier: Apache-2.0 */
/* Key-encryption keys and passwords: their names, their keys, the envelope. */
#include "unit.h"

#include "packline/crypto.h"
#include "packline/envelope.h"
#include "packline/kek.h"
#include "packline/secret.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_TEMPLATE "/tmp/packline-kek-XXXXXX"

static struct pkg_crypto *crypto;

static int set_up(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_crypto_new(&crypto, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pkg_crypto_free(crypto);
	return 0;
}

/* The key of a file with that content, called @id; NULL if it is refused. */
static struct pkg_kek *load(const char *id, const void *content, size_t len)
{
	char path[] = FILE_TEMPLATE, word[128];
	const int fd = mkstemp(path);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_kek *kek = NULL;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	(void)close(fd);
	(void)snprintf(word, sizeof(word), "kek:%s%s", id, path);
	if (pkg_kek_load(&kek, crypto, AT_FDCWD, word, &err) != PKG_OK)
		assert_int_equal(err.code, PKG_KEY);
	(void)unlink(path);
	return kek;
}

static void test_words(void **state)
{
	static const struct {
		const char *word, *id, *path; /* path NULL = refused */
	} cases[] = {
	    {"kek:a.kek", "", "a.kek"},
	    {"kek:site-7=a.kek", "site-7", "a.kek"},
	    {"kek:site-7=a=b", "site-7", "a=b"},
	    {"kek:./a=b", "", "./a=b"},
	    {"kek:/a=b", "", "/a=b"},
	    {"kek:-x=b", "", "-x=b"},
	    {"kek:=b", "", "=b"},
	    {"kek:", "", NULL},
	    {"kek:site-7=", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;
		char id[PKG_KEK_ID_MAX + 1];
		const char *path = NULL;
		const enum pkg_code code =
		    pkg_kek_split(id, &path, cases[i].word, &err);

		assert_int_equal(code,
				 cases[i].path == NULL ? PKG_USAGE : PKG_OK);
		if (code != PKG_OK)
			continue;
		assert_string_equal(id, cases[i].id);
		assert_string_equal(path, cases[i].path);
	}
}

/* An identifier has room for 64 characters; 65 are part of a path. */
static void test_the_longest_name(void **state)
{
	char word[80] = "kek:", id[PKG_KEK_ID_MAX + 1];
	struct pkg_err err = PKG_ERR_INIT;
	const char *path = NULL;

	(void)state;
	memset(word + 4, 'a', 65);
	memcpy(word + 4 + 64, "=f", 3);
	assert_ok(pkg_kek_split(id, &path, word, &err));
	assert_string_equal(path, "f");
	assert_int_equal(strlen(id), 64);
	memcpy(word + 4 + 64, "a=f", 4);
	assert_ok(pkg_kek_split(id, &path, word, &err));
	assert_string_equal(id, "");
	assert_string_equal(path, word + 4);
}

static void test_files(void **state)
{
	static const uint8_t raw[PKG_KEK_SIZE] = {1, 2, 3};
	static const char hex[] = "010203000000000000000000000000000000000000"
				  "0000000000000000000000\r\n";
	static const size_t good[] = {64, 66};
	PKG_AUTO(pkg_kek) struct pkg_kek *kek = load("", raw, sizeof(raw));

	(void)state;
	assert_non_null(kek);
	/* printf %s packline-v1/kek-id | openssl mac -digest SHA256
	   -macopt hexkey:0102030000... HMAC */
	assert_string_equal(pkg_kek_id(kek), "kek:a41f8f025d745b76");
	for (size_t i = 0; i < 2; i++) {
		PKG_AUTO(pkg_kek)
		struct pkg_kek *same = load("", hex, good[i]);

		assert_non_null(same);
		assert_string_equal(pkg_kek_id(same), pkg_kek_id(kek));
	}
	for (size_t len = 0; len <= 64; len++)
		if (len != 32 && len != 64)
			assert_null(load("", hex, len));
	assert_null(load("",
			 "01020300000000000000000000000000000000000000000"
			 "000000000000000000000\n\n",
			 66));
}

/* hashlib.scrypt(b"correct horse", salt=bytes(range(32)), n=16, r=8, p=1) */
static void test_scrypt(void **state)
{
	struct pkg_kdf_scrypt how = {.n = 16, .r = 8, .p = 1};
	PKG_AUTO(pkg_secret) struct pkg_secret *password = NULL;
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	char hex[65];

	(void)state;
	for (uint8_t i = 0; i < sizeof(how.salt); i++)
		how.salt[i] = i;
	assert_ok(pkg_secret_new(&password, 13, &err));
	memcpy(pkg_secret_data(password), "correct horse", 13);
	assert_ok(pkg_kdf_scrypt(&key, crypto, password, &how, &err));
	pkg_hex_encode(hex, pkg_secret_data(key), 32);
	assert_string_equal(
	    hex,
	    "35e0f89f15afb24544b4d9996cf34c5c10d9a53093ac4d1d442403dae51ecfa9");
}

static void test_scrypt_has_limits(void **state)
{
	static const struct pkg_kdf_scrypt bad[] = {
	    {.n = 1, .r = 8, .p = 1},        {.n = 0, .r = 8, .p = 1},
	    {.n = 1u << 18, .r = 8, .p = 1}, {.n = 24, .r = 8, .p = 1},
	    {.n = 16, .r = 9, .p = 1},       {.n = 16, .r = 8, .p = 2},
	};
	PKG_AUTO(pkg_secret) struct pkg_secret *password = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_secret_new(&password, 1, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkg_secret *key = NULL;

		err = PKG_ERR_INIT;
		assert_int_equal(
		    pkg_kdf_scrypt(&key, crypto, password, &bad[i], &err),
		    PKG_INPUT);
		assert_string_equal(err.reason, "limit");
		assert_null(key);
	}
}

static void test_password(void **state)
{
	const struct pkg_kdf_scrypt how = {
	    .n = 16, .r = 8, .p = 1, .salt = {0x12, 0x34, [7] = 0xff}};
	struct pkg_buf text = {.max = 100, .secret = true};
	PKG_AUTO(pkg_kek) struct pkg_kek *password = NULL;
	PKG_AUTO(pkg_kek) struct pkg_kek *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(pkg_kek_of_password(&password, crypto, &text, &err),
			 PKG_KEY);
	assert_ok(pkg_buf_puts(&text, "correct horse", &err));
	err = PKG_ERR_INIT;
	assert_ok(pkg_kek_of_password(&password, crypto, &text, &err));
	pkg_buf_fini(&text);
	assert_true(pkg_kek_is_password(password));
	assert_string_equal(pkg_kek_id(password), "");
	assert_ok(pkg_kek_derive(&key, password, &how, &err));
	assert_false(pkg_kek_is_password(key));
	assert_string_equal(pkg_kek_id(key), "scrypt:12340000000000ff");
	/* No message can tell the password. */
	assert_string_equal(pkg_kek_name(key), "password:");
}

/* An envelope for two keys, and a third that it is not for. */
static void test_envelope(void **state)
{
	static const uint8_t one[32] = {1}, two[32] = {2}, three[32] = {3};
	PKG_AUTO(pkg_kek) struct pkg_kek *a = load("", one, 32);
	PKG_AUTO(pkg_kek) struct pkg_kek *b = load("site=", two, 32);
	PKG_AUTO(pkg_kek) struct pkg_kek *liar = load("site=", three, 32);
	PKG_AUTO(pkg_kek) struct pkg_kek *stranger = load("", three, 32);
	const struct pkg_kek *const keks[] = {a, b}, *const same[] = {b, liar};
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_RECIPIENTS_DER};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_secret *got = NULL;

	(void)state;
	assert_ok(pkg_secret_random(&cek, crypto, PKG_ENVELOPE_CEK, &err));
	assert_int_equal(pkg_envelope_seal(&der, crypto,
					   &(struct pkg_envelope_to){
					       .keks = same, .kek_count = 2},
					   cek, &err),
			 PKG_KEY);
	err = PKG_ERR_INIT;
	assert_ok(pkg_envelope_seal(
	    &der, crypto,
	    &(struct pkg_envelope_to){.keks = keks, .kek_count = 2}, cek,
	    &err));
	for (size_t i = 0; i < 2; i++) {
		assert_ok(pkg_envelope_open_kek(&got, der.data, der.len,
						keks[i], &err));
		assert_memory_equal(pkg_secret_data(got), pkg_secret_data(cek),
				    PKG_ENVELOPE_CEK);
		pkg_secret_free(got);
	}
	assert_int_equal(
	    pkg_envelope_open_kek(&got, der.data, der.len, stranger, &err),
	    PKG_NO);
	assert_string_equal(err.reason, "not-a-recipient");
	err = PKG_ERR_INIT;
	assert_int_equal(
	    pkg_envelope_open_kek(&got, der.data, der.len, liar, &err), PKG_NO);
	assert_string_equal(err.reason, "unwrap-failed");
	assert_null(got);
}

/* Not one changed byte of what the walker reads becomes another key. */
static void test_mutants(void **state)
{
	static const uint8_t one[32] = {1};
	PKG_AUTO(pkg_kek) struct pkg_kek *a = load("site=", one, 32);
	const struct pkg_kek *const keks[] = {a};
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_RECIPIENTS_DER};
	struct pkg_err err = PKG_ERR_INIT;
	size_t opened = 0;

	(void)state;
	assert_ok(pkg_secret_random(&cek, crypto, PKG_ENVELOPE_CEK, &err));
	assert_ok(pkg_envelope_seal(
	    &der, crypto,
	    &(struct pkg_envelope_to){.keks = keks, .kek_count = 1}, cek,
	    &err));
	for (size_t i = 0; i < der.len; i++) {
		struct pkg_secret *got = NULL;

		err = PKG_ERR_INIT;
		der.data[i] ^= 1;
		if (pkg_envelope_open_kek(&got, der.data, der.len, a, &err) ==
		    PKG_OK)
			opened++; /* CBC: the MAC is to find it */
		else
			assert_true(err.code == PKG_INPUT ||
				    err.code == PKG_NO);
		pkg_secret_free(got);
		der.data[i] ^= 1;
	}
	/* IV, and ciphertext but for the padding's. */
	assert_in_range(opened, 1, 16 + 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_the_longest_name),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_scrypt),
	    cmocka_unit_test(test_scrypt_has_limits),
	    cmocka_unit_test(test_password),
	    cmocka_unit_test(test_envelope),
	    cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
