/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"
#include "lock_write.h"
#include "model.h"

#include <string.h>

/* What is listed, and how each row looks. */

static const char *text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void put_owner(struct pkg_jsonw *w, const char *key,
		      const struct pkg_node *type, const struct pkg_node *name,
		      const struct pkg_node *version)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_object(w);
	pkg_lock_text(w, "name", name);
	pkg_lock_text(w, "type", type);
	pkg_lock_text(w, "version", version);
	pkg_jsonw_object_end(w);
}

/* -- modules -- */

static enum pkg_code collect_modules(struct listing_rows *rows,
				     const struct listing_kind *kind)
{
	const struct pkg_module *m = rows->manifest->modules.items;

	for (size_t i = 0; i < rows->manifest->modules.count; i++)
		PKG_TRY(pkg_listing_add(rows, kind, &m[i], NULL, false));
	return PKG_OK;
}

static void put_type_name(struct pkg_jsonw *w, const struct pkg_node *name)
{
	if (name != NULL)
		pkg_jsonw_str_member(w, "typeName", name->text);
}

static void write_module(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_module *m = row->item;
	const struct pkg_module_type *t =
	    m->type != NULL
		? pkg_manifest_module_type(row->manifest, m->type->text)
		: NULL;

	pkg_jsonw_object(w);
	pkg_lock_text(w, "description", m->description);
	pkg_jsonw_bool_member(w, "encrypted", m->encrypted.value);
	pkg_lock_text(w, "name", m->name);
	pkg_lock_text(w, "type", m->type);
	put_type_name(w, t != NULL ? t->name : NULL);
	pkg_lock_text(w, "vendor", m->vendor);
	pkg_lock_text(w, "version", m->version);
	pkg_jsonw_object_end(w);
}

static const char *module_value(const struct listing_row *row,
				const char *field)
{
	const struct pkg_module *m = row->item;

	if (strcmp(field, "name") == 0)
		return rule_text(m->name);
	if (strcmp(field, "version") == 0)
		return rule_text(m->version);
	if (strcmp(field, "type") == 0)
		return rule_text(m->type);
	return rule_text(m->description);
}

/* -- sets -- */

static enum pkg_code collect_sets(struct listing_rows *rows,
				  const struct listing_kind *kind)
{
	const struct pkg_set *s = rows->manifest->sets.items;

	for (size_t i = 0; i < rows->manifest->sets.count; i++)
		PKG_TRY(pkg_listing_add(rows, kind, &s[i], NULL, true));
	return PKG_OK;
}

static void put_identity(struct pkg_jsonw *w, const struct pkg_identity *id)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "name", id->name);
	pkg_jsonw_str_member(w, "type", id->type);
	pkg_jsonw_str_member(w, "version", id->version);
	pkg_jsonw_object_end(w);
}

static void write_set(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_set *s = row->item;
	const struct pkg_either *refs = s->modules.items;
	const struct pkg_set_type *t =
	    s->type != NULL
		? pkg_manifest_set_type(row->manifest, s->type->text)
		: NULL;
	struct pkg_identity id;

	pkg_jsonw_object(w);
	pkg_lock_text(w, "description", s->description);
	pkg_jsonw_key(w, "modules");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < s->modules.count; i++) {
		if (pkg_manifest_module_ref(row->manifest, &refs[i], &id))
			put_identity(w, &id);
	}
	pkg_jsonw_array_end(w);
	pkg_lock_text(w, "name", s->name);
	pkg_jsonw_bool_member(w, "requiredMigrationStep",
			      s->migration_step.value);
	pkg_lock_text(w, "type", s->type);
	put_type_name(w, t != NULL ? t->name : NULL);
	pkg_lock_text(w, "version", s->version);
	pkg_jsonw_object_end(w);
}

static const char *set_value(const struct listing_row *row, const char *field)
{
	const struct pkg_set *s = row->item;

	if (strcmp(field, "name") == 0)
		return rule_text(s->name);
	if (strcmp(field, "version") == 0)
		return rule_text(s->version);
	if (strcmp(field, "type") == 0)
		return rule_text(s->type);
	return rule_text(s->description);
}

/* -- artifacts -- */

