/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp.h"

#include "packline/json.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * stamps.jsonl: signatures with their time stamps, by the ids of the
 * documents.  It is replaced as a whole, so it has no torn end.
 */

void pkg_stamps_fini(struct batch_stamps *stamps)
{
	pkg_json_lines_fini(&stamps->lines);
	pkg_buf_fini(&stamps->signature);
	pkg_arena_free(stamps->arena);
	if (stamps->fd >= 0)
		(void)close(stamps->fd);
}

static enum pkg_code take_line(struct batch_stamps *stamps, const char *text,
			       size_t len, struct pkg_err *err)
{
	struct fields fields = {.document = BATCH_STAMPS,
				.arena = stamps->arena};
	const struct pkg_node *node = NULL;
	const uint64_t last = stamps->document;

	PKG_TRY(batch_fields(&fields, stamps->arena, text, len, err));
	PKG_TRY(batch_fields_u64(&fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				 &stamps->document, err));
	PKG_TRY(pkg_fields_take(&fields, "signature", PKG_NODE_STRING, 0, &node,
				err));
	PKG_TRY(pkg_fields_end(&fields, err));
	if (stamps->document <= last)
		return pkg_fields_refuse(
		    &fields, err, "%s: ids are not ascending", BATCH_STAMPS);
	if (pkg_base64_decode(&stamps->signature, node->text, node->len, err) ==
	    PKG_OK)
		return PKG_OK;
	return err->code == PKG_INPUT ? pkg_because(err, "batch-damaged")
				      : pkg_failed_(err->code);
}

enum pkg_code pkg_stamps_next(struct batch_stamps *stamps, struct pkg_err *err)
{
	const char *text = NULL;
	size_t len = 0;

	pkg_buf_clear(&stamps->signature);
	if (stamps->fd >= 0)
		PKG_TRY(pkg_json_lines_next(&stamps->lines, &text, &len, err));
	stamps->ended = text == NULL;
	if (stamps->ended)
		return PKG_OK;
	pkg_arena_free(stamps->arena);
	stamps->arena = NULL;
	PKG_TRY(pkg_arena_new(&stamps->arena, PKG_LIMIT_ARENA_OF(len), err));
	return take_line(stamps, text, len, err);
}

enum pkg_code pkg_stamps_open(struct batch_stamps *stamps,
			      const struct pkg_batch *batch,
			      struct pkg_err *err)
{
	struct stat st;

	stamps->signature.max = PKG_LIMIT_SIGNATURE;
	stamps->fd = -1;
	pkg_source_fd_init(&stamps->source, -1, BATCH_STAMPS);
	pkg_json_lines_init(&stamps->lines, &stamps->source.source);
	if (pkg_path_open_regular(&stamps->fd, &st, pkg_job_fd(batch->job),
				  BATCH_STAMPS, true, err) == PKG_OK) {
		stamps->source.fd = stamps->fd;
	} else {
		stamps->fd = -1;
		if (err->os_errno != ENOENT)
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT; /* there are none yet */
	}
	return pkg_stamps_next(stamps, err);
}

enum pkg_code pkg_stamps_encode(struct pkg_buf *out, uint64_t document,
				const struct pkg_buf *signature,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf base64 = {.max = 2 * PKG_LIMIT_SIGNATURE};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	PKG_TRY(
	    pkg_base64_encode(&base64, signature->data, signature->len, err));
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "id", (int64_t)document);
	pkg_jsonw_key(&w, "signature");
	pkg_jsonw_str(&w, pkg_buf_str(&base64), base64.len);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* -- what came of a batch, with time stamps -- */

struct final {
	struct batch_stamps stamps;
	pkg_batch_visit_result *visit;
	void *context;
};

static enum pkg_code final_result(void *context,
				  const struct pkg_batch_result *result,
				  struct pkg_err *err)
{
	struct final *self = context;
	struct batch_stamps *stamps = &self->stamps;
	struct pkg_batch_result stamped = *result;

	if (stamps->ended || stamps->document != result->document)
		return self->visit(self->context, result, err);
	stamped.signature = stamps->signature.data;
	stamped.signature_len = stamps->signature.len;
	PKG_TRY(self->visit(self->context, &stamped, err));
	return pkg_stamps_next(stamps, err);
}

enum pkg_code pkg_batch_final_results(const struct pkg_batch *batch,
				      pkg_batch_visit_result *visit,
				      void *context, struct pkg_err *err)
{
	struct final self = {.visit = visit, .context = context};
	enum pkg_code code = PKG_OK;

	code = pkg_stamps_open(&self.stamps, batch, err);
	if (code == PKG_OK)
		code = pkg_batch_results(batch, final_result, &self, NULL, err);
	if (code == PKG_OK && !self.stamps.ended)
		code = pkg_refuse(err, PKG_INPUT, "batch-damaged",
				  BATCH_STAMPS ": no signature of document "
					       "%llu is in results.jsonl",
				  (unsigned long long)self.stamps.document);
	pkg_stamps_fini(&self.stamps);
	return code;
}
