/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/receipt.h"

#include "plan_writer.h"

#include "packline/diag.h"
#include "packline/limits.h"
#include "packline/map.h"
#include "packline/path.h"
#include "packline/schema.h"

#include <stddef.h>
#include <string.h>

/* The shape of a receipt, as a reader binds it. */
struct product {
	const struct pkg_node *at, *name, *version;
};

struct step {
	const struct pkg_node *at, *ref, *md5, *sha1, *sha256;
	struct pkg_enum_value op, action;
	struct pkg_int_value id, status, size;
};

struct receipt {
	const struct pkg_node *at, *manifest_sha256, *server, *tenant;
	struct pkg_int_value format;
	struct pkg_enum_value type, target;
	struct product *product;
	struct pkg_list steps;
};

#define MEMBER(of, member, as, must, what)                                     \
	.name = #member, .kind = (as), .required = (must),                     \
	.offset = offsetof(struct of, member), .help = (what)
#define TEXT(of, member, what)                                                 \
	{                                                                      \
		MEMBER(of, member, PKG_FIELD_STRING, true, what)               \
	}
#define HEX(of, member, digits, must, what)                                    \
	{                                                                      \
		MEMBER(of, member, PKG_FIELD_STRING, must, what),              \
		    .bytes = true, .min = (digits), .max = (digits),           \
		    .pattern = "^[0-9a-f]+$"                                   \
	}
#define COUNT(of, member, what)                                                \
	{                                                                      \
		MEMBER(of, member, PKG_FIELD_INT, false, what),                \
		    .min = 0, .max = PKG_LIMIT_JSON_INT                        \
	}

static const char *const types[] = {"receipt", NULL};
static const char *const targets[] = {"hawkbit", NULL};
static const char *const actions[] = {"created", "updated", "unchanged",
				      "found", NULL};
static const struct pkg_field product_fields[] = {
    TEXT(product, name, "Name of the bundle."),
    TEXT(product, version, "Version of the bundle."),
    {0},
};
static const struct pkg_table product_table = {
    .name = "product",
    .help = "Name and version of the bundle.",
    .size = sizeof(struct product),
    .fields = product_fields,
};

static const struct pkg_field step_fields[] = {
    {MEMBER(step, action, PKG_FIELD_ENUM, true, "What was done."),
     .choices = actions},
    COUNT(step, id, "The server's; left out where there is none."),
    HEX(step, md5, 32, false, "Of an artifact, as the server has it."),
    {MEMBER(step, op, PKG_FIELD_ENUM, true, "Of the plan's step."),
     .choices = pkg_plan_ops},
    TEXT(step, ref, "Of the plan's step."),
    HEX(step, sha1, 40, false, "Of an artifact, as the server has it."),
    HEX(step, sha256, 64, false, "Of an artifact, as the server has it."),
    COUNT(step, size, "Bytes of an artifact."),
    COUNT(step, status,
	  "HTTP status of the last change; left out if nothing "
	  "was changed."),
    {0},
};
static const struct pkg_table step_table = {
    .name = "step",
    .help = "What came of one step of the plan.",
    .size = sizeof(struct step),
    .fields = step_fields,
};
static const struct pkg_field step_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &step_table};

static const struct pkg_field receipt_fields[] = {
    {MEMBER(receipt, format, PKG_FIELD_INT, true, "Version of this format: 1."),
     .min = 1, .max = 1},
    HEX(receipt, manifest_sha256, 64, true, "Identity of the bundle."),
    {MEMBER(receipt, product, PKG_FIELD_OBJECT, true,
	    "Name and version of the bundle."),
     .table = &product_table},
    TEXT(receipt, server, "Address of the server."),
    {MEMBER(receipt, steps, PKG_FIELD_LIST, true, "In the order of the plan."),
     .item = &step_item},
    {MEMBER(receipt, target, PKG_FIELD_ENUM, true, "The kind of server."),
     .choices = targets},
    TEXT(receipt, tenant, "Tenant that the bundle is for."),
    {MEMBER(receipt, type, PKG_FIELD_ENUM, true, "Says that it is a receipt."),
     .choices = types},
    {0},
};
static const struct pkg_table receipt_table = {
    .name = "receipt",
    .title = "Packline receipt of an import",
    .id = "receipt.schema.json",
    .help = "What a server had after an import, with its ids.",
    .size = sizeof(struct receipt),
    .fields = receipt_fields,
};

enum pkg_code pkg_receipt_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&receipt_table, sink, err);
}

/* -- writing -- */

static void put_text(struct pkg_jsonw *w, const char *key, const char *text)
{
	if (text != NULL)
		pkg_jsonw_str_member(w, key, text);
}

static void put_number(struct pkg_jsonw *w, const char *key, int64_t number)
{
	if (number != 0)
		pkg_jsonw_int_member(w, key, number);
}

