/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/review.h"

#include "packline/path.h"

#include <unistd.h>

enum pkg_code seal_review_check(const struct review_args *args,
				struct pkg_err *err)
{
	return review_check_args(args, "manifest", "pkg-seal show", err);
}

enum pkg_code seal_review_start(struct seal_review *review,
				struct seal_tool *tool,
				const struct review_args *args,
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
	cli_progress_clear(review->tool->cli);
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

enum pkg_code seal_review_agree(void *context,
				const struct pkg_seal_subject *subject,
				struct pkg_err *err)
{
	struct seal_review *review = context;
	/* The version is what an officer knows of the release that he
	   expects. */
	const struct review_question question = {
	    .verb = verb_of(subject->act),
	    .thing = "version",
	    .text = subject->manifest->subject.version,
	};

	if (review->args->yes)
		return PKG_OK; /* lib/seal has compared the digest */
	if (!review->has_tty)
		return review_nobody("manifest", err);
	PKG_TRY(show(review, subject, err));
	return review_ask(&review->tty, &question, err);
}
