/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/envelope.h"

#include "packline/crypto.h"
#include "packline/secret.h"
#include "sign/internal.h"
#include "sign/kek_impl.h"
#include "sign/token.h"

#include <assert.h>
#include <openssl/x509v3.h>

SIGN_DEFINE_AUTO(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)

/* With what it is opened: a private key and its certificate, or a KEK. */
struct opener {
	struct pkg_crypto *crypto;
	const struct pkg_key *key;
	X509 *cert;
	const struct pkg_kek *kek;
};

static bool decrypt_content(CMS_ContentInfo *ci, const struct opener *with,
			    BIO *plain)
{
	/*
	 * Always with the certificate: without it a wrong RSA key "succeeds"
	 * now and then and yields garbage.  DEBUG makes a failed unwrapping an
	 * error instead of a random key; there is nobody to be an oracle for.
	 */
	const unsigned flags = CMS_BINARY | CMS_DEBUG_DECRYPT;

	if (with->kek != NULL &&
	    CMS_decrypt_set1_key(ci, pkg_secret_data(with->kek->secret),
				 PKG_KEK_SIZE,
				 (const unsigned char *)with->kek->id,
				 strlen(with->kek->id)) != 1)
		return false;
	return CMS_decrypt(ci, with->key == NULL ? NULL : with->key->pkey,
			   with->cert, NULL, plain, flags) == 1;
}

static __attribute__((noinline)) enum pkg_code
decrypt(struct pkg_secret **cek, CMS_ContentInfo *ci, const struct opener *with,
	struct pkg_err *err)
{
	PKG_AUTO(BIO) BIO *plain = BIO_new(BIO_s_secmem());
	char *data = NULL;
	long len = 0;

	if (plain == NULL)
		return pkg_fail_nomem(err);
	if (decrypt_content(ci, with, plain))
		len = BIO_get_mem_data(plain, &data);
	else if ((with->key != NULL &&
		  pkg_token_blame(with->key, TOKEN_DECRYPT, err) != PKG_OK) ||
		 pkg_crypto_fail(err, PKG_NO, "unwrap") != PKG_NO)
		return err->code;
	if (len != PKG_ENVELOPE_CEK) {
		pkg_refuse(err, PKG_NO, "unwrap-failed",
			   "the content key cannot be unwrapped: %sthe list "
			   "of recipients was changed",
			   with->kek == NULL ? "" : "it is another key, or ");
		return err->code;
	}
	PKG_TRY(pkg_secret_new(cek, PKG_ENVELOPE_CEK, err));
	memcpy(pkg_secret_data(*cek), data, PKG_ENVELOPE_CEK);
	return PKG_OK;
}

/*
 * A stand-in for a certificate that is not at hand: the public key, and the
 * identifier that RFC 5280 section 4.2.1.2, method 1, makes of it.
 */
static enum pkg_code stand_in(X509 **out, const struct pkg_key *key,
			      struct pkg_err *err)
{
	PKG_AUTO(X509)
	X509 *x509 = X509_new_ex(pkg_crypto_libctx(key->crypto), NULL);
	PKG_AUTO(ASN1_OCTET_STRING)
	ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
	uint8_t sha1[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	/* Signed by anybody: OpenSSL looks at nothing that it cannot encode,
	   and the key itself may not be allowed to sign. */
	PKG_AUTO(EVP_PKEY)
	EVP_PKEY *anybody = EVP_PKEY_Q_keygen(pkg_crypto_libctx(key->crypto),
					      NULL, "EC", "P-256");

	if (x509 == NULL || ski == NULL || anybody == NULL ||
	    X509_set_version(x509, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(x509, key->pkey) != 1 ||
	    X509_pubkey_digest(x509, EVP_sha1(), sha1, &len) != 1 ||
	    ASN1_OCTET_STRING_set(ski, sha1, (int)len) != 1 ||
	    X509_add1_ext_i2d(x509, NID_subject_key_identifier, ski, 0, 0) !=
		1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) != 1 ||
	    X509_sign(x509, anybody, EVP_sha256()) <= 0 ||
	    X509_get0_subject_key_id(x509) == NULL)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "make a stand-in certificate");
	*out = PKG_STEAL(x509);
	return PKG_OK;
}

