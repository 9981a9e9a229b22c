/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"
#include "lines.h"

#include "packline/batch_life.h"
#include "packline/json.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

int pkg_batch_status_by_name(const char *name)
{
	for (int i = 0; i <= PKG_BATCH_DELETED; i++) {
		if (strcmp(pkg_batch_status_name((enum pkg_batch_status)i),
			   name) == 0)
			return i;
	}
	return -1;
}

enum pkg_code pkg_batch_peek(struct pkg_batch_state *out,
			     struct pkg_spool *spool, const char *tenant,
			     const char *id, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	PKG_TRY(pkg_job_open(&job, spool, tenant, id, PKG_JOB_READ, err));
	PKG_TRY(pkg_job_read_state(job, &data, err));
	if (pkg_batch_state_decode(out, &data, err) != PKG_OK)
		return pkg_wrap(err, "batch '%s'", id);
	return PKG_OK;
}

/* -- the record -- */

/* Counts of the state; keys between "exported" and "id", and the others. */
static void put_sizes(struct pkg_jsonw *w, const struct pkg_batch_state *state)
{
	pkg_jsonw_bool_member(w, "exported", state->exported);
	pkg_jsonw_int_member(w, "failed", (int64_t)state->failed);
}

static void put_status(struct pkg_jsonw *w, const struct pkg_batch_state *state)
{
	pkg_jsonw_str_member(w, "status", pkg_batch_status_name(state->status));
	pkg_jsonw_int_member(w, "statusId", pkg_batch_status_id(state->status));
	pkg_jsonw_int_member(w, "succeeded", (int64_t)state->succeeded);
}

static void put_end(struct pkg_jsonw *w, const struct pkg_batch_state *state)
{
	char updated[21] = "";

	(void)pkg_time_format(updated, state->updated); /* read from such */
	pkg_jsonw_str_member(w, "type", "batch");
	pkg_jsonw_str_member(w, "updated", updated);
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_batch_put_row(struct pkg_sink *sink, const char *tenant,
				const char *id,
				const struct pkg_batch_state *state, bool text,
				struct pkg_err *err)
{
	struct pkg_jsonw w;
	char line[512];

	if (text) {
		(void)snprintf(line, sizeof(line), "%-11s %9llu  %s/%s\n",
			       pkg_batch_status_name(state->status),
			       (unsigned long long)state->documents, tenant,
			       id);
		return pkg_sink_puts(sink, line, err);
	}
	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "approvals", state->approvals);
	pkg_jsonw_int_member(&w, "bytes", (int64_t)state->bytes);
	pkg_jsonw_str_member(&w, "counterpartyId", tenant);
	pkg_jsonw_int_member(&w, "documentCount", (int64_t)state->documents);
	put_sizes(&w, state);
	pkg_jsonw_str_member(&w, "id", id);
	pkg_jsonw_bool_member(&w, "rejected", state->rejected);
	put_status(&w, state);
	put_end(&w, state);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* Documents and results come in the same order. */
struct showing {
	struct pkg_jsonw w;
	const struct pkg_batch *batch;
	struct pkg_batch_results results;
	struct pkg_batch_result result; /* the next one */
	bool ended;                     /* there is no next one */
};

static enum pkg_code put_document(void *context,
				  const struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	struct showing *self = context;
	const struct pkg_batch_result *result = &self->result;
	struct pkg_jsonw *w = &self->w;
	const bool has = !self->ended;

	pkg_jsonw_object(w);
	if (has && result->detail != NULL)
		pkg_jsonw_str_member(w, "detail", result->detail);
	pkg_jsonw_str_member(w, "fileName", document->name);
	pkg_jsonw_hex_member(w, "hash", document->digest, document->digest_len);
	pkg_jsonw_int_member(w, "id", (int64_t)document->id);
	pkg_jsonw_bool_member(w, "isZip", document->is_zip);
	if (has && result->reason != NULL)
		pkg_jsonw_str_member(w, "reason", result->reason);
	pkg_jsonw_bool_member(w, "signed", has && result->signature != NULL);
	if (has && result->signer != NULL)
		pkg_jsonw_hex_member(w, "signer", result->signer, 32);
	if (has)
		pkg_jsonw_bool_member(w, "signingResult_Success", result->ok);
	else
		pkg_jsonw_null_member(w, "signingResult_Success");
	pkg_jsonw_int_member(w, "size", (int64_t)document->size);
	pkg_jsonw_object_end(w);
	return has ? pkg_batch_results_next(&self->results, &self->result,
					    &self->ended, err)
		   : PKG_OK;
}

static enum pkg_code put_documents(struct showing *self, struct pkg_err *err)
{
	PKG_TRY(pkg_batch_results_open(&self->results, self->batch, err));
	PKG_TRY(pkg_batch_results_next(&self->results, &self->result,
				       &self->ended, err));
	pkg_jsonw_key(&self->w, "documents");
	pkg_jsonw_array(&self->w);
	PKG_TRY(pkg_batch_documents(self->batch, put_document, self, err));
	pkg_jsonw_array_end(&self->w);
	return PKG_OK;
}

static void put_process(struct pkg_jsonw *w,
			const struct pkg_batch_record *record)
{
	pkg_jsonw_int_member(w, "processId", record->process_id);
	pkg_jsonw_str_member(w, "processName", record->process_name);
	pkg_jsonw_hex_member(w, "processSha256", record->process_sha256, 32);
	pkg_batch_put_number(w, "providerSettingsId",
			     record->provider_settings_id);
}

/*
 * What officers are asked about; nothing if it cannot be told, because the
 * list is not closed and the process is not at hand.
 */
static enum pkg_code request_digest(const struct pkg_batch *batch, bool *has,
				    uint8_t sha256[static 32],
				    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};

	*has = batch->state.listed ||
	       (batch->process != NULL && batch->state.documents > 0);
	return *has ? pkg_batch_request(batch, &request, sha256, err) : PKG_OK;
}

