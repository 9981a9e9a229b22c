/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/cms_internal.h"
#include "sign/der.h"
#include "sign/oid.h"

#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

/*
 * A signature that a key out of our reach has made over the attributes of
 * pkg_cms_tbs(): the second half.
 */

SIGN_DEFINE_AUTO(ECDSA_SIG, ECDSA_SIG_free)
SIGN_DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free)
SIGN_DEFINE_AUTO(X509_ATTRIBUTE, X509_ATTRIBUTE_free)

enum { TBS_MAX = 64 << 10 };     /* bytes; ours have some 250 */
enum { MADE_MAX = 1 << 20 };     /* bytes; more than any chain of 8 */
enum { RS_MAX = 2 * (384 / 8) }; /* bytes of r and s, P-384 */

static enum pkg_code not_attributes(struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_INPUT, "signature-profile",
			 "it is not a DER SET of the attributes of a "
			 "signature");
	return pkg_hint(err, "give the file that pkg-seal sign --tbs-out "
			     "wrote");
}

/* The digest that is in the attributes; tag 0 if there is none. */
static struct der_tlv find_digest(const struct pkg_cms_raw *raw)
{
	static const struct der_oid message_digest = OID_MESSAGE_DIGEST;
	struct der all = pkg_der_all(raw->tbs, raw->tbs_len);
	struct der set = pkg_der_enter(&all, DER_SET);

	while (pkg_der_more(&set) && !set.bad) {
		struct der one = pkg_der_enter(&set, DER_SEQUENCE);
		const struct der_tlv oid = pkg_der_oid(&one);
		struct der values = pkg_der_enter(&one, DER_SET);

		if (pkg_der_oid_is(&oid, &message_digest))
			return pkg_der_take(&values, DER_OCTET_STRING);
	}
	return (struct der_tlv){0};
}

/* Are the attributes of this content?  *bits receives which digest it is. */
static enum pkg_code check_digest(const struct pkg_cms_raw *raw,
				  const void *content, size_t len,
				  unsigned *bits, struct pkg_err *err)
{
	const struct der_tlv said = find_digest(raw);
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t size = 0;

	if (raw->tbs_len > TBS_MAX || !pkg_der_valid(raw->tbs, raw->tbs_len) ||
	    (said.len != 32 && said.len != 48 && said.len != 64))
		return not_attributes(err);
	*bits = (unsigned)said.len * 8;
	if (EVP_Q_digest(pkg_crypto_libctx(raw->certs->crypto),
			 EVP_MD_get0_name(pkg_cms_digest(*bits)), NULL,
			 len == 0 ? "" : content, len, digest, &size) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "digest the content");
	if (size == said.len && memcmp(digest, said.body, size) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "unexpected-manifest",
			 "the attributes that were signed are of another "
			 "manifest");
	return pkg_hint(err, "make them for this draft: pkg-seal sign "
			     "--tbs-out");
}

/* The attributes, one by one, as they are. */
static enum pkg_code add_attributes(const struct cms_shell *shell,
				    const struct pkg_cms_raw *raw,
				    struct pkg_err *err)
{
	struct der all = pkg_der_all(raw->tbs, raw->tbs_len);
	struct der set = pkg_der_enter(&all, DER_SET);

	while (pkg_der_more(&set)) {
		const struct der_tlv one = pkg_der_any(&set);
		const unsigned char *at = one.start;
		PKG_AUTO(X509_ATTRIBUTE) X509_ATTRIBUTE *attribute = NULL;

		if (set.bad)
			return not_attributes(err);
		attribute = d2i_X509_ATTRIBUTE(
		    NULL, &at, (long)(one.body + one.len - one.start));
		if (attribute == NULL) {
			if (pkg_crypto_fail(err, PKG_NO, "read") != PKG_NO)
				return err->code;
			return not_attributes(err);
		}
		if (CMS_signed_add1_attr(shell->si, attribute) != 1)
			return pkg_crypto_fail(err, PKG_SYSTEM,
					       "set the signed attributes");
	}
	return PKG_OK;
}

/* How a raw signature may have been made. */
enum form {
	FORM_NONE, /* not by this key over these attributes */
	FORM_PKCS1,
	FORM_PSS,
	FORM_PSS_SALT, /* PSS with a salt that the suite does not take */
	FORM_ECDSA,
};

