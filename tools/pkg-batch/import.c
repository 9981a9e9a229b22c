/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-batch/common.h"

#include "packline/arena.h"
#include "packline/exchange.h"
#include "packline/path.h"
#include "packline/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
	const char *cert;
	bool no_sandbox;
};

/* A bare signature does not say whose it is: this side's certificate does. */
static enum pkg_code load_certs(struct pkg_certs **out, struct batch_tool *tool,
				const struct args *args, struct pkg_err *err)
{
	const char *path = args->cert;

	if (path == NULL && tool->process->form == PKG_PROCESS_RAW)
		path = tool->process->cert;
	if (path == NULL)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(out, tool->crypto, err));
	return pkg_certs_add_file(*out, cli_dirfd(tool->cli), path, err);
}

/* Asked in the sandbox it could not be found any more. */
static enum pkg_code make_absolute(struct batch_tool *tool, struct pkg_err *err)
{
	const int dirfd = cli_dirfd(tool->cli);
	const char *path = tool->process->path;
	char link[32], folder[PATH_MAX];
	ssize_t len = 0;

	if (path[0] == '/')
		return PKG_OK;
	if (dirfd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	len = readlink(link, folder, sizeof(folder) - 1);
	if (len <= 0 || folder[0] != '/')
		return PKG_OK; /* then nobody knows where it lies */
	folder[len] = '\0';
	tool->process->path =
	    pkg_arena_printf(tool->arena, err, "%s/%s", folder, path);
	return tool->process->path == NULL ? pkg_failed_(err->code) : PKG_OK;
}

/* What came is read when nothing but the spool and the log can be changed. */
static enum pkg_code confine(const struct batch_tool *tool,
			     const struct args *args, struct pkg_err *err)
{
	struct protect_needs needs = {.no_sandbox = args->no_sandbox,
				      .reads = true};
	const int spool = openat(cli_dirfd(tool->cli), args->batch.spool,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code = PKG_OK;

	if (spool < 0)
		return pkg_fail_os(err, errno, "cannot open the spool");
	needs.folders[needs.folder_count++] = spool;
	if (tool->trail.audit != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_audit_folder(tool->trail.audit);
	code = protect_enter(&needs, err);
	(void)close(spool);
	return code;
}

/* No batch is open yet: what came says whose it is. */
static enum pkg_code tell(void *context, const struct pkg_exchange *exchange,
			  struct pkg_err *err)
{
	struct batch_tool *tool = context;
	const struct pkg_audit_item input = {"request.json",
					     exchange->request_sha256};
	const struct pkg_audit_item output = {"results.jsonl",
					      exchange->results_sha256};
	const bool response = exchange->direction == PKG_EXCHANGE_RESPONSE;
	const struct pkg_audit_entry entry = {
	    .event = "batch-import",
	    .tenant = exchange->tenant,
	    .job = exchange->batch,
	    .inputs = &input,
	    .input_count = 1,
	    .outputs = &output,
	    .output_count = response ? 1 : 0,
	    .note = pkg_exchange_direction_name(exchange->direction),
	};

	return audit_trail_begin(&tool->trail, &entry, err);
}

static enum pkg_code import(struct batch_tool *tool, const struct args *args,
			    int fd, const char *name, struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = NULL;
	struct pkg_exchange_report report;
	struct pkg_source_fd source;
	struct pkg_batch_open which = {.spool = tool->spool,
				       .mode = PKG_JOB_READ};
	struct pkg_exchange_import job = {
	    .env = cli_env(tool->cli),
	    .spool = tool->spool,
	    .process = tool->process,
	    .dirfd = cli_dirfd(tool->cli),
	    .source = &source.source,
	    .before = tell,
	    .context = tool,
	};

	PKG_TRY(load_certs(&certs, tool, args, err));
	PKG_TRY(confine(tool, args, err));
	job.certs = certs;
	pkg_source_fd_init(&source, fd, name);
	PKG_TRY(audit_trail_end(
	    &tool->trail, pkg_batch_import(&job, &report, tool->arena, err),
	    NULL, err));
	which.tenant = report.header.tenant;
	which.id = report.header.batch;
	PKG_TRY(pkg_batch_open(&tool->batch, cli_env(tool->cli), &which, err));
	return batch_tool_record(tool, err);
}

static enum pkg_code check_args(const struct args *args, struct pkg_err *err)
{
	if (args->batch.process != NULL)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "no process was named");
	return pkg_hint(err, "give --process FILE: this side's own copy; the "
			     "one that came is not believed");
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;
	enum pkg_code code = PKG_OK;
	int fd = STDIN_FILENO;

	(void)argc;
	PKG_TRY(check_args(args, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, true, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_process(&tool, args->batch.process, err));
	PKG_TRY(make_absolute(&tool, err));
	if (strcmp(argv[0], "-") != 0)
		PKG_TRY(pkg_path_open(&fd, cli_dirfd(cli), argv[0], err));
	code = import(&tool, args, fd, argv[0], err);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (code != PKG_OK)
		return pkg_wrap(err, "%s", argv[0]);
	return PKG_OK;
}

enum pkg_code batch_import_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    {"process", 0, CLI_TEXT, &args.batch.process, "FILE",
	     "this side's own copy of the process", NULL, "file"},
	    {"cert", 0, CLI_TEXT, &args.cert, "FILE",
	     "the signer's certificate, for raw signatures", NULL, "file"},
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR --process FILE EXCHANGE",
	    .purpose = "Take in a request file, as a batch of the same id, or "
		       "a response file, into the batch that waits for it.",
	    .notes = "EXCHANGE - is standard input.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
