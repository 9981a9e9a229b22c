/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_DOCUMENT_IMPL_H
#define SIGN_DOCUMENT_IMPL_H

#include "packline/document.h"
#include "sign/cms_internal.h"

/* Bytes of something else. */
struct document_span {
	const uint8_t *data;
	size_t len;
};

/* A SignedData of id-data, but for the document in it. */
struct document_frame {
	struct document_span before; /* version, digestAlgorithms */
	struct document_span after;  /* certificates, signerInfos */
};

/* Append an element's tag and length. */
PKG_MUST_CHECK enum pkg_code pkg_document_put_header(struct pkg_buf *out,
						     uint8_t tag, size_t len,
						     struct pkg_err *err);
/* Append one that is all there. */
PKG_MUST_CHECK enum pkg_code pkg_document_put_element(struct pkg_buf *out,
						      uint8_t tag,
						      struct document_span body,
						      struct pkg_err *err);
/* Append a detached signature. */
PKG_MUST_CHECK enum pkg_code
pkg_document_put_detached(struct pkg_buf *out,
			  const struct document_frame *frame,
			  struct pkg_err *err);

/* The PKG_DIGEST_* bit of a SHA-2 digest of so many bits, and back. */
unsigned pkg_document_digest_of(unsigned bits);
unsigned pkg_document_bits_of(unsigned digest);
/* PKG_USAGE unless @digest is one bit of the three. */
PKG_MUST_CHECK enum pkg_code pkg_document_check_digest(unsigned digest,
						       struct pkg_err *err);

/* How a key pads and which digest it gets, for a context of OpenSSL. */
struct document_scheme {
	const struct pkg_crypto *crypto;
	unsigned digest; /* PKG_DIGEST_* */
	bool pss;
};

/* After EVP_PKEY_sign_init() or EVP_PKEY_verify_init(): PKG_KEY. */
PKG_MUST_CHECK enum pkg_code
pkg_document_set_scheme(EVP_PKEY_CTX *ctx, const struct document_scheme *scheme,
			struct pkg_err *err);

/*
 * How a thousand signatures are verified at the price of a thousand public
 * key operations: the first one of a signer is decoded and judged by OpenSSL
 * as pkg_cms_verify() does it (canonical DER, one certificate that is named,
 * chain, purpose, lists, signingCertificateV2).  The next one whose bytes are
 * the same in all that this was about (signer identifier, certificates,
 * signingCertificateV2, algorithms) needs no second judgement.  What differs
 * between documents (digest, time, value) is looked at every time.
 */
struct document_known {
	struct pkg_buf bytes; /* what must be the same */
	enum cms_algorithm algorithm;
	unsigned bits; /* of the digest */
	struct pkg_cms_signer claim;
	EVP_PKEY_CTX *ctx; /* ready to verify; NULL = a free row */
};

enum { DOCUMENT_SIGNERS = 32 }; /* then the oldest is forgotten */

struct document_signers {
	const struct pkg_document_verify_options *options; /* borrowed */
	struct document_known rows[DOCUMENT_SIGNERS];
	size_t next; /* the row to use for the next signer */
};

/*
 * The row of the signer of @der, of which @profile is the walk; borrowed.
 * Fails as pkg_cms_verify().
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_signers_find(struct document_signers *self,
			  const struct document_known **out,
			  const struct cms_profile *profile,
			  const struct document_span *der, struct pkg_err *err);
/* The row of the signer of raw signatures. */
PKG_MUST_CHECK enum pkg_code
pkg_document_signers_raw(struct document_signers *self,
			 const struct document_known **out,
			 struct pkg_err *err);
void pkg_document_signers_fini(struct document_signers *self);

SIGN_DEFINE_AUTO(ASN1_TIME, ASN1_STRING_free)

#endif
