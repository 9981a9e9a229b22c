/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include <string.h>

struct args {
	struct batch_args batch;
	const char *status, *format;
};

/* A list on its way. */
struct listing {
	struct batch_tool *tool;
	int status; /* only these; -1 = all */
	bool text;
	enum pkg_code worst; /* of those that could not be read */
};

/* The others are to be seen all the same. */
static enum pkg_code tell_broken(struct listing *self, struct pkg_err *err)
{
	if (err->code != PKG_INPUT)
		return pkg_failed_(err->code);
	cli_error(self->tool->cli, err);
	self->worst = err->code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code show(void *context, const char *tenant, const char *id,
			  struct pkg_err *err)
{
	struct listing *self = context;
	struct pkg_batch_state state;

	if (pkg_batch_peek(&state, self->tool->spool, tenant, id, err) !=
	    PKG_OK) {
		/* Gone since its folder was listed. */
		if (err->reason == NULL ||
		    strcmp(err->reason, "no-such-job") != 0)
			return tell_broken(self, err);
		*err = PKG_ERR_INIT;
		return PKG_OK;
	}
	if (self->status >= 0 && state.status != (unsigned)self->status)
		return PKG_OK;
	return pkg_batch_put_row(cli_stdout(self->tool->cli), tenant, id,
				 &state, self->text, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;
	struct listing listing = {
	    .tool = &tool,
	    .status = args->status == NULL
			  ? -1
			  : pkg_batch_status_by_name(args->status),
	    .text = strcmp(args->format, "text") == 0,
	};

	(void)argc;
	(void)argv;
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(pkg_spool_list(tool.spool, args->batch.tenant, show, &listing,
			       err));
	return listing.worst == PKG_OK ? PKG_OK
				       : pkg_fail(err, listing.worst, "%s", "");
}

enum pkg_code batch_list_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.format = "jsonl"};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    {"tenant", 0, CLI_TEXT, &args.batch.tenant, "NAME",
	     "only the batches of this tenant", NULL, NULL},
	    {"status", 0, CLI_CHOICE, &args.status, "STATUS",
	     "only those in this state",
	     "NEW ACCEPTED READY IN_PROGRESS FINISHING CLOSED DELETED", NULL},
	    {"format", 0, CLI_CHOICE, &args.format, "FORM",
	     "form of the result (default: jsonl)", "jsonl text", NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR",
	    .purpose = "List the batches: status, number of documents, tenant "
		       "and id.",
	    .table = table,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
