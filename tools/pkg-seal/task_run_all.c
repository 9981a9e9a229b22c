/* SPDX-License-Identifier: Apache-2.0 */
/* The work of "task run": keys and device configs of one task, or of all. */
#include "packline/device_config.h"
#include "pkg-seal/task.h"

#include <string.h>

/* -- with which key -- */

static enum pkg_code load_key(struct task_runner *runner,
			      struct task_keys *keys, struct pkg_err *err)
{
	struct key_args args = runner->args->signer.load;

	if (args.key != NULL || keys->device->kind == PKG_CONTAINER_ENCRYPTED)
		return PKG_OK;
	PKG_TRY(seal_choose_key(&args, keys->device, err));
	return key_args_load(&keys->key, &keys->certs, runner->tool.seal.cli,
			     &args, err);
}

/*
 * The device config of a task and its key.  Tasks of one device config share
 * them: a token is logged in to once.  NULL if there is none: @err says why.
 */
static const struct task_keys *keys_of(struct task_runner *runner,
				       const char *tenant, const char *id,
				       struct pkg_err *err)
{
	struct task_tool *tool = &runner->tool;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf path = {.max = PKG_LIMIT_PATH};
	const char *given = runner->args->device;
	struct task_keys *fresh = NULL;

	if (given == NULL &&
	    pkg_task_device_path(&path, tool->spool, tenant, id, err) != PKG_OK)
		return NULL;
	for (const struct task_keys *one = runner->keys; one != NULL;
	     one = one->next)
		if (given != NULL || strcmp(one->path, pkg_buf_str(&path)) == 0)
			return one;
	fresh = pkg_arena_alloc(tool->seal.arena, sizeof(*fresh), err);
	if (fresh == NULL)
		return NULL;
	fresh->path =
	    pkg_arena_dup(tool->seal.arena, pkg_buf_str(&path), path.len, err);
	if (fresh->path == NULL || task_tool_device(&fresh->device, tool, given,
						    tenant, id, err) != PKG_OK)
		return NULL;
	fresh->next = runner->keys;
	runner->keys = fresh;
	return load_key(runner, fresh, err) == PKG_OK ? fresh : NULL;
}

static struct pkg_seal_signer signer_of(const struct task_runner *runner,
					const struct task_keys *keys)
{
	const struct task_run_args *args = runner->args;
	struct pkg_seal_signer signer =
	    seal_tool_signer(&runner->tool.seal, &args->signer);

	/* The key for all the others is none for this one. */
	if (args->all && keys->device->kind == PKG_CONTAINER_ENCRYPTED)
		return (struct pkg_seal_signer){0};
	if (signer.key != NULL)
		return signer;
	signer.key = keys->key;
	signer.certs = keys->certs;
	return signer;
}

/*
 * With one task everything is loaded by now.  With all of them device configs
 * are still to be read, and their keys, unless there is one for all: those may
 * ask for a passphrase on a terminal at any time.
 */
static enum pkg_code confine(struct task_runner *runner,
			     const struct task_keys *keys, struct pkg_err *err)
{
	const struct task_run_args *args = runner->args;
	struct seal_confine how = {
	    .no_sandbox = args->no_sandbox || runner->confined,
	    .key = args->signer.load.key,
	    .reads = args->all,
	};
	struct pkg_seal_output spool = {0};

	if (args->all && how.key == NULL)
		return PKG_OK;
	if (how.key == NULL)
		how.key = keys->device->signing_key;
	runner->confined = true;
	PKG_TRY(
	    task_tool_confine(&how, &spool, &runner->tool, args->spool, err));
	return seal_tool_confine(&how, err);
}

/* -- one -- */

