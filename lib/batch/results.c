/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

	PKG_TRY(pkg_batch_fields_optional(fields, "signer", &has, spki, err));
	*out = has ? spki : NULL;
	return PKG_OK;
}

static enum pkg_code take_result(struct pkg_batch_results *self,
				 struct fields *fields,
				 struct pkg_batch_result *out,
				 struct pkg_err *err)
{
	PKG_TRY(optional_text(fields, "detail", is_any, &out->detail, err));
	PKG_TRY(pkg_batch_fields_u64(fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				     &out->document, err));
	PKG_TRY(pkg_batch_fields_bool(fields, "ok", &out->ok, err));
	PKG_TRY(optional_text(fields, "reason", is_reason, &out->reason, err));
	pkg_buf_clear(&self->signature);
	PKG_TRY(take_signature(fields, &self->signature, err));
	PKG_TRY(take_signer(fields, self->signer, &out->signer, err));
	PKG_TRY(pkg_fields_end(fields, err));
	if (out->document != ++self->last || out->ok == (out->reason != NULL))
		return pkg_fields_refuse(
		    fields, err, "%s: not the result of document %llu",
		    fields->document, (unsigned long long)self->last);
	if (self->signature.len > 0) {
		out->signature = self->signature.data;
		out->signature_len = self->signature.len;
	}
	return PKG_OK;
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

enum pkg_code pkg_batch_results_open(struct pkg_batch_results *results,
				     const struct pkg_batch *batch,
				     struct pkg_err *err)
{
	const int dirfd = pkg_job_fd(batch->job);
	uint64_t size = 0;

	results->signature.max = PKG_LIMIT_SIGNATURE;
	if (faccessat(dirfd, BATCH_RESULTS, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return PKG_OK;
	PKG_TRY(pkg_batch_lines_open(&results->lines, dirfd, BATCH_RESULTS,
				     &size, err));
	PKG_TRY(complete(&results->good, results->lines.fd, size, err));
	pkg_batch_lines_start(&results->lines, results->good);
	return PKG_OK;
}

void pkg_batch_results_fini(struct pkg_batch_results *results)
{
	pkg_batch_lines_fini(&results->lines);
	pkg_buf_fini(&results->signature);
}

enum pkg_code pkg_batch_results_next(struct pkg_batch_results *results,
				     struct pkg_batch_result *out, bool *ended,
				     struct pkg_err *err)
{
	struct fields fields;

	*out = (struct pkg_batch_result){0};
	*ended = !results->lines.is_open;
	if (*ended)
		return PKG_OK;
	if (pkg_batch_lines_next(&results->lines, ended, &fields, err) ==
		PKG_OK &&
	    (*ended || take_result(results, &fields, out, err) == PKG_OK))
		return PKG_OK;
	return pkg_batch_lines_at(&results->lines, err);
}

enum pkg_code pkg_batch_results(const struct pkg_batch *batch,
				pkg_batch_visit_result *visit, void *context,
				uint64_t *good, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_batch_results) struct pkg_batch_results results = {0};
	struct pkg_batch_result result;
	bool ended = false;

	PKG_TRY(pkg_batch_results_open(&results, batch, err));
	if (good != NULL)
		*good = results.good;
	for (;;) {
		PKG_TRY(pkg_batch_results_next(&results, &result, &ended, err));
		if (ended)
			return PKG_OK;
		PKG_TRY(visit(context, &result, err));
	}
}

enum pkg_code pkg_batch_result_encode(struct pkg_buf *out,
				      const struct pkg_batch_result *result,
				      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf base64 = {.max = (size_t)2 * PKG_LIMIT_SIGNATURE};
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
