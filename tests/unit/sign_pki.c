/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_pki.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pki pki;

EVP_PKEY *pki_ec(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);

	assert_non_null(key);
	return key;
}

EVP_PKEY *pki_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	assert_non_null(key);
	return key;
}

static void add_extensions(X509 *x509, const struct pki_spec *spec,
			   X509 *issuer)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	for (size_t i = 0; i + 1 < 6 && spec->extensions[i] != NULL; i += 2) {
		X509_EXTENSION *ext = X509V3_EXT_nconf(
		    NULL, &ctx, spec->extensions[i], spec->extensions[i + 1]);

		assert_non_null(ext);
		assert_int_equal(X509_add_ext(x509, ext, -1), 1);
		X509_EXTENSION_free(ext);
	}
}

struct pki_cert pki_cert(const struct pki_spec *spec)
{
	static long serial = 1000;
	const int64_t not_after =
	    spec->not_after == 0 ? (int64_t)2114380800 : spec->not_after;
	X509 *x509 = X509_new();
	X509 *issuer = spec->issuer == NULL ? x509 : spec->issuer->x509;
	EVP_PKEY *issuer_key =
	    spec->issuer == NULL ? spec->key : spec->issuer->key;
	X509_NAME *name = X509_get_subject_name(x509);

	assert_non_null(x509);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				   (const unsigned char *)spec->name, -1, -1,
				   0);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer));
	ASN1_TIME_set(X509_getm_notBefore(x509), 946684800); /* 2000 */
	ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)not_after);
	assert_int_equal(X509_set_pubkey(x509, spec->key), 1);
	add_extensions(x509, spec, issuer);
	assert_true(X509_sign(x509, issuer_key,
			      EVP_get_digestbyname(
				  spec->md == NULL ? "SHA256" : spec->md)) > 0);
	EVP_PKEY_up_ref(spec->key);
	return (struct pki_cert){.key = spec->key, .x509 = x509};
}

void pki_cert_free(struct pki_cert *cert)
{
	EVP_PKEY_free(cert->key);
	X509_free(cert->x509);
}

static struct pki_bytes bytes_of(BIO *bio)
{
	char *data = NULL;
	const long len = BIO_get_mem_data(bio, &data);
	struct pki_bytes out = {.data = malloc((size_t)len),
				.len = (size_t)len};

	assert_non_null(out.data);
	memcpy(out.data, data, out.len);
	BIO_free(bio);
	return out;
}

struct pki_bytes pki_cert_pem(const struct pki_cert *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, cert->x509), 1);
	return bytes_of(bio);
}

struct pki_bytes pki_key_pem(EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const int len = passphrase == NULL ? 0 : (int)strlen(passphrase);

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
			     bio, key,
			     passphrase == NULL ? NULL : EVP_aes_256_cbc(),
			     passphrase, len, NULL, NULL),
			 1);
	return bytes_of(bio);
}

const char *pki_file(const char *name, const void *data, size_t len)
{
	static char path[160];
	int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", pki.folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
	return path;
}

struct pkg_key *pki_load_key(EVP_PKEY *key)
{
	struct pki_bytes pem = pki_key_pem(key, NULL);
	const char *path = pki_file("loaded.key", pem.data, pem.len);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_key *out = NULL;

	assert_ok(pkg_key_load(&out, pki.crypto, AT_FDCWD, path, NULL, &err));
	unlink(path);
	free(pem.data);
	return out;
}

struct pkg_certs *pki_list(const struct pki_cert *const *certs, size_t count)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_certs *out = NULL;

	assert_ok(pkg_certs_new(&out, pki.crypto, &err));
	for (size_t i = 0; i < count; i++) {
		struct pki_bytes pem = pki_cert_pem(certs[i]);

		assert_ok(
		    pkg_certs_add_data(out, pem.data, pem.len, "test", &err));
		free(pem.data);
	}
	return out;
}

struct pkg_certs *pki_one(const struct pki_cert *cert)
{
	return pki_list(&cert, 1);
}

static struct pki_cert signer(const char *name, EVP_PKEY *key)
{
	return pki_cert(&(struct pki_spec){
	    .name = name,
	    .key = key,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	});
}

static struct pki_cert recipient(const char *name, EVP_PKEY *key)
{
	return pki_cert(&(struct pki_spec){
	    .name = name,
	    .key = key,
	    .issuer = &pki.ca,
	    .extensions = {PKI_SKI},
	});
}

int pki_start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	EVP_PKEY *ca = pki_ec("P-256");

	(void)state;
	snprintf(pki.folder, sizeof(pki.folder), "/tmp/packline-test-XXXXXX");
	assert_non_null(mkdtemp(pki.folder));
	assert_ok(pkg_crypto_new(&pki.crypto, &err));
	pki.rsa = pki_rsa(3072);
	pki.p256 = pki_ec("P-256");
	pki.p384 = pki_ec("P-384");
	pki.ca = pki_cert(&(struct pki_spec){
	    .name = "Test CA",
	    .key = ca,
	    .extensions = {"basicConstraints", "critical,CA:TRUE", "keyUsage",
			   "keyCertSign,cRLSign"},
	});
	EVP_PKEY_free(ca);
	pki.signer = signer("carol", pki.p256);
	pki.rsa_signer = signer("rsa carol", pki.rsa);
	pki.p384_signer = signer("p384 carol", pki.p384);
	pki.rsa_recipient = recipient("rsa device", pki.rsa);
	pki.p256_recipient = recipient("p256 device", pki.p256);
	pki.p384_recipient = recipient("p384 device", pki.p384);
	return 0;
}

int pki_stop(void **state)
{
	struct pki_cert *certs[] = {&pki.ca,
				    &pki.signer,
				    &pki.rsa_signer,
				    &pki.p384_signer,
				    &pki.rsa_recipient,
				    &pki.p256_recipient,
				    &pki.p384_recipient};

	(void)state;
	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++)
		pki_cert_free(certs[i]);
	EVP_PKEY_free(pki.rsa);
	EVP_PKEY_free(pki.p256);
	EVP_PKEY_free(pki.p384);
	pkg_crypto_free(pki.crypto);
	rmdir(pki.folder);
	return 0;
}
