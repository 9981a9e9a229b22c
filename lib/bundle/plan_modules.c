/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

#include "packline/map.h"

#include <string.h>

/* Module types, modules and their artifacts. */
#define PATH_TYPES "/rest/v1/softwaremoduletypes"

static const char *type_ref(struct plan *p, const char *key)
{
	return pkg_plan_ref(p, "module-type", (const char *const[]){key, NULL});
}

static void put_type(struct plan *p, const struct pkg_module_type *t)
{
	const char *ref = type_ref(p, t->key->text);
	const int64_t max =
	    t->max_assignments.at != NULL ? t->max_assignments.value : 1;

	pkg_plan_step(p, 201);
	pkg_plan_lookup_key(p, PATH_TYPES, t->key->text);
	pkg_plan_op(p, "ensure-module-type", ref);
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "colour", t->colour);
	pkg_plan_put_text(p, "description", t->description);
	pkg_plan_put_text(p, "key", t->key);
	/* A missing number is 0 to the server, which it then refuses. */
	pkg_jsonw_int_member(&p->w, "maxAssignments", max);
	pkg_plan_put_int(p, "minArtifacts", &t->min_artifacts);
	pkg_plan_put_text(p, "name", t->name);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(p, "POST", PATH_TYPES);
	pkg_plan_update_texts(
	    p, pkg_plan_text(p, PATH_TYPES "/{%s}", ref),
	    (const struct plan_text[]){
		{"colour", t->colour}, {"description", t->description}, {0}});
	pkg_plan_step_end(p);
}

/* What the set types need of what every tenant has: found, not made. */
static void find_types(struct plan *p, const struct pkg_list *keys,
		       struct pkg_map *once)
{
	const struct pkg_node *const *items = keys->items;
	const void *before;

	for (size_t i = 0; i < keys->count; i++) {
		const char *key = items[i]->text;
		const struct pkg_module_type *t =
		    pkg_manifest_module_type(p->lock, key);

		if (t == NULL || t->at != NULL || p->err.code != PKG_OK ||
		    pkg_map_add(once, key, key, &before, &p->err) != PKG_OK ||
		    before != NULL)
			continue;
		pkg_plan_step(p, 0);
		pkg_plan_lookup_key(p, PATH_TYPES, key);
		pkg_plan_op(p, "find-module-type", type_ref(p, key));
		pkg_plan_step_end(p);
	}
}

void pkg_plan_module_types(struct plan *p)
{
	const struct pkg_types *types = p->lock->types;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	const struct pkg_module_type *mt;
	const struct pkg_set_type *st;

	if (types == NULL)
		return;
	mt = types->modules.items;
	st = types->sets.items;
	for (size_t i = 0; i < types->sets.count; i++) {
		find_types(p, &st[i].mandatory, &once);
		find_types(p, &st[i].optional, &once);
	}
	for (size_t i = 0; i < types->modules.count; i++)
		put_type(p, &mt[i]);
}

static void put_module(struct plan *p, const struct pkg_module *m)
{
	const struct pkg_identity id = pkg_plan_module_identity(m);
	const char *ref = pkg_plan_module_ref(p, &id);

	pkg_plan_step(p, 201);
	pkg_plan_lookup_identity(p, PLAN_MODULES, &id);
	pkg_plan_op(p, "ensure-module", ref);
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "description", m->description);
	pkg_plan_put_bool(p, "encrypted", &m->encrypted);
	pkg_plan_put_text(p, "name", m->name);
	pkg_plan_put_text(p, "type", m->type);
	pkg_plan_put_text(p, "vendor", m->vendor);
	pkg_plan_put_text(p, "version", m->version);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(p, "POST", PLAN_MODULES);
	pkg_plan_update_texts(
	    p, pkg_plan_text(p, PLAN_MODULES "/{%s}", ref),
	    (const struct plan_text[]){
		{"description", m->description}, {"vendor", m->vendor}, {0}});
	pkg_plan_step_end(p);
}

/* Modules that the server has already, each once. */
static void find_modules(struct plan *p)
{
	const struct pkg_set *sets = p->lock->sets.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	struct pkg_identity id;
	const void *before;

	for (size_t i = 0; i < p->lock->sets.count; i++) {
		const struct pkg_either *refs = sets[i].modules.items;

		for (size_t k = 0; k < sets[i].modules.count; k++) {
			const char *ref;

			if (!pkg_manifest_module_ref(p->lock, &refs[k], &id) ||
			    !id.external)
				continue;
			ref = pkg_plan_module_ref(p, &id);
			if (p->err.code != PKG_OK ||
			    pkg_map_add(&once, ref, ref, &before, &p->err) !=
				PKG_OK ||
			    before != NULL)
				continue;
			pkg_plan_step(p, 0);
			pkg_plan_lookup_identity(p, PLAN_MODULES, &id);
			pkg_plan_op(p, "find-module", ref);
			pkg_plan_step_end(p);
		}
	}
}

void pkg_plan_modules(struct plan *p)
{
	const struct pkg_module *modules = p->lock->modules.items;

	find_modules(p);
	for (size_t i = 0; i < p->lock->modules.count; i++)
		put_module(p, &modules[i]);
}

static void put_upload(struct plan *p, const struct pkg_pinned *a,
		       bool encrypted)
{
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "blob", a->sha256);
	pkg_jsonw_str_member(&p->w, "filename", a->filename);
	/* Of an encrypted module the server compares the digests of what it
	   has encrypted, which nobody knows. */
	if (!encrypted) {
		pkg_jsonw_str_member(&p->w, "md5sum", a->md5);
		pkg_jsonw_str_member(&p->w, "sha1sum", a->sha1);
		pkg_jsonw_str_member(&p->w, "sha256sum", a->sha256);
	}
	pkg_jsonw_object_end(&p->w);
}

static void put_artifact(struct plan *p, const struct pkg_module *m,
			 const struct pkg_pinned *a)
{
	const struct pkg_identity id = pkg_plan_module_identity(m);
	const char *path = pkg_plan_text(p, PLAN_MODULES "/{%s}/artifacts",
					 pkg_plan_module_ref(p, &id));

	pkg_plan_step(p, a->known ? 0 : 201);
	pkg_plan_lookup(p);
	pkg_jsonw_str_member(&p->w, "filename", a->filename);
	pkg_jsonw_str_member(&p->w, "sha256", a->sha256);
	pkg_jsonw_int_member(&p->w, "size", a->size);
	pkg_plan_lookup_end(p, path, NULL);
	pkg_plan_op(p, a->known ? "find-artifact" : "ensure-artifact",
		    pkg_plan_artifact_ref(p, &id, a));
	if (a->known) {
		pkg_plan_step_end(p);
		return;
	}
	pkg_jsonw_key(&p->w, "request");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "POST");
	pkg_jsonw_key(&p->w, "multipart");
	put_upload(p, a, m->encrypted.value);
	pkg_jsonw_str_member(&p->w, "path", path);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_step_end(p);
}

void pkg_plan_artifacts(struct plan *p)
{
	const struct pkg_module *modules = p->lock->modules.items;

	for (size_t i = 0; i < p->lock->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++)
			put_artifact(p, &modules[i], &a[k]);
	}
}
