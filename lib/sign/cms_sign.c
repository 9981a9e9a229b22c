/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/cms_internal.h"
#include "sign/token.h"

#include <assert.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

SIGN_DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free)
SIGN_DEFINE_AUTO(ASN1_TIME, ASN1_STRING_free)

/* One flag set everywhere: without CMS_BINARY, LF and CRLF would sign alike. */
enum { FLAGS = CMS_BINARY | CMS_DETACHED | CMS_PARTIAL | CMS_NOSMIMECAP };
enum { MADE_MAX = 1 << 20 }; /* bytes; more than any chain of 8 */

static unsigned choose_digest(const struct pkg_key *key,
			      const struct pkg_cms_sign_options *options)
{
	if (options->digest_bits != 0)
		return options->digest_bits;
	return key->type == PKG_KEY_TYPE_P384 ? 384 : 256;
}

static const EVP_MD *digest_of(unsigned bits)
{
	if (bits == 384)
		return EVP_sha384();
	return bits == 512 ? EVP_sha512() : EVP_sha256();
}

static enum pkg_code use_pss(CMS_SignerInfo *si, struct pkg_err *err)
{
	EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);

	if (ctx == NULL ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) != 1)
		return pkg_crypto_fail(err, PKG_KEY, "choose PSS");
	return PKG_OK;
}

static enum pkg_code add_signer(CMS_ContentInfo *ci,
				const struct pkg_cms_sign_options *options,
				struct pkg_err *err)
{
	const struct pkg_key *key = options->key;
	PKG_AUTO(ASN1_TIME)
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)options->signing_time);
	const bool pss =
	    key->type == PKG_KEY_TYPE_RSA && options->padding == PKG_CMS_PSS;
	CMS_SignerInfo *si = NULL;

	if (time == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set the signing time");
	si = CMS_add1_signer(ci, options->certs->entries[0].x509, key->pkey,
			     digest_of(choose_digest(key, options)),
			     (unsigned)FLAGS | CMS_CADES |
				 (pss ? CMS_KEY_PARAM : 0u));
	if (si == NULL)
		return pkg_crypto_fail(err, PKG_KEY, "add the signer");
	if (CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, time->type,
					time, -1) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set the signing time");
	return pss ? use_pss(si, err) : PKG_OK;
}

enum pkg_code pkg_cms_add_chain(CMS_ContentInfo *ci,
				const struct pkg_certs *certs,
				struct pkg_err *err)
{
	if (certs->count > PKG_LIMIT_CMS_CERTS)
		return pkg_fail(err, PKG_KEY,
				"more than %u certificates to go along with a "
				"signature",
				PKG_LIMIT_CMS_CERTS);
	for (size_t i = 1; i < certs->count; i++) {
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice = twice ||
				memcmp(certs->entries[i].info.sha256,
				       certs->entries[j].info.sha256, 32) == 0;
		if (!twice && CMS_add1_cert(ci, certs->entries[i].x509) != 1)
			return pkg_crypto_fail(err, PKG_SYSTEM,
					       "add a certificate");
	}
	return PKG_OK;
}

static enum pkg_code build(CMS_ContentInfo *ci, const void *content, size_t len,
			   const struct pkg_cms_sign_options *options,
			   struct pkg_err *err)
{
	PKG_AUTO(ASN1_OBJECT)
	ASN1_OBJECT *type = OBJ_txt2obj(options->content_type, 1);
	PKG_AUTO(BIO)
	BIO *bio = BIO_new_mem_buf(len == 0 ? "" : content, (int)len);

	if (bio == NULL)
		return pkg_fail_nomem(err);
	if (type == NULL || CMS_set1_eContentType(ci, type) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set the content type");
	PKG_TRY(add_signer(ci, options, err));
	PKG_TRY(pkg_cms_add_chain(ci, options->certs, err));
	if (CMS_final(ci, bio, NULL, FLAGS) == 1)
		return PKG_OK;
	PKG_TRY(pkg_token_blame(options->key, TOKEN_SIGN, err));
	return pkg_crypto_fail(err, PKG_KEY, "sign");
}

static enum pkg_code sign(struct pkg_buf *out, const void *content, size_t len,
			  const struct pkg_cms_sign_options *options,
			  struct pkg_err *err)
{
	PKG_AUTO(CMS_ContentInfo)
	CMS_ContentInfo *ci =
	    CMS_sign_ex(NULL, NULL, NULL, NULL, FLAGS,
			pkg_crypto_libctx(options->key->crypto), NULL);
	unsigned char *der = NULL;
	enum pkg_code code = PKG_OK;
	int got = 0;

	if (ci == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "start a signature");
	PKG_TRY(build(ci, content, len, options, err));
	if (options->key->type != PKG_KEY_TYPE_RSA)
		PKG_TRY(pkg_cms_even_ecdsa(ci, options->key->type, err));
	got = i2d_CMS_ContentInfo(ci, &der);
	if (got <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode a signature");
	code = pkg_buf_add(out, der, (size_t)got, err);
	OPENSSL_free(der);
	return code;
}

enum pkg_code pkg_cms_check_made(const struct pkg_buf *der, const void *content,
				 size_t len, const struct pkg_certs *certs,
				 const char *content_type, struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *anchor = NULL;
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

	PKG_TRY(pkg_certs_new(&anchor, certs->crypto, err));
	PKG_TRY(pkg_sign_certs_push(anchor, certs->entries[0].x509, err));
	PKG_TRY(pkg_cms_parse(&cms, certs->crypto, der->data, der->len, err));
	return pkg_cms_verify(cms, content, len,
			      &(struct pkg_cms_verify_options){
				  .content_type = content_type,
				  .anchors = anchor,
				  .no_time = true,
			      },
			      err);
}

enum pkg_code pkg_cms_made(enum pkg_code verdict, struct pkg_err *err)
{
	const char *why = err->reason;
	char text[PKG_ERR_TEXT];

	if (verdict != PKG_NO)
		return verdict;
	memcpy(text, err->text, sizeof(text));
	return pkg_refuse(err, PKG_KEY, why,
			  "the new signature does not verify: %.400s", text);
}

static enum pkg_code sign_and_check(struct pkg_buf *der, const void *content,
				    size_t len,
				    const struct pkg_cms_sign_options *options,
				    struct pkg_err *err)
{
	const struct pkg_certs *certs = options->certs;
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = MADE_MAX};

	PKG_TRY(pkg_sign_scope_enter(&scope, options->key->crypto, err));
	if (len > PKG_LIMIT_SIGNED)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u bytes to sign",
				  PKG_LIMIT_SIGNED);
	PKG_TRY(pkg_token_may(options->key, TOKEN_SIGN, err));
	PKG_TRY(pkg_cert_check_key(certs, options->key, err));
	/* Judged at a time when it is valid: not our question here. */
	PKG_TRY(pkg_cert_check_signer(certs, 0,
				      certs->entries[0].info.not_before, err));
	PKG_TRY(sign(&made, content, len, options, err));
	PKG_TRY(pkg_cms_made(pkg_cms_check_made(&made, content, len, certs,
						options->content_type, err),
			     err));
	return pkg_buf_add(der, made.data, made.len, err);
}

enum pkg_code pkg_cms_sign(struct pkg_buf *der, const void *content, size_t len,
			   const struct pkg_cms_sign_options *options,
			   struct pkg_err *err)
{
	return pkg_sign_settle(sign_and_check(der, content, len, options, err),
			       err);
}
