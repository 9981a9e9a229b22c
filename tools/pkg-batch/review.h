/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_REVIEW_H
#define PKG_BATCH_REVIEW_H

/* For accept and run: a person looks at the batch first, and says yes. */

#include "common/review.h"
#include "pkg-batch/common.h"

/* Rows for the option table of such a verb; @args is a struct review_args. */
#define BATCH_REVIEW_ROWS(args)                                                \
	REVIEW_EXPECT_ROW(args, "request"),                                    \
	    {"previous", 0,                                                    \
	     CLI_TEXT,   &(args).previous,                                     \
	     "ID",       "show what changed since this batch",                 \
	     NULL,       NULL},                                                \
	    REVIEW_ROWS(args)

struct batch_review {
	const struct review_args *args;
	struct cli *cli;
	bool has_tty;
	struct cli_tty tty;
	struct pkg_batch *previous; /* owned; with args->previous */
	/* What the screen says; set by the verb before it asks. */
	enum pkg_review_batch_act act;
	const char *reason;                    /* of a decision, or NULL */
	const struct pkg_approvals *approvals; /* NULL = found out here */
	const char *key;                       /* pkg_key_name(), or NULL */
	const struct pkg_cert_info *cert;      /* of the key, or NULL */
};

/* Do the options make sense? */
enum pkg_code batch_review_check(const struct review_args *args,
				 struct pkg_err *err);
/* Open the terminal, if there is one: before the key is asked for. */
void batch_review_start(struct batch_review *review, struct cli *cli,
			const struct review_args *args);
/* With which key, after batch_tool_key(); and after which batch. */
enum pkg_code batch_review_key(struct batch_review *review,
			       const struct batch_tool *tool,
			       struct pkg_err *err);
void batch_review_fini(struct batch_review *review);
/*
 * Show @batch and ask; @context is the started struct batch_review, and
 * @sha256 the digest of the request.  Fails with PKG_NO, reason
 * "not-confirmed", or "digest-mismatch" if --expect-digest was another.
 */
enum pkg_code batch_review_agree(void *context, const struct pkg_batch *batch,
				 const uint8_t sha256[PKG_AT_LEAST(32)],
				 struct pkg_err *err);

#endif
