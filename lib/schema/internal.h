/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_INTERNAL_H
#define SCHEMA_INTERNAL_H

#include "packline/schema.h"

enum { PKG_SCHEMA_FIELDS = 64 }; /* of one table */

struct pkg_pattern;

/* A pattern of the tables, compiled. */
struct pkg_schema_pattern {
	const struct pkg_field *field;
	struct pkg_pattern *pattern; /* owned */
};

struct pkg_schema {
	const struct pkg_table *table;
	/* every table within reach, the outermost first */
	const struct pkg_table **tables;
	size_t count, cap;
	struct pkg_schema_pattern *patterns;
	size_t pattern_count, pattern_cap;
};

/* One pkg_schema_bind() in progress. */
struct pkg_binder {
	const struct pkg_schema *schema;
	const struct pkg_node *root;
	struct pkg_arena *arena;
	struct pkg_diag *diag;
};

enum { PKG_SCHEMA_LABEL = 80 };

/* What messages call @node: its key in quotes, or "the item". */
const char *pkg_schema_label_(char out[static PKG_SCHEMA_LABEL],
			      const struct pkg_binder *b,
			      const struct pkg_node *node);
/* @text in quotes, cut if it is long. */
const char *pkg_schema_quote_(char out[static PKG_SCHEMA_LABEL],
			      const char *text);
/* "a text", "a list", ... */
const char *pkg_schema_kind_(const struct pkg_node *node);
/* The finding that @node is not @wanted. */
PKG_MUST_CHECK enum pkg_code pkg_schema_wrong_type_(struct pkg_binder *b,
						    const struct pkg_node *node,
						    const char *wanted,
						    const char *hint,
						    struct pkg_err *err);
/*
 * Names as text: "'a', 'b' @last_word 'c'", cut to fit.
 * @names  ends with NULL.
 */
const char *pkg_schema_join_(char *out, size_t cap, const char *const *names,
			     const char *last_word);

/* Bind one value that is neither map nor list to *@slot. */
PKG_MUST_CHECK enum pkg_code pkg_schema_string_(struct pkg_binder *b,
						const struct pkg_field *field,
						const struct pkg_node *node,
						const struct pkg_node **slot,
						struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_schema_int_(struct pkg_binder *b,
					     const struct pkg_field *field,
					     const struct pkg_node *node,
					     struct pkg_int_value *slot,
					     struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_schema_bool_(struct pkg_binder *b,
					      const struct pkg_field *field,
					      const struct pkg_node *node,
					      struct pkg_bool_value *slot,
					      struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_schema_enum_(struct pkg_binder *b,
					      const struct pkg_field *field,
					      const struct pkg_node *node,
					      struct pkg_enum_value *slot,
					      struct pkg_err *err);
/*
 * The integer that @text spells, in one spelling only: no sign but a minus, no
 * leading zero, no -0, within 2^53 - 1; false if it is none.
 */
bool pkg_schema_read_int_(const char *text, int64_t *number);
/* Try the pattern of @field on @text; @mark is where the text stands. */
PKG_MUST_CHECK enum pkg_code pkg_schema_form_(struct pkg_binder *b,
					      const struct pkg_field *field,
					      const char *text, size_t len,
					      const struct pkg_mark *mark,
					      struct pkg_err *err);

/* Check the groups of @table in the map @node. */
PKG_MUST_CHECK enum pkg_code pkg_schema_groups_(struct pkg_binder *b,
						const struct pkg_table *table,
						const struct pkg_node *node,
						struct pkg_err *err);

/* The row of @table with the name @key, or NULL. */
const struct pkg_field *pkg_schema_field_(const struct pkg_table *table,
					  const char *key);

struct pkg_jsonw;

/* Print what @field says about a value. */
void pkg_schema_emit_field_(struct pkg_jsonw *w,
			    const struct pkg_schema *schema,
			    const struct pkg_field *field);
/*
 * Print the members of an object schema, "additionalProperties" and on; the
 * outermost table's with the definitions of the others.
 */
void pkg_schema_emit_table_(struct pkg_jsonw *w,
			    const struct pkg_schema *schema,
			    const struct pkg_table *table);

#endif
