/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/key_read.h"

#include "packline/limits.h"

#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

SIGN_DEFINE_AUTO(OSSL_DECODER_CTX, OSSL_DECODER_CTX_free)
SIGN_DEFINE_AUTO(PKCS12, PKCS12_free)

/* The user's passphrase, asked for when first needed. */
static enum pkg_code passphrase(struct key_reader *r, struct pkg_err *err)
{
	if (r->asked)
		return PKG_OK;
	r->asked = true;
	if (r->ask == NULL) {
		pkg_fail(err, PKG_KEY,
			 "it is encrypted and no passphrase was "
			 "given");
		return pkg_hint(err, "give --passphrase file:PATH, fd:N or "
				     "env:VAR");
	}
	return r->ask->ask(r->ask->context, &r->pass, r->name, err);
}

/* OpenSSL's callback; -1 stops the decoder. */
static int on_password(char *buf, int size, int writing, void *context)
{
	struct key_reader *r = context;

	(void)writing;
	if (passphrase(r, &r->ask_err) != PKG_OK || size < 0 ||
	    r->pass.len > (size_t)size)
		return -1;
	if (r->pass.len > 0)
		memcpy(buf, r->pass.data, r->pass.len);
	return (int)r->pass.len;
}

/* Why a decoder gave up: the passphrase, or the data. */
static enum pkg_code not_readable(struct key_reader *r, struct pkg_err *err)
{
	if (r->ask_err.code != PKG_OK) {
		*err = r->ask_err;
		return err->code;
	}
	if (r->asked) {
		pkg_fail(err, PKG_KEY, "wrong passphrase");
		return pkg_hint(err, "a newline at the end of a passphrase "
				     "file does not count, a space does");
	}
	return pkg_crypto_fail(err, PKG_KEY, "no private key can be read");
}

static enum pkg_code read_der(struct key_reader *r, const uint8_t *der,
			      size_t len, struct pkg_err *err)
{
	PKG_AUTO(EVP_PKEY) EVP_PKEY *pkey = NULL;
	PKG_AUTO(OSSL_DECODER_CTX) OSSL_DECODER_CTX *ctx = NULL;
	const unsigned char *at = der;
	size_t left = len;

	ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "DER", NULL, NULL,
					    EVP_PKEY_KEYPAIR,
					    pkg_crypto_libctx(r->crypto), NULL);
	if (ctx == NULL ||
	    OSSL_DECODER_CTX_set_pem_password_cb(ctx, on_password, r) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set up a decoder");
	if (OSSL_DECODER_from_data(ctx, &at, &left) != 1 || pkey == NULL)
		return not_readable(r, err);
	if (r->pkey != NULL) {
		pkg_fail(err, PKG_KEY, "more than one private key in it");
		return pkg_hint(err, "keep every key in a file of its own");
	}
	r->pkey = PKG_STEAL(pkey);
	return PKG_OK;
}

/* Traditional PEM encryption: Proc-Type and DEK-Info lines. */
static enum pkg_code read_block(struct key_reader *r, struct sign_pem *pem,
				struct pkg_err *err)
{
	EVP_CIPHER_INFO cipher;

	if (PEM_get_EVP_CIPHER_INFO(pem->header, &cipher) != 1)
		return pkg_crypto_fail(err, PKG_KEY, "read the PEM header");
	if (PEM_do_header(&cipher, pem->data, &pem->len, on_password, r) != 1)
		return not_readable(r, err);
	return read_der(r, pem->data, (size_t)pem->len, err);
}

static enum pkg_code read_pem(struct key_reader *r, BIO *bio,
			      struct pkg_err *err)
{
	static const char tail[] = "PRIVATE KEY";
	PKG_AUTO_FINI(pkg_sign_pem) struct sign_pem pem = {0};

