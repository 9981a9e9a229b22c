/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"
#include "model.h"

#include "packline/query.h"

#include <string.h>

/*
 * What a query may ask of each list.  For modules, sets and types these are
 * the server's fields (SoftwareModuleFields, DistributionSetFields,
 * SoftwareModuleTypeFields, DistributionSetTypeFields); artifacts and the
 * modules of a set cannot be queried there.
 */
#define OF_SERVER                                                              \
	{"createdat", NULL, PKG_QUERY_ABSENT, false, false},                   \
	    {"createdby", NULL, PKG_QUERY_ABSENT, false, false},               \
	    {"lastmodifiedat", NULL, PKG_QUERY_ABSENT, false, false},          \
	    {"lastmodifiedby", NULL, PKG_QUERY_ABSENT, false, false},          \
	{                                                                      \
		"id", NULL, PKG_QUERY_ABSENT, false, false                     \
	}

/* The same places in both tables, so that one getter serves. */
enum {
	TYPE_KEY,
	TYPE_NAME,
	NAME,
	DESCRIPTION,
	VERSION,
	METADATA,
	MODULE_NAME,
	VALID,
	COMPLETE
};

static const struct pkg_query_field module_fields[] = {
    [TYPE_KEY] = {"type", "key", PKG_QUERY_TEXT, true, false},
    [TYPE_NAME] = {"type", "name", PKG_QUERY_TEXT, false, false},
    [NAME] = {"name", NULL, PKG_QUERY_TEXT, false, false},
    [DESCRIPTION] = {"description", NULL, PKG_QUERY_TEXT, false, false},
    [VERSION] = {"version", NULL, PKG_QUERY_TEXT, false, false},
    [METADATA] = {"metadata", NULL, PKG_QUERY_MAP, false, false},
    {"type", "id", PKG_QUERY_ABSENT, false, false},
    OF_SERVER,
    {0},
};

static const struct pkg_query_field set_fields[] = {
    [TYPE_KEY] = {"type", "key", PKG_QUERY_TEXT, true, false},
    [TYPE_NAME] = {"type", "name", PKG_QUERY_TEXT, false, false},
    [NAME] = {"name", NULL, PKG_QUERY_TEXT, false, false},
    [DESCRIPTION] = {"description", NULL, PKG_QUERY_TEXT, false, false},
    [VERSION] = {"version", NULL, PKG_QUERY_TEXT, false, false},
    [METADATA] = {"metadata", NULL, PKG_QUERY_MAP, false, false},
    [MODULE_NAME] = {"module", "name", PKG_QUERY_EACH, false, false},
    [VALID] = {"valid", NULL, PKG_QUERY_BOOL, false, false},
    [COMPLETE] = {"complete", NULL, PKG_QUERY_BOOL, false, true},
    {"module", "id", PKG_QUERY_ABSENT, false, false},
    {"tag", "name", PKG_QUERY_ABSENT, true, false},
    {"type", "id", PKG_QUERY_ABSENT, false, false},
    OF_SERVER,
    {0},
};

enum { KIND_KEY, KIND_NAME, KIND_DESCRIPTION, KIND_MAX };

static const struct pkg_query_field type_fields[] = {
    [KIND_KEY] = {"key", NULL, PKG_QUERY_TEXT, false, false},
    [KIND_NAME] = {"name", NULL, PKG_QUERY_TEXT, false, false},
    [KIND_DESCRIPTION] = {"description", NULL, PKG_QUERY_TEXT, false, false},
    [KIND_MAX] = {"maxassignments", NULL, PKG_QUERY_NUMBER, false, false},
    OF_SERVER,
    {0},
};

enum { FILE_NAME, FILE_MD5, FILE_SHA1, FILE_SHA256, FILE_SIZE };

static const struct pkg_query_field artifact_fields[] = {
    [FILE_NAME] = {"filename", NULL, PKG_QUERY_TEXT, false, false},
    [FILE_MD5] = {"md5", NULL, PKG_QUERY_TEXT, false, false},
    [FILE_SHA1] = {"sha1", NULL, PKG_QUERY_TEXT, false, false},
    [FILE_SHA256] = {"sha256", NULL, PKG_QUERY_TEXT, false, false},
    [FILE_SIZE] = {"size", NULL, PKG_QUERY_NUMBER, false, false},
    {0},
};

