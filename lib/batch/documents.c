/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "packline/digest.h"
#include "packline/path.h"
#include "packline/text.h"
#include "packline/zip.h"

#include <string.h>

struct documents {
	const struct pkg_batch *batch;
	pkg_batch_visit_document *visit;
	void *context;
	uint64_t count, bytes;
	unsigned upload;
	uint64_t offset; /* behind the last document of this upload */
};

/* In the process' algorithm; SHA-256 is not said twice. */
static enum pkg_code take_digest(struct fields *fields,
				 struct pkg_batch_document *out,
				 struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	if (!pkg_fields_next_is(fields, "digest"))
		return PKG_OK;
	PKG_TRY(
	    pkg_fields_take(fields, "digest", PKG_NODE_STRING, 0, &node, err));
	if ((node->len == 96 || node->len == 128) &&
	    pkg_hex_decode(out->digest, node->len / 2, node->text, node->len)) {
		out->digest_len = node->len / 2;
		return PKG_OK;
	}
	return pkg_fields_refuse(fields, err, "%s: 'digest' is none",
				 fields->document);
}

static bool is_document_name(const char *text)
{
	return pkg_path_is_safe_name(text, strlen(text));
}

static enum pkg_code take_document(struct fields *fields,
				   struct pkg_batch_document *out,
				   struct pkg_err *err)
{
	PKG_TRY(take_digest(fields, out, err));
	PKG_TRY(pkg_batch_fields_u64(fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				     &out->id, err));
	PKG_TRY(pkg_batch_fields_bool(fields, "isZip", &out->is_zip, err));
	PKG_TRY(pkg_fields_text(fields, "name", is_document_name, 0, &out->name,
				err));
	PKG_TRY(pkg_fields_sha256(fields, "sha256", NULL, out->sha256, err));
	PKG_TRY(pkg_batch_fields_u64(fields, "size", PKG_LIMIT_BATCH_BYTES,
				     &out->size, err));
	PKG_TRY(pkg_fields_end(fields, err));
	if (out->digest_len > 0)
		return PKG_OK;
	memcpy(out->digest, out->sha256, 32);
	out->digest_len = 32;
	return PKG_OK;
}

/*
 * What is signed is "digest": one of another algorithm than the process' would
 * be signed as far as it goes, and nobody would be shown it.
 */
static enum pkg_code check_digest(const struct documents *self,
				  const struct pkg_batch_document *document,
				  const struct fields *fields,
				  struct pkg_err *err)
{
	const struct pkg_process *process = self->batch->process;

	if (process == NULL || document->digest_len ==
				   pkg_digest_size(pkg_process_digest(process)))
		return PKG_OK;
	return pkg_fields_refuse(fields, err,
				 "%s: 'digest' is there if the process does "
				 "not sign SHA-256, and in its algorithm",
				 fields->document);
}

static enum pkg_code next_document(struct documents *self,
				   struct fields *fields, struct pkg_err *err)
{
	struct pkg_batch_document document = {.upload = self->upload};
	struct pkg_zip_entry entry = {0};
	char member[BATCH_FILE_NAME];

	PKG_TRY(take_document(fields, &document, err));
	PKG_TRY(check_digest(self, &document, fields, err));
	if (document.id != ++self->count)
		return pkg_fields_refuse(fields, err,
					 "%s: the ids of the documents are not "
					 "1, 2, 3 ...",
					 fields->document);
	pkg_batch_file_name(member, BATCH_MEMBER, (unsigned)document.id);
	entry.name = member;
	entry.size = document.size;
	document.offset = self->offset + pkg_zip_local(NULL, &entry);
	self->offset = document.offset + document.size;
	self->bytes += document.size;
	return self->visit(self->context, &document, err);
}

static enum pkg_code read_upload(struct documents *self, unsigned number,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_batch_lines) struct pkg_batch_lines lines = {0};
	char name[BATCH_FILE_NAME];
	struct fields fields;
	bool ended = false;
	uint64_t size = 0;

	pkg_batch_file_name(name, BATCH_DOCUMENTS, number);
	self->upload = number;
	self->offset = 0;
	PKG_TRY(pkg_batch_lines_open(&lines, pkg_job_fd(self->batch->job), name,
				     &size, err));
	pkg_batch_lines_start(&lines, size);
	for (;;) {
		if (pkg_batch_lines_next(&lines, &ended, &fields, err) !=
		    PKG_OK)
			return pkg_batch_lines_at(&lines, err);
		if (ended)
			return PKG_OK;
		PKG_TRY(next_document(self, &fields, err));
	}
}

enum pkg_code pkg_batch_documents(const struct pkg_batch *batch,
				  pkg_batch_visit_document *visit,
				  void *context, struct pkg_err *err)
{
	const struct pkg_batch_state *state = &batch->state;
	struct documents self = {
	    .batch = batch, .visit = visit, .context = context};

	for (unsigned i = 1; i <= state->uploads; i++)
		PKG_TRY(read_upload(&self, i, err));
	if (self.count == state->documents && self.bytes == state->bytes)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "batch '%s' has %llu documents of %llu bytes, but "
			  "its state says %llu of %llu",
			  batch->record.id, (unsigned long long)self.count,
			  (unsigned long long)self.bytes,
			  (unsigned long long)state->documents,
			  (unsigned long long)state->bytes);
}

enum pkg_code
pkg_batch_document_encode(struct pkg_buf *out,
			  const struct pkg_batch_document *document,
			  unsigned digest_bits, struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	if (digest_bits != 256)
		pkg_jsonw_hex_member(&w, "digest", document->digest,
				     digest_bits / 8);
	pkg_jsonw_int_member(&w, "id", (int64_t)document->id);
	pkg_jsonw_bool_member(&w, "isZip", document->is_zip);
	pkg_jsonw_str_member(&w, "name", document->name);
	pkg_jsonw_hex_member(&w, "sha256", document->sha256, 32);
	pkg_jsonw_int_member(&w, "size", (int64_t)document->size);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}
