/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SCHEMA_SAMPLE_H
#define UNIT_SCHEMA_SAMPLE_H

#include "packline/schema.h"

/* A small product with something of everything. */
struct part {
	const struct pkg_node *at;
	const struct pkg_node *path, *glob;
	struct pkg_int_value size;
	struct pkg_list exclude;
};

struct owner {
	const struct pkg_node *at;
	const struct pkg_node *name;
};

struct product {
	const struct pkg_node *at;
	struct pkg_int_value format;
	const struct pkg_node *name, *note;
	struct pkg_bool_value external;
	struct pkg_enum_value kind;
	struct owner *owner;
	struct pkg_list parts;
	struct pkg_list needs;
	struct pkg_list labels;
	const struct pkg_node *ext;
	const struct pkg_node *forcetime;
};

static const struct pkg_field text_item = {
    .kind = PKG_FIELD_STRING, .min = 1, .max = 8};

static const struct pkg_field part_fields[] = {
    {.name = "path",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct part, path),
     .min = 1,
     .max = 16,
     .help = "One file."},
    {.name = "glob",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct part, glob),
     .min = 1},
    {.name = "size",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct part, size),
     .min = 1,
     .max = 100},
    {.name = "exclude",
     .kind = PKG_FIELD_LIST,
     .offset = offsetof(struct part, exclude),
     .unique = true,
     .item = &text_item},
    {0},
};

static const struct pkg_group part_groups[] = {
    {.rule = PKG_GROUP_EXACTLY_ONE,
     .keys = (const char *const[]){"path", "glob", NULL},
     .hint = "name one file or a glob"},
    {.rule = PKG_GROUP_NONE,
     .keys = (const char *const[]){"exclude", NULL},
     .when_key = "path"},
    {0},
};

static const struct pkg_table part_table = {
    .name = "part",
    .size = sizeof(struct part),
    .fields = part_fields,
    .groups = part_groups,
    .help = "What goes in.",
};

static const struct pkg_field owner_fields[] = {
    {.name = "name",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct owner, name)},
    {0},
};

static const struct pkg_table owner_table = {.name = "owner",
					     .size = sizeof(struct owner),
					     .fields = owner_fields,
					     .extra = "x-"};

static const struct pkg_field part_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &part_table};
static const struct pkg_field need_item = {
    .kind = PKG_FIELD_STRING_OR_OBJECT, .table = &owner_table, .min = 1};

static const struct pkg_field product_fields[] = {
    {.name = "format",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct product, format),
     .min = 1,
     .max = 1,
     .help = "Version of this form."},
    {.name = "name",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct product, name),
     .min = 2,
     .max = 6,
     .pattern = "^[a-z][a-z0-9-]*$",
     .hint = "a name is lower-case letters, digits and dashes"},
    {.name = "note",
     .kind = PKG_FIELD_STRING,
     .nullable = true,
     .bytes = true,
     .offset = offsetof(struct product, note),
     .max = 4,
     .deprecated = "use labels"},
    {.name = "external",
     .kind = PKG_FIELD_BOOL,
     .offset = offsetof(struct product, external)},
    {.name = "kind",
     .kind = PKG_FIELD_ENUM,
     .offset = offsetof(struct product, kind),
     .choices = (const char *const[]){"soft", "forced", "timeforced", NULL}},
    {.name = "owner",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct product, owner),
     .table = &owner_table},
    {.name = "parts",
     .kind = PKG_FIELD_LIST,
     .offset = offsetof(struct product, parts),
     .min = 1,
     .max = 3,
     .item = &part_item},
    {.name = "needs",
     .kind = PKG_FIELD_LIST,
     .offset = offsetof(struct product, needs),
     .item = &need_item},
    {.name = "labels",
     .kind = PKG_FIELD_MAP,
     .offset = offsetof(struct product, labels),
     .max = 2,
     .pattern = "^[a-z]+$",
     .item = &text_item},
    {.name = "ext",
     .kind = PKG_FIELD_ANY,
     .offset = offsetof(struct product, ext)},
    {.name = "forcetime",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct product, forcetime)},
    {0},
};

static const struct pkg_group product_groups[] = {
    {.rule = PKG_GROUP_ALL,
     .keys = (const char *const[]){"forcetime", NULL},
     .when_key = "kind",
     .when_value = "timeforced"},
    {.rule = PKG_GROUP_AT_MOST_ONE,
     .keys = (const char *const[]){"owner", "external", NULL}},
    {0},
};

static const struct pkg_table product_table = {
    .name = "product",
    .title = "A product",
    .id = "https://example.org/product.schema.json",
    .help = "The outermost mapping.",
    .size = sizeof(struct product),
    .fields = product_fields,
    .groups = product_groups,
};

#endif
