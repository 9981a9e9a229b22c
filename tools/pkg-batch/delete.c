/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

struct args {
	struct batch_args batch;
	struct audit_args audit;
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;

	(void)argc;
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(pkg_batch_allows(tool.batch, PKG_BATCH_DELETE, err));
	PKG_TRY(batch_tool_begin(&tool, "batch-delete", NULL, err));
	PKG_TRY(audit_trail_end(&tool.trail, pkg_batch_delete(tool.batch, err),
				NULL, err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_delete_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    AUDIT_ROWS(args.audit),
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
