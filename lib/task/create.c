/* SPDX-License-Identifier: Apache-2.0 */
#include "task/audit.h"
#include "task/impl.h"

#include "packline/crypto.h"
#include "packline/device_config.h"
#include "packline/limits.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A task in the making. */
struct creation {
	const struct pkg_task_create *job;
	const struct pkg_env *env;
	struct pkg_seal_create package; /* as it is told to lib/seal */
	struct pkg_outdir *folder;      /* owned */
	struct pkg_task *task;          /* owned */
	char id[37];
};

static void creation_fini(struct creation *self)
{
	pkg_outdir_free(self->folder);
	pkg_task_free(self->task);
}

static enum pkg_code choose_id(struct creation *self, struct pkg_err *err)
{
	uint8_t bytes[16];

	if (self->job->id != NULL)
		return PKG_OK;
	PKG_TRY(
	    pkg_crypto_random(self->env->crypto, bytes, sizeof(bytes), err));
	pkg_uuid_format(self->id, bytes, 4);
	return PKG_OK;
}

static const char *id_of(const struct creation *self)
{
	return self->job->id != NULL ? self->job->id : self->id;
}

/* -- what was made -- */

static const char *keep(struct creation *self, const char *text,
			struct pkg_err *err)
{
	return pkg_arena_dup(self->task->arena, text, strlen(text), err);
}

static enum pkg_code dup_all(struct creation *self,
			     const struct task_request *made,
			     struct pkg_err *err)
{
	const struct pkg_container_subject *subject =
	    &made->head->manifest.subject;
	const struct {
		const char **to;
		const char *from;
	} texts[] = {
	    {&self->task->id, id_of(self)},
	    {&self->task->tenant, subject->tenant},
	    {&self->task->device_config, subject->device_config},
	    {&self->task->name, subject->name},
	    {&self->task->version, subject->version},
	    {&self->task->requester, made->request->requester},
	    {&self->task->expires, subject->expires},
	    {&self->task->container_id, subject->id},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].from == NULL)
			continue;
		*texts[i].to = keep(self, texts[i].from, err);
		if (*texts[i].to == NULL)
			return err->code;
	}
	return PKG_OK;
}

static enum pkg_code take_files(struct creation *self,
				const struct pkg_container_request *request,
				struct pkg_err *err)
{
	struct pkg_task *task = self->task;
	struct pkg_task_file *files = pkg_arena_array(
	    task->arena, request->file_count, sizeof(*files), err);
	size_t count = 0;

	if (files == NULL)
		return err->code;
	/* The metadata file is in front of the others, if it is there. */
	for (size_t i = 0; i < request->file_count; i++) {
		const struct pkg_container_file *from = &request->files[i];
		struct pkg_task_file *to = &files[count++];

		*to = (struct pkg_task_file){
		    .name = keep(self, from->source_name, err),
		    .size = from->size,
		    .has_given = from->has_given,
		};
		if (to->name == NULL)
			return err->code;
		memcpy(to->sha256, from->sha256, 32);
		memcpy(to->given_sha256, from->given_sha256, 32);
		if (from->role == PKG_ROLE_METADATA)
			task->metadata = to;
	}
	task->files = task->metadata == NULL ? files : files + 1;
	task->file_count = task->metadata == NULL ? count : count - 1;
	return PKG_OK;
}

static enum pkg_code describe(struct creation *self,
			      const struct task_request *made,
			      struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &made->head->manifest;
	const struct pkg_device_config *device = self->package.device;
	struct pkg_task *task = self->task;

	PKG_TRY(dup_all(self, made, err));
	PKG_TRY(take_files(self, made->request, err));
	task->kind = manifest->kind;
	task->sequence = manifest->subject.sequence;
	memcpy(task->device_config_sha256,
	       manifest->subject.device_config_sha256, 32);
	memcpy(task->manifest_sha256, made->head->manifest_sha256, 32);
	task->approvals_needed =
	    device->policy == NULL ? 0 : device->policy->required;
	PKG_TRY(pkg_task_now(&task->created, task->arena, self->env, err));
	task->changed = task->created;
	return PKG_OK;
}

/* -- the folder -- */

static enum pkg_code put_file(struct creation *self, const char *name,
			      const void *data, size_t len, struct pkg_err *err)
{
	struct pkg_sink_fd sink;
	int fd = -1;

	PKG_TRY(pkg_outdir_create(self->folder, name, 0600, &fd, err));
	pkg_sink_fd_init(&sink, fd, name);
	if (pkg_sink_write(&sink.sink, data, len, err) != PKG_OK) {
		(void)close(fd);
		return pkg_failed_(err->code);
	}
	return pkg_outdir_close_file(self->folder, fd, err);
}

