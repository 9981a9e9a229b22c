/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/digest.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A response on its way into the batch that waits for it. */
struct answer {
	struct exchange_stage *stage;
	struct pkg_batch *batch;  /* that waits */
	struct pkg_batch *staged; /* what came, in a folder that nobody sees */
	struct pkg_exchange_report *report;
};

static enum pkg_code not_waiting(const struct pkg_batch *batch,
				 struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "batch-status",
			 "import: batch '%s' was never exported",
			 batch->record.id);
	return pkg_hint(err, "a response is of the spool that wrote its "
			     "request");
}

/* The digest of the exchange.json that `export` writes for this batch. */
static enum pkg_code request_header(const struct answer *a, bool hash_only,
				    uint8_t sha256[static 32],
				    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf json = {.max = EXCHANGE_HEADER_MAX};
	struct pkg_exchange header = pkg_exchange_of(a->batch);

	header.hash_only = hash_only;
	memcpy(header.request_sha256, a->stage->header.request_sha256, 32);
	PKG_TRY(pkg_exchange_encode(&json, &header, err));
	return pkg_digest_sha256(a->batch->env->crypto, json.data, json.len,
				 sha256, err);
}

/* Is it the answer to what was asked? */
static enum pkg_code check_question(const struct answer *a, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf ours = {.max = PKG_LIMIT_BATCH_RECORD};
	const struct pkg_exchange *header = &a->stage->header;
	const struct pkg_buf *record = &a->stage->record_json;
	uint8_t sha256[32];

	PKG_TRY(pkg_exchange_hash(a->batch, BATCH_REQUEST, sha256, err));
	PKG_TRY(pkg_batch_slurp(a->batch, BATCH_RECORD, &ours, err));
	if (memcmp(sha256, header->request_sha256, 32) != 0 ||
	    ours.len != record->len ||
	    memcmp(ours.data, record->data, ours.len) != 0)
		return pkg_refuse(err, PKG_NO, "exchange-request",
				  "it answers another request of the id '%s'",
				  header->batch);
	PKG_TRY(request_header(a, header->hash_only, sha256, err));
	if (memcmp(sha256, header->answers_sha256, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "exchange-answer",
			  "it answers a request file of batch '%s' that was "
			  "not written here",
			  header->batch);
}

/* What came was accepted by those whom the process asks. */
static enum pkg_code check_accepted(const struct answer *a, struct pkg_err *err)
{
	struct pkg_err missing;

	PKG_TRY(
	    pkg_exchange_validate(a->staged, &missing, a->stage->arena, err));
	if (missing.code == PKG_OK || !a->batch->record.has_policy)
		return PKG_OK;
	*err = missing;
	return pkg_failed_(err->code);
}

static enum pkg_code check_digest(const struct answer *a, const char *name,
				  const uint8_t *expected, struct pkg_err *err)
{
	uint8_t sha256[32];

	PKG_TRY(pkg_exchange_hash(a->staged, name, sha256, err));
	if (memcmp(sha256, expected, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
			  "%s is not what " BATCH_EXCHANGE " says", name);
}

static enum pkg_code check_answer(const struct answer *a, struct pkg_err *err)
{
	const struct pkg_exchange *header = &a->stage->header;

	PKG_TRY(check_digest(a, BATCH_REQUEST, header->request_sha256, err));
	PKG_TRY(check_accepted(a, err));
	PKG_TRY(check_digest(a, BATCH_RESULTS, header->results_sha256, err));
	PKG_TRY(check_digest(a, BATCH_RESULT, header->result_sha256, err));
	PKG_TRY(pkg_exchange_check_results(a->staged, a->stage->job, a->report,
					   a->stage->arena, err));
	return pkg_exchange_check_result(a->staged, a->report, header, err);
}

/* -- into the job -- */

static enum pkg_code copy(int fd, const char *name, struct pkg_outfile *file,
			  struct pkg_err *err)
{
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_source_fd_init(&source, fd, name);
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		PKG_TRY(
		    pkg_sink_write(pkg_outfile_sink(file), chunk, got, err));
	} while (got > 0);
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

/* A sandbox does not let a file be renamed from one folder to another. */
static enum pkg_code copy_in(const struct answer *a, const char *name,
			     struct pkg_err *err)
{
	const struct pkg_outfile_options options = {.force = true,
						    .mode = 0600};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	enum pkg_code code;
	struct stat st;
	int fd = -1;

	PKG_TRY(pkg_outfile_open(&file, pkg_job_fd(a->batch->job), name,
				 &options, err));
	PKG_TRY(pkg_path_open_regular(&fd, &st, pkg_job_fd(a->staged->job),
				      name, true, err));
	code = copy(fd, name, file, err);
	(void)close(fd);
	return code;
}

/* Nothing of it counts before the state that follows says so. */
static enum pkg_code copy_all(const struct answer *a, struct pkg_err *err)
{
	char name[BATCH_FILE_NAME];

	for (unsigned i = 1; i <= a->stage->approvals; i++) {
		pkg_batch_file_name(name, BATCH_APPROVAL_JSON, i);
		PKG_TRY(copy_in(a, name, err));
		pkg_batch_file_name(name, BATCH_APPROVAL_P7S, i);
		PKG_TRY(copy_in(a, name, err));
	}
	PKG_TRY(copy_in(a, BATCH_RESULTS, err));
	return copy_in(a, BATCH_RESULT, err);
}

static enum pkg_code finish(const struct answer *a, struct pkg_err *err)
{
	struct pkg_batch_state next = a->batch->state;

	next.status =
	    a->batch->process->has_tsa ? PKG_BATCH_FINISHING : PKG_BATCH_CLOSED;
	next.approvals = a->stage->approvals;
	next.succeeded = a->report->succeeded;
	next.failed = a->report->failed;
	next.exported = false;
	PKG_TRY(copy_all(a, err));
	PKG_TRY(pkg_batch_set_imported(a->batch, &next, err));
	a->report->status = next.status;
	a->report->documents = next.documents;
	return PKG_OK;
}

static enum pkg_code take(struct answer *a, struct pkg_outdir *folder,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_batch) struct pkg_batch *staged = NULL;

	PKG_TRY(pkg_exchange_stage(a->stage, folder, err));
	PKG_TRY(pkg_exchange_batch(&staged, a->stage, err));
	staged->state.exported = true;
	a->staged = staged;
	PKG_TRY(check_answer(a, err));
	PKG_TRY(pkg_exchange_tell(a->stage, err));
	return finish(a, err);
}

/*
 * The folder that it is read into lies beside that of the job, as one that is
 * being made would: the chain is looked for in the folder above.
 */
static enum pkg_code open_folder(struct pkg_outdir **out,
				 const struct pkg_batch *batch,
				 struct pkg_err *err)
{
	const int tenant = openat(pkg_job_fd(batch->job), "..",
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code;

	if (tenant < 0)
		return pkg_fail_os(err, errno,
				   "cannot open the folder of the "
				   "tenant");
	code = pkg_outdir_open(out, tenant, batch->record.id, true, err);
	(void)close(tenant);
	return code;
}

enum pkg_code pkg_exchange_response(struct exchange_stage *stage,
				    struct pkg_exchange_report *report,
				    struct pkg_err *err)
{
	const struct pkg_batch_open which = {
	    .spool = stage->job->spool,
	    .tenant = stage->header.tenant,
	    .id = stage->header.batch,
	    .mode = PKG_JOB_TRY,
	    .process = stage->job->process,
	};
	PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	struct answer answer = {.stage = stage, .report = report};

	PKG_TRY(pkg_batch_open(&batch, stage->job->env, &which, err));
	answer.batch = batch;
	PKG_TRY(pkg_batch_allows(batch, PKG_BATCH_IMPORT, err));
	if (!batch->state.exported)
		return not_waiting(batch, err);
	PKG_TRY(check_question(&answer, err));
	PKG_TRY(open_folder(&folder, batch, err));
	return take(&answer, folder, err);
}
