/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_REVIEW_H
#define PKG_SEAL_REVIEW_H

/* For the verbs that use a key: a person looks first, and says yes. */

#include "common/review.h"
#include "pkg-seal/common.h"

/* Rows for the option table of such a verb. */
#define SEAL_REVIEW_ROWS(args)                                                 \
	REVIEW_EXPECT_ROW(args, "manifest"),                                   \
	    {"previous", 0,                                                    \
	     CLI_TEXT,   &(args).previous,                                     \
	     "FILE",     "show what changed since this one",                   \
	     NULL,       "file"},                                              \
	    REVIEW_ROWS(args)

struct seal_review {
	const struct review_args *args;
	struct seal_tool *tool;
	bool has_tty;
	struct cli_tty tty;
	int previous_fd; /* with args->previous */
	struct pkg_source_fd previous;
};

/* Do the options make sense? */
enum pkg_code seal_review_check(const struct review_args *args,
				struct pkg_err *err);
/*
 * Open the terminal, if there is one, and the previous container: before the
 * key is asked for and before anything of the input is believed.
 */
enum pkg_code seal_review_start(struct seal_review *review,
				struct seal_tool *tool,
				const struct review_args *args,
				struct pkg_err *err);
void seal_review_fini(struct seal_review *review);
/*
 * The hook for lib/seal: @context is the started struct seal_review.  Fails
 * with PKG_NO, reason "not-confirmed".
 */
enum pkg_code seal_review_agree(void *context,
				const struct pkg_seal_subject *subject,
				struct pkg_err *err);

#endif
