/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/document_impl.h"

#include <openssl/ess.h>
#include <openssl/rsa.h>

SIGN_DEFINE_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
SIGN_DEFINE_AUTO(ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free)

unsigned pkg_document_digest_of(unsigned bits)
{
	if (bits == 256)
		return PKG_DIGEST_SHA256;
	return bits == 384 ? PKG_DIGEST_SHA384 : PKG_DIGEST_SHA512;
}

unsigned pkg_document_bits_of(unsigned digest)
{
	return (unsigned)pkg_digest_size(digest) * 8;
}

enum pkg_code pkg_document_check_digest(unsigned digest, struct pkg_err *err)
{
	if (digest == PKG_DIGEST_SHA256 || digest == PKG_DIGEST_SHA384 ||
	    digest == PKG_DIGEST_SHA512)
		return PKG_OK;
	return pkg_fail(err, PKG_USAGE,
			"documents are signed by SHA-256, SHA-384 or SHA-512");
}

enum pkg_code pkg_document_set_scheme(EVP_PKEY_CTX *ctx,
				      const struct document_scheme *scheme,
				      struct pkg_err *err)
{
	if (EVP_PKEY_CTX_set_signature_md(
		ctx, pkg_crypto_md(scheme->crypto, scheme->digest)) != 1 ||
	    (scheme->pss &&
	     (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	      EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) !=
		  1)))
		return pkg_crypto_fail(err, PKG_KEY,
				       "choose how the key is used");
	return PKG_OK;
}

static void known_fini(struct document_known *known)
{
	pkg_buf_fini(&known->bytes);
	EVP_PKEY_CTX_free(known->ctx);
	*known = (struct document_known){0};
}

void pkg_document_signers_fini(struct document_signers *self)
{
	for (size_t i = 0; i < DOCUMENT_SIGNERS; i++)
		known_fini(&self->rows[i]);
}

static enum pkg_code add_tlv(struct pkg_buf *out, const struct der_tlv *tlv,
			     struct pkg_err *err)
{
	return pkg_buf_add(out, tlv->start,
			   (size_t)(tlv->body + tlv->len - tlv->start), err);
}

