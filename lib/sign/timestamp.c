/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/timestamp.h"

#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/limits.h"
#include "sign/timestamp.h"

#include <openssl/bn.h>
#include <openssl/objects.h>
#include <stdio.h>

SIGN_DEFINE_AUTO(ASN1_INTEGER, ASN1_INTEGER_free)
SIGN_DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free)
SIGN_DEFINE_AUTO(BIGNUM, BN_free)
SIGN_DEFINE_AUTO(TS_MSG_IMPRINT, TS_MSG_IMPRINT_free)
SIGN_DEFINE_AUTO(X509_ALGOR, X509_ALGOR_free)

enum { NONCE = 16 }; /* bytes: nobody meets one twice */

bool pkg_timestamp_is_policy(const char *text)
{
	PKG_AUTO(ASN1_OBJECT) ASN1_OBJECT *oid = NULL;
	char again[PKG_TIMESTAMP_POLICY] = "";

	if (strlen(text) >= PKG_TIMESTAMP_POLICY)
		return false;
	oid = OBJ_txt2obj(text, 1);
	return oid != NULL && OBJ_obj2txt(again, sizeof(again), oid, 1) > 0 &&
	       strcmp(text, again) == 0;
}

static unsigned digest_bit(unsigned bits)
{
	if (bits == 384)
		return PKG_DIGEST_SHA384;
	return bits == 512 ? PKG_DIGEST_SHA512 : PKG_DIGEST_SHA256;
}

enum pkg_code pkg_timestamp_imprint(uint8_t out[static 64],
				    const struct pkg_cms *cms, unsigned bits,
				    struct pkg_err *err)
{
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(cms->si);
	const EVP_MD *md = pkg_crypto_md(cms->crypto, digest_bit(bits));

	if (value == NULL || value->length <= 0)
		return pkg_fail(err, PKG_INTERNAL, "a signature without value");
	if (EVP_Digest(value->data, (size_t)value->length, out, NULL, md,
		       NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "hash");
	return PKG_OK;
}

enum pkg_code pkg_timestamp_is_imprint(bool *yes,
				       const struct timestamp_info *info,
				       const struct pkg_cms *cms,
				       struct pkg_err *err)
{
	uint8_t own[64];

	PKG_TRY(pkg_timestamp_imprint(own, cms, info->digest_bits, err));
	*yes = info->imprint.len * 8 == info->digest_bits &&
	       memcmp(own, info->imprint.body, info->imprint.len) == 0;
	return PKG_OK;
}

static bool set_imprint(TS_REQ *req, unsigned bits, uint8_t *digest)
{
	PKG_AUTO(TS_MSG_IMPRINT) TS_MSG_IMPRINT *imprint = NULL;
	PKG_AUTO(X509_ALGOR) X509_ALGOR *algorithm = X509_ALGOR_new();
	const int nid = bits == 384   ? NID_sha384
			: bits == 512 ? NID_sha512
				      : NID_sha256;

	imprint = TS_MSG_IMPRINT_new();
	return imprint != NULL && algorithm != NULL &&
	       X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), V_ASN1_NULL,
			       NULL) == 1 &&
	       TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
	       TS_MSG_IMPRINT_set_msg(imprint, digest, (int)bits / 8) == 1 &&
	       TS_REQ_set_msg_imprint(req, imprint) == 1;
}

static enum pkg_code set_nonce(TS_REQ *req, struct pkg_crypto *crypto,
			       struct pkg_err *err)
{
	PKG_AUTO(ASN1_INTEGER) ASN1_INTEGER *nonce = NULL;
	PKG_AUTO(BIGNUM) BIGNUM *number = NULL;
	uint8_t random[NONCE];

	PKG_TRY(pkg_crypto_random(crypto, random, sizeof(random), err));
	random[0] = (uint8_t)((random[0] & 0x7f) | 0x40); /* 16 bytes, > 0 */
	number = BN_bin2bn(random, NONCE, NULL);
	nonce = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
	if (nonce == NULL || TS_REQ_set_nonce(req, nonce) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set a nonce");
	return PKG_OK;
}

static enum pkg_code set_policy(TS_REQ *req, const char *text,
				struct pkg_err *err)
{
	PKG_AUTO(ASN1_OBJECT) ASN1_OBJECT *oid = NULL;

	if (!pkg_timestamp_is_policy(text))
		return pkg_fail(err, PKG_USAGE,
				"'%s' is not an object identifier in dotted "
				"form",
				text);
	oid = OBJ_txt2obj(text, 1);
	if (oid == NULL || TS_REQ_set_policy_id(req, oid) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set the policy");
	return PKG_OK;
}

static enum pkg_code query(struct pkg_buf *out, const struct pkg_cms *cms,
			   const struct pkg_timestamp_ask *ask,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	const unsigned bits = ask->digest_bits == 0 ? 256 : ask->digest_bits;
	PKG_AUTO(TS_REQ) TS_REQ *req = NULL;
	unsigned char *der = NULL;
	enum pkg_code code = PKG_OK;
	uint8_t digest[64];
	int got = 0;

	PKG_TRY(pkg_sign_scope_enter(&scope, cms->crypto, err));
	PKG_TRY(pkg_timestamp_imprint(digest, cms, bits, err));
	req = TS_REQ_new();
	if (req == NULL || TS_REQ_set_version(req, 1) != 1 ||
	    TS_REQ_set_cert_req(req, 1) != 1 || !set_imprint(req, bits, digest))
		return pkg_crypto_fail(err, PKG_SYSTEM, "make a query");
	if (ask->nonce)
		PKG_TRY(set_nonce(req, cms->crypto, err));
	if (ask->policy != NULL)
		PKG_TRY(set_policy(req, ask->policy, err));
	got = i2d_TS_REQ(req, &der);
	if (got <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode a query");
	code = pkg_buf_add(out, der, (size_t)got, err);
	OPENSSL_free(der);
	return code;
}

enum pkg_code pkg_timestamp_query(struct pkg_buf *der,
				  const struct pkg_cms *cms,
				  const struct pkg_timestamp_ask *ask,
				  struct pkg_err *err)
{
	return pkg_sign_settle(query(der, cms, ask, err), err);
}
