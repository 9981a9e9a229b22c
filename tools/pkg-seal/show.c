/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "packline/review.h"
#include "pkg-seal/common.h"

#include <string.h>

struct args {
	const char *format;
	struct recipient_args recipient;
	bool no_sandbox;
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	const struct args *args = options;
	uint8_t sha256[32];
	struct pkg_seal_show job = {
	    .source = &tool.input.source,
	    .name = argv[0],
	    .text = strcmp(args->format, "text") == 0,
	    .sink = cli_stdout(cli),
	    .manifest_sha256 = sha256,
	};

	(void)argc;
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(recipient_load(&tool.recipient, cli, &args->recipient, err));
	PKG_TRY(seal_tool_input(&tool, argv[0], "reading", err));
	job.with = seal_tool_opener(&tool);
	PKG_TRY(protect_enter(
	    &(struct protect_needs){.no_sandbox = args->no_sandbox,
				    .key = args->recipient.key.key},
	    err));
	if (pkg_seal_show(&job, cli_env(cli), err) != PKG_OK)
		return seal_tool_about(argv[0], err);
	/* For who compares it with what an officer reads out. */
	return job.text ? pkg_review_digest(job.sink, sha256, err) : PKG_OK;
}

enum pkg_code seal_show_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.format = "text"};
	const struct cli_opt table[] = {
	    SEAL_RECIPIENT_ROWS(args.recipient),
	    {"format", 0, CLI_CHOICE, &args.format, "FORM",
	     "form of the result (default: text)", "text jsonl", NULL},
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] CONTAINER",
	    .purpose = "Say what a container says of itself; nothing of it is "
		       "verified.",
	    .notes = "CONTAINER - is standard input.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