static void put_step(struct pkg_jsonw *w, const struct pkg_receipt_step *s)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "action", s->action);
	put_number(w, "id", s->id);
	put_text(w, "md5", s->md5);
	pkg_jsonw_str_member(w, "op", s->op);
	pkg_jsonw_str_member(w, "ref", s->ref);
	put_text(w, "sha1", s->sha1);
	put_text(w, "sha256", s->sha256);
	put_number(w, "size", s->size);
	put_number(w, "status", s->status);
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_receipt_write(const struct pkg_receipt *receipt,
				struct pkg_sink *sink, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_str_member(&w, "manifest_sha256", receipt->manifest_sha256);
	pkg_jsonw_key(&w, "product");
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "name", receipt->product_name);
	pkg_jsonw_str_member(&w, "version", receipt->product_version);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_str_member(&w, "server", receipt->server);
	pkg_jsonw_key(&w, "steps");
	pkg_jsonw_array(&w);
	for (size_t i = 0; i < receipt->count; i++)
		put_step(&w, &receipt->steps[i]);
	pkg_jsonw_array_end(&w);
	pkg_jsonw_str_member(&w, "target", "hawkbit");
	pkg_jsonw_str_member(&w, "tenant", receipt->tenant);
	pkg_jsonw_str_member(&w, "type", "receipt");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* -- reading -- */

static enum pkg_code fill(struct receipt *out, struct pkg_arena *arena,
			  const struct pkg_node *root, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {.arena = arena};

	PKG_TRY(pkg_schema_new(&schema, &receipt_table, err));
	PKG_TRY(pkg_schema_bind(schema, root, out, arena, &diag, err));
	if (diag.errors == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "malformed-receipt", "%s: %s [%s]",
			 root->source, diag.first->text, diag.first->rule);
	return pkg_hint(err, "a receipt is what pkg-import --receipt writes");
}

static enum pkg_code read_receipt(struct receipt *out, struct pkg_arena *arena,
				  int dirfd, const char *path,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_RECEIPT_JSON};
	struct pkg_json_input input = {
	    .name = path, .max_depth = PKG_LIMIT_LOCK_DEPTH, .canonical = true};
	struct pkg_node *root = NULL;

	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	input.data = text.data;
	input.len = text.len;
	/* One value and its newline: the newline is the line's. */
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		input.len--;
	if (pkg_json_parse(&root, arena, &input, err) != PKG_OK)
		return pkg_hint(err, "a receipt is what pkg-import --receipt "
				     "writes");
	return fill(out, arena, root, err);
}

static enum pkg_code index_steps(struct pkg_map *by_ref,
				 const struct receipt *receipt,
				 struct pkg_err *err)
{
	const struct step *steps = receipt->steps.items;
	const void *before;

	for (size_t i = 0; i < receipt->steps.count; i++) {
		if (steps[i].sha256 != NULL)
			PKG_TRY(pkg_map_add(by_ref, steps[i].ref->text,
					    &steps[i], &before, err));
	}
	return PKG_OK;
}

static bool has(const struct pkg_map *by_ref, const char *ref,
		const struct pkg_pinned *a)
{
	const struct step *step = pkg_map_get(by_ref, ref);

	return step != NULL && pkg_node_is(step->sha256, a->sha256) &&
	       step->size.value == a->size;
}

static enum pkg_code mark(struct pkg_manifest *lock, struct pkg_arena *arena,
			  const struct pkg_map *by_ref, size_t *known,
			  struct pkg_err *err)
{
	const struct pkg_module *modules = lock->modules.items;
	struct plan p = {.lock = lock, .arena = arena};

	for (size_t i = 0; i < lock->modules.count; i++) {
		const struct pkg_identity id =
		    pkg_plan_module_identity(&modules[i]);
		struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			const char *ref = pkg_plan_artifact_ref(&p, &id, &a[k]);

			if (p.err.code != PKG_OK) {
				*err = p.err;
				return err->code;
			}
			a[k].known = has(by_ref, ref, &a[k]);
			*known += a[k].known;
		}
	}
	return PKG_OK;
}

enum pkg_code pkg_receipt_known(struct pkg_manifest *lock,
				struct pkg_arena *arena, int dirfd,
				const char *path, size_t *known,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *own = NULL;
	PKG_AUTO_FINI(pkg_map) struct pkg_map by_ref = {0};
	struct receipt receipt = {0};

	*known = 0;
	PKG_TRY(pkg_arena_new(&own, PKG_LIMIT_ARENA, err));
	PKG_TRY(read_receipt(&receipt, own, dirfd, path, err));
	PKG_TRY(index_steps(&by_ref, &receipt, err));
	return mark(lock, arena, &by_ref, known, err);
}
