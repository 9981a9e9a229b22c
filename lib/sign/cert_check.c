/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/cert.h"
#include "packline/text.h"
#include "sign/internal.h"

#include <assert.h>

enum pkg_code pkg_cert_check_key(const struct pkg_certs *certs,
				 const struct pkg_key *key, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};

	if (certs == NULL || certs->count == 0)
		return pkg_fail(err, PKG_KEY, "key '%s': no certificate for it",
				key->name);
	PKG_TRY(pkg_sign_scope_enter(&scope, key->crypto, err));
	if (EVP_PKEY_eq(X509_get0_pubkey(certs->entries[0].x509), key->pkey) ==
	    1)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "certificate-mismatch",
		   "the certificate of '%s' is not that of key '%s'",
		   certs->entries[0].info.subject, key->name);
	pkg_hint(err, "give the certificate that was issued for this key, "
		      "first in its file");
	return pkg_sign_settle(PKG_KEY, err);
}

static enum pkg_code check_time(const struct pkg_cert_info *info, int64_t now,
				struct pkg_err *err)
{
	const bool early = now < info->not_before;
	char when[21] = "?";

	if (!early && now <= info->not_after)
		return PKG_OK;
	(void)pkg_time_format(when, early ? info->not_before : info->not_after);
	pkg_refuse(err, PKG_KEY, "certificate-expired",
		   "the certificate of '%s' %s %s", info->subject,
		   early ? "is not valid before" : "expired at", when);
	return pkg_hint(err, early ? "check this computer's clock"
				   : "get a new certificate");
}

static enum pkg_code check_algorithm(const struct pkg_cert_info *info,
				     struct pkg_err *err)
{
	if (info->key_type != PKG_KEY_TYPE_OTHER)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "algorithm-weak",
		   "the certificate of '%s' has a key of %u bits that suite "
		   "packline-1 does not take",
		   info->subject, info->key_bits);
	return pkg_hint(err, "use RSA of %d bits or more, EC P-256 or P-384",
			SIGN_RSA_MIN);
}

enum pkg_code pkg_cert_check_signer(const struct pkg_certs *certs, size_t index,
				    int64_t now, struct pkg_err *err)
{
	const struct pkg_cert_info *info = pkg_certs_info(certs, index);

	PKG_TRY(check_algorithm(info, err));
	if (!info->can_sign_code) {
		pkg_refuse(err, PKG_KEY, "certificate-purpose",
			   "the certificate of '%s' is not for code signing%s",
			   info->subject,
			   info->is_ca ? ": it is a CA certificate" : "");
		return pkg_hint(err, "it needs basicConstraints=CA:FALSE, "
				     "keyUsage=digitalSignature, "
				     "extendedKeyUsage=codeSigning");
	}
	return check_time(info, now, err);
}

enum pkg_code pkg_cert_check_recipient(const struct pkg_certs *certs,
				       size_t index, int64_t now,
				       struct pkg_err *err)
{
	const struct pkg_cert_info *info = pkg_certs_info(certs, index);

	/* X25519 would be taken silently and fail much later. */
	PKG_TRY(check_algorithm(info, err));
	if (!info->can_receive) {
		pkg_refuse(err, PKG_KEY, "certificate-purpose",
			   "the certificate of '%s' is not for encryption",
			   info->subject);
		return pkg_hint(err,
				"it needs subjectKeyIdentifier=hash and, if "
				"there is a keyUsage, %s in it",
				info->key_type == PKG_KEY_TYPE_RSA
				    ? "keyEncipherment"
				    : "keyAgreement");
	}
	return check_time(info, now, err);
}
