/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/task.h"

#include "packline/limits.h"

#include <stdio.h>
#include <stdlib.h>

struct args {
	const char *spool, *device, *tenant, *name, *version, *expires;
	const char *requester, *metadata, *stdin_name, *id, *password;
	struct cli_number sequence;
	struct cli_list given;
	struct audit_args audit;
	bool sign_only, encrypt_only, no_sandbox;
};

/* So that run finds it from any folder; NULL if it cannot be said. */
static char *absolute(const struct cli *cli, const char *path)
{
	char below[PKG_LIMIT_PATH];

	if (cli_dirfd(cli) < 0 || path[0] == '/')
		return realpath(path, NULL);
	if (snprintf(below, sizeof(below), "/proc/self/fd/%d/%s",
		     cli_dirfd(cli), path) >= (int)sizeof(below))
		return NULL;
	return realpath(below, NULL);
}

static enum pkg_code create(struct task_tool *tool, const struct args *args,
			    struct pkg_seal_create *package,
			    struct pkg_err *err)
{
	PKG_AUTO(pkg_task) struct pkg_task *task = NULL;
	char *path = absolute(tool->seal.cli, args->device);
	const struct pkg_task_create job = {
	    .spool = tool->spool,
	    .id = args->id,
	    .package = package,
	    .device_path = path,
	    .audit = task_tool_audit(tool),
	};
	const enum pkg_code code =
	    pkg_task_create(&task, &job, cli_env(tool->seal.cli), err);

	free(path);
	return code == PKG_OK ? task_tool_print(tool, task, err) : code;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(task_tool) struct task_tool tool = {0};
	const struct args *args = options;
	struct pkg_seal_create package = {
	    .dirfd = cli_dirfd(cli),
	    .tenant = args->tenant,
	    .name = args->name,
	    .version = args->version,
	    .expires = args->expires,
	    .requester = args->requester,
	    .has_sequence = args->sequence.given,
	    .sequence = args->sequence.value,
	    .sign_only = args->sign_only,
	    .encrypt_only = args->encrypt_only,
	    .given = {args->given.items, args->given.count},
	    .files = {(const char *const *)argv, (size_t)argc},
	    .stdin_name = args->stdin_name,
	    .metadata = args->metadata,
	    .ready = seal_tool_confine_now,
	};
	struct seal_confine confine = {.no_sandbox = args->no_sandbox,
				       .reads = true};
	struct pkg_seal_output spool = {0};

	if (args->device == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "a task needs a device config");
		return pkg_hint(err, "give -d FILE: it says whose the task is, "
				     "and who must approve it");
	}
	PKG_TRY(
	    task_tool_start(&tool, cli, args->spool, true, &args->audit, err));
	PKG_TRY(seal_tool_device(&tool.seal, args->device, err));
	package.device = tool.seal.device;
	PKG_TRY(seal_tool_password(&tool.seal, &package, args->password, false,
				   err));
	PKG_TRY(task_tool_confine(&confine, &spool, &tool, args->spool, err));
	package.ready_context = &confine;
	package.output = seal_tool_output(&tool.seal, "sealing");
	return create(&tool, args, &package, err);
}

enum pkg_code task_create_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.sequence.max = PKG_LIMIT_JSON_INT};
	const struct cli_opt table[] = {
	    TASK_SPOOL_ROW(args),
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "kind, tenant, recipients, officers from this device config", NULL,
	     "file"},
	    TASK_TENANT_ROW(args, "whose it is; that of the device config"),
	    {"id", 0, CLI_TEXT, &args.id, "ID",
	     "of the task; said again with the same inputs: the same task",
	     NULL, NULL},
	    {"name", 0, CLI_TEXT, &args.name, "TEXT", "name of the product",
	     NULL, NULL},
	    {"version", 0, CLI_TEXT, &args.version, "TEXT",
	     "version of the product", NULL, NULL},
	    {"sequence", 0, CLI_NUMBER, &args.sequence, "N",
	     "number that must not go down", NULL, NULL},
	    {"expires", 0, CLI_TEXT, &args.expires, "TIME",
	     "refused after that time (RFC 3339)", NULL, NULL},
	    {"requester", 0, CLI_TEXT, &args.requester, "WHO",
	     "who asks for it", NULL, NULL},
	    {"metadata", 0, CLI_TEXT, &args.metadata, "FILE",
	     "one more file, of its own role", NULL, "file"},
	    {"sha256", 0, CLI_LIST, &args.given, "[NAME=]HEX",
	     "refuse a file with another digest; without NAME in their order",
	     NULL, NULL},
	    {"stdin-name", 0, CLI_TEXT, &args.stdin_name, "NAME",
	     "what standard input is called inside", NULL, NULL},
	    PASSWORD_ROW(args.password),
	    {"sign-only", 0, CLI_FLAG, &args.sign_only, NULL,
	     "refuse a device config that encrypts", NULL, NULL},
	    {"encrypt-only", 0, CLI_FLAG, &args.encrypt_only, NULL,
	     "refuse a device config that signs", NULL, NULL},
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR -d FILE FILE...",
	    .purpose = "Ask for a container.  What goes in is fixed now: the "
		       "draft is made, and encrypted if it is to be.",
	    .notes = "FILE - is standard input.",
	    .table = table,
	    .min_args = 1,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
