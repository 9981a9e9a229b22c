/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/crypto.h"

#include "digest/openssl.h"
#include "packline/digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

/*
 * Not OpenSSL's default context: with that one OpenSSL 3.0 dereferences NULL
 * inside EVP_MD_fetch() when its first-use setup ran out of memory, and it
 * reads openssl.cnf.
 */
struct pkg_crypto {
	OSSL_LIB_CTX *lib;
	EVP_MD *md[PKG_DIGEST_COUNT]; /* fetched once: a fetch takes locks */
};

/*
 * Whatever it was about: it failed for want of memory or of randomness, which
 * says nothing about what was looked at.
 */
static const char *want_of(unsigned long code)
{
	if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
		return "out of memory";
	if (ERR_GET_LIB(code) == ERR_LIB_RAND)
		return "no random bytes from the system";
	return NULL;
}

enum pkg_code pkg_crypto_fail_(struct pkg_err *err, enum pkg_code code,
			       const char *what)
{
	const unsigned long first = ERR_get_error();
	const char *why = ERR_reason_error_string(first);
	const char *want = NULL;

	for (unsigned long next = first; next != 0 && want == NULL;
	     next = ERR_get_error())
		want = want_of(next);
	ERR_clear_error();
	if (want != NULL)
		return pkg_fail(err, PKG_SYSTEM, "%s: %s", what, want);
	if (why == NULL)
		return pkg_fail(err, code, "%s", what);
	return pkg_fail(err, code, "%s: %s", what, why);
}

void pkg_crypto_free(struct pkg_crypto *crypto)
{
	if (crypto == NULL)
		return;
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++)
		EVP_MD_free(crypto->md[i]);
	/* By now the output may be complete: this must not end the process. */
	pkg_crypto_does_without_memory(true);
	OSSL_LIB_CTX_free(crypto->lib);
	pkg_crypto_does_without_memory(false);
	free(crypto);
}

enum pkg_code pkg_crypto_new(struct pkg_crypto **out, struct pkg_err *err)
{
	static const char *const names[PKG_DIGEST_COUNT] = {
	    "MD5", "SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;

	/*
	 * Makes OpenSSL set up its error queue now.  Done later, from inside
	 * its first-use setup of something else, running out of memory there
	 * would wait for itself (tests/fault).
	 */
	ERR_clear_error();
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "cannot start the crypto library");
	crypto = calloc(1, sizeof(*crypto));
	if (crypto == NULL)
		return pkg_fail_nomem(err);
	crypto->lib = OSSL_LIB_CTX_new();
	if (crypto->lib == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "cannot start the crypto library");
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		crypto->md[i] = EVP_MD_fetch(crypto->lib, names[i], NULL);
		if (crypto->md[i] == NULL)
			return pkg_crypto_fail(
			    err, PKG_SYSTEM,
			    "the crypto library cannot start a digest");
	}
	*out = PKG_STEAL(crypto);
	return PKG_OK;
}

OSSL_LIB_CTX *pkg_crypto_libctx(const struct pkg_crypto *crypto)
{
	return crypto->lib;
}

const EVP_MD *pkg_crypto_md(const struct pkg_crypto *crypto, unsigned algorithm)
{
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if (algorithm == 1u << i)
			return crypto->md[i];
	}
	return NULL;
}

enum pkg_code pkg_crypto_random(struct pkg_crypto *crypto, void *buf,
				size_t len, struct pkg_err *err)
{
	if (len == 0)
		return PKG_OK;
	if (RAND_priv_bytes_ex(crypto->lib, buf, len, 0) == 1)
		return PKG_OK;
	memset(buf, 0, len);
	return pkg_crypto_fail(err, PKG_SYSTEM,
			       "cannot get random bytes from the system");
}

bool pkg_crypto_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}

void pkg_crypto_wipe(void *buf, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(buf, len);
}
