/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char pkg_model_several[1];

/* What every tenant has (two module types, three set types). */
static const struct {
	const char *key, *name;
	int64_t max;
} module_types[MODEL_MODULE_TYPES] = {
    {"os", "OS", 1},
    {"application", "Application", INT32_MAX},
};
static const struct {
	const char *key, *name, *mandatory, *optional;
} set_types[MODEL_SET_TYPES] = {
    {"os", "OS only", "os", NULL},
    {"app", "App only", "application", NULL},
    {"os_app", "OS with optional app", "os", "application"},
};

static const struct pkg_node *text_node(struct pkg_arena *arena,
					const char *text, struct pkg_err *err)
{
	struct pkg_node *node = pkg_arena_alloc(arena, sizeof(*node), err);

	if (node == NULL)
		return NULL;
	node->kind = PKG_NODE_STRING;
	node->text = text;
	node->len = strlen(text);
	return node;
}

static enum pkg_code text_list(struct pkg_list *out, struct pkg_arena *arena,
			       const char *text, struct pkg_err *err)
{
	const struct pkg_node **items;

	if (text == NULL)
		return PKG_OK;
	items = pkg_arena_alloc(arena, sizeof(*items), err);
	if (items == NULL)
		return err->code;
	items[0] = text_node(arena, text, err);
	if (items[0] == NULL)
		return err->code;
	*out = (struct pkg_list){.items = items, .count = 1};
	return PKG_OK;
}

static enum pkg_code make_builtin(struct pkg_manifest_index *x,
				  struct pkg_arena *arena, struct pkg_err *err)
{
	for (size_t i = 0; i < MODEL_MODULE_TYPES; i++) {
		struct pkg_module_type *t = &x->builtin_modules[i];

		t->key = text_node(arena, module_types[i].key, err);
		t->name = text_node(arena, module_types[i].name, err);
		if (t->key == NULL || t->name == NULL)
			return err->code;
		t->max_assignments =
		    (struct pkg_int_value){t->key, module_types[i].max};
	}
	for (size_t i = 0; i < MODEL_SET_TYPES; i++) {
		struct pkg_set_type *t = &x->builtin_sets[i];

		t->key = text_node(arena, set_types[i].key, err);
		t->name = text_node(arena, set_types[i].name, err);
		if (t->key == NULL || t->name == NULL)
			return err->code;
		PKG_TRY(text_list(&t->mandatory, arena, set_types[i].mandatory,
				  err));
		PKG_TRY(
		    text_list(&t->optional, arena, set_types[i].optional, err));
	}
	return PKG_OK;
}

/* -- the index -- */

const char *pkg_model_identity(struct pkg_arena *arena, const char *type,
			       const char *name, const char *version,
			       struct pkg_err *err)
{
	const char *const parts[] = {type, name, version};
	size_t lens[3], all = 0;
	char *key, *to;

	for (size_t i = 0; i < 3; i++) {
		lens[i] = strlen(parts[i]);
		all += lens[i] + 1;
	}
	key = pkg_arena_alloc(arena, all, err);
	if (key == NULL)
		return NULL;
	to = key;
	for (size_t i = 0; i < 3; i++) {
		memcpy(to, parts[i], lens[i]);
		to += lens[i];
		/* In a text this is a finding: nothing is ambiguous for long.
		 */
		*to++ = i < 2 ? '\x1f' : '\0';
	}
	return key;
}

static enum pkg_code add_named(struct pkg_map *map, const char *name,
			       const void *value, struct pkg_err *err)
{
	const void *before;

	PKG_TRY(pkg_map_add(map, name, value, &before, err));
	if (before != NULL)
		pkg_map_replace(map, name, pkg_model_several);
	return PKG_OK;
}

static enum pkg_code index_types(struct pkg_manifest *m, struct pkg_err *err)
{
	struct pkg_manifest_index *x = m->index;
	const struct pkg_module_type *mt =
	    m->types != NULL ? m->types->modules.items : NULL;
	const struct pkg_set_type *st =
	    m->types != NULL ? m->types->sets.items : NULL;
	const void *before;

	/* Those of every tenant win: an existing type is not changed. */
	for (size_t i = 0; i < MODEL_MODULE_TYPES; i++)
		PKG_TRY(pkg_map_add(&x->module_types, module_types[i].key,
				    &x->builtin_modules[i], &before, err));
	for (size_t i = 0; i < MODEL_SET_TYPES; i++)
		PKG_TRY(pkg_map_add(&x->set_types, set_types[i].key,
				    &x->builtin_sets[i], &before, err));
	for (size_t i = 0; mt != NULL && i < m->types->modules.count; i++) {
		if (mt[i].key != NULL)
			PKG_TRY(pkg_map_add(&x->module_types, mt[i].key->text,
					    &mt[i], &before, err));
	}
	for (size_t i = 0; st != NULL && i < m->types->sets.count; i++) {
		if (st[i].key != NULL)
			PKG_TRY(pkg_map_add(&x->set_types, st[i].key->text,
					    &st[i], &before, err));
	}
	return PKG_OK;
}

