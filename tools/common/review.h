/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMON_REVIEW_H
#define COMMON_REVIEW_H

/* For what uses a key or decides: a person looks first, and says yes. */

#include "cli/cli.h"
#include "packline/review.h"

struct review_args {
	const char *expect, *previous;
	bool qr, yes;
};

/* Rows for the option table of such a verb; @what has the digest. */
#define REVIEW_EXPECT_ROW(args, what)                                          \
	{                                                                      \
		"expect-digest", 0, CLI_TEXT, &(args).expect, "HEX",           \
		    "refuse another " what " than this SHA-256", NULL, NULL    \
	}
#define REVIEW_ROWS(args)                                                      \
	{                                                                      \
	    "qr",       0,    CLI_FLAG,                                        \
	    &(args).qr, NULL, "show the digest as a QR code",                  \
	    NULL,       NULL},                                                 \
	{                                                                      \
		"yes", 0, CLI_FLAG, &(args).yes, NULL,                         \
		    "do not ask; needs --expect-digest", NULL, NULL            \
	}

/* What has to be typed, and how the messages speak of it. */
struct review_question {
	const char *verb;  /* "sign" */
	const char *thing; /* "version" */
	const char *text;  /* foreign; shown and typed in ASCII alone */
};

/*
 * Do the options make sense?
 * @digest_of  "manifest": whose digest --expect-digest is
 * @told_by    "pkg-seal show": who tells it
 */
enum pkg_code review_check_args(const struct review_args *args,
				const char *digest_of, const char *told_by,
				struct pkg_err *err);
/* The refusal where there is no terminal: PKG_NO, reason "not-confirmed". */
enum pkg_code review_nobody(const char *digest_of, struct pkg_err *err);
/*
 * Ask on @tty, below the screen.  Fails with PKG_NO, reason "not-confirmed",
 * unless just that was typed.
 */
enum pkg_code review_ask(struct cli_tty *tty,
			 const struct review_question *question,
			 struct pkg_err *err);

#endif
