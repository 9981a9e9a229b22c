/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/limits.h"

#include <string.h>

struct args {
	struct batch_args batch;
	struct audit_args audit;
	const char *id, *requester;
};

static enum pkg_code check_tenant(const struct batch_tool *tool,
				  struct pkg_err *err)
{
	const char *tenant = tool->args->tenant;

	if (tenant == NULL || strcmp(tenant, tool->process->tenant) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "wrong-tenant",
			  "process '%s' is of tenant '%s', not of '%s'",
			  tool->process->name, tool->process->tenant, tenant);
}

/* The batch is there or not; its id may not be known before. */
static enum pkg_code create_told(struct batch_tool *tool, char *id,
				 bool *existed,
				 const struct pkg_batch_create *create,
				 struct pkg_err *err)
{
	const struct pkg_process *process = tool->process;
	const struct pkg_audit_item input = {process->path, process->sha256};
	const struct pkg_audit_entry begin = {
	    .event = "batch-create",
	    .tenant = process->tenant,
	    .job = create->id,
	    .inputs = &input,
	    .input_count = 1,
	};
	struct pkg_audit_entry outcome = {.job = id};
	enum pkg_code code = PKG_OK;

	PKG_TRY(audit_trail_begin(&tool->trail, &begin, err));
	code = pkg_batch_create(id, existed, cli_env(tool->cli), create, err);
	if (code != PKG_OK)
		outcome.job = NULL;
	else if (*existed)
		outcome.note = "it was there already";
	return audit_trail_end(&tool->trail, code, &outcome, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	const struct args *args = options;
	struct pkg_batch_create create = {
	    .dirfd = cli_dirfd(cli),
	    .id = args->id,
	    .requester = args->requester,
	};
	struct pkg_batch_open which = {.mode = PKG_JOB_READ};
	char id[PKG_LIMIT_MEMBER_NAME + 1];
	bool existed = false;

	(void)argc;
	(void)argv;
	if (args->batch.process == NULL) {
		pkg_fail(err, PKG_USAGE, "no process was named");
		return pkg_hint(err, "give --process FILE: what is to be done "
				     "with the documents");
	}
	/* Nothing is made for a process that is none. */
	PKG_TRY(batch_tool_prepare(&tool, cli, &args->batch, err));
	PKG_TRY(batch_tool_process(&tool, args->batch.process, err));
	PKG_TRY(check_tenant(&tool, err));
	PKG_TRY(pkg_batch_check_requester(tool.process, args->requester, err));
	create.process = tool.process;
	PKG_TRY(batch_tool_spool(&tool, true, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	create.spool = which.spool = tool.spool;
	PKG_TRY(create_told(&tool, id, &existed, &create, err));
	if (existed)
		cli_note(cli, "batch '%s' is there already", id);
	which.tenant = tool.process->tenant;
	which.id = id;
	PKG_TRY(pkg_batch_open(&tool.batch, cli_env(cli), &which, err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_create_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    {"process", 0, CLI_TEXT, &args.batch.process, "FILE",
	     "what is to be done with the documents", NULL, "file"},
	    {"id", 0, CLI_TEXT, &args.id, "NAME",
	     "id of the batch; again: the same batch (else made up)", NULL,
	     NULL},
	    {"requester", 0, CLI_TEXT, &args.requester, "WHO",
	     "who asks for it", NULL, NULL},
	    {"tenant", 0, CLI_TEXT, &args.batch.tenant, "NAME",
	     "refuse a process of another tenant", NULL, NULL},
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR --process FILE",
	    .purpose = "Create a batch that is bound to a process, and write "
		       "its record.",
	    .table = table,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
