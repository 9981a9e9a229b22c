/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/exchange.h"
#include "packline/hasher.h"
#include "packline/outfile.h"

#include <fcntl.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
	bool hash_only;
};

/* What is on its way out. */
struct leaving {
	struct batch_tool *tool;
	struct pkg_outfile *file;
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

/* The file has its name when the log says that it is going to have it. */
static enum pkg_code tell(void *context, const struct pkg_exchange *exchange,
			  struct pkg_err *err)
{
	const struct leaving *self = context;
	const char *path = cli_output(self->tool->cli);
	const struct pkg_hasher_item file = {
	    .path = path,
	    .fd = pkg_outfile_fd(self->file),
	    .set = PKG_DIGEST_SHA256,
	};
	struct pkg_artifact found = {0};
	const struct pkg_audit_item input = {"request.json",
					     exchange->request_sha256};
	const struct pkg_audit_item output = {path, found.digests.sha256};
	const struct pkg_audit_entry entry = {
	    .inputs = &input,
	    .input_count = 1,
	    .outputs = &output,
	    .output_count = 1,
	    .note = pkg_exchange_direction_name(exchange->direction),
	};

	if (self->tool->trail.audit == NULL)
		return PKG_OK;
	PKG_TRY(
	    pkg_hasher_one(self->tool->crypto, AT_FDCWD, &file, &found, err));
	return batch_tool_begin(self->tool, "batch-export", &entry, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct args *args = options;
	struct leaving leaving = {.tool = &tool};
	struct pkg_exchange_export job = {
	    .hash_only = args->hash_only,
	    .before = tell,
	    .context = &leaving,
	};
	struct pkg_exchange written;

	(void)argc;
	PKG_TRY(check_args(cli, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(open_output(&file, cli, err));
	job.file = leaving.file = file;
	PKG_TRY(audit_trail_end(
	    &tool.trail, pkg_batch_export(tool.batch, &job, &written, err),
	    NULL, err));
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
	    AUDIT_ROWS(args.audit),
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
