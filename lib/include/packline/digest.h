/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_DIGEST_H
#define PKG_DIGEST_H

#include "packline/auto.h"
#include "packline/crypto.h"
#include "packline/err.h"
#include "packline/sink.h"
#include "packline/source.h"

/*
 * Digests, several in one pass: MD5 (RFC 1321), SHA-1, SHA-256, SHA-384 and
 * SHA-512 (FIPS 180-4).  MD5 and SHA-1 are there because servers store them;
 * nothing is trusted because of them.
 */
enum {
	PKG_DIGEST_MD5 = 1 << 0,
	PKG_DIGEST_SHA1 = 1 << 1,
	PKG_DIGEST_SHA256 = 1 << 2,
	PKG_DIGEST_SHA384 = 1 << 3,
	PKG_DIGEST_SHA512 = 1 << 4,
	/* What an update server stores of an artifact. */
	PKG_DIGEST_SERVER =
	    PKG_DIGEST_MD5 | PKG_DIGEST_SHA1 | PKG_DIGEST_SHA256,
	PKG_DIGEST_ALL = (1 << 5) - 1,
	PKG_DIGEST_COUNT = 5,                    /* algorithms */
	PKG_DIGEST_MAX = 64,                     /* bytes of the longest */
	PKG_DIGEST_HEX = 2 * PKG_DIGEST_MAX + 1, /* as text, NUL included */
};

/* The results; only those in @set are valid, the others are zero. */
struct pkg_digests {
	unsigned set; /* PKG_DIGEST_* */
	uint8_t md5[16];
	uint8_t sha1[20];
	uint8_t sha256[32];
	uint8_t sha384[48];
	uint8_t sha512[64];
};

struct pkg_digest; /* a running computation; for one thread at a time */

/* Hashes what another source, borrowed, gives; see pkg_source_digest_init. */
struct pkg_source_digest {
	struct pkg_source source;
	struct pkg_source *inner;
	struct pkg_digest *digest;
};

/* The same, and compares at the end; see pkg_source_verify_init. */
struct pkg_source_verify {
	struct pkg_source source;
	struct pkg_source *inner;
	struct pkg_digest *digest;
	const struct pkg_digests *expected;
};

/* Hashes what goes to another sink; see pkg_sink_digest_init. */
struct pkg_sink_digest {
	struct pkg_sink sink;
	struct pkg_sink *inner;
	struct pkg_digest *digest;
};

PKG_API_BEGIN

/* "md5", "sha1", "sha256", "sha384" or "sha512" of one PKG_DIGEST_* bit. */
const char *pkg_digest_name(unsigned algorithm);
/* The same in capitals, "SHA256", as BSD's tools write it. */
const char *pkg_digest_tag(unsigned algorithm);
/* The PKG_DIGEST_* bit of such a name, in either form; 0 = unknown. */
unsigned pkg_digest_by_name(const char *name);
/* Bytes of the digest of one PKG_DIGEST_* bit. */
size_t pkg_digest_size(unsigned algorithm);
/* The bytes of one algorithm in @digests: pkg_digest_size(), borrowed. */
const uint8_t *pkg_digests_get(const struct pkg_digests *digests,
			       unsigned algorithm);
/* Store pkg_digest_size() bytes for one algorithm and add it to the set. */
void pkg_digests_put(struct pkg_digests *digests, unsigned algorithm,
		     const uint8_t *bytes);
/* The algorithms in both sets whose values differ: PKG_DIGEST_* bits. */
unsigned pkg_digests_differ(const struct pkg_digests *a,
			    const struct pkg_digests *b);

/*
 * Start to compute.
 * @out     receives the object; freed by the caller with pkg_digest_free().
 * @crypto  borrowed; must outlive the object.
 * @set     at least one PKG_DIGEST_* bit.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_digest_new(struct pkg_digest **out,
					    struct pkg_crypto *crypto,
					    unsigned set, struct pkg_err *err);
void pkg_digest_free(struct pkg_digest *digest); /* NULL is allowed */
/* Start over, with another @set if wished; errors as pkg_digest_new(). */
PKG_MUST_CHECK enum pkg_code
pkg_digest_reset(struct pkg_digest *digest, unsigned set, struct pkg_err *err);
/* Add @len bytes.  Fails with PKG_INTERNAL if the library refuses. */
PKG_MUST_CHECK enum pkg_code pkg_digest_update(struct pkg_digest *digest,
					       const void *data, size_t len,
					       struct pkg_err *err);
/*
 * The results of everything added since the start.  Afterwards only
 * pkg_digest_reset() and pkg_digest_free() may follow.
 * Fails with PKG_INTERNAL if the library refuses.
 */
PKG_MUST_CHECK enum pkg_code pkg_digest_finish(struct pkg_digest *digest,
					       struct pkg_digests *out,
					       struct pkg_err *err);
/*
 * Let @to go on from here with the algorithms of @set, which must be in
 * @from; @from goes on with its others.  What @to was doing is forgotten.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_digest_split(struct pkg_digest *from,
					      struct pkg_digest *to,
					      unsigned set,
					      struct pkg_err *err);
/* SHA-256 of @len bytes in memory; errors as above. */
PKG_MUST_CHECK enum pkg_code pkg_digest_sha256(struct pkg_crypto *crypto,
					       const void *data, size_t len,
					       uint8_t out[PKG_AT_LEAST(32)],
					       struct pkg_err *err);

/*
 * Add every byte that @inner gives to @digest.  All borrowed; the caller
 * takes the result with pkg_digest_finish() when source.ended is true.
 */
void pkg_source_digest_init(struct pkg_source_digest *self,
			    struct pkg_source *inner,
			    struct pkg_digest *digest);
/*
 * Pass on what @inner gives; where it ends, fail with PKG_NO, reason
 * "digest-mismatch", unless it had the digests @expected.  Until the end was
 * reached nothing that was read may be believed.  All borrowed.
 * @digest  is reset to the set of @expected, which must not be empty.
 * Fails as pkg_digest_reset().
 */
PKG_MUST_CHECK enum pkg_code
pkg_source_verify_init(struct pkg_source_verify *self, struct pkg_source *inner,
		       struct pkg_digest *digest,
		       const struct pkg_digests *expected, struct pkg_err *err);
/*
 * Must be called before what was read is believed: PKG_OK only if the source
 * was read to its end and the digests were right, else PKG_NO, reason
 * "digest-mismatch", or what made reading fail.
 */
PKG_MUST_CHECK enum pkg_code
pkg_source_verify_finish(struct pkg_source_verify *self, struct pkg_err *err);
/*
 * Add every byte that @inner accepted to @digest.  @inner may be NULL: bytes
 * are hashed and dropped.  All borrowed; @inner is not finished by this one.
 */
void pkg_sink_digest_init(struct pkg_sink_digest *self, struct pkg_sink *inner,
			  struct pkg_digest *digest);

PKG_API_END
PKG_DEFINE_AUTO(pkg_digest)

#endif
