/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

/* Modules and sets by themselves, and the modules of a set. */

static enum pkg_code check_names(const struct checker *c,
				 struct check_once *once,
				 const struct pkg_node *const names[3])
{
	struct pkg_err *err = c->sink->err;
	const char *key;

	for (size_t i = 0; i < 3; i++)
		PKG_TRY(pkg_check_label(c, names[i]));
	if (names[0] == NULL || names[1] == NULL || names[2] == NULL)
		return PKG_OK;
	key = pkg_model_identity(c->arena, names[0]->text, names[1]->text,
				 names[2]->text, err);
	if (key == NULL)
		return err->code;
	return pkg_check_once_add(c, once, key, names[1]);
}

static enum pkg_code check_module(const struct checker *c,
				  struct check_once *once,
				  const struct pkg_module *m)
{
	const struct pkg_map *types = &c->manifest->index->module_types;
	char hint[128];

	PKG_TRY(check_names(
	    c, once,
	    (const struct pkg_node *[]){m->type, m->name, m->version}));
	PKG_TRY(pkg_check_markup(c, m->vendor));
	PKG_TRY(pkg_check_markup(c, m->description));
	if (m->type != NULL && pkg_map_get(types, m->type->text) == NULL)
		PKG_TRY(pkg_rule_add(
		    c->sink, RULE_UNKNOWN_TYPE, m->type,
		    pkg_check_suggest(hint, sizeof(hint), m->type->text, types),
		    "no module type '%s'", m->type->text));
	if (m->encrypted.value && pkg_check_older(c, 3000))
		PKG_TRY(pkg_rule_add(c->sink, RULE_SERVER_TOO_OLD,
				     m->encrypted.at, NULL,
				     "encrypted needs server 0.3.0"));
	if (m->encrypted.value)
		PKG_TRY(pkg_rule_add(
		    c->sink, RULE_SERVER_ENCRYPTION, m->encrypted.at, NULL,
		    "the open-source server cannot encrypt and "
		    "refuses this module"));
	return pkg_check_metadata(c, &m->metadata,
				  c->profile->metadata_per_module, m->at);
}

enum pkg_code pkg_check_modules(const struct checker *c)
{
	const struct pkg_module *modules = c->manifest->modules.items;
	struct check_once once = {.what = "module"};
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < c->manifest->modules.count;
	     i++)
		code = check_module(c, &once, &modules[i]);
	pkg_check_once_fini(&once);
	return code;
}

/* -- the modules of one set -- */

struct set_check {
	const struct checker *c;
	const struct pkg_set *set;
	const struct pkg_set_type *type; /* NULL = unknown */
	struct pkg_map *modules;         /* identity → the reference's node */
	bool unknown;                    /* a reference means nothing */
	struct pkg_map *counts;          /* type key → struct type_count */
};

struct type_count {
	int64_t count;
};

static bool lists(const struct pkg_list *list, const char *key)
{
	const struct pkg_node *const *keys = list->items;

	for (size_t i = 0; i < list->count; i++) {
		if (keys[i] != NULL && pkg_node_is(keys[i], key))
			return true;
	}
	return false;
}

/* A reference that means nothing: say why. */
static enum pkg_code report_ref(const struct checker *c,
				const struct pkg_either *ref,
				const struct pkg_map *names,
				enum manifest_rule unknown, const char *what)
{
	const struct pkg_ref *map = ref->object;
	const char *name = pkg_model_ref_name(ref);
	char hint[192];

	if (ref->at == NULL || (map == NULL && ref->text == NULL) ||
	    (map != NULL && map->name == NULL))
		return PKG_OK; /* the binding said so */
	if (map != NULL && map->external.value)
		return pkg_rule_add(c->sink, RULE_EXTERNAL_INCOMPLETE, ref->at,
				    NULL, "external %s '%s' lacks %s", what,
				    name,
				    map->type == NULL ? "type" : "version");
	if (pkg_map_get(names, name) == pkg_model_several)
		return pkg_rule_add(c->sink, RULE_AMBIGUOUS, ref->at, NULL,
				    "'%s' fits several %ss", name, what);
	if (pkg_map_get(names, name) != NULL)
		return pkg_rule_add(c->sink, unknown, ref->at, NULL,
				    "%s '%s' has another type or version here",
				    what, name);
	return pkg_rule_add(c->sink, unknown, ref->at,
			    pkg_check_suggest(hint, sizeof(hint), name, names),
			    "no %s '%s' in this manifest", what, name);
}

enum pkg_code pkg_check_set_ref(const struct checker *c,
				const struct pkg_either *ref)
{
	const struct pkg_manifest_index *x = c->manifest->index;
	struct pkg_identity id;

	if (pkg_manifest_set_ref(c->manifest, ref, &id))
		return PKG_OK;
	return report_ref(c, ref, &x->sets_named, RULE_UNKNOWN_SET, "set");
}

