/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SIGN_TSA_H
#define UNIT_SIGN_TSA_H

#include "sign_pki.h"

#include <openssl/cms.h>

/*
 * A time-stamping authority for the tests: OpenSSL's own, and one that says
 * whatever it is told to.
 */
struct tsa {
	const struct pki_cert *cert; /* NULL = tsa_good */
	int64_t time;                /* 0 = PKI_NOW */
	int seconds, millis, micros; /* accuracy */
	const char *ess_md;          /* of the ESSCertID: NULL = SHA256 */
};

/* A TSA under pki.ca, as it should be; made by tsa_start(). */
extern struct pki_cert tsa_good;
#define TSA_POLICY "1.2.3.4.1"

int tsa_start(void **state); /* pki_start() first */
int tsa_stop(void **state);

/* A certificate for time stamps; @usage is its extendedKeyUsage. */
struct pki_cert tsa_cert(const char *usage, const struct pki_cert *issuer,
			 int64_t not_after);
/* The reply to a query (TimeStampResp); freed by free(). */
struct pki_bytes tsa_reply(const struct tsa *tsa, const uint8_t *query,
			   size_t len);

/* Stamp a signature, DER, by an authority that is believed whoever it is. */
void tsa_stamp(struct pkg_buf *der, const struct tsa *tsa);

/* What a TSTInfo is made of, as it is to be in DER; NULL = as it should be. */
struct tsa_info {
	int version;           /* 0 = 1 */
	const char *time;      /* "20270115080000Z" */
	const char *hash;      /* "sha256" */
	const uint8_t *digest; /* what the signature has */
	size_t digest_len;
	const char *tail; /* what follows the time, in hex */
};

/* The CMS around it: after the signer was added, and after it was signed. */
struct tsa_wrap {
	const struct pki_cert *cert; /* NULL = tsa_good */
	const char *type;            /* content type; NULL = TSTInfo */
	const char *md;              /* NULL = SHA256 */
	unsigned no_flags;
	void (*change)(CMS_ContentInfo *ci, CMS_SignerInfo *si);
	bool stream; /* BER, indefinite lengths */
};

/* A reply with that in it. */
struct pki_bytes tsa_forge(const struct tsa_info *info,
			   const struct tsa_wrap *wrap);

#endif
