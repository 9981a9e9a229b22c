/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/review.h"
#include "pkg-seal/task.h"

#include "packline/device_config.h"
#include "packline/trust.h"

struct args {
	struct task_run_args run;
	struct review_args review;
};

/* What agrees, and the review that it hands on to. */
struct consent {
	const struct review_args *args;
	struct seal_review review;
};

/* --yes by itself is enough where officers have looked at it. */
static enum pkg_code check_args(const struct args *args, int argc,
				struct pkg_err *err)
{
	static const char nobody[] = "0000000000000000000000000000000000000000"
				     "000000000000000000000000";
	struct review_args review = args->review;

	if (review.yes && review.expect == NULL)
		review.expect = nobody;
	PKG_TRY(seal_review_check(&review, err));
	if (args->run.all && argc > 0)
		return pkg_fail(err, PKG_USAGE,
				"--all runs them all: no id can be given");
	if (args->run.all &&
	    (args->review.expect != NULL || args->review.previous != NULL))
		return pkg_fail(err, PKG_USAGE,
				"--all is about more than one manifest: "
				"--expect-digest and --previous are not");
	if (args->run.all || argc == 1)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "no task was named");
	return pkg_hint(err, "give its ID, or --all");
}

static enum pkg_code agree(void *context,
			   const struct pkg_seal_subject *subject,
			   struct pkg_err *err)
{
	struct consent *self = context;

	if (!self->args->yes || self->args->expect != NULL ||
	    subject->manifest->has_policy)
		return seal_review_agree(&self->review, subject, err);
	(void)pkg_refuse(err, PKG_NO, "not-confirmed",
			 "no officer had to approve it, so --yes is a yes to "
			 "what nobody has looked at");
	return pkg_hint(err, "give the SHA-256 of its manifest: "
			     "--expect-digest HEX");
}

static void consent_fini(struct consent *consent)
{
	seal_review_fini(&consent->review);
}

static void runner_fini(struct task_runner *runner)
{
	for (struct task_keys *one = runner->keys; one != NULL;
	     one = one->next) {
		pkg_certs_free(one->certs);
		pkg_key_free(one->key);
		pkg_device_config_free(one->device);
	}
	pkg_trust_free(runner->trust);
	task_tool_fini(&runner->tool);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	const struct args *args = options;
	PKG_AUTO_FINI(runner) struct task_runner runner = {.args = &args->run};
	PKG_AUTO_FINI(consent) struct consent consent = {.args = &args->review};
	struct seal_tool *seal = &runner.tool.seal;

	PKG_TRY(check_args(args, argc, err));
	PKG_TRY(task_tool_start(&runner.tool, cli, args->run.spool, false,
				&args->run.audit, err));
	if (args->run.trust != NULL)
		PKG_TRY(
		    seal_tool_trust(&runner.trust, seal, args->run.trust, err));
	PKG_TRY(seal_review_start(&consent.review, seal, &args->review, err));
	PKG_TRY(seal_tool_key(seal, &args->run.signer, err));
	runner.agree = agree;
	runner.agree_context = &consent;
	runner.expect = args->review.expect;
	if (args->run.all)
		return task_runner_run_all(&runner, err);
	return task_runner_run(&runner, args->run.tenant, argv[0], err);
}

enum pkg_code task_run_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args.run),
	    TASK_TENANT_ROW(args.run, "whose task it is"),
	    {"all", 0, CLI_FLAG, &args.run.all, NULL,
	     "all that can be run, one after the other", NULL, NULL},
	    {"device-config", 'd', CLI_TEXT, &args.run.device, "FILE",
	     "the device config that it was created with", NULL, "file"},
	    {"trust", 't', CLI_TEXT, &args.run.trust, "FILE",
	     "verify the container by this trust policy or certificate", NULL,
	     "file"},
	    SEAL_REVIEW_ROWS(args.review),
	    SEAL_SIGNER_ROWS(args.run.signer),
	    AUDIT_ROWS(args.run.audit),
	    NO_SANDBOX_ROW(args.run.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID\n"
			"[options] --spool DIR --all",
	    .purpose = "Make the container of a task: sign it, if it is to be, "
		       "and verify what came out.",
	    .notes = "From a script: --yes, and --expect-digest HEX unless "
		     "officers have approved it.",
	    .table = table,
	    .min_args = 0,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
