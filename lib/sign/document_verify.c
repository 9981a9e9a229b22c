/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/document_impl.h"
#include "sign/oid.h"

#include <stdlib.h>

struct pkg_document_verifier {
	struct pkg_document_verify_options options;
	EVP_MD_CTX *hash;
	struct document_signers signers;
};

void pkg_document_verifier_free(struct pkg_document_verifier *self)
{
	if (self == NULL)
		return;
	pkg_document_signers_fini(&self->signers);
	EVP_MD_CTX_free(self->hash);
	free(self);
}

/* Which digest suits the key of a raw signature. */
static unsigned usual_digest(const struct pkg_certs *certs)
{
	return certs->entries[0].info.key_type == PKG_KEY_TYPE_P384
		   ? PKG_DIGEST_SHA384
		   : PKG_DIGEST_SHA256;
}

enum pkg_code
pkg_document_verifier_new(struct pkg_document_verifier **out,
			  const struct pkg_document_verify_options *options,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_document_verifier)
	struct pkg_document_verifier *self = NULL;

	*out = NULL;
	if (options->form == PKG_DOCUMENT_RAW &&
	    (options->certs == NULL || options->certs->count == 0))
		return pkg_fail(err, PKG_USAGE,
				"a raw signature can only be verified with "
				"the signer's certificate");
	if (options->digest != 0)
		PKG_TRY(pkg_document_check_digest(options->digest, err));
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->options = *options;
	self->options.trust.content_type = PKG_OID_DATA;
	self->signers.options = &self->options;
	if (options->form == PKG_DOCUMENT_RAW && options->digest == 0)
		self->options.digest = usual_digest(options->certs);
	self->hash = EVP_MD_CTX_new();
	if (self->hash == NULL)
		return pkg_fail_nomem(err);
	*out = PKG_STEAL(self);
	return PKG_OK;
}

static enum pkg_code off_profile(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_NO, "signature-profile",
			  "the signature cannot be accepted: %s", why);
}

/* -- what every signature is asked -- */

static enum pkg_code bad(const struct document_known *known,
			 struct pkg_err *err)
{
	return pkg_refuse(err, PKG_NO, "signature-bad",
			  "the signature of '%s' does not belong to this "
			  "document, or one of them was changed",
			  known->claim.cert.subject);
}

static enum pkg_code check_value(const struct document_known *known,
				 const struct document_span *value,
				 const uint8_t *digest, struct pkg_err *err)
{
	if (EVP_PKEY_verify(known->ctx, value->data, value->len, digest,
			    known->bits / 8) == 1)
		return PKG_OK;
	if (pkg_crypto_fail(err, PKG_NO, "verify a signature") != PKG_NO)
		return err->code;
	return bad(known, err);
}

/* DER has one order for the elements of a SET OF (X.690 section 11.6): that
   of their bytes.  OpenSSL asks for it when it decodes, which is left out
   when the signer is known. */
static bool are_sorted(const struct der_tlv *attributes)
{
	struct der all = pkg_der_all(attributes->body, attributes->len);
	struct der_tlv last = pkg_der_any(&all);

	while (pkg_der_more(&all)) {
		const struct der_tlv one = pkg_der_any(&all);
		const size_t a = (size_t)(last.body + last.len - last.start);
		const size_t b = (size_t)(one.body + one.len - one.start);

		if (memcmp(last.start, one.start, a < b ? a : b) >= 0)
			return false;
		last = one;
	}
	return !all.bad;
}

/* Hash the attributes as they are signed: as a SET OF (RFC 5652 section 5.4),
   not with the tag that they have in the message. */
static enum pkg_code hash_attributes(struct pkg_document_verifier *self,
				     uint8_t *digest,
				     const struct cms_profile *profile,
				     struct pkg_err *err)
{
	const struct der_tlv *set = &profile->attributes;
	const uint8_t tag = DER_SET;
	const EVP_MD *md = pkg_crypto_md(
	    self->options.crypto, pkg_document_digest_of(profile->digest_bits));

	if (EVP_DigestInit_ex2(self->hash, md, NULL) != 1 ||
	    EVP_DigestUpdate(self->hash, &tag, 1) != 1 ||
	    EVP_DigestUpdate(self->hash, set->start + 1,
			     (size_t)(set->body + set->len - set->start) - 1) !=
		1 ||
	    EVP_DigestFinal_ex(self->hash, digest, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "hash");
	return PKG_OK;
}

static enum pkg_code read_time(int64_t *out, const struct der_tlv *said,
			       struct pkg_err *err)
{
	const unsigned char *at = said->start;
	PKG_AUTO(ASN1_TIME)
	ASN1_TIME *time = d2i_ASN1_TIME(
	    NULL, &at, (long)(said->body + said->len - said->start));

