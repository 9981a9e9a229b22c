/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/text.h"
#include "sign/oid.h"
#include "sign/timestamp.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

enum { AUTH_LEVEL = 2 }; /* 112 bits, no SHA-1 in the chain */

/* One verification of a token. */
struct check {
	const struct pkg_cms *cms; /* the signature that it is about */
	const struct pkg_timestamp_rules *rules;
	const struct timestamp_info *info;
	const struct pkg_cms *token;
};

static enum pkg_code token_of(struct der_tlv *out, const struct pkg_cms *cms,
			      struct pkg_err *err)
{
	const int at = CMS_unsigned_get_attr_by_NID(
	    cms->si, NID_id_smime_aa_timeStampToken, -1);
	const ASN1_TYPE *value = NULL;

	if (at < 0)
		return pkg_refuse(err, PKG_NO, "timestamp-missing",
				  "the signature of '%s' has no time stamp",
				  cms->claim.cert.subject);
	value = X509_ATTRIBUTE_get0_type(CMS_unsigned_get_attr(cms->si, at), 0);
	if (value == NULL || value->type != V_ASN1_SEQUENCE ||
	    value->value.sequence->length <= 0)
		return timestamp_bad(err, "it is not a token");
	out->body = value->value.sequence->data;
	out->len = (size_t)value->value.sequence->length;
	return PKG_OK;
}

/* The name in a token, if there is one, must be the certificate's (RFC 3161
   section 2.4.2). */
static bool names_tsa(const struct check *check)
{
	GENERAL_NAME *said = TS_TST_INFO_get_tsa(check->info->tst);
	GENERAL_NAMES *names = NULL;
	bool found = false;

	if (said == NULL)
		return true;
	if (said->type == GEN_DIRNAME &&
	    X509_NAME_cmp(said->d.directoryName,
			  X509_get_subject_name(check->token->signer)) == 0)
		return true;
	names = X509_get_ext_d2i(check->token->signer, NID_subject_alt_name,
				 NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i),
					 said) == 0;
	GENERAL_NAMES_free(names);
	return found;
}

/* What was asked must be what was answered. */
static enum pkg_code check_query(const struct check *check, struct pkg_err *err)
{
	const struct pkg_timestamp_rules *rules = check->rules;
	const unsigned char *at = rules->query;
	PKG_AUTO(TS_REQ) TS_REQ *req = NULL;
	const ASN1_INTEGER *nonce = TS_TST_INFO_get_nonce(check->info->tst);
	const ASN1_INTEGER *asked = NULL;
	const ASN1_OBJECT *policy = NULL;

	if (rules->query_len == 0)
		return PKG_OK;
	if (rules->query_len > PKG_LIMIT_SIGNATURE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "the query has more than %u bytes",
				  PKG_LIMIT_SIGNATURE);
	req = d2i_TS_REQ(NULL, &at, (long)rules->query_len);
	if (req == NULL || at != rules->query + rules->query_len) {
		if (pkg_crypto_fail(err, PKG_INPUT, "decode") != PKG_INPUT)
			return err->code;
		return pkg_fail(err, PKG_INPUT,
				"the query is not a TimeStampReq in DER");
	}
	asked = TS_REQ_get_nonce(req);
	if (asked != NULL &&
	    (nonce == NULL || ASN1_INTEGER_cmp(asked, nonce) != 0))
		return timestamp_bad(err, "it has another nonce than the "
					  "query");
	policy = TS_REQ_get_policy_id(req);
	if (policy != NULL &&
	    OBJ_cmp(policy, TS_TST_INFO_get_policy_id(check->info->tst)) != 0)
		return timestamp_bad(err, "it has another policy than the "
					  "query");
	return PKG_OK;
}

static enum pkg_code untrusted(struct pkg_err *err, const struct check *check,
			       const char *why)
{
	return pkg_refuse(err, PKG_NO, "timestamp-untrusted",
			  "the time stamp of '%s' is not believed: %s",
			  check->token->claim.cert.subject, why);
}

static enum pkg_code check_pin(const struct check *check, struct pkg_err *err)
{
	const struct pkg_timestamp_rules *rules = check->rules;

	for (size_t i = 0; i < rules->pin_count; i++)
		if (memcmp(rules->pins[i], check->token->claim.cert.spki, 32) ==
		    0)
			return PKG_OK;
	return rules->pin_count == 0
		   ? PKG_OK
		   : untrusted(err, check, "its key is not one that is pinned");
}

/*
 * The purpose asks for an extendedKeyUsage that is critical and time stamping
 * alone (RFC 3161 section 2.3).  Judged at genTime: the certificates of a TSA
 * are made to be outlived by what it stamps.
 */
static enum pkg_code make_store(X509_STORE **out, const struct check *check,
				struct pkg_err *err)
{
	const struct pkg_certs *anchors = check->rules->anchors;
	PKG_AUTO(X509_STORE) X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = NULL;
	bool ok = store != NULL;