static bool starts_with(const uint8_t **at, const uint8_t *end,
			const struct der_tlv *tlv)
{
	const size_t len = (size_t)(tlv->body + tlv->len - tlv->start);

	if ((size_t)(end - *at) < len || memcmp(*at, tlv->start, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool is_known(const struct document_known *known,
		     const struct cms_profile *profile)
{
	const uint8_t *at = known->bytes.data;
	const uint8_t *end = at + known->bytes.len;

	return known->ctx != NULL && known->algorithm == profile->algorithm &&
	       known->bits == profile->digest_bits &&
	       starts_with(&at, end, &profile->sid) &&
	       starts_with(&at, end, &profile->certificates) &&
	       starts_with(&at, end, &profile->signing_cert) && at == end;
}

/* The context that verifies with the key of @x509. */
static enum pkg_code start_key(const struct document_signers *self,
			       struct document_known *known, X509 *x509,
			       struct pkg_err *err)
{
	const struct document_scheme scheme = {
	    .crypto = self->options->crypto,
	    .digest = pkg_document_digest_of(known->bits),
	    .pss = known->algorithm == CMS_RSA_PSS,
	};
	PKG_AUTO(EVP_PKEY_CTX)
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_pkey(pkg_crypto_libctx(self->options->crypto),
				       X509_get0_pubkey(x509), NULL);

	if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "begin to verify");
	PKG_TRY(pkg_document_set_scheme(ctx, &scheme, err));
	known->ctx = PKG_STEAL(ctx);
	return PKG_OK;
}

/* Is the certificate that was signed along the one of the chain (RFC 5035)? */
static enum pkg_code check_signing_cert(const struct cms_profile *profile,
					const struct cms_trusted *trusted,
					struct pkg_err *err)
{
	const unsigned char *at = profile->signing_cert.start;
	PKG_AUTO(ESS_SIGNING_CERT_V2)
	ESS_SIGNING_CERT_V2 *said = d2i_ESS_SIGNING_CERT_V2(
	    NULL, &at,
	    (long)(profile->signing_cert.body + profile->signing_cert.len -
		   profile->signing_cert.start));

	if (said != NULL &&
	    OSSL_ESS_check_signing_certs(NULL, said, trusted->chain, 1) == 1)
		return PKG_OK;
	if (pkg_crypto_fail(err, PKG_NO, "compare") != PKG_NO)
		return err->code;
	return pkg_refuse(err, PKG_NO, "signature-bad",
			  "the signature is about another certificate than "
			  "the signer's");
}

static enum pkg_code learn(struct document_signers *self,
			   struct document_known *known,
			   const struct cms_profile *profile,
			   const struct document_span *der, struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO_FINI(pkg_cms_trusted) struct cms_trusted trusted = {0};

	PKG_TRY(pkg_cms_parse(&cms, self->options->crypto, der->data, der->len,
			      err));
	PKG_TRY(pkg_cms_trust_check(&trusted, cms, &self->options->trust, err));
	PKG_TRY(check_signing_cert(profile, &trusted, err));
	known->bytes.max = PKG_LIMIT_SIGNATURE;
	PKG_TRY(add_tlv(&known->bytes, &profile->sid, err));
	PKG_TRY(add_tlv(&known->bytes, &profile->certificates, err));
	PKG_TRY(add_tlv(&known->bytes, &profile->signing_cert, err));
	known->algorithm = profile->algorithm;
	known->bits = profile->digest_bits;
	known->claim = *pkg_cms_claim(cms);
	return start_key(self, known, cms->signer, err);
}

enum pkg_code pkg_document_signers_find(struct document_signers *self,
					const struct document_known **out,
					const struct cms_profile *profile,
					const struct document_span *der,
					struct pkg_err *err)
{
	struct document_known fresh = {0}, *row = NULL;
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; i < DOCUMENT_SIGNERS; i++) {
		*out = &self->rows[i];
		if (is_known(*out, profile))
			return PKG_OK;
	}
	/* A refusal is not kept. */
	code = learn(self, &fresh, profile, der, err);
	if (code != PKG_OK) {
		known_fini(&fresh);
		return code;
	}
	row = &self->rows[self->next];
	self->next = (self->next + 1) % DOCUMENT_SIGNERS;
	known_fini(row);
	*row = fresh;
	*out = row;
	return PKG_OK;
}

static const char *raw_algorithm(enum pkg_key_type type, bool pss)
{
	if (type == PKG_KEY_TYPE_RSA)
		return pss ? "rsa-pss" : "rsa-pkcs1";
	return type == PKG_KEY_TYPE_P256 ? "ecdsa-p256" : "ecdsa-p384";
}

static enum pkg_code judge_raw(struct document_signers *self,
			       struct document_known *known,
			       struct pkg_err *err)
{
	const struct pkg_certs *certs = self->options->certs;
	const struct cert_entry *own = &certs->entries[0];
	struct cms_subject subject = {.crypto = self->options->crypto,
				      .x509 = own->x509,
				      .info = &own->info,
				      .others = sk_X509_new_null()};
	PKG_AUTO_FINI(pkg_cms_trusted) struct cms_trusted trusted = {0};
	enum pkg_code code = PKG_OK;
	bool ok = subject.others != NULL;

	for (size_t i = 1; i < certs->count && ok; i++)
		ok = sk_X509_push(subject.others, certs->entries[i].x509) > 0;
	code = ok ? pkg_cms_trust_judge(&trusted, &subject,
					&self->options->trust, err)
		  : pkg_fail_nomem(err);
	sk_X509_free(subject.others);
	PKG_TRY(code);
	return start_key(self, known, own->x509, err);
}

enum pkg_code pkg_document_signers_raw(struct document_signers *self,
				       const struct document_known **out,
				       struct pkg_err *err)
{
	const struct pkg_cert_info *info =
	    &self->options->certs->entries[0].info;
	const bool pss = self->options->padding == PKG_CMS_PSS;
	struct document_known *known = &self->rows[0];

	*out = known;
	if (known->ctx != NULL)
		return PKG_OK;
	if (info->key_type == PKG_KEY_TYPE_OTHER)
		return pkg_refuse(err, PKG_NO, "algorithm-weak",
				  "the key of '%s' (%u bits) is not one of "
				  "suite packline-1",
				  info->subject, info->key_bits);
	known->bits = pkg_document_bits_of(self->options->digest);
	known->algorithm = CMS_ECDSA;
	if (info->key_type == PKG_KEY_TYPE_RSA)
		known->algorithm = pss ? CMS_RSA_PSS : CMS_RSA_PKCS1;
	known->claim = (struct pkg_cms_signer){
	    .cert = *info,
	    .digest = pkg_digest_name(self->options->digest),
	    .algorithm = raw_algorithm(info->key_type, pss),
	};
	return judge_raw(self, known, err);
}
