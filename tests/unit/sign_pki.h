/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SIGN_PKI_H
#define UNIT_SIGN_PKI_H

/* Keys and certificates for the tests of lib/sign, made by OpenSSL itself. */

#include "unit.h"

#include "packline/cert.h"
#include "packline/crypto.h"
#include "packline/key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define PKI_NOW     ((int64_t)1800000000) /* 2027-01-15 */
#define PKI_EXPIRED ((int64_t)1000000000) /* end of validity: 2001 */

/* What a certificate is to say; extensions as in openssl.cnf. */
struct pki_spec {
	const char *name; /* CN */
	EVP_PKEY *key;
	const struct pki_cert *issuer; /* NULL = self-signed */
	const char *extensions[6];     /* "keyUsage", "digitalSignature", ... */
	int64_t not_after;             /* 0 = 2037 */
	const char *md;                /* NULL = sha256 */
};

struct pki_cert {
	EVP_PKEY *key;
	X509 *x509;
};

/* One of everything, made once. */
struct pki {
	struct pkg_crypto *crypto;
	char folder[64]; /* private, removed by pki_stop() */
	EVP_PKEY *rsa, *p256, *p384;
	struct pki_cert ca, signer, rsa_signer, p384_signer;
	struct pki_cert rsa_recipient, p256_recipient, p384_recipient;
};

extern struct pki pki;

/* cmocka group fixtures. */
int pki_start(void **state);
int pki_stop(void **state);

EVP_PKEY *pki_ec(const char *curve);
EVP_PKEY *pki_rsa(unsigned bits);
/* A certificate: extensions come in pairs of name and value. */
struct pki_cert pki_cert(const struct pki_spec *spec);
void pki_cert_free(struct pki_cert *cert);
/* EXTENSIONS of a proper signer. */
#define PKI_CODE                                                               \
	{                                                                      \
		"keyUsage", "digitalSignature", "extendedKeyUsage",            \
		    "codeSigning"                                              \
	}
#define PKI_SKI "subjectKeyIdentifier", "hash"

/* Bytes of a PEM or DER object, freed by free(). */
struct pki_bytes {
	uint8_t *data;
	size_t len;
};
struct pki_bytes pki_cert_pem(const struct pki_cert *cert);
/* PKCS#8 PEM; @passphrase NULL = not encrypted. */
struct pki_bytes pki_key_pem(EVP_PKEY *key, const char *passphrase);
/* Write a file of the folder, mode 0600; returns its path, until the next. */
const char *pki_file(const char *name, const void *data, size_t len);
/* That key, loaded as a user's key file would be. */
struct pkg_key *pki_load_key(EVP_PKEY *key);
/* A list of @count certificates. */
struct pkg_certs *pki_list(const struct pki_cert *const *certs, size_t count);
struct pkg_certs *pki_one(const struct pki_cert *cert);

#endif
