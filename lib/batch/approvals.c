/* SPDX-License-Identifier: Apache-2.0 */
#include "approvals.h"

#include "impl.h"

#include "packline/cms.h"
#include "packline/json.h"
#include "packline/text.h"

#include <string.h>

void pkg_batch_approvals_fini(struct pkg_batch_approvals *approvals)
{
	for (size_t i = 0;
	     i < sizeof(approvals->files) / sizeof(approvals->files[0]); i++)
		pkg_buf_fini(&approvals->files[i]);
}

static enum pkg_code read_pair(struct pkg_batch_approvals *out, unsigned number,
			       const struct pkg_batch *batch,
			       struct pkg_err *err)
{
	const size_t index = number - 1;
	struct pkg_buf *json = &out->files[2 * index];
	struct pkg_buf *p7s = &out->files[2 * index + 1];
	char name[BATCH_FILE_NAME];

	json->max = PKG_LIMIT_APPROVAL;
	p7s->max = PKG_LIMIT_SIGNATURE;
	pkg_batch_file_name(name, BATCH_APPROVAL_JSON, number);
	PKG_TRY(pkg_batch_slurp(batch, name, json, err));
	pkg_batch_file_name(name, BATCH_APPROVAL_P7S, number);
	PKG_TRY(pkg_batch_slurp(batch, name, p7s, err));
	out->items[index] = (struct pkg_container_approval){
	    .json = {json->data, json->len},
	    .p7s = {p7s->data, p7s->len},
	};
	return PKG_OK;
}

/* By insertion: there are at most 16. */
static enum pkg_code sort(struct pkg_batch_approvals *approvals,
			  const struct pkg_env *env, struct pkg_err *err)
{
	uint8_t keys[PKG_LIMIT_SIGNATURES][32];

	for (size_t i = 0; i < approvals->count; i++) {
		const struct pkg_container_approval item = approvals->items[i];
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		const uint8_t *spki = NULL;
		size_t at = i;

		if (pkg_cms_parse(&cms, env->crypto, item.p7s.data,
				  item.p7s.len, err) != PKG_OK)
			return pkg_wrap(err, BATCH_APPROVAL_P7S,
					(unsigned)i + 1);
		spki = pkg_cms_claim(cms)->cert.spki;
		for (; at > 0 && memcmp(keys[at - 1], spki, 32) > 0; at--) {
			memcpy(keys[at], keys[at - 1], 32);
			approvals->items[at] = approvals->items[at - 1];
		}
		memcpy(keys[at], spki, 32);
		approvals->items[at] = item;
	}
	return PKG_OK;
}

enum pkg_code pkg_batch_approvals_read(struct pkg_batch_approvals *out,
				       const struct pkg_batch *batch,
				       struct pkg_err *err)
{
	for (unsigned i = 1; i <= batch->state.approvals; i++)
		PKG_TRY(read_pair(out, i, batch, err));
	out->count = batch->state.approvals;
	return sort(out, batch->env, err);
}

void pkg_batch_subject(struct batch_subject *out, const struct pkg_batch *batch,
		       const uint8_t sha256[static 32])
{
	const struct pkg_batch_record *record = &batch->record;

	memcpy(out->request_sha256, sha256, 32);
	pkg_uuid_format(out->request_id, sha256, 8);
	out->subject = (struct pkg_approval_subject){
	    .request_sha256 = out->request_sha256,
	    .request_id = out->request_id,
	    .tenant = record->tenant,
	    .policy_sha256 = record->has_policy ? record->policy_sha256 : NULL,
	    .requester_known = true,
	    .requester = record->requester,
	};
}

/* -- accept.json -- */

enum pkg_code pkg_batch_accept_encode(struct pkg_buf *out,
				      const struct batch_accept *accept,
				      struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "at", accept->at);
	if (accept->by != NULL)
		pkg_jsonw_str_member(&w, "by", accept->by);
	pkg_jsonw_str_member(&w, "decision",
			     pkg_decision_name(accept->approved
						   ? PKG_DECISION_APPROVED
						   : PKG_DECISION_REJECTED));
	pkg_jsonw_int_member(&w, "format", 1);
	if (accept->reason != NULL)
		pkg_jsonw_str_member(&w, "reason", accept->reason);
	pkg_jsonw_hex_member(&w, "requestSha256", accept->request_sha256, 32);
	pkg_jsonw_str_member(&w, "type", "batch-accept");
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_batch_accept_decode(struct batch_accept *out,
				      struct pkg_arena *arena,
				      const struct pkg_buf *data,
				      struct pkg_err *err)
{
	static const char *const decisions[] = {"APPROVED", "REJECTED", NULL};
	struct fields self = {.document = BATCH_ACCEPT, .arena = arena};
	unsigned decision = 0;

	*out = (struct batch_accept){0};
	PKG_TRY(pkg_batch_fields(&self, arena, data->data, data->len, err));
	PKG_TRY(pkg_fields_text(&self, "at", pkg_container_is_time, 0, &out->at,
				err));
	if (pkg_fields_next_is(&self, "by"))
		PKG_TRY(pkg_fields_text(&self, "by", pkg_container_is_text, 0,
					&out->by, err));
	PKG_TRY(pkg_fields_enum(&self, "decision", decisions, &decision, err));
	out->approved = decision == 0;
	PKG_TRY(pkg_batch_fields_format(&self, err));
	if (pkg_fields_next_is(&self, "reason"))
		PKG_TRY(pkg_fields_text(&self, "reason", pkg_approval_is_reason,
					0, &out->reason, err));
	PKG_TRY(pkg_fields_sha256(&self, "requestSha256", NULL,
				  out->request_sha256, err));
	PKG_TRY(pkg_fields_is(&self, "type", "batch-accept", err));
	return pkg_fields_end(&self, err);
}
