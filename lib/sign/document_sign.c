/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/document_impl.h"
#include "sign/oid.h"
#include "sign/token.h"

#include <assert.h>
#include <stdlib.h>

enum {
	ATTRIBUTES = 4, /* contentType, messageDigest, signingTime,
			   signingCertificateV2 */
	VALUE_MAX = PKG_LIMIT_RSA_BITS / 8,
	SMALL = 1 << 10, /* bytes of one attribute that we make */
};

/*
 * A message of a signer differs from the last one in three places: digest,
 * time, value.  So OpenSSL encodes one message without them, which is cut
 * here, and for each document the pieces are put together again.  What comes
 * out is read and verified by code that knows none of this
 * (document_verify.c).
 */
struct pkg_document_signer {
	const struct pkg_key *key; /* borrowed */
	struct pkg_document_sign_options options;
	EVP_PKEY_CTX *ctx; /* ready to sign */
	EVP_MD_CTX *hash;
	const EVP_MD *md;
	/* The pieces, each with its tag and length. */
	struct pkg_buf before;       /* version, digestAlgorithms */
	struct pkg_buf certificates; /* [0] */
	struct pkg_buf signer;       /* version, sid, digestAlgorithm */
	struct pkg_buf algorithm;    /* signatureAlgorithm */
	struct pkg_buf attribute[ATTRIBUTES]; /* the last two are made anew */
	/* Made for each document; kept for their memory. */
	struct pkg_buf set, info, after, made;
	struct pkg_certs *anchor;
	struct pkg_document_verifier *verifier;
};

enum { MESSAGE_DIGEST = 2, SIGNING_TIME = 3 }; /* in attribute[] */

void pkg_document_signer_free(struct pkg_document_signer *self)
{
	if (self == NULL)
		return;
	pkg_document_verifier_free(self->verifier);
	pkg_certs_free(self->anchor);
	EVP_PKEY_CTX_free(self->ctx);
	EVP_MD_CTX_free(self->hash);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		pkg_buf_fini(&self->attribute[i]);
	pkg_buf_fini(&self->before);
	pkg_buf_fini(&self->certificates);
	pkg_buf_fini(&self->signer);
	pkg_buf_fini(&self->algorithm);
	pkg_buf_fini(&self->set);
	pkg_buf_fini(&self->info);
	pkg_buf_fini(&self->after);
	pkg_buf_fini(&self->made);
	free(self);
}

/* -- once -- */

/* What stands from @from to @to, without that. */
static enum pkg_code keep(struct pkg_buf *out, const uint8_t *from,
			  const uint8_t *to, struct pkg_err *err)
{
	return pkg_buf_add(out, from, (size_t)(to - from), err);
}

static const uint8_t *end_of(const struct der_tlv *tlv)
{
	return tlv->body + tlv->len;
}

/* The attributes that are the same for all documents. */
static enum pkg_code keep_attributes(struct pkg_document_signer *self,
				     const struct der_tlv *attributes,
				     struct pkg_err *err)
{
	static const struct der_oid anew[] = {OID_MESSAGE_DIGEST,
					      OID_SIGNING_TIME};
	struct der all = pkg_der_all(attributes->body, attributes->len);
	size_t count = 0;

	while (pkg_der_more(&all)) {
		const struct der_tlv one = pkg_der_any(&all);
		struct der in = pkg_der_all(one.body, one.len);
		const struct der_tlv oid = pkg_der_oid(&in);

		if (pkg_der_oid_is(&oid, &anew[0]) ||
		    pkg_der_oid_is(&oid, &anew[1]))
			continue;
		if (count == MESSAGE_DIGEST)
			return pkg_fail(err, PKG_INTERNAL,
					"a signature with other attributes "
					"than those of the profile");
		PKG_TRY(keep(&self->attribute[count++], one.start, end_of(&one),
			     err));
	}
	assert(count == MESSAGE_DIGEST);
	return PKG_OK;
}