static enum pkg_code count_type(struct set_check *s,
				const struct pkg_either *ref,
				const struct pkg_identity *id)
{
	const struct checker *c = s->c;
	const struct pkg_module_type *type =
	    pkg_manifest_module_type(c->manifest, id->type);
	struct type_count *count;
	const void *before;

	if (id->type[0] == '\0') { /* the module has none: that was said */
		s->unknown = true;
		return PKG_OK;
	}
	if (s->type != NULL && type != NULL &&
	    !lists(&s->type->mandatory, id->type) &&
	    !lists(&s->type->optional, id->type))
		PKG_TRY(
		    pkg_rule_add(c->sink, RULE_FOREIGN_TYPE, ref->at, NULL,
				 "module '%s' is of type '%s', which set type "
				 "'%s' does not have",
				 id->name, id->type, rule_text(s->type->key)));
	count = pkg_arena_alloc(c->arena, sizeof(*count), c->sink->err);
	if (count == NULL)
		return c->sink->err->code;
	count->count = 1;
	PKG_TRY(pkg_map_add(s->counts, id->type, count, &before, c->sink->err));
	if (before != NULL) {
		const struct type_count *old = before;

		count->count = old->count + 1;
		pkg_map_replace(s->counts, id->type, count);
	}
	if (type == NULL || count->count <= pkg_model_max_assignments(type))
		return PKG_OK;
	return pkg_rule_add(
	    c->sink, RULE_MAX_ASSIGNMENTS, ref->at, NULL,
	    "module '%s' is number %lld of type '%s' in this set, "
	    "which may hold %lld: the server would drop one "
	    "without an error",
	    id->name, (long long)count->count, id->type,
	    (long long)pkg_model_max_assignments(type));
}

static enum pkg_code check_member(struct set_check *s,
				  const struct pkg_either *ref)
{
	const struct checker *c = s->c;
	const struct pkg_manifest_index *x = c->manifest->index;
	struct pkg_err *err = c->sink->err;
	struct pkg_identity id;
	const void *before;
	const char *key;

	if (!pkg_manifest_module_ref(c->manifest, ref, &id)) {
		s->unknown = true;
		return report_ref(c, ref, &x->modules_named,
				  RULE_UNKNOWN_MODULE, "module");
	}
	key = pkg_model_identity(c->arena, id.type, id.name, id.version, err);
	if (key == NULL)
		return err->code;
	if (id.external && pkg_map_get(&x->modules, key) != NULL)
		PKG_TRY(pkg_rule_add(c->sink, RULE_EXTERNAL_KNOWN, ref->at,
				     NULL, "module '%s' is in this manifest",
				     id.name));
	PKG_TRY(pkg_map_add(s->modules, key, ref->at, &before, err));
	if (before != NULL)
		return pkg_rule_add(
		    c->sink, RULE_DUPLICATE_MODULE, ref->at, NULL,
		    "module '%s' is in this set already, line %u", id.name,
		    ((const struct pkg_node *)before)->line);
	return count_type(s, ref, &id);
}

static enum pkg_code check_members(struct set_check *s)
{
	const struct checker *c = s->c;
	const struct pkg_either *refs = s->set->modules.items;
	const int64_t quota = c->profile->modules_per_set;
	const struct pkg_node *const *keys;

	pkg_map_clear(s->modules);
	pkg_map_clear(s->counts);
	s->unknown = false;
	for (size_t i = 0; i < s->set->modules.count; i++)
		PKG_TRY(check_member(s, &refs[i]));
	if (quota > 0 && s->set->modules.count > (uint64_t)quota)
		PKG_TRY(pkg_rule_add(c->sink, RULE_TOO_MANY_MODULES, s->set->at,
				     NULL,
				     "%zu modules, the server allows %lld",
				     s->set->modules.count, (long long)quota));
	if (s->set->modules.count == 0)
		return pkg_rule_add(c->sink, RULE_INCOMPLETE_SET, s->set->at,
				    NULL, "set '%s' has no module",
				    rule_text(s->set->name));
	if (s->type == NULL || s->unknown)
		return PKG_OK;
	keys = s->type->mandatory.items;
	for (size_t i = 0; i < s->type->mandatory.count; i++) {
		if (keys[i] != NULL &&
		    pkg_map_get(s->counts, keys[i]->text) == NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_INCOMPLETE_SET, s->set->at, NULL,
			    "set '%s' lacks a module of type '%s', which set "
			    "type '%s' demands",
			    rule_text(s->set->name), keys[i]->text,
			    rule_text(s->type->key)));
	}
	return PKG_OK;
}

static enum pkg_code check_set(struct set_check *s, struct check_once *once)
{
	const struct checker *c = s->c;
	const struct pkg_set *set = s->set;
	const struct pkg_map *types = &c->manifest->index->set_types;
	/* Up to server 0.8.0 a set's type is no part of its identity. */
	const bool old = pkg_check_older(c, 9000);
	const struct pkg_node none = {.text = ""};
	const struct pkg_node *identity = old ? &none : set->type;
	char hint[128];

	PKG_TRY(pkg_check_label(c, set->type));
	PKG_TRY(check_names(
	    c, once,
	    (const struct pkg_node *[]){identity, set->name, set->version}));
	PKG_TRY(pkg_check_markup(c, set->description));
	s->type = NULL;
	if (set->type != NULL) {
		s->type = pkg_map_get(types, set->type->text);
		if (s->type == NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_UNKNOWN_TYPE, set->type,
			    pkg_check_suggest(hint, sizeof(hint),
					      set->type->text, types),
			    "no set type '%s'", set->type->text));
	}
	PKG_TRY(pkg_check_metadata(c, &set->metadata,
				   c->profile->metadata_per_set, set->at));
	return check_members(s);
}

enum pkg_code pkg_check_sets(const struct checker *c)
{
	const struct pkg_set *sets = c->manifest->sets.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map modules = {0};
	PKG_AUTO_FINI(pkg_map) struct pkg_map counts = {0};
	struct check_once once = {.what = "set"};
	struct set_check s = {.c = c, .modules = &modules, .counts = &counts};
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < c->manifest->sets.count; i++) {
		s.set = &sets[i];
		code = check_set(&s, &once);
	}
	pkg_check_once_fini(&once);
	return code;
}
