/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"
#include "batch/zip_out.h"

#include "packline/digest.h"
#include "packline/path.h"
#include "packline/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A batch on its way out. */
struct export
{
	struct pkg_batch *batch;
	struct pkg_batch_zip zip;
	struct pkg_exchange header;
	struct pkg_batch_state next; /* what it is afterwards */
	struct pkg_arena *arena;
};

/* What both directions say. */
static enum pkg_code fill_header(struct export *e, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};

	e->header = pkg_exchange_of(e->batch);
	return pkg_batch_request(e->batch, &request, e->header.request_sha256,
				 err);
}

/* -- a request -- */

/* The list is closed: request.json counts with the state that says so. */
static enum pkg_code close_list(struct export *e, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};

	if (e->next.listed)
		return PKG_OK;
	PKG_TRY(pkg_batch_request_make(e->batch, &request, err));
	PKG_TRY(pkg_batch_replace(e->batch, BATCH_REQUEST, &request, err));
	e->next.listed = true;
	return PKG_OK;
}

static enum pkg_code begin_request(struct export *e, bool hash_only,
				   struct pkg_err *err)
{
	struct pkg_err missing;

	PKG_TRY(close_list(e, err));
	PKG_TRY(pkg_exchange_validate(e->batch, &missing, e->arena, err));
	PKG_TRY(fill_header(e, err));
	e->header.hash_only = hash_only;
	e->next.exported = true;
	if (e->next.status == PKG_BATCH_ACCEPTED)
		e->next.status = PKG_BATCH_READY;
	return PKG_OK;
}

/* -- a response -- */

static enum pkg_code not_imported(const struct pkg_batch *batch,
				  struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "batch-status",
			 "export: batch '%s' is %s, and it did not come here "
			 "in a request file that could be answered",
			 batch->record.id,
			 pkg_batch_status_name(batch->state.status));
	return pkg_hint(err, "what was made here is given out by: download");
}

static enum pkg_code begin_response(struct export *e, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf asked = {.max = EXCHANGE_HEADER_MAX};
	struct pkg_exchange request;

	if (pkg_batch_slurp(e->batch, BATCH_EXCHANGE, &asked, err) != PKG_OK) {
		if (err->os_errno != ENOENT)
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT;
		return not_imported(e->batch, err);
	}
	PKG_TRY(pkg_exchange_decode(&request, e->arena, asked.data, asked.len,
				    err));
	PKG_TRY(fill_header(e, err));
	e->header.direction = PKG_EXCHANGE_RESPONSE;
	e->header.hash_only = request.hash_only;
	PKG_TRY(pkg_digest_sha256(e->batch->env->crypto, asked.data, asked.len,
				  e->header.answers_sha256, err));
	PKG_TRY(pkg_exchange_hash(e->batch, BATCH_RESULTS,
				  e->header.results_sha256, err));
	return pkg_exchange_hash(e->batch, BATCH_RESULT,
				 e->header.result_sha256, err);
}

/* -- both -- */

static enum pkg_code copy(struct export *e, int fd, const char *name,
			  struct pkg_err *err)
{
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_source_fd_init(&source, fd, name);
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		PKG_TRY(pkg_sink_write(&e->zip.sink, chunk, got, err));
	} while (got > 0);
	return pkg_batch_zip_end(&e->zip, err);
}

/* A file of the job: nobody changes it while the job is locked. */
static enum pkg_code put_file(struct export *e, const char *name,
			      struct pkg_err *err)
{
	enum pkg_code code;
	struct stat st;
	int fd = -1;

	PKG_TRY(pkg_path_open_regular(&fd, &st, pkg_job_fd(e->batch->job), name,
				      true, err));
	code = pkg_batch_zip_begin(&e->zip, name, (uint64_t)st.st_size, err);
	if (code == PKG_OK)
		code = copy(e, fd, name, err);
	(void)close(fd);
	return code;
}

static enum pkg_code put_numbered(struct export *e, const char *format,
				  unsigned number, struct pkg_err *err)
{
	char name[BATCH_FILE_NAME];

	pkg_batch_file_name(name, format, number);
	return put_file(e, name, err);
}

static enum pkg_code put_head(struct export *e, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf header = {.max = EXCHANGE_HEADER_MAX};
	const unsigned uploads = e->batch->state.uploads;

	PKG_TRY(pkg_exchange_encode(&header, &e->header, err));
	PKG_TRY(pkg_batch_zip_put(&e->zip, EXCHANGE_MIMETYPE, PKG_EXCHANGE_MIME,
				  strlen(PKG_EXCHANGE_MIME), err));
	PKG_TRY(pkg_batch_zip_put(&e->zip, BATCH_EXCHANGE, header.data,
				  header.len, err));
	PKG_TRY(put_file(e, BATCH_PROCESS, err));
	PKG_TRY(put_file(e, BATCH_RECORD, err));
	PKG_TRY(put_file(e, BATCH_REQUEST, err));
	for (unsigned i = 1; i <= uploads; i++)
		PKG_TRY(put_numbered(e, BATCH_DOCUMENTS, i, err));
	for (unsigned i = 1; i <= e->batch->state.approvals; i++) {
		PKG_TRY(put_numbered(e, BATCH_APPROVAL_JSON, i, err));
		PKG_TRY(put_numbered(e, BATCH_APPROVAL_P7S, i, err));
	}
	return PKG_OK;
}

static enum pkg_code put_results(struct export *e, struct pkg_err *err)
{
	PKG_TRY(put_file(e, BATCH_RESULTS, err));
	return put_file(e, BATCH_RESULT, err);
}

static enum pkg_code put_all(struct export *e, struct pkg_err *err)
{
	PKG_TRY(put_head(e, err));
	if (e->header.direction == PKG_EXCHANGE_RESPONSE)
		PKG_TRY(put_results(e, err));
	else
		for (unsigned i = 1;
		     !e->header.hash_only && i <= e->batch->state.uploads; i++)
			PKG_TRY(put_numbered(e, BATCH_CONTENT, i, err));
	return pkg_batch_zip_finish(&e->zip, err);
}

/*
 * The state is replaced while nobody sees the file: a batch that says nothing
 * of a request that has left would be run a second time.
 */
static enum pkg_code run(struct export *e,
			 const struct pkg_exchange_export *job,
			 struct pkg_err *err)
{
	const bool response = e->next.status == PKG_BATCH_CLOSED;

	PKG_TRY(response ? begin_response(e, err)
			 : begin_request(e, job->hash_only, err));
	PKG_TRY(put_all(e, err));
	if (job->before != NULL)
		PKG_TRY(job->before(job->context, &e->header, err));
	if (!response)
		PKG_TRY(pkg_batch_set_state(e->batch, &e->next, err));
	return pkg_outfile_commit(job->file, UINT64_MAX, err);
}

enum pkg_code pkg_batch_export(struct pkg_batch *batch,
			       const struct pkg_exchange_export *job,
			       struct pkg_exchange *written,
			       struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct export e = {.batch = batch, .next = batch->state};
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_exchange_check_process(batch->process, err));
	PKG_TRY(pkg_batch_allows(batch, PKG_BATCH_EXPORT, err));
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	e.arena = arena;
	pkg_batch_zip_init(&e.zip, job->file);
	code = run(&e, job, err);
	pkg_batch_zip_fini(&e.zip);
	*written = e.header;
	return code;
}
