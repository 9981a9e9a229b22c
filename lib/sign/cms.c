/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/cms.h"

#include "packline/limits.h"
#include "sign/cms_internal.h"
#include "sign/cms_profile.h"

#include <assert.h>
#include <openssl/objects.h>
#include <stdlib.h>

static enum pkg_code off_profile(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_NO, "signature-profile",
			  "the signature cannot be accepted: %s", why);
}

/*
 * Does what OpenSSL holds encode to the very bytes that were given?  Its own
 * TSA does not sort the certificates of a token, as DER asks for, and nobody
 * takes the bytes of a token for an identity: there the length must do.
 */
static bool is_same(const struct pkg_cms *self, const void *der, size_t len)
{
	unsigned char *again = NULL;
	const int got = i2d_CMS_ContentInfo(self->ci, &again);
	const bool same =
	    got > 0 && (size_t)got == len &&
	    (self->use == CMS_USE_TOKEN || memcmp(again, der, len) == 0);

	OPENSSL_free(again);
	return same;
}

/* Decode, and see that encoding gives the same bytes: else two readers could
   see two different messages in them. */
static enum pkg_code decode(struct pkg_cms *self, const void *der, size_t len,
			    struct pkg_err *err)
{
	const unsigned char *at = der;

	self->ci =
	    CMS_ContentInfo_new_ex(pkg_crypto_libctx(self->crypto), NULL);
	if (self->ci == NULL)
		return pkg_fail_nomem(err);
	if (d2i_CMS_ContentInfo(&self->ci, &at, (long)len) == NULL) {
		if (pkg_crypto_fail(err, PKG_NO, "decode") != PKG_NO)
			return err->code;
		return off_profile(err, "it cannot be decoded");
	}
	if (at != (const unsigned char *)der + len || !is_same(self, der, len))
		return off_profile(err, "it is not canonical DER");
	self->der = malloc(len);
	if (self->der == NULL)
		return pkg_fail_nomem(err);
	memcpy(self->der, der, len);
	self->der_len = len;
	return PKG_OK;
}

/*
 * OpenSSL compares names without regard to case and spaces: the same bytes
 * are wanted here, so that there is no second spelling of a signature.
 */
static bool names_exactly(CMS_SignerInfo *si, const X509 *x509)
{
	X509_NAME *said = NULL;
	unsigned char *a = NULL, *b = NULL;
	int a_len = 0, b_len = 0;
	bool same = false;

	if (CMS_SignerInfo_get0_signer_id(si, NULL, &said, NULL) != 1)
		return false;
	if (said == NULL)
		return true; /* named by its key identifier */
	a_len = i2d_X509_NAME(said, &a);
	b_len = i2d_X509_NAME(X509_get_issuer_name(x509), &b);
	same = a_len > 0 && a_len == b_len && memcmp(a, b, (size_t)a_len) == 0;
	OPENSSL_free(a);
	OPENSSL_free(b);
	return same;
}

/* The one SignerInfo and the one certificate that it names. */
static enum pkg_code find_signer(struct pkg_cms *self, struct pkg_err *err)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(self->ci);
	STACK_OF(X509) *certs = NULL;
	int found = 0;

	if (CMS_is_detached(self->ci) != (self->use == CMS_USE_SIGNATURE) ||
	    sk_CMS_SignerInfo_num(signers) != 1)
		return off_profile(err, "it is not a detached signature of "
					"one signer");
	self->si = sk_CMS_SignerInfo_value(signers, 0);
	certs = CMS_get1_certs(self->ci);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *x509 = sk_X509_value(certs, i);

		if (CMS_SignerInfo_cert_cmp(self->si, x509) != 0)
			continue;
		if (found++ == 0 && X509_up_ref(x509) == 1)
			self->signer = x509;
	}
	sk_X509_pop_free(certs, X509_free);
	if (found != 1 || self->signer == NULL)
		return off_profile(err, "the signer's certificate is not in "
					"it, or more than once");
	if (!names_exactly(self->si, self->signer))
		return off_profile(err, "it spells the issuer's name in "
					"another way than the certificate");
	CMS_SignerInfo_set1_signer_cert(self->si, self->signer);
	return PKG_OK;
}

static enum pkg_code read_time(struct pkg_cms *self, struct pkg_err *err)
{
	const int at =
	    CMS_signed_get_attr_by_NID(self->si, NID_pkcs9_signingTime, -1);
	const ASN1_TYPE *value = NULL;

	if (at < 0 && self->use == CMS_USE_TOKEN)
		return PKG_OK; /* its time is in its content */
	if (at >= 0)
		value = X509_ATTRIBUTE_get0_type(
		    CMS_signed_get_attr(self->si, at), 0);
	if (value == NULL ||
	    !pkg_sign_time(&self->claim.signing_time, value->value.asn1_string))
		return off_profile(err, "its signing time is malformed");
	return PKG_OK;
}

static const char *digest_name(unsigned bits)
{
	if (bits == 256)
		return "sha256";
	return bits == 384 ? "sha384" : "sha512";
}

/* Does the key of the certificate go with the algorithm of the signature? */
static enum pkg_code read_algorithm(struct pkg_cms *self,
				    const struct cms_profile *profile,
				    struct pkg_err *err)
{
	const struct pkg_cert_info *cert = &self->claim.cert;
	const bool rsa = cert->key_type == PKG_KEY_TYPE_RSA;

