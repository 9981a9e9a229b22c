/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CMS_H
#define PKG_CMS_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/cert.h"
#include "packline/err.h"
#include "packline/key.h"

#include <stdbool.h>

/*
 * Detached signatures: CMS SignedData (RFC 5652) of one signer, in the
 * profile of suite packline-1 (schemas/container.md):
 *
 * - definite-length DER; detached; the content type is one of ours;
 * - one SignerInfo, by issuerAndSerialNumber or subjectKeyIdentifier, whose
 *   certificate is among the 1..8 of the message; no CRLs;
 * - signed attributes contentType, messageDigest, signingTime,
 *   signingCertificateV2, each once; CMSAlgorithmProtection is allowed;
 * - unsigned attributes: at most one RFC 3161 timeStampToken;
 * - SHA-256, SHA-384, SHA-512; RSASSA-PSS (MGF1 of the same hash, salt as
 *   long as the digest), RSASSA-PKCS1-v1_5, both >= 3072 bits; ECDSA P-256,
 *   P-384.
 *
 * Reasons of a refusal (PKG_NO):
 *
 *   signature-profile     outside of the profile above
 *   signature-bad         does not belong to this content, or was changed
 *   signer-untrusted      no chain to a trust anchor, or none was given
 *   certificate-expired   outside the validity of a certificate of the chain
 *   certificate-purpose   a CA, or not a certificate for code signing
 *   certificate-revoked   a CRL lists it, or no current CRL was given for it
 *   certificate-invalid   anything else that RFC 5280 forbids in the chain
 *   algorithm-weak        a digest, signature or key below the suite's level
 */
#define PKG_OID_MANIFEST "2.25.143773712440608388605632316441441173953.1"
#define PKG_OID_APPROVAL "2.25.143773712440608388605632316441441173953.2"
#define PKG_OID_DATA     "1.2.840.113549.1.7.1" /* id-data, RFC 5652 */

struct pkg_cms;
struct pkg_crypto;
struct pkg_env;

enum pkg_cms_padding {
	PKG_CMS_PSS,   /* RSA keys: RSASSA-PSS */
	PKG_CMS_PKCS1, /* RSA keys: PKCS#1 v1.5, for HSMs and same bytes */
};

/*
 * Who signs, and how.  For pkg_cms_sign() all of it; pkg_cms_tbs() and
 * pkg_cms_sign_size() have no use for the private key.
 */
struct pkg_cms_sign_options {
	const struct pkg_key *key;     /* borrowed, as are all pointers here */
	const struct pkg_certs *certs; /* the signer's certificate first, then
					  at most 7 others to go along */
	const char *content_type;      /* PKG_OID_... */
	int64_t signing_time;          /* the claim, seconds since the epoch */
	enum pkg_cms_padding padding;  /* for RSA keys only */
	unsigned digest_bits; /* 256, 384 or 512; 0 = 384 for P-384, else 256 */
};

/* A signature that was made somewhere else; all borrowed. */
struct pkg_cms_raw {
	const void *tbs; /* the attributes, as pkg_cms_tbs() gave them */
	size_t tbs_len;
	/*
	 * Over them.  RSA: as long as the modulus; whether it is PSS (salt as
	 * long as the digest) or PKCS#1 v1.5 is found out by verifying it.
	 * ECDSA: DER (RFC 3279 section 2.2.3), or r and s as PKCS#11 has them.
	 */
	const void *signature;
	size_t signature_len;
	const struct pkg_certs *certs; /* the signer's first, then others */
	const char *content_type;      /* PKG_OID_... */
};

/* How a signature is judged. */
struct pkg_cms_verify_options {
	const char *content_type; /* the one expected: PKG_OID_... */
	/* Trust anchors, borrowed: CA certificates, or signers themselves. */
	const struct pkg_certs *anchors;
	/* SHA-256 of the SPKI of keys that are trusted by themselves. */
	const uint8_t (*anchor_keys)[32];
	size_t anchor_key_count;
	const struct pkg_crls *crls; /* NULL = no revocation check */
	bool no_time; /* do not look at validity periods at all */
	int64_t at;   /* else: the time to judge at, seconds since the epoch */
	/* Only the lists of @crls are judged at @at: the certificates may have
	   expired, as they are judged at another time. */
	bool any_validity;
};