enum pkg_code task_runner_run(struct task_runner *runner, const char *tenant,
			      const char *id, struct pkg_err *err)
{
	PKG_AUTO(pkg_task) struct pkg_task *task = NULL;
	struct pkg_err unwritten = PKG_ERR_INIT;
	const struct task_keys *keys = NULL;
	struct pkg_task_run job = {
	    .spool = runner->tool.spool,
	    .id = id,
	    .agree = runner->agree,
	    .agree_context = runner->agree_context,
	    .expect_sha256 = runner->expect,
	    .trust = runner->trust,
	    .audit = task_tool_audit(&runner->tool),
	};
	enum pkg_code code = PKG_OK;

	keys = keys_of(runner, tenant, id, err);
	if (keys == NULL)
		return pkg_failed_(err->code);
	/* Tasks share them by their path, and a path can be anybody's. */
	if (tenant != NULL && strcmp(keys->device->tenant, tenant) != 0)
		return pkg_refuse(err, PKG_NO, "wrong-tenant",
				  "task '%s': its device config is of another "
				  "tenant",
				  id);
	PKG_TRY(confine(runner, keys, err));
	job.device = keys->device;
	job.signer = signer_of(runner, keys);
	code = pkg_task_run(&task, &job, cli_env(runner->tool.seal.cli), err);
	if (task == NULL || (code != PKG_OK && task->status != PKG_TASK_FAILED))
		return code;
	if (task_tool_print(&runner->tool, task, &unwritten) == PKG_OK)
		return code;
	*err = unwritten;
	return pkg_failed_(err->code);
}

/* -- all -- */

struct waiting {
	const char *tenant, *id;
	struct waiting *next;
};

struct queue {
	struct task_runner *runner;
	struct waiting *first, **end;
};

static enum pkg_code enqueue(void *context, const struct pkg_task *task,
			     const struct pkg_err *broken, struct pkg_err *err)
{
	struct queue *queue = context;
	struct pkg_arena *arena = queue->runner->tool.seal.arena;
	struct waiting *one = NULL;

	if (task == NULL) {
		cli_error(queue->runner->tool.seal.cli, broken);
		return PKG_OK;
	}
	if (!pkg_task_can_run(task))
		return PKG_OK;
	one = pkg_arena_alloc(arena, sizeof(*one), err);
	if (one == NULL)
		return err->code;
	one->tenant =
	    pkg_arena_dup(arena, task->tenant, strlen(task->tenant), err);
	one->id = pkg_arena_dup(arena, task->id, strlen(task->id), err);
	if (one->tenant == NULL || one->id == NULL)
		return err->code;
	*queue->end = one;
	queue->end = &one->next;
	return PKG_OK;
}

/* Somebody else has it, or has had it; it is not of the device config of -d. */
static bool is_others(const struct pkg_err *err)
{
	return err->code == PKG_NO && err->reason != NULL &&
	       (strcmp(err->reason, "job-busy") == 0 ||
		strcmp(err->reason, "task-status") == 0 ||
		strcmp(err->reason, "wrong-device-config") == 0);
}

enum pkg_code task_runner_run_all(struct task_runner *runner,
				  struct pkg_err *err)
{
	struct cli *cli = runner->tool.seal.cli;
	struct pkg_task_filter filter = {.tenant = runner->args->tenant};
	struct queue queue = {.runner = runner};
	const struct task_keys *keys = NULL;
	enum pkg_code first = PKG_OK;

	queue.end = &queue.first;
	if (runner->args->device != NULL) {
		keys = keys_of(runner, filter.tenant, NULL, err);
		if (keys == NULL)
			return pkg_failed_(err->code);
		filter.tenant = keys->device->tenant;
	}
	PKG_TRY(pkg_task_list(runner->tool.spool, &filter, enqueue, &queue,
			      cli_env(cli), err));
	for (const struct waiting *one = queue.first; one != NULL;
	     one = one->next) {
		struct pkg_err failed = PKG_ERR_INIT;
		const enum pkg_code code =
		    task_runner_run(runner, one->tenant, one->id, &failed);

		if (code == PKG_OK || is_others(&failed))
			continue;
		/* A wrong PIN or a full disk would meet the others, too. */
		if (code == PKG_KEY || code == PKG_SYSTEM) {
			*err = failed;
			return pkg_failed_(code);
		}
		cli_error(cli, &failed);
		if (first == PKG_OK)
			first = code;
	}
	/* Each of them has been told of. */
	return first == PKG_OK ? PKG_OK : pkg_fail(err, first, "%s", "");
}
