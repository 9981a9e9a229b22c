/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_KEY_H
#define PKG_KEY_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * Private keys, in files or in tokens: RSA of 3072..8192 bits, EC P-256 and
 * P-384.
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

/* What a key may need besides its name.  Nobody is asked twice in a load. */
struct pkg_key_ask {
	/*
	 * Append the passphrase to @out, which is marked secret and takes
	 * PKG_LIMIT_SECRET bytes.  @what names the key file, for a prompt.
	 */
	enum pkg_code (*ask)(void *context, struct pkg_buf *out,
			     const char *what, struct pkg_err *err);
	void *context;
	/*
	 * The same for the PIN of a token, which @what names; NULL = there is
	 * none.  Not called if the URI has a pin-source, or if the token has
	 * a keypad of its own.
	 */
	enum pkg_code (*ask_pin)(void *context, struct pkg_buf *out,
				 const char *what, struct pkg_err *err);
	/*
	 * The PKCS#11 module to reach tokens through: path of a shared
	 * library, relative to the dirfd of the load.  NULL = the one chosen
	 * when Packline was built, normally p11-kit's proxy.  It is loaded
	 * into this process, so it never comes from the environment or from a
	 * URI.
	 */
	const char *pkcs11_module;
};

PKG_API_BEGIN

/*
 * Load the private key that @word names:
 *
 * - a path (relative to @dirfd, AT_FDCWD is fine) or `file:` and a path.  The
 *   file, of at most PKG_LIMIT_KEY_FILE bytes, holds PEM (PKCS#8 or
 *   traditional, encrypted or not; certificates in it are kept), DER (PKCS#8
 *   or traditional) or PKCS#12 with one key;
 * - a `pkcs11:` URI (RFC 7512) of a key in a token; what it may say is in
 *   pkg-seal(1), TOKENS.  The private half stays there.  Certificates beside
 *   it, under its id, are kept.  Until the key is freed no other process of
 *   this user that uses Packline gets at the token.  Of the keys that one
 *   process has from one module, none can be used after the first was freed:
 *   PKCS#11 knows only processes.
 *
 * @out  receives the key; freed by the caller with pkg_key_free(), on the
 *       thread that loaded it if it is in a token.
 * @ask  NULL = there is neither passphrase nor PIN, and the module is the
 *       default.
 * Fails with PKG_KEY, mostly with a hint: others may read the file, a wrong
 * or missing passphrase, no private key in it; with one of the reasons that
 * pkg-seal(1) lists: "algorithm-weak" for an algorithm or size that is not in
 * suite packline-1; "key-uri", "pin-in-uri"; "module-missing",
 * "module-unsafe", "module-broken"; "token-missing", "token-ambiguous",
 * "token-busy", "token-failed", "token-loader", "token-ed25519";
 * "pin-missing", "pin-wrong" (tried once), "pin-locked", "pin-unset";
 * "token-key-missing", "token-key-ambiguous", "token-half-key".  PKG_SYSTEM
 * if a file cannot be read; or as @ask does.
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
/*
 * True if the private half is in a token: using it means calls into the
 * vendor's module, which opens files, sockets and devices as it likes, and
 * keeps other processes of this user waiting until the key is freed.
 */
bool pkg_key_is_token(const struct pkg_key *key);
void pkg_key_free(struct pkg_key *key); /* NULL is allowed; wipes */

PKG_API_END
PKG_DEFINE_AUTO(pkg_key)

#endif
