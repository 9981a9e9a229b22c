/* SPDX-License-Identifier: Apache-2.0 */
#include "state_table.h"

#include "config.h"

#include "packline/container.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/sink.h"
#include "packline/state.h"
#include "packline/text.h"

#include <string.h>

struct entry {
	const struct pkg_node *at;
	const struct pkg_node *device_config, *manifest_sha256, *name, *tenant;
	struct pkg_int_value sequence;
};

struct document {
	const struct pkg_node *at;
	struct pkg_list entries;
	struct pkg_int_value packline;
	struct pkg_enum_value type;
};

static const char *const types[] = {"state", NULL};

static const struct pkg_field entry_fields[] = {
    {.name = "device_config",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .nullable = true,
     .offset = offsetof(struct entry, device_config),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "For which device config; null if for none."},
    {.name = "manifest_sha256",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct entry, manifest_sha256),
     .pattern = "^[0-9a-f]{64}$",
     .help = "SHA-256 of the manifest that was accepted last."},
    {.name = "name",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct entry, name),
     .min = 1,
     .max = PKG_LIMIT_TEXT_FIELD,
     .bytes = true,
     .help = "Name of the package."},
    {.name = "sequence",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct entry, sequence),
     .min = 0,
     .max = PKG_LIMIT_JSON_INT,
     .help = "Its sequence number: nothing lower is accepted."},
    {.name = "tenant",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct entry, tenant),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Whose it is."},
    {0},
};

static const struct pkg_table entry_table = {
    .name = "entry",
    .help = "The newest package of a name that was accepted.",
    .size = sizeof(struct entry),
    .fields = entry_fields,
};

static const struct pkg_field entry = {.kind = PKG_FIELD_OBJECT,
				       .table = &entry_table};

static const struct pkg_field fields[] = {
    {.name = "entries",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct document, entries),
     .item = &entry,
     .help = "Ascending by tenant, name, device_config (null first)."},
    {.name = "packline",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct document, packline),
     .min = 1,
     .max = 1,
     .help = "Version of this file's form."},
    {.name = "type",
     .kind = PKG_FIELD_ENUM,
     .required = true,
     .offset = offsetof(struct document, type),
     .choices = types,
     .help = "What it is."},
    {0},
};

static const struct pkg_table table = {
    .name = "state",
    .title = "Packline state file",
    .help = "What pkg-verify --state has accepted, against older packages.",
    .size = sizeof(struct document),
    .fields = fields,
};

enum pkg_code pkg_state_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

int pkg_state_row_order(const struct state_row *a, const struct state_row *b)
{
	int order = strcmp(a->tenant, b->tenant);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order != 0)
		return order;
	if (a->device_config == NULL || b->device_config == NULL)
		return (a->device_config != NULL) - (b->device_config != NULL);
	return strcmp(a->device_config, b->device_config);
}

static enum pkg_code bad(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_INPUT, "bad-state", "%s", why);
}

/* Bind the tree; the first finding is what is wrong. */
static enum pkg_code bind_state(struct document *out, struct pkg_arena *arena,
				const struct pkg_node *root,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {.arena = arena};

	PKG_TRY(pkg_schema_new(&schema, &table, err));
	PKG_TRY(pkg_schema_bind(schema, root, out, arena, &diag, err));
	if (diag.errors == 0)
		return PKG_OK;
	return bad(err, diag.first == NULL ? "malformed" : diag.first->text);
}

static enum pkg_code take_row(struct state_row *out, const struct entry *from,
			      struct pkg_err *err)
{
	const char *device =
	    from->device_config == NULL ? NULL : from->device_config->text;

	if (!pkg_container_is_name(from->tenant->text) ||
	    !pkg_container_is_text(from->name->text) ||
	    (device != NULL && !pkg_container_is_name(device)))
		return bad(err, "a name in it is not one that a container has");
	*out = (struct state_row){
	    .tenant = from->tenant->text,
	    .name = from->name->text,
	    .device_config = device,
	    .sequence = (uint64_t)from->sequence.value,
	};
	if (!pkg_hex_decode(out->manifest_sha256, 32,
			    from->manifest_sha256->text,
			    from->manifest_sha256->len))
		return bad(err, "a digest in it is none");
	return PKG_OK;
}

enum pkg_code pkg_state_rows_read(struct state_rows *out,
				  struct pkg_arena *arena, const void *data,
				  size_t len, struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = "state", .data = data, .len = len, .canonical = true};
	struct pkg_node *root = NULL;
	struct document doc = {0};
	struct state_row *rows = NULL;
	const struct entry *entries = NULL;

	if (pkg_json_parse(&root, arena, &input, err) != PKG_OK)
		return err->code == PKG_INPUT ? pkg_because(err, "bad-state")
					      : err->code;
	PKG_TRY(bind_state(&doc, arena, root, err));
	entries = doc.entries.items;
	rows =
	    pkg_arena_array(arena, doc.entries.count + 1, sizeof(*rows), err);
	if (rows == NULL)
		return err->code;
	for (size_t i = 0; i < doc.entries.count; i++) {
		PKG_TRY(take_row(&rows[i], &entries[i], err));
		if (i > 0 && pkg_state_row_order(&rows[i - 1], &rows[i]) >= 0)
			return bad(err, "its entries are not in their order");
	}
	*out = (struct state_rows){rows, doc.entries.count};
	return PKG_OK;
}

enum pkg_code pkg_state_rows_write(struct pkg_buf *out,
				   const struct state_rows *rows,
				   struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_key(&w, "entries");
	pkg_jsonw_array(&w);
	for (size_t i = 0; i < rows->count; i++) {
		const struct state_row *row = &rows->items[i];

		pkg_jsonw_object(&w);
		pkg_jsonw_str_member(&w, "device_config", row->device_config);
		pkg_jsonw_hex_member(&w, "manifest_sha256",
				     row->manifest_sha256, 32);
		pkg_jsonw_str_member(&w, "name", row->name);
		pkg_jsonw_int_member(&w, "sequence", (int64_t)row->sequence);
		pkg_jsonw_str_member(&w, "tenant", row->tenant);
		pkg_jsonw_object_end(&w);
	}
	pkg_jsonw_array_end(&w);
	pkg_jsonw_int_member(&w, "packline", 1);
	pkg_jsonw_str_member(&w, "type", "state");
	pkg_jsonw_object_end(&w);
	if (pkg_jsonw_finish(&w, err) == PKG_OK)
		return PKG_OK;
	if (err->code == PKG_INPUT && err->reason == NULL)
		(void)pkg_because(err, "limit");
	return err->code;
}
