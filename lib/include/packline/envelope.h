/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENVELOPE_H
#define PKG_ENVELOPE_H

#include "packline/buf.h"
#include "packline/cert.h"
#include "packline/err.h"
#include "packline/kek.h"
#include "packline/key.h"
#include "packline/limits.h"

/*
 * The content key of a container, wrapped for its recipients: CMS
 * EnvelopedData (RFC 5652 section 6) in the profile of suite packline-1
 * (schemas/container.md):
 *
 * - definite-length DER; id-data, aes-256-cbc, encrypted content of exactly
 *   48 bytes (a padded key of 32); no originatorInfo, no attributes;
 * - 1..64 recipients.  By subjectKeyIdentifier: RSAES-OAEP (SHA-256, MGF1 of
 *   SHA-256, no label) of >= 3072 bits, or ECDH with P-256
 *   (stdDH-sha256kdf) or P-384 (stdDH-sha384kdf) and aes256-wrap.  By the
 *   identifier of a key-encryption key (packline/kek.h): aes256-wrap.  No two
 *   have the same identifier.
 *
 * CBC is malleable and the message is not authentic by itself: believe the
 * key only after the manifest's MAC has confirmed it.
 */
#define PKG_ENVELOPE_CEK 32u /* bytes of the content key */

struct pkg_crypto;
struct pkg_secret;

/* One recipient, as the message names him. */
struct pkg_envelope_recipient {
	char kind[16];   /* "rsa-oaep", "ecdh-p256", "ecdh-p384", "kek",
			    "scrypt" */
	uint8_t ski[32]; /* subjectKeyIdentifier */
	size_t ski_len; /* bytes, 1..32; 0 if the kind is one of the last two */
	char key_id[PKG_KEK_ID_MAX + 1]; /* of those; else "" */
};

struct pkg_envelope_info {
	size_t count;
	struct pkg_envelope_recipient recipients[PKG_LIMIT_RECIPIENTS];
};

/* For whom a key is wrapped: together 1..PKG_LIMIT_RECIPIENTS. */
struct pkg_envelope_to {
	const struct pkg_certs *certs;     /* NULL = none */
	const struct pkg_kek *const *keks; /* none of them a password */
	size_t kek_count;
};

PKG_API_BEGIN

/*
 * Wrap @cek for every recipient of @to.
 * @der  the message is appended to it.
 * Fails with PKG_KEY if a certificate cannot receive (see
 * pkg_cert_check_recipient(), which also judges the time and is the caller's
 * to call) or two have the same key or identifier; PKG_INPUT for none or more
 * than PKG_LIMIT_RECIPIENTS; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_envelope_seal(struct pkg_buf *der,
					       struct pkg_crypto *crypto,
					       const struct pkg_envelope_to *to,
					       const struct pkg_secret *cek,
					       struct pkg_err *err);
/*
 * Hold @len bytes of @der against the profile, without any key.
 * @info  what it says; NULL = only check.
 * Fails with PKG_INPUT, reason "recipients-profile".
 */
PKG_MUST_CHECK enum pkg_code pkg_envelope_check(struct pkg_envelope_info *info,
						const void *der, size_t len,
						struct pkg_err *err);
/*
 * Unwrap the content key.
 * @cek   receives a new secret of PKG_ENVELOPE_CEK bytes, owned by the caller.
 * @cert  the recipient's certificate first, NULL = the one in the key file,
 *        else the key is found by its RFC 5280 method 1 identifier.
 * Fails with PKG_INPUT as pkg_envelope_check(); PKG_KEY if the certificate is
 * not that of @key; PKG_NO, reason "not-a-recipient", if the message is not
 * for this key, "unwrap-failed" if it is but cannot be unwrapped; PKG_SYSTEM
 * if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_envelope_open(struct pkg_secret **cek,
					       const void *der, size_t len,
					       const struct pkg_key *key,
					       const struct pkg_certs *cert,
					       struct pkg_err *err);
/*
 * The same with a key-encryption key, which is not a password.
 * Fails with PKG_INPUT as pkg_envelope_check(); PKG_NO, reason
 * "not-a-recipient", if no recipient has its identifier, "unwrap-failed" if it
 * is another key than the one meant, or the message was changed; PKG_SYSTEM if
 * out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_envelope_open_kek(struct pkg_secret **cek,
						   const void *der, size_t len,
						   const struct pkg_kek *kek,
						   struct pkg_err *err);

PKG_API_END

#endif
