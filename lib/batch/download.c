/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"
#include "show.h"
#include "stamp.h"
#include "zip_out.h"

#include "packline/batch_life.h"
#include "packline/document.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_MAX = 64 << 20 }; /* bytes: 30,000 documents with long names */

/* A download on its way. */
struct download {
	const struct pkg_batch *batch;
	struct pkg_batch_zip zip;
	struct pkg_batch_results results;
	struct batch_stamps stamps;
	struct pkg_batch_result result; /* of the next document */
	bool ended;
};

/* The record, with what result.json says. */
static enum pkg_code put_record(struct download *self, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf record = {.max = RECORD_MAX};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct batch_show show = {.documents = true};
	struct pkg_json_input input = {.name = BATCH_RESULT, .canonical = true};
	struct pkg_sink_buf sink;

	PKG_TRY(pkg_batch_slurp(self->batch, BATCH_RESULT, &data, err));
	PKG_TRY(pkg_fields_arena(&arena, data.len, err));
	input.data = data.data;
	input.len = data.len;
	if (pkg_json_parse(&show.result, arena, &input, err) != PKG_OK)
		return err->code == PKG_INPUT
			   ? pkg_because(err, "batch-damaged")
			   : pkg_failed_(err->code);
	pkg_sink_buf_init(&sink, &record);
	PKG_TRY(pkg_batch_show_record(self->batch, &sink.sink, &show, err));
	return pkg_batch_zip_put(&self->zip, BATCH_RECORD, record.data,
				 record.len, err);
}

static enum pkg_code put_plain(struct download *self,
			       const struct pkg_batch_document *document,
			       struct pkg_err *err)
{
	PKG_TRY(pkg_batch_zip_begin(&self->zip, document->name, document->size,
				    err));
	PKG_TRY(pkg_batch_content(self->batch, document, &self->zip.sink, err));
	return pkg_batch_zip_end(&self->zip, err);
}

/* The document within its signature. */
static enum pkg_code put_attached(struct download *self,
				  const struct pkg_batch_document *document,
				  const char *name, struct pkg_err *err)
{
	const struct pkg_batch_result *result = &self->result;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf head = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf tail = {.max = PKG_LIMIT_SIGNATURE};
	struct pkg_sink *sink = &self->zip.sink;

	PKG_TRY(pkg_document_attach(&head, &tail, result->signature,
				    result->signature_len, document->size,
				    err));
	PKG_TRY(pkg_batch_zip_begin(&self->zip, name,
				    head.len + document->size + tail.len, err));
	PKG_TRY(pkg_sink_write(sink, head.data, head.len, err));
	PKG_TRY(pkg_batch_content(self->batch, document, sink, err));
	PKG_TRY(pkg_sink_write(sink, tail.data, tail.len, err));
	return pkg_batch_zip_end(&self->zip, err);
}

static enum pkg_code put_signed(struct download *self,
				const struct pkg_batch_document *document,
				struct pkg_err *err)
{
	const enum pkg_process_form form = self->batch->process->form;
	const struct pkg_batch_result *result = &self->result;
	char name[256 + 8];

	(void)snprintf(name, sizeof(name), "%s%s", document->name,
		       pkg_process_form_suffix(form));
	if (form == PKG_PROCESS_CMS_ATTACHED)
		return put_attached(self, document, name, err);
	PKG_TRY(put_plain(self, document, err));
	return pkg_batch_zip_put(&self->zip, name, result->signature,
				 result->signature_len, err);
}

/* A signature that has been stamped goes out with its stamp. */
static enum pkg_code take_stamp(struct download *self, struct pkg_err *err)
{
	bool has = false;

	PKG_TRY(
	    pkg_stamps_find(&self->stamps, self->result.document, &has, err));
	if (!has)
		return PKG_OK;
	self->result.signature = self->stamps.signature.data;
	self->result.signature_len = self->stamps.signature.len;
	return PKG_OK;
}

static enum pkg_code put_document(void *context,
				  const struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	struct download *self = context;

	if (self->ended)
		return pkg_refuse(err, PKG_INPUT, "batch-damaged",
				  "batch '%s' has no result for document '%s'",
				  self->batch->record.id, document->name);
	PKG_TRY(take_stamp(self, err));
	if (self->result.signature != NULL)
		PKG_TRY(put_signed(self, document, err));
	else
		PKG_TRY(put_plain(self, document, err));
	return pkg_batch_results_next(&self->results, &self->result,
				      &self->ended, err);
}

static enum pkg_code put_all(struct download *self, struct pkg_err *err)
{
	PKG_TRY(put_record(self, err));
	PKG_TRY(pkg_stamps_open(&self->stamps, self->batch, err));
	PKG_TRY(pkg_batch_results_open(&self->results, self->batch, err));
	PKG_TRY(pkg_batch_results_next(&self->results, &self->result,
				       &self->ended, err));
	PKG_TRY(pkg_batch_documents(self->batch, put_document, self, err));
	return pkg_batch_zip_finish(&self->zip, err);
}

enum pkg_code pkg_batch_download(const struct pkg_batch *batch,
				 struct pkg_outfile *out, struct pkg_err *err)
{
	struct download self = {.batch = batch};
	enum pkg_code code = pkg_batch_allows(batch, PKG_BATCH_DOWNLOAD, err);

	if (code == PKG_OK && batch->process == NULL)
		code = pkg_fail(err, PKG_INTERNAL,
				"a download without the process");
	pkg_batch_zip_init(&self.zip, out);
	if (code == PKG_OK)
		code = put_all(&self, err);
	pkg_batch_results_fini(&self.results);
	pkg_stamps_fini(&self.stamps);
	pkg_batch_zip_fini(&self.zip);
	return code;
}