static enum pkg_code index_one(struct pkg_map *by_identity,
			       struct pkg_map *by_name,
			       const struct pkg_node *const names[3],
			       const void *value, struct pkg_err *err)
{
	const void *before;
	const char *key;

	if (names[1] == NULL)
		return PKG_OK;
	PKG_TRY(add_named(by_name, names[1]->text, value, err));
	if (names[0] == NULL || names[2] == NULL)
		return PKG_OK;
	key = pkg_model_identity(by_identity->arena, names[0]->text,
				 names[1]->text, names[2]->text, err);
	if (key == NULL)
		return err->code;
	return pkg_map_add(by_identity, key, value, &before, err);
}

enum pkg_code pkg_model_index(struct pkg_manifest *m, struct pkg_arena *arena,
			      struct pkg_err *err)
{
	struct pkg_manifest_index *x = pkg_arena_alloc(arena, sizeof(*x), err);
	const struct pkg_module *modules = m->modules.items;
	const struct pkg_set *sets = m->sets.items;

	if (x == NULL)
		return err->code;
	x->module_types.arena = x->set_types.arena = arena;
	x->modules.arena = x->sets.arena = arena;
	x->modules_named.arena = x->sets_named.arena = arena;
	m->index = x;
	PKG_TRY(make_builtin(x, arena, err));
	PKG_TRY(index_types(m, err));
	for (size_t i = 0; i < m->modules.count; i++)
		PKG_TRY(index_one(
		    &x->modules, &x->modules_named,
		    (const struct pkg_node *[]){
			modules[i].type, modules[i].name, modules[i].version},
		    &modules[i], err));
	for (size_t i = 0; i < m->sets.count; i++)
		PKG_TRY(index_one(&x->sets, &x->sets_named,
				  (const struct pkg_node *[]){sets[i].type,
							      sets[i].name,
							      sets[i].version},
				  &sets[i], err));
	return PKG_OK;
}

const struct pkg_module_type *
pkg_manifest_module_type(const struct pkg_manifest *m, const char *key)
{
	return pkg_map_get(&m->index->module_types, key);
}

const struct pkg_set_type *pkg_manifest_set_type(const struct pkg_manifest *m,
						 const char *key)
{
	return pkg_map_get(&m->index->set_types, key);
}

int64_t pkg_model_max_assignments(const struct pkg_module_type *type)
{
	return type->max_assignments.at != NULL ? type->max_assignments.value
						: 1;
}

/* -- references -- */

const char *pkg_model_ref_name(const struct pkg_either *ref)
{
	const struct pkg_ref *map = ref->object;

	return rule_text(map != NULL ? map->name : ref->text);
}

/* The value that @ref names, by identity if it gives one, else by name. */
static const void *look_up(const struct pkg_map *by_identity,
			   const struct pkg_map *by_name,
			   const struct pkg_either *ref)
{
	const struct pkg_ref *map = ref->object;
	char key[1024];
	int len;

	if (map == NULL || map->type == NULL || map->version == NULL)
		return pkg_map_get(by_name, pkg_model_ref_name(ref));
	len = snprintf(key, sizeof(key), "%s\x1f%s\x1f%s", map->type->text,
		       rule_text(map->name), map->version->text);
	/* The binding refuses what does not fit: 4 bytes a UTF-16 unit. */
	return len < (int)sizeof(key) ? pkg_map_get(by_identity, key) : NULL;
}

static bool external_ref(const struct pkg_either *ref, struct pkg_identity *out)
{
	const struct pkg_ref *map = ref->object;

	if (map == NULL || !map->external.value)
		return false;
	out->external = true;
	out->name = rule_text(map->name);
	out->type = rule_text(map->type);
	out->version = rule_text(map->version);
	return true;
}

static bool agrees(const struct pkg_node *given, const struct pkg_node *has)
{
	return given == NULL || has == NULL ||
	       strcmp(given->text, has->text) == 0;
}

bool pkg_manifest_module_ref(const struct pkg_manifest *m,
			     const struct pkg_either *ref,
			     struct pkg_identity *out)
{
	const struct pkg_ref *map = ref->object;
	const struct pkg_module *found;

	*out = (struct pkg_identity){0};
	if (external_ref(ref, out))
		return *out->type != '\0' && *out->version != '\0';
	found = look_up(&m->index->modules, &m->index->modules_named, ref);
	if (found == NULL || (const void *)found == pkg_model_several ||
	    (map != NULL && (!agrees(map->type, found->type) ||
			     !agrees(map->version, found->version))))
		return false;
	out->module = found;
	out->type = rule_text(found->type);
	out->name = rule_text(found->name);
	out->version = rule_text(found->version);
	return true;
}

bool pkg_manifest_set_ref(const struct pkg_manifest *m,
			  const struct pkg_either *ref,
			  struct pkg_identity *out)
{
	const struct pkg_ref *map = ref->object;
	const struct pkg_set *found;

	*out = (struct pkg_identity){0};
	if (external_ref(ref, out))
		return *out->type != '\0' && *out->version != '\0';
	found = look_up(&m->index->sets, &m->index->sets_named, ref);
	if (found == NULL || (const void *)found == pkg_model_several ||
	    (map != NULL && (!agrees(map->type, found->type) ||
			     !agrees(map->version, found->version))))
		return false;
	out->set = found;
	out->type = rule_text(found->type);
	out->name = rule_text(found->name);
	out->version = rule_text(found->version);
	return true;
}
