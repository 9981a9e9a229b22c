/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_INTERNAL_H
#define SIGN_INTERNAL_H

/* What the files of this module share: never public. */

#include "digest/openssl.h"
#include "packline/auto.h"
#include "packline/cert.h"
#include "packline/key.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define SIGN_RSA_MIN 3072 /* bits: 128-bit security, SP 800-57 */

/* Let the cleanup attribute release OpenSSL's objects. */
/* NOLINTBEGIN(bugprone-macro-parentheses): they are names */
#define SIGN_DEFINE_AUTO(type, release)                                        \
	static inline void type##_auto_(__typeof__(type) **p)                  \
	{                                                                      \
		release(*p);                                                   \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
SIGN_DEFINE_AUTO(BIO, BIO_free_all)
SIGN_DEFINE_AUTO(CMS_ContentInfo, CMS_ContentInfo_free)
SIGN_DEFINE_AUTO(EVP_PKEY, EVP_PKEY_free)
SIGN_DEFINE_AUTO(X509, X509_free)
SIGN_DEFINE_AUTO(X509_STORE, X509_STORE_free)
SIGN_DEFINE_AUTO(X509_STORE_CTX, X509_STORE_CTX_free)

/*
 * A stretch of code in which this thread's default context is ours: some
 * OpenSSL functions (CMS and X.509 decoding, PKCS#12) take no context and
 * would reach for the process-wide one.
 *
 *     PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
 *     PKG_TRY(pkg_sign_scope_enter(&scope, crypto, err));
 */
struct sign_scope {
	OSSL_LIB_CTX *before; /* NULL = not entered */
};

PKG_MUST_CHECK enum pkg_code pkg_sign_scope_enter(struct sign_scope *scope,
						  struct pkg_crypto *crypto,
						  struct pkg_err *err);
void pkg_sign_scope_fini(struct sign_scope *scope);
/*
 * What a function of this module returns in the end.  OpenSSL often hides that
 * it was out of memory behind another reason, or behind none; a wrong
 * passphrase or a bad signature must not be made of that.
 */
PKG_MUST_CHECK enum pkg_code pkg_sign_settle(enum pkg_code code,
					     struct pkg_err *err);

struct pkg_key {
	struct pkg_crypto *crypto; /* borrowed */
	EVP_PKEY *pkey;
	enum pkg_key_type type;
	unsigned bits;
	uint8_t spki[32];
	char *name;
	struct pkg_certs *certs; /* NULL = none of this key */
	struct key_token *token; /* NULL = the private half is in memory */
};

struct pkg_certs {
	struct pkg_crypto *crypto; /* borrowed */
	size_t count, cap;
	struct cert_entry {
		X509 *x509;
		struct pkg_cert_info info;
	} * entries;
};

struct pkg_crls {
	struct pkg_crypto *crypto; /* borrowed */
	STACK_OF(X509_CRL) * list;
};

/* Type and size of a public key; PKG_KEY_TYPE_OTHER if not of the suite. */
enum pkg_key_type pkg_sign_key_type(const EVP_PKEY *pkey, unsigned *bits);
/* SHA-256 of the DER SubjectPublicKeyInfo. */
PKG_MUST_CHECK enum pkg_code pkg_sign_spki(uint8_t out[static 32],
					   const struct pkg_crypto *crypto,
					   EVP_PKEY *pkey, struct pkg_err *err);
/* SHA-256 of @len bytes of @data. */
PKG_MUST_CHECK enum pkg_code pkg_sign_sha256(uint8_t out[static 32],
					     const struct pkg_crypto *crypto,
					     const void *data, size_t len,
					     struct pkg_err *err);
/* Read the certificate that @der is, to its last byte. */
PKG_MUST_CHECK enum pkg_code pkg_sign_x509_read(X509 **out,
						const struct pkg_crypto *crypto,
						const void *der, size_t len,
						struct pkg_err *err);
/* Fill in @info from @x509. */
PKG_MUST_CHECK enum pkg_code pkg_sign_x509_info(struct pkg_cert_info *info,
						const struct pkg_crypto *crypto,
						X509 *x509,
						struct pkg_err *err);
/* Append @x509 (a reference is taken) to @certs. */
PKG_MUST_CHECK enum pkg_code
pkg_sign_certs_push(struct pkg_certs *certs, X509 *x509, struct pkg_err *err);
/* Seconds since the epoch of an ASN.1 time; false if it is malformed. */
bool pkg_sign_time(int64_t *out, const ASN1_TIME *time);

/* One block of a PEM file: its label ("CERTIFICATE") and what is in it. */
struct sign_pem {
	char *name, *header;
	uint8_t *data; /* wiped by fini */
	long len;
};

/* False at the end, or where the rest is not PEM. */
bool pkg_sign_pem_next(struct sign_pem *pem, BIO *bio);
/*
 * After the last block: was that the end?  Fails with PKG_KEY if one begins
 * and cannot be read; what was found in front of it is not all, then.
 */
PKG_MUST_CHECK enum pkg_code pkg_sign_pem_end(struct pkg_err *err);
void pkg_sign_pem_fini(struct sign_pem *pem);

#endif
