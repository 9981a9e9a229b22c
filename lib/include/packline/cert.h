/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CERT_H
#define PKG_CERT_H

#include "packline/auto.h"
#include "packline/err.h"
#include "packline/key.h"

#include <stdbool.h>

/*
 * An ordered list of X.509 certificates (RFC 5280): a signer's chain with
 * his own first, the trust anchors of a verifier, the recipients of a
 * container.
 */
struct pkg_certs;
struct pkg_crls;
struct pkg_crypto;

enum { PKG_CERT_TEXT = 256 };

/* What a certificate says; plain data.  Texts are safe to print. */
struct pkg_cert_info {
	char subject[PKG_CERT_TEXT]; /* RFC 2253, quoted, cut if too long */
	char issuer[PKG_CERT_TEXT];
	/* commonName of the subject, quoted; "" unless there is exactly one */
	char common_name[PKG_CERT_TEXT];
	char serial[44];    /* lower-case hexadecimal digits */
	uint8_t spki[32];   /* SHA-256 of the DER SubjectPublicKeyInfo */
	uint8_t sha256[32]; /* of the whole certificate: its fingerprint */
	int64_t not_before; /* seconds since the epoch, both inclusive */
	int64_t not_after;
	enum pkg_key_type key_type;
	unsigned key_bits;  /* RSA modulus, EC field */
	bool is_ca;         /* basicConstraints CA, or a version 1 root */
	bool self_issued;   /* subject equals issuer */
	bool can_sign_code; /* not a CA; extendedKeyUsage has codeSigning;
			       keyUsage absent or with digitalSignature */
	bool can_receive;   /* key type and size of the suite, a subject key
			       identifier; keyUsage absent or with
			       keyEncipherment (RSA), keyAgreement (EC) */
};

PKG_API_BEGIN

/* An empty list.  Fails with PKG_SYSTEM if out of memory. */
PKG_MUST_CHECK enum pkg_code pkg_certs_new(struct pkg_certs **out,
					   struct pkg_crypto *crypto,
					   struct pkg_err *err);
/*
 * Append all certificates of the file @path (relative to @dirfd, "-" is
 * standard input), PEM in the file's order or one DER; other PEM blocks are
 * passed over.  At most PKG_LIMIT_KEY_FILE bytes.
 * Fails with PKG_KEY if there is no certificate in it or one is malformed,
 * PKG_SYSTEM if it cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_certs_add_file(struct pkg_certs *certs,
						int dirfd, const char *path,
						struct pkg_err *err);
/* The same from memory; @name is for messages. */
PKG_MUST_CHECK enum pkg_code pkg_certs_add_data(struct pkg_certs *certs,
						const void *data, size_t len,
						const char *name,
						struct pkg_err *err);
/* Append a copy of entry @index of @from, which may have another context. */
PKG_MUST_CHECK enum pkg_code pkg_certs_add_cert(struct pkg_certs *certs,
						const struct pkg_certs *from,
						size_t index,
						struct pkg_err *err);
size_t pkg_certs_count(const struct pkg_certs *certs);
/* About certificate @index < count; borrowed, valid until the next add. */
const struct pkg_cert_info *pkg_certs_info(const struct pkg_certs *certs,
					   size_t index);
/* The index of the first certificate with that SPKI, or -1. */
long pkg_certs_find_spki(const struct pkg_certs *certs,
			 const uint8_t spki[PKG_AT_LEAST(32)]);
void pkg_certs_free(struct pkg_certs *certs); /* NULL is allowed */

/*
 * Is the first certificate of @certs that of @key?  Fails with PKG_KEY and
 * says which certificate it is that was given.
 */
PKG_MUST_CHECK enum pkg_code pkg_cert_check_key(const struct pkg_certs *certs,
						const struct pkg_key *key,
						struct pkg_err *err);
/*
 * May certificate @index sign containers at the time @now?  Fails with
 * PKG_KEY and reason "certificate-expired" (also: not yet valid),
 * "certificate-purpose", "algorithm-weak".
 */
PKG_MUST_CHECK enum pkg_code
pkg_cert_check_signer(const struct pkg_certs *certs, size_t index, int64_t now,
		      struct pkg_err *err);
/*
 * May certificate @index receive encrypted containers at the time @now?
 * Fails like pkg_cert_check_signer(); "certificate-purpose" also if it has
 * no subject key identifier.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cert_check_recipient(const struct pkg_certs *certs, size_t index,
			 int64_t now, struct pkg_err *err);

/*
 * Load certificate revocation lists (PEM, any number, or one DER), appended
 * to *@crls, which is made if it is NULL.  Errors as pkg_certs_add_file().
 */
PKG_MUST_CHECK enum pkg_code pkg_crls_add_file(struct pkg_crls **crls,
					       struct pkg_crypto *crypto,
					       int dirfd, const char *path,
					       struct pkg_err *err);
/*
 * Is the newest list of every CA at most @max_age seconds old at the time
 * @now, counted from its thisUpdate?  Lists that are older than that and than
 * another one are forgotten.  Fails with PKG_NO, reason "crl-too-old".
 */
PKG_MUST_CHECK enum pkg_code pkg_crls_check_age(struct pkg_crls *crls,
						int64_t max_age, int64_t now,
						struct pkg_err *err);
size_t pkg_crls_count(const struct pkg_crls *crls); /* NULL: 0 */
void pkg_crls_free(struct pkg_crls *crls);          /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_certs)
PKG_DEFINE_AUTO(pkg_crls)

#endif
