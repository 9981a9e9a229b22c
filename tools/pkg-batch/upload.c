/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-batch/common.h"

#include "packline/archive.h"
#include "packline/arena.h"
#include "packline/limits.h"
#include "packline/source.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
	bool files, zip, no_sandbox;
};

static bool is_zip(const struct args *args, const char *path)
{
	const size_t len = strlen(path);

	if (args->files || args->zip)
		return args->zip;
	return strcmp(path, "-") == 0 ||
	       (len > 4 && strcasecmp(path + len - 4, ".zip") == 0);
}

static enum pkg_code check_args(const struct args *args, int argc, char **argv,
				struct pkg_err *err)
{
	bool seen = false;

	if (args->files && args->zip)
		return pkg_fail(err, PKG_USAGE,
				"--files and --zip exclude each other");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-") != 0)
			continue;
		if (args->files) {
			pkg_fail(err, PKG_USAGE,
				 "a document from standard input has no name");
			return pkg_hint(err, "what comes from there is a ZIP "
					     "file: leave out --files");
		}
		if (seen)
			return pkg_fail(err, PKG_USAGE,
					"standard input can be read once only");
		seen = true;
	}
	return PKG_OK;
}

static void progress(void *context, uint64_t documents, uint64_t bytes)
{
	(void)documents;
	cli_progress(context, "uploading", bytes, 0);
}

/*
 * What comes from standard input is spooled before the sandbox is entered: it
 * can write into the batch alone.
 */
static enum pkg_code take_stdin(struct pkg_batch_input *input,
				struct pkg_err *err)
{
	struct pkg_source_fd source;

	pkg_source_fd_init(&source, STDIN_FILENO, "standard input");
	PKG_TRY(pkg_archive_spool(&input->fd, &source.source, err));
	input->is_open = true;
	return PKG_OK;
}

/* The list of what is uploaded, in the arena of the tool. */
static enum pkg_code list_inputs(struct pkg_batch_upload *upload,
				 const struct batch_tool *tool,
				 const struct args *args, char **paths,
				 struct pkg_err *err)
{
	struct pkg_batch_input *inputs =
	    pkg_arena_array(tool->arena, upload->count, sizeof(*inputs), err);

	if (inputs == NULL)
		return pkg_failed_(err->code);
	for (size_t i = 0; i < upload->count; i++) {
		inputs[i].path = paths[i];
		inputs[i].zip = is_zip(args, paths[i]);
		if (strcmp(paths[i], "-") == 0)
			PKG_TRY(take_stdin(&inputs[i], err));
	}
	upload->inputs = inputs;
	return PKG_OK;
}

static enum pkg_code confine(const struct batch_tool *tool,
			     const struct args *args, struct pkg_err *err)
{
	struct protect_needs needs = {
	    .no_sandbox = args->no_sandbox,
	    .folders = {pkg_job_fd(pkg_batch_job(tool->batch))},
	    .folder_count = 1,
	    .reads = true,
	};

	if (tool->trail.audit != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_audit_folder(tool->trail.audit);
	return protect_enter(&needs, err);
}

/* For the log: the request as it stands now tells every document. */
static enum pkg_code tell(struct batch_tool *tool, enum pkg_code code,
			  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};
	uint8_t sha256[32];
	const struct pkg_audit_item output = {"request.json", sha256};
	const struct pkg_audit_entry entry = {.outputs = &output,
					      .output_count = 1};

	if (tool->trail.audit == NULL || code != PKG_OK)
		return audit_trail_end(&tool->trail, code, NULL, err);
	PKG_TRY(pkg_batch_request(tool->batch, &request, sha256, err));
	return audit_trail_end(&tool->trail, PKG_OK, &entry, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;
	struct pkg_batch_upload upload = {
	    .count = (size_t)argc - 1,
	    .dirfd = cli_dirfd(cli),
	    .progress = progress,
	    .progress_context = cli,
	};

	PKG_TRY(check_args(args, argc, argv, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(pkg_batch_allows(tool.batch, PKG_BATCH_UPLOAD, err));
	PKG_TRY(list_inputs(&upload, &tool, args, argv + 1, err));
	PKG_TRY(confine(&tool, args, err));
	PKG_TRY(batch_tool_begin(&tool, "batch-upload", NULL, err));
	PKG_TRY(tell(&tool, pkg_batch_upload(tool.batch, &upload, err), err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_upload_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"files", 0, CLI_FLAG, &args.files, NULL,
	     "every operand is a document, also one called .zip", NULL, NULL},
	    {"zip", 0, CLI_FLAG, &args.zip, NULL,
	     "every operand is a ZIP file, whatever it is called", NULL, NULL},
	    NO_SANDBOX_ROW(args.no_sandbox),
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID FILE...",
	    .purpose = "Put documents into a batch: all of them, or none.",
	    .notes = "A FILE called .zip, and - (standard input), is a ZIP "
		     "file with documents and without folders; every other "
		     "FILE is a document itself.",
	    .table = table,
	    .min_args = 2,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
