/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

#include "packline/map.h"

/* Set types and sets. */
#define PATH_TYPES "/rest/v1/distributionsettypes"

static void put_type_ids(struct plan *p, const char *key,
			 const struct pkg_list *keys)
{
	const struct pkg_node *const *items = keys->items;

	pkg_jsonw_key(&p->w, key);
	pkg_jsonw_array(&p->w);
	for (size_t i = 0; i < keys->count; i++) {
		const char *ref =
		    pkg_plan_ref(p, "module-type",
				 (const char *const[]){items[i]->text, NULL});

		pkg_jsonw_object(&p->w);
		pkg_jsonw_str_member(&p->w, "id",
				     pkg_plan_text(p, "{%s}", ref));
		pkg_jsonw_object_end(&p->w);
	}
	pkg_jsonw_array_end(&p->w);
}

static void put_type(struct plan *p, const struct pkg_set_type *t)
{
	const char *ref = pkg_plan_ref(
	    p, "set-type", (const char *const[]){t->key->text, NULL});

	pkg_plan_step(p, 201);
	pkg_plan_lookup_key(p, PATH_TYPES, t->key->text);
	pkg_plan_op(p, "ensure-set-type", ref);
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "colour", t->colour);
	pkg_plan_put_text(p, "description", t->description);
	pkg_plan_put_text(p, "key", t->key);
	put_type_ids(p, "mandatorymodules", &t->mandatory);
	pkg_plan_put_text(p, "name", t->name);
	put_type_ids(p, "optionalmodules", &t->optional);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(p, "POST", PATH_TYPES);
	pkg_plan_update_texts(
	    p, pkg_plan_text(p, PATH_TYPES "/{%s}", ref),
	    (const struct plan_text[]){
		{"colour", t->colour}, {"description", t->description}, {0}});
	pkg_plan_step_end(p);
}

void pkg_plan_set_types(struct plan *p)
{
	const struct pkg_types *types = p->lock->types;
	const struct pkg_set_type *items;

	if (types == NULL)
		return;
	items = types->sets.items;
	for (size_t i = 0; i < types->sets.count; i++)
		put_type(p, &items[i]);
}

static void put_module_ids(struct plan *p, const struct pkg_list *list)
{
	const struct pkg_either *refs = list->items;
	struct pkg_identity id;

	pkg_jsonw_key(&p->w, "modules");
	pkg_jsonw_array(&p->w);
	for (size_t i = 0; i < list->count; i++) {
		if (!pkg_manifest_module_ref(p->lock, &refs[i], &id))
			continue;
		pkg_jsonw_object(&p->w);
		pkg_jsonw_str_member(
		    &p->w, "id",
		    pkg_plan_text(p, "{%s}", pkg_plan_module_ref(p, &id)));
		pkg_jsonw_object_end(&p->w);
	}
	pkg_jsonw_array_end(&p->w);
}

/* Of a locked set the server refuses another requiredMigrationStep. */
static void put_set_update(struct plan *p, const struct pkg_set *s,
			   const char *ref)
{
	if (s->description == NULL && s->migration_step.at == NULL)
		return;
	pkg_plan_update(p);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "description", s->description);
	pkg_plan_put_bool(p, "requiredMigrationStep", &s->migration_step);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_update_end(p, pkg_plan_text(p, PLAN_SETS "/{%s}", ref), 200,
			    0);
}

static void put_set(struct plan *p, const struct pkg_set *s)
{
	const struct pkg_identity id = pkg_plan_set_identity(s);
	const char *ref = pkg_plan_set_ref(p, &id);

	pkg_plan_step(p, 201);
	pkg_plan_lookup_identity(p, PLAN_SETS, &id);
	pkg_plan_op(p, "ensure-set", ref);
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "description", s->description);
	put_module_ids(p, &s->modules);
	pkg_plan_put_text(p, "name", s->name);
	pkg_plan_put_bool(p, "requiredMigrationStep", &s->migration_step);
	pkg_plan_put_text(p, "type", s->type);
	pkg_plan_put_text(p, "version", s->version);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(p, "POST", PLAN_SETS);
	put_set_update(p, s, ref);
	pkg_plan_step_end(p);
}

static void find_set(struct plan *p, const struct pkg_either *ref,
		     struct pkg_map *once)
{
	struct pkg_identity id;
	const void *before;
	const char *name;

	if (!pkg_manifest_set_ref(p->lock, ref, &id) || !id.external)
		return;
	name = pkg_plan_set_ref(p, &id);
	if (p->err.code != PKG_OK ||
	    pkg_map_add(once, name, name, &before, &p->err) != PKG_OK ||
	    before != NULL)
		return;
	pkg_plan_step(p, 0);
	pkg_plan_lookup_identity(p, PLAN_SETS, &id);
	pkg_plan_op(p, "find-set", name);
	pkg_plan_step_end(p);
}

/* Sets that the server has already, each once. */
static void find_sets(struct plan *p)
{
	const struct pkg_assignment *a = p->lock->assignments.items;
	const struct pkg_rollout *r = p->lock->rollouts.items;
	const struct pkg_target_filter *f = p->lock->filters.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};

	for (size_t i = 0; i < p->lock->assignments.count; i++)
		find_set(p, &a[i].set, &once);
	for (size_t i = 0; i < p->lock->rollouts.count; i++)
		find_set(p, &r[i].set, &once);
	for (size_t i = 0; i < p->lock->filters.count; i++) {
		if (f[i].auto_assign != NULL)
			find_set(p, &f[i].auto_assign->set, &once);
	}
}

void pkg_plan_sets(struct plan *p)
{
	const struct pkg_set *sets = p->lock->sets.items;

	find_sets(p);
	for (size_t i = 0; i < p->lock->sets.count; i++)
		put_set(p, &sets[i]);
}
