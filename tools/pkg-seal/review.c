/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/review.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>
#include <unistd.h>

/* A version of 512 bytes, each escaped, and what somebody types for it. */
enum { ANSWER_MAX = 16 * PKG_LIMIT_TEXT_FIELD };

enum pkg_code seal_review_check(const struct seal_review_args *args,
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
		return pkg_hint(err, "give the SHA-256 of the manifest that "
				     "somebody has looked at: pkg-seal show");
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

enum pkg_code seal_review_start(struct seal_review *review,
				struct seal_tool *tool,
				const struct seal_review_args *args,
				struct pkg_err *err)
{
	review->args = args;
	review->tool = tool;
	review->previous_fd = -1;
	if (args->yes)
		return PKG_OK;
	review->has_tty = cli_tty_open(&review->tty, tool->cli);
	if (args->previous == NULL)
		return PKG_OK;
	PKG_TRY(pkg_path_open(&review->previous_fd, cli_dirfd(tool->cli),
			      args->previous, err));
	pkg_source_fd_init(&review->previous, review->previous_fd,
			   args->previous);
	return PKG_OK;
}

void seal_review_fini(struct seal_review *review)
{
	if (review->args != NULL && review->previous_fd >= 0)
		(void)close(review->previous_fd);
	cli_tty_fini(&review->tty);
}

static enum pkg_code show(struct seal_review *review,
			  const struct pkg_seal_subject *subject,
			  struct pkg_err *err)
{
	const struct pkg_review_options options = {
	    .previous = review->args->previous == NULL
			    ? NULL
			    : &review->previous.source,
	    .previous_name = review->args->previous,
	    .utf8 = cli_utf8(),
	    .qr = review->args->qr,
	};
	struct pkg_sink_gather *screen =
	    pkg_arena_alloc(review->tool->arena, sizeof(*screen), err);

	if (screen == NULL)
		return err->code;
	pkg_sink_gather_init(screen, &review->tty.out.sink);
	PKG_TRY(pkg_review_write(&screen->sink, subject, &options,
				 cli_env(review->tool->cli), err));
	return pkg_sink_finish(&screen->sink, err);
}

static const char *verb_of(enum pkg_seal_act act)
{
	if (act == PKG_SEAL_APPROVE)
		return "approve";
	return act == PKG_SEAL_REJECT ? "reject" : "sign";
}

/* The version is what an officer knows of the release that he expects. */
static enum pkg_code ask(struct seal_review *review,
			 const struct pkg_seal_subject *subject,
			 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf version = {.max = ANSWER_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf prompt = {.max = ANSWER_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf typed = {.max = ANSWER_MAX};
	const char *verb = verb_of(subject->act);

	PKG_TRY(pkg_review_ascii(&version, subject->manifest->subject.version,
				 err));
	PKG_TRY(pkg_buf_printf(&prompt, err,
			       "\nTo %s it, type its version (%s): ", verb,
			       pkg_buf_str(&version)));
	PKG_TRY(cli_tty_ask(&review->tty, &typed, pkg_buf_str(&prompt), err));
	if (typed.len == version.len &&
	    memcmp(typed.data, version.data, typed.len) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "not-confirmed",
			 "the version was not typed: nothing was done");
	return pkg_hint(err,
			"type it exactly as it stands in parentheses, to "
			"%s it",
			verb);
}

enum pkg_code seal_review_agree(void *context,
				const struct pkg_seal_subject *subject,
				struct pkg_err *err)
{
	struct seal_review *review = context;

	if (review->args->yes)
		return PKG_OK; /* lib/seal has compared the digest */
	if (!review->has_tty) {
		(void)pkg_refuse(err, PKG_NO, "not-confirmed",
				 "nobody can confirm it: there is no terminal "
				 "to ask on");
		return pkg_hint(err, "from a script: --yes --expect-digest "
				     "HEX, with the SHA-256 of the manifest");
	}
	PKG_TRY(show(review, subject, err));
	return ask(review, subject, err);
}
