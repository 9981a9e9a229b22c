/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_TIMESTAMP_H
#define SIGN_TIMESTAMP_H

#include "packline/timestamp.h"
#include "sign/cms_internal.h"

#include <openssl/ts.h>

SIGN_DEFINE_AUTO(TS_TST_INFO, TS_TST_INFO_free)
SIGN_DEFINE_AUTO(TS_REQ, TS_REQ_free)

/* What a token says, decoded; fini releases. */
struct timestamp_info {
	TS_TST_INFO *tst;
	unsigned digest_bits; /* of the imprint */
	struct der_tlv imprint;
	int64_t time, earliest, latest;
	char policy[PKG_TIMESTAMP_POLICY];
};

void pkg_timestamp_info_fini(struct timestamp_info *info);
/*
 * Read the TSTInfo that is the body of @der, to its last byte.
 * Fails with PKG_NO, reason "timestamp-bad"; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_info_read(struct timestamp_info *info, const struct der_tlv *der,
			struct pkg_err *err);
/* The digest of the value of the signature @cms; @bits 256, 384 or 512. */
PKG_MUST_CHECK enum pkg_code pkg_timestamp_imprint(uint8_t out[static 64],
						   const struct pkg_cms *cms,
						   unsigned bits,
						   struct pkg_err *err);
/* Is the token about that signature? */
PKG_MUST_CHECK enum pkg_code
pkg_timestamp_is_imprint(bool *yes, const struct timestamp_info *info,
			 const struct pkg_cms *cms, struct pkg_err *err);

/* The refusal of a token. */
#define timestamp_bad(err, why)                                                \
	pkg_refuse((err), PKG_NO, "timestamp-bad",                             \
		   "the time stamp cannot be accepted: %s", (why))

#endif
