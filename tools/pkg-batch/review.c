/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/review.h"

#include "packline/text.h"

#include <string.h>

enum pkg_code batch_review_check(const struct review_args *args,
				 struct pkg_err *err)
{
	return review_check_args(args, "request", "pkg-batch status", err);
}

void batch_review_start(struct batch_review *review, struct cli *cli,
			const struct review_args *args)
{
	review->args = args;
	review->cli = cli;
	if (!args->yes)
		review->has_tty = cli_tty_open(&review->tty, cli);
}

/* Of the same spool and tenant. */
static enum pkg_code open_previous(struct batch_review *review,
				   const struct batch_tool *tool,
				   struct pkg_err *err)
{
	const struct pkg_batch_open which = {
	    .spool = tool->spool,
	    .tenant = pkg_batch_record(tool->batch)->tenant,
	    .id = review->args->previous,
	    .mode = PKG_JOB_READ,
	};

	return review->args->previous == NULL
		   ? PKG_OK
		   : pkg_batch_open(&review->previous, cli_env(tool->cli),
				    &which, err);
}

enum pkg_code batch_review_key(struct batch_review *review,
			       const struct batch_tool *tool,
			       struct pkg_err *err)
{
	const struct pkg_certs *certs = tool->certs;

	PKG_TRY(open_previous(review, tool, err));
	if (tool->key == NULL)
		return PKG_OK;
	if (certs == NULL)
		certs = pkg_key_certs(tool->key);
	review->key = pkg_key_name(tool->key);
	review->cert = certs == NULL ? NULL : pkg_certs_info(certs, 0);
	return PKG_OK;
}

void batch_review_fini(struct batch_review *review)
{
	pkg_batch_free(review->previous);
	cli_tty_fini(&review->tty);
}

static enum pkg_code check_expected(const struct review_args *args,
				    const uint8_t *sha256, struct pkg_err *err)
{
	uint8_t expected[32];
	char hex[65];

	if (args->expect == NULL)
		return PKG_OK;
	if (pkg_hex_decode(expected, 32, args->expect, strlen(args->expect)) &&
	    memcmp(expected, sha256, 32) == 0)
		return PKG_OK;
	pkg_hex_encode(hex, sha256, 32);
	(void)pkg_refuse(err, PKG_NO, "digest-mismatch",
			 "the SHA-256 of the request is %s, not the one that "
			 "was expected",
			 hex);
	return pkg_hint(err, "look at the batch before you agree to it");
}

static enum pkg_code show(struct batch_review *review,
			  const struct pkg_review_batch *subject,
			  struct pkg_err *err)
{
	const struct pkg_review_options options = {
	    .utf8 = cli_utf8(),
	    .qr = review->args->qr,
	};
	struct pkg_sink_gather screen;

	pkg_sink_gather_init(&screen, &review->tty.out.sink);
	PKG_TRY(pkg_review_batch_write(&screen.sink, subject, &options, err));
	return pkg_sink_finish(&screen.sink, err);
}

enum pkg_code batch_review_agree(void *context, const struct pkg_batch *batch,
				 const uint8_t sha256[static 32],
				 struct pkg_err *err)
{
	static const char *const verbs[] = {
	    [PKG_REVIEW_ACCEPT] = "accept",
	    [PKG_REVIEW_REJECT] = "reject",
	    [PKG_REVIEW_RUN] = "run",
	};
	struct batch_review *review = context;
	const struct review_question question = {
	    .verb = verbs[review->act],
	    .thing = "id",
	    .text = pkg_batch_record(batch)->id,
	};
	const struct pkg_review_batch subject = {
	    .act = review->act,
	    .batch = batch,
	    .previous = review->previous,
	    .reason = review->reason,
	    .approvals = review->approvals,
	    .request_sha256 = sha256,
	    .key = review->key,
	    .cert = review->cert,
	};

	PKG_TRY(check_expected(review->args, sha256, err));
	if (review->args->yes)
		return PKG_OK;
	if (!review->has_tty)
		return review_nobody("request", err);
	PKG_TRY(show(review, &subject, err));
	return review_ask(&review->tty, &question, err);
}
