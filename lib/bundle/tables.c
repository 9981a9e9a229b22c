/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

#include "packline/limits.h"
#include "packline/plan.h"
#include "packline/plan_read.h"

#include <stddef.h>

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
const char *const pkg_plan_ops[] = {"find-module-type",
				    "ensure-module-type",
				    "find-module",
				    "ensure-module",
				    "find-artifact",
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

const char *pkg_plan_op_name(enum pkg_plan_op op)
{
	return pkg_plan_ops[op];
}

static const struct pkg_field status_item = {
    .kind = PKG_FIELD_INT, .min = 100, .max = 599};

static const struct pkg_field upload_fields[] = {
    HEX(pkg_plan_upload, blob, "blob", 64, true),
    TEXT(pkg_plan_upload, filename, "filename", true, "Form field."),
    HEX(pkg_plan_upload, md5, "md5sum", 32, false),
    HEX(pkg_plan_upload, sha1, "sha1sum", 40, false),
    HEX(pkg_plan_upload, sha256, "sha256sum", 64, false),
    {0},
};
static const struct pkg_table upload_table = {
    .name = "multipart",
    .help = "Parts of a multipart/form-data body: the part file is the blob "
	    "of that SHA-256, the others are sent as they are.",
    .size = sizeof(struct pkg_plan_upload),
    .fields = upload_fields,
};

#define EITHER_BODY                                                            \
	TEXT(pkg_plan_request, path, "path", true,                             \
	     "Below the server's address; {REF} is an id."),                   \
	    CHOICE(pkg_plan_request, method, "method", methods,                \
		   "HTTP method."),                                            \
	{                                                                      \
		.name = "body", .kind = PKG_FIELD_ANY,                         \
		.offset = offsetof(struct pkg_plan_request, body),             \
		.help = "JSON as the API takes it; {REF} is an id."            \
	}

static const struct pkg_field request_fields[] = {
    EITHER_BODY,
    SUB(pkg_plan_request, multipart, "multipart", &upload_table, false,
	"Instead of a body."),
    {0},
};
static const struct pkg_table request_table = {
    .name = "request",
    .help = "Makes what the lookup does not find.",
    .size = sizeof(struct pkg_plan_request),
    .fields = request_fields,
};

static const struct pkg_field update_fields[] = {
    EITHER_BODY,
    ITEMS(pkg_plan_request, expect, "expect", &status_item, true,
	  "Statuses of success."),
    {0},
};
static const struct pkg_table update_table = {
    .name = "update",
    .help = "Changes what may change, if the lookup finds it different.",
    .size = sizeof(struct pkg_plan_request),
    .fields = update_fields,
};

static const struct pkg_field lookup_fields[] = {
    CHOICE(pkg_plan_lookup, method, "method", get_only, "HTTP method."),
    TEXT(pkg_plan_lookup, path, "path", true, "Below the server's address."),
    TEXT(pkg_plan_lookup, query, "query", false,
	 "Value of q, not yet escaped."),
    {.name = "exact",
     .kind = PKG_FIELD_ANY,
     .required = true,
     .offset = offsetof(struct pkg_plan_lookup, exact),
     .help = "What a result must say exactly; the query may find more."},
    {0},
};
static const struct pkg_table lookup_table = {
    .name = "lookup",
    .help = "Tells whether it is there already.",
    .size = sizeof(struct pkg_plan_lookup),
    .fields = lookup_fields,
};

static const struct pkg_field step_fields[] = {
    CHOICE(pkg_plan_step, op, "op", pkg_plan_ops, "What the step does."),
    TEXT(pkg_plan_step, ref, "ref", true, "Name of what it makes or finds."),
    ITEMS(pkg_plan_step, expect, "expect", &status_item, true,
	  "Statuses of success of the request."),
    SUB(pkg_plan_step, lookup, "lookup", &lookup_table, true, "Comes first."),
    SUB(pkg_plan_step, request, "request", &request_table, false,
	"If the lookup finds nothing; a find step has none."),
    SUB(pkg_plan_step, update, "update", &update_table, false,
	"If the lookup finds something different."),
    {0},
};
static const struct pkg_table step_table = {
    .name = "step",
    .help = "One step of the import.",
    .size = sizeof(struct pkg_plan_step),
    .fields = step_fields,
};
static const struct pkg_field step_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &step_table};

