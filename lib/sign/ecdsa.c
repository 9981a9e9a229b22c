/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/cms_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

SIGN_DEFINE_AUTO(BIGNUM, BN_free)
SIGN_DEFINE_AUTO(ECDSA_SIG, ECDSA_SIG_free)
SIGN_DEFINE_AUTO(EC_GROUP, EC_GROUP_free)

/* Replace s by n - s: the signature is as valid as before. */
static enum pkg_code flip(ECDSA_SIG *sig, const EC_GROUP *group,
			  struct pkg_err *err)
{
	PKG_AUTO(BIGNUM) BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(sig));
	PKG_AUTO(BIGNUM) BIGNUM *s = BN_new();

	if (r == NULL || s == NULL ||
	    BN_sub(s, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(sig)) != 1 ||
	    ECDSA_SIG_set0(sig, r, s) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "read a new signature");
	r = NULL;
	s = NULL;
	return PKG_OK;
}

static enum pkg_code store(ASN1_OCTET_STRING *out, const ECDSA_SIG *sig,
			   struct pkg_err *err)
{
	unsigned char *der = NULL;
	const int len = i2d_ECDSA_SIG(sig, &der);

	if (len <= 0)
		return pkg_fail_nomem(err);
	ASN1_STRING_set0(out, der, len);
	return PKG_OK;
}

/*
 * ECDSA signatures have an INTEGER r and an INTEGER s, each with a byte more
 * if its first bit is set.  (r, s) and (r, n - s) are both valid (FIPS 186-5
 * does not choose), and of s and n - s one has that bit: so nearly every
 * signature can be given the usual length, without another use of the key.
 * Nothing depends on which of the two it is: bytes of signatures are never an
 * identity.
 */
enum pkg_code pkg_cms_even_ecdsa(CMS_ContentInfo *ci, enum pkg_key_type type,
				 struct pkg_err *err)
{
	const bool p384 = type == PKG_KEY_TYPE_P384;
	const int usual = 2 * (2 + (p384 ? 48 : 32)) + 1 + 2;
	CMS_SignerInfo *si =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(ci), 0);
	ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(si);
	const unsigned char *at = ASN1_STRING_get0_data(value);
	PKG_AUTO(EC_GROUP) EC_GROUP *group = NULL;
	PKG_AUTO(ECDSA_SIG) ECDSA_SIG *sig = NULL;

	if (ASN1_STRING_length(value) == usual)
		return PKG_OK;
	group = EC_GROUP_new_by_curve_name(p384 ? NID_secp384r1
						: NID_X9_62_prime256v1);
	sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(value));
	if (group == NULL || sig == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "read a new signature");
	PKG_TRY(flip(sig, group, err));
	/* One in 128 has a short r or s: that one stays as it is. */
	return i2d_ECDSA_SIG(sig, NULL) == usual ? store(value, sig, err)
						 : PKG_OK;
}