	while (pkg_sign_pem_next(&pem, bio)) {
		const size_t len = strlen(pem.name);

		if (len >= sizeof(tail) - 1 &&
		    strcmp(pem.name + len - (sizeof(tail) - 1), tail) == 0)
			PKG_TRY(read_block(r, &pem, err));
		else if (strcmp(pem.name, "CERTIFICATE") == 0)
			PKG_TRY(pkg_certs_add_data(
			    r->certs, pem.data, (size_t)pem.len, r->name, err));
	}
	PKG_TRY(pkg_sign_pem_end(err));
	if (r->pkey != NULL)
		return PKG_OK;
	pkg_fail(err, PKG_KEY, "no private key in it");
	return pkg_hint(err, "%s",
			pkg_certs_count(r->certs) > 0
			    ? "that is a certificate: --cert takes it"
			    : "PEM, DER or PKCS#12 is wanted");
}

/*
 * Which form of the passphrase opens it: files made with an empty password
 * have a MAC over either none or an empty string.
 */
static enum pkg_code p12_password(struct key_reader *r, PKCS12 *p12,
				  const char **out, struct pkg_err *err)
{
	*out = NULL;
	if (PKCS12_mac_present(p12) != 1)
		return pkg_fail(err, PKG_KEY,
				"the PKCS#12 file has no MAC: it may have been "
				"changed");
	if (PKCS12_verify_mac(p12, NULL, 0) == 1)
		return PKG_OK;
	*out = "";
	if (PKCS12_verify_mac(p12, "", 0) == 1)
		return PKG_OK;
	PKG_TRY(passphrase(r, err));
	*out = pkg_buf_str(&r->pass);
	if (PKCS12_verify_mac(p12, *out, (int)r->pass.len) == 1)
		return PKG_OK;
	return not_readable(r, err);
}

static enum pkg_code p12_certs(struct key_reader *r, X509 *cert,
			       STACK_OF(X509) * others, struct pkg_err *err)
{
	if (cert != NULL)
		PKG_TRY(pkg_sign_certs_push(r->certs, cert, err));
	for (int i = 0; i < sk_X509_num(others); i++)
		PKG_TRY(pkg_sign_certs_push(r->certs, sk_X509_value(others, i),
					    err));
	return PKG_OK;
}

static enum pkg_code read_p12(struct key_reader *r, PKCS12 *p12,
			      struct pkg_err *err)
{
	PKG_AUTO(X509) X509 *cert = NULL;
	STACK_OF(X509) *others = NULL;
	const char *password = NULL;
	enum pkg_code code = PKG_OK;

	PKG_TRY(p12_password(r, p12, &password, err));
	if (PKCS12_parse(p12, password, &r->pkey, &cert, &others) != 1) {
		pkg_crypto_fail(err, PKG_KEY, "read the PKCS#12 file");
		return pkg_hint(err, "files with RC2 or 3DES are too old: "
				     "export it again with openssl pkcs12 "
				     "-legacy, then -export");
	}
	code = p12_certs(r, cert, others, err);
	sk_X509_pop_free(others, X509_free);
	PKG_TRY(code);
	if (r->pkey == NULL)
		return pkg_fail(err, PKG_KEY, "no private key in it");
	return PKG_OK;
}

enum pkg_code pkg_key_reader_run(struct key_reader *r,
				 const struct pkg_buf *file,
				 struct pkg_err *err)
{
	PKG_AUTO(BIO) BIO *bio = NULL;
	PKG_AUTO(PKCS12) PKCS12 *p12 = NULL;
	const unsigned char *at = file->data;

	if (file->len == 0)
		return pkg_fail(err, PKG_KEY, "the file is empty");
	if (file->data[0] != 0x30) {
		bio = BIO_new_mem_buf(file->data, (int)file->len);
		if (bio == NULL)
			return pkg_fail_nomem(err);
		return read_pem(r, bio, err);
	}
	p12 =
	    PKCS12_init_ex(NID_pkcs7_data, pkg_crypto_libctx(r->crypto), NULL);
	if (p12 == NULL)
		return pkg_fail_nomem(err);
	if (d2i_PKCS12(&p12, &at, (long)file->len) != NULL)
		return read_p12(r, p12, err);
	return read_der(r, file->data, file->len, err);
}

void pkg_key_reader_fini(struct key_reader *r)
{
	EVP_PKEY_free(r->pkey);
	pkg_certs_free(r->certs);
	pkg_buf_fini(&r->pass);
}
