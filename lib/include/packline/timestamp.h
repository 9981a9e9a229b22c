/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_TIMESTAMP_H
#define PKG_TIMESTAMP_H

#include "packline/buf.h"
#include "packline/cert.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * Time stamps of signatures (RFC 3161): the word of a time-stamping authority
 * (TSA) that a signature was there at a certain time.  It travels in the
 * signature, as the one unsigned attribute id-smime-aa-timeStampToken.  Nobody
 * here talks to a TSA: the query and the reply are files.
 *
 * A token must be, as a signature must (packline/cms.h): definite-length DER
 * (but its certificates may stand in any order), one SignerInfo whose
 * certificate is among the 1..8 of it, no CRLs, no unsigned attributes; signed
 * attributes contentType, messageDigest and signingCertificate or
 * signingCertificateV2, each once; signingTime and CMSAlgorithmProtection are
 * allowed; SHA-256, SHA-384 or SHA-512.  In it a TSTInfo of version 1, over a
 * SHA-2 digest of the signature's value, with a genTime in DER's only spelling
 * and an accuracy of at most PKG_LIMIT_TSA_ACCURACY; no critical extension.
 *
 * Reasons of a refusal (PKG_NO):
 *
 *   timestamp-missing    the signature carries no token
 *   timestamp-bad        outside of the profile above, changed, or about
 *                        another signature or another query
 *   timestamp-untrusted  no chain to an anchor, a certificate that was not
 *                        valid at that time, is weak or not for time stamps
 *                        alone; not a TSA that is pinned, not the policy
 *   timestamp-refused    the reply of the TSA is a no
 */
struct pkg_cms;
struct pkg_crypto;

/* What to ask a TSA. */
struct pkg_timestamp_ask {
	unsigned digest_bits; /* 256, 384 or 512; 0 = 256 */
	bool nonce;           /* a random number that the reply must repeat */
	const char *policy; /* dotted OID of the TSA's policy; NULL = its own */
};

/* Which time stamps are believed; everything is borrowed. */
struct pkg_timestamp_rules {
	/* CA certificates, or certificates of TSAs themselves. */
	const struct pkg_certs *anchors;
	/* SHA-256 of the SPKI of the TSAs that count; none = all under the
	   anchors. */
	const uint8_t (*pins)[32];
	size_t pin_count;
	const char *policy; /* dotted OID that it must have; NULL = any */
	/* The query that was sent (DER): policy and nonce must be those of it.
	   query_len 0 = not known. */
	const uint8_t *query;
	size_t query_len;
};

/* A reply of a TSA: TimeStampResp (RFC 3161 section 2.4.2), DER; borrowed. */
struct pkg_timestamp_reply {
	const void *data; /* TimeStampResp, DER */
	size_t len;
};

enum { PKG_TIMESTAMP_POLICY = 80 };

/* What a token says.  Once verified it is a fact. */
struct pkg_timestamp {
	/*
	 * The signature was there at one moment between these two: genTime
	 * less and plus its accuracy, in seconds since the epoch, rounded
	 * down and up.
	 */
	int64_t earliest, latest;
	int64_t time;                      /* genTime, rounded down */
	char policy[PKG_TIMESTAMP_POLICY]; /* dotted OID */
	struct pkg_cert_info tsa;          /* who says so */
};

PKG_API_BEGIN

/*
 * Make a TimeStampReq (RFC 3161 section 2.4.1) about the signature @cms: its
 * certificate is asked for.
 * @der  the query is appended to it.
 * Fails with PKG_USAGE for a policy that is not a dotted OID, PKG_SYSTEM if
 * out of memory or without randomness.
 */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_query(struct pkg_buf *der, const struct pkg_cms *cms,
		    const struct pkg_timestamp_ask *ask, struct pkg_err *err);
/*
 * Is the token in a TSA's reply about the signature @cms?
 * @reply  at most PKG_LIMIT_SIGNATURE bytes.
 * @yes    receives it; nothing is believed yet.
 * Fails with PKG_NO, reason "timestamp-refused" or "timestamp-bad";
 * PKG_INPUT, reason "limit"; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_is_about(bool *yes, const struct pkg_cms *cms,
		       const struct pkg_timestamp_reply *reply,
		       struct pkg_err *err);
/*
 * Put the token in a TSA's reply into a copy of the signature @cms.
 * @der    the copy is appended to it; it has been verified against @rules.
 * @stamp  receives what the token says; NULL = nobody wants to know.
 * Fails as pkg_timestamp_is_about() and pkg_timestamp_verify(); PKG_USAGE if
 * the signature has a token already; PKG_INPUT, reason "limit", if the copy
 * would be larger than PKG_LIMIT_SIGNATURE.
 */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_add(struct pkg_buf *der, const struct pkg_cms *cms,
		  const struct pkg_timestamp_reply *reply,
		  const struct pkg_timestamp_rules *rules,
		  struct pkg_timestamp *stamp, struct pkg_err *err);
/*
 * Verify the token that the signature @cms carries.  The certificate of the
 * TSA and those above it are judged at genTime.
 * Fails with PKG_NO and a reason of the list above, PKG_SYSTEM if out of
 * memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_verify(struct pkg_timestamp *out, const struct pkg_cms *cms,
		     const struct pkg_timestamp_rules *rules,
		     struct pkg_err *err);
/* True if @text is an object identifier in dotted form, of at most 79 bytes. */
bool pkg_timestamp_is_policy(const char *text);

PKG_API_END

#endif
