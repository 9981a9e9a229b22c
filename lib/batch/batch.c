/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/batch.h"

#include "impl.h"

#include "packline/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- begin -- */

static enum pkg_code put_file(struct pkg_outdir *folder, const char *name,
			      const void *data, size_t len, struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	struct pkg_sink_fd sink;
	int fd = -1;

	PKG_TRY(pkg_outdir_create(folder, name, 0600, &fd, err));
	pkg_sink_fd_init(&sink, fd, name);
	code = pkg_sink_write(&sink.sink, data, len, err);
	if (code == PKG_OK)
		return pkg_outdir_close_file(folder, fd, err);
	(void)close(fd);
	return code;
}

/*
 * Where the process lies, from the root: a batch is worked on from another
 * folder, by another command.  No path if the system does not tell: then the
 * user has to.
 */
static enum pkg_code absolute(struct pkg_buf *out, int dirfd, const char *path,
			      struct pkg_err *err)
{
	char link[32], folder[PKG_LIMIT_PATH];
	ssize_t len = 0;
	int fd = -1;

	if (path[0] == '/')
		return pkg_buf_puts(out, path, err);
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return PKG_OK;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, folder, sizeof(folder) - 1);
	(void)close(fd);
	if (len <= 0 || folder[0] != '/')
		return PKG_OK;
	folder[len] = '\0';
	return pkg_buf_printf(out, err, "%s/%s", folder, path);
}

static enum pkg_code put_process(struct pkg_outdir *folder,
				 const struct pkg_batch_begin *begin,
				 struct pkg_err *err)
{
	const struct pkg_process *process = begin->process;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf path = {.max = (size_t)2 * PKG_LIMIT_PATH};

	PKG_TRY(put_file(folder, BATCH_PROCESS, process->text,
			 process->text_len, err));
	PKG_TRY(absolute(&path, begin->dirfd, process->path, err));
	return path.len == 0 ? PKG_OK
			     : put_file(folder, BATCH_PROCESS_PATH, path.data,
					path.len, err);
}

static enum pkg_code put_state(struct pkg_outdir *folder,
			       const struct pkg_batch_state *state,
			       const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	struct pkg_batch_state now = *state;

	now.updated = env->now(env);
	PKG_TRY(pkg_batch_state_encode(&data, &now, err));
	return put_file(folder, BATCH_STATE, data.data, data.len, err);
}

enum pkg_code pkg_batch_put_files(struct pkg_outdir *folder,
				  const struct pkg_batch_begin *begin,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};

	PKG_TRY(pkg_batch_record_encode(&data, begin->record, err));
	PKG_TRY(put_file(folder, BATCH_RECORD, data.data, data.len, err));
	PKG_TRY(put_process(folder, begin, err));
	return put_state(folder, begin->state, env, err);
}

enum pkg_code pkg_batch_begin(struct pkg_outdir **out,
			      const struct pkg_env *env,
			      const struct pkg_batch_begin *begin,
			      struct pkg_err *err)
{
	const struct pkg_batch_record *record = begin->record;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;

	PKG_TRY(pkg_job_begin(&folder, begin->spool, record->tenant, record->id,
			      err));
	PKG_TRY(pkg_batch_put_files(folder, begin, env, err));
	*out = PKG_STEAL(folder);
	return PKG_OK;
}

/* -- open -- */

static enum pkg_code damaged(const struct pkg_batch *batch, const char *what,
			     struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "batch '%s': " BATCH_RECORD " is of another %s",
			  pkg_job_id(batch->job), what);
}

static enum pkg_code read_files(struct pkg_batch *batch, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf record = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf state = {.max = PKG_LIMIT_BATCH_RECORD};

	PKG_TRY(pkg_batch_slurp(batch, BATCH_RECORD, &record, err));
	PKG_TRY(pkg_batch_record_decode(&batch->record, batch->arena, &record,
					err));
	PKG_TRY(pkg_job_read_state(batch->job, &state, err));
	PKG_TRY(pkg_batch_state_decode(&batch->state, &state, err));
	if (strcmp(batch->record.id, pkg_job_id(batch->job)) != 0)
		return damaged(batch, "id", err);
	if (strcmp(batch->record.tenant, pkg_job_tenant(batch->job)) != 0)
		return damaged(batch, "tenant", err);
	return PKG_OK;
}

