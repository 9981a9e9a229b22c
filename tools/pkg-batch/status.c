/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/limits.h"

#include <string.h>

struct args {
	struct batch_args batch;
	const char *format;
};

/*
 * With its process the digest of the request can be told; without, everything
 * else still can.
 */
static void try_bind(struct batch_tool *tool)
{
	struct pkg_err ignored = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf path = {.max = (size_t)2 * PKG_LIMIT_PATH};
	enum pkg_code code = PKG_OK;

	if (pkg_batch_process_path(tool->batch, &path, &ignored) != PKG_OK)
		return;
	code = pkg_process_load(&tool->process, cli_env(tool->cli), &tool->diag,
				cli_dirfd(tool->cli), pkg_buf_str(&path),
				&ignored);
	tool->diag = (struct pkg_diag){.arena = tool->arena};
	if (code == PKG_OK)
		code = pkg_batch_bind(tool->batch, tool->process, &ignored);
	(void)code;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;

	(void)argc;
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	if (args->batch.process != NULL) {
		PKG_TRY(
		    batch_tool_open_bound(&tool, argv[0], PKG_JOB_READ, err));
	} else {
		PKG_TRY(batch_tool_open(&tool, argv[0], PKG_JOB_READ, err));
		try_bind(&tool);
	}
	return strcmp(args->format, "text") == 0
		   ? pkg_batch_put_text(tool.batch, cli_stdout(cli), err)
		   : pkg_batch_put_record(tool.batch, cli_stdout(cli), true,
					  err);
}

enum pkg_code batch_status_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.format = "jsonl"};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"format", 0, CLI_CHOICE, &args.format, "FORM",
	     "form of the result (default: jsonl)", "jsonl text", NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Say how a batch and each of its documents stand.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
