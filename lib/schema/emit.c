/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "packline/sink.h"
#include "schema/internal.h"

#include <stdio.h>

enum { REF_TEXT = 128 };

static void put_ref(struct pkg_jsonw *w, const struct pkg_schema *schema,
		    const struct pkg_table *table)
{
	char ref[REF_TEXT] = "#";

	if (table != schema->table)
		(void)snprintf(ref, sizeof(ref), "#/definitions/%s",
			       table->name);
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "$ref", ref);
	pkg_jsonw_object_end(w);
}

/* "deprecated" and "description" sort behind all that says what a value is. */
static void put_help(struct pkg_jsonw *w, const struct pkg_field *field)
{
	if (field->deprecated != NULL)
		pkg_jsonw_bool_member(w, "deprecated", true);
	if (field->help != NULL)
		pkg_jsonw_str_member(w, "description", field->help);
}

static void put_type(struct pkg_jsonw *w, const struct pkg_field *field,
		     const char *type)
{
	pkg_jsonw_key(w, "type");
	if (!field->nullable) {
		pkg_jsonw_text(w, type);
		return;
	}
	pkg_jsonw_array(w);
	pkg_jsonw_text(w, type);
	pkg_jsonw_text(w, "null");
	pkg_jsonw_array_end(w);
}

/* JSON Schema counts code points: never more than UTF-16 units or bytes. */
static void put_lengths(struct pkg_jsonw *w, const struct pkg_field *field)
{
	if (field->max != 0)
		pkg_jsonw_int_member(w, "maxLength", field->max);
	if (field->min > 0)
		pkg_jsonw_int_member(w, "minLength", field->min);
	if (field->pattern != NULL)
		pkg_jsonw_str_member(w, "pattern", field->pattern);
}

static void put_counts(struct pkg_jsonw *w, const struct pkg_field *field,
		       const char *max, const char *min)
{
	if (field->max != 0)
		pkg_jsonw_int_member(w, max, field->max);
	if (field->min > 0)
		pkg_jsonw_int_member(w, min, field->min);
}

static void put_string(struct pkg_jsonw *w, const struct pkg_field *field)
{
	put_help(w, field);
	put_lengths(w, field);
	put_type(w, field, "string");
}

static void put_int(struct pkg_jsonw *w, const struct pkg_field *field)
{
	const bool any = field->min == 0 && field->max == 0;

	put_help(w, field);
	pkg_jsonw_int_member(w, "maximum",
			     any ? PKG_LIMIT_JSON_INT : field->max);
	pkg_jsonw_int_member(w, "minimum",
			     any ? -PKG_LIMIT_JSON_INT : field->min);
	put_type(w, field, "integer");
}

static void put_bool(struct pkg_jsonw *w, const struct pkg_field *field)
{
	put_help(w, field);
	put_type(w, field, "boolean");
}

static void put_enum(struct pkg_jsonw *w, const struct pkg_field *field)
{
	put_help(w, field);
	pkg_jsonw_key(w, "enum");
	pkg_jsonw_array(w);
	for (const char *const *choice = field->choices; *choice != NULL;
	     choice++)
		pkg_jsonw_text(w, *choice);
	if (field->nullable)
		pkg_jsonw_null(w);
	pkg_jsonw_array_end(w);
}

static void put_null_schema(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "type", "null");
	pkg_jsonw_object_end(w);
}

/* What stands beside $ref is ignored, so it stands in a list of its own. */
static void put_object(struct pkg_jsonw *w, const struct pkg_schema *schema,
		       const struct pkg_field *field)
{
	pkg_jsonw_key(w, "anyOf");
	pkg_jsonw_array(w);
	if (field->kind == PKG_FIELD_STRING_OR_OBJECT) {
		pkg_jsonw_object(w);
		put_lengths(w, field);
		pkg_jsonw_str_member(w, "type", "string");
		pkg_jsonw_object_end(w);
	}
	put_ref(w, schema, field->table);
	if (field->nullable)
		put_null_schema(w);
	pkg_jsonw_array_end(w);
	put_help(w, field);
}

static void put_list(struct pkg_jsonw *w, const struct pkg_schema *schema,
		     const struct pkg_field *field)
{
	put_help(w, field);
	pkg_jsonw_key(w, "items");
	pkg_schema_emit_field_(w, schema, field->item);
	put_counts(w, field, "maxItems", "minItems");
	put_type(w, field, "array");
	if (field->unique)
		pkg_jsonw_bool_member(w, "uniqueItems", true);
}

static void put_map(struct pkg_jsonw *w, const struct pkg_schema *schema,
		    const struct pkg_field *field)
{
	pkg_jsonw_key(w, "additionalProperties");
	pkg_schema_emit_field_(w, schema, field->item);
	put_help(w, field);
	put_counts(w, field, "maxProperties", "minProperties");
	if (field->pattern != NULL) {
		pkg_jsonw_key(w, "propertyNames");
		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "pattern", field->pattern);
		pkg_jsonw_object_end(w);
	}
	put_type(w, field, "object");
}

void pkg_schema_emit_field_(struct pkg_jsonw *w,
			    const struct pkg_schema *schema,
			    const struct pkg_field *field)
{
	pkg_jsonw_object(w);
	if (field->deprecated != NULL)
		pkg_jsonw_str_member(w, "$comment", field->deprecated);
	switch (field->kind) {
	case PKG_FIELD_STRING:
		put_string(w, field);
		break;
	case PKG_FIELD_INT:
		put_int(w, field);
		break;
	case PKG_FIELD_BOOL:
		put_bool(w, field);
		break;
	case PKG_FIELD_ENUM:
		put_enum(w, field);
		break;
	case PKG_FIELD_OBJECT:
	case PKG_FIELD_STRING_OR_OBJECT:
		put_object(w, schema, field);
		break;
	case PKG_FIELD_LIST:
		put_list(w, schema, field);
		break;
	case PKG_FIELD_MAP:
		put_map(w, schema, field);
		break;
	case PKG_FIELD_ANY:
		put_help(w, field);
		break;
	}
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_schema_emit(const struct pkg_table *table,
			      struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_jsonw w;

	PKG_TRY(pkg_schema_new(&schema, table, err));
	pkg_jsonw_init(&w, sink, PKG_JSONW_PRETTY);
	pkg_jsonw_object(&w);
	if (table->id != NULL)
		pkg_jsonw_str_member(&w, "$id", table->id);
	pkg_jsonw_str_member(&w, "$schema",
			     "http://json-schema.org/draft-07/schema#");
	pkg_schema_emit_table_(&w, schema, table);
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}