	if (time != NULL && pkg_sign_time(out, time))
		return PKG_OK;
	return off_profile(err, "its signing time is malformed");
}

static enum pkg_code has_digest(const struct pkg_digests *digests,
				unsigned digest, struct pkg_err *err)
{
	if ((digests->set & digest) != 0)
		return PKG_OK;
	return pkg_fail(err, PKG_USAGE, "the %s of the document is not known",
			pkg_digest_tag(digest));
}

static enum pkg_code walk(struct cms_profile *profile,
			  const struct document_span *der, struct pkg_err *err)
{
	static const struct der_oid id_data = OID_DATA;

	PKG_TRY(pkg_cms_profile_walk(profile, CMS_USE_SIGNATURE, der->data,
				     der->len, err));
	if (!pkg_der_oid_is(&profile->content_type, &id_data))
		return off_profile(err, "it is for another type of content");
	return PKG_OK;
}

static enum pkg_code verify_cms(struct pkg_document_verifier *self,
				struct pkg_cms_signer *signer,
				const struct document_span *der,
				const struct pkg_digests *digests,
				struct pkg_err *err)
{
	struct cms_profile profile;
	const struct document_known *known = NULL;
	struct document_span value;
	uint8_t digest[PKG_DIGEST_MAX];
	unsigned wanted = 0;
	int64_t time = 0;

	PKG_TRY(walk(&profile, der, err));
	wanted = pkg_document_digest_of(profile.digest_bits);
	PKG_TRY(has_digest(digests, wanted, err));
	PKG_TRY(pkg_document_signers_find(&self->signers, &known, &profile, der,
					  err));
	if (!are_sorted(&profile.attributes))
		return off_profile(err, "it is not canonical DER");
	PKG_TRY(read_time(&time, &profile.signing_time, err));
	if (memcmp(profile.message_digest.body,
		   pkg_digests_get(digests, wanted),
		   profile.message_digest.len) != 0)
		return bad(known, err);
	PKG_TRY(hash_attributes(self, digest, &profile, err));
	value = (struct document_span){profile.signature.body,
				       profile.signature.len};
	PKG_TRY(check_value(known, &value, digest, err));
	if (signer == NULL)
		return PKG_OK;
	*signer = known->claim;
	signer->signing_time = time;
	signer->has_timestamp = profile.timestamp.tag != 0;
	return PKG_OK;
}

/* -- raw signatures -- */

static enum pkg_code verify_raw(struct pkg_document_verifier *self,
				struct pkg_cms_signer *signer,
				const struct document_span *value,
				const struct pkg_digests *digests,
				struct pkg_err *err)
{
	const struct document_known *known = NULL;
	const unsigned wanted = self->options.digest;

	PKG_TRY(has_digest(digests, wanted, err));
	PKG_TRY(pkg_document_signers_raw(&self->signers, &known, err));
	PKG_TRY(
	    check_value(known, value, pkg_digests_get(digests, wanted), err));
	if (signer != NULL)
		*signer = known->claim;
	return PKG_OK;
}

/* -- both -- */

static enum pkg_code check_size(size_t len, struct pkg_err *err)
{
	if (len <= PKG_LIMIT_SIGNATURE)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "limit",
			  "the signature has more than %u bytes",
			  PKG_LIMIT_SIGNATURE);
}

enum pkg_code pkg_document_wants(const struct pkg_document_verifier *self,
				 unsigned *digest, const void *signature,
				 size_t len, struct pkg_err *err)
{
	const struct document_span der = {signature, len};
	struct cms_profile profile;

	PKG_TRY(check_size(len, err));
	if (self->options.form == PKG_DOCUMENT_RAW) {
		*digest = self->options.digest;
		return PKG_OK;
	}
	PKG_TRY(walk(&profile, &der, err));
	*digest = pkg_document_digest_of(profile.digest_bits);
	return PKG_OK;
}

static enum pkg_code verify(struct pkg_document_verifier *self,
			    struct pkg_cms_signer *signer,
			    const struct document_span *signature,
			    const struct pkg_digests *digests,
			    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};

	PKG_TRY(pkg_sign_scope_enter(&scope, self->options.crypto, err));
	PKG_TRY(check_size(signature->len, err));
	if (self->options.form == PKG_DOCUMENT_RAW)
		return verify_raw(self, signer, signature, digests, err);
	return verify_cms(self, signer, signature, digests, err);
}

enum pkg_code pkg_document_verify(struct pkg_document_verifier *self,
				  struct pkg_cms_signer *signer,
				  const void *signature, size_t len,
				  const struct pkg_digests *digests,
				  struct pkg_err *err)
{
	const struct document_span span = {signature, len};

	return pkg_sign_settle(verify(self, signer, &span, digests, err), err);
}