static enum pkg_code cut(struct pkg_document_signer *self,
			 const struct pkg_buf *der, struct pkg_err *err)
{
	struct cms_profile at;

	PKG_TRY(pkg_cms_profile_walk(&at, CMS_USE_SIGNATURE, der->data,
				     der->len, err));
	PKG_TRY(keep(&self->before, at.data.body, at.encapsulated.start, err));
	PKG_TRY(keep(&self->certificates, at.certificates.start,
		     at.signers.start, err));
	PKG_TRY(keep(&self->signer, at.signer.body, at.attributes.start, err));
	PKG_TRY(keep(&self->algorithm, at.algorithm_id.start,
		     end_of(&at.algorithm_id), err));
	return keep_attributes(self, &at.attributes, err);
}

/* A message with a signature that is none, from the certificate alone. */
static enum pkg_code make_pieces(struct pkg_document_signer *self,
				 struct pkg_err *err)
{
	const struct pkg_cms_sign_options options = {
	    .certs = self->options.certs,
	    .content_type = PKG_OID_DATA,
	    .digest_bits = pkg_document_bits_of(self->options.digest),
	};
	PKG_AUTO_FINI(pkg_cms_shell) struct cms_shell shell = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = self->made.max};

	PKG_TRY(pkg_cms_shell_filled(&shell, "", 0, &options, err));
	if (self->key->type == PKG_KEY_TYPE_RSA &&
	    self->options.padding == PKG_CMS_PSS)
		PKG_TRY(pkg_cms_shell_pss(&shell, err));
	PKG_TRY(pkg_cms_shell_put(&shell, (const uint8_t[1]){0}, 1, err));
	PKG_TRY(pkg_cms_shell_encode(&shell, &der, err));
	return cut(self, &der, err);
}

static enum pkg_code start_key(struct pkg_document_signer *self,
			       struct pkg_err *err)
{
	const struct document_scheme scheme = {
	    .crypto = self->key->crypto,
	    .digest = self->options.digest,
	    .pss = self->key->type == PKG_KEY_TYPE_RSA &&
		   self->options.padding == PKG_CMS_PSS,
	};

	self->md = pkg_crypto_md(self->key->crypto, scheme.digest);
	self->hash = EVP_MD_CTX_new();
	self->ctx = EVP_PKEY_CTX_new_from_pkey(
	    pkg_crypto_libctx(self->key->crypto), self->key->pkey, NULL);
	if (self->hash == NULL || self->ctx == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "begin to sign");
	if (EVP_PKEY_sign_init(self->ctx) != 1)
		return pkg_crypto_fail(err, PKG_KEY, "begin to sign");
	return pkg_document_set_scheme(self->ctx, &scheme, err);
}

/* Nothing is trusted but the certificate itself, at any time. */
static enum pkg_code start_verifier(struct pkg_document_signer *self,
				    struct pkg_err *err)
{
	const struct pkg_document_sign_options *options = &self->options;

	PKG_TRY(pkg_certs_new(&self->anchor, self->key->crypto, err));
	PKG_TRY(pkg_sign_certs_push(self->anchor,
				    options->certs->entries[0].x509, err));
	return pkg_document_verifier_new(
	    &self->verifier,
	    &(struct pkg_document_verify_options){
		.crypto = self->key->crypto,
		.trust = {.anchors = self->anchor, .no_time = true},
		.form = options->form,
		.certs = self->anchor,
		.padding = options->padding,
		.digest = options->digest,
	    },
	    err);
}

static enum pkg_code prepare(struct pkg_document_signer *self,
			     struct pkg_err *err)
{
	const struct pkg_certs *certs = self->options.certs;
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};

	PKG_TRY(pkg_sign_scope_enter(&scope, self->key->crypto, err));
	PKG_TRY(pkg_token_may(self->key, TOKEN_SIGN, err));
	PKG_TRY(pkg_cert_check_key(certs, self->key, err));
	/* Judged at a time when it is valid: not our question here. */
	PKG_TRY(pkg_cert_check_signer(certs, 0,
				      certs->entries[0].info.not_before, err));
	if (self->options.digest == 0)
		self->options.digest = self->key->type == PKG_KEY_TYPE_P384
					   ? PKG_DIGEST_SHA384
					   : PKG_DIGEST_SHA256;
	PKG_TRY(pkg_document_check_digest(self->options.digest, err));
	if (self->options.form == PKG_DOCUMENT_CMS)
		PKG_TRY(make_pieces(self, err));
	PKG_TRY(start_key(self, err));
	return start_verifier(self, err);
}

