/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/review.h"
#include "pkg-seal/task.h"

#include <string.h>

struct args {
	const char *spool, *tenant, *device, *decision, *reason, *expires;
	struct review_args review;
	struct seal_key_args signer;
	struct audit_args audit;
	bool no_sandbox;
};

static enum pkg_code check_args(const struct args *args, struct pkg_err *err)
{
	if (args->decision == NULL || args->reason == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "a decision and its reason must be said");
		return pkg_hint(err, "--decision APPROVED --reason TEXT, or "
				     "REJECTED");
	}
	if (args->signer.load.key == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no key to sign with");
		return pkg_hint(err, "give --key KEY and --cert FILE: those of "
				     "an officer of the approval policy");
	}
	return seal_review_check(&args->review, err);
}

static enum pkg_code approve(struct task_tool *tool, const struct args *args,
			     const char *id, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_review) struct seal_review review = {0};
	PKG_AUTO(pkg_task) struct pkg_task *task = NULL;
	const struct pkg_seal_approve decision = {
	    .signer = seal_tool_signer(&tool->seal, &args->signer),
	    .decision = strcmp(args->decision, "APPROVED") == 0
			    ? PKG_DECISION_APPROVED
			    : PKG_DECISION_REJECTED,
	    .reason = args->reason,
	    .expires = args->expires,
	    .device = tool->seal.device,
	    .expect_sha256 = args->review.expect,
	    .agree = seal_review_agree,
	    .agree_context = &review,
	};
	const struct pkg_task_approve job = {
	    .spool = tool->spool,
	    .id = id,
	    .decision = &decision,
	    .audit = task_tool_audit(tool),
	};
	struct seal_confine confine = {.no_sandbox = args->no_sandbox,
				       .key = args->signer.load.key};
	struct pkg_seal_output spool = {0};

	PKG_TRY(seal_review_start(&review, &tool->seal, &args->review, err));
	PKG_TRY(task_tool_confine(&confine, &spool, tool, args->spool, err));
	PKG_TRY(seal_tool_confine(&confine, err));
	PKG_TRY(pkg_task_approve(&task, &job, cli_env(tool->seal.cli), err));
	return task_tool_print(tool, task, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(task_tool) struct task_tool tool = {0};
	const struct args *args = options;

	(void)argc;
	PKG_TRY(check_args(args, err));
	PKG_TRY(
	    task_tool_start(&tool, cli, args->spool, false, &args->audit, err));
	PKG_TRY(task_tool_device(&tool.seal.device, &tool, args->device,
				 args->tenant, argv[0], err));
	PKG_TRY(seal_tool_key(&tool.seal, &args->signer, err));
	return approve(&tool, args, argv[0], err);
}

enum pkg_code task_approve_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args),
	    TASK_TENANT_ROW(args, "whose task it is"),
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "the device config that it was created with", NULL, "file"},
	    {"decision", 0, CLI_CHOICE, &args.decision, "WORD",
	     "what you decide", "APPROVED REJECTED", NULL},
	    {"reason", 0, CLI_TEXT, &args.reason, "TEXT",
	     "why, in 1 to 2000 characters", NULL, NULL},
	    {"expires", 0, CLI_TEXT, &args.expires, "TIME",
	     "valid until then (RFC 3339), if the policy lets it", NULL, NULL},
	    SEAL_REVIEW_ROWS(args.review),
	    SEAL_SIGNER_ROWS(args.signer),
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Approve or reject a task, as an officer of the "
		       "approval policy of its device config, after a person "
		       "has looked at it.",
	    .notes = "From a script: --yes --expect-digest HEX.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
