/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/impl.h"

#include "packline/batch_run.h"
#include "packline/hasher.h"
#include "packline/json.h"
#include "packline/text.h"

#include <string.h>

/* What result.json says of the results. */
struct closing {
	struct pkg_batch *batch;
	uint64_t succeeded, failed;
	bool has_signer;
	struct pkg_cert_info signer;
	uint8_t request[32], results[32];
	uint64_t good; /* bytes of results.jsonl that count */
	char closed[21];
};

/* The signer of the first signature that there is. */
static enum pkg_code take_signer(struct closing *self,
				 const struct pkg_batch_result *result,
				 struct pkg_err *err)
{
	const struct pkg_process *process = self->batch->process;
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

	if (self->has_signer || result->signature == NULL)
		return PKG_OK;
	if (process->form == PKG_PROCESS_RAW)
		return pkg_fail(err, PKG_USAGE,
				"who made raw signatures can only be told by "
				"the certificate");
	if (pkg_cms_parse(&cms, self->batch->env->crypto, result->signature,
			  result->signature_len, err) != PKG_OK)
		return pkg_wrap(err, BATCH_RESULTS);
	self->signer = pkg_cms_claim(cms)->cert;
	self->has_signer = true;
	return PKG_OK;
}

static enum pkg_code count_result(void *context,
				  const struct pkg_batch_result *result,
				  struct pkg_err *err)
{
	struct closing *self = context;

	if (result->ok)
		self->succeeded++;
	else
		self->failed++;
	return take_signer(self, result, err);
}

static enum pkg_code read_results(struct closing *self, struct pkg_err *err)
{
	struct pkg_batch *batch = self->batch;
	const struct pkg_batch_state *state = &batch->state;
	const struct pkg_hasher_item item = {
	    .path = BATCH_RESULTS,
	    .fd = -1,
	    .nofollow = true,
	    .set = PKG_DIGEST_SHA256,
	};
	struct pkg_artifact file;

	PKG_TRY(pkg_batch_results(batch, count_result, self, &self->good, err));
	PKG_TRY(pkg_hasher_one(batch->env->crypto, pkg_job_fd(batch->job),
			       &item, &file, err));
	memcpy(self->results, file.digests.sha256, sizeof(self->results));
	if (self->succeeded == state->succeeded &&
	    self->failed == state->failed &&
	    self->succeeded + self->failed == state->documents &&
	    file.size == self->good)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "batch '%s' is %s, but " BATCH_RESULTS
			  " does not have one result for each document",
			  batch->record.id,
			  pkg_batch_status_name(state->status));
}

static enum pkg_code encode(struct pkg_buf *out, const struct closing *self,
			    struct pkg_err *err)
{
	const struct pkg_batch *batch = self->batch;
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "closed", self->closed);
	pkg_jsonw_int_member(&w, "documents", (int64_t)batch->state.documents);
	pkg_jsonw_int_member(&w, "failed", (int64_t)self->failed);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_str_member(&w, "id", batch->record.id);
	pkg_batch_put_process(&w, batch->process);
	pkg_jsonw_hex_member(&w, "requestSha256", self->request, 32);
	pkg_jsonw_hex_member(&w, "resultsSha256", self->results, 32);
	if (self->has_signer) {
		pkg_jsonw_key(&w, "signer");
		pkg_jsonw_object(&w);
		pkg_jsonw_hex_member(&w, "certificateSha256",
				     self->signer.sha256, 32);
		pkg_jsonw_hex_member(&w, "spki", self->signer.spki, 32);
		pkg_jsonw_str_member(&w, "subject", self->signer.subject);
		pkg_jsonw_object_end(&w);
	}
	pkg_jsonw_int_member(&w, "succeeded", (int64_t)self->succeeded);
	pkg_jsonw_str_member(&w, "tenant", batch->record.tenant);
	pkg_jsonw_str_member(&w, "type", "batch-response");
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

static enum pkg_code fill(struct closing *self, const struct pkg_certs *certs,
			  struct pkg_err *err)
{
	const struct pkg_env *env = self->batch->env;

	if (self->batch->process->action == PKG_PROCESS_SIGN && certs != NULL &&
	    pkg_certs_count(certs) > 0) {
		self->signer = *pkg_certs_info(certs, 0);
		self->has_signer = true;
	}
	if (!pkg_time_format(self->closed, env->now(env)))
		return pkg_fail(err, PKG_SYSTEM, "the clock is wrong");
	/* Results are of the list that is there now: is it still that one? */
	PKG_TRY(pkg_batch_check_request(self->batch, self->request, err));
	return read_results(self, err);
}

enum pkg_code pkg_batch_finish(struct pkg_batch *batch,
			       const struct pkg_certs *certs,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf json = {.max = PKG_LIMIT_BATCH_RECORD};
	struct pkg_batch_state state = batch->state;
	struct closing self = {.batch = batch};

	if (batch->process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"a batch is closed without its process");
	if (state.status != PKG_BATCH_FINISHING)
		return pkg_refuse(err, PKG_NO, "batch-status",
				  "batch '%s' is %s, not FINISHING",
				  batch->record.id,
				  pkg_batch_status_name(state.status));
	PKG_TRY(fill(&self, certs, err));
	PKG_TRY(encode(&json, &self, err));
	PKG_TRY(pkg_batch_replace(batch, BATCH_RESULT, &json, err));
	state.status = PKG_BATCH_CLOSED;
	return pkg_batch_set_state(batch, &state, err);
}
