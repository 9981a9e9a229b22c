/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SCHEMA_H
#define PKG_SCHEMA_H

#include "packline/arena.h"
#include "packline/auto.h"
#include "packline/diag.h"
#include "packline/err.h"
#include "packline/node.h"

/*
 * Tables that bind a tree (of lib/yaml or lib/json) to C structs, report all
 * that is wrong with it at once, and are printed as JSON Schema draft-07.
 *
 *     struct artifact {
 *             const struct pkg_node *at;      // always the first member
 *             const struct pkg_node *path;    // PKG_FIELD_STRING
 *             struct pkg_int_value size;      // PKG_FIELD_INT
 *     };
 *     static const struct pkg_field artifact_fields[] = {
 *         {.name = "path", .kind = PKG_FIELD_STRING, .required = true,
 *          .offset = offsetof(struct artifact, path), .min = 1, .max = 4096,
 *          .help = "File, relative to the manifest."},
 *         {.name = "size", .kind = PKG_FIELD_INT,
 *          .offset = offsetof(struct artifact, size), .min = 0,
 *          .max = PKG_LIMIT_JSON_INT, .help = "Bytes."},
 *         {0},
 *     };
 *     static const struct pkg_table artifact_table = {
 *         .name = "artifact", .size = sizeof(struct artifact),
 *         .fields = artifact_fields, .help = "One file of a module."};
 *
 * A member that is absent, null, of the wrong type, or an integer or choice
 * out of range, is bound as absent (all bytes zero): code that goes on after
 * findings must expect NULL even where the field is required.  A text or list
 * of the wrong length or form is bound nevertheless.
 */
enum pkg_field_kind {
	PKG_FIELD_STRING = 1, /* const struct pkg_node * */
	PKG_FIELD_INT,        /* struct pkg_int_value */
	PKG_FIELD_BOOL,       /* struct pkg_bool_value */
	PKG_FIELD_ENUM,       /* struct pkg_enum_value: a string of choices */
	PKG_FIELD_OBJECT,     /* struct T *, of .table, in the arena */
	PKG_FIELD_LIST,       /* struct pkg_list of .item */
	PKG_FIELD_MAP,        /* struct pkg_list of .item; free keys, which the
				 items' nodes know; .pattern is of the keys */
	PKG_FIELD_STRING_OR_OBJECT, /* struct pkg_either, of .table */
	PKG_FIELD_ANY, /* const struct pkg_node *: any tree, unchecked */
};

/* Bound values; `at` is the node, for later findings, NULL = absent. */
struct pkg_int_value {
	const struct pkg_node *at;
	int64_t value;
};

struct pkg_bool_value {
	const struct pkg_node *at;
	bool value;
};

struct pkg_enum_value {
	const struct pkg_node *at;
	size_t index; /* in .choices */
};

struct pkg_either {
	const struct pkg_node *at;
	const struct pkg_node *text; /* a string, or NULL */
	void *object;                /* struct T *, or NULL */
};

/*
 * Items lie side by side, typed by the kind of .item:
 *   STRING, ANY  const struct pkg_node *     INT, BOOL, ENUM  their structs
 *   OBJECT       struct T itself             STRING_OR_OBJECT struct pkg_either
 *   LIST, MAP    struct pkg_list
 * An item that was refused is there, as absent (all zero; an object of the
 * wrong type has only `at`), so that indices are those of the file.
 */
struct pkg_list {
	const struct pkg_node *at;
	void *items;
	size_t count;
};

struct pkg_sink;
struct pkg_table;

