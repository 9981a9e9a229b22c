/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "schema/internal.h"

#include <string.h>

enum { PREFIX_TEXT = 128 };

/* {"required": ["key"]} */
static void put_required(struct pkg_jsonw *w, const char *key)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "required");
	pkg_jsonw_array(w);
	pkg_jsonw_text(w, key);
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
}

/* {"@word": [{"required": [key]}, ...]} */
static void put_each(struct pkg_jsonw *w, const char *word,
		     const struct pkg_group *group)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, word);
	pkg_jsonw_array(w);
	for (const char *const *k = group->keys; *k != NULL; k++)
		put_required(w, *k);
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
}

/* {"required": [all keys]} */
static void put_all(struct pkg_jsonw *w, const struct pkg_group *group)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "required");
	pkg_jsonw_array(w);
	for (const char *const *k = group->keys; *k != NULL; k++)
		pkg_jsonw_text(w, *k);
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
}

/* {"not": {"anyOf": [{"required": [key]}, ...]}} */
static void put_none(struct pkg_jsonw *w, const struct pkg_group *group)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "not");
	put_each(w, "anyOf", group);
	pkg_jsonw_object_end(w);
}

/* {"anyOf": [one or all of the keys, none of them]} */
static void put_or_none(struct pkg_jsonw *w, const struct pkg_group *group)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "anyOf");
	pkg_jsonw_array(w);
	if (group->rule == PKG_GROUP_AT_MOST_ONE)
		put_each(w, "oneOf", group);
	else
		put_all(w, group);
	put_none(w, group);
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
}

static void put_rule(struct pkg_jsonw *w, const struct pkg_group *group)
{
	switch (group->rule) {
	case PKG_GROUP_EXACTLY_ONE:
		put_each(w, "oneOf", group);
		break;
	case PKG_GROUP_AT_LEAST_ONE:
		put_each(w, "anyOf", group);
		break;
	case PKG_GROUP_ALL:
		put_all(w, group);
		break;
	case PKG_GROUP_NONE:
		put_none(w, group);
		break;
	case PKG_GROUP_AT_MOST_ONE:
	case PKG_GROUP_ALL_OR_NONE:
		put_or_none(w, group);
		break;
	}
}

/* The value of a condition, in the type that its field has. */
static void put_const(struct pkg_jsonw *w, const struct pkg_field *field,
		      const char *value)
{
	int64_t number = 0;

	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "const");
	if (field->kind == PKG_FIELD_BOOL)
		pkg_jsonw_bool(w, strcmp(value, "true") == 0);
	else if (field->kind == PKG_FIELD_INT &&
		 pkg_schema_read_int_(value, &number))
		pkg_jsonw_int(w, number);
	else
		pkg_jsonw_text(w, value);
	pkg_jsonw_object_end(w);
}

static void put_group(struct pkg_jsonw *w, const struct pkg_table *table,
		      const struct pkg_group *group)
{
	if (group->when_key == NULL) {
		put_rule(w, group);
		return;
	}
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "if");
	pkg_jsonw_object(w);
	if (group->when_value != NULL) {
		pkg_jsonw_key(w, "properties");
		pkg_jsonw_object(w);
		pkg_jsonw_key(w, group->when_key);
		put_const(w, pkg_schema_field_(table, group->when_key),
			  group->when_value);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_key(w, "required");
	pkg_jsonw_array(w);
	pkg_jsonw_text(w, group->when_key);
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
	pkg_jsonw_key(w, "then");
	put_rule(w, group);
	pkg_jsonw_object_end(w);
}

static void put_groups(struct pkg_jsonw *w, const struct pkg_table *table)
{
	const struct pkg_group *g = table->groups;

	if (g == NULL || g->keys == NULL)
		return;
	pkg_jsonw_key(w, "allOf");
	pkg_jsonw_array(w);
	for (; g->keys != NULL; g++)
		put_group(w, table, g);
	pkg_jsonw_array_end(w);
}

/* Keys with the prefix @extra: "^" and the prefix, quoted. */
static void put_extra(struct pkg_jsonw *w, const char *extra)
{
	char pattern[PREFIX_TEXT] = "^";
	size_t n = 1;

	for (; *extra != '\0' && n < sizeof(pattern) - 3; extra++) {
		if (strchr("^$\\.*+?()[]{}|/", *extra) != NULL)
			pattern[n++] = '\\';
		pattern[n++] = *extra;
	}
	pattern[n] = '\0';
	pkg_jsonw_key(w, "patternProperties");
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, pattern);
	pkg_jsonw_object(w);
	pkg_jsonw_object_end(w);
	pkg_jsonw_object_end(w);
}

static void put_properties(struct pkg_jsonw *w, const struct pkg_schema *schema,
			   const struct pkg_table *table)
{
	const struct pkg_field *sorted[PKG_SCHEMA_FIELDS];
	size_t count = 0;

	for (const struct pkg_field *f = table->fields; f->name != NULL; f++) {
		size_t i = count++;

		for (; i > 0 && strcmp(sorted[i - 1]->name, f->name) > 0; i--)
			sorted[i] = sorted[i - 1];
		sorted[i] = f;
	}
	pkg_jsonw_key(w, "properties");
	pkg_jsonw_object(w);
	for (size_t i = 0; i < count; i++) {
		pkg_jsonw_key(w, sorted[i]->name);
		pkg_schema_emit_field_(w, schema, sorted[i]);
	}
	pkg_jsonw_object_end(w);
}

static void put_required_list(struct pkg_jsonw *w,
			      const struct pkg_table *table)
{
	bool any = false;

	for (const struct pkg_field *f = table->fields; f->name != NULL; f++) {
		if (!f->required)
			continue;
		if (!any) {
			pkg_jsonw_key(w, "required");
			pkg_jsonw_array(w);
		}
		any = true;
		pkg_jsonw_text(w, f->name);
	}
	if (any)
		pkg_jsonw_array_end(w);
}

static void put_definitions(struct pkg_jsonw *w,
			    const struct pkg_schema *schema)
{
	const char *last = "";

	if (schema->count == 1)
		return;
	pkg_jsonw_key(w, "definitions");
	pkg_jsonw_object(w);
	/* by name, the next greater one each time; there are few */
	for (size_t n = 1; n < schema->count; n++) {
		const struct pkg_table *next = NULL;

		for (size_t i = 1; i < schema->count; i++) {
			const struct pkg_table *t = schema->tables[i];

			if (strcmp(t->name, last) > 0 &&
			    (next == NULL || strcmp(t->name, next->name) < 0))
				next = t;
		}
		if (next == NULL)
			break;
		pkg_jsonw_key(w, next->name);
		pkg_jsonw_object(w);
		pkg_schema_emit_table_(w, schema, next);
		pkg_jsonw_object_end(w);
		last = next->name;
	}
	pkg_jsonw_object_end(w);
}

void pkg_schema_emit_table_(struct pkg_jsonw *w,
			    const struct pkg_schema *schema,
			    const struct pkg_table *table)
{
	pkg_jsonw_bool_member(w, "additionalProperties", false);
	put_groups(w, table);
	if (table == schema->table)
		put_definitions(w, schema);
	if (table->help != NULL)
		pkg_jsonw_str_member(w, "description", table->help);
	if (table->extra != NULL)
		put_extra(w, table->extra);
	put_properties(w, schema, table);
	put_required_list(w, table);
	if (table->title != NULL)
		pkg_jsonw_str_member(w, "title", table->title);
	pkg_jsonw_str_member(w, "type", "object");
}
