/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

struct args {
	struct recipient_args recipient;
	bool no_sandbox;
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	const struct args *args = options;
	struct pkg_seal_request job = {.source = &tool.input.source};

	(void)argc;
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(recipient_load(&tool.recipient, cli, &args->recipient, err));
	PKG_TRY(seal_tool_input(&tool, argv[0], "reading", err));
	job.with = seal_tool_opener(&tool);
	job.output = seal_tool_output(&tool, "reading");
	PKG_TRY(seal_tool_confine(
	    &(struct seal_confine){.tool = &tool,
				   .output = &job.output,
				   .no_sandbox = args->no_sandbox,
				   .key = args->recipient.key.key},
	    err));
	if (pkg_seal_request(&job, cli_env(cli), err) != PKG_OK)
		return seal_tool_about(argv[0], err);
	return PKG_OK;
}

enum pkg_code seal_request_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    SEAL_RECIPIENT_ROWS(args.recipient),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o REQUEST CONTAINER",
	    .purpose = "Write what a signer needs of a draft, without its "
		       "payload.",
	    .notes = "Of an encrypted draft only create --request can write "
		     "it without a recipient's key.\n"
		     "CONTAINER - is standard input; REQUEST - is standard "
		     "output.",
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
