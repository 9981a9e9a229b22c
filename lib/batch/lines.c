/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/json.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"
#include "packline/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_AT_ONCE = 128 }; /* share the memory of one arena */

/* One line of a file: a record. */
typedef enum pkg_code take_line(void *context, struct fields *fields,
				struct pkg_err *err);

/* A file of lines that is read. */
struct reading {
	const char *name; /* of the file */
	take_line *take;
	void *context;
};

static enum pkg_code read_line(const struct reading *reading,
			       struct pkg_arena *arena, const char *text,
			       size_t len, struct pkg_err *err)
{
	struct fields fields = {.document = reading->name, .arena = arena};

	PKG_TRY(batch_fields(&fields, arena, text, len, err));
	return reading->take(reading->context, &fields, err);
}

static enum pkg_code read_lines(const struct reading *reading,
				struct pkg_json_lines *lines,
				struct pkg_err *err)
{
	for (bool ended = false; !ended;) {
		PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;

		PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
		for (int i = 0; i < LINES_AT_ONCE && !ended; i++) {
			const char *text = NULL;
			size_t len = 0;

			PKG_TRY(pkg_json_lines_next(lines, &text, &len, err));
			ended = text == NULL;
			if (ended ||
			    read_line(reading, arena, text, len, err) == PKG_OK)
				continue;
			return pkg_err_at(
			    err,
			    &(struct pkg_mark){reading->name, lines->line, 0});
		}
	}
	return PKG_OK;
}

/* The first @size bytes of the file @fd. */
static enum pkg_code read_file(const struct reading *reading, int fd,
			       uint64_t size, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_json_lines) struct pkg_json_lines lines;
	struct pkg_source_limit limit;
	struct pkg_source_fd file;

	pkg_source_fd_init(&file, fd, reading->name);
	pkg_source_limit_init(&limit, &file.source, size);
	pkg_json_lines_init(&lines, &limit.source);
	return read_lines(reading, &lines, err);
}

/* -- documents -- */

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
	    pkg_hex_decode(out->digest, node->len / 2, node->text, node->len))
		return PKG_OK;
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
	static const uint8_t none[64] = {0};

	PKG_TRY(take_digest(fields, out, err));
	PKG_TRY(batch_fields_u64(fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				 &out->id, err));
	PKG_TRY(batch_fields_bool(fields, "isZip", &out->is_zip, err));
	PKG_TRY(pkg_fields_text(fields, "name", is_document_name, 0, &out->name,
				err));
	PKG_TRY(pkg_fields_sha256(fields, "sha256", NULL, out->sha256, err));
	PKG_TRY(batch_fields_u64(fields, "size", PKG_LIMIT_BATCH_BYTES,
				 &out->size, err));
	PKG_TRY(pkg_fields_end(fields, err));
	if (memcmp(out->digest, none, sizeof(none)) == 0)
		memcpy(out->digest, out->sha256, 32);
	return PKG_OK;
}

static enum pkg_code document_line(void *context, struct fields *fields,
				   struct pkg_err *err)
{
	struct documents *self = context;
	struct pkg_batch_document document = {.upload = self->upload};
	struct pkg_zip_entry entry = {0};
	char member[BATCH_FILE_NAME];

