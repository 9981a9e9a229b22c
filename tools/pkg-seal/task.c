/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/task.h"

#include "packline/device_config.h"
#include "packline/limits.h"

#include <string.h>

enum pkg_code task_tool_start(struct task_tool *tool, struct cli *cli,
			      const char *path, bool create,
			      const struct audit_args *audit,
			      struct pkg_err *err)
{
	if (path == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no spool was named");
		return pkg_hint(err, "give --spool DIR: the folder that the "
				     "tasks are kept in");
	}
	PKG_TRY(seal_tool_start(&tool->seal, cli, err));
	if (audit != NULL)
		PKG_TRY(seal_audit_open(&tool->seal.audit, cli, audit, err));
	return pkg_spool_open(&tool->spool, cli_dirfd(cli), path, "task",
			      create, err);
}

enum pkg_code task_tool_confine(struct seal_confine *how,
				struct pkg_seal_output *output,
				struct task_tool *tool, const char *spool,
				struct pkg_err *err)
{
	output->path =
	    pkg_arena_printf(tool->seal.arena, err, "%s/task", spool);
	how->tool = &tool->seal;
	how->output = output;
	return output->path == NULL ? err->code : PKG_OK;
}

struct pkg_audit *task_tool_audit(const struct task_tool *tool)
{
	return tool->seal.audit.trail.audit;
}

void task_tool_fini(struct task_tool *tool)
{
	pkg_spool_free(tool->spool);
	seal_tool_fini(&tool->seal);
}

static enum pkg_code load_device(struct pkg_device_config **out,
				 struct task_tool *tool, const char *path,
				 struct pkg_err *err)
{
	const enum pkg_code code =
	    pkg_device_config_load(out, tool->seal.crypto, &tool->seal.diag,
				   cli_dirfd(tool->seal.cli), path, err);

	seal_tool_findings(&tool->seal);
	return code;
}

/* Where it was when the task was created; its bytes must be the same. */
static enum pkg_code load_known(struct pkg_device_config **out,
				struct task_tool *tool, const char *tenant,
				const char *id, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf path = {.max = PKG_LIMIT_PATH};

	PKG_TRY(pkg_task_device_path(&path, tool->spool, tenant, id, err));
	if (path.len > 0 &&
	    load_device(out, tool, pkg_buf_str(&path), err) == PKG_OK)
		return PKG_OK;
	if (path.len == 0)
		(void)pkg_fail(err, PKG_USAGE,
			       "task '%s' does not say where its device config "
			       "is",
			       id);
	return pkg_hint(err, "give the device config: -d FILE");
}

enum pkg_code task_tool_device(struct pkg_device_config **out,
			       struct task_tool *tool, const char *path,
			       const char *tenant, const char *id,
			       struct pkg_err *err)
{
	PKG_AUTO(pkg_device_config) struct pkg_device_config *device = NULL;

	if (path == NULL)
		PKG_TRY(load_known(&device, tool, tenant, id, err));
	else
		PKG_TRY(load_device(&device, tool, path, err));
	if (tenant != NULL && strcmp(device->tenant, tenant) != 0)
		return pkg_fail(err, PKG_USAGE,
				"device config '%s' is for tenant '%s', not "
				"for '%s'",
				device->id, device->tenant, tenant);
	*out = PKG_STEAL(device);
	return PKG_OK;
}

enum pkg_code task_tool_print(const struct task_tool *tool,
			      const struct pkg_task *task, struct pkg_err *err)
{
	return pkg_task_record(cli_stdout(tool->seal.cli), task, err);
}

enum pkg_code seal_task_main(struct cli *cli, struct pkg_err *err)
{
	static const struct cli_verb verbs[] = {
	    {"create", "ask for a container: its draft is made at once",
	     task_create_main},
	    {"list", "print all tasks", task_list_main},
	    {"status", "print one task", task_status_main},
	    {"approve", "approve or reject a task, as an officer",
	     task_approve_main},
	    {"run", "make the container of a task", task_run_main},
	    {"download", "fetch the container of a task that is done",
	     task_download_main},
	    {0},
	};
	static const struct cli_group group = {
	    .purpose = "Packaging tasks: a container that is asked for now, "
		       "approved by officers, and made by whoever has the key.",
	    .verbs = verbs,
	};

	return cli_group_run(cli, &group, err);
}
