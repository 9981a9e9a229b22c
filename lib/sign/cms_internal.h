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
};

/*
 * Read the message that is the body of @der; see pkg_cms_parse(), whose
 * reasons it has for tokens too.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_read(struct pkg_cms **out, struct pkg_crypto *crypto, enum cms_use use,
	     const struct der_tlv *der, struct pkg_err *err);
/*
 * Does a chain lead from the signer's certificate to an anchor, and is all of
 * it fit for signing code?
 * @store  receives the anchors, for CMS_verify(); owned by the caller.
 * Fails with PKG_NO and a reason of packline/cms.h.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cms_trust_check(X509_STORE **store, const struct pkg_cms *cms,
		    const struct pkg_cms_verify_options *options,
		    struct pkg_err *err);

#endif
