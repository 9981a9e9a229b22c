/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SECRET_H
#define PKG_SECRET_H

#include "packline/auto.h"
#include "packline/err.h"

/*
 * Key material of a few bytes in pages of its own: locked if the system allows
 * it, kept out of core dumps and of child processes, wiped when it is freed.
 */
struct pkg_secret;
struct pkg_crypto;

PKG_API_BEGIN

/*
 * @out  receives @len (1..4096) bytes, all zero; freed by the caller with
 *       pkg_secret_free().
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_secret_new(struct pkg_secret **out, size_t len,
					    struct pkg_err *err);
/*
 * The same, filled by the private random generator of @crypto.  Fails with
 * PKG_SYSTEM if there is no randomness: never with weak bytes.
 */
PKG_MUST_CHECK enum pkg_code pkg_secret_random(struct pkg_secret **out,
					       struct pkg_crypto *crypto,
					       size_t len, struct pkg_err *err);
/* The bytes, borrowed; writable. */
uint8_t *pkg_secret_data(const struct pkg_secret *secret);
size_t pkg_secret_len(const struct pkg_secret *secret);
void pkg_secret_free(struct pkg_secret *secret); /* NULL is allowed */

/*
 * Overwrite some 128 KiB of this thread's stack that lie below the caller:
 * what functions that handled secrets, ours and OpenSSL's, left there.  To be
 * called right after they have returned.
 */
void pkg_secret_scrub_stack(void);

PKG_API_END
PKG_DEFINE_AUTO(pkg_secret)

#endif