/* Is it a signature of that form? */
static enum pkg_code try_form(bool *is, enum form form,
			      const struct pkg_cms_raw *raw, unsigned bits,
			      const struct pkg_buf *signature,
			      struct pkg_err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(raw->certs->entries[0].x509);
	PKG_AUTO(EVP_MD_CTX) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	*is = false;
	if (ctx == NULL ||
	    EVP_DigestVerifyInit_ex(
		ctx, &pctx, EVP_MD_get0_name(pkg_cms_digest(bits)),
		pkg_crypto_libctx(raw->certs->crypto), NULL, key, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "begin to verify");
	if ((form == FORM_PSS || form == FORM_PSS_SALT) &&
	    (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(
		 pctx, form == FORM_PSS ? RSA_PSS_SALTLEN_DIGEST
					: RSA_PSS_SALTLEN_AUTO) != 1))
		return pkg_crypto_fail(err, PKG_SYSTEM, "choose PSS");
	*is = EVP_DigestVerify(ctx, signature->data, signature->len, raw->tbs,
			       raw->tbs_len) == 1;
	if (*is)
		return PKG_OK;
	/* Only a no is expected here; out of memory is none. */
	return pkg_crypto_fail(err, PKG_NO, "verify") == PKG_NO ? PKG_OK
								: err->code;
}

static enum pkg_code find_form(enum form *out, const struct pkg_cms_raw *raw,
			       unsigned bits, const struct pkg_buf *signature,
			       struct pkg_err *err)
{
	static const enum form rsa[] = {FORM_PSS, FORM_PKCS1, FORM_PSS_SALT};
	static const enum form ec[] = {FORM_ECDSA};
	const bool is_rsa =
	    raw->certs->entries[0].info.key_type == PKG_KEY_TYPE_RSA;
	const enum form *forms = is_rsa ? rsa : ec;
	bool is = false;

	*out = FORM_NONE;
	for (size_t i = 0; i < (is_rsa ? 3u : 1u) && !is; i++) {
		PKG_TRY(try_form(&is, forms[i], raw, bits, signature, err));
		if (is)
			*out = forms[i];
	}
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

/* r and s of PKCS#11, each as long as the field, as DER. */
static enum pkg_code from_r_and_s(struct pkg_buf *out, const uint8_t *rs,
				  size_t half, struct pkg_err *err)
{
	PKG_AUTO(ECDSA_SIG) ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(rs, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(rs + half, (int)half, NULL);
	unsigned char *der = NULL;
	enum pkg_code code = PKG_OK;
	int got = 0;

	if (sig == NULL || r == NULL || s == NULL ||
	    ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return pkg_crypto_fail(err, PKG_SYSTEM, "read a signature");
	}
	got = i2d_ECDSA_SIG(sig, &der);
	if (got <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode a signature");
	code = pkg_buf_add(out, der, (size_t)got, err);
	OPENSSL_free(der);
	return code;
}

/* The signature as CMS has it. */
static enum pkg_code normalise(struct pkg_buf *out,
			       const struct pkg_cms_raw *raw,
			       struct pkg_err *err)
{
	const struct pkg_cert_info *info = &raw->certs->entries[0].info;
	const size_t half = (info->key_bits + 7) / 8;

	if (info->key_type != PKG_KEY_TYPE_RSA &&
	    raw->signature_len == 2 * half && 2 * half <= RS_MAX &&
	    !pkg_der_valid(raw->signature, raw->signature_len))
		return from_r_and_s(out, raw->signature, half, err);
	return pkg_buf_add(out, raw->signature, raw->signature_len, err);
}

static enum pkg_code refuse_form(enum form form, const struct pkg_cms_raw *raw,
				 struct pkg_err *err)
{
	if (form == FORM_PSS_SALT) {
		(void)pkg_refuse(err, PKG_NO, "signature-profile",
				 "the salt of the raw PSS signature is not as "
				 "long as its digest");
		return pkg_hint(err, "tell the signer: salt length 'digest', "
				     "MGF1 of the same digest");
	}
	(void)pkg_refuse(err, PKG_NO, "signature-bad",
			 "the raw signature is not by the key of '%s' over "
			 "these attributes",
			 raw->certs->entries[0].info.subject);
	return pkg_hint(err, "what is to be signed is the whole file of "
			     "--tbs-out, with SHA-256 unless the key is "
			     "P-384: SHA-384");
}

static enum pkg_code put_signature(const struct cms_shell *shell,
				   const struct pkg_cms_raw *raw,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf signature = {.max = TBS_MAX};
	enum form form = FORM_NONE;

	PKG_TRY(normalise(&signature, raw, err));
	PKG_TRY(find_form(&form, raw, shell->bits, &signature, err));
	if (form == FORM_NONE || form == FORM_PSS_SALT)
		return refuse_form(form, raw, err);
	if (form == FORM_PSS)
		PKG_TRY(pkg_cms_shell_pss(shell, err));
	return pkg_cms_shell_put(shell, signature.data, signature.len, err);
}

static enum pkg_code assemble(struct pkg_buf *der, const void *content,
			      size_t len, const struct pkg_cms_raw *raw,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_cms_shell) struct cms_shell shell = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = MADE_MAX};
	struct cms_shell_spec spec = {
	    .certs = raw->certs,
	    .content_type = raw->content_type,
	};

	PKG_TRY(pkg_sign_scope_enter(&scope, raw->certs->crypto, err));
	PKG_TRY(check_digest(raw, content, len, &spec.digest_bits, err));
	PKG_TRY(pkg_cms_shell_new(&shell, &spec, err));
	PKG_TRY(add_attributes(&shell, raw, err));
	PKG_TRY(put_signature(&shell, raw, err));
	PKG_TRY(pkg_cms_shell_encode(&shell, &made, err));
	/* Whether these are the right attributes is judged there. */
	PKG_TRY(pkg_cms_check_made(&made, content, len, raw->certs,
				   raw->content_type, err));
	return pkg_buf_add(der, made.data, made.len, err);
}

enum pkg_code pkg_cms_assemble(struct pkg_buf *der, const void *content,
			       size_t len, const struct pkg_cms_raw *raw,
			       struct pkg_err *err)
{
	return pkg_sign_settle(assemble(der, content, len, raw, err), err);
}
