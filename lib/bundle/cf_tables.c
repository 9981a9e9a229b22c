/* SPDX-License-Identifier: Apache-2.0 */
#include "cf.h"

#include "packline/limits.h"
#include "packline/schema.h"

#include <stddef.h>

/* The plan for Cloud Foundry, for its schema. */
struct cf_any {
	const struct pkg_node *at, *a, *b, *c, *d;
	struct pkg_int_value number, other;
	struct pkg_list list, more;
	struct cf_any *object, *second;
	struct pkg_enum_value choice;
};

#define TEXT(member, key, must, words)                                         \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.offset = offsetof(struct cf_any, member), .help = (words)     \
	}
#define HEX(member, key, must, words)                                          \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.bytes = true, .offset = offsetof(struct cf_any, member),      \
		.min = 64, .max = 64, .pattern = "^[0-9a-f]+$",                \
		.help = (words)                                                \
	}
#define NUMBER(member, key, low, high, words)                                  \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_INT, .required = true,        \
		.offset = offsetof(struct cf_any, member), .min = (low),       \
		.max = (high), .help = (words)                                 \
	}
#define CHOICE(key, choices_of, words)                                         \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_ENUM, .required = true,       \
		.offset = offsetof(struct cf_any, choice),                     \
		.choices = (choices_of), .help = (words)                       \
	}
#define OBJECT(member, key, sub, must, words)                                  \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_OBJECT, .required = (must),   \
		.offset = offsetof(struct cf_any, member), .table = (sub),     \
		.help = (words)                                                \
	}
#define ITEMS(member, key, sub, words)                                         \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_LIST, .required = true,       \
		.offset = offsetof(struct cf_any, member), .item = (sub),      \
		.help = (words)                                                \
	}
#define ANY(member, key, must, words)                                          \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_ANY, .required = (must),      \
		.offset = offsetof(struct cf_any, member), .help = (words)     \
	}
#define TABLE(variable, title_of, words)                                       \
	static const struct pkg_table variable##_table = {                     \
	    .name = (title_of),                                                \
	    .help = (words),                                                   \
	    .size = sizeof(struct cf_any),                                     \
	    .fields = variable##_fields,                                       \
	};                                                                     \
	static const struct pkg_field variable##_item                          \
	    __attribute__((unused)) = {.kind = PKG_FIELD_OBJECT,               \
				       .table = &variable##_table}

static const char *const get_only[] = {"GET", NULL};
static const char *const post_only[] = {"POST", NULL};
static const char *const plan_only[] = {"plan", NULL};
static const char *const ops[] = {"find-app", "create-package", "upload-bits",
				  NULL};

static const struct pkg_field status_item = {
    .kind = PKG_FIELD_INT, .min = 100, .max = 599};

static const struct pkg_field upload_fields[] = {
    HEX(a, "blob", true, "The body of the request, by its SHA-256."),
    TEXT(b, "contentType", true, "Its header Content-Type."),
    NUMBER(number, "matched", 0, PKG_LIMIT_JSON_INT,
	   "Files that come from the server's cache."),
    HEX(c, "packageSha256", false,
	"The checksum that the server gives the package, if nothing is "
	"matched."),
    NUMBER(other, "size", 0, PKG_LIMIT_JSON_INT, "Bytes of the body."),
    {0},
};
TABLE(upload, "upload", "A multipart/form-data body that is sent as it is.");

static const struct pkg_field request_fields[] = {
    CHOICE("method", post_only, "HTTP method."),
    TEXT(a, "path", true, "Below the server's address; {REF} is a guid."),
    ANY(b, "body", false, "JSON as the API takes it; {REF} is a guid."),
    OBJECT(object, "upload", &upload_table, false, "Instead of a body."),
    {0},
};
TABLE(request, "request", "What is sent.");

static const struct pkg_field lookup_fields[] = {
    CHOICE("method", get_only, "HTTP method."),
    TEXT(a, "path", true, "Below the server's address."),
    ANY(b, "exact", true, "What a result must say exactly."),
    {0},
};
TABLE(lookup, "lookup", "Finds it, in the space that the importer is given.");

static const struct pkg_field step_fields[] = {
    CHOICE("op", ops, "What the step does."),
    TEXT(a, "ref", true, "Name of what it makes or finds."),
    ITEMS(list, "expect", &status_item, "Statuses of success."),
    OBJECT(object, "lookup", &lookup_table, false, "Of find-app."),
    OBJECT(second, "request", &request_table, false, "Of the others."),
    {0},
};
TABLE(step, "step", "One step of the import.");

static const struct pkg_field sbom_fields[] = {
    HEX(a, "blob", true, "Its SHA-256."),
    TEXT(b, "mediaType", true, "What it is."),
    TEXT(c, "ref", true, "The module."),
    NUMBER(number, "size", 0, PKG_LIMIT_JSON_INT, "Bytes."),
    {0},
};
TABLE(sbom, "sbom", "The software bill of materials of a module, a blob.");

static const struct pkg_field product_fields[] = {
    TEXT(a, "name", true, "Name of the bundle."),
    TEXT(b, "version", true, "Version of the bundle."),
    {0},
};
TABLE(product, "product", "Name and version of the bundle.");

static const struct pkg_field plan_fields[] = {
    CHOICE("type", plan_only, "Says that it is a plan."),
    NUMBER(number, "format", 1, 1, "Version of this format: 1."),
    TEXT(a, "target", true, "cloudfoundry."),
    TEXT(b, "tenant", true, "Tenant that it is for."),
    OBJECT(object, "product", &product_table, true,
	   "Name and version of the bundle."),
    ITEMS(list, "sboms", &sbom_item, "Not for the server."),
    ITEMS(more, "steps", &step_item, "In this order."),
    {0},
};

static const struct pkg_table plan_table = {
    .name = "plan",
    .title = "Packline plan for Cloud Foundry",
    .id = "plan-cloudfoundry.schema.json",
    .help = "Steps that bring packages to Cloud Foundry.",
    .size = sizeof(struct cf_any),
    .fields = plan_fields,
};

enum pkg_code pkg_cf_plan_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&plan_table, sink, err);
}
