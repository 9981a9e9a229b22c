/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/device_config.h"
#include "packline/json.h"
#include "packline/manifest.h"
#include "packline/map.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/text.h"
#include "seal/plan.h"
#include "seal/record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS_MAX = 64 << 20 }; /* bytes: 100,000 records of ~600 */

/* A device config, loaded once however many artifacts name it. */
struct device {
	struct pkg_device_config *config; /* owned */
	struct device *next;
};

/* Containers that want one file name. */
struct namesakes {
	size_t count; /* that had it, with or without a number before it */
};

struct lock_run {
	const struct pkg_seal_create *job;
	const struct pkg_manifest *lock;
	const struct pkg_env *env;
	struct pkg_diag *diag;
	struct pkg_arena *arena;
	struct pkg_outdir *dir;
	struct pkg_outdir *requests; /* NULL = none are wanted */
	struct device *first;
	struct pkg_map devices; /* path → struct device */
	struct pkg_map made;    /* all that a container is made of → itself */
	struct pkg_map names;   /* file name → struct namesakes */
	struct pkg_buf records; /* printed when the folder is there */
};

static void lock_run_fini(struct lock_run *run)
{
	for (struct device *one = run->first; one != NULL; one = one->next)
		pkg_device_config_free(one->config);
	pkg_map_fini(&run->devices);
	pkg_map_fini(&run->made);
	pkg_map_fini(&run->names);
	pkg_buf_fini(&run->records);
	pkg_outdir_free(run->dir);
	pkg_outdir_free(run->requests);
	pkg_arena_free(run->arena);
}

static enum pkg_code device_of(struct lock_run *run,
			       const struct pkg_device_config **out,
			       const char *path, struct pkg_err *err)
{
	const struct device *known = pkg_map_get(&run->devices, path);
	const void *before = NULL;
	struct device *fresh = NULL;

	if (known != NULL) {
		*out = known->config;
		return PKG_OK;
	}
	fresh = pkg_arena_alloc(run->arena, sizeof(*fresh), err);
	if (fresh == NULL)
		return err->code;
	PKG_TRY(pkg_device_config_load(&fresh->config, run->env->crypto,
				       run->diag, run->job->dirfd, path, err));
	fresh->next = run->first;
	run->first = fresh;
	*out = fresh->config;
	return pkg_map_add(&run->devices, path, fresh, &before, err);
}

/* The namesakes of @name, and whether it is the first one. */
static enum pkg_code namesakes_of(struct lock_run *run, const char *name,
				  struct namesakes **out, struct pkg_err *err)
{
	const void *before = NULL;

	*out = pkg_arena_alloc(run->arena, sizeof(**out), err);
	if (*out == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(&run->names, name, *out, &before, err));
	if (before != NULL)
		memcpy(out, &before, sizeof(*out)); /* ours to change */
	return PKG_OK;
}

/*
 * "boot.seal", or "2-boot.seal" if another module has one of that name.  Each
 * goes on counting where the last one stopped: a lock may have thousands.
 */
static enum pkg_code choose_name(struct lock_run *run, const char **out,
				 const char *filename, struct pkg_err *err)
{
	struct namesakes *wanted = NULL, *taken = NULL;

	PKG_TRY(namesakes_of(run, filename, &wanted, err));
	*out = filename;
	taken = wanted;
	while (taken->count > 0) {
		*out = pkg_arena_printf(run->arena, err, "%zu-%s",
					++wanted->count, filename);
		if (*out == NULL)
			return err->code;
		PKG_TRY(namesakes_of(run, *out, &taken, err));
	}
	taken->count = 1;
	return PKG_OK;
}

/*
 * The same content for the same devices, and of the same module, whose name and
 * version the container tells: made already?
 */
static enum pkg_code is_made(struct lock_run *run, bool *out,
			     const struct pkg_module *module,
			     const struct pkg_pinned *artifact,
			     struct pkg_err *err)
{
	const void *before = NULL;
	/* No text of a lock holds a newline but perhaps the last. */
	const char *key = pkg_arena_printf(
	    run->arena, err, "%s\n%s\n%s\n%s\n%s", artifact->sha256,
	    artifact->filename, artifact->seal, module->version->text,
	    module->name->text);

	if (key == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(&run->made, key, key, &before, err));
	*out = before != NULL;
	return PKG_OK;
}

static enum pkg_code make_input(struct pkg_container_input *input,
				const struct pkg_pinned *artifact, int fd,
				struct pkg_err *err)
{
	*input = (struct pkg_container_input){
	    .from = PKG_FROM_FD,
	    .source_name = pkg_path_basename(artifact->path),
	    .path = artifact->path,
	    .fd = fd,
	    .has_given = true,
	};
	if (artifact->sha256 == NULL ||
	    !pkg_hex_decode(input->given_sha256, 32, artifact->sha256,
			    strlen(artifact->sha256)))
		return pkg_fail(err, PKG_INPUT,
				"the lock has no SHA-256 of it");
	return PKG_OK;
}

