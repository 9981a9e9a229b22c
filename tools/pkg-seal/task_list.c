/* SPDX-License-Identifier: Apache-2.0 */
/* list, status, download: what looks at tasks and changes none. */
#include "pkg-seal/task.h"

#include <string.h>

struct args {
	const char *spool, *tenant, *status, *format;
	struct audit_args audit;
};

static bool is_text(const struct args *args)
{
	return strcmp(args->format, "text") == 0;
}

struct list {
	struct task_tool tool;
	const struct args *args;
	enum pkg_code worst; /* of what could not be read */
};

static enum pkg_code visit(void *context, const struct pkg_task *task,
			   const struct pkg_err *broken, struct pkg_err *err)
{
	struct list *self = context;

	if (task == NULL) {
		cli_error(self->tool.seal.cli, broken);
		if (broken->code > self->worst)
			self->worst = broken->code;
		return PKG_OK;
	}
	if (is_text(self->args))
		return pkg_task_text(cli_stdout(self->tool.seal.cli), task,
				     true, err);
	return task_tool_print(&self->tool, task, err);
}

static void list_fini(struct list *list)
{
	task_tool_fini(&list->tool);
}

static enum pkg_code run_list(struct cli *cli, const void *options, int argc,
			      char **argv, struct pkg_err *err)
{
	const struct args *args = options;
	PKG_AUTO_FINI(list) struct list self = {.args = args};
	struct pkg_task_filter filter = {.tenant = args->tenant};

	(void)argc;
	(void)argv;
	filter.has_status = args->status != NULL &&
			    pkg_task_status_parse(&filter.status, args->status);
	PKG_TRY(
	    task_tool_start(&self.tool, cli, args->spool, false, NULL, err));
	PKG_TRY(pkg_task_list(self.tool.spool, &filter, visit, &self,
			      cli_env(cli), err));
	/* Each of them has been told of. */
	return self.worst == PKG_OK ? PKG_OK
				    : pkg_fail(err, self.worst, "%s", "");
}

static enum pkg_code run_status(struct cli *cli, const void *options, int argc,
				char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(task_tool) struct task_tool tool = {0};
	PKG_AUTO(pkg_task) struct pkg_task *task = NULL;
	const struct args *args = options;

	(void)argc;
	PKG_TRY(task_tool_start(&tool, cli, args->spool, false, NULL, err));
	PKG_TRY(pkg_task_load(&task, tool.spool, args->tenant, argv[0],
			      cli_env(cli), err));
	if (is_text(args))
		return pkg_task_text(cli_stdout(cli), task, false, err);
	return task_tool_print(&tool, task, err);
}

static enum pkg_code run_download(struct cli *cli, const void *options,
				  int argc, char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(task_tool) struct task_tool tool = {0};
	const struct args *args = options;
	struct pkg_task_download job = {.tenant = args->tenant, .id = argv[0]};

	(void)argc;
	if (cli_output(cli) == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no output was named");
		return pkg_hint(err, "give -o FILE");
	}
	PKG_TRY(
	    task_tool_start(&tool, cli, args->spool, false, &args->audit, err));
	job.spool = tool.spool;
	job.audit = task_tool_audit(&tool);
	job.output = seal_tool_output(&tool.seal, "fetching");
	return pkg_task_download(&job, cli_env(cli), err);
}

/* -- the command lines -- */

#define ROW_TENANT(args) TASK_TENANT_ROW(args, "only those of this tenant")
#define ROW_FORMAT(args)                                                       \
	{                                                                      \
		"format", 0, CLI_CHOICE, &(args).format, "FORM",               \
		    "form of the result (default: jsonl)", "jsonl text", NULL  \
	}

enum pkg_code task_list_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.format = "jsonl"};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args),
	    ROW_TENANT(args),
	    {"status", 0, CLI_CHOICE, &args.status, "WORD",
	     "only those in this status",
	     "CREATED APPROVED REJECTED RUNNING DONE FAILED", NULL},
	    ROW_FORMAT(args),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR",
	    .purpose = "Print the tasks of a spool, by tenant and id.",
	    .table = table,
	    .run = run_list,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}

enum pkg_code task_status_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.format = "jsonl"};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args),
	    ROW_TENANT(args),
	    ROW_FORMAT(args),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Print all that is known of a task.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run_status,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}

enum pkg_code task_download_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args),
	    ROW_TENANT(args),
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR -o OUTPUT ID",
	    .purpose = "Fetch the container of a task that is DONE.",
	    .notes = "OUTPUT - is standard output.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run_download,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
