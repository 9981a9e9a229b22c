/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

#include "packline/limits.h"

#include <errno.h>

enum pkg_code batch_tool_prepare(struct batch_tool *tool, struct cli *cli,
				 const struct batch_args *args,
				 struct pkg_err *err)
{
	tool->cli = cli;
	tool->args = args;
	if (args->spool == NULL) {
		pkg_fail(err, PKG_USAGE, "no spool was named");
		return pkg_hint(err, "give --spool DIR: the folder that the "
				     "batches are in");
	}
	PKG_TRY(pkg_arena_new(&tool->arena, PKG_LIMIT_ARENA, err));
	tool->diag.arena = tool->arena;
	PKG_TRY(pkg_crypto_new(&tool->crypto, err));
	cli_env(cli)->crypto = tool->crypto;
	return PKG_OK;
}

enum pkg_code batch_tool_spool(struct batch_tool *tool, bool create,
			       struct pkg_err *err)
{
	if (pkg_spool_open(&tool->spool, cli_dirfd(tool->cli),
			   tool->args->spool, "batch", create, err) == PKG_OK)
		return PKG_OK;
	return err->os_errno == ENOENT && !create
		   ? pkg_hint(err, "pkg-batch create makes it")
		   : pkg_failed_(err->code);
}

enum pkg_code batch_tool_start(struct batch_tool *tool, struct cli *cli,
			       const struct batch_args *args, bool create,
			       struct pkg_err *err)
{
	PKG_TRY(batch_tool_prepare(tool, cli, args, err));
	return batch_tool_spool(tool, create, err);
}

void batch_tool_fini(struct batch_tool *tool)
{
	audit_trail_fini(&tool->trail);
	pkg_batch_free(tool->batch);
	pkg_process_free(tool->process);
	pkg_spool_free(tool->spool);
	pkg_certs_free(tool->certs);
	pkg_key_free(tool->key);
	pkg_arena_free(tool->arena);
	if (tool->cli != NULL)
		cli_env(tool->cli)->crypto = NULL;
	pkg_crypto_free(tool->crypto);
}

enum pkg_code batch_tool_process(struct batch_tool *tool, const char *path,
				 struct pkg_err *err)
{
	const enum pkg_code code =
	    pkg_process_load(&tool->process, cli_env(tool->cli), &tool->diag,
			     cli_dirfd(tool->cli), path, err);

	cli_findings(tool->cli, &tool->diag);
	tool->diag = (struct pkg_diag){.arena = tool->arena};
	return code;
}

enum pkg_code batch_tool_open(struct batch_tool *tool, const char *id,
			      enum pkg_job_mode mode, struct pkg_err *err)
{
	const struct pkg_batch_open which = {
	    .spool = tool->spool,
	    .tenant = tool->args->tenant,
	    .id = id,
	    .mode = mode,
	};

	return pkg_batch_open(&tool->batch, cli_env(tool->cli), &which, err);
}

static enum pkg_code find_process(struct batch_tool *tool, struct pkg_buf *path,
				  struct pkg_err *err)
{
	if (tool->args->process != NULL)
		return pkg_buf_puts(path, tool->args->process, err);
	if (pkg_batch_process_path(tool->batch, path, err) == PKG_OK)
		return PKG_OK;
	return pkg_hint(err, "say where its process is: --process FILE");
}

enum pkg_code batch_tool_open_bound(struct batch_tool *tool, const char *id,
				    enum pkg_job_mode mode, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf path = {.max = (size_t)2 * PKG_LIMIT_PATH};

	PKG_TRY(batch_tool_open(tool, id, mode, err));
	PKG_TRY(find_process(tool, &path, err));
	if (batch_tool_process(tool, pkg_buf_str(&path), err) != PKG_OK) {
		if (tool->args->process == NULL && err->os_errno == ENOENT)
			(void)pkg_hint(err, "if its process lies somewhere "
					    "else now: --process FILE");
		return pkg_failed_(err->code);
	}
	return pkg_batch_bind(tool->batch, tool->process, err);
}

enum pkg_code batch_tool_key(struct batch_tool *tool,
			     const struct key_args *args, struct pkg_err *err)
{
	return key_args_load(&tool->key, &tool->certs, tool->cli, args, err);
}

enum pkg_code batch_tool_begin(struct batch_tool *tool, const char *event,
			       const struct pkg_audit_entry *about,
			       struct pkg_err *err)
{
	const struct pkg_batch_record *record = pkg_batch_record(tool->batch);
	struct pkg_audit_entry entry = {0};

	if (about != NULL)
		entry = *about;
	entry.event = event;
	entry.tenant = record->tenant;
	entry.job = record->id;
	return audit_trail_begin(&tool->trail, &entry, err);
}

enum pkg_code batch_tool_record(struct batch_tool *tool, struct pkg_err *err)
{
	return pkg_batch_put_record(tool->batch, cli_stdout(tool->cli), false,
				    err);
}
