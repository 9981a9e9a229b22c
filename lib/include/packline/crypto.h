/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CRYPTO_H
#define PKG_CRYPTO_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * The crypto context: one private instance of the cryptographic library, with
 * its built-in algorithms and no configuration file, so that nothing in the
 * environment (OPENSSL_CONF, openssl.cnf) can change what an algorithm name
 * means.  It does not change after it was made: threads may share it.
 */
struct pkg_crypto;

PKG_API_BEGIN

/*
 * Start the cryptographic library.
 * @out  receives the context; freed by the caller with pkg_crypto_free(),
 *       after everything that was made with it.
 * Fails with PKG_SYSTEM if out of memory or if the library lacks one of the
 * digests that Packline needs.
 */
PKG_MUST_CHECK enum pkg_code pkg_crypto_new(struct pkg_crypto **out,
					    struct pkg_err *err);
void pkg_crypto_free(struct pkg_crypto *crypto); /* NULL is allowed */

/*
 * Fill @buf with @len bytes (any number) that nobody can guess: for keys,
 * salts and nonces (NIST SP 800-90A, private generator).
 * Fails with PKG_SYSTEM if the generator cannot be seeded; @buf is all zero
 * then and must not be used.
 */
PKG_MUST_CHECK enum pkg_code pkg_crypto_random(struct pkg_crypto *crypto,
					       void *buf, size_t len,
					       struct pkg_err *err);
/* True if the @len bytes are the same; the time taken depends on @len only. */
bool pkg_crypto_equal(const void *a, const void *b, size_t len);
/* Overwrite a secret; never optimised away.  @buf may be NULL if @len is 0. */
void pkg_crypto_wipe(void *buf, size_t len);

/*
 * For a program, before it does anything else: have @ends_the_process called,
 * which must not return, when the cryptographic library cannot get memory.
 * OpenSSL 3.0 crashes in some places then, and in others takes it for a bad
 * key, a wrong passphrase or a broken signature.  Its allocator is replaced
 * for the whole process, so a library must not call this.
 */
void pkg_crypto_on_no_memory(void (*ends_the_process)(void));
/*
 * For a program, right after that: the cryptographic library keeps private
 * keys in pages of their own that are locked if the system allows it, are kept
 * out of core dumps, and are wiped.  With the allocator of the above, whatever
 * it frees is wiped too.
 */
void pkg_crypto_keep_secrets(void);

PKG_API_END
PKG_DEFINE_AUTO(pkg_crypto)

#endif
