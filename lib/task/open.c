/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/device_config.h"
#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/schema.h"
#include "packline/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void pkg_task_open_fini(struct task_open *open)
{
	pkg_job_free(open->job);
	pkg_task_free(open->task);
	*open = (struct task_open){0};
}

/* A folder that was moved to another tenant, or given another id, is none. */
static enum pkg_code check_place(const struct task_open *open,
				 struct pkg_err *err)
{
	if (strcmp(open->task->id, pkg_job_id(open->job)) == 0 &&
	    strcmp(open->task->tenant, pkg_job_tenant(open->job)) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "bad-task",
			  "its folder is that of another task");
}

static enum pkg_code read_state(struct task_open *open, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *own = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_TASK_STATE};

	if (open->schema == NULL)
		PKG_TRY(pkg_task_schema_new(&own, err));
	PKG_TRY(pkg_job_read_state(open->job, &text, err));
	if (pkg_task_decode(&open->task, own != NULL ? own : open->schema,
			    &text, open->env->crypto, err) != PKG_OK ||
	    check_place(open, err) != PKG_OK)
		return pkg_wrap(err, "task '%s'", pkg_job_id(open->job));
	return PKG_OK;
}

enum pkg_code pkg_task_open(struct task_open *out, struct pkg_spool *spool,
			    const char *tenant, const char *id,
			    enum pkg_job_mode mode, struct pkg_err *err)
{
	PKG_TRY(pkg_job_open(&out->job, spool, tenant, id, mode, err));
	return read_state(out, err);
}

enum pkg_code pkg_task_now(const char **out, struct pkg_arena *arena,
			   const struct pkg_env *env, struct pkg_err *err)
{
	char text[21];

	if (!pkg_time_format(text, env->now(env)))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	*out = pkg_arena_dup(arena, text, strlen(text), err);
	return *out == NULL ? err->code : PKG_OK;
}

enum pkg_code pkg_task_save(struct task_open *open, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_TASK_STATE};
	struct pkg_task *task = open->task;

	PKG_TRY(pkg_task_now(&task->changed, task->arena, open->env, err));
	PKG_TRY(pkg_task_encode(&text, task, open->env->crypto, err));
	return pkg_job_write_state(open->job, text.data, text.len, err);
}

enum pkg_code pkg_task_check_device(const struct pkg_task *task,
				    const struct pkg_device_config *device,
				    struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, task->device_config_sha256, 32);
	if (strcmp(device->id, task->device_config) == 0 &&
	    strcmp(device->sha256, hex) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "wrong-device-config",
			 "task '%s' was created with device config '%s' with "
			 "SHA-256 %s, not with '%s' with %s",
			 task->id, task->device_config, hex, device->id,
			 device->sha256);
	return pkg_hint(err, "give the same edition of it: -d FILE");
}

enum pkg_code pkg_task_hash_fd(struct pkg_task_product *out, int fd,
			       const char *name, struct pkg_crypto *crypto,
			       struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests digests;
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	PKG_TRY(pkg_digest_new(&digest, crypto, PKG_DIGEST_SHA256, err));
	pkg_source_fd_init(&source, fd, name);
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		PKG_TRY(pkg_digest_update(digest, chunk, got, err));
	} while (got > 0);
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	memcpy(out->sha256, digests.sha256, sizeof(out->sha256));
	out->size = source.source.total;
	return PKG_OK;
}

enum pkg_code pkg_task_open_file(int *fd, const struct pkg_job *job,
				 const char *name, struct pkg_err *err)
{
	struct stat st;

	if (pkg_path_open_regular(fd, &st, pkg_job_fd(job), name, true, err) ==
	    PKG_OK)
		return PKG_OK;
	return pkg_wrap(err, "task '%s'", pkg_job_id(job));
}

enum pkg_code pkg_task_load(struct pkg_task **out, struct pkg_spool *spool,
			    const char *tenant, const char *id,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_task_open) struct task_open open = {.env = env};

	PKG_TRY(pkg_task_open(&open, spool, tenant, id, PKG_JOB_READ, err));
	*out = PKG_STEAL(open.task);
	return PKG_OK;
}

enum pkg_code pkg_task_device_path(struct pkg_buf *out, struct pkg_spool *spool,
				   const char *tenant, const char *id,
				   struct pkg_err *err)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	PKG_TRY(pkg_job_open(&job, spool, tenant, id, PKG_JOB_READ, err));
	if (pkg_path_slurp(out, pkg_job_fd(job), TASK_DEVICE, err) == PKG_OK)
		return PKG_OK;
	if (err->os_errno != ENOENT)
		return pkg_wrap(err, "task '%s'", id);
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

/* -- the list -- */

struct listing {
	const struct pkg_task_filter *filter;
	struct pkg_spool *spool;
	struct pkg_schema *schema;
	const struct pkg_env *env;
	pkg_task_visit *visit;
	void *context;
};

static enum pkg_code visit_job(void *context, const char *tenant,
			       const char *id, struct pkg_err *err)
{
	const struct listing *self = context;
	const struct pkg_task_filter *filter = self->filter;
	PKG_AUTO_FINI(pkg_task_open)
	struct task_open open = {.env = self->env, .schema = self->schema};
	struct pkg_err broken = PKG_ERR_INIT;

	if (pkg_task_open(&open, self->spool, tenant, id, PKG_JOB_READ,
			  &broken) != PKG_OK)
		return self->visit(self->context, NULL, &broken, err);
	if (filter->has_status && open.task->status != filter->status)
		return PKG_OK;
	return self->visit(self->context, open.task, NULL, err);
}

enum pkg_code pkg_task_list(struct pkg_spool *spool,
			    const struct pkg_task_filter *filter,
			    pkg_task_visit *visit, void *context,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct listing self = {
	    .filter = filter,
	    .spool = spool,
	    .env = env,
	    .visit = visit,
	    .context = context,
	};

	PKG_TRY(pkg_task_schema_new(&schema, err));
	self.schema = schema;
	return pkg_spool_list(spool, filter->tenant, visit_job, &self, err);
}
