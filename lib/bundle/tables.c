/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/plan.h"
#include "packline/schema.h"

#include <stddef.h>

/* The shape of a plan, for schemas/plan.schema.json. */
struct plan_product {
	const struct pkg_node *at, *name, *version;
};

struct plan_upload {
	const struct pkg_node *at, *blob, *filename, *md5, *sha1, *sha256;
};

struct plan_request {
	const struct pkg_node *at, *path, *body;
	struct pkg_enum_value method;
	struct pkg_list expect;
	struct plan_upload *multipart;
};

struct plan_lookup {
	const struct pkg_node *at, *path, *query, *exact;
	struct pkg_enum_value method;
};

struct plan_step {
	const struct pkg_node *at, *ref;
	struct pkg_enum_value op;
	struct pkg_list expect;
	struct plan_lookup *lookup;
	struct plan_request *request, *update;
};

struct plan_sbom {
	const struct pkg_node *at, *blob, *ref, *media_type;
	struct pkg_int_value size;
};

struct plan_root {
	const struct pkg_node *at, *tenant;
	struct pkg_int_value format;
	struct pkg_enum_value type, target;
	struct plan_product *product;
	struct pkg_list sboms, steps;
};

#define TEXT(of, member, key, must, words)                                     \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.offset = offsetof(struct of, member), .help = (words)         \
	}
#define HEX(of, member, key, digits, must)                                     \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.bytes = true, .offset = offsetof(struct of, member),          \
		.min = (digits), .max = (digits), .pattern = "^[0-9a-f]+$",    \
		.help = "Lower-case hexadecimal digits."                       \
	}
#define SUB(of, member, key, sub, must, words)                                 \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_OBJECT, .required = (must),   \
		.offset = offsetof(struct of, member), .table = (sub),         \
		.help = (words)                                                \
	}
#define CHOICE(of, member, key, words_of, words)                               \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_ENUM, .required = true,       \
		.offset = offsetof(struct of, member), .choices = (words_of),  \
		.help = (words)                                                \
	}
#define ITEMS(of, member, key, sub, must, words)                               \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_LIST, .required = (must),     \
		.offset = offsetof(struct of, member), .item = (sub),          \
		.help = (words)                                                \
	}

static const char *const get_only[] = {"GET", NULL};
static const char *const methods[] = {"POST", "PUT", NULL};
static const char *const types[] = {"plan", NULL};
static const char *const targets[] = {"hawkbit", NULL};
static const char *const ops[] = {"find-module-type",
				  "ensure-module-type",
				  "find-module",
				  "ensure-module",
				  "ensure-artifact",
				  "ensure-module-metadata",
				  "ensure-set-type",
				  "find-set",
				  "ensure-set",
				  "ensure-set-metadata",
				  "ensure-target-filter",
				  "auto-assign",
				  "assign",
				  "ensure-rollout",
				  NULL};

static const struct pkg_field status_item = {
    .kind = PKG_FIELD_INT, .min = 100, .max = 599};

static const struct pkg_field upload_fields[] = {
    HEX(plan_upload, blob, "blob", 64, true),
    TEXT(plan_upload, filename, "filename", true, "Form field."),
    HEX(plan_upload, md5, "md5sum", 32, false),
    HEX(plan_upload, sha1, "sha1sum", 40, false),
    HEX(plan_upload, sha256, "sha256sum", 64, false),
    {0},
};
static const struct pkg_table upload_table = {
    .name = "multipart",
    .help = "Parts of a multipart/form-data body: the part file is the blob "
	    "of that SHA-256, the others are sent as they are.",
    .size = sizeof(struct plan_upload),
    .fields = upload_fields,
};

#define EITHER_BODY                                                            \
	TEXT(plan_request, path, "path", true,                                 \
	     "Below the server's address; {REF} is an id."),                   \
	    CHOICE(plan_request, method, "method", methods, "HTTP method."),   \
	{                                                                      \
		.name = "body", .kind = PKG_FIELD_ANY,                         \
		.offset = offsetof(struct plan_request, body),                 \
		.help = "JSON as the API takes it; {REF} is an id."            \
	}