static enum pkg_code collect_artifacts(struct listing_rows *rows,
				       const struct listing_kind *kind)
{
	const struct pkg_module *m = rows->manifest->modules.items;

	for (size_t i = 0; i < rows->manifest->modules.count; i++) {
		const struct pkg_pinned *a = m[i].artifacts.items;

		for (size_t k = 0; k < m[i].artifacts.count; k++)
			PKG_TRY(
			    pkg_listing_add(rows, kind, &a[k], &m[i], false));
	}
	return PKG_OK;
}

static void write_artifact(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_pinned *a = row->item;
	const struct pkg_module *m = row->owner;

	pkg_jsonw_object(w);
	if (a->sha256 != NULL) {
		pkg_jsonw_key(w, "hashes");
		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "md5", a->md5);
		pkg_jsonw_str_member(w, "sha1", a->sha1);
		pkg_jsonw_str_member(w, "sha256", a->sha256);
		pkg_jsonw_object_end(w);
	}
	put_owner(w, "module", m->type, m->name, m->version);
	pkg_jsonw_str_member(w, "providedFilename", a->filename);
	pkg_jsonw_int_member(w, "size", a->size);
	pkg_jsonw_object_end(w);
}

static const char *artifact_value(const struct listing_row *row,
				  const char *field)
{
	const struct pkg_pinned *a = row->item;

	(void)field;
	return text_or_empty(a->filename);
}

/* -- metadata: of modules, then of sets -- */

static enum pkg_code collect_metadata(struct listing_rows *rows,
				      const struct listing_kind *kind)
{
	const struct pkg_module *m = rows->manifest->modules.items;
	const struct pkg_set *s = rows->manifest->sets.items;

	for (size_t i = 0; i < rows->manifest->modules.count; i++) {
		const struct pkg_metadatum *d = m[i].metadata.items;

		for (size_t k = 0; k < m[i].metadata.count; k++)
			PKG_TRY(
			    pkg_listing_add(rows, kind, &d[k], &m[i], false));
	}
	for (size_t i = 0; i < rows->manifest->sets.count; i++) {
		const struct pkg_metadatum *d = s[i].metadata.items;

		for (size_t k = 0; k < s[i].metadata.count; k++)
			PKG_TRY(
			    pkg_listing_add(rows, kind, &d[k], &s[i], true));
	}
	return PKG_OK;
}

static void write_metadatum(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_metadatum *d = row->item;
	const struct pkg_module *m = row->owner;
	const struct pkg_set *s = row->owner;

	pkg_jsonw_object(w);
	pkg_lock_text(w, "key", d->key);
	if (row->of_set) {
		put_owner(w, "set", s->type, s->name, s->version);
	} else {
		put_owner(w, "module", m->type, m->name, m->version);
		pkg_jsonw_bool_member(w, "targetVisible",
				      d->target_visible.value);
	}
	pkg_lock_text(w, "value", d->value);
	pkg_jsonw_object_end(w);
}

static const char *metadatum_value(const struct listing_row *row,
				   const char *field)
{
	const struct pkg_metadatum *d = row->item;

	return rule_text(strcmp(field, "key") == 0 ? d->key : d->value);
}

/* -- types: of modules, then of sets, the server's own first -- */

static enum pkg_code collect_types(struct listing_rows *rows,
				   const struct listing_kind *kind)
{
	const struct pkg_manifest *m = rows->manifest;
	const struct pkg_types *t = m->types;
	const struct pkg_module_type *mt = t != NULL ? t->modules.items : NULL;
	const struct pkg_set_type *st = t != NULL ? t->sets.items : NULL;

	for (size_t i = 0; i < MODEL_MODULE_TYPES; i++)
		PKG_TRY(pkg_listing_add(
		    rows, kind, &m->index->builtin_modules[i], NULL, false));
	for (size_t i = 0; mt != NULL && i < t->modules.count; i++)
		PKG_TRY(pkg_listing_add(rows, kind, &mt[i], NULL, false));
	for (size_t i = 0; i < MODEL_SET_TYPES; i++)
		PKG_TRY(pkg_listing_add(rows, kind, &m->index->builtin_sets[i],
					NULL, true));
	for (size_t i = 0; st != NULL && i < t->sets.count; i++)
		PKG_TRY(pkg_listing_add(rows, kind, &st[i], NULL, true));
	return PKG_OK;
}

