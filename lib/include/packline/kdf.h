/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_KDF_H
#define PKG_KDF_H

#include "packline/err.h"

#define PKG_KDF_SIZE 32u /* bytes: SHA-256, AES-256 */

struct pkg_crypto;
struct pkg_secret;

/* How a key is made of a password: scrypt (RFC 7914). */
struct pkg_kdf_scrypt {
	uint32_t n;       /* a power of 2, 2..PKG_LIMIT_SCRYPT_N */
	uint32_t r, p;    /* PKG_KDF_SCRYPT_R and 1 */
	uint8_t salt[32]; /* random, not secret */
};

#define PKG_KDF_SCRYPT_R 8u
#define PKG_KDF_SCRYPT_P 1u

PKG_API_BEGIN

/*
 * HKDF-SHA-256, extract and expand (RFC 5869).
 * @out    receives a new secret of PKG_KDF_SIZE bytes, owned by the caller.
 * @key    the input keying material.
 * @salt   PKG_KDF_SIZE random bytes, not secret.
 * @label  the "info" string, a text of at most 1024 bytes without its NUL.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_kdf_hkdf(struct pkg_secret **out, struct pkg_crypto *crypto,
	     const struct pkg_secret *key,
	     const uint8_t salt[PKG_AT_LEAST(PKG_KDF_SIZE)], const char *label,
	     struct pkg_err *err);
/*
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1) of @len bytes of @data.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_kdf_hmac(uint8_t out[PKG_AT_LEAST(PKG_KDF_SIZE)], struct pkg_crypto *crypto,
	     const struct pkg_secret *key, const void *data, size_t len,
	     struct pkg_err *err);
/*
 * scrypt of a password: slow, and 128 * n * r bytes of memory, on purpose.
 * @out       receives a new secret of PKG_KDF_SIZE bytes, owned by the caller.
 * @password  any bytes.
 * Fails with PKG_INPUT, reason "limit", if @how is outside of what its fields
 * say; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_kdf_scrypt(struct pkg_secret **out,
					    struct pkg_crypto *crypto,
					    const struct pkg_secret *password,
					    const struct pkg_kdf_scrypt *how,
					    struct pkg_err *err);

PKG_API_END

#endif