static enum pkg_code put_request(struct showing *self, struct pkg_err *err)
{
	uint8_t sha256[32];
	bool has = false;

	PKG_TRY(request_digest(self->batch, &has, sha256, err));
	if (has)
		pkg_jsonw_hex_member(&self->w, "requestSha256", sha256, 32);
	return PKG_OK;
}

static enum pkg_code put_all(struct showing *self,
			     const struct batch_show *show, struct pkg_err *err)
{
	const struct pkg_batch_record *record = &self->batch->record;
	const struct pkg_batch_state *state = &self->batch->state;
	struct pkg_jsonw *w = &self->w;

	pkg_jsonw_object(w);
	pkg_jsonw_int_member(w, "approvals", state->approvals);
	pkg_jsonw_int_member(w, "bytes", (int64_t)state->bytes);
	pkg_jsonw_str_member(w, "counterpartyId", record->tenant);
	pkg_jsonw_str_member(w, "creationDate", record->created);
	pkg_jsonw_int_member(w, "documentCount", (int64_t)state->documents);
	if (show->documents)
		PKG_TRY(put_documents(self, err));
	put_sizes(w, state);
	pkg_jsonw_str_member(w, "id", record->id);
	put_process(w, record);
	pkg_jsonw_bool_member(w, "rejected", state->rejected);
	PKG_TRY(put_request(self, err));
	if (record->requester != NULL)
		pkg_jsonw_str_member(w, "requester", record->requester);
	if (show->result != NULL) {
		pkg_jsonw_key(w, "result");
		pkg_jsonw_node(w, show->result);
	}
	put_status(w, state);
	pkg_batch_put_number(w, "tsaId", record->tsa_id);
	put_end(w, state);
	pkg_jsonw_line(w);
	return pkg_jsonw_finish(w, err);
}

enum pkg_code pkg_batch_show_record(const struct pkg_batch *batch,
				    struct pkg_sink *sink,
				    const struct batch_show *show,
				    struct pkg_err *err)
{
	struct showing self = {.batch = batch};
	enum pkg_code code = PKG_OK;

	pkg_jsonw_init(&self.w, sink, 0);
	code = put_all(&self, show, err);
	pkg_batch_results_fini(&self.results);
	return code;
}

enum pkg_code pkg_batch_put_record(const struct pkg_batch *batch,
				   struct pkg_sink *sink, bool documents,
				   struct pkg_err *err)
{
	return pkg_batch_show_record(
	    batch, sink, &(struct batch_show){.documents = documents}, err);
}

/* -- for people -- */

struct telling {
	struct pkg_sink *sink;
	struct pkg_batch_results results;
	struct pkg_batch_result result;
	bool ended;
	struct pkg_buf line;
};

