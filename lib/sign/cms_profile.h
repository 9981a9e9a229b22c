/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_CMS_PROFILE_H
#define SIGN_CMS_PROFILE_H

#include "packline/err.h"
#include "sign/der.h"

/* What the walk over a SignedData found, pointing into it. */
struct cms_profile {
	struct der_tlv content_type; /* the OID, equal at both places */
	unsigned digest_bits;        /* 256, 384, 512 */
	enum cms_algorithm {
		CMS_RSA_PKCS1 = 1,
		CMS_RSA_PSS,
		CMS_ECDSA,
	} algorithm;
	size_t cert_count;
	struct der_tlv timestamp; /* the unsigned attribute; tag 0 = none */
	struct der_tlv content;   /* of a token; else there is none */
	/* Where what is. */
	struct der_tlv data, encapsulated, certificates, signers;
	struct der_tlv signer; /* the SignerInfo, and in it: */
	struct der_tlv sid, attributes, algorithm_id, signature;
	/* Values of signed attributes; tag 0 = none. */
	struct der_tlv message_digest, signing_time, signing_cert;
};

/* What a SignedData is for. */
enum cms_use {
	CMS_USE_SIGNATURE, /* packline/cms.h */
	CMS_USE_TOKEN,     /* packline/timestamp.h */
};

/*
 * Hold @len bytes of @der against the profile of its use, before any
 * of OpenSSL's decoders sees it.
 * Fails with PKG_NO, reason "signature-profile" or "algorithm-weak".
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_profile_walk(struct cms_profile *out,
						  enum cms_use use,
						  const void *der, size_t len,
						  struct pkg_err *err);

#endif
