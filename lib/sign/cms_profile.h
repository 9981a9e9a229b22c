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
	bool has_timestamp;
};

/*
 * Hold @len bytes of @der against the profile of packline/cms.h, before any
 * of OpenSSL's decoders sees it.
 * Fails with PKG_NO, reason "signature-profile" or "algorithm-weak".
 */
PKG_MUST_CHECK enum pkg_code pkg_cms_profile_walk(struct cms_profile *out,
						  const void *der, size_t len,
						  struct pkg_err *err);

#endif
