/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/json.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

/* -- reading -- */

enum pkg_code pkg_batch_fields(struct fields *self, struct pkg_arena *tree,
			       const void *data, size_t len,
			       struct pkg_err *err)
{
	const struct pkg_node *root = NULL;

	self->reason = "batch-damaged";
	if (pkg_fields_parse(self, tree, data, len, &root, err) != PKG_OK)
		return err->code == PKG_INPUT ? pkg_because(err, self->reason)
					      : pkg_failed_(err->code);
	return PKG_OK;
}

enum pkg_code pkg_batch_fields_bool(struct fields *self, const char *key,
				    bool *out, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_BOOL, 0, &node, err));
	*out = node->truth;
	return PKG_OK;
}

enum pkg_code pkg_batch_fields_u64(struct fields *self, const char *key,
				   uint64_t max, uint64_t *out,
				   struct pkg_err *err)
{
	int64_t value = 0;

	PKG_TRY(pkg_fields_int(self, key, (int64_t)max, 0, &value, err));
	*out = (uint64_t)value;
	return PKG_OK;
}

enum pkg_code pkg_batch_fields_optional(struct fields *self, const char *key,
					bool *has, uint8_t out[static 32],
					struct pkg_err *err)
{
	*has = pkg_fields_next_is(self, key);
	return *has ? pkg_fields_sha256(self, key, NULL, out, err) : PKG_OK;
}

enum pkg_code pkg_batch_fields_format(struct fields *self, struct pkg_err *err)
{
	int64_t format = 0;

	PKG_TRY(pkg_fields_int(self, "format", PKG_LIMIT_JSON_INT, 0, &format,
			       err));
	if (format == 1)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "unsupported-format",
			 "%s: format %lld", self->document, (long long)format);
	return pkg_hint(err, "a later version of Packline has written it");
}

/* An id of the service, or -1 if the key is absent. */
static enum pkg_code take_number(struct fields *self, const char *key,
				 int64_t *out, struct pkg_err *err)
{
	*out = -1;
	return pkg_fields_next_is(self, key)
		   ? pkg_fields_int(self, key, INT32_MAX, 0, out, err)
		   : PKG_OK;
}

static enum pkg_code take_process(struct fields *parent,
				  struct pkg_batch_record *out,
				  struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	struct fields self;

	PKG_TRY(
	    pkg_fields_take(parent, "process", PKG_NODE_MAP, 0, &node, err));
	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	PKG_TRY(
	    pkg_fields_int(&self, "id", INT32_MAX, 0, &out->process_id, err));
	PKG_TRY(pkg_fields_text(&self, "name", pkg_container_is_name, 0,
				&out->process_name, err));
	PKG_TRY(take_number(&self, "providerSettingsId",
			    &out->provider_settings_id, err));
	PKG_TRY(
	    pkg_fields_sha256(&self, "sha256", NULL, out->process_sha256, err));
	PKG_TRY(take_number(&self, "tsaId", &out->tsa_id, err));
	return pkg_fields_end(&self, err);
}

static enum pkg_code take_record(struct fields *self,
				 struct pkg_batch_record *out,
				 struct pkg_err *err)
{
	PKG_TRY(pkg_fields_text(self, "created", pkg_container_is_time, 0,
				&out->created, err));
	PKG_TRY(pkg_batch_fields_format(self, err));
	PKG_TRY(pkg_fields_text(self, "id", pkg_container_is_name, 0, &out->id,
				err));
	PKG_TRY(pkg_batch_fields_optional(
	    self, "policySha256", &out->has_policy, out->policy_sha256, err));
	PKG_TRY(pkg_batch_fields_optional(self, "previousSha256",
					  &out->has_previous,
					  out->previous_sha256, err));
	PKG_TRY(take_process(self, out, err));
	if (pkg_fields_next_is(self, "requester"))
		PKG_TRY(pkg_fields_text(self, "requester",
					pkg_container_is_text, 0,
					&out->requester, err));
	PKG_TRY(pkg_fields_text(self, "tenant", pkg_container_is_name, 0,
				&out->tenant, err));
	PKG_TRY(pkg_fields_is(self, "type", "batch", err));
	return pkg_fields_end(self, err);
}

enum pkg_code pkg_batch_record_decode(struct pkg_batch_record *out,
				      struct pkg_arena *arena,
				      const struct pkg_buf *data,
				      struct pkg_err *err)
{
	struct fields self = {.document = BATCH_RECORD, .arena = arena};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;

	*out = (struct pkg_batch_record){0};
	PKG_TRY(pkg_fields_arena(&tree, data->len, err));
	PKG_TRY(pkg_batch_fields(&self, tree, data->data, data->len, err));
	return take_record(&self, out, err);
}

static enum pkg_code take_time(struct fields *self, const char *key,
			       int64_t *out, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_STRING, 0, &node, err));
	if (pkg_time_parse(out, node->text, node->len))
		return PKG_OK;
	return pkg_fields_refuse(self, err, "%s: '%s' is not a time",
				 self->document, key);
}

static enum pkg_code take_status(struct fields *self,
				 enum pkg_batch_status *out,
				 struct pkg_err *err)
{
	const char *names[PKG_BATCH_DELETED + 2] = {NULL};
	unsigned status = 0;