static const struct pkg_field request_fields[] = {
    EITHER_BODY,
    SUB(plan_request, multipart, "multipart", &upload_table, false,
	"Instead of a body."),
    {0},
};
static const struct pkg_table request_table = {
    .name = "request",
    .help = "Makes what the lookup does not find.",
    .size = sizeof(struct plan_request),
    .fields = request_fields,
};

static const struct pkg_field update_fields[] = {
    EITHER_BODY,
    ITEMS(plan_request, expect, "expect", &status_item, true,
	  "Statuses of success."),
    {0},
};
static const struct pkg_table update_table = {
    .name = "update",
    .help = "Changes what may change, if the lookup finds it different.",
    .size = sizeof(struct plan_request),
    .fields = update_fields,
};

static const struct pkg_field lookup_fields[] = {
    CHOICE(plan_lookup, method, "method", get_only, "HTTP method."),
    TEXT(plan_lookup, path, "path", true, "Below the server's address."),
    TEXT(plan_lookup, query, "query", false, "Value of q, not yet escaped."),
    {.name = "exact",
     .kind = PKG_FIELD_ANY,
     .required = true,
     .offset = offsetof(struct plan_lookup, exact),
     .help = "What a result must say exactly; the query may find more."},
    {0},
};
static const struct pkg_table lookup_table = {
    .name = "lookup",
    .help = "Tells whether it is there already.",
    .size = sizeof(struct plan_lookup),
    .fields = lookup_fields,
};

static const struct pkg_field step_fields[] = {
    CHOICE(plan_step, op, "op", ops, "What the step does."),
    TEXT(plan_step, ref, "ref", true, "Name of what it makes or finds."),
    ITEMS(plan_step, expect, "expect", &status_item, true,
	  "Statuses of success of the request."),
    SUB(plan_step, lookup, "lookup", &lookup_table, true, "Comes first."),
    SUB(plan_step, request, "request", &request_table, false,
	"If the lookup finds nothing; a find step has none."),
    SUB(plan_step, update, "update", &update_table, false,
	"If the lookup finds something different."),
    {0},
};
static const struct pkg_table step_table = {
    .name = "step",
    .help = "One step of the import.",
    .size = sizeof(struct plan_step),
    .fields = step_fields,
};
static const struct pkg_field step_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &step_table};

static const struct pkg_field sbom_fields[] = {
    HEX(plan_sbom, blob, "blob", 64, true),
    TEXT(plan_sbom, media_type, "mediaType", true, "What it is."),
    TEXT(plan_sbom, ref, "ref", true, "The module."),
    {.name = "size",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct plan_sbom, size),
     .min = 0,
     .max = PKG_LIMIT_JSON_INT,
     .help = "Bytes."},
    {0},
};
static const struct pkg_table sbom_table = {
    .name = "sbom",
    .help = "The software bill of materials of a module, a blob.",
    .size = sizeof(struct plan_sbom),
    .fields = sbom_fields,
};
static const struct pkg_field sbom_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &sbom_table};

static const struct pkg_field product_fields[] = {
    TEXT(plan_product, name, "name", true, "Name of the bundle."),
    TEXT(plan_product, version, "version", true, "Version of the bundle."),
    {0},
};
static const struct pkg_table product_table = {
    .name = "product",
    .help = "Name and version of the bundle.",
    .size = sizeof(struct plan_product),
    .fields = product_fields,
};

static const struct pkg_field plan_fields[] = {
    CHOICE(plan_root, type, "type", types, "Says that it is a plan."),
    {.name = "format",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct plan_root, format),
     .min = 1,
     .max = 1,
     .help = "Version of this format: 1."},
    CHOICE(plan_root, target, "target", targets, "The kind of server."),
    TEXT(plan_root, tenant, "tenant", true, "Tenant that it is for."),
    SUB(plan_root, product, "product", &product_table, true,
	"Name and version of the bundle."),
    ITEMS(plan_root, sboms, "sboms", &sbom_item, true, "Not for the server."),
    ITEMS(plan_root, steps, "steps", &step_item, true, "In this order."),
    {0},
};

static const struct pkg_table plan_table = {
    .name = "plan",
    .title = "Packline import plan",
    .id = "plan.schema.json",
    .help = "Steps that bring an update server to what a lock says.",
    .size = sizeof(struct plan_root),
    .fields = plan_fields,
};

enum pkg_code pkg_plan_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&plan_table, sink, err);
}
