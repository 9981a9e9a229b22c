/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

#include "packline/limits.h"
#include "packline/map.h"

#include <stdlib.h>
#include <string.h>

/* SBOMs have no place on the server: the plan only says what they are. */
void pkg_plan_sboms(struct plan *p)
{
	const struct pkg_module *modules = p->lock->modules.items;

	pkg_jsonw_key(&p->w, "sboms");
	pkg_jsonw_array(&p->w);
	for (size_t i = 0; i < p->lock->modules.count; i++) {
		const struct pkg_pinned *f = modules[i].sbom_file;
		struct pkg_identity id;

		if (f == NULL)
			continue;
		id = pkg_plan_module_identity(&modules[i]);
		pkg_jsonw_object(&p->w);
		pkg_jsonw_str_member(&p->w, "blob", f->sha256);
		pkg_jsonw_str_member(&p->w, "mediaType", f->media_type);
		pkg_jsonw_str_member(&p->w, "ref", pkg_plan_module_ref(p, &id));
		pkg_jsonw_int_member(&p->w, "size", f->size);
		pkg_jsonw_object_end(&p->w);
	}
	pkg_jsonw_array_end(&p->w);
}

void pkg_plan_product(struct plan *p)
{
	pkg_jsonw_key(&p->w, "product");
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "name", p->lock->product->name);
	pkg_plan_put_text(p, "version", p->lock->product->version);
	pkg_jsonw_object_end(&p->w);
}

static void put_plan(struct plan *p)
{
	const struct pkg_manifest *lock = p->lock;

	pkg_jsonw_object(&p->w);
	pkg_jsonw_int_member(&p->w, "format", 1);
	pkg_plan_product(p);
	pkg_plan_sboms(p);
	pkg_jsonw_key(&p->w, "steps");
	pkg_jsonw_array(&p->w);
	pkg_plan_module_types(p);
	pkg_plan_modules(p);
	pkg_plan_artifacts(p);
	pkg_plan_module_metadata(p);
	pkg_plan_set_types(p);
	pkg_plan_sets(p);
	pkg_plan_set_metadata(p);
	pkg_plan_filters(p);
	pkg_plan_assignments(p);
	pkg_plan_rollouts(p);
	pkg_jsonw_array_end(&p->w);
	pkg_jsonw_str_member(&p->w, "target", "hawkbit");
	pkg_plan_put_text(p, "tenant", lock->tenant);
	pkg_jsonw_str_member(&p->w, "type", "plan");
	pkg_jsonw_object_end(&p->w);
}

static enum pkg_code all_sealed(const struct pkg_manifest *lock,
				struct pkg_err *err)
{
	const struct pkg_module *modules = lock->modules.items;

	for (size_t i = 0; i < lock->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			if (a[k].seal == NULL || a[k].container != NULL)
				continue;
			(void)pkg_refuse(err, PKG_INPUT, "container-missing",
					 "'%s' of module '%s' is to be sealed, "
					 "and there is no container for it",
					 a[k].path, modules[i].name->text);
			return pkg_hint(err, "make it with pkg-seal create "
					     "--from-lock, sign it, and give "
					     "its record with --containers");
		}
	}
	return PKG_OK;
}

enum pkg_code pkg_plan_write(const struct pkg_manifest *lock,
			     struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct plan p = {.lock = lock};

	PKG_TRY(all_sealed(lock, err));
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	p.arena = arena;
	pkg_jsonw_init(&p.w, sink, PKG_JSONW_STRICT);
	put_plan(&p);
	if (p.err.code != PKG_OK) {
		*err = p.err;
		return p.err.code;
	}
	return pkg_jsonw_finish(&p.w, err);
}

/* -- blobs -- */

static int by_sha256(const void *a, const void *b)
{
	const struct pkg_plan_blob *x = a, *y = b;

	return strcmp(x->sha256, y->sha256);
}

static enum pkg_code add_blob(struct pkg_plan_blobs *out, struct pkg_map *once,
			      const struct pkg_pinned *f, struct pkg_err *err)
{
	const void *before;

	PKG_TRY(pkg_map_add(once, f->sha256, f, &before, err));
	if (before == NULL)
		out->items[out->count++] = (struct pkg_plan_blob){
		    .sha256 = f->sha256,
		    .path = f->container != NULL ? f->container : f->path,
		    .container = f->container != NULL,
		    .size = f->size,
		};
	return PKG_OK;
}

enum pkg_code pkg_plan_blobs(struct pkg_plan_blobs *out,
			     struct pkg_arena *arena,
			     const struct pkg_manifest *lock,
			     struct pkg_err *err)
{
	const struct pkg_module *modules = lock->modules.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	size_t count = 1;

	PKG_TRY(all_sealed(lock, err));
	for (size_t i = 0; i < lock->modules.count; i++)
		count += modules[i].artifacts.count + 1;
	*out = (struct pkg_plan_blobs){0};
	out->items = pkg_arena_array(arena, count, sizeof(*out->items), err);
	if (out->items == NULL)
		return err->code;
	for (size_t i = 0; i < lock->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			if (!a[k].known)
				PKG_TRY(add_blob(out, &once, &a[k], err));
		}
		if (modules[i].sbom_file != NULL)
			PKG_TRY(
			    add_blob(out, &once, modules[i].sbom_file, err));
	}
	qsort(out->items, out->count, sizeof(*out->items), by_sha256);
	return PKG_OK;
}