/* The device config is the one that the lock has pinned. */
static enum pkg_code check_device(const struct pkg_device_config *config,
				  const struct pkg_pinned *artifact,
				  struct pkg_err *err)
{
	if (artifact->seal_sha256 == NULL ||
	    strcmp(config->sha256, artifact->seal_sha256) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "digest-mismatch",
			  "the device config '%s' is not the one that the lock "
			  "has pinned",
			  artifact->seal);
}

/* Where the .request of the container goes. */
static enum pkg_code request_of(const struct lock_run *run,
				struct pkg_seal_create *job,
				struct pkg_err *err)
{
	if (run->requests == NULL)
		return PKG_OK;
	job->request_dirfd = pkg_outdir_fd(run->requests);
	job->request =
	    pkg_arena_printf(run->arena, err, "%s.request", job->output.path);
	return job->request == NULL ? err->code : PKG_OK;
}

static enum pkg_code seal_fd(struct lock_run *run,
			     const struct pkg_module *module,
			     const struct pkg_pinned *artifact, int fd,
			     struct pkg_err *err)
{
	struct pkg_seal_create job = *run->job;
	struct pkg_container_input input;
	struct pkg_sink_buf records;
	const char *path = NULL;

	PKG_TRY(make_input(&input, artifact, fd, err));
	PKG_TRY(device_of(run, &job.device, artifact->seal, err));
	PKG_TRY(check_device(job.device, artifact, err));
	job.tenant = run->lock->tenant == NULL ? NULL : run->lock->tenant->text;
	job.name = module->name->text;
	job.version = module->version->text;
	job.recipients.count = 0;
	job.sign_only = false;
	job.encrypt_only = false;
	if (job.device->kind == PKG_CONTAINER_ENCRYPTED)
		job.signer.key = NULL;
	PKG_TRY(choose_name(run, &job.output.path, artifact->filename, err));
	path = pkg_arena_printf(run->arena, err, "%s/%s", run->job->output.path,
				job.output.path);
	if (path == NULL)
		return err->code;
	PKG_TRY(request_of(run, &job, err));
	job.output.dirfd = pkg_outdir_fd(run->dir);
	job.output.force = false;
	pkg_sink_buf_init(&records, &run->records);
	if (job.output.record != NULL)
		job.output.record = &records.sink;
	return pkg_seal_create_one(&job, &input, path, run->env, err);
}

static enum pkg_code seal_artifact(struct lock_run *run,
				   const struct pkg_module *module,
				   const struct pkg_pinned *artifact,
				   struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	bool made = false;
	int fd = -1;

	PKG_TRY(is_made(run, &made, module, artifact, err));
	if (made)
		return PKG_OK;
	PKG_TRY(
	    pkg_path_open_beneath(&fd, run->job->dirfd, artifact->path, err));
	code = seal_fd(run, module, artifact, fd, err);
	close(fd);
	if (code == PKG_NO)
		(void)pkg_hint(err, "it has changed since it was pinned: "
				    "pkg-manifest resolve again");
	return code == PKG_OK ? PKG_OK : pkg_wrap(err, "%s", artifact->path);
}

static enum pkg_code seal_modules(struct lock_run *run, struct pkg_err *err)
{
	const struct pkg_module *modules = run->lock->modules.items;

	for (size_t i = 0; i < run->lock->modules.count; i++) {
		const struct pkg_pinned *list = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++)
			if (list[k].seal != NULL)
				PKG_TRY(seal_artifact(run, &modules[i],
						      &list[k], err));
	}
	if (run->made.count > 0)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "the lock asks for no container");
	return pkg_hint(err, "write 'seal: DEVICE.yaml' at an artifact");
}

enum pkg_code pkg_seal_from_lock(const struct pkg_seal_create *job,
				 const struct pkg_manifest *lock,
				 const struct pkg_env *env,
				 struct pkg_diag *diag, struct pkg_err *err)
{
	PKG_AUTO_FINI(lock_run)
	struct lock_run run = {
	    .job = job,
	    .lock = lock,
	    .env = env,
	    .diag = diag,
	    .records = {.max = RECORDS_MAX},
	};

	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_arena_new(&run.arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_outdir_open(&run.dir, job->output.dirfd, job->output.path,
				job->output.force, err));
	if (job->request != NULL)
		PKG_TRY(pkg_outdir_open(&run.requests, job->request_dirfd,
					job->request, job->output.force, err));
	PKG_TRY(seal_modules(&run, err));
	/* As in pkg_seal_create(): requests first. */
	if (run.requests != NULL)
		PKG_TRY(pkg_outdir_commit(run.requests, err));
	PKG_TRY(pkg_outdir_commit(run.dir, err));
	if (job->output.record == NULL)
		return PKG_OK;
	return pkg_sink_write(job->output.record, run.records.data,
			      run.records.len, err);
}
