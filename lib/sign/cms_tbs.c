/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/cms_internal.h"
#include "sign/der.h"

#include <openssl/objects.h>

SIGN_DEFINE_AUTO(ASN1_OBJECT, ASN1_OBJECT_free)
SIGN_DEFINE_AUTO(ASN1_TIME, ASN1_STRING_free)

enum { FLAGS = CMS_BINARY | CMS_DETACHED | CMS_PARTIAL | CMS_NOSMIMECAP };
enum { MADE_MAX = 1 << 20 };       /* bytes; more than any chain of 8 */
enum { SIGNATURE_MAX = 8192 / 8 }; /* bytes: RSA of 8192 bits */

const EVP_MD *pkg_cms_digest(unsigned bits)
{
	if (bits == 384)
		return EVP_sha384();
	return bits == 512 ? EVP_sha512() : EVP_sha256();
}

void pkg_cms_shell_fini(struct cms_shell *shell)
{
	CMS_ContentInfo_free(shell->ci);
	*shell = (struct cms_shell){0};
}

/* OpenSSL chooses them (RFC 5652 section 5.1) when content is about to come. */
static enum pkg_code set_versions(CMS_ContentInfo *ci, struct pkg_err *err)
{
	PKG_AUTO(BIO) BIO *chain = CMS_dataInit(ci, NULL);

	return chain != NULL
		   ? PKG_OK
		   : pkg_crypto_fail(err, PKG_SYSTEM, "choose the versions");
}

enum pkg_code pkg_cms_shell_new(struct cms_shell *out,
				const struct cms_shell_spec *spec,
				struct pkg_err *err)
{
	const struct cert_entry *own = &spec->certs->entries[0];
	PKG_AUTO(ASN1_OBJECT)
	ASN1_OBJECT *type = OBJ_txt2obj(spec->content_type, 1);

	/* Judged at a time when it is valid, as pkg_cms_sign() does. */
	PKG_TRY(
	    pkg_cert_check_signer(spec->certs, 0, own->info.not_before, err));
	out->bits = spec->digest_bits;
	if (out->bits == 0)
		out->bits = own->info.key_type == PKG_KEY_TYPE_P384 ? 384 : 256;
	out->ci = CMS_sign_ex(NULL, NULL, NULL, NULL, FLAGS,
			      pkg_crypto_libctx(spec->certs->crypto), NULL);
	if (out->ci == NULL || type == NULL ||
	    CMS_set1_eContentType(out->ci, type) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "start a signature");
	/* The public key is enough for all that is not the signature. */
	out->si =
	    CMS_add1_signer(out->ci, own->x509, X509_get0_pubkey(own->x509),
			    pkg_cms_digest(out->bits),
			    (unsigned)FLAGS | (spec->cades ? CMS_CADES : 0u));
	if (out->si == NULL)
		return pkg_crypto_fail(err, PKG_KEY, "add the signer");
	PKG_TRY(pkg_cms_add_chain(out->ci, spec->certs, err));
	return set_versions(out->ci, err);
}

enum pkg_code pkg_cms_shell_encode(const struct cms_shell *shell,
				   struct pkg_buf *out, struct pkg_err *err)
{
	unsigned char *der = NULL;
	const int got = i2d_CMS_ContentInfo(shell->ci, &der);
	enum pkg_code code = PKG_OK;

	if (got <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode a signature");
	code = pkg_buf_add(out, der, (size_t)got, err);
	OPENSSL_free(der);
	return code;
}

/*
 * RSASSA-PSS-params (RFC 4055 section 3.1) as OpenSSL writes them: nothing is
 * left to its default, and digests have the parameter NULL.
 */
enum pkg_code pkg_cms_shell_pss(const struct cms_shell *shell,
				struct pkg_err *err)
{
#define HASH 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0
	uint8_t params[] = {0x30, 0x34, 0xa0, 0x0f, HASH, 0xa1, 0x1c,
			    0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48,
			    0x86, 0xf7, 0x0d, 1,    1,    8,    HASH,
			    0xa2, 0x03, 0x02, 0x01, 32};
#undef HASH
	/* Last byte of the two digests' identifiers; length of the salt. */
	enum { HASH_AT = 16, MASK_AT = 46, SALT_AT = 53 };
	ASN1_STRING *text = ASN1_STRING_new();
	X509_ALGOR *algorithm = NULL;

	params[HASH_AT] = params[MASK_AT] =
	    shell->bits == 256 ? 1 : (shell->bits == 384 ? 2 : 3);
	params[SALT_AT] = (uint8_t)(shell->bits / 8);
	CMS_SignerInfo_get0_algs(shell->si, NULL, NULL, NULL, &algorithm);
	if (text == NULL ||
	    ASN1_STRING_set(text, params, (int)sizeof(params)) != 1 ||
	    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss),
			    V_ASN1_SEQUENCE, text) != 1) {
		ASN1_STRING_free(text);
		return pkg_crypto_fail(err, PKG_SYSTEM, "choose PSS");
	}
	return PKG_OK;
}

enum pkg_code pkg_cms_shell_put(const struct cms_shell *shell,
				const uint8_t *signature, size_t len,
				struct pkg_err *err)
{
	if (len > SIGNATURE_MAX)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "a raw signature of more than %d bytes",
				  SIGNATURE_MAX);
	if (ASN1_STRING_set(CMS_SignerInfo_get0_signature(shell->si), signature,
			    (int)len) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "put the signature");
	return PKG_OK;
}