struct pkg_field {
	const char *name; /* the key; NULL ends a table (and names no item) */
	enum pkg_field_kind kind;
	bool required; /* the key must be there */
	bool nullable; /* null may stand for the value (in YAML: plain null, ~)
			*/
	bool unique;   /* LIST of STRING, ENUM or INT: no value twice */
	bool bytes; /* min and max of a STRING count bytes, not UTF-16 units */
	size_t offset; /* in the struct; unused for an item */
	/*
	 * INT: range, both 0 = +-PKG_LIMIT_JSON_INT.  STRING: length, min in
	 * code points, max in UTF-16 units or bytes.  LIST, MAP: count.  A max
	 * of 0 is no maximum.
	 */
	int64_t min, max;
	const char *pattern; /* STRING: regular expression that PCRE2 and ECMA
				262 read alike; ^ and $ anchor it */
	const char *const *choices;    /* ENUM: spellings, ends with NULL */
	const struct pkg_table *table; /* OBJECT, STRING_OR_OBJECT */
	const struct pkg_field *item;  /* LIST, MAP */
	const char *help;       /* one or two sentences, for the schema */
	const char *hint;       /* how to mend a wrong value; NULL = generic */
	const char *deprecated; /* a warning when used: what to do instead */
};

/* Rules over the keys of one object. */
enum pkg_group_rule {
	PKG_GROUP_EXACTLY_ONE = 1, /* of the keys must be there */
	PKG_GROUP_AT_LEAST_ONE,
	PKG_GROUP_AT_MOST_ONE,
	PKG_GROUP_ALL,  /* must be there (only useful with when_key) */
	PKG_GROUP_NONE, /* may be there (only useful with when_key) */
	PKG_GROUP_ALL_OR_NONE,
};

struct pkg_group {
	enum pkg_group_rule rule;
	const char *const *keys; /* ends with NULL; NULL ends the groups */
	/*
	 * If not NULL, the rule holds only in objects that have this key, and,
	 * if when_value is not NULL, only if its value is this string.
	 */
	const char *when_key;
	const char *when_value;
	const char *hint; /* how to mend it; NULL = none */
};

struct pkg_table {
	const char *name;  /* of the definition in the schema: [a-z][A-Za-z]* */
	const char *title; /* outermost table: the schema's title; or NULL */
	const char *id;    /* outermost table: the schema's $id; or NULL */
	const char *help;  /* what the object is, one or two sentences */
	size_t size;       /* of the struct, whose first member is
			      const struct pkg_node *at */
	const struct pkg_field *fields; /* ends with a row without name */
	const struct pkg_group *groups; /* ends with a row without keys; NULL */
	const char *extra; /* keys with this prefix are allowed and not bound
			      (an extension point); NULL = none */
};

/* A table with its patterns compiled; not for two threads at once. */
struct pkg_schema;

PKG_API_BEGIN

/*
 * Prepare @table, which is borrowed.
 * @out  receives it; freed with pkg_schema_free().
 * Fails with PKG_INTERNAL if the table is wrong (a pattern that does not
 * compile, a kind without its table or item, two fields of one name),
 * PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_schema_new(struct pkg_schema **out,
					    const struct pkg_table *table,
					    struct pkg_err *err);
void pkg_schema_free(struct pkg_schema *schema); /* NULL is allowed */
/*
 * Bind @node.
 * @out    the struct of the outermost table; overwritten.  It borrows @node.
 * @arena  holds the structs and lists beneath it.
 * @diag   receives every finding, all of them errors but "deprecated":
 *         "unknown-key", "missing-key", "conflicting-keys", "wrong-type",
 *         "wrong-value" (not one of the choices), "out-of-range" (integer),
 *         "too-short", "too-long" (string, list), "wrong-form" (pattern),
 *         "duplicate-item".
 * PKG_OK also with findings: look at diag->errors.  Fails with PKG_SYSTEM if
 * out of memory, PKG_INPUT if the arena is full or a pattern hit its limit.
 */
PKG_MUST_CHECK enum pkg_code pkg_schema_bind(struct pkg_schema *schema,
					     const struct pkg_node *node,
					     void *out, struct pkg_arena *arena,
					     struct pkg_diag *diag,
					     struct pkg_err *err);
/*
 * Print @table as JSON Schema draft-07, pretty, the same bytes every time.
 * A maxLength counts code points there, so it allows a little more than bind
 * where texts leave ASCII; all else is the same, as a test shows.
 * Errors as the sink's; PKG_INTERNAL if the table is wrong.
 */
PKG_MUST_CHECK enum pkg_code pkg_schema_emit(const struct pkg_table *table,
					     struct pkg_sink *sink,
					     struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_schema)

#endif