	PKG_TRY(take_document(fields, &document, err));
	if (document.id != ++self->count)
		return pkg_fields_refuse(fields, err,
					 "%s: the ids of the documents are not "
					 "1, 2, 3 ...",
					 fields->document);
	batch_file_name(member, BATCH_MEMBER, (unsigned)document.id);
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
	char name[BATCH_FILE_NAME];
	const struct reading reading = {name, document_line, self};
	struct stat st;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	batch_file_name(name, BATCH_DOCUMENTS, number);
	self->upload = number;
	self->offset = 0;
	PKG_TRY(pkg_path_open_regular(&fd, &st, pkg_job_fd(self->batch->job),
				      name, true, err));
	code = read_file(&reading, fd, (uint64_t)st.st_size, err);
	(void)close(fd);
	return code;
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

enum pkg_code batch_document_encode(struct pkg_buf *out,
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

/* -- results -- */

struct results {
	pkg_batch_visit_result *visit;
	void *context;
	uint64_t last; /* id of the line before */
};

static bool is_any(const char *text)
{
	(void)text;
	return true;
}

static bool is_reason(const char *text)
{
	return text[0] != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz"
					       "0123456789-") == strlen(text);
}

static enum pkg_code optional_text(struct fields *fields, const char *key,
				   bool (*is)(const char *), const char **out,
				   struct pkg_err *err)
{
	return pkg_fields_next_is(fields, key)
		   ? pkg_fields_text(fields, key, is, 0, out, err)
		   : PKG_OK;
}

static enum pkg_code take_signature(struct fields *fields, struct pkg_buf *out,
				    struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	if (!pkg_fields_next_is(fields, "signature"))
		return PKG_OK;
	PKG_TRY(pkg_fields_take(fields, "signature", PKG_NODE_STRING, 0, &node,
				err));
	if (pkg_base64_decode(out, node->text, node->len, err) == PKG_OK)
		return PKG_OK;
	return err->code == PKG_INPUT ? pkg_because(err, "batch-damaged")
				      : pkg_failed_(err->code);
}

static enum pkg_code take_signer(struct fields *fields, uint8_t spki[static 32],
				 const uint8_t **out, struct pkg_err *err)
{
	bool has = false;

	PKG_TRY(batch_fields_optional(fields, "signer", &has, spki, err));
	*out = has ? spki : NULL;
	return PKG_OK;
}

static enum pkg_code result_line(void *context, struct fields *fields,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf signature = {.max = PKG_LIMIT_SIGNATURE};
	struct results *self = context;
	struct pkg_batch_result result = {0};
	uint8_t spki[32];

	PKG_TRY(optional_text(fields, "detail", is_any, &result.detail, err));
	PKG_TRY(batch_fields_u64(fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				 &result.document, err));
	PKG_TRY(batch_fields_bool(fields, "ok", &result.ok, err));
	PKG_TRY(
	    optional_text(fields, "reason", is_reason, &result.reason, err));
	PKG_TRY(take_signature(fields, &signature, err));
	PKG_TRY(take_signer(fields, spki, &result.signer, err));
	PKG_TRY(pkg_fields_end(fields, err));
	if (result.document != ++self->last ||
	    result.ok == (result.reason != NULL))
		return pkg_fields_refuse(
		    fields, err, "%s: not the result of document %llu",
		    fields->document, (unsigned long long)self->last);
	if (signature.len > 0) {
		result.signature = signature.data;
		result.signature_len = signature.len;
	}
	return self->visit(self->context, &result, err);
}

/* Bytes up to the last newline, its own included. */
static enum pkg_code complete(uint64_t *out, int fd, uint64_t size,
			      struct pkg_err *err)
{
	char chunk[4096];

	for (*out = size; *out > 0;) {
		const size_t len =
		    *out < sizeof(chunk) ? (size_t)*out : sizeof(chunk);
		const ssize_t got = pread(fd, chunk, len, (off_t)(*out - len));
		const char *newline = NULL;

		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)len)
			return pkg_fail_os(err, got < 0 ? errno : EIO,
					   "cannot read " BATCH_RESULTS);
		newline = memrchr(chunk, '\n', len);
		if (newline != NULL) {
			*out -= len - (size_t)(newline + 1 - chunk);
			return PKG_OK;
		}
		*out -= len;
	}
	return PKG_OK;
}

enum pkg_code pkg_batch_results(const struct pkg_batch *batch,
				pkg_batch_visit_result *visit, void *context,
				uint64_t *good, struct pkg_err *err)
{
	struct results self = {.visit = visit, .context = context};
	const struct reading reading = {BATCH_RESULTS, result_line, &self};
	const int dirfd = pkg_job_fd(batch->job);
	enum pkg_code code = PKG_OK;
	uint64_t size = 0;
	struct stat st;
	int fd = -1;

	if (good != NULL)
		*good = 0;
	if (faccessat(dirfd, BATCH_RESULTS, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return PKG_OK;
	PKG_TRY(
	    pkg_path_open_regular(&fd, &st, dirfd, BATCH_RESULTS, true, err));
	code = complete(&size, fd, (uint64_t)st.st_size, err);
	if (code == PKG_OK)
		code = read_file(&reading, fd, size, err);
	(void)close(fd);
	if (code == PKG_OK && good != NULL)
		*good = size;
	return code;
}

enum pkg_code pkg_batch_result_encode(struct pkg_buf *out,
				      const struct pkg_batch_result *result,
				      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf base64 = {.max = 2 * PKG_LIMIT_SIGNATURE};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	if (result->detail != NULL)
		pkg_jsonw_str_member(&w, "detail", result->detail);
	pkg_jsonw_int_member(&w, "id", (int64_t)result->document);
	pkg_jsonw_bool_member(&w, "ok", result->ok);
	if (result->reason != NULL)
		pkg_jsonw_str_member(&w, "reason", result->reason);
	if (result->signature != NULL) {
		PKG_TRY(pkg_base64_encode(&base64, result->signature,
					  result->signature_len, err));
		pkg_jsonw_key(&w, "signature");
		pkg_jsonw_str(&w, pkg_buf_str(&base64), base64.len);
	}
	if (result->signer != NULL)
		pkg_jsonw_hex_member(&w, "signer", result->signer, 32);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}
