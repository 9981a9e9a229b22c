/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "packline/hasher.h"
#include "packline/lock.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pinning by reading every file once, many at a time. */
struct hash_job {
	struct pkg_pinned *file;
	int fd; /* -1 = not open */
};

struct hash_run {
	struct hash_job *jobs; /* one for each distinct path; heap */
	size_t count, next;
	struct pkg_map by_path; /* → struct pkg_pinned of the job */
	struct pkg_arena *arena;
	struct pkg_diag *diag;
	struct pkg_err *err; /* not for the callbacks, which have their own */
	int dirfd;
};

static enum pkg_code next_job(void *ctx, struct pkg_hasher_item *item,
			      bool *more, struct pkg_err *err)
{
	struct hash_run *run = ctx;
	const struct rule_sink sink = {run->diag, err};

	*more = false;
	while (run->next < run->count && !*more) {
		struct hash_job *job = &run->jobs[run->next++];
		struct pkg_err why = PKG_ERR_INIT;

		if (pkg_path_open_beneath(&job->fd, run->dirfd, job->file->path,
					  &why) != PKG_OK) {
			job->fd = -1;
			PKG_TRY(pkg_rule_add(&sink, RULE_FILE_UNREADABLE,
					     job->file->at, NULL, "%s",
					     why.text));
			continue;
		}
		*item = (struct pkg_hasher_item){.path = job->file->path,
						 .fd = job->fd,
						 .set = PKG_DIGEST_SERVER,
						 .user = job};
		*more = true;
	}
	return PKG_OK;
}

static enum pkg_code hex(const struct hash_run *run, const char **out,
			 const uint8_t *data, size_t len, struct pkg_err *err)
{
	char text[PKG_DIGEST_HEX];

	pkg_hex_encode(text, data, len);
	*out = pkg_arena_dup(run->arena, text, 2 * len, err);
	return *out != NULL ? PKG_OK : err->code;
}

/* A failure that is not the file's: out of memory, or a bug. */
static bool is_ours(const struct pkg_err *failed)
{
	return failed->code == PKG_INTERNAL ||
	       (failed->code == PKG_SYSTEM && failed->reason == NULL &&
		(failed->os_errno == 0 || failed->os_errno == ENOMEM));
}

static enum pkg_code take_result(void *ctx, const struct pkg_artifact *artifact,
				 void *user, const struct pkg_err *failed,
				 struct pkg_err *err)
{
	struct hash_run *run = ctx;
	struct hash_job *job = user;
	struct pkg_pinned *file = job->file;
	const struct rule_sink sink = {run->diag, err};

	close(job->fd);
	job->fd = -1;
	if (failed != NULL && is_ours(failed)) {
		*err = *failed;
		return failed->code;
	}
	if (failed != NULL)
		return pkg_rule_add(&sink, RULE_FILE_UNREADABLE, file->at, NULL,
				    "%s", failed->text);
	if (file->size >= 0 && (uint64_t)file->size != artifact->size)
		return pkg_rule_add(&sink, RULE_FILE_UNREADABLE, file->at, NULL,
				    "'%s' changed while it was read",
				    file->path);
	file->size = (int64_t)artifact->size;
	PKG_TRY(hex(run, &file->md5, artifact->digests.md5, 16, err));
	PKG_TRY(hex(run, &file->sha1, artifact->digests.sha1, 20, err));
	return hex(run, &file->sha256, artifact->digests.sha256, 32, err);
}

static enum pkg_code add_job(struct hash_run *run, struct pkg_pinned *file)
{
	const void *before;

	PKG_TRY(
	    pkg_map_add(&run->by_path, file->path, file, &before, run->err));
	if (before == NULL)
		run->jobs[run->count++] = (struct hash_job){file, -1};
	return PKG_OK;
}

/* Calls @each for every artifact and SBOM. */
static enum pkg_code for_all(struct hash_run *run, struct pkg_manifest *m,
			     enum pkg_code (*each)(struct hash_run *run,
						   struct pkg_pinned *file))
{
	const struct pkg_module *modules = m->modules.items;

	for (size_t i = 0; i < m->modules.count; i++) {
		struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++)
			PKG_TRY(each(run, &a[k]));
		a = modules[i].bits_files.items;
		for (size_t k = 0; k < modules[i].bits_files.count; k++)
			PKG_TRY(each(run, &a[k]));
		if (modules[i].sbom_file != NULL)
			PKG_TRY(each(run, modules[i].sbom_file));
	}
	return PKG_OK;
}

static enum pkg_code copy_result(struct hash_run *run, struct pkg_pinned *file)
{
	const struct pkg_pinned *done = pkg_map_get(&run->by_path, file->path);

	file->size = done->size;
	file->md5 = done->md5;
	file->sha1 = done->sha1;
	file->sha256 = done->sha256;
	return PKG_OK;
}

static enum pkg_code run_all(struct hash_run *run, struct pkg_manifest *m,
			     const struct pkg_env *env)
{
	const struct pkg_hasher_options options = {.dirfd = run->dirfd};
	const struct pkg_hasher_calls calls = {
	    .next = next_job, .result = take_result, .ctx = run};

	PKG_TRY(for_all(run, m, add_job));
	PKG_TRY(pkg_hasher_run(env->crypto, &options, &calls, run->err));
	return for_all(run, m, copy_result);
}

enum pkg_code pkg_lock_hash(struct pkg_manifest *manifest,
			    struct pkg_arena *arena, int dirfd,
			    const struct pkg_env *env, struct pkg_diag *diag,
			    struct pkg_err *err)
{
	const struct pkg_module *modules = manifest->modules.items;
	struct hash_run run = {
	    .arena = arena, .diag = diag, .err = err, .dirfd = dirfd};
	size_t files = 1;
	enum pkg_code code;

	for (size_t i = 0; i < manifest->modules.count; i++)
		files += modules[i].artifacts.count +
			 modules[i].bits_files.count + 1;
	run.jobs = calloc(files, sizeof(*run.jobs));
	if (run.jobs == NULL)
		return pkg_fail_nomem(err);
	code = run_all(&run, manifest, env);
	for (size_t i = 0; i < run.count; i++) {
		if (run.jobs[i].fd >= 0)
			close(run.jobs[i].fd);
	}
	free(run.jobs);
	pkg_map_fini(&run.by_path);
	return code;
}
