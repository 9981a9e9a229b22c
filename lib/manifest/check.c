/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

/* The rules that need no file: types, metadata, and the order of all. */

/* Servers before 0.10 show a device no more than 50. */
static enum pkg_code check_visible(const struct checker *c,
				   const struct pkg_list *metadata,
				   const struct pkg_node *owner)
{
	enum { SHOWN = 50 };
	const struct pkg_metadatum *items = metadata->items;
	size_t count = 0;

	for (size_t i = 0; i < metadata->count; i++)
		count += items[i].target_visible.value ? 1 : 0;
	if (count <= SHOWN || !pkg_check_older(c, 10000))
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_TOO_MANY_VISIBLE, owner, NULL,
			    "%zu metadata are targetVisible, devices see %d",
			    count, SHOWN);
}

enum pkg_code pkg_check_metadata(const struct checker *c,
				 const struct pkg_list *metadata, int64_t quota,
				 const struct pkg_node *owner)
{
	const struct pkg_metadatum *items = metadata->items;
	const void *before;

	if (quota > 0 && metadata->count > (uint64_t)quota)
		PKG_TRY(pkg_rule_add(c->sink, RULE_TOO_MANY_METADATA, owner,
				     NULL,
				     "%zu metadata, the server allows %lld",
				     metadata->count, (long long)quota));
	PKG_TRY(check_visible(c, metadata, owner));
	pkg_map_clear(c->scratch);
	for (size_t i = 0; i < metadata->count; i++) {
		const struct pkg_node *key = items[i].key;

		if (key == NULL)
			continue;
		if (strpbrk(key->text, "/\\;%") != NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_METADATA_KEY_PATH, key, NULL,
			    "metadata key '%s' cannot stand in a path",
			    key->text));
		PKG_TRY(pkg_map_add(c->scratch, key->text, key, &before,
				    c->sink->err));
		if (before != NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_DUPLICATE_METADATA, key, NULL,
			    "metadata key '%s' is there already, line %u",
			    key->text,
			    ((const struct pkg_node *)before)->line));
	}
	return PKG_OK;
}

/* What both kinds of types are asked. */
static enum pkg_code check_type(const struct checker *c,
				const struct pkg_node *const texts[4],
				bool builtin, struct check_once *keys,
				struct check_once *names)
{
	const struct pkg_node *key = texts[0], *name = texts[1];

	for (size_t i = 0; i < 2; i++)
		PKG_TRY(pkg_check_label(c, texts[i]));
	for (size_t i = 2; i < 4; i++)
		PKG_TRY(pkg_check_markup(c, texts[i]));
	if (key != NULL && builtin)
		return pkg_rule_add(c->sink, RULE_BUILTIN_TYPE, key, NULL,
				    "type '%s' is there in every tenant",
				    key->text);
	if (key != NULL)
		PKG_TRY(pkg_check_once_add(c, keys, key->text, key));
	if (name != NULL)
		PKG_TRY(pkg_check_once_add(c, names, name->text, name));
	return PKG_OK;
}

static enum pkg_code check_type_keys(const struct checker *c,
				     const struct pkg_list *list)
{
	const struct pkg_node *const *keys = list->items;
	char hint[128];

	for (size_t i = 0; i < list->count; i++) {
		if (keys[i] != NULL && pkg_manifest_module_type(
					   c->manifest, keys[i]->text) == NULL)
			PKG_TRY(
			    pkg_rule_add(c->sink, RULE_UNKNOWN_TYPE, keys[i],
					 pkg_check_suggest(
					     hint, sizeof(hint), keys[i]->text,
					     &c->manifest->index->module_types),
					 "no module type '%s'", keys[i]->text));
	}
	return PKG_OK;
}

static enum pkg_code check_module_types(const struct checker *c,
					const struct pkg_list *list,
					struct check_once *keys,
					struct check_once *names)
{
	const struct pkg_module_type *types = list->items;

	for (size_t i = 0; i < list->count; i++) {
		const struct pkg_module_type *t = &types[i];
		const bool builtin =
		    t->key != NULL &&
		    pkg_manifest_module_type(c->manifest, t->key->text)->at ==
			NULL;

		PKG_TRY(check_type(c,
				   (const struct pkg_node *[]){t->key, t->name,
							       t->description,
							       t->colour},
				   builtin, keys, names));
		if (t->min_artifacts.at != NULL && t->min_artifacts.value > 0 &&
		    pkg_check_older(c, 10000))
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_SERVER_TOO_OLD, t->min_artifacts.at,
			    NULL, "minArtifacts needs server 0.10.0"));
	}
	return PKG_OK;
}

static enum pkg_code check_set_types(const struct checker *c,
				     const struct pkg_list *list,
				     struct check_once *keys,
				     struct check_once *names)
{
	const struct pkg_set_type *types = list->items;
	const int64_t quota = c->profile->types_per_set_type;

	for (size_t i = 0; i < list->count; i++) {
		const struct pkg_set_type *t = &types[i];
		const size_t count = t->mandatory.count + t->optional.count;
		const bool builtin =
		    t->key != NULL &&
		    pkg_manifest_set_type(c->manifest, t->key->text)->at ==
			NULL;

		PKG_TRY(check_type(c,
				   (const struct pkg_node *[]){t->key, t->name,
							       t->description,
							       t->colour},
				   builtin, keys, names));
		PKG_TRY(check_type_keys(c, &t->mandatory));
		PKG_TRY(check_type_keys(c, &t->optional));
		if (quota > 0 && count > (uint64_t)quota)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_TOO_MANY_TYPES, t->at, NULL,
			    "%zu module types, the server allows "
			    "%lld",
			    count, (long long)quota));
	}
	return PKG_OK;
}

static enum pkg_code check_types(const struct checker *c)
{
	const struct pkg_types *types = c->manifest->types;
	struct check_once once[] = {{.what = "module type"},
				    {.what = "module type"},
				    {.what = "set type"},
				    {.what = "set type"}};
	enum pkg_code code;

	if (types == NULL)
		return PKG_OK;
	code = check_module_types(c, &types->modules, &once[0], &once[1]);
	if (code == PKG_OK)
		code = check_set_types(c, &types->sets, &once[2], &once[3]);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		pkg_check_once_fini(&once[i]);
	return code;
}

enum pkg_code pkg_manifest_check(const struct pkg_manifest *manifest,
				 const struct pkg_profile *profile,
				 struct pkg_diag *diag, struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	PKG_AUTO_FINI(pkg_map) struct pkg_map scratch = {0};
	const struct checker c = {.manifest = manifest,
				  .profile = profile,
				  .sink = &sink,
				  .arena = diag->arena,
				  .scratch = &scratch};

	if (manifest->at == NULL)
		return PKG_OK; /* not even a map; the binding said so */
	if (pkg_node_get(manifest->at, "tenant") == NULL)
		PKG_TRY(pkg_rule_add(&sink, RULE_NO_TENANT, manifest->at, NULL,
				     "tenant is missing"));
	if (pkg_node_get(manifest->at, "product") == NULL)
		PKG_TRY(pkg_rule_add(&sink, RULE_NO_PRODUCT, manifest->at, NULL,
				     "product is missing"));
	PKG_TRY(check_types(&c));
	PKG_TRY(pkg_check_modules(&c));
	PKG_TRY(pkg_check_sets(&c));
	PKG_TRY(pkg_check_assignments(&c));
	PKG_TRY(pkg_check_rollouts(&c));
	return pkg_check_filters(&c);
}