static const struct pkg_query_field metadatum_fields[] = {
    {"key", NULL, PKG_QUERY_TEXT, false, false},
    {"value", NULL, PKG_QUERY_TEXT, false, false},
    {0},
};

enum { REF_TYPE, REF_NAME, REF_VERSION };

static const struct pkg_query_field assigned_fields[] = {
    [REF_TYPE] = {"type", NULL, PKG_QUERY_TEXT, false, false},
    [REF_NAME] = {"name", NULL, PKG_QUERY_TEXT, false, false},
    [REF_VERSION] = {"version", NULL, PKG_QUERY_TEXT, false, false},
    {0},
};

static const char *text_of(const struct pkg_node *node)
{
	return node != NULL ? node->text : NULL;
}

static bool one(struct pkg_query_value *out, size_t nth, const char *text)
{
	out->text = text;
	return nth == 0;
}

static bool nth_metadatum(struct pkg_query_value *out, size_t nth,
			  const struct pkg_list *metadata)
{
	const struct pkg_metadatum *d = metadata->items;

	if (nth >= metadata->count)
		return false;
	out->key = rule_text(d[nth].key);
	out->text = text_of(d[nth].value);
	return true;
}

static bool get_of_module(const void *item, size_t field, size_t nth,
			  struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	const struct pkg_module *m = row->item;
	const struct pkg_module_type *t =
	    field == TYPE_NAME && m->type != NULL
		? pkg_manifest_module_type(row->manifest, m->type->text)
		: NULL;

	switch (field) {
	case TYPE_KEY:
		return one(out, nth, text_of(m->type));
	case TYPE_NAME:
		return one(out, nth, t != NULL ? text_of(t->name) : NULL);
	case NAME:
		return one(out, nth, text_of(m->name));
	case DESCRIPTION:
		return one(out, nth, text_of(m->description));
	case VERSION:
		return one(out, nth, text_of(m->version));
	default:
		return nth_metadatum(out, nth, &m->metadata);
	}
}

/*
 * What the server would call complete: there are modules, of every mandatory
 * type.  (That of a module with too few artifacts is not.)
 */
static bool has_type(const struct listing_row *row, const char *key)
{
	const struct pkg_set *s = row->item;
	const struct pkg_either *refs = s->modules.items;
	struct pkg_identity id;

	for (size_t i = 0; i < s->modules.count; i++) {
		if (pkg_manifest_module_ref(row->manifest, &refs[i], &id) &&
		    strcmp(id.type, key) == 0)
			return true;
	}
	return false;
}

static bool is_short(const struct listing_row *row,
		     const struct pkg_either *ref)
{
	const struct pkg_module_type *t;
	struct pkg_identity id;

	if (!pkg_manifest_module_ref(row->manifest, ref, &id) ||
	    id.module == NULL)
		return false;
	t = pkg_manifest_module_type(row->manifest, id.type);
	return t != NULL && t->min_artifacts.value > 0 &&
	       (int64_t)id.module->artifacts.count < t->min_artifacts.value;
}

static bool is_complete(const struct listing_row *row)
{
	const struct pkg_set *s = row->item;
	const struct pkg_either *refs = s->modules.items;
	const struct pkg_set_type *t =
	    s->type != NULL
		? pkg_manifest_set_type(row->manifest, s->type->text)
		: NULL;
	const struct pkg_node *const *keys =
	    t != NULL ? t->mandatory.items : NULL;

	for (size_t i = 0; i < s->modules.count; i++) {
		if (is_short(row, &refs[i]))
			return false;
	}
	for (size_t i = 0; t != NULL && i < t->mandatory.count; i++) {
		if (!has_type(row, rule_text(keys[i])))
			return false;
	}
	return s->modules.count > 0;
}

static bool nth_module(struct pkg_query_value *out, size_t nth,
		       const struct listing_row *row)
{
	const struct pkg_set *s = row->item;
	const struct pkg_either *refs = s->modules.items;
	struct pkg_identity id;

	if (nth >= s->modules.count)
		return false;
	out->text = pkg_manifest_module_ref(row->manifest, &refs[nth], &id)
			? id.name
			: NULL;
	return true;
}

