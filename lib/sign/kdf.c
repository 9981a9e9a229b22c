/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/kdf.h"

#include "packline/limits.h"
#include "packline/secret.h"
#include "sign/internal.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

enum {
	LABEL_MAX = 1024,
	/* 128 * r * (n + p + 2) bytes are needed. */
	SCRYPT_MEMORY = 128 * 8 * (PKG_LIMIT_SCRYPT_N + 4),
};

static char sha256_name[] = "SHA256";

SIGN_DEFINE_AUTO(EVP_KDF, EVP_KDF_free)
SIGN_DEFINE_AUTO(EVP_KDF_CTX, EVP_KDF_CTX_free)
SIGN_DEFINE_AUTO(EVP_MAC, EVP_MAC_free)
SIGN_DEFINE_AUTO(EVP_MAC_CTX, EVP_MAC_CTX_free)

/* OSSL_PARAM takes pointers to data that it only reads. */
static OSSL_PARAM octets(const char *name, const void *data, size_t len)
{
	union {
		const void *in;
		void *out;
	} cast = {.in = data};

	return OSSL_PARAM_construct_octet_string(name, cast.out, len);
}

enum pkg_code pkg_kdf_hkdf(struct pkg_secret **out, struct pkg_crypto *crypto,
			   const struct pkg_secret *key,
			   const uint8_t salt[static PKG_KDF_SIZE],
			   const char *label, struct pkg_err *err)
{
	PKG_AUTO(EVP_KDF) EVP_KDF *kdf = NULL;
	PKG_AUTO(EVP_KDF_CTX) EVP_KDF_CTX *ctx = NULL;
	PKG_AUTO(pkg_secret) struct pkg_secret *derived = NULL;
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256_name,
					     0),
	    octets(OSSL_KDF_PARAM_KEY, pkg_secret_data(key),
		   pkg_secret_len(key)),
	    octets(OSSL_KDF_PARAM_SALT, salt, PKG_KDF_SIZE),
	    octets(OSSL_KDF_PARAM_INFO, label, strlen(label)),
	    OSSL_PARAM_construct_end(),
	};

	*out = NULL;
	assert(strlen(label) <= LABEL_MAX);
	PKG_TRY(pkg_secret_new(&derived, PKG_KDF_SIZE, err));
	kdf = EVP_KDF_fetch(pkg_crypto_libctx(crypto), "HKDF", NULL);
	ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	if (ctx == NULL || EVP_KDF_derive(ctx, pkg_secret_data(derived),
					  PKG_KDF_SIZE, params) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "derive a key");
	*out = PKG_STEAL(derived);
	return PKG_OK;
}

enum pkg_code pkg_kdf_hmac(uint8_t out[static PKG_KDF_SIZE],
			   struct pkg_crypto *crypto,
			   const struct pkg_secret *key, const void *data,
			   size_t len, struct pkg_err *err)
{
	PKG_AUTO(EVP_MAC) EVP_MAC *mac = NULL;
	PKG_AUTO(EVP_MAC_CTX) EVP_MAC_CTX *ctx = NULL;
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256_name,
					     0),
	    OSSL_PARAM_construct_end(),
	};
	size_t got = 0;

	mac = EVP_MAC_fetch(pkg_crypto_libctx(crypto), "HMAC", NULL);
	ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	if (ctx == NULL ||
	    EVP_MAC_init(ctx, pkg_secret_data(key), pkg_secret_len(key),
			 params) != 1 ||
	    EVP_MAC_update(ctx, data, len) != 1 ||
	    EVP_MAC_final(ctx, out, &got, PKG_KDF_SIZE) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "compute a MAC");
	assert(got == PKG_KDF_SIZE);
	return PKG_OK;
}

/* What OpenSSL is asked for: RFC 7914 section 6, with a limit of memory. */
static enum pkg_code run_scrypt(struct pkg_secret *out,
				struct pkg_crypto *crypto,
				const struct pkg_secret *password,
				const struct pkg_kdf_scrypt *how,
				struct pkg_err *err)
{
	PKG_AUTO(EVP_KDF) EVP_KDF *kdf = NULL;
	PKG_AUTO(EVP_KDF_CTX) EVP_KDF_CTX *ctx = NULL;
	uint64_t n = how->n, memory = SCRYPT_MEMORY;
	uint32_t r = how->r, p = how->p;
	const OSSL_PARAM params[] = {
	    octets(OSSL_KDF_PARAM_PASSWORD, pkg_secret_data(password),
		   pkg_secret_len(password)),
	    octets(OSSL_KDF_PARAM_SALT, how->salt, sizeof(how->salt)),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
	    OSSL_PARAM_construct_end(),
	};

	kdf = EVP_KDF_fetch(pkg_crypto_libctx(crypto), "SCRYPT", NULL);
	ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	if (ctx == NULL || EVP_KDF_derive(ctx, pkg_secret_data(out),
					  PKG_KDF_SIZE, params) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "make a key of the password");
	return PKG_OK;
}

enum pkg_code pkg_kdf_scrypt(struct pkg_secret **out, struct pkg_crypto *crypto,
			     const struct pkg_secret *password,
			     const struct pkg_kdf_scrypt *how,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO(pkg_secret) struct pkg_secret *derived = NULL;

	*out = NULL;
	if (how->n < 2 || how->n > PKG_LIMIT_SCRYPT_N ||
	    (how->n & (how->n - 1)) != 0 || how->r != PKG_KDF_SCRYPT_R ||
	    how->p != PKG_KDF_SCRYPT_P)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "scrypt with n %u, r %u, p %u is not done",
				  how->n, how->r, how->p);
	/* It fetches HMAC and SHA-256 from the default context. */
	PKG_TRY(pkg_sign_scope_enter(&scope, crypto, err));
	PKG_TRY(pkg_secret_new(&derived, PKG_KDF_SIZE, err));
	PKG_TRY(run_scrypt(derived, crypto, password, how, err));
	*out = PKG_STEAL(derived);
	return PKG_OK;
}
