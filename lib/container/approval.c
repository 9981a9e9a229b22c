/* SPDX-License-Identifier: Apache-2.0 */
#include "container/fields.h"
#include "packline/container.h"
#include "packline/json.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <string.h>

/* In the order of enum pkg_decision. */
static const char *const decisions[] = {"APPROVED", "REJECTED", NULL};

const char *pkg_decision_name(enum pkg_decision decision)
{
	return decisions[decision];
}

bool pkg_approval_is_reason(const char *text)
{
	const size_t len = strlen(text);
	size_t count = 0;

	if (len == 0 || !pkg_utf8_valid(text, len))
		return false;
	for (size_t at = 0; at < len; count++) {
		uint32_t c = 0;

		at += pkg_utf8_next(&c, text + at, len - at);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return count <= PKG_LIMIT_REASON;
}

/* Keys must come in ascending order: the writer fails if they do not. */
static void put_approval(struct pkg_jsonw *w,
			 const struct pkg_approval *approval)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "decision",
			     pkg_decision_name(approval->decision));
	if (approval->has_device_config)
		pkg_jsonw_hex_member(w, "device_config_sha256",
				     approval->device_config_sha256, 32);
	else
		pkg_jsonw_null_member(w, "device_config_sha256");
	pkg_jsonw_str_member(w, "expires", approval->expires);
	pkg_jsonw_str_member(w, "issued", approval->issued);
	pkg_jsonw_key(w, "officer");
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "id", approval->officer_id);
	pkg_jsonw_str_member(w, "role", approval->officer_role);
	pkg_jsonw_object_end(w);
	pkg_jsonw_hex_member(w, "policy_sha256", approval->policy_sha256, 32);
	pkg_jsonw_str_member(w, "reason", approval->reason);
	pkg_jsonw_str_member(w, "request_id", approval->request_id);
	pkg_jsonw_hex_member(w, "request_sha256", approval->request_sha256, 32);
	pkg_jsonw_str_member(w, "tenant", approval->tenant);
	pkg_jsonw_str_member(w, "type", "approval");
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_approval_encode(struct pkg_buf *out,
				  const struct pkg_approval *approval,
				  struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;
	enum pkg_code code = PKG_OK;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	put_approval(&w, approval);
	code = pkg_jsonw_finish(&w, err);
	if (code == PKG_OK)
		return PKG_OK;
	if (code == PKG_INPUT && err->reason == NULL)
		(void)pkg_because(err, "limit");
	return pkg_wrap(err, "cannot write the approval");
}

static enum pkg_code take_officer(struct fields *parent,
				  struct pkg_approval *out, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	struct fields self;

	PKG_TRY(
	    pkg_fields_take(parent, "officer", PKG_NODE_MAP, 0, &node, err));
	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	PKG_TRY(pkg_fields_text(&self, "id", pkg_container_is_name, 0,
				&out->officer_id, err));
	PKG_TRY(pkg_fields_text(&self, "role", pkg_container_is_name, 0,
				&out->officer_role, err));
	return pkg_fields_end(&self, err);
}

/* An approval that ends before it begins would be one that nobody meant. */
static enum pkg_code check_times(const struct fields *self,
				 const struct pkg_approval *out,
				 struct pkg_err *err)
{
	/* One spelling only, of one length: they sort as texts. */
	if (out->expires == NULL || strcmp(out->issued, out->expires) < 0)
		return PKG_OK;
	return pkg_fields_refuse(self, err,
				 "%s: 'expires' is not after "
				 "'issued'",
				 self->document);
}

static enum pkg_code take_all(struct fields *self, struct pkg_approval *out,
			      struct pkg_err *err)
{
	unsigned decision = 0;

	PKG_TRY(pkg_fields_enum(self, "decision", decisions, &decision, err));
	out->decision = (enum pkg_decision)decision;
	PKG_TRY(pkg_fields_sha256(self, "device_config_sha256",
				  &out->has_device_config,
				  out->device_config_sha256, err));
	PKG_TRY(pkg_fields_text(self, "expires", pkg_container_is_time,
				FIELD_NULLABLE, &out->expires, err));
	PKG_TRY(pkg_fields_text(self, "issued", pkg_container_is_time, 0,
				&out->issued, err));
	PKG_TRY(take_officer(self, out, err));
	PKG_TRY(pkg_fields_sha256(self, "policy_sha256", NULL,
				  out->policy_sha256, err));
	PKG_TRY(pkg_fields_text(self, "reason", pkg_approval_is_reason, 0,
				&out->reason, err));
	PKG_TRY(pkg_fields_text(self, "request_id", pkg_is_uuid, 0,
				&out->request_id, err));
	PKG_TRY(pkg_fields_sha256(self, "request_sha256", NULL,
				  out->request_sha256, err));
	PKG_TRY(pkg_fields_text(self, "tenant", pkg_container_is_name, 0,
				&out->tenant, err));
	PKG_TRY(pkg_fields_is(self, "type", "approval", err));
	PKG_TRY(pkg_fields_end(self, err));
	return check_times(self, out, err);
}

enum pkg_code pkg_approval_decode(struct pkg_approval *out,
				  struct pkg_arena *arena, const void *data,
				  size_t len, struct pkg_err *err)
{
	struct fields self = {.document = "approval",
			      .reason = "malformed-approval",
			      .arena = arena};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	const struct pkg_node *root = NULL, *type = NULL;

	*out = (struct pkg_approval){0};
	if (len > PKG_LIMIT_APPROVAL)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "an approval has more than %u bytes",
				  PKG_LIMIT_APPROVAL);
	PKG_TRY(pkg_fields_arena(&tree, len, err));
	PKG_TRY(pkg_fields_parse(&self, tree, data, len, &root, err));
	type = pkg_node_get(root, "type");
	if (type == NULL || !pkg_node_is(type, "approval"))
		return pkg_refuse(err, PKG_INPUT, "unsupported-format",
				  "%s: not an approval", self.document);
	return take_all(&self, out, err);
}