static enum pkg_code hash_draft(struct creation *self, struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(
	    pkg_path_open(&fd, pkg_outdir_fd(self->folder), TASK_DRAFT, err));
	code = pkg_task_hash_fd(&self->task->draft, fd, TASK_DRAFT,
				self->env->crypto, err);
	(void)close(fd);
	return code;
}

static enum pkg_code open_request(struct task_request *out,
				  const struct creation *self,
				  struct pkg_err *err)
{
	PKG_TRY(pkg_path_open(&out->fd, pkg_outdir_fd(self->folder),
			      TASK_REQUEST, err));
	return pkg_task_request_read(out, TASK_REQUEST, NULL, self->env, err);
}

static enum pkg_code note(struct creation *self, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_task_request) struct task_request made = {0};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_TASK_STATE};
	const char *path = self->job->device_path;

	PKG_TRY(open_request(&made, self, err));
	PKG_TRY(pkg_task_new(&self->task, err));
	PKG_TRY(describe(self, &made, err));
	PKG_TRY(hash_draft(self, err));
	if (path != NULL)
		PKG_TRY(put_file(self, TASK_DEVICE, path, strlen(path), err));
	PKG_TRY(pkg_task_encode(&text, self->task, self->env->crypto, err));
	return put_file(self, TASK_STATE, text.data, text.len, err);
}

static const struct task_deed deed = {.event = "task-create"};

static enum pkg_code make(struct creation *self, struct pkg_err *err)
{
	struct pkg_seal_create *package = &self->package;
	const int folder = pkg_outdir_fd(self->folder);

	package->signer = (struct pkg_seal_signer){0};
	package->policy = NULL; /* that of the device config */
	package->request = TASK_REQUEST;
	package->request_dirfd = folder;
	package->output.dirfd = folder;
	package->output.path = TASK_DRAFT;
	package->output.force = false;
	package->output.record = NULL;
	PKG_TRY(pkg_seal_create(package, self->env, err));
	PKG_TRY(note(self, err));
	return pkg_task_audit_begin(self->job->audit, self->task, &deed, err);
}

/* There is one of this id: is it this one? */
static enum pkg_code take_existing(struct creation *self, struct pkg_err *err)
{
	const struct pkg_task_create *job = self->job;

	pkg_task_free(self->task);
	self->task = NULL;
	*err = PKG_ERR_INIT;
	PKG_TRY(pkg_task_load(&self->task, job->spool,
			      self->package.device->tenant, job->id, self->env,
			      err));
	return pkg_task_check_same(self->task, &self->package, self->env, err);
}

static bool is_taken(const struct pkg_err *err)
{
	return err->code == PKG_USAGE && err->reason != NULL &&
	       strcmp(err->reason, "job-exists") == 0;
}

static enum pkg_code create(struct creation *self, struct pkg_err *err)
{
	const struct pkg_task_create *job = self->job;

	PKG_TRY(choose_id(self, err));
	if (pkg_job_begin(&self->folder, job->spool,
			  self->package.device->tenant, id_of(self),
			  err) != PKG_OK)
		return job->id != NULL && is_taken(err)
			   ? take_existing(self, err)
			   : pkg_failed_(err->code);
	PKG_TRY(make(self, err));
	if (pkg_job_commit(self->folder, err) == PKG_OK)
		return pkg_task_audit_end(job->audit, self->task, &deed, err);
	(void)pkg_task_audit_failed(job->audit, self->task, &deed, err);
	/* Somebody has been quicker: with the same? */
	return job->id != NULL && is_taken(err) ? take_existing(self, err)
						: pkg_failed_(err->code);
}

enum pkg_code pkg_task_create(struct pkg_task **out,
			      const struct pkg_task_create *job,
			      const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(creation)
	struct creation self = {
	    .job = job, .env = env, .package = *job->package};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_device_config *device = job->package->device;

	if (device == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "a task needs a device config");
		return pkg_hint(err, "give -d FILE");
	}
	if (job->package->files.count == 0) {
		(void)pkg_fail(err, PKG_USAGE, "no file to put in");
		return pkg_hint(err, "name files behind the options");
	}
	/* Before anything is made; lib/seal asks again. */
	PKG_TRY(
	    pkg_device_config_may_use(device, job->package->requester, err));
	if (device->policy != NULL)
		PKG_TRY(pkg_approval_policy_needs_requester(
		    job->package->requester, err));
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_task_name_given(&self.package, arena, err));
	PKG_TRY(create(&self, err));
	*out = PKG_STEAL(self.task);
	return PKG_OK;
}