	if (anchors == NULL || anchors->count == 0)
		return untrusted(err, check, "no authority is trusted");
	for (size_t i = 0; ok && i < anchors->count; i++)
		ok = X509_STORE_add_cert(store, anchors->entries[i].x509) == 1;
	if (!ok)
		return pkg_crypto_fail(err, PKG_SYSTEM, "add an anchor");
	param = X509_STORE_get0_param(store);
	X509_VERIFY_PARAM_set_time(param, (time_t)check->info->time);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN |
						   X509_V_FLAG_POLICY_CHECK) !=
		1 ||
	    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_TIMESTAMP_SIGN) !=
		1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set up trust");
	*out = PKG_STEAL(store);
	return PKG_OK;
}

static enum pkg_code check_chain(X509_STORE *store, const struct check *check,
				 struct pkg_err *err)
{
	PKG_AUTO(X509_STORE_CTX)
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(
	    pkg_crypto_libctx(check->token->crypto), NULL);
	STACK_OF(X509) *certs = CMS_get1_certs(check->token->ci);
	const bool ready =
	    ctx != NULL && certs != NULL &&
	    X509_STORE_CTX_init(ctx, store, check->token->signer, certs) == 1;
	const bool good = ready && X509_verify_cert(ctx) == 1;
	const int verdict =
	    ready ? X509_STORE_CTX_get_error(ctx) : X509_V_ERR_OUT_OF_MEM;

	sk_X509_pop_free(certs, X509_free);
	if (good)
		return PKG_OK;
	if (verdict == X509_V_ERR_OUT_OF_MEM)
		return pkg_fail_nomem(err);
	return untrusted(err, check, X509_verify_cert_error_string(verdict));
}

static enum pkg_code check_signature(X509_STORE *store,
				     const struct check *check,
				     struct pkg_err *err)
{
	if (CMS_verify(check->token->ci, NULL, store, NULL, NULL,
		       CMS_BINARY | CMS_NOCRL | CMS_CADES) == 1)
		return PKG_OK;
	if (pkg_crypto_fail(err, PKG_NO, "verify a time stamp") != PKG_NO)
		return err->code;
	return timestamp_bad(err, "the authority's signature is wrong, or it "
				  "was changed");
}

static enum pkg_code run_checks(const struct check *check, struct pkg_err *err)
{
	PKG_AUTO(X509_STORE) X509_STORE *store = NULL;
	const char *policy = check->rules->policy;
	bool same = false;

	PKG_TRY(pkg_timestamp_is_imprint(&same, check->info, check->cms, err));
	if (!same)
		return timestamp_bad(err, "it is about another signature");
	PKG_TRY(check_query(check, err));
	if (!names_tsa(check))
		return timestamp_bad(err, "it names another authority than its "
					  "certificate");
	PKG_TRY(make_store(&store, check, err));
	PKG_TRY(check_chain(store, check, err));
	PKG_TRY(check_pin(check, err));
	if (policy != NULL && strcmp(policy, check->info->policy) != 0)
		return untrusted(err, check,
				 "it has another policy than the "
				 "one that is asked for");
	return check_signature(store, check, err);
}

static enum pkg_code verify(struct pkg_timestamp *out,
			    const struct pkg_cms *cms,
			    const struct pkg_timestamp_rules *rules,
			    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_timestamp_info) struct timestamp_info info = {0};
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO(pkg_cms) struct pkg_cms *token = NULL;
	struct cms_profile profile;
	struct der_tlv der;

	PKG_TRY(pkg_sign_scope_enter(&scope, cms->crypto, err));
	PKG_TRY(token_of(&der, cms, err));
	if (pkg_cms_profile_walk(&profile, CMS_USE_TOKEN, der.body, der.len,
				 err) != PKG_OK ||
	    pkg_cms_read(&token, cms->crypto, CMS_USE_TOKEN, &der, err) !=
		PKG_OK) {
		if (err->code != PKG_NO)
			return err->code;
		(void)pkg_wrap(err, "its time stamp");
		return pkg_because(err, "timestamp-bad");
	}
	PKG_TRY(pkg_timestamp_info_read(&info, &profile.content, err));
	PKG_TRY(run_checks(&(struct check){cms, rules, &info, token}, err));
	*out = (struct pkg_timestamp){
	    .earliest = info.earliest,
	    .latest = info.latest,
	    .time = info.time,
	    .tsa = token->claim.cert,
	};
	memcpy(out->policy, info.policy, sizeof(out->policy));
	return PKG_OK;
}

enum pkg_code pkg_timestamp_verify(struct pkg_timestamp *out,
				   const struct pkg_cms *cms,
				   const struct pkg_timestamp_rules *rules,
				   struct pkg_err *err)
{
	return pkg_sign_settle(verify(out, cms, rules, err), err);
}
