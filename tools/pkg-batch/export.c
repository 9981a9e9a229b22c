/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/exchange.h"
#include "packline/outfile.h"

struct args {
	struct batch_args batch;
	bool hash_only;
};

static enum pkg_code check_args(const struct cli *cli, struct pkg_err *err)
{
	if (cli_output(cli) != NULL)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "no output was named");
	return pkg_hint(err, "give -o FILE");
}

static enum pkg_code open_output(struct pkg_outfile **out,
				 const struct cli *cli, struct pkg_err *err)
{
	/* What is in it may be nobody else's business. */
	const struct pkg_outfile_options options = {.force = cli_force(cli),
						    .seekable = true,
						    .binary = true,
						    .mode = 0600};

	return pkg_outfile_open(out, cli_dirfd(cli), cli_output(cli), &options,
				err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct args *args = options;
	struct pkg_exchange written;

	(void)argc;
	PKG_TRY(check_args(cli, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(open_output(&file, cli, err));
	PKG_TRY(
	    pkg_batch_export(tool.batch, args->hash_only, file, &written, err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_export_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"hash-only", 0, CLI_FLAG, &args.hash_only, NULL,
	     "leave the documents out: only digests travel", NULL, NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR -o FILE ID",
	    .purpose = "Write the file that takes a batch over an air gap, or "
		       "that brings back what came of it.",
	    .notes = "Before a key was used it is the request file; of a batch "
		     "that was imported and is CLOSED, the response file.\n"
		     "FILE - is standard output.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
