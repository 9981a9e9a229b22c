/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/hasher.h"
#include "packline/outfile.h"

#include <fcntl.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
};

/* What goes out, for the log. */
static enum pkg_code hash_output(struct batch_tool *tool,
				 const struct pkg_outfile *out,
				 struct pkg_artifact *result,
				 struct pkg_err *err)
{
	const struct pkg_hasher_item item = {
	    .path = cli_output(tool->cli),
	    .fd = pkg_outfile_fd(out),
	    .set = PKG_DIGEST_SHA256,
	};

	return pkg_hasher_one(tool->crypto, AT_FDCWD, &item, result, err);
}

/* The file has its name when the log says that it is going to have it. */
static enum pkg_code write_out(struct batch_tool *tool, struct pkg_outfile *out,
			       struct pkg_err *err)
{
	struct pkg_artifact file = {0};
	struct pkg_audit_item item = {cli_output(tool->cli),
				      file.digests.sha256};
	const struct pkg_audit_entry entry = {.outputs = &item,
					      .output_count = 1};

	PKG_TRY(pkg_batch_download(tool->batch, out, err));
	if (tool->trail.audit != NULL)
		PKG_TRY(hash_output(tool, out, &file, err));
	PKG_TRY(batch_tool_begin(tool, "batch-download", &entry, err));
	return audit_trail_end(
	    &tool->trail, pkg_outfile_commit(out, UINT64_MAX, err), NULL, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *out = NULL;
	const struct args *args = options;
	const struct pkg_outfile_options how = {
	    .force = cli_force(cli), .seekable = true, .binary = true};

	(void)argc;
	if (cli_output(cli) == NULL) {
		pkg_fail(err, PKG_USAGE, "no output was named");
		return pkg_hint(err, "give -o FILE");
	}
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_READ, err));
	PKG_TRY(
	    pkg_outfile_open(&out, cli_dirfd(cli), cli_output(cli), &how, err));
	return write_out(&tool, out, err);
}

enum pkg_code batch_download_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    AUDIT_ROWS(args.audit),
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
