/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"
#include "cf.h"

#include "packline/container_write.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All packages of a lock. */
struct packages {
	struct cf_package *items; /* in the arena */
	size_t count;
};

static void packages_fini(struct packages *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].fd >= 0)
			(void)close(all->items[i].fd);
	}
}

static enum pkg_code find(const struct cf_job *job, struct packages *out,
			  struct pkg_err *err)
{
	const struct pkg_module *modules = job->lock->modules.items;
	const size_t count = job->lock->modules.count;

	out->items =
	    pkg_arena_array(job->arena, count + 1, sizeof(*out->items), err);
	if (out->items == NULL)
		return pkg_failed_(err->code);
	for (size_t i = 0; i < count; i++) {
		if (modules[i].bits != NULL)
			out->items[out->count++] = (struct cf_package){
			    .module = &modules[i], .fd = -1};
	}
	if (out->count > 0)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "no module has bits");
	return pkg_failed_(pkg_hint(
	    err, "bits: FOLDER of a module says what its package is made of"));
}

enum pkg_code pkg_cf_plan_write(const struct pkg_manifest *lock, int folder,
				struct pkg_known *known,
				const struct pkg_env *env,
				struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct cf_job job = {
	    .lock = lock, .known = known, .env = env, .folder = folder};
	struct packages all = {0};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	job.arena = arena;
	PKG_TRY(find(&job, &all, err));
	for (size_t i = 0; i < all.count; i++)
		PKG_TRY(pkg_cf_body(&job, &all.items[i], NULL, err));
	return pkg_cf_put_plan(&job, all.items, all.count, sink, err);
}

/* -- the bundle -- */

/* Make the body in a temporary file that has no name. */
static enum pkg_code keep_body(const struct cf_job *job, struct cf_package *p,
			       struct pkg_err *err)
{
	struct pkg_sink_fd file;

	PKG_TRY(pkg_tmpfile_open(&p->fd, NULL, err));
	pkg_sink_fd_init(&file, p->fd, "a temporary file");
	PKG_TRY(pkg_cf_body(job, p, &file.sink, err));
	PKG_TRY(pkg_sink_finish(&file.sink, err));
	if (lseek(p->fd, 0, SEEK_SET) != 0)
		return pkg_fail(err, PKG_SYSTEM, "a temporary file: lseek");
	return PKG_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct pkg_container_input *x = a, *y = b;

	return strcmp(x->source_name, y->source_name);
}

static enum pkg_code add_blob(struct pkg_container_input *in,
			      const char *sha256, struct pkg_err *err)
{
	in->source_name = sha256;
	in->has_given = true;
	if (!pkg_hex_decode(in->given_sha256, 32, sha256, 64))
		return pkg_fail(err, PKG_INTERNAL, "bad digest '%s'", sha256);
	return PKG_OK;
}

/* Bodies and bills of materials, ascending, each content once. */
static enum pkg_code add_blobs(const struct cf_job *job,
			       const struct packages *all,
			       struct pkg_container_input *inputs,
			       size_t *count, struct pkg_err *err)
{
	const struct pkg_module *modules = job->lock->modules.items;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		inputs[n] = (struct pkg_container_input){
		    .from = PKG_FROM_FD,
		    .fd = all->items[i].fd,
		    .path = all->items[i].module->bits->text};
		PKG_TRY(add_blob(&inputs[n++], all->items[i].body_sha256, err));
	}
	for (size_t i = 0; i < job->lock->modules.count; i++) {
		if (modules[i].sbom_file == NULL)
			continue;
		inputs[n] = (struct pkg_container_input){
		    .from = PKG_FROM_PATH,
		    .dirfd = job->folder,
		    .path = modules[i].sbom_file->path};
		PKG_TRY(
		    add_blob(&inputs[n++], modules[i].sbom_file->sha256, err));
	}
	qsort(inputs, n, sizeof(*inputs), by_name);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || by_name(&inputs[kept - 1], &inputs[i]) != 0)
			inputs[kept++] = inputs[i];
	}
	*count = kept;
	return PKG_OK;
}

static enum pkg_code write_all(const struct pkg_bundle_spec *spec,
			       const struct cf_job *job, struct packages *all,
			       struct pkg_outfile *file, uint64_t *size,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf plan = {.max = PKG_LIMIT_PLAN_JSON};
	struct bundle_inputs inputs = {0};
	struct pkg_sink_buf sink;

	for (size_t i = 0; i < all->count; i++)
		PKG_TRY(keep_body(job, &all->items[i], err));
	pkg_sink_buf_init(&sink, &plan);
	PKG_TRY(pkg_cf_put_plan(job, all->items, all->count, &sink.sink, err));
	inputs.items = pkg_arena_array(
	    job->arena, all->count + job->lock->modules.count + 1,
	    sizeof(*inputs.items), err);
	if (inputs.items == NULL)
		return pkg_failed_(err->code);
	inputs.items[0] =
	    (struct pkg_container_input){.from = PKG_FROM_MEMORY,
					 .source_name = "plan.json",
					 .data = plan.data,
					 .len = plan.len};
	PKG_TRY(add_blobs(job, all, inputs.items + 1, &inputs.count, err));
	inputs.count++;
	return pkg_bundle_container(spec, job->env, &inputs, file, size, err);
}

enum pkg_code pkg_cf_bundle_write(const struct pkg_bundle_spec *spec,
				  const struct pkg_env *env,
				  struct pkg_arena *arena,
				  struct pkg_outfile *file, uint64_t *size,
				  struct pkg_err *err)
{
	const struct cf_job job = {.lock = spec->lock,
				   .known = spec->resources,
				   .env = env,
				   .arena = arena,
				   .folder = spec->folder};
	PKG_AUTO_FINI(packages) struct packages all = {0};

	PKG_TRY(find(&job, &all, err));
	return write_all(spec, &job, &all, file, size, err);
}
