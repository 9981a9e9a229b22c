/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- a batch over what was staged -- */

/* Only for how much there must be: whether that is so is asked of the batch. */
static enum pkg_code count_of(const struct pkg_node *request, const char *key,
			      uint64_t max, uint64_t *out, struct pkg_err *err)
{
	const struct pkg_node *node = pkg_node_get(request, key);

	if (node == NULL || node->kind != PKG_NODE_INT || node->number < 0 ||
	    (uint64_t)node->number > max)
		return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
				  BATCH_REQUEST ": '%s' is not a number that "
						"can be",
				  key);
	*out = (uint64_t)node->number;
	return PKG_OK;
}

static enum pkg_code read_counts(struct pkg_batch *batch, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	struct fields fields = {.document = BATCH_REQUEST,
				.reason = "malformed-exchange"};
	const struct pkg_node *root = NULL;

	PKG_TRY(pkg_batch_slurp(batch, BATCH_REQUEST, &data, err));
	PKG_TRY(pkg_fields_arena(&tree, data.len, err));
	PKG_TRY(
	    pkg_fields_parse(&fields, tree, data.data, data.len, &root, err));
	PKG_TRY(count_of(root, "documents", batch->process->max_documents,
			 &batch->state.documents, err));
	return count_of(root, "bytes", batch->process->max_bytes,
			&batch->state.bytes, err);
}

enum pkg_code pkg_exchange_batch(struct pkg_batch **out,
				 const struct exchange_stage *stage,
				 struct pkg_err *err)
{
	PKG_AUTO(pkg_batch)
	struct pkg_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return pkg_fail_nomem(err);
	batch->env = stage->job->env;
	batch->record = stage->record;
	batch->state = (struct pkg_batch_state){
	    .uploads = stage->uploads,
	    .approvals = stage->approvals,
	    .listed = true,
	};
	PKG_TRY(pkg_job_over(&batch->job, pkg_outdir_fd(stage->dir),
			     stage->record.tenant, stage->record.id, err));
	PKG_TRY(pkg_batch_bind(batch, stage->job->process, err));
	PKG_TRY(read_counts(batch, err));
	*out = PKG_STEAL(batch);
	return PKG_OK;
}

/* -- a request -- */

/* A batch that was deleted keeps its record: no request comes in twice. */
static enum pkg_code refuse_known(const struct exchange_stage *stage,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	const struct pkg_exchange *header = &stage->header;
	const enum pkg_code code =
	    pkg_job_open(&job, stage->job->spool, header->tenant, header->batch,
			 PKG_JOB_READ, err);

	if (code == PKG_OK) {
		(void)pkg_refuse(err, PKG_NO, "exchange-known",
				 "batch '%s' is or was in this spool already",
				 header->batch);
		return pkg_hint(err, "a request comes in once; pkg-batch "
				     "status tells what became of it");
	}
	if (code != PKG_NO)
		return code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

/* exchange.json stays with the batch: it is what the response answers. */
static enum pkg_code put_header(const struct exchange_stage *stage,
				const struct pkg_batch *batch,
				struct pkg_err *err)
{
	return pkg_batch_replace(batch, BATCH_EXCHANGE, &stage->header_json,
				 err);
}

static enum pkg_code check_request(const struct exchange_stage *stage,
				   const struct pkg_batch *batch,
				   struct pkg_err *missing, struct pkg_err *err)
{
	uint8_t sha256[32];

	PKG_TRY(pkg_exchange_validate(batch, missing, stage->arena, err));
	PKG_TRY(pkg_exchange_hash(batch, BATCH_REQUEST, sha256, err));
	if (memcmp(sha256, stage->header.request_sha256, 32) != 0)
		return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
				  BATCH_REQUEST " is not what " BATCH_EXCHANGE
						" says");
	return stage->header.hash_only ? PKG_OK
				       : pkg_exchange_check_content(batch, err);
}

/* The last of its files: what is in it is what was found out. */
static enum pkg_code put_state(struct pkg_batch *batch, bool enough,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};

	if (enough)
		batch->state.status = PKG_BATCH_ACCEPTED;
	batch->state.updated = batch->env->now(batch->env);
	PKG_TRY(pkg_batch_state_encode(&data, &batch->state, err));
	return pkg_batch_replace(batch, BATCH_STATE, &data, err);
}

static enum pkg_code fill(struct exchange_stage *stage,
			  struct pkg_outdir *folder,
			  struct pkg_exchange_report *report,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
	struct pkg_err missing;

	PKG_TRY(pkg_exchange_stage(stage, folder, err));
	PKG_TRY(pkg_exchange_batch(&batch, stage, err));
	PKG_TRY(check_request(stage, batch, &missing, err));
	PKG_TRY(put_header(stage, batch, err));
	PKG_TRY(put_state(batch, missing.code == PKG_OK, err));
	report->status = batch->state.status;
	report->documents = batch->state.documents;
	return PKG_OK;
}

static enum pkg_code import_request(struct exchange_stage *stage,
				    struct pkg_exchange_report *report,
				    struct pkg_err *err)
{
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	const struct pkg_batch_state nothing = {.listed = true};
	const struct pkg_batch_begin begin = {
	    .spool = stage->job->spool,
	    .record = &stage->record,
	    .process = stage->job->process,
	    .dirfd = stage->job->dirfd,
	    .state = &nothing,
	};

	PKG_TRY(refuse_known(stage, err));
	PKG_TRY(pkg_batch_begin(&folder, stage->job->env, &begin, err));
	PKG_TRY(fill(stage, folder, report, err));
	PKG_TRY(pkg_exchange_tell(stage, err));
	return pkg_job_commit(folder, err);
}

enum pkg_code pkg_batch_import(const struct pkg_exchange_import *job,
			       struct pkg_exchange_report *report,
			       struct pkg_arena *arena, struct pkg_err *err)
{
	struct exchange_stage stage = {0};
	enum pkg_code code = PKG_OK;

	*report = (struct pkg_exchange_report){0};
	PKG_TRY(pkg_exchange_check_process(job->process, err));
	code = pkg_exchange_begin(&stage, job, arena, err);
	report->header = stage.header;
	if (code == PKG_OK)
		code = stage.header.direction == PKG_EXCHANGE_RESPONSE
			   ? pkg_exchange_response(&stage, report, err)
			   : import_request(&stage, report, err);
	pkg_exchange_stage_fini(&stage);
	return code;
}
