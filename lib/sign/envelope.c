/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/envelope.h"

#include "packline/secret.h"
#include "sign/internal.h"
#include "sign/kek_impl.h"

#include <assert.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

SIGN_DEFINE_AUTO(EVP_CIPHER, EVP_CIPHER_free)

static bool use_oaep(EVP_PKEY_CTX *ctx)
{
	return ctx != NULL &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

static bool use_ecdh(EVP_PKEY_CTX *ctx, enum pkg_key_type type)
{
	const EVP_MD *md =
	    type == PKG_KEY_TYPE_P384 ? EVP_sha384() : EVP_sha256();

	/* X9.63 is what CMS uses; saying so makes OpenSSL 3.0 fail. */
	return ctx != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, md) == 1;
}

static enum pkg_code add_recipient(CMS_ContentInfo *ci,
				   const struct cert_entry *to,
				   struct pkg_err *err)
{
	const bool rsa = to->info.key_type == PKG_KEY_TYPE_RSA;
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(
	    ci, to->x509, CMS_KEY_PARAM | CMS_USE_KEYID);
	EVP_PKEY_CTX *ctx =
	    ri == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(ri);

	if (!(rsa ? use_oaep(ctx) : use_ecdh(ctx, to->info.key_type)))
		return pkg_crypto_fail(err, PKG_KEY, "add a recipient");
	return PKG_OK;
}

static enum pkg_code add_all(CMS_ContentInfo *ci,
			     const struct pkg_certs *recipients,
			     struct pkg_err *err)
{
	for (size_t i = 0; i < recipients->count; i++) {
		const struct cert_entry *one = &recipients->entries[i];

		if (pkg_certs_find_spki(recipients, one->info.spki) != (long)i)
			return pkg_fail(err, PKG_KEY,
					"two recipients have the same key: "
					"'%s'",
					one->info.subject);
		/* An X25519 key would be taken and fail in CMS_final(). */
		PKG_TRY(pkg_cert_check_recipient(recipients, i,
						 one->info.not_before, err));
		if (add_recipient(ci, one, err) != PKG_OK)
			return pkg_wrap(err, "recipient '%s'",
					one->info.subject);
	}
	return PKG_OK;
}

/* KEKRecipientInfo, RFC 5652 section 6.2.3; OpenSSL takes the two copies. */
static enum pkg_code add_kek(CMS_ContentInfo *ci, const struct pkg_kek *kek,
			     struct pkg_err *err)
{
	const size_t id_len = strlen(kek->id);
	unsigned char *key =
	    OPENSSL_memdup(pkg_secret_data(kek->secret), PKG_KEK_SIZE);
	unsigned char *id = OPENSSL_memdup(kek->id, id_len);

	if (key != NULL && id != NULL &&
	    CMS_add0_recipient_key(ci, NID_id_aes256_wrap, key, PKG_KEK_SIZE,
				   id, id_len, NULL, NULL, NULL) != NULL)
		return PKG_OK;
	OPENSSL_clear_free(key, PKG_KEK_SIZE);
	OPENSSL_free(id);
	return pkg_crypto_fail(err, PKG_SYSTEM, "add a recipient");
}

static enum pkg_code add_keks(CMS_ContentInfo *ci,
			      const struct pkg_envelope_to *to,
			      struct pkg_err *err)
{
	for (size_t i = 0; i < to->kek_count; i++) {
		const struct pkg_kek *one = to->keks[i];

		assert(!one->password);
		for (size_t k = 0; k < i; k++)
			if (strcmp(to->keks[k]->id, one->id) == 0)
				return pkg_fail(err, PKG_KEY,
						"two recipients are called "
						"'%s'",
						one->id);
		PKG_TRY(add_kek(ci, one, err));
	}
	return PKG_OK;
}

static enum pkg_code make(CMS_ContentInfo **out, struct pkg_crypto *crypto,
			  const struct pkg_envelope_to *to,
			  const struct pkg_secret *cek, struct pkg_err *err)
{
	PKG_AUTO(EVP_CIPHER)
	EVP_CIPHER *cipher =
	    EVP_CIPHER_fetch(pkg_crypto_libctx(crypto), "AES-256-CBC", NULL);
	PKG_AUTO(BIO)
	BIO *bio = BIO_new_mem_buf(pkg_secret_data(cek), PKG_ENVELOPE_CEK);
	PKG_AUTO(CMS_ContentInfo) CMS_ContentInfo *ci = NULL;

	if (cipher == NULL || bio == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set up the cipher");
	ci = CMS_EnvelopedData_create_ex(cipher, pkg_crypto_libctx(crypto),
					 NULL);
	/* Without the second call the content would be silently left out. */
	if (ci == NULL || CMS_set_detached(ci, 0) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "start an envelope");
	if (to->certs != NULL)
		PKG_TRY(add_all(ci, to->certs, err));
	PKG_TRY(add_keks(ci, to, err));
	if (CMS_final(ci, bio, NULL, CMS_BINARY) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "wrap the key");
	*out = PKG_STEAL(ci);
	return PKG_OK;
}

static enum pkg_code seal(struct pkg_buf *der, struct pkg_crypto *crypto,
			  const struct pkg_envelope_to *to,
			  const struct pkg_secret *cek, struct pkg_err *err)
{
	const size_t count =
	    to->kek_count +
	    (to->certs == NULL ? 0 : pkg_certs_count(to->certs));
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO(CMS_ContentInfo) CMS_ContentInfo *ci = NULL;
	unsigned char *made = NULL;
	enum pkg_code code = PKG_OK;
	int len = 0;

	assert(pkg_secret_len(cek) == PKG_ENVELOPE_CEK);
	PKG_TRY(pkg_sign_scope_enter(&scope, crypto, err));
	if (count == 0 || count > PKG_LIMIT_RECIPIENTS)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "%zu recipients: 1 to %u are allowed", count,
				  PKG_LIMIT_RECIPIENTS);
	PKG_TRY(make(&ci, crypto, to, cek, err));
	len = i2d_CMS_ContentInfo(ci, &made);
	if (len <= 0)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encode an envelope");
	/* What is made is in the profile, or it is not given out. */
	code = pkg_envelope_check(NULL, made, (size_t)len, err);
	if (code == PKG_OK)
		code = pkg_buf_add(der, made, (size_t)len, err);
	OPENSSL_free(made);
	return code;
}

enum pkg_code pkg_envelope_seal(struct pkg_buf *der, struct pkg_crypto *crypto,
				const struct pkg_envelope_to *to,
				const struct pkg_secret *cek,
				struct pkg_err *err)
{
	return pkg_sign_settle(seal(der, crypto, to, cek, err), err);
}
