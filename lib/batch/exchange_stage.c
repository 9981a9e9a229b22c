/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/digest.h"
#include "packline/limits.h"

#include <string.h>

/*
 * Reading a request or response file: every member into a file of a folder
 * that nobody sees, so that what came is looked at by the same code as what
 * was here.  Nothing of it is believed yet.
 */

enum {
	/* A line of documents-NNN.jsonl: a name of 255 bytes, all of them
	   quotes, two digests and numbers. */
	DOCUMENT_LINE = 1024,
	/* Beside its content a document takes two headers in content-NNN.zip,
	   and the file has an end. */
	DOCUMENT_FRAME = 256,
	/* A line of results.jsonl: the longest signature in Base64. */
	RESULT_LINE = 2 * PKG_LIMIT_SIGNATURE,
};

void pkg_exchange_stage_fini(struct exchange_stage *stage)
{
	pkg_zip_reader_free(stage->zip);
	pkg_buf_fini(&stage->header_json);
	pkg_buf_fini(&stage->record_json);
}

static enum pkg_code too_large(const char *name, struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "limit",
			  "'%s' is larger than it can be", name);
}

/* Its size, within @limit; then it is entered. */
static enum pkg_code enter(struct exchange_stage *stage, const char *name,
			   uint64_t limit, struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;

	PKG_TRY(pkg_zip_reader_peek(stage->zip, &entry, err));
	if (entry != NULL && entry->size > limit)
		return too_large(name, err);
	return pkg_zip_reader_enter(stage->zip, name, UINT64_MAX, err);
}

/* Is it the next one? */
static enum pkg_code next_is(struct exchange_stage *stage, const char *name,
			     bool *yes, struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;

	PKG_TRY(pkg_zip_reader_peek(stage->zip, &entry, err));
	*yes = entry != NULL && strcmp(entry->name, name) == 0;
	return PKG_OK;
}

static enum pkg_code read_mimetype(struct exchange_stage *stage,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf mime = {.max = sizeof(PKG_EXCHANGE_MIME)};
	const struct pkg_zip_entry *entry = NULL;
	bool yes = false;

	PKG_TRY(next_is(stage, EXCHANGE_MIMETYPE, &yes, err));
	PKG_TRY(pkg_zip_reader_peek(stage->zip, &entry, err));
	if (yes && entry->size <= mime.max) {
		PKG_TRY(enter(stage, EXCHANGE_MIMETYPE, mime.max, err));
		PKG_TRY(pkg_zip_reader_slurp(stage->zip, &mime, err));
		if (strcmp(pkg_buf_str(&mime), PKG_EXCHANGE_MIME) == 0)
			return PKG_OK;
	}
	(void)pkg_refuse(err, PKG_INPUT, "unsupported-format",
			 "it is neither the request nor the response file of a "
			 "batch");
	return pkg_hint(err, "pkg-batch export writes them");
}

/* The next member, which must be @name, whole. */
static enum pkg_code slurp(struct exchange_stage *stage, const char *name,
			   struct pkg_buf *out, struct pkg_err *err)
{
	PKG_TRY(enter(stage, name, out->max, err));
	return pkg_zip_reader_slurp(stage->zip, out, err);
}

/* Both sides have the same process, and the same word for it. */
static enum pkg_code read_process(struct exchange_stage *stage,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};
	const struct pkg_process *process = stage->job->process;
	const struct pkg_exchange *header = &stage->header;

	if (memcmp(header->process_sha256, process->sha256, 32) != 0) {
		(void)pkg_refuse(err, PKG_NO, "batch-process",
				 "batch '%s' is of another process, or of "
				 "another edition of '%s'",
				 header->batch, process->path);
		return pkg_hint(err, "both sides must have the very same "
				     "process file");
	}
	if (strcmp(header->tenant, process->tenant) != 0)
		return pkg_refuse(err, PKG_NO, "exchange-tenant",
				  "batch '%s' is of tenant '%s', the process "
				  "of '%s'",
				  header->batch, header->tenant,
				  process->tenant);
	PKG_TRY(slurp(stage, BATCH_PROCESS, &text, err));
	if (text.len == process->text_len &&
	    memcmp(text.data, process->text, text.len) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
			  BATCH_PROCESS " is not what " BATCH_EXCHANGE " says");
}

static enum pkg_code read_record(struct exchange_stage *stage,
				 struct pkg_err *err)
{
	const struct pkg_batch_record *record = &stage->record;
	const struct pkg_exchange *header = &stage->header;