	self->claim.digest = digest_name(profile->digest_bits);
	self->claim.has_timestamp = profile->timestamp.tag != 0;
	/* The suite does not choose the algorithms of a TSA. */
	if (self->use == CMS_USE_TOKEN)
		return PKG_OK;
	if (cert->key_type == PKG_KEY_TYPE_OTHER)
		return pkg_refuse(err, PKG_NO, "algorithm-weak",
				  "the key of '%s' (%u bits) is not one of "
				  "suite packline-1",
				  cert->subject, cert->key_bits);
	if (rsa != (profile->algorithm != CMS_ECDSA))
		return off_profile(err, "its algorithm is not that of the "
					"signer's key");
	if (profile->algorithm == CMS_RSA_PSS)
		self->claim.algorithm = "rsa-pss";
	else if (rsa)
		self->claim.algorithm = "rsa-pkcs1";
	else if (cert->key_type == PKG_KEY_TYPE_P256)
		self->claim.algorithm = "ecdsa-p256";
	else
		self->claim.algorithm = "ecdsa-p384";
	return PKG_OK;
}

static enum pkg_code read_signer(struct pkg_cms *self, struct pkg_err *err)
{
	const enum pkg_code code = pkg_sign_x509_info(
	    &self->claim.cert, self->crypto, self->signer, err);

	/* Here it is not a key of ours that cannot be used. */
	if (code == PKG_KEY)
		return off_profile(err, "the signer's certificate is "
					"malformed");
	return code;
}

static enum pkg_code parse(struct pkg_cms *self, const void *der, size_t len,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	struct cms_profile profile;

	PKG_TRY(pkg_sign_scope_enter(&scope, self->crypto, err));
	PKG_TRY(pkg_cms_profile_walk(&profile, self->use, der, len, err));
	PKG_TRY(decode(self, der, len, err));
	PKG_TRY(find_signer(self, err));
	PKG_TRY(read_signer(self, err));
	PKG_TRY(read_time(self, err));
	PKG_TRY(read_algorithm(self, &profile, err));
	if (OBJ_obj2txt(self->content_type, sizeof(self->content_type),
			CMS_get0_eContentType(self->ci),
			1) >= (int)sizeof(self->content_type))
		return off_profile(err, "its content type is too long");
	return PKG_OK;
}

enum pkg_code pkg_cms_read(struct pkg_cms **out, struct pkg_crypto *crypto,
			   enum cms_use use, const struct der_tlv *der,
			   struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *self = NULL;

	*out = NULL;
	if (der->len > PKG_LIMIT_SIGNATURE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "the signature has more than %u bytes",
				  PKG_LIMIT_SIGNATURE);
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->crypto = crypto;
	self->use = use;
	PKG_TRY(pkg_sign_settle(parse(self, der->body, der->len, err), err));
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_cms_parse(struct pkg_cms **out, struct pkg_crypto *crypto,
			    const void *der, size_t len, struct pkg_err *err)
{
	const struct der_tlv all = {.body = der, .len = len};

	return pkg_cms_read(out, crypto, CMS_USE_SIGNATURE, &all, err);
}

const struct pkg_cms_signer *pkg_cms_claim(const struct pkg_cms *cms)
{
	return &cms->claim;
}

/*
 * What CMS_verify() said yes to: is it still the message that was walked, and
 * its one signer the one that is claimed?
 */
static bool is_untouched(const struct pkg_cms *cms)
{
	STACK_OF(X509) *signers = CMS_get0_signers(cms->ci);
	const bool same =
	    sk_X509_num(signers) == 1 &&
	    X509_cmp(sk_X509_value(signers, 0), cms->signer) == 0 &&
	    is_same(cms, cms->der, cms->der_len);

	sk_X509_free(signers);
	return same;
}

const char *pkg_cms_content_type(const struct pkg_cms *cms)
{
	return cms->content_type;
}

static enum pkg_code verify(struct pkg_cms *cms, const void *content,
			    size_t len,
			    const struct pkg_cms_verify_options *options,
			    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_cms_trusted) struct cms_trusted trusted = {0};
	PKG_AUTO(BIO) BIO *bio = NULL;

	PKG_TRY(pkg_sign_scope_enter(&scope, cms->crypto, err));
	/* An int takes the length below (CVE-2026-34155). */
	if (len > PKG_LIMIT_SIGNED)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u bytes of signed content",
				  PKG_LIMIT_SIGNED);
	if (strcmp(cms->content_type, options->content_type) != 0)
		return off_profile(err, "it is for another type of content");
	PKG_TRY(pkg_cms_trust_check(&trusted, cms, options, err));
	bio = BIO_new_mem_buf(len == 0 ? "" : content, (int)len);
	if (bio == NULL)
		return pkg_fail_nomem(err);
	if (CMS_verify(cms->ci, NULL, trusted.store, bio, NULL,
		       CMS_BINARY | CMS_NOCRL | CMS_CADES) == 1)
		return is_untouched(cms)
			   ? PKG_OK
			   : off_profile(err, "verifying it changed it");
	if (pkg_crypto_fail(err, PKG_NO, "verify a signature") != PKG_NO)
		return err->code;
	return pkg_refuse(err, PKG_NO, "signature-bad",
			  "the signature of '%s' does not belong to this "
			  "content, or one of them was changed",
			  cms->claim.cert.subject);
}

enum pkg_code pkg_cms_verify(struct pkg_cms *cms, const void *content,
			     size_t len,
			     const struct pkg_cms_verify_options *options,
			     struct pkg_err *err)
{
	return pkg_sign_settle(verify(cms, content, len, options, err), err);
}

void pkg_cms_free(struct pkg_cms *cms)
{
	if (cms == NULL)
		return;
	CMS_ContentInfo_free(cms->ci);
	X509_free(cms->signer);
	free(cms->der);
	free(cms);
}
