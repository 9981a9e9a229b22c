/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/review.h"

#include <string.h>

struct args {
	const char *decision, *reason, *expires, *policy, *device;
	struct review_args review;
	struct seal_key_args signer;
	struct audit_args audit;
	bool pair, no_sandbox;
};

static enum pkg_code check_args(const struct args *args, struct pkg_err *err)
{
	if (args->decision == NULL || args->reason == NULL) {
		pkg_fail(err, PKG_USAGE,
			 "a decision and its reason must be said");
		return pkg_hint(err, "--decision APPROVED --reason TEXT, or "
				     "REJECTED");
	}
	if (args->signer.load.key == NULL) {
		pkg_fail(err, PKG_USAGE, "no key to sign with");
		return pkg_hint(err, "give --key KEY and --cert FILE: those of "
				     "an officer of the approval policy");
	}
	return seal_review_check(&args->review, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	PKG_AUTO_FINI(seal_review) struct seal_review review = {0};
	const struct args *args = options;
	struct pkg_seal_approve job = {
	    .source = &tool.input.source,
	    .reason = args->reason,
	    .expires = args->expires,
	    .expect_sha256 = args->review.expect,
	    .agree = seal_audit_agree,
	    .agree_context = &tool.audit,
	    .pair = args->pair,
	};

	(void)argc;
	PKG_TRY(check_args(args, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(seal_tool_audit(&tool, &args->audit, "approve", argv[0], err));
	tool.audit.agree = seal_review_agree;
	tool.audit.agree_context = &review;
	PKG_TRY(seal_tool_device(&tool, args->device, err));
	PKG_TRY(seal_tool_policy(&tool, args->policy, err));
	PKG_TRY(seal_review_start(&review, &tool, &args->review, err));
	PKG_TRY(seal_tool_key(&tool, &args->signer, err));
	job.decision = strcmp(args->decision, "APPROVED") == 0
			   ? PKG_DECISION_APPROVED
			   : PKG_DECISION_REJECTED;
	job.device = tool.device;
	job.policy = tool.policy;
	job.signer = seal_tool_signer(&tool, &args->signer);
	job.output = seal_tool_output(&tool, "reading");
	PKG_TRY(seal_tool_input(&tool, argv[0], "reading", err));
	job.before = seal_tool_before(&tool);
	PKG_TRY(seal_tool_confine(
	    &(struct seal_confine){.tool = &tool,
				   .output = &job.output,
				   .no_sandbox = args->no_sandbox,
				   .key = args->signer.load.key},
	    err));
	if (seal_audit_end(&tool.audit,
			   pkg_seal_approve(&job, cli_env(cli), err),
			   err) != PKG_OK)
		return seal_tool_about(argv[0], err);
	return PKG_OK;
}

enum pkg_code seal_approve_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    {"decision", 0, CLI_CHOICE, &args.decision, "WORD",
	     "what you decide", "APPROVED REJECTED", NULL},
	    {"reason", 0, CLI_TEXT, &args.reason, "TEXT",
	     "why, in 1 to 2000 characters", NULL, NULL},
	    {"policy", 0, CLI_TEXT, &args.policy, "FILE",
	     "approval policy that it was made under", NULL, "file"},
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "take the approval policy of this device config", NULL, "file"},
	    {"expires", 0, CLI_TEXT, &args.expires, "TIME",
	     "valid until then (RFC 3339), if the policy lets it", NULL, NULL},
	    SEAL_REVIEW_ROWS(args.review),
	    {"pair", 0, CLI_FLAG, &args.pair, NULL,
	     "write OUTPUT.json and OUTPUT.p7s alone", NULL, NULL},
	    SEAL_SIGNER_ROWS(args.signer),
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o OUTPUT REQUEST|DRAFT",
	    .purpose = "Approve or reject a request, as an officer of the "
		       "approval policy that it was made under, after a "
		       "person has looked at it.",
	    .notes = "REQUEST - is standard input; OUTPUT - is standard "
		     "output.\n"
		     "From a script: --yes --expect-digest HEX.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
