/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/schema.h"

#include "packline/num.h"
#include "packline/pattern.h"
#include "schema/internal.h"

#include <stdlib.h>
#include <string.h>

static enum pkg_code wrong(const struct pkg_table *table, const char *key,
			   const char *what, struct pkg_err *err)
{
	return pkg_fail(err, PKG_INTERNAL, "table '%s', key '%s': %s",
			table->name != NULL ? table->name : "?",
			key != NULL ? key : "(item)", what);
}

/* Make room for one more of @size bytes in the array *@items. */
static enum pkg_code grow(void **items, size_t count, size_t *cap, size_t size,
			  struct pkg_err *err)
{
	size_t more = *cap == 0 ? 16 : 2 * *cap, bytes = 0;
	void *p;

	if (count < *cap)
		return PKG_OK;
	p = pkg_mul_size(more, size, &bytes) ? realloc(*items, bytes) : NULL;
	if (p == NULL)
		return pkg_fail_nomem(err);
	*items = p;
	*cap = more;
	return PKG_OK;
}

static enum pkg_code add_table(struct pkg_schema *schema,
			       const struct pkg_table *table,
			       struct pkg_err *err)
{
	void *items = schema->tables;

	for (size_t i = 0; i < schema->count; i++) {
		if (schema->tables[i] == table)
			return PKG_OK;
		if (table->name == NULL ||
		    strcmp(schema->tables[i]->name, table->name) == 0)
			return wrong(table, NULL, "its name is not unique",
				     err);
	}
	PKG_TRY(grow(&items, schema->count, &schema->cap,
		     sizeof(const struct pkg_table *), err));
	schema->tables = items;
	schema->tables[schema->count++] = table;
	return PKG_OK;
}

static enum pkg_code add_pattern(struct pkg_schema *schema,
				 const struct pkg_field *field,
				 struct pkg_err *err)
{
	PKG_AUTO(pkg_pattern) struct pkg_pattern *pattern = NULL;
	void *items = schema->patterns;

	if (pkg_pattern_new(&pattern, PKG_PATTERN_SEARCH, field->pattern,
			    strlen(field->pattern), NULL, err) != PKG_OK) {
		if (err->code == PKG_INPUT)
			err->code = PKG_INTERNAL; /* the table's fault */
		return err->code;
	}
	PKG_TRY(grow(&items, schema->pattern_count, &schema->pattern_cap,
		     sizeof(*schema->patterns), err));
	schema->patterns = items;
	schema->patterns[schema->pattern_count++] =
	    (struct pkg_schema_pattern){field, PKG_STEAL(pattern)};
	return PKG_OK;
}

/* What @field needs is there; its patterns and tables are added. */
static enum pkg_code add_field(struct pkg_schema *schema,
			       const struct pkg_table *table,
			       const struct pkg_field *field,
			       struct pkg_err *err)
{
	for (; field != NULL; field = field->item) {
		const enum pkg_field_kind kind = field->kind;

		if (kind < PKG_FIELD_STRING || kind > PKG_FIELD_ANY)
			return wrong(table, field->name, "unknown kind", err);
		if ((kind == PKG_FIELD_LIST || kind == PKG_FIELD_MAP) !=
		    (field->item != NULL))
			return wrong(table, field->name,
				     ".item belongs to lists and maps", err);
		if ((kind == PKG_FIELD_OBJECT ||
		     kind == PKG_FIELD_STRING_OR_OBJECT) !=
		    (field->table != NULL))
			return wrong(table, field->name,
				     ".table belongs to objects", err);
		if ((kind == PKG_FIELD_ENUM) != (field->choices != NULL))
			return wrong(table, field->name,
				     ".choices belong to an enum", err);
		if (field->pattern != NULL)
			PKG_TRY(add_pattern(schema, field, err));
		if (field->table != NULL)
			PKG_TRY(add_table(schema, field->table, err));
	}
	return PKG_OK;
}

static enum pkg_code check_groups(const struct pkg_table *table,
				  struct pkg_err *err)
{
	const struct pkg_group *g = table->groups;

	for (; g != NULL && g->keys != NULL; g++) {
		for (const char *const *key = g->keys; *key != NULL; key++)
			if (pkg_schema_field_(table, *key) == NULL)
				return wrong(table, *key,
					     "a group names no field", err);
		if (g->when_key != NULL &&
		    pkg_schema_field_(table, g->when_key) == NULL)
			return wrong(table, g->when_key,
				     "a group's condition names no field", err);
	}
	return PKG_OK;
}

/* Tables that @table refers to are added behind it. */
static enum pkg_code add_fields(struct pkg_schema *schema,
				const struct pkg_table *table,
				struct pkg_err *err)
{
	size_t count = 0;

	for (const struct pkg_field *f = table->fields; f->name != NULL; f++) {
		if (++count > PKG_SCHEMA_FIELDS)
			return wrong(table, f->name, "too many fields", err);
		if (pkg_schema_field_(table, f->name) != f)
			return wrong(table, f->name, "named twice", err);
		if (f->offset < sizeof(const struct pkg_node *) ||
		    f->offset >= table->size)
			return wrong(table, f->name,
				     "its offset is outside the struct, or "
				     "on .at",
				     err);
		PKG_TRY(add_field(schema, table, f, err));
	}
	return check_groups(table, err);
}

enum pkg_code pkg_schema_new(struct pkg_schema **out,
			     const struct pkg_table *table, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema)
	struct pkg_schema *schema = calloc(1, sizeof(*schema));

	if (schema == NULL)
		return pkg_fail_nomem(err);
	schema->table = table;
	PKG_TRY(add_table(schema, table, err));
	for (size_t i = 0; i < schema->count; i++)
		PKG_TRY(add_fields(schema, schema->tables[i], err));
	*out = PKG_STEAL(schema);
	return PKG_OK;
}

void pkg_schema_free(struct pkg_schema *schema)
{
	if (schema == NULL)
		return;
	for (size_t i = 0; i < schema->pattern_count; i++)
		pkg_pattern_free(schema->patterns[i].pattern);
	free(schema->patterns);
	free(schema->tables);
	free(schema);
}

const struct pkg_field *pkg_schema_field_(const struct pkg_table *table,
					  const char *key)
{
	for (const struct pkg_field *f = table->fields; f->name != NULL; f++) {
		if (strcmp(f->name, key) == 0)
			return f;
	}
	return NULL;
}
