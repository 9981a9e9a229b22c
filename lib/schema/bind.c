/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/pattern.h"
#include "packline/schema.h"
#include "packline/text.h"
#include "schema/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The functions of this file call each other as deep as the tables nest, and
 * a table that contains itself as deep as the reader allows: 64 levels.
 */
static enum pkg_code bind_value(struct pkg_binder *b,
				const struct pkg_field *field,
				const struct pkg_node *node, void *slot,
				struct pkg_err *err);

/* Bytes of one item in a list of @item. */
static size_t item_size(const struct pkg_field *item)
{
	switch (item->kind) {
	case PKG_FIELD_STRING:
	case PKG_FIELD_ANY:
		return sizeof(const struct pkg_node *);
	case PKG_FIELD_INT:
		return sizeof(struct pkg_int_value);
	case PKG_FIELD_BOOL:
		return sizeof(struct pkg_bool_value);
	case PKG_FIELD_ENUM:
		return sizeof(struct pkg_enum_value);
	case PKG_FIELD_OBJECT:
		return item->table->size;
	case PKG_FIELD_STRING_OR_OBJECT:
		return sizeof(struct pkg_either);
	case PKG_FIELD_LIST:
	case PKG_FIELD_MAP:
		return sizeof(struct pkg_list);
	}
	return 0;
}

static enum pkg_code unknown_key(struct pkg_binder *b,
				 const struct pkg_table *table,
				 const struct pkg_node *value,
				 struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_key_mark(value);
	const char *names[PKG_SCHEMA_FIELDS + 1], *near;
	char key[PKG_SCHEMA_LABEL], known[PKG_ERR_HINT], hint[PKG_ERR_HINT];
	size_t count = 0;

	for (const struct pkg_field *f = table->fields; f->name != NULL; f++)
		names[count++] = f->name;
	names[count] = NULL;
	near = pkg_text_suggest(value->key, names, count);
	if (near != NULL)
		(void)snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	else
		(void)snprintf(
		    hint, sizeof(hint), "keys here are %.200s",
		    pkg_schema_join_(known, sizeof(known), names, " and "));
	return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "unknown-key", &mark,
			    hint, err, "unknown key %s",
			    pkg_schema_quote_(key, value->key));
}

/*
 * The row for @key, looked for from @from on and around: keys mostly stand in
 * the order of the table.
 */
static const struct pkg_field *find_field(const struct pkg_table *table,
					  const struct pkg_field *from,
					  const char *key)
{
	for (const struct pkg_field *f = from; f->name != NULL; f++)
		if (strcmp(f->name, key) == 0)
			return f;
	for (const struct pkg_field *f = table->fields; f != from; f++)
		if (strcmp(f->name, key) == 0)
			return f;
	return NULL;
}

static enum pkg_code check_missing(struct pkg_binder *b,
				   const struct pkg_table *table,
				   const struct pkg_node *node,
				   const bool *seen, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	char label[PKG_SCHEMA_LABEL], hint[PKG_ERR_HINT];

	for (size_t i = 0; table->fields[i].name != NULL; i++) {
		if (seen[i] || !table->fields[i].required)
			continue;
		(void)snprintf(
		    hint, sizeof(hint), "add '%s'%s%s", table->fields[i].name,
		    table->fields[i].help != NULL ? ": " : "",
		    table->fields[i].help != NULL ? table->fields[i].help : "");
		PKG_TRY(pkg_diag_add(
		    b->diag, PKG_SEVERITY_ERROR, "missing-key", &mark, hint,
		    err, "the key '%s' is missing in %s", table->fields[i].name,
		    pkg_schema_label_(label, b, node)));
	}
	return PKG_OK;
}

static enum pkg_code warn_deprecated(struct pkg_binder *b,
				     const struct pkg_field *field,
				     const struct pkg_node *value,
				     struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_key_mark(value);

	if (field->deprecated == NULL)
		return PKG_OK;
	return pkg_diag_add(b->diag, PKG_SEVERITY_WARNING, "deprecated", &mark,
			    field->deprecated, err,
			    "the key '%s' is deprecated", field->name);
}

/*
 * Bind one member of an object.
 * @field  where to look first; receives the row that was found, if any.
 */
static enum pkg_code bind_member(struct pkg_binder *b,
				 const struct pkg_table *table,
				 const struct pkg_field **field,
				 const struct pkg_node *value, void *out,
				 struct pkg_err *err)
{
	const struct pkg_field *found = find_field(table, *field, value->key);

