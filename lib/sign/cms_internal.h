/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_CMS_INTERNAL_H
#define SIGN_CMS_INTERNAL_H

#include "packline/cms.h"
#include "sign/cms_profile.h"
#include "sign/internal.h"

struct pkg_cms {
	struct pkg_crypto *crypto; /* borrowed */
	enum cms_use use;
	CMS_ContentInfo *ci;
	CMS_SignerInfo *si; /* borrowed from ci */
	X509 *signer;
	struct pkg_cms_signer claim;
	char content_type[80]; /* dotted */
	uint8_t *der;          /* owned; what was parsed */
	size_t der_len;
};

/*
 * Read the message that is the body of @der; see pkg_cms_parse(), whose
 * reasons it has for tokens too.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_read(struct pkg_cms **out, struct pkg_crypto *crypto, enum cms_use use,
	     const struct der_tlv *der, struct pkg_err *err);
/* Whose certificate is judged; borrowed. */
struct cms_subject {
	struct pkg_crypto *crypto;
	X509 *x509;
	const struct pkg_cert_info *info;
	STACK_OF(X509) * others; /* that may lead to an anchor; NULL = none */
};

/* What it was found to be trusted by; both owned. */
struct cms_trusted {
	X509_STORE *store;      /* the anchors, for CMS_verify() */
	STACK_OF(X509) * chain; /* from the certificate up to one of them */
};

/*
 * Does a chain lead from a certificate to an anchor, and is all of it fit for
 * signing code?
 * @out  released by the caller with pkg_cms_trusted_fini().
 * Fails with PKG_NO and a reason of packline/cms.h.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_trust_judge(struct cms_trusted *out, const struct cms_subject *subject,
		    const struct pkg_cms_verify_options *options,
		    struct pkg_err *err);
/* The same for the signer of a message, with the others in it. */
PKG_MUST_CHECK enum pkg_code
pkg_cms_trust_check(struct cms_trusted *out, const struct pkg_cms *cms,
		    const struct pkg_cms_verify_options *options,
		    struct pkg_err *err);
void pkg_cms_trusted_fini(struct cms_trusted *trusted);

/* Give a new ECDSA signature the usual length, if it can be; ecdsa.c. */
PKG_MUST_CHECK enum pkg_code pkg_cms_even_ecdsa(CMS_ContentInfo *ci,
						enum pkg_key_type type,
						struct pkg_err *err);
/* Add the certificates behind the first one, each once. */
PKG_MUST_CHECK enum pkg_code pkg_cms_add_chain(CMS_ContentInfo *ci,
					       const struct pkg_certs *certs,
					       struct pkg_err *err);
/*
 * What leaves here has been read back and verified, as anybody would, against
 * the first of @certs.  Fails as pkg_cms_parse() and pkg_cms_verify() do.
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_check_made(const struct pkg_buf *der,
						const void *content, size_t len,
						const struct pkg_certs *certs,
						const char *content_type,
						struct pkg_err *err);

/* The verdict on what was just made: if it is a no, the key or its
   certificates are at fault, or the machine: PKG_KEY. */
PKG_MUST_CHECK enum pkg_code pkg_cms_made(enum pkg_code verdict,
					  struct pkg_err *err);

/*
 * A SignedData with everything but attributes and signature: made with the
 * public key of the first certificate alone.
 */
struct cms_shell {
	CMS_ContentInfo *ci;
	CMS_SignerInfo *si; /* borrowed from ci */
	unsigned bits;      /* of the digest */
};

/* What is to be in a shell. */
struct cms_shell_spec {
	const struct pkg_certs *certs;
	const char *content_type;
	unsigned digest_bits; /* 0 = the one that suits the key */
	bool cades;           /* with the attribute signingCertificateV2 */
};

/* Fails with PKG_KEY if the certificate may not sign; PKG_SYSTEM. */
PKG_MUST_CHECK enum pkg_code
pkg_cms_shell_new(struct cms_shell *out, const struct cms_shell_spec *spec,
		  struct pkg_err *err);
/* The same, with the attributes of a signature over @content in it. */
PKG_MUST_CHECK enum pkg_code
pkg_cms_shell_filled(struct cms_shell *out, const void *content, size_t len,
		     const struct pkg_cms_sign_options *options,
		     struct pkg_err *err);
/* Append its DER to @out. */
PKG_MUST_CHECK enum pkg_code pkg_cms_shell_encode(const struct cms_shell *shell,
						  struct pkg_buf *out,
						  struct pkg_err *err);
/* Name the algorithm of the signature, with its parameters. */
PKG_MUST_CHECK enum pkg_code pkg_cms_shell_pss(const struct cms_shell *shell,
					       struct pkg_err *err);
/* The signature itself. */
PKG_MUST_CHECK enum pkg_code pkg_cms_shell_put(const struct cms_shell *shell,
					       const uint8_t *signature,
					       size_t len, struct pkg_err *err);
void pkg_cms_shell_fini(struct cms_shell *shell);
/* EVP_sha256(), EVP_sha384() or EVP_sha512(). */
const EVP_MD *pkg_cms_digest(unsigned bits);

#endif