/* Of a response it is what somebody else has written. */
static enum pkg_code tell_reason(struct pkg_buf *out,
				 const struct pkg_batch_result *result,
				 struct pkg_err *err)
{
	const char *detail = result->detail == NULL ? "failed" : result->detail;
	char shown[1024];

	return pkg_buf_printf(
	    out, err, ": %s [%s]",
	    pkg_text_quote_cut(shown, sizeof(shown), detail, strlen(detail)),
	    result->reason);
}

/* "     1  ok      boot.bin", or why not. */
static enum pkg_code tell_document(void *context,
				   const struct pkg_batch_document *document,
				   struct pkg_err *err)
{
	struct telling *self = context;
	const struct pkg_batch_result *result = &self->result;
	const bool has = !self->ended;

	pkg_buf_clear(&self->line);
	PKG_TRY(pkg_buf_printf(&self->line, err, "%6llu  %-7s ",
			       (unsigned long long)document->id,
			       !has         ? "-"
			       : result->ok ? "ok"
					    : "failed"));
	PKG_TRY(pkg_text_quote(&self->line, document->name,
			       strlen(document->name), err));
	if (has && result->reason != NULL)
		PKG_TRY(tell_reason(&self->line, result, err));
	PKG_TRY(pkg_buf_puts(&self->line, "\n", err));
	PKG_TRY(
	    pkg_sink_write(self->sink, self->line.data, self->line.len, err));
	return has ? pkg_batch_results_next(&self->results, &self->result,
					    &self->ended, err)
		   : PKG_OK;
}

static enum pkg_code tell_request(const struct pkg_batch *batch,
				  struct pkg_buf *out, struct pkg_err *err)
{
	uint8_t sha256[32];
	bool has = false;
	char hex[65];

	PKG_TRY(request_digest(batch, &has, sha256, err));
	if (!has)
		return PKG_OK;
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	return pkg_buf_printf(out, err, "request    %s\n", hex);
}

static enum pkg_code tell_head(const struct pkg_batch *batch,
			       struct pkg_buf *out, struct pkg_err *err)
{
	const struct pkg_batch_record *record = &batch->record;
	const struct pkg_batch_state *state = &batch->state;

	PKG_TRY(pkg_buf_printf(out, err, "batch      %s of %s\n", record->id,
			       record->tenant));
	PKG_TRY(
	    pkg_buf_printf(out, err, "status     %s (%d)%s%s\n",
			   pkg_batch_status_name(state->status),
			   pkg_batch_status_id(state->status),
			   state->rejected ? ", rejected by an officer" : "",
			   state->exported && state->status == PKG_BATCH_READY
			       ? ", a response is awaited"
			       : ""));
	PKG_TRY(pkg_buf_printf(out, err, "process    %s (%lld)\n",
			       record->process_name,
			       (long long)record->process_id));
	PKG_TRY(pkg_buf_printf(out, err, "created    %s", record->created));
	if (record->requester != NULL) {
		PKG_TRY(pkg_buf_puts(out, " by ", err));
		PKG_TRY(pkg_text_quote(out, record->requester,
				       strlen(record->requester), err));
	}
	PKG_TRY(pkg_buf_printf(out, err,
			       "\ndocuments  %llu, %llu bytes, approvals %u, "
			       "succeeded %llu, failed %llu\n",
			       (unsigned long long)state->documents,
			       (unsigned long long)state->bytes,
			       state->approvals,
			       (unsigned long long)state->succeeded,
			       (unsigned long long)state->failed));
	return tell_request(batch, out, err);
}

static enum pkg_code tell(const struct pkg_batch *batch, struct telling *self,
			  struct pkg_err *err)
{
	PKG_TRY(tell_head(batch, &self->line, err));
	PKG_TRY(
	    pkg_sink_write(self->sink, self->line.data, self->line.len, err));
	PKG_TRY(pkg_batch_results_open(&self->results, batch, err));
	PKG_TRY(pkg_batch_results_next(&self->results, &self->result,
				       &self->ended, err));
	return pkg_batch_documents(batch, tell_document, self, err);
}

enum pkg_code pkg_batch_put_text(const struct pkg_batch *batch,
				 struct pkg_sink *sink, struct pkg_err *err)
{
	struct telling self = {.sink = sink, .line = {.max = 1u << 16}};
	enum pkg_code code = tell(batch, &self, err);

	pkg_batch_results_fini(&self.results);
	pkg_buf_fini(&self.line);
	return code;
}