enum pkg_code pkg_batch_open(struct pkg_batch **out, const struct pkg_env *env,
			     const struct pkg_batch_open *which,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_batch)
	struct pkg_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return pkg_fail_nomem(err);
	batch->env = env;
	PKG_TRY(pkg_arena_new(&batch->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_job_open(&batch->job, which->spool, which->tenant,
			     which->id, which->mode, err));
	if (read_files(batch, err) != PKG_OK)
		return pkg_wrap(err, "batch '%s'", which->id);
	if (which->process != NULL)
		PKG_TRY(pkg_batch_bind(batch, which->process, err));
	*out = PKG_STEAL(batch);
	return PKG_OK;
}

void pkg_batch_free(struct pkg_batch *batch)
{
	if (batch == NULL)
		return;
	pkg_job_free(batch->job);
	pkg_arena_free(batch->arena);
	free(batch);
}

static enum pkg_code another_process(const struct pkg_batch *batch,
				     const char *what, const char *path,
				     struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "batch-process",
			 "batch '%s' was not created for this edition of %s "
			 "'%s'",
			 batch->record.id, what, path);
	return pkg_hint(err, "a batch keeps the process that it was created "
			     "for: take back the change, or create a new one");
}

enum pkg_code pkg_batch_bind(struct pkg_batch *batch,
			     const struct pkg_process *process,
			     struct pkg_err *err)
{
	const struct pkg_batch_record *record = &batch->record;
	const struct pkg_approval_policy *policy = process->approval_policy;

	if (memcmp(record->process_sha256, process->sha256, 32) != 0 ||
	    strcmp(record->tenant, process->tenant) != 0)
		return another_process(batch, "process", process->path, err);
	if (record->has_policy != (policy != NULL) ||
	    (policy != NULL &&
	     memcmp(record->policy_sha256, policy->sha256, 32) != 0))
		return another_process(batch, "approval policy",
				       policy == NULL ? "none" : policy->path,
				       err);
	batch->process = process;
	return PKG_OK;
}

struct pkg_job *pkg_batch_job(struct pkg_batch *batch)
{
	return batch->job;
}

const struct pkg_batch_record *pkg_batch_record(const struct pkg_batch *batch)
{
	return &batch->record;
}

const struct pkg_batch_state *pkg_batch_state(const struct pkg_batch *batch)
{
	return &batch->state;
}

const struct pkg_process *pkg_batch_process(const struct pkg_batch *batch)
{
	return batch->process;
}

enum pkg_code pkg_batch_process_path(const struct pkg_batch *batch,
				     struct pkg_buf *path, struct pkg_err *err)
{
	return pkg_batch_slurp(batch, BATCH_PROCESS_PATH, path, err);
}

/* -- change -- */

/* What must happen to the chain before the step counts. */
static enum pkg_code step_chain(const struct pkg_batch *batch,
				enum pkg_batch_status to, struct pkg_err *err)
{
	if (batch->state.status == to ||
	    (to != PKG_BATCH_IN_PROGRESS && to != PKG_BATCH_CLOSED))
		return PKG_OK;
	if (batch->process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"a batch is run without its process");
	return to == PKG_BATCH_CLOSED ? pkg_batch_chain_move(batch, err)
				      : pkg_batch_chain_claim(batch, err);
}

static enum pkg_code write_state(struct pkg_batch *batch,
				 const struct pkg_batch_state *state,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	struct pkg_batch_state next = *state;

	next.updated = batch->env->now(batch->env);
	PKG_TRY(pkg_batch_state_encode(&data, &next, err));
	PKG_TRY(pkg_job_write_state(batch->job, data.data, data.len, err));
	batch->state = next;
	return PKG_OK;
}

enum pkg_code pkg_batch_set_imported(struct pkg_batch *batch,
				     const struct pkg_batch_state *state,
				     struct pkg_err *err)
{
	PKG_TRY(state->status == PKG_BATCH_CLOSED
		    ? pkg_batch_chain_move(batch, err)
		    : pkg_batch_chain_claim(batch, err));
	return write_state(batch, state, err);
}

enum pkg_code pkg_batch_set_state(struct pkg_batch *batch,
				  const struct pkg_batch_state *state,
				  struct pkg_err *err)
{
	if (!pkg_batch_may_step(batch->state.status, state->status))
		return pkg_fail(err, PKG_INTERNAL,
				"no batch goes from %s to %s",
				pkg_batch_status_name(batch->state.status),
				pkg_batch_status_name(state->status));
	PKG_TRY(step_chain(batch, state->status, err));
	return write_state(batch, state, err);
}
