/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/cert.h"
#include "packline/exchange.h"
#include "packline/json.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
	const char *query, *reply;
	struct cli_list trust;
};

static enum pkg_code check_args(const struct args *args, struct pkg_err *err)
{
	if ((args->query == NULL) == (args->reply == NULL)) {
		(void)pkg_fail(err, PKG_USAGE,
			       "either --query DIR or --reply DIR");
		return pkg_hint(err, "first the queries, then what the "
				     "authority made of them");
	}
	if (args->query != NULL && args->trust.count > 0)
		return pkg_fail(err, PKG_USAGE,
				"--trust-tsa is not for a query");
	return PKG_OK;
}

static enum pkg_code load_anchors(struct pkg_certs **out,
				  struct batch_tool *tool,
				  const struct args *args, struct pkg_err *err)
{
	if (args->trust.count == 0)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(out, tool->crypto, err));
	for (size_t i = 0; i < args->trust.count; i++)
		PKG_TRY(pkg_certs_add_file(*out, cli_dirfd(tool->cli),
					   args->trust.items[i], err));
	return PKG_OK;
}

static enum pkg_code open_folder(int *fd, const struct cli *cli,
				 const char *path, struct pkg_err *err)
{
	*fd = openat(cli_dirfd(cli), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? PKG_OK
			: pkg_fail_os(err, errno, "cannot open the folder '%s'",
				      path);
}

static void tell_refused(void *context, const struct pkg_err *err)
{
	cli_error(context, err);
}

static void put_record(struct batch_tool *tool,
		       const struct pkg_batch_stamp_report *report)
{
	const struct pkg_batch_record *record = pkg_batch_record(tool->batch);
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, cli_stdout(tool->cli), 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "counterpartyId", record->tenant);
	pkg_jsonw_str_member(&w, "id", record->id);
	pkg_jsonw_int_member(&w, "missing", (int64_t)report->missing);
	pkg_jsonw_int_member(&w, "refused", (int64_t)report->refused);
	pkg_jsonw_int_member(&w, "stamped", (int64_t)report->stamped);
	pkg_jsonw_str_member(
	    &w, "status",
	    pkg_batch_status_name(pkg_batch_state(tool->batch)->status));
	pkg_jsonw_str_member(&w, "type", "batch-timestamp");
	pkg_jsonw_int_member(&w, "written", (int64_t)report->written);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
}

static enum pkg_code stamp(struct batch_tool *tool, const struct args *args,
			   int folder, struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = NULL;
	struct pkg_batch_stamp_report report;
	struct pkg_batch_stamping job = {
	    .dirfd = folder, .refused = tell_refused, .context = tool->cli};

	PKG_TRY(load_anchors(&anchors, tool, args, err));
	job.anchors = anchors;
	if (args->query != NULL) {
		PKG_TRY(pkg_batch_stamp_query(tool->batch, &job, &report, err));
	} else {
		PKG_TRY(batch_tool_begin(tool, "batch-timestamp", NULL, err));
		PKG_TRY(audit_trail_end(
		    &tool->trail,
		    pkg_batch_stamp_reply(tool->batch, &job, &report, err),
		    NULL, err));
	}
	put_record(tool, &report);
	return report.refused == 0 ? PKG_OK : cli_no(err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;
	enum pkg_code code = PKG_OK;
	int folder = -1;

	(void)argc;
	PKG_TRY(check_args(args, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(open_folder(&folder, cli,
			    args->query != NULL ? args->query : args->reply,
			    err));
	code = stamp(&tool, args, folder, err);
	(void)close(folder);
	return code;
}

enum pkg_code batch_timestamp_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"query", 0, CLI_TEXT, &args.query, "DIR",
	     "write what to ask the authority: NNNNNN.tsq", NULL, "dir"},
	    {"reply", 0, CLI_TEXT, &args.reply, "DIR",
	     "put in the time stamps of these replies: NNNNNN.tsr", NULL,
	     "dir"},
	    {"trust-tsa", 0, CLI_LIST, &args.trust, "FILE",
	     "certificate of the authority, or of its CA", NULL, "file"},
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR --query DIR ID\n"
			"[options] --spool DIR --reply DIR ID",
	    .purpose = "Have the signatures of a batch stamped with the time "
		       "(RFC 3161), by files: nothing is sent.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
