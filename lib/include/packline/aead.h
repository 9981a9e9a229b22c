/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_AEAD_H
#define PKG_AEAD_H

#include "packline/auto.h"
#include "packline/sink.h"

#include <stdbool.h>

/*
 * The payload cipher of suite packline-1: AES-256-GCM in the STREAM mode of
 * Hoang, Reyhanitabar, Rogaway, Vizar (CRYPTO 2015).  Segments of 65536
 * bytes; nonce = 11-byte big-endian counter, then 01 for the last segment,
 * else 00; no additional data; 16-byte tag after each segment.  An empty file
 * is one empty last segment; otherwise the last segment is not empty.
 *
 * A key encrypts one stream only, ever: derive one per member.
 */
#define PKG_AEAD_SEGMENT 65536u
#define PKG_AEAD_TAG     16u
#define PKG_AEAD_KEY     32u

struct pkg_aead;
struct pkg_crypto;
struct pkg_secret;

PKG_API_BEGIN

/*
 * Bytes that @plain bytes take when encrypted; false if @plain is more than
 * PKG_LIMIT_PAYLOAD.
 */
bool pkg_aead_stored_size(uint64_t *stored, uint64_t plain);
/* The other way; false if no stream has that many bytes. */
bool pkg_aead_plain_size(uint64_t *plain, uint64_t stored);

/*
 * A sink that encrypts what is written to it and writes the result to @inner,
 * which is borrowed and not finished.
 * @out  receives it; freed by the caller with pkg_aead_free().
 * @key  PKG_AEAD_KEY bytes, copied.
 * Nothing of a stream counts before pkg_sink_finish(), which writes the last
 * segment.  Fails with PKG_INPUT for more than PKG_LIMIT_PAYLOAD bytes, or as
 * @inner does.
 */
PKG_MUST_CHECK enum pkg_code pkg_aead_encrypt_new(struct pkg_aead **out,
						  struct pkg_crypto *crypto,
						  const struct pkg_secret *key,
						  struct pkg_sink *inner,
						  struct pkg_err *err);
/*
 * A sink that takes exactly @stored bytes of ciphertext and writes the
 * plaintext to @inner, each segment only after its tag was checked.
 * Fails with PKG_INPUT, reason "truncated", if pkg_sink_finish() comes too
 * early and "trailing-data" if there is more (at once if no stream has
 * @stored bytes); with PKG_NO, reason "tag-mismatch", if a segment is not
 * authentic: a wrong key, a changed, moved or exchanged segment.
 */
PKG_MUST_CHECK enum pkg_code
pkg_aead_decrypt_new(struct pkg_aead **out, struct pkg_crypto *crypto,
		     const struct pkg_secret *key, uint64_t stored,
		     struct pkg_sink *inner, struct pkg_err *err);
/* Where to write; borrowed. */
struct pkg_sink *pkg_aead_sink(struct pkg_aead *aead);
void pkg_aead_free(struct pkg_aead *aead); /* NULL is allowed; wipes */

PKG_API_END
PKG_DEFINE_AUTO(pkg_aead)

#endif
