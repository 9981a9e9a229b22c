/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"
#include "sign/cms_internal.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

enum { AUTH_LEVEL = 2 }; /* 112 bits, no SHA-1 in the chain */

/* Which of OpenSSL's verdicts is which of ours. */
static const struct {
	int from, to; /* X509_V_ERR_..., inclusive */
	const char *reason;
} reasons[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
     "signer-untrusted"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "signer-untrusted"},
    /* an anchor of the right name and with another key */
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_SIGNATURE_FAILURE,
     "signer-untrusted"},
    {X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED, "signer-untrusted"},
    {X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED,
     "certificate-expired"},
    {X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_CA, "certificate-purpose"},
    {X509_V_ERR_INVALID_NON_CA, X509_V_ERR_INVALID_NON_CA,
     "certificate-purpose"},
    {X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_INVALID_PURPOSE,
     "certificate-purpose"},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_KEYUSAGE_NO_CERTSIGN,
     "certificate-purpose"},
    {X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL,
     "certificate-revoked"},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
     X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "certificate-revoked"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_CRL_SIGNATURE_FAILURE,
     "certificate-revoked"},
    {X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_CRL_HAS_EXPIRED,
     "certificate-revoked"},
    {X509_V_ERR_CERT_REVOKED, X509_V_ERR_CERT_REVOKED, "certificate-revoked"},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
     "certificate-revoked"},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_DIFFERENT_CRL_SCOPE,
     "certificate-revoked"},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, X509_V_ERR_CRL_PATH_VALIDATION_ERROR,
     "certificate-revoked"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK, "algorithm-weak"},
};

static const char *reason_of(int verdict)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (verdict >= reasons[i].from && verdict <= reasons[i].to)
			return reasons[i].reason;
	return "certificate-invalid";
}

static enum pkg_code add_anchors(X509_STORE *store,
				 const struct cms_subject *subject,
				 const struct pkg_cms_verify_options *options,
				 struct pkg_err *err)
{
	const struct pkg_certs *anchors = options->anchors;
	bool ok = true;

	if ((anchors == NULL || anchors->count == 0) &&
	    options->anchor_key_count == 0) {
		pkg_refuse(err, PKG_NO, "signer-untrusted",
			   "nobody is trusted: no trust anchor was given");
		return pkg_hint(err, "name a certificate or a policy with "
				     "--trust");
	}
	for (size_t i = 0; anchors != NULL && i < anchors->count; i++)
		ok = ok &&
		     X509_STORE_add_cert(store, anchors->entries[i].x509) == 1;
	for (size_t i = 0; i < options->anchor_key_count; i++)
		if (memcmp(options->anchor_keys[i], subject->info->spki, 32) ==
		    0)
			ok = ok &&
			     X509_STORE_add_cert(store, subject->x509) == 1;
	return ok ? PKG_OK : pkg_crypto_fail(err, PKG_SYSTEM, "add an anchor");
}

static enum pkg_code add_crls(X509_STORE *store, const struct pkg_crls *crls,
			      struct pkg_err *err)
{
	if (crls == NULL)
		return PKG_OK;
	for (int i = 0; i < sk_X509_CRL_num(crls->list); i++)
		if (X509_STORE_add_crl(store,
				       sk_X509_CRL_value(crls->list, i)) != 1)
			return pkg_crypto_fail(err, PKG_SYSTEM, "add a CRL");
	return PKG_OK;
}

/* For any_validity: the two verdicts about a certificate's dates do not count.
 */
static int pass_validity(int ok, X509_STORE_CTX *ctx)
{
	const int verdict = X509_STORE_CTX_get_error(ctx);

	if (verdict != X509_V_ERR_CERT_HAS_EXPIRED &&
	    verdict != X509_V_ERR_CERT_NOT_YET_VALID)
		return ok;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

/* All that OpenSSL must be told; its defaults would accept e-mail certificates
   of 1024 bits. */
static bool set_rules(X509_STORE *store,
		      const struct pkg_cms_verify_options *options)
{
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	/* An anchor is trusted for what it is: it need not be a root. */
	unsigned long flags =
	    X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;

	if (options->crls != NULL)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
			 X509_V_FLAG_EXTENDED_CRL_SUPPORT |
			 X509_V_FLAG_USE_DELTAS;
	/* Setting a time would cancel NO_CHECK_TIME: never both. */
	if (options->no_time)
		flags |= X509_V_FLAG_NO_CHECK_TIME;
	else
		X509_VERIFY_PARAM_set_time(param, (time_t)options->at);
	if (options->any_validity)
		X509_STORE_set_verify_cb(store, pass_validity);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	/* The purpose is judged by check_purpose() below: 3.0 has none for
	   code signing, and would take "smimesign" if there were none. */
	return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
	       X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) == 1;
}

