/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_KEY_H
#define PKG_KEY_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * Private keys: RSA of 3072..8192 bits, EC P-256 and P-384.
 */
struct pkg_key;
struct pkg_certs;
struct pkg_crypto;

enum pkg_key_type {
	PKG_KEY_TYPE_RSA = 1,
	PKG_KEY_TYPE_P256,
	PKG_KEY_TYPE_P384,
	PKG_KEY_TYPE_OTHER, /* of a certificate: not of suite packline-1 */
};

/* Who asks for a passphrase when one is needed; at most once per load. */
struct pkg_key_ask {
	/*
	 * Append the passphrase to @out, which is marked secret and takes
	 * PKG_LIMIT_SECRET bytes.  @what names the key file, for a prompt.
	 */
	enum pkg_code (*ask)(void *context, struct pkg_buf *out,
			     const char *what, struct pkg_err *err);
	void *context;
};

PKG_API_BEGIN

/*
 * Load the private key that @word names: a path (relative to @dirfd,
 * AT_FDCWD is fine) or `file:` and a path.  The file, of at most
 * PKG_LIMIT_KEY_FILE bytes, holds PEM (PKCS#8 or traditional, encrypted or
 * not; certificates in it are kept), DER (PKCS#8 or traditional) or PKCS#12
 * with one key.
 * @out  receives the key; freed by the caller with pkg_key_free().
 * @ask  NULL = there is no passphrase.
 * Fails with PKG_KEY, mostly with a hint: others may read the file, a wrong
 * or missing passphrase, no private key in it, an algorithm or size that is
 * not in suite packline-1, a `pkcs11:` word; PKG_SYSTEM if the file cannot be
 * read; or as @ask does.
 */
PKG_MUST_CHECK enum pkg_code pkg_key_load(struct pkg_key **out,
					  struct pkg_crypto *crypto, int dirfd,
					  const char *word,
					  const struct pkg_key_ask *ask,
					  struct pkg_err *err);
enum pkg_key_type pkg_key_type(const struct pkg_key *key);
unsigned pkg_key_bits(const struct pkg_key *key); /* RSA modulus, EC field */
/* The @word it was loaded by, without secrets in it; borrowed. */
const char *pkg_key_name(const struct pkg_key *key);
/* SHA-256 of the DER SubjectPublicKeyInfo of its public half. */
const uint8_t *pkg_key_spki(const struct pkg_key *key);
/*
 * The certificates that were in the key file, borrowed: that of the key
 * first, if it is there.  NULL if there is none of the key.
 */
const struct pkg_certs *pkg_key_certs(const struct pkg_key *key);
void pkg_key_free(struct pkg_key *key); /* NULL is allowed; wipes */

PKG_API_END
PKG_DEFINE_AUTO(pkg_key)

#endif
