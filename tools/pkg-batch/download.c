/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/outfile.h"

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *out = NULL;
	const struct pkg_outfile_options how = {
	    .force = cli_force(cli), .seekable = true, .binary = true};

	(void)argc;
	if (cli_output(cli) == NULL) {
		pkg_fail(err, PKG_USAGE, "no output was named");
		return pkg_hint(err, "give -o FILE");
	}
	PKG_TRY(batch_tool_start(&tool, cli, options, false, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_READ, err));
	PKG_TRY(
	    pkg_outfile_open(&out, cli_dirfd(cli), cli_output(cli), &how, err));
	PKG_TRY(pkg_batch_download(tool.batch, out, err));
	return pkg_outfile_commit(out, UINT64_MAX, err);
}

enum pkg_code batch_download_main(struct cli *cli, struct pkg_err *err)
{
	struct batch_args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args),
	    BATCH_TENANT_ROW(args),
	    BATCH_PROCESS_ROW(args),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR -o FILE ID",
	    .purpose = "Write a closed batch as a flat ZIP file: its record, "
		       "each document and its signature.",
	    .notes = "FILE - is standard output.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