	if (found == NULL && table->extra != NULL &&
	    strncmp(value->key, table->extra, strlen(table->extra)) == 0)
		return PKG_OK;
	if (found == NULL)
		return unknown_key(b, table, value, err);
	*field = found;
	PKG_TRY(warn_deprecated(b, found, value, err));
	return bind_value(b, found, value, (char *)out + found->offset, err);
}

/* Bind the map @node to the zeroed struct @out. */
static enum pkg_code bind_object(struct pkg_binder *b,
				 const struct pkg_table *table,
				 const struct pkg_node *node, void *out,
				 struct pkg_err *err)
{
	const struct pkg_field *field = table->fields;
	bool seen[PKG_SCHEMA_FIELDS] = {false};

	memcpy(out, &node, sizeof(const struct pkg_node *)); /* .at */
	if (node->kind != PKG_NODE_MAP)
		return pkg_schema_wrong_type_(b, node, "a mapping", NULL, err);
	for (const struct pkg_node *v = node->first; v != NULL; v = v->next) {
		PKG_TRY(bind_member(b, table, &field, v, out, err));
		if (field->name != NULL && strcmp(field->name, v->key) == 0)
			seen[field - table->fields] = true;
	}
	PKG_TRY(check_missing(b, table, node, seen, err));
	return pkg_schema_groups_(b, table, node, err);
}

static enum pkg_code bind_new_object(struct pkg_binder *b,
				     const struct pkg_field *field,
				     const struct pkg_node *node, void **slot,
				     struct pkg_err *err)
{
	if (node->kind != PKG_NODE_MAP)
		return pkg_schema_wrong_type_(b, node, "a mapping", field->hint,
					      err);
	*slot = pkg_arena_alloc(b->arena, field->table->size, err);
	if (*slot == NULL)
		return err->code;
	return bind_object(b, field->table, node, *slot, err);
}

static enum pkg_code bind_either(struct pkg_binder *b,
				 const struct pkg_field *field,
				 const struct pkg_node *node,
				 struct pkg_either *slot, struct pkg_err *err)
{
	if (node->kind != PKG_NODE_STRING && node->kind != PKG_NODE_MAP)
		return pkg_schema_wrong_type_(b, node, "a text or a mapping",
					      field->hint, err);
	slot->at = node;
	if (node->kind == PKG_NODE_STRING)
		return pkg_schema_string_(b, field, node, &slot->text, err);
	return bind_new_object(b, field, node, &slot->object, err);
}

static int compare_values(const struct pkg_node *a, const struct pkg_node *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == PKG_NODE_STRING)
		return strcmp(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

static int by_value_and_place(const void *x, const void *y)
{
	const struct pkg_node *a = *(const struct pkg_node *const *)x;
	const struct pkg_node *b = *(const struct pkg_node *const *)y;
	int order = compare_values(a, b);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->col > b->col) - (a->col < b->col);
}

/* Sorted, so that a hostile list of n items costs n log n. */
static enum pkg_code check_unique(struct pkg_binder *b,
				  const struct pkg_node *list,
				  struct pkg_err *err)
{
	const struct pkg_node **sorted = pkg_arena_array(
	    b->arena, list->count, sizeof(const struct pkg_node *), err);
	char value[PKG_SCHEMA_LABEL];
	size_t n = 0;

	if (sorted == NULL)
		return err->code;
	for (const struct pkg_node *v = list->first; v != NULL; v = v->next)
		if (v->kind == PKG_NODE_STRING || v->kind == PKG_NODE_INT)
			sorted[n++] = v;
	qsort(sorted, n, sizeof(const struct pkg_node *), by_value_and_place);
	for (size_t i = 1; i < n; i++) {
		const struct pkg_mark mark = pkg_node_mark(sorted[i]);
		char number[24];

		if (compare_values(sorted[i - 1], sorted[i]) != 0)
			continue;
		(void)snprintf(number, sizeof(number), "%" PRId64,
			       sorted[i]->number);
		PKG_TRY(pkg_diag_add(
		    b->diag, PKG_SEVERITY_ERROR, "duplicate-item", &mark,
		    "remove one of them", err, "%s stands in the list twice",
		    pkg_schema_quote_(value, sorted[i]->kind == PKG_NODE_STRING
						 ? sorted[i]->text
						 : number)));
	}
	return PKG_OK;
}

