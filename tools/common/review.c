/* SPDX-License-Identifier: Apache-2.0 */
#include "common/review.h"

#include "packline/limits.h"
#include "packline/text.h"

#include <string.h>

/* A version of 512 bytes, each escaped, and what somebody types for it. */
enum { ANSWER_MAX = 16 * PKG_LIMIT_TEXT_FIELD };

enum pkg_code review_check_args(const struct review_args *args,
				const char *digest_of, const char *told_by,
				struct pkg_err *err)
{
	if (args->expect != NULL &&
	    (strlen(args->expect) != 64 || !pkg_hex_is(args->expect, 64)))
		return pkg_fail(err, PKG_USAGE,
				"--expect-digest: not 64 digits 0-9 a-f");
	if (args->yes && args->expect == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "--yes does not say to what: it needs "
			       "--expect-digest");
		return pkg_hint(err,
				"give the SHA-256 of the %s that somebody has "
				"looked at: %s",
				digest_of, told_by);
	}
	if (args->yes && (args->previous != NULL || args->qr))
		return pkg_fail(err, PKG_USAGE,
				"--%s is for the screen, which --yes leaves "
				"out",
				args->qr ? "qr" : "previous");
	if (args->qr && !pkg_review_has_qr())
		return pkg_fail(err, PKG_USAGE,
				"--qr: this program was built without "
				"libqrencode");
	return PKG_OK;
}

enum pkg_code review_nobody(const char *digest_of, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "not-confirmed",
			 "nobody can confirm it: there is no terminal to ask "
			 "on");
	return pkg_hint(err,
			"from a script: --yes --expect-digest HEX, with the "
			"SHA-256 of the %s",
			digest_of);
}

enum pkg_code review_ask(struct cli_tty *tty,
			 const struct review_question *question,
			 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf wanted = {.max = ANSWER_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf prompt = {.max = ANSWER_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf typed = {.max = ANSWER_MAX};

	PKG_TRY(pkg_review_ascii(&wanted, question->text, err));
	PKG_TRY(pkg_buf_printf(&prompt, err,
			       "\nTo %s it, type its %s (%s): ", question->verb,
			       question->thing, pkg_buf_str(&wanted)));
	PKG_TRY(cli_tty_ask(tty, &typed, pkg_buf_str(&prompt), err));
	if (typed.len == wanted.len &&
	    memcmp(typed.data, wanted.data, typed.len) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "not-confirmed",
			 "the %s was not typed: nothing was done",
			 question->thing);
	return pkg_hint(err,
			"type it exactly as it stands in parentheses, to "
			"%s it",
			question->verb);
}