static const struct pkg_field sbom_fields[] = {
    HEX(pkg_plan_sbom, blob, "blob", 64, true),
    TEXT(pkg_plan_sbom, media_type, "mediaType", true, "What it is."),
    TEXT(pkg_plan_sbom, ref, "ref", true, "The module."),
    {.name = "size",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct pkg_plan_sbom, size),
     .min = 0,
     .max = PKG_LIMIT_JSON_INT,
     .help = "Bytes."},
    {0},
};
static const struct pkg_table sbom_table = {
    .name = "sbom",
    .help = "The software bill of materials of a module, a blob.",
    .size = sizeof(struct pkg_plan_sbom),
    .fields = sbom_fields,
};
static const struct pkg_field sbom_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &sbom_table};

static const struct pkg_field product_fields[] = {
    TEXT(pkg_plan_product, name, "name", true, "Name of the bundle."),
    TEXT(pkg_plan_product, version, "version", true, "Version of the bundle."),
    {0},
};
static const struct pkg_table product_table = {
    .name = "product",
    .help = "Name and version of the bundle.",
    .size = sizeof(struct pkg_plan_product),
    .fields = product_fields,
};

static const struct pkg_field plan_fields[] = {
    CHOICE(pkg_plan, type, "type", types, "Says that it is a plan."),
    {.name = "format",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct pkg_plan, format),
     .min = 1,
     .max = 1,
     .help = "Version of this format: 1."},
    CHOICE(pkg_plan, target, "target", targets, "The kind of server."),
    TEXT(pkg_plan, tenant, "tenant", true, "Tenant that it is for."),
    SUB(pkg_plan, product, "product", &product_table, true,
	"Name and version of the bundle."),
    ITEMS(pkg_plan, sboms, "sboms", &sbom_item, true, "Not for the server."),
    ITEMS(pkg_plan, steps, "steps", &step_item, true, "In this order."),
    {0},
};

static const struct pkg_table plan_table = {
    .name = "plan",
    .title = "Packline import plan",
    .id = "plan.schema.json",
    .help = "Steps that bring an update server to what a lock says.",
    .size = sizeof(struct pkg_plan),
    .fields = plan_fields,
};

enum pkg_code pkg_plan_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&plan_table, sink, err);
}

static enum pkg_code fill(struct pkg_plan *plan, struct pkg_arena *arena,
			  const struct pkg_node *root, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {.arena = arena};
	const struct pkg_finding *f;

	PKG_TRY(pkg_schema_new(&schema, &plan_table, err));
	PKG_TRY(pkg_schema_bind(schema, root, plan, arena, &diag, err));
	if (diag.errors == 0)
		return PKG_OK;
	f = diag.first;
	return pkg_refuse(err, PKG_INPUT, "malformed-plan", "%s:%u: %s [%s]",
			  f->file == NULL ? "plan" : f->file, f->line, f->text,
			  f->rule);
}

enum pkg_code pkg_plan_read(struct pkg_plan **out, struct pkg_arena *arena,
			    const struct pkg_json_input *input,
			    struct pkg_err *err)
{
	struct pkg_plan *plan = pkg_arena_alloc(arena, sizeof(*plan), err);
	struct pkg_node *root = NULL;

	if (plan == NULL)
		return err->code;
	PKG_TRY(pkg_json_parse(&root, arena, input, err));
	PKG_TRY(fill(plan, arena, root, err));
	*out = plan;
	return PKG_OK;
}
