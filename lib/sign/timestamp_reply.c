/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/text.h"
#include "sign/oid.h"
#include "sign/timestamp.h"

#include <stdio.h>

enum { GRANTED_WITH_MODS = 1 }; /* the last PKIStatus that has a token */

/* The first free text of a reply that says no, made safe to print. */
static void status_text(char out[static PKG_CERT_TEXT], struct der *status)
{
	struct der texts;
	struct der_tlv text;

	out[0] = '\0';
	if (!pkg_der_is_next(status, DER_SEQUENCE))
		return;
	texts = pkg_der_enter(status, DER_SEQUENCE);
	text = pkg_der_take(&texts, DER_UTF8_STRING);
	if (texts.bad)
		return;
	out[0] = ':';
	out[1] = ' ';
	pkg_text_quote_cut(out + 2, PKG_CERT_TEXT - 2, (const char *)text.body,
			   text.len);
}

/* TimeStampResp: a PKIStatusInfo and, if that is a yes, the token. */
static enum pkg_code find_token(struct der_tlv *token,
				const struct pkg_timestamp_reply *reply,
				struct pkg_err *err)
{
	struct der all = pkg_der_all(reply->data, reply->len);
	struct der response = pkg_der_enter(&all, DER_SEQUENCE);
	struct der status = pkg_der_enter(&response, DER_SEQUENCE);
	const unsigned code = pkg_der_small(&status);
	char text[PKG_CERT_TEXT];

	if (reply->len > PKG_LIMIT_SIGNATURE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "the reply has more than %u bytes",
				  PKG_LIMIT_SIGNATURE);
	if (!pkg_der_valid(reply->data, reply->len) || status.bad)
		return timestamp_bad(err, "the reply is not one "
					  "definite-length DER TimeStampResp");
	if (code > GRANTED_WITH_MODS) {
		status_text(text, &status);
		return pkg_refuse(err, PKG_NO, "timestamp-refused",
				  "the authority's reply is a no, status %u%s",
				  code, text);
	}
	*token = pkg_der_take(&response, DER_SEQUENCE);
	if (response.bad || pkg_der_more(&response))
		return timestamp_bad(err, "the reply has no token");
	/* The body of what follows is the token with its tag and length. */
	token->len += (size_t)(token->body - token->start);
	token->body = token->start;
	return PKG_OK;
}

/* Before it is put where the profile of the signature would be blamed. */
static enum pkg_code walk_token(struct cms_profile *profile,
				const struct der_tlv *token,
				struct pkg_err *err)
{
	if (pkg_cms_profile_walk(profile, CMS_USE_TOKEN, token->body,
				 token->len, err) == PKG_OK)
		return PKG_OK;
	(void)pkg_wrap(err, "the time stamp");
	return pkg_because(err, "timestamp-bad");
}

static enum pkg_code is_about(bool *yes, const struct pkg_cms *cms,
			      const struct pkg_timestamp_reply *reply,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_timestamp_info) struct timestamp_info info = {0};
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	struct cms_profile profile;
	struct der_tlv token;

	PKG_TRY(pkg_sign_scope_enter(&scope, cms->crypto, err));
	PKG_TRY(find_token(&token, reply, err));
	PKG_TRY(walk_token(&profile, &token, err));
	PKG_TRY(pkg_timestamp_info_read(&info, &profile.content, err));
	return pkg_timestamp_is_imprint(yes, &info, cms, err);
}

enum pkg_code pkg_timestamp_is_about(bool *yes, const struct pkg_cms *cms,
				     const struct pkg_timestamp_reply *reply,
				     struct pkg_err *err)
{
	return pkg_sign_settle(is_about(yes, cms, reply, err), err);
}

/* The signature once more: OpenSSL has no way to copy one. */
static enum pkg_code copy(CMS_ContentInfo **out, const struct pkg_cms *cms,
			  struct pkg_err *err)
{
	PKG_AUTO(CMS_ContentInfo) CMS_ContentInfo *ci = NULL;
	unsigned char *der = NULL;
	const unsigned char *at = NULL;
	const int len = i2d_CMS_ContentInfo(cms->ci, &der);

	at = der;
	ci = CMS_ContentInfo_new_ex(pkg_crypto_libctx(cms->crypto), NULL);
	if (len > 0 && ci != NULL)
		(void)d2i_CMS_ContentInfo(&ci, &at, len);
	OPENSSL_free(der);
	if (len <= 0 || ci == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "copy a signature");
	*out = PKG_STEAL(ci);
	return PKG_OK;
}

static enum pkg_code embed(struct pkg_buf *out, const struct pkg_cms *cms,
			   const struct der_tlv *token, struct pkg_err *err)
{
	PKG_AUTO(CMS_ContentInfo) CMS_ContentInfo *ci = NULL;
	unsigned char *der = NULL;
	enum pkg_code code = PKG_OK;
	int len = 0;

	PKG_TRY(copy(&ci, cms, err));
	if (CMS_unsigned_add1_attr_by_NID(
		sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(ci), 0),
		NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE, token->body,
		(int)token->len) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "add a time stamp");
	len = i2d_CMS_ContentInfo(ci, &der);
	if (len <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode a signature");
	code = pkg_buf_add(out, der, (size_t)len, err);
	OPENSSL_free(der);
	return code;
}

/* What leaves here has been read back and verified as anybody would. */
static enum pkg_code add(struct pkg_buf *der, const struct pkg_cms *cms,
			 const struct pkg_timestamp_reply *reply,
			 const struct pkg_timestamp_rules *rules,
			 struct pkg_timestamp *stamp, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf made = {.max = 2 * (size_t)PKG_LIMIT_SIGNATURE};
	PKG_AUTO(pkg_cms) struct pkg_cms *stamped = NULL;
	struct pkg_timestamp unwanted;
	struct cms_profile profile;
	struct der_tlv token;

	if (cms->claim.has_timestamp)
		return pkg_fail(err, PKG_USAGE,
				"the signature of '%s' has a time stamp "
				"already",
				cms->claim.cert.subject);
	PKG_TRY(pkg_sign_scope_enter(&scope, cms->crypto, err));
	PKG_TRY(find_token(&token, reply, err));
	PKG_TRY(walk_token(&profile, &token, err));
	PKG_TRY(embed(&made, cms, &token, err));
	PKG_TRY(pkg_cms_parse(&stamped, cms->crypto, made.data, made.len, err));
	PKG_TRY(pkg_timestamp_verify(stamp == NULL ? &unwanted : stamp, stamped,
				     rules, err));
	return pkg_buf_add(der, made.data, made.len, err);
}

enum pkg_code pkg_timestamp_add(struct pkg_buf *der, const struct pkg_cms *cms,
				const struct pkg_timestamp_reply *reply,
				const struct pkg_timestamp_rules *rules,
				struct pkg_timestamp *stamp,
				struct pkg_err *err)
{
	return pkg_sign_settle(add(der, cms, reply, rules, stamp, err), err);
}
