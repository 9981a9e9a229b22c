/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_APPROVALS_H
#define BATCH_APPROVALS_H

#include "packline/approval_policy.h"
#include "packline/batch.h"
#include "packline/buf.h"

/* What officers have said about a batch, as it lies in the job. */
struct pkg_batch_approvals {
	struct pkg_container_approval items[PKG_LIMIT_SIGNATURES];
	size_t count;
	struct pkg_buf files[2 * PKG_LIMIT_SIGNATURES]; /* owns the above */
};

/* What they are about. */
struct batch_subject {
	struct pkg_approval_subject subject; /* borrows the following */
	uint8_t request_sha256[32];
	char request_id[37];
};

/*
 * Read those that count, in the order of their keys, as
 * pkg_approvals_judge() wants them.  Fails as pkg_cms_parse(); PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_approvals_read(struct pkg_batch_approvals *out,
			 const struct pkg_batch *batch, struct pkg_err *err);
void pkg_batch_approvals_fini(struct pkg_batch_approvals *approvals);

/* Of the request with the digest @sha256. */
void pkg_batch_subject(struct batch_subject *out, const struct pkg_batch *batch,
		       const uint8_t sha256[static 32]);

/* -- accept.json: where no policy asks for officers -- */

struct batch_accept {
	const char *at, *by, *reason; /* by, reason: NULL = not said */
	bool approved;
	uint8_t request_sha256[32];
};

PKG_MUST_CHECK enum pkg_code
pkg_batch_accept_encode(struct pkg_buf *out, const struct batch_accept *accept,
			struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_batch_accept_decode(struct batch_accept *out,
						     struct pkg_arena *arena,
						     const struct pkg_buf *data,
						     struct pkg_err *err);

#endif
