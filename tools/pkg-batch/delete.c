/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};

	(void)argc;
	PKG_TRY(batch_tool_start(&tool, cli, options, false, err));
	PKG_TRY(batch_tool_open(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(pkg_batch_delete(tool.batch, err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_delete_main(struct cli *cli, struct pkg_err *err)
{
	struct batch_args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args),
	    BATCH_TENANT_ROW(args),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Remove the documents of a batch; what is known of it "
		       "stays.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