/* The certificate to decrypt with: given, from the key file, or stood in. */
static enum pkg_code choose_cert(X509 **out, const struct pkg_key *key,
				 const struct pkg_certs *cert,
				 struct pkg_err *err)
{
	if (cert == NULL)
		cert = key->certs;
	if (cert == NULL)
		return stand_in(out, key, err);
	PKG_TRY(pkg_cert_check_key(cert, key, err));
	if (X509_get0_subject_key_id(cert->entries[0].x509) == NULL)
		return stand_in(out, key, err);
	if (X509_up_ref(cert->entries[0].x509) != 1)
		return pkg_fail_nomem(err);
	*out = cert->entries[0].x509;
	return PKG_OK;
}

static enum pkg_code check_named(const struct pkg_envelope_info *info,
				 X509 *x509, const struct pkg_key *key,
				 struct pkg_err *err)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(x509);
	const size_t len = (size_t)ASN1_STRING_length(ski);

	for (size_t i = 0; i < info->count; i++)
		if (info->recipients[i].ski_len == len &&
		    memcmp(info->recipients[i].ski, ASN1_STRING_get0_data(ski),
			   len) == 0)
			return PKG_OK;
	pkg_refuse(err, PKG_NO, "not-a-recipient",
		   "it is not encrypted for key '%s'", key->name);
	return pkg_hint(
	    err, "pkg-seal show lists for whom it is encrypted; with the "
		 "right key give the certificate that is listed");
}

static enum pkg_code open_it(struct pkg_secret **cek, const void *der,
			     size_t len, const struct opener *with,
			     struct pkg_err *err)
{
	PKG_AUTO(CMS_ContentInfo)
	CMS_ContentInfo *ci =
	    CMS_ContentInfo_new_ex(pkg_crypto_libctx(with->crypto), NULL);
	const unsigned char *at = der;
	unsigned char *again = NULL;
	int got = 0;
	bool same = false;

	if (ci == NULL)
		return pkg_fail_nomem(err);
	if (d2i_CMS_ContentInfo(&ci, &at, (long)len) != NULL)
		got = i2d_CMS_ContentInfo(ci, &again);
	else if (pkg_crypto_fail(err, PKG_INPUT, "decode") != PKG_INPUT)
		return err->code;
	same = got > 0 && (size_t)got == len && memcmp(again, der, len) == 0;
	OPENSSL_free(again);
	if (!same)
		return pkg_refuse(err, PKG_INPUT, "recipients-profile",
				  "the list of recipients is not canonical "
				  "DER");
	return decrypt(cek, ci, with, err);
}

/*
 * The content key stays on the stack in a buffer of cms_copy_content();
 * whoever looks at this process's memory later would find it.
 */
static enum pkg_code open_and_scrub(struct pkg_secret **cek, const void *der,
				    size_t len, const struct opener *with,
				    struct pkg_err *err)
{
	const enum pkg_code code =
	    pkg_sign_settle(open_it(cek, der, len, with, err), err);

	pkg_secret_scrub_stack();
	return code;
}

enum pkg_code pkg_envelope_open(struct pkg_secret **cek, const void *der,
				size_t len, const struct pkg_key *key,
				const struct pkg_certs *cert,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO(X509) X509 *x509 = NULL;
	struct pkg_envelope_info info;

	*cek = NULL;
	PKG_TRY(pkg_sign_scope_enter(&scope, key->crypto, err));
	PKG_TRY(pkg_envelope_check(&info, der, len, err));
	PKG_TRY(pkg_sign_settle(choose_cert(&x509, key, cert, err), err));
	PKG_TRY(check_named(&info, x509, key, err));
	PKG_TRY(pkg_token_may(key, TOKEN_DECRYPT, err));
	const struct opener with = {key->crypto, key, x509, NULL};
	return open_and_scrub(cek, der, len, &with, err);
}

enum pkg_code pkg_envelope_open_kek(struct pkg_secret **cek, const void *der,
				    size_t len, const struct pkg_kek *kek,
				    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	const struct opener with = {.crypto = kek->crypto, .kek = kek};
	struct pkg_envelope_info info;
	size_t i = 0;

	*cek = NULL;
	assert(!kek->password);
	PKG_TRY(pkg_sign_scope_enter(&scope, kek->crypto, err));
	PKG_TRY(pkg_envelope_check(&info, der, len, err));
	while (i < info.count &&
	       strcmp(info.recipients[i].key_id, kek->id) != 0)
		i++;
	if (i < info.count)
		return open_and_scrub(cek, der, len, &with, err);
	pkg_refuse(err, PKG_NO, "not-a-recipient",
		   "it is not encrypted for key '%s', which is called '%s'",
		   kek->name, kek->id);
	return pkg_hint(err, "pkg-seal show lists for whom it is encrypted; "
			     "kek:ID=FILE says what a key is called");
}
