/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_DOCUMENT_H
#define PKG_DOCUMENT_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/cms.h"
#include "packline/digest.h"
#include "packline/err.h"

/*
 * Signatures of documents, by the thousand, from their digests alone: where
 * the key is, the documents need not be.
 *
 * A detached signature is what packline/cms.h says, of content type id-data
 * (PKG_OID_DATA): every reader of CMS takes it.  An attached one is the same
 * with the document inside.  A raw one is the bare value: RSASSA-PKCS1-v1_5
 * and RSASSA-PSS (MGF1 of the same hash, salt as long as the digest) of RFC
 * 8017, ECDSA as DER (RFC 3279 section 2.2.3).
 *
 * Signer and verifier are made once and used for many documents; each is for
 * one thread at a time.  Threads make their own; they may share key,
 * certificates and lists.  A key in a token is for one thread alone, the one
 * that loaded it.
 */
struct pkg_document_signer;
struct pkg_document_verifier;

enum pkg_document_form {
	PKG_DOCUMENT_CMS, /* detached SignedData; pkg_document_attach() */
	PKG_DOCUMENT_RAW,
};

/* Who signs, and how; all pointers are borrowed until the signer is freed. */
struct pkg_document_sign_options {
	const struct pkg_key *key;
	const struct pkg_certs *certs; /* as in struct pkg_cms_sign_options */
	enum pkg_document_form form;
	enum pkg_cms_padding padding; /* for RSA keys only */
	/* Of the documents and of the signature: PKG_DIGEST_SHA256, _SHA384 or
	   _SHA512; 0 = SHA-384 for P-384, else SHA-256. */
	unsigned digest;
};

/* How signatures are judged; pointers are borrowed as above. */
struct pkg_document_verify_options {
	struct pkg_crypto *crypto;
	/* Its content_type is not looked at: it is PKG_OID_DATA. */
	struct pkg_cms_verify_options trust;
	enum pkg_document_form form;
	/* PKG_DOCUMENT_RAW: the signer's certificate first, then others that
	   may lead to an anchor; and how its key pads. */
	const struct pkg_certs *certs;
	enum pkg_cms_padding padding;
	unsigned digest; /* one bit, as above; 0 = the one that suits the key */
};

/* An attached signature in three parts: what is in front of the document, the
   document, and what is behind it. */
struct pkg_document_parts {
	uint64_t head;    /* bytes */
	uint64_t content; /* bytes; at most PKG_LIMIT_ATTACHED */
	uint64_t tail;    /* bytes */
	unsigned digest;  /* that it wants: a PKG_DIGEST_* bit, a claim */
};

/* More bytes than the first part ever has. */
enum { PKG_DOCUMENT_HEAD = 128 };

PKG_API_BEGIN

/*
 * Prepare to sign: all that does not depend on the document is done here.
 * The private key is not used.
 * @out  receives the signer; freed by the caller with
 *       pkg_document_signer_free().
 * Fails with PKG_KEY if the first certificate is not that of the key or not
 * one for code signing, if there are more than PKG_LIMIT_CMS_CERTS, or if the
 * key may not sign; PKG_USAGE for another digest; PKG_SYSTEM if out of memory.
 * Whether the certificate is valid now is the caller's to ask
 * (pkg_cert_check_signer()).
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_signer_new(struct pkg_document_signer **out,
			const struct pkg_document_sign_options *options,
			struct pkg_err *err);
/* The digest that it wants of each document: one PKG_DIGEST_* bit. */
unsigned pkg_document_signer_digest(const struct pkg_document_signer *self);
/*
 * Sign one document: one use of the private key.
 * @out           the signature is appended to it.  What is appended has been
 *                read back and verified by a verifier that trusts nothing but
 *                the certificate: for this digest and this time.
 * @digest        of the document, pkg_digest_size() bytes.
 * @signing_time  the claim, seconds since the epoch; a raw signature has none.
 * Fails with PKG_KEY if the key refuses, or if what it made does not verify;
 * PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_document_sign(struct pkg_document_signer *self,
					       struct pkg_buf *out,
					       const uint8_t *digest,
					       int64_t signing_time,
					       struct pkg_err *err);
void pkg_document_signer_free(struct pkg_document_signer *self);

/*
 * Prepare to verify.  What is found out about a certificate is kept for the
 * next signature of the same signer: its chain is judged once.
 * @out  receives the verifier; freed by the caller with
 *       pkg_document_verifier_free().
 * Fails with PKG_USAGE for another digest, or raw without a certificate;
 * PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_verifier_new(struct pkg_document_verifier **out,
			  const struct pkg_document_verify_options *options,
			  struct pkg_err *err);
/*
 * Which digest of its document does a signature want?
 * @digest     receives one PKG_DIGEST_* bit.
 * @signature  detached, or raw, of @len bytes; it is only looked at.
 * Fails with PKG_NO, reason "signature-profile" or "algorithm-weak"; PKG_INPUT
 * if there are more than PKG_LIMIT_SIGNATURE bytes.
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_wants(const struct pkg_document_verifier *self, unsigned *digest,
		   const void *signature, size_t len, struct pkg_err *err);
/*
 * Is it a signature of the document with these digests?
 * @signer     receives who signed and how; NULL = nobody wants to know.  The
 *             signing time is a claim, 0 if the signature is raw.
 * @signature  detached, or raw, of @len bytes.
 * @digests    of the document, with the one of pkg_document_wants().
 * Fails with PKG_NO and a reason of packline/cms.h; PKG_INPUT if there are
 * more than PKG_LIMIT_SIGNATURE bytes; PKG_USAGE if the digest is not among
 * @digests; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_verify(struct pkg_document_verifier *self,
		    struct pkg_cms_signer *signer, const void *signature,
		    size_t len, const struct pkg_digests *digests,
		    struct pkg_err *err);
void pkg_document_verifier_free(struct pkg_document_verifier *self);

/*
 * What has to stand in front of a document of @content bytes, and what behind
 * it, so that its detached signature becomes an attached one.
 * @head, @tail  they are appended to these.
 * Fails with PKG_NO as pkg_document_wants(); PKG_INPUT, reason "limit", if
 * the signature or the document is too large; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_document_attach(struct pkg_buf *head,
						 struct pkg_buf *tail,
						 const void *signature,
						 size_t len, uint64_t content,
						 struct pkg_err *err);
/*
 * Where in an attached signature is the document?
 * @parts  receives it: the sum of the three is @size.
 * @start  its first @len bytes: PKG_DOCUMENT_HEAD, or all if it has fewer.
 * @size   of all of it, in bytes.
 * Fails with PKG_NO, reason "signature-profile", if it is no attached
 * signature of the profile (a detached one is none), or "algorithm-weak";
 * PKG_INPUT, reason "limit", if one of the parts is too large.
 */
PKG_MUST_CHECK enum pkg_code pkg_document_find(struct pkg_document_parts *parts,
					       const void *start, size_t len,
					       uint64_t size,
					       struct pkg_err *err);
/*
 * Make the detached signature again, for pkg_document_verify(): there is one
 * attached signature for it and a document, and it is this one.
 * @der    it is appended.
 * @parts  as found.
 * @head, @tail  the bytes of these two parts.
 * Fails with PKG_NO, reason "signature-profile" or "algorithm-weak";
 * PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_document_detach(struct pkg_buf *der, const struct pkg_document_parts *parts,
		    const void *head, const void *tail, struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_document_signer)
PKG_DEFINE_AUTO(pkg_document_verifier)

#endif