/* Who signed and how.  From pkg_cms_parse(): claims; from verify: facts. */
struct pkg_cms_signer {
	struct pkg_cert_info cert;
	int64_t signing_time;  /* always only the signer's claim */
	bool has_timestamp;    /* carries an RFC 3161 token, not checked here */
	const char *digest;    /* "sha256", "sha384", "sha512" */
	const char *algorithm; /* "rsa-pss", "rsa-pkcs1", "ecdsa-p256",
				  "ecdsa-p384" */
};

PKG_API_BEGIN

/*
 * Who signs now: is he able to?
 * @out    receives key, certificates and signing time (SOURCE_DATE_EPOCH, or
 *         the clock); content type and padding are left to the caller.
 * @key    NULL = out of reach.
 * @certs  his first; NULL = those of the key.
 * Fails as pkg_cert_check_key() and pkg_cert_check_signer(); PKG_KEY if there
 * is no certificate, PKG_USAGE if there is no key either.
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_sign_as(struct pkg_cms_sign_options *out,
					     const struct pkg_env *env,
					     const struct pkg_key *key,
					     const struct pkg_certs *certs,
					     struct pkg_err *err);

/*
 * Sign @len (at most 16 MiB) bytes of @content.
 * @der    the signature is appended to it; what is appended has been verified
 *         against that certificate by the code of pkg_cms_verify() first.
 * Fails with PKG_KEY if the first certificate is not that of @key or not one
 * for code signing, or the key refuses; PKG_INPUT if the content is too long;
 * PKG_SYSTEM if out of memory.  Whether the certificate is valid now is the
 * caller's to ask (pkg_cert_check_signer()): a signing time taken from
 * SOURCE_DATE_EPOCH may lie before the certificate was made.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_sign(struct pkg_buf *der, const void *content, size_t len,
	     const struct pkg_cms_sign_options *options, struct pkg_err *err);

/*
 * How many bytes pkg_cms_sign() will append, without using the key.  Exact for
 * RSA; for ECDSA the most probable length, off by up to 4 bytes.
 * Fails as pkg_cms_sign(), but for the key.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_sign_size(size_t *size, const struct pkg_cms_sign_options *options,
		  struct pkg_err *err);
/*
 * The first half of a signature by a key that is out of reach (an HSM, a PKI
 * that signs blobs): the bytes that it has to sign, which are the DER SET OF
 * signed attributes (RFC 5652 section 5.4).
 * @der  they are appended to it.
 * Fails as pkg_cms_sign(), but for the key.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_tbs(struct pkg_buf *der, const void *content, size_t len,
	    const struct pkg_cms_sign_options *options, struct pkg_err *err);
/*
 * The second half: put attributes, signature and certificates together.
 * @der  the signature over @content is appended to it; it has been verified
 *       as pkg_cms_sign() does.
 * Fails with PKG_NO, reason "unexpected-manifest", if the attributes are of
 * another content; "signature-bad" if the signature is not over them and by
 * the first certificate; "signature-profile"; PKG_INPUT, reason
 * "signature-profile", if @tbs is no such SET; PKG_KEY if the certificate is
 * not one for code signing.
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_assemble(struct pkg_buf *der,
					      const void *content, size_t len,
					      const struct pkg_cms_raw *raw,
					      struct pkg_err *err);

/*
 * Read a signature and hold it against the profile.  Nothing is verified yet.
 * @out  receives it; freed by the caller with pkg_cms_free().
 * Fails with PKG_NO, reason "signature-profile" or "algorithm-weak";
 * PKG_INPUT if there are more than PKG_LIMIT_SIGNATURE bytes; PKG_SYSTEM if
 * out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_parse(struct pkg_cms **out,
					   struct pkg_crypto *crypto,
					   const void *der, size_t len,
					   struct pkg_err *err);
/*
 * Who claims to have signed; borrowed.  Believe nothing of it before
 * pkg_cms_verify(): good for ordering, for finding the pin to hold it
 * against, and for display that says so.
 */
const struct pkg_cms_signer *pkg_cms_claim(const struct pkg_cms *cms);
/* The type of content that it says it is over, dotted: PKG_OID_... */
const char *pkg_cms_content_type(const struct pkg_cms *cms);
/*
 * Verify it over @len (at most 16 MiB) bytes of @content.  On success the
 * claim is a fact, apart from the signing time.
 * Fails with PKG_NO and a reason from the list above; PKG_SYSTEM if out of
 * memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_verify(struct pkg_cms *cms, const void *content, size_t len,
	       const struct pkg_cms_verify_options *options,
	       struct pkg_err *err);
void pkg_cms_free(struct pkg_cms *cms); /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_cms)

#endif
