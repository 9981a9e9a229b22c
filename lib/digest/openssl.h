/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIGEST_OPENSSL_H
#define DIGEST_OPENSSL_H

/* For the modules that own OpenSSL (lib/digest, lib/sign): never public. */

#include "packline/crypto.h"

#include <openssl/types.h>
#include <stdbool.h>

/* The private library context: every OpenSSL object is made in it. */
OSSL_LIB_CTX *pkg_crypto_libctx(const struct pkg_crypto *crypto);
/* The fetched digest of one PKG_DIGEST_* bit; borrowed. */
const EVP_MD *pkg_crypto_md(const struct pkg_crypto *crypto,
			    unsigned algorithm);
/*
 * Between true and false this thread may lack memory without an end of the
 * process (pkg_crypto_on_no_memory): for calls that release things and cope.
 */
void pkg_crypto_does_without_memory(bool yes);
/*
 * Record an error of the OpenSSL call that just failed: PKG_SYSTEM if it had no
 * memory or no random bytes, else @code, with OpenSSL's own reason after @what.
 * Empties OpenSSL's error queue.
 */
#define pkg_crypto_fail(err, code, what)                                       \
	pkg_failed_(pkg_crypto_fail_((err), (code), (what)))
enum pkg_code pkg_crypto_fail_(struct pkg_err *err, enum pkg_code code,
			       const char *what);

#endif