enum pkg_code
pkg_document_signer_new(struct pkg_document_signer **out,
			const struct pkg_document_sign_options *options,
			struct pkg_err *err)
{
	PKG_AUTO(pkg_document_signer) struct pkg_document_signer *self = NULL;

	*out = NULL;
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->key = options->key;
	self->options = *options;
	for (size_t i = 0; i < ATTRIBUTES; i++)
		self->attribute[i].max = SMALL;
	self->before.max = self->signer.max = self->algorithm.max = SMALL;
	self->certificates.max = self->after.max = self->made.max =
	    PKG_LIMIT_SIGNATURE;
	self->set.max = self->info.max = PKG_LIMIT_SIGNATURE;
	PKG_TRY(pkg_sign_settle(prepare(self, err), err));
	*out = PKG_STEAL(self);
	return PKG_OK;
}

unsigned pkg_document_signer_digest(const struct pkg_document_signer *self)
{
	return self->options.digest;
}

/* -- for each document -- */

/* Attribute (RFC 5652 section 5.3) of one value. */
static enum pkg_code put_attribute(struct pkg_buf *out,
				   const struct der_oid *oid, uint8_t tag,
				   struct document_span value,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf element = {.max = SMALL};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf body = {.max = SMALL};

	PKG_TRY(pkg_document_put_element(&element, tag, value, err));
	PKG_TRY(pkg_document_put_element(
	    &body, DER_OID, (struct document_span){oid->body, oid->len}, err));
	PKG_TRY(pkg_document_put_element(
	    &body, DER_SET, (struct document_span){element.data, element.len},
	    err));
	pkg_buf_clear(out);
	return pkg_document_put_element(
	    out, DER_SEQUENCE, (struct document_span){body.data, body.len},
	    err);
}

static enum pkg_code put_own_attributes(struct pkg_document_signer *self,
					const uint8_t *digest,
					int64_t signing_time,
					struct pkg_err *err)
{
	static const struct der_oid message_digest = OID_MESSAGE_DIGEST;
	static const struct der_oid time_oid = OID_SIGNING_TIME;
	PKG_AUTO(ASN1_TIME)
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)signing_time);
	struct document_span value = {digest,
				      pkg_digest_size(self->options.digest)};

	if (time == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set the signing time");
	PKG_TRY(put_attribute(&self->attribute[MESSAGE_DIGEST], &message_digest,
			      DER_OCTET_STRING, value, err));
	value = (struct document_span){ASN1_STRING_get0_data(time),
				       (size_t)ASN1_STRING_length(time)};
	return put_attribute(&self->attribute[SIGNING_TIME], &time_oid,
			     (uint8_t)ASN1_STRING_type(time), value, err);
}

/* The order of a SET OF (X.690 section 11.6); none is the start of another. */
static int by_bytes(const void *left, const void *right)
{
	const struct document_span *a = left, *b = right;

	return memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
}

static enum pkg_code put_attributes(struct pkg_document_signer *self,
				    const uint8_t *digest, int64_t signing_time,
				    struct pkg_err *err)
{
	struct document_span sorted[ATTRIBUTES];
	size_t len = 0;

	PKG_TRY(put_own_attributes(self, digest, signing_time, err));
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		sorted[i] = (struct document_span){self->attribute[i].data,
						   self->attribute[i].len};
		len += sorted[i].len;
	}
	qsort(sorted, ATTRIBUTES, sizeof(sorted[0]), by_bytes);
	pkg_buf_clear(&self->set);
	PKG_TRY(pkg_document_put_header(&self->set, DER_SET, len, err));
	for (size_t i = 0; i < ATTRIBUTES; i++)
		PKG_TRY(pkg_buf_add(&self->set, sorted[i].data, sorted[i].len,
				    err));
	return PKG_OK;
}

static enum pkg_code use_key(struct pkg_document_signer *self,
			     const uint8_t *digest, uint8_t *value, size_t *len,
			     struct pkg_err *err)
{
	*len = VALUE_MAX;
	if (EVP_PKEY_sign(self->ctx, value, len, digest,
			  pkg_digest_size(self->options.digest)) == 1)
		return PKG_OK;
	PKG_TRY(pkg_token_blame(self->key, TOKEN_SIGN, err));
	return pkg_crypto_fail(err, PKG_KEY, "sign");
}