	for (unsigned i = 0; i <= PKG_BATCH_DELETED; i++)
		names[i] = pkg_batch_status_name((enum pkg_batch_status)i);
	PKG_TRY(pkg_fields_enum(self, "status", names, &status, err));
	*out = (enum pkg_batch_status)status;
	return PKG_OK;
}

static enum pkg_code take_state(struct fields *self,
				struct pkg_batch_state *out,
				struct pkg_err *err)
{
	uint64_t approvals = 0, uploads = 0;

	PKG_TRY(pkg_batch_fields_u64(self, "approvals", PKG_LIMIT_SIGNATURES,
				     &approvals, err));
	PKG_TRY(pkg_batch_fields_u64(self, "bytes", PKG_LIMIT_BATCH_BYTES,
				     &out->bytes, err));
	PKG_TRY(pkg_batch_fields_u64(self, "documents",
				     PKG_LIMIT_BATCH_DOCUMENTS, &out->documents,
				     err));
	PKG_TRY(pkg_batch_fields_bool(self, "exported", &out->exported, err));
	PKG_TRY(pkg_batch_fields_u64(self, "failed", PKG_LIMIT_BATCH_DOCUMENTS,
				     &out->failed, err));
	PKG_TRY(pkg_batch_fields_format(self, err));
	PKG_TRY(pkg_batch_fields_bool(self, "listed", &out->listed, err));
	PKG_TRY(pkg_batch_fields_bool(self, "rejected", &out->rejected, err));
	PKG_TRY(take_status(self, &out->status, err));
	PKG_TRY(pkg_batch_fields_u64(self, "succeeded",
				     PKG_LIMIT_BATCH_DOCUMENTS, &out->succeeded,
				     err));
	PKG_TRY(pkg_fields_is(self, "type", "batch-state", err));
	PKG_TRY(take_time(self, "updated", &out->updated, err));
	PKG_TRY(pkg_batch_fields_u64(self, "uploads", PKG_LIMIT_BATCH_UPLOADS,
				     &uploads, err));
	out->approvals = (unsigned)approvals;
	out->uploads = (unsigned)uploads;
	return pkg_fields_end(self, err);
}

enum pkg_code pkg_batch_state_decode(struct pkg_batch_state *out,
				     const struct pkg_buf *data,
				     struct pkg_err *err)
{
	struct fields self = {.document = BATCH_STATE};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;

	*out = (struct pkg_batch_state){0};
	PKG_TRY(pkg_fields_arena(&tree, data->len, err));
	PKG_TRY(pkg_batch_fields(&self, tree, data->data, data->len, err));
	return take_state(&self, out, err);
}

/* -- writing; keys must come in ascending order, or the writer fails -- */

static void put_optional(struct pkg_jsonw *w, const char *key, bool has,
			 const uint8_t sha256[static 32])
{
	if (has)
		pkg_jsonw_hex_member(w, key, sha256, 32);
}

void pkg_batch_put_number(struct pkg_jsonw *w, const char *key, int64_t number)
{
	if (number >= 0)
		pkg_jsonw_int_member(w, key, number);
}

enum pkg_code pkg_batch_record_encode(struct pkg_buf *out,
				      const struct pkg_batch_record *record,
				      struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "created", record->created);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_str_member(&w, "id", record->id);
	put_optional(&w, "policySha256", record->has_policy,
		     record->policy_sha256);
	put_optional(&w, "previousSha256", record->has_previous,
		     record->previous_sha256);
	pkg_jsonw_key(&w, "process");
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "id", record->process_id);
	pkg_jsonw_str_member(&w, "name", record->process_name);
	pkg_batch_put_number(&w, "providerSettingsId",
			     record->provider_settings_id);
	pkg_jsonw_hex_member(&w, "sha256", record->process_sha256, 32);
	pkg_batch_put_number(&w, "tsaId", record->tsa_id);
	pkg_jsonw_object_end(&w);
	if (record->requester != NULL)
		pkg_jsonw_str_member(&w, "requester", record->requester);
	pkg_jsonw_str_member(&w, "tenant", record->tenant);
	pkg_jsonw_str_member(&w, "type", "batch");
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_batch_state_encode(struct pkg_buf *out,
				     const struct pkg_batch_state *state,
				     struct pkg_err *err)
{
	char updated[21];
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	if (!pkg_time_format(updated, state->updated))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "approvals", state->approvals);
	pkg_jsonw_int_member(&w, "bytes", (int64_t)state->bytes);
	pkg_jsonw_int_member(&w, "documents", (int64_t)state->documents);
	pkg_jsonw_bool_member(&w, "exported", state->exported);
	pkg_jsonw_int_member(&w, "failed", (int64_t)state->failed);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_bool_member(&w, "listed", state->listed);
	pkg_jsonw_bool_member(&w, "rejected", state->rejected);
	pkg_jsonw_str_member(&w, "status",
			     pkg_batch_status_name(state->status));
	pkg_jsonw_int_member(&w, "succeeded", (int64_t)state->succeeded);
	pkg_jsonw_str_member(&w, "type", "batch-state");
	pkg_jsonw_str_member(&w, "updated", updated);
	pkg_jsonw_int_member(&w, "uploads", state->uploads);
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}