/* contentType, messageDigest and signingTime. */
static enum pkg_code add_attributes(const struct cms_shell *shell,
				    const struct pkg_cms_sign_options *options,
				    const void *content, size_t len,
				    struct pkg_err *err)
{
	PKG_AUTO(ASN1_OBJECT)
	ASN1_OBJECT *type = OBJ_txt2obj(options->content_type, 1);
	PKG_AUTO(ASN1_TIME)
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)options->signing_time);
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t size = 0;

	if (EVP_Q_digest(pkg_crypto_libctx(options->certs->crypto),
			 EVP_MD_get0_name(pkg_cms_digest(shell->bits)), NULL,
			 len == 0 ? "" : content, len, digest, &size) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "digest the content");
	if (type == NULL || time == NULL ||
	    CMS_signed_add1_attr_by_NID(shell->si, NID_pkcs9_contentType,
					V_ASN1_OBJECT, type, -1) != 1 ||
	    CMS_signed_add1_attr_by_NID(shell->si, NID_pkcs9_messageDigest,
					V_ASN1_OCTET_STRING, digest,
					(int)size) != 1 ||
	    CMS_signed_add1_attr_by_NID(shell->si, NID_pkcs9_signingTime,
					time->type, time, -1) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "set the signed attributes");
	return PKG_OK;
}

/* The signed attributes in the encoding of a whole SignedData. */
static struct der_tlv find_attributes(const struct pkg_buf *der)
{
	struct der all = pkg_der_all(der->data, der->len);
	struct der info = pkg_der_enter(&all, DER_SEQUENCE);

	(void)pkg_der_any(&info); /* the content type of all */
	struct der content = pkg_der_enter(&info, DER_CONTEXT_0);
	struct der data = pkg_der_enter(&content, DER_SEQUENCE);

	for (int i = 0; i < 4; i++) /* version, digests, content, certs */
		(void)pkg_der_any(&data);
	struct der signers = pkg_der_enter(&data, DER_SET);
	struct der signer = pkg_der_enter(&signers, DER_SEQUENCE);

	for (int i = 0; i < 3; i++) /* version, name, digest */
		(void)pkg_der_any(&signer);
	return pkg_der_take(&signer, DER_CONTEXT_0);
}

enum pkg_code pkg_cms_shell_filled(struct cms_shell *shell, const void *content,
				   size_t len,
				   const struct pkg_cms_sign_options *options,
				   struct pkg_err *err)
{
	const struct cms_shell_spec spec = {
	    .certs = options->certs,
	    .content_type = options->content_type,
	    .digest_bits = options->digest_bits,
	    .cades = true,
	};

	if (len > PKG_LIMIT_SIGNED)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u bytes to sign",
				  PKG_LIMIT_SIGNED);
	PKG_TRY(pkg_cms_shell_new(shell, &spec, err));
	return add_attributes(shell, options, content, len, err);
}

static enum pkg_code make_tbs(struct pkg_buf *der, const void *content,
			      size_t len,
			      const struct pkg_cms_sign_options *options,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_cms_shell) struct cms_shell shell = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = MADE_MAX};
	const uint8_t set = DER_SET;
	struct der_tlv found;

	PKG_TRY(pkg_sign_scope_enter(&scope, options->certs->crypto, err));
	PKG_TRY(pkg_cms_shell_filled(&shell, content, len, options, err));
	PKG_TRY(pkg_cms_shell_encode(&shell, &made, err));
	found = find_attributes(&made);
	if (found.tag != DER_CONTEXT_0)
		return pkg_fail(err, PKG_INTERNAL, "no signed attributes");
	/* In the message they are tagged [0], signed they are as a SET OF. */
	PKG_TRY(pkg_buf_add(der, &set, 1, err));
	return pkg_buf_add(der, found.start + 1,
			   (size_t)(found.body + found.len - found.start) - 1,
			   err);
}

enum pkg_code pkg_cms_tbs(struct pkg_buf *der, const void *content, size_t len,
			  const struct pkg_cms_sign_options *options,
			  struct pkg_err *err)
{
	return pkg_sign_settle(make_tbs(der, content, len, options, err), err);
}

/*
 * Of the signature itself.  r and s of ECDSA are INTEGERs, which have a byte
 * more if their first bit is set: mostly one of them has.
 */
static size_t signature_size(const struct pkg_cert_info *info)
{
	const size_t bytes = (info->key_bits + 7) / 8;

	return info->key_type == PKG_KEY_TYPE_RSA ? bytes
						  : 2 * (2 + bytes) + 1 + 2;
}

static enum pkg_code measure(size_t *size,
			     const struct pkg_cms_sign_options *options,
			     struct pkg_err *err)
{
	static const uint8_t nothing[SIGNATURE_MAX];
	const struct pkg_cert_info *info = &options->certs->entries[0].info;
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_cms_shell) struct cms_shell shell = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = MADE_MAX};

	PKG_TRY(pkg_sign_scope_enter(&scope, options->certs->crypto, err));
	PKG_TRY(pkg_cms_shell_filled(&shell, "", 0, options, err));
	if (info->key_type == PKG_KEY_TYPE_RSA &&
	    options->padding == PKG_CMS_PSS)
		PKG_TRY(pkg_cms_shell_pss(&shell, err));
	PKG_TRY(pkg_cms_shell_put(&shell, nothing, signature_size(info), err));
	PKG_TRY(pkg_cms_shell_encode(&shell, &made, err));
	*size = made.len;
	return PKG_OK;
}

enum pkg_code pkg_cms_sign_size(size_t *size,
				const struct pkg_cms_sign_options *options,
				struct pkg_err *err)
{
	return pkg_sign_settle(measure(size, options, err), err);
}