static void write_module_type(struct pkg_jsonw *w,
			      const struct pkg_module_type *t)
{
	pkg_jsonw_object(w);
	pkg_lock_text(w, "colour", t->colour);
	pkg_lock_text(w, "description", t->description);
	pkg_lock_text(w, "key", t->key);
	pkg_jsonw_int_member(w, "maxAssignments", pkg_model_max_assignments(t));
	pkg_jsonw_int_member(w, "minArtifacts", t->min_artifacts.value);
	pkg_lock_text(w, "name", t->name);
	pkg_jsonw_str_member(w, "of", "modules");
	pkg_jsonw_object_end(w);
}

static void put_keys(struct pkg_jsonw *w, const char *key,
		     const struct pkg_list *list)
{
	const struct pkg_node *const *keys = list->items;

	pkg_jsonw_key(w, key);
	pkg_jsonw_array(w);
	for (size_t i = 0; i < list->count; i++)
		pkg_jsonw_text(w, rule_text(keys[i]));
	pkg_jsonw_array_end(w);
}

static void write_type(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_set_type *t = row->item;

	if (!row->of_set) {
		write_module_type(w, row->item);
		return;
	}
	pkg_jsonw_object(w);
	pkg_lock_text(w, "colour", t->colour);
	pkg_lock_text(w, "description", t->description);
	pkg_lock_text(w, "key", t->key);
	put_keys(w, "mandatorymodules", &t->mandatory);
	pkg_lock_text(w, "name", t->name);
	pkg_jsonw_str_member(w, "of", "sets");
	put_keys(w, "optionalmodules", &t->optional);
	pkg_jsonw_object_end(w);
}

static const char *type_value(const struct listing_row *row, const char *field)
{
	const struct pkg_module_type *mt = row->item;
	const struct pkg_set_type *st = row->item;
	const bool module = !row->of_set;

	if (strcmp(field, "key") == 0)
		return rule_text(module ? mt->key : st->key);
	if (strcmp(field, "name") == 0)
		return rule_text(module ? mt->name : st->name);
	return rule_text(module ? mt->description : st->description);
}

/* -- the modules that are assigned to sets -- */

static enum pkg_code collect_assigned(struct listing_rows *rows,
				      const struct listing_kind *kind)
{
	const struct pkg_set *s = rows->manifest->sets.items;

	for (size_t i = 0; i < rows->manifest->sets.count; i++) {
		const struct pkg_either *refs = s[i].modules.items;

		for (size_t k = 0; k < s[i].modules.count; k++)
			PKG_TRY(
			    pkg_listing_add(rows, kind, &refs[k], &s[i], true));
	}
	return PKG_OK;
}

static void write_assigned(struct pkg_jsonw *w, const struct listing_row *row)
{
	const struct pkg_either *ref = row->item;
	const struct pkg_set *s = row->owner;
	struct pkg_identity id;

	pkg_jsonw_object(w);
	if (pkg_manifest_module_ref(row->manifest, ref, &id)) {
		pkg_jsonw_bool_member(w, "external", id.external);
		pkg_jsonw_str_member(w, "name", id.name);
		put_owner(w, "set", s->type, s->name, s->version);
		pkg_jsonw_str_member(w, "type", id.type);
		pkg_jsonw_str_member(w, "version", id.version);
	}
	pkg_jsonw_object_end(w);
}

static const char *assigned_value(const struct listing_row *row,
				  const char *field)
{
	struct pkg_identity id;

	if (!pkg_manifest_module_ref(row->manifest, row->item, &id))
		return "";
	if (strcmp(field, "name") == 0)
		return id.name;
	return strcmp(field, "type") == 0 ? id.type : id.version;
}

const struct listing_kind pkg_listing_kinds[] = {
    {"modules",
     collect_modules,
     write_module,
     {"name", "version", "type", "description"},
     module_value},
    {"sets",
     collect_sets,
     write_set,
     {"name", "version", "type", "description"},
     set_value},
    {"artifacts",
     collect_artifacts,
     write_artifact,
     {"filename"},
     artifact_value},
    {"metadata",
     collect_metadata,
     write_metadatum,
     {"key", "value"},
     metadatum_value},
    {"types",
     collect_types,
     write_type,
     {"key", "name", "description"},
     type_value},
    {"assigned",
     collect_assigned,
     write_assigned,
     {"name", "version", "type"},
     assigned_value},
    {0},
};