static enum pkg_code check_count(struct pkg_binder *b,
				 const struct pkg_field *field,
				 const struct pkg_node *node,
				 struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	char label[PKG_SCHEMA_LABEL];

	if (node->count < field->min)
		return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "too-short",
				    &mark, field->hint, err,
				    "%s has %" PRIu32
				    " entries, at least %" PRId64 " are needed",
				    pkg_schema_label_(label, b, node),
				    node->count, field->min);
	if (field->max != 0 && node->count > field->max)
		return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "too-long",
				    &mark, field->hint, err,
				    "%s has %" PRIu32
				    " entries, at most %" PRId64 " are allowed",
				    pkg_schema_label_(label, b, node),
				    node->count, field->max);
	return PKG_OK;
}

/* Bind the items of a list, or the values of a map with free keys. */
static enum pkg_code bind_list(struct pkg_binder *b,
			       const struct pkg_field *field,
			       const struct pkg_node *node,
			       struct pkg_list *slot, struct pkg_err *err)
{
	const bool map = field->kind == PKG_FIELD_MAP;
	size_t size = item_size(field->item);
	char *at;

	if (node->kind != (map ? PKG_NODE_MAP : PKG_NODE_SEQ))
		return pkg_schema_wrong_type_(
		    b, node, map ? "a mapping" : "a list", field->hint, err);
	PKG_TRY(check_count(b, field, node, err));
	at = pkg_arena_array(b->arena, node->count, size, err);
	if (at == NULL)
		return err->code;
	*slot =
	    (struct pkg_list){.at = node, .items = at, .count = node->count};
	for (const struct pkg_node *v = node->first; v != NULL; v = v->next) {
		const struct pkg_mark mark = pkg_node_key_mark(v);

		if (map)
			PKG_TRY(pkg_schema_form_(b, field, v->key,
						 strlen(v->key), &mark, err));
		/* an object as an item lies in the list itself */
		if (field->item->kind == PKG_FIELD_OBJECT)
			PKG_TRY(bind_object(b, field->item->table, v, at, err));
		else
			PKG_TRY(bind_value(b, field->item, v, at, err));
		at += size;
	}
	return field->unique ? check_unique(b, node, err) : PKG_OK;
}

static bool is_null(const struct pkg_node *node)
{
	return node->kind == PKG_NODE_NULL ||
	       (node->kind == PKG_NODE_STRING && node->plain &&
		(strcmp(node->text, "null") == 0 ||
		 strcmp(node->text, "~") == 0));
}

static enum pkg_code bind_value(struct pkg_binder *b,
				const struct pkg_field *field,
				const struct pkg_node *node, void *slot,
				struct pkg_err *err)
{
	if (field->nullable && is_null(node))
		return PKG_OK;
	switch (field->kind) {
	case PKG_FIELD_STRING:
		return pkg_schema_string_(b, field, node, slot, err);
	case PKG_FIELD_INT:
		return pkg_schema_int_(b, field, node, slot, err);
	case PKG_FIELD_BOOL:
		return pkg_schema_bool_(b, field, node, slot, err);
	case PKG_FIELD_ENUM:
		return pkg_schema_enum_(b, field, node, slot, err);
	case PKG_FIELD_OBJECT:
		return bind_new_object(b, field, node, slot, err);
	case PKG_FIELD_LIST:
	case PKG_FIELD_MAP:
		return bind_list(b, field, node, slot, err);
	case PKG_FIELD_STRING_OR_OBJECT:
		return bind_either(b, field, node, slot, err);
	case PKG_FIELD_ANY:
		memcpy(slot, &node, sizeof(const struct pkg_node *));
		return PKG_OK;
	}
	return pkg_fail(err, PKG_INTERNAL, "field '%s' of kind %d", field->name,
			(int)field->kind);
}

enum pkg_code pkg_schema_bind(struct pkg_schema *schema,
			      const struct pkg_node *node, void *out,
			      struct pkg_arena *arena, struct pkg_diag *diag,
			      struct pkg_err *err)
{
	struct pkg_binder b = {
	    .schema = schema, .root = node, .arena = arena, .diag = diag};

	memset(out, 0, schema->table->size);
	return bind_object(&b, schema->table, node, out, err);
}