/* SignerInfo (RFC 5652 section 5.3), in the SET OF it. */
static enum pkg_code put_signers(struct pkg_document_signer *self,
				 struct document_span value,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf set = {.max = self->after.max};
	/* Signed they are a SET OF, here they are tagged [0]. */
	const uint8_t tag = DER_CONTEXT_0;

	pkg_buf_clear(&self->info);
	PKG_TRY(
	    pkg_buf_add(&self->info, self->signer.data, self->signer.len, err));
	PKG_TRY(pkg_buf_add(&self->info, &tag, 1, err));
	PKG_TRY(pkg_buf_add(&self->info, self->set.data + 1, self->set.len - 1,
			    err));
	PKG_TRY(pkg_buf_add(&self->info, self->algorithm.data,
			    self->algorithm.len, err));
	PKG_TRY(pkg_document_put_element(&self->info, DER_OCTET_STRING, value,
					 err));
	PKG_TRY(pkg_document_put_element(
	    &set, DER_SEQUENCE,
	    (struct document_span){self->info.data, self->info.len}, err));
	return pkg_document_put_element(
	    &self->after, DER_SET, (struct document_span){set.data, set.len},
	    err);
}

static enum pkg_code sign_cms(struct pkg_document_signer *self,
			      const uint8_t *digest, int64_t signing_time,
			      struct pkg_err *err)
{
	struct document_frame frame = {{self->before.data, self->before.len},
				       {NULL, 0}};
	uint8_t hashed[PKG_DIGEST_MAX], value[VALUE_MAX];
	size_t len = 0;

	PKG_TRY(put_attributes(self, digest, signing_time, err));
	if (EVP_DigestInit_ex2(self->hash, self->md, NULL) != 1 ||
	    EVP_DigestUpdate(self->hash, self->set.data, self->set.len) != 1 ||
	    EVP_DigestFinal_ex(self->hash, hashed, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "hash");
	PKG_TRY(use_key(self, hashed, value, &len, err));
	pkg_buf_clear(&self->after);
	PKG_TRY(pkg_buf_add(&self->after, self->certificates.data,
			    self->certificates.len, err));
	PKG_TRY(put_signers(self, (struct document_span){value, len}, err));
	frame.after = (struct document_span){self->after.data, self->after.len};
	return pkg_document_put_detached(&self->made, &frame, err);
}

static enum pkg_code sign_raw(struct pkg_document_signer *self,
			      const uint8_t *digest, struct pkg_err *err)
{
	uint8_t value[VALUE_MAX];
	size_t len = 0;

	PKG_TRY(use_key(self, digest, value, &len, err));
	return pkg_buf_add(&self->made, value, len, err);
}

/* Read back what is about to leave, and hold it against what was meant. */
static enum pkg_code check(struct pkg_document_signer *self,
			   const uint8_t *digest, int64_t signing_time,
			   struct pkg_err *err)
{
	struct pkg_digests digests = {0};
	struct pkg_cms_signer found;

	pkg_digests_put(&digests, self->options.digest, digest);
	PKG_TRY(pkg_document_verify(self->verifier, &found, self->made.data,
				    self->made.len, &digests, err));
	if (self->options.form == PKG_DOCUMENT_CMS &&
	    found.signing_time != signing_time)
		return pkg_refuse(err, PKG_NO, "signature-bad",
				  "it has another signing time");
	return PKG_OK;
}

static enum pkg_code sign(struct pkg_document_signer *self, struct pkg_buf *out,
			  const uint8_t *digest, int64_t signing_time,
			  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};

	PKG_TRY(pkg_sign_scope_enter(&scope, self->key->crypto, err));
	pkg_buf_clear(&self->made);
	if (self->options.form == PKG_DOCUMENT_RAW)
		PKG_TRY(sign_raw(self, digest, err));
	else
		PKG_TRY(sign_cms(self, digest, signing_time, err));
	PKG_TRY(pkg_cms_made(check(self, digest, signing_time, err), err));
	return pkg_buf_add(out, self->made.data, self->made.len, err);
}

enum pkg_code pkg_document_sign(struct pkg_document_signer *self,
				struct pkg_buf *out, const uint8_t *digest,
				int64_t signing_time, struct pkg_err *err)
{
	return pkg_sign_settle(sign(self, out, digest, signing_time, err), err);
}