static enum pkg_code refuse_chain(X509_STORE_CTX *ctx, struct pkg_err *err)
{
	const int verdict = X509_STORE_CTX_get_error(ctx);
	X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
	char subject[PKG_CERT_TEXT] = "?";

	if (verdict == X509_V_ERR_OUT_OF_MEM)
		return pkg_fail_nomem(err);
	if (x509 != NULL) {
		char raw[PKG_CERT_TEXT] = "";

		X509_NAME_oneline(X509_get_subject_name(x509), raw,
				  sizeof(raw));
		pkg_text_quote_cut(subject, sizeof(subject), raw, strlen(raw));
	}
	(void)pkg_refuse(err, PKG_NO, reason_of(verdict),
			 "certificate '%s': %s", subject,
			 X509_verify_cert_error_string(verdict));
	if (verdict == X509_V_ERR_CERT_HAS_EXPIRED ||
	    verdict == X509_V_ERR_CERT_NOT_YET_VALID)
		return pkg_hint(err, "get a container that is signed with a "
				     "valid one, if the clock is right");
	return err->code;
}

/* An intermediate CA that has an extendedKeyUsage is limited by it. */
static enum pkg_code check_purpose(const struct pkg_cert_info *info,
				   STACK_OF(X509) * chain, struct pkg_err *err)
{
	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *ca = sk_X509_value(chain, i);

		if ((X509_get_extension_flags(ca) & EXFLAG_XKUSAGE) == 0 ||
		    (X509_get_extended_key_usage(ca) &
		     (XKU_CODE_SIGN | XKU_ANYEKU)) != 0)
			continue;
		return pkg_refuse(err, PKG_NO, "certificate-purpose",
				  "a CA above '%s' may not issue certificates "
				  "for code signing",
				  info->subject);
	}
	if (info->can_sign_code)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "certificate-purpose",
			  "the certificate of '%s' is not for code signing%s",
			  info->subject,
			  info->is_ca ? ": it is a CA certificate" : "");
}

static enum pkg_code check_chain(struct cms_trusted *out,
				 const struct cms_subject *subject,
				 struct pkg_err *err)
{
	PKG_AUTO(X509_STORE_CTX)
	X509_STORE_CTX *ctx =
	    X509_STORE_CTX_new_ex(pkg_crypto_libctx(subject->crypto), NULL);

	if (ctx == NULL || X509_STORE_CTX_init(ctx, out->store, subject->x509,
					       subject->others) != 1)
		return pkg_fail_nomem(err);
	if (X509_verify_cert(ctx) != 1)
		return refuse_chain(ctx, err);
	out->chain = X509_STORE_CTX_get1_chain(ctx);
	if (out->chain == NULL)
		return pkg_fail_nomem(err);
	return check_purpose(subject->info, out->chain, err);
}

enum pkg_code pkg_cms_trust_judge(struct cms_trusted *out,
				  const struct cms_subject *subject,
				  const struct pkg_cms_verify_options *options,
				  struct pkg_err *err)
{
	*out = (struct cms_trusted){.store = X509_STORE_new()};
	if (out->store == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(add_anchors(out->store, subject, options, err));
	PKG_TRY(add_crls(out->store, options->crls, err));
	if (!set_rules(out->store, options))
		return pkg_crypto_fail(err, PKG_SYSTEM, "set up trust");
	return check_chain(out, subject, err);
}

enum pkg_code pkg_cms_trust_check(struct cms_trusted *out,
				  const struct pkg_cms *cms,
				  const struct pkg_cms_verify_options *options,
				  struct pkg_err *err)
{
	const struct cms_subject subject = {
	    .crypto = cms->crypto,
	    .x509 = cms->signer,
	    .info = &cms->claim.cert,
	    .others = CMS_get1_certs(cms->ci),
	};
	enum pkg_code code = PKG_OK;

	if (subject.others == NULL)
		return pkg_fail_nomem(err);
	code = pkg_cms_trust_judge(out, &subject, options, err);
	sk_X509_pop_free(subject.others, X509_free);
	return code;
}

void pkg_cms_trusted_fini(struct cms_trusted *trusted)
{
	X509_STORE_free(trusted->store);
	sk_X509_pop_free(trusted->chain, X509_free);
	*trusted = (struct cms_trusted){0};
}