static bool get_of_set(const void *item, size_t field, size_t nth,
		       struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	const struct pkg_set *s = row->item;
	const struct pkg_set_type *t =
	    field == TYPE_NAME && s->type != NULL
		? pkg_manifest_set_type(row->manifest, s->type->text)
		: NULL;

	switch (field) {
	case TYPE_KEY:
		return one(out, nth, text_of(s->type));
	case TYPE_NAME:
		return one(out, nth, t != NULL ? text_of(t->name) : NULL);
	case NAME:
		return one(out, nth, text_of(s->name));
	case DESCRIPTION:
		return one(out, nth, text_of(s->description));
	case VERSION:
		return one(out, nth, text_of(s->version));
	case METADATA:
		return nth_metadatum(out, nth, &s->metadata);
	case MODULE_NAME:
		return nth_module(out, nth, row);
	case VALID: /* nobody has invalidated it yet */
		return one(out, nth, "true");
	default:
		return one(out, nth, is_complete(row) ? "true" : "false");
	}
}

static bool one_number(struct pkg_query_value *out, size_t nth, int64_t number)
{
	out->number = number;
	return nth == 0;
}

static bool get_of_type(const void *item, size_t field, size_t nth,
			struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	const struct pkg_module_type *mt = row->item;
	const struct pkg_set_type *st = row->item;

	switch (field) {
	case KIND_KEY:
		return one(out, nth, text_of(row->of_set ? st->key : mt->key));
	case KIND_NAME:
		return one(out, nth,
			   text_of(row->of_set ? st->name : mt->name));
	case KIND_DESCRIPTION:
		return one(
		    out, nth,
		    text_of(row->of_set ? st->description : mt->description));
	default:
		if (row->of_set)
			return false;
		return one_number(out, nth, pkg_model_max_assignments(mt));
	}
}

static bool get_of_artifact(const void *item, size_t field, size_t nth,
			    struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	const struct pkg_pinned *a = row->item;

	switch (field) {
	case FILE_NAME:
		return one(out, nth, a->filename);
	case FILE_MD5:
		return one(out, nth, a->md5);
	case FILE_SHA1:
		return one(out, nth, a->sha1);
	case FILE_SHA256:
		return one(out, nth, a->sha256);
	default:
		return a->size >= 0 && one_number(out, nth, a->size);
	}
}

static bool get_of_metadatum(const void *item, size_t field, size_t nth,
			     struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	const struct pkg_metadatum *d = row->item;

	return one(out, nth, text_of(field == 0 ? d->key : d->value));
}

static bool get_of_assigned(const void *item, size_t field, size_t nth,
			    struct pkg_query_value *out)
{
	const struct listing_row *row = item;
	struct pkg_identity id;

	if (!pkg_manifest_module_ref(row->manifest, row->item, &id))
		return false;
	return one(out, nth,
		   field == REF_TYPE   ? id.type
		   : field == REF_NAME ? id.name
				       : id.version);
}

static const struct {
	const char *what;
	const struct pkg_query_field *fields;
	bool (*get)(const void *item, size_t field, size_t nth,
		    struct pkg_query_value *out);
} kinds[] = {
    {"modules", module_fields, get_of_module},
    {"sets", set_fields, get_of_set},
    {"types", type_fields, get_of_type},
    {"artifacts", artifact_fields, get_of_artifact},
    {"metadata", metadatum_fields, get_of_metadatum},
    {"assigned", assigned_fields, get_of_assigned},
};

enum pkg_code pkg_listing_filter(struct listing_rows *rows, const char *what,
				 const char *text, struct pkg_err *err)
{
	PKG_AUTO(pkg_query) struct pkg_query *query = NULL;
	size_t k = 0, kept = 0;

	while (strcmp(kinds[k].what, what) != 0)
		k++;
	PKG_TRY(pkg_query_parse(&query, text, kinds[k].fields, err));
	for (size_t i = 0; i < rows->count; i++) {
		const struct pkg_query_item item = {kinds[k].get,
						    &rows->items[i]};
		bool matches;

		PKG_TRY(pkg_query_match(query, &item, &matches, err));
		if (matches)
			rows->items[kept++] = rows->items[i];
	}
	rows->count = kept;
	return PKG_OK;
}