	stage->record_json.max = PKG_LIMIT_BATCH_RECORD;
	PKG_TRY(slurp(stage, BATCH_RECORD, &stage->record_json, err));
	if (pkg_batch_record_decode(&stage->record, stage->arena,
				    &stage->record_json, err) != PKG_OK)
		return err->code == PKG_INPUT
			   ? pkg_because(err, "malformed-exchange")
			   : pkg_failed_(err->code);
	if (strcmp(record->id, header->batch) == 0 &&
	    strcmp(record->tenant, header->tenant) == 0 &&
	    record->has_previous == header->has_previous &&
	    memcmp(record->previous_sha256, header->previous_sha256, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
			  BATCH_RECORD
			  " is of another batch than " BATCH_EXCHANGE);
}

enum pkg_code pkg_exchange_begin(struct exchange_stage *stage,
				 const struct pkg_exchange_import *job,
				 struct pkg_arena *arena, struct pkg_err *err)
{
	stage->job = job;
	stage->arena = arena;
	stage->header_json.max = EXCHANGE_HEADER_MAX;
	PKG_TRY(pkg_zip_reader_new(&stage->zip, job->source, err));
	PKG_TRY(read_mimetype(stage, err));
	PKG_TRY(slurp(stage, BATCH_EXCHANGE, &stage->header_json, err));
	PKG_TRY(pkg_exchange_decode(&stage->header, arena,
				    stage->header_json.data,
				    stage->header_json.len, err));
	PKG_TRY(read_process(stage, err));
	return read_record(stage, err);
}

static enum pkg_code copy(struct exchange_stage *stage, int fd,
			  const char *name, struct pkg_err *err)
{
	struct pkg_sink_fd sink;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_sink_fd_init(&sink, fd, name);
	do {
		PKG_TRY(pkg_zip_reader_read(stage->zip, chunk, sizeof(chunk),
					    &got, err));
		PKG_TRY(pkg_sink_write(&sink.sink, chunk, got, err));
	} while (got > 0);
	return pkg_sink_finish(&sink.sink, err);
}

/* The next member, which must be @name, into a file of that name. */
static enum pkg_code take(struct exchange_stage *stage, const char *name,
			  uint64_t limit, struct pkg_err *err)
{
	enum pkg_code code, closed;
	struct pkg_err ignored;
	int fd = -1;

	PKG_TRY(enter(stage, name, limit, err));
	PKG_TRY(pkg_outdir_create(stage->dir, name, 0600, &fd, err));
	code = copy(stage, fd, name, err);
	closed = pkg_outdir_close_file(stage->dir, fd,
				       code == PKG_OK ? err : &ignored);
	return code != PKG_OK ? code : closed;
}

/* Members 001, 002, ... as long as there are; each within what is left. */
static enum pkg_code take_all(struct exchange_stage *stage, const char *format,
			      uint64_t limit, unsigned *count,
			      struct pkg_err *err)
{
	char name[BATCH_FILE_NAME];
	bool yes = true;

	for (*count = 0; *count < PKG_LIMIT_BATCH_UPLOADS; ++*count) {
		const struct pkg_zip_entry *entry = NULL;

		pkg_batch_file_name(name, format, *count + 1);
		PKG_TRY(next_is(stage, name, &yes, err));
		if (!yes)
			return PKG_OK;
		PKG_TRY(pkg_zip_reader_peek(stage->zip, &entry, err));
		if (entry->size > limit)
			return too_large(name, err);
		limit -= entry->size;
		PKG_TRY(take(stage, name, entry->size, err));
	}
	return PKG_OK;
}

static enum pkg_code take_approvals(struct exchange_stage *stage,
				    struct pkg_err *err)
{
	char name[BATCH_FILE_NAME];
	bool yes = true;

	while (stage->approvals < PKG_LIMIT_SIGNATURES) {
		pkg_batch_file_name(name, BATCH_APPROVAL_JSON,
				    stage->approvals + 1);
		PKG_TRY(next_is(stage, name, &yes, err));
		if (!yes)
			return PKG_OK;
		PKG_TRY(take(stage, name, PKG_LIMIT_APPROVAL, err));
		pkg_batch_file_name(name, BATCH_APPROVAL_P7S,
				    stage->approvals + 1);
		PKG_TRY(take(stage, name, PKG_LIMIT_SIGNATURE, err));
		stage->approvals++;
	}
	return PKG_OK;
}

/* One file of content for each list, and none without content. */
static enum pkg_code take_content(struct exchange_stage *stage,
				  struct pkg_err *err)
{
	const struct pkg_process *process = stage->job->process;
	const uint64_t limit =
	    process->max_bytes + process->max_documents * DOCUMENT_FRAME +
	    (uint64_t)PKG_LIMIT_BATCH_UPLOADS * DOCUMENT_FRAME;
	unsigned count = 0;

	if (stage->header.direction == PKG_EXCHANGE_RESPONSE ||
	    stage->header.hash_only)
		return PKG_OK;
	PKG_TRY(take_all(stage, BATCH_CONTENT, limit, &count, err));
	if (count == stage->uploads)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "framing",
			  "%u lists of documents, but %u files of content",
			  stage->uploads, count);
}

static enum pkg_code take_results(struct exchange_stage *stage,
				  struct pkg_err *err)
{
	const uint64_t limit =
	    stage->job->process->max_documents * (uint64_t)RESULT_LINE;

	if (stage->header.direction == PKG_EXCHANGE_REQUEST)
		return PKG_OK;
	PKG_TRY(take(stage, BATCH_RESULTS, limit, err));
	return take(stage, BATCH_RESULT, PKG_LIMIT_BATCH_RECORD, err);
}

enum pkg_code pkg_exchange_tell(const struct exchange_stage *stage,
				struct pkg_err *err)
{
	const struct pkg_exchange_import *job = stage->job;

	return job->before == NULL
		   ? PKG_OK
		   : job->before(job->context, &stage->header, err);
}

enum pkg_code pkg_exchange_stage(struct exchange_stage *stage,
				 struct pkg_outdir *dir, struct pkg_err *err)
{
	const struct pkg_process *process = stage->job->process;

	stage->dir = dir;
	PKG_TRY(take(stage, BATCH_REQUEST, PKG_LIMIT_BATCH_RECORD, err));
	PKG_TRY(take_all(stage, BATCH_DOCUMENTS,
			 process->max_documents * DOCUMENT_LINE,
			 &stage->uploads, err));
	PKG_TRY(take_approvals(stage, err));
	PKG_TRY(take_content(stage, err));
	PKG_TRY(take_results(stage, err));
	return pkg_zip_reader_finish(stage->zip, err);
}
