/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "lines.h"
#include "stamp.h"

#include "packline/digest.h"
#include "packline/document.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 255 };

/* A folder of OUT or ERR that is being filled. */
struct stage {
	const struct pkg_batch_watch *watch;
	struct pkg_outdir *folder;
	const char *batch; /* id, for the records; NULL = none */
};

bool pkg_watch_is_staged(const struct pkg_batch_watch *watch, const char *id)
{
	return pkg_watch_has(watch->made, id) ||
	       pkg_watch_has(watch->failed, id);
}

/* "refused-" or so, and what tells this name from others. */
static enum pkg_code name_for(char out[static 256],
			      const struct pkg_batch_watch *watch,
			      const char *prefix, const char *name,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests digests;
	char hex[17];

	PKG_TRY(pkg_digest_new(&digest, watch->env->crypto, PKG_DIGEST_SHA256,
			       err));
	PKG_TRY(pkg_digest_update(digest, name, strlen(name), err));
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	pkg_hex_encode(hex, digests.sha256, 8);
	(void)snprintf(out, 256, "%s-%s", prefix, hex);
	return PKG_OK;
}

enum pkg_code pkg_watch_error_name(const struct pkg_batch_watch *watch,
				   const char *name, char out[static 256],
				   struct pkg_err *err)
{
	const size_t len = strlen(name);

	/* Such a name would do to others what it was refused for. */
	if (pkg_path_name_flaw(name, len) != NULL ||
	    len + strlen(WATCH_ERROR) > NAME_BYTES)
		return name_for(out, watch, "refused", name, err);
	memcpy(out, name, len + 1);
	return PKG_OK;
}

enum pkg_code pkg_watch_other_name(const struct pkg_batch_watch *watch,
				   const char *name, char out[static 256],
				   struct pkg_err *err)
{
	return name_for(out, watch, "other", name, err);
}

/* -- files of a stage -- */

/* A file that is written; closed by end_file(). */
static enum pkg_code begin_file(const struct stage *stage,
				struct pkg_sink_fd *sink, const char *name,
				struct pkg_err *err)
{
	int fd = -1;

	PKG_TRY(pkg_outdir_create(stage->folder, name, 0666, &fd, err));
	pkg_sink_fd_init(sink, fd, name);
	return PKG_OK;
}

static enum pkg_code end_file(const struct stage *stage,
			      struct pkg_sink_fd *sink, enum pkg_code code,
			      struct pkg_err *err)
{
	/* What is not committed goes away as it is. */
	struct pkg_err other = PKG_ERR_INIT;
	const enum pkg_code closed = pkg_outdir_close_file(
	    stage->folder, sink->fd, code == PKG_OK ? err : &other);

	return code == PKG_OK ? closed : code;
}

/* The document itself, as @name. */
static enum pkg_code put_content(const struct stage *stage, const char *name,
				 const struct pkg_batch *batch,
				 const struct pkg_batch_document *document,
				 struct pkg_err *err)
{
	struct pkg_sink_fd file;

	PKG_TRY(begin_file(stage, &file, name, err));
	return end_file(stage, &file,
			pkg_batch_content(batch, document, &file.sink, err),
			err);
}

static enum pkg_code write_attached(struct pkg_sink *sink,
				    const struct pkg_batch *batch,
				    const struct pkg_batch_document *document,
				    const struct pkg_batch_result *result,
				    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf head = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf tail = {.max = PKG_LIMIT_SIGNATURE};

	PKG_TRY(pkg_document_attach(&head, &tail, result->signature,
				    result->signature_len, document->size,
				    err));
	PKG_TRY(pkg_sink_write(sink, head.data, head.len, err));
	PKG_TRY(pkg_batch_content(batch, document, sink, err));
	return pkg_sink_write(sink, tail.data, tail.len, err);
}

static enum pkg_code put_signature(const struct stage *stage,
				   const struct pkg_batch *batch,
				   const struct pkg_batch_document *document,
				   const struct pkg_batch_result *result,
				   struct pkg_err *err)
{
	const enum pkg_process_form form = batch->process->form;
	struct pkg_sink_fd file;
	char name[NAME_BYTES + 8];
	enum pkg_code code;

	(void)snprintf(name, sizeof(name), "%s%s", document->name,
		       pkg_process_form_suffix(form));
	PKG_TRY(begin_file(stage, &file, name, err));
	if (form == PKG_PROCESS_CMS_ATTACHED)
		code = write_attached(&file.sink, batch, document, result, err);
	else
		code = pkg_sink_write(&file.sink, result->signature,
				      result->signature_len, err);
	return end_file(stage, &file, code, err);
}

static enum pkg_code write_refusal(const struct stage *stage,
				   struct pkg_sink *sink,
				   const struct watch_refusal *refusal,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf name = {.max = 4 * 256 + 1};
	const struct pkg_env *env = stage->watch->env;
	struct pkg_jsonw w;
	char when[21];

	PKG_TRY(
	    pkg_text_quote(&name, refusal->name, strlen(refusal->name), err));
	pkg_jsonw_init(&w, sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	if (stage->batch != NULL)
		pkg_jsonw_str_member(&w, "batch", stage->batch);
	pkg_jsonw_int_member(&w, "format", 1);
	if (refusal->hint != NULL && refusal->hint[0] != '\0')
		pkg_jsonw_str_member(&w, "hint", refusal->hint);
	pkg_jsonw_str_member(&w, "name", pkg_buf_str(&name));
	pkg_jsonw_str_member(&w, "reason", refusal->reason);
	pkg_jsonw_str_member(&w, "text", refusal->text);
	if (pkg_time_format(when, env->now(env)))
		pkg_jsonw_str_member(&w, "time", when);
	pkg_jsonw_str_member(&w, "type", "watch-error");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* NAME.error.json, where @name is what it is called in ERR. */
static enum pkg_code put_refusal(const struct stage *stage, const char *name,
				 const struct watch_refusal *refusal,
				 struct pkg_err *err)
{
	struct pkg_sink_fd file;
	char error[256 + sizeof(WATCH_ERROR)];

	(void)snprintf(error, sizeof(error), "%s%s", name, WATCH_ERROR);
	PKG_TRY(begin_file(stage, &file, error, err));
	return end_file(stage, &file,
			write_refusal(stage, &file.sink, refusal, err), err);
}

static enum pkg_code open_stage(struct stage *stage, int parent, const char *id,
				struct pkg_err *err)
{
	return pkg_outdir_open(&stage->folder, parent, id, false, err);
}

/* -- of a batch -- */

static enum pkg_code put_failed(const struct stage *stage,
				const struct pkg_batch *batch,
				const struct pkg_batch_document *document,
				const struct pkg_batch_result *result,
				struct pkg_err *err)
{
	const struct watch_refusal refusal = {
	    .name = document->name,
	    .reason = result->reason == NULL ? "failed" : result->reason,
	    .text =
		result->detail == NULL ? "it was not signed" : result->detail,
	};
	char called[256];

	PKG_TRY(
	    pkg_watch_error_name(stage->watch, document->name, called, err));
	PKG_TRY(put_refusal(stage, called, &refusal, err));
	return put_content(stage, called, batch, document, err);
}

static enum pkg_code put_signed(const struct stage *stage,
				const struct pkg_batch *batch,
				const struct pkg_batch_document *document,
				const struct pkg_batch_result *result,
				struct pkg_err *err)
{
	PKG_TRY(put_signature(stage, batch, document, result, err));
	if (batch->process->form == PKG_PROCESS_CMS_ATTACHED)
		return PKG_OK; /* it is in there */
	return put_content(stage, document->name, batch, document, err);
}

/* Documents and their results, side by side. */
struct pairs {
	struct stage *stage;
	bool good; /* those that were signed, or the others */
	const struct pkg_batch *batch;
	struct pkg_batch_results results;
	struct batch_stamps stamps; /* go before the results */
};

static enum pkg_code visit(void *context,
			   const struct pkg_batch_document *document,
			   struct pkg_err *err)
{
	struct pairs *self = context;
	struct pkg_batch_result result;
	bool ended = false, stamped = false;

	PKG_TRY(pkg_stamps_find(&self->stamps, document->id, &stamped, err));
	PKG_TRY(pkg_batch_results_next(&self->results, &result, &ended, err));
	if (ended)
		return pkg_refuse(err, PKG_INPUT, "batch-damaged",
				  "batch '%s' has no result for document '%s'",
				  self->batch->record.id, document->name);
	if (result.ok != self->good)
		return PKG_OK;
	if (stamped) {
		result.signature = self->stamps.signature.data;
		result.signature_len = self->stamps.signature.len;
	}
	return self->good ? put_signed(self->stage, self->batch, document,
				       &result, err)
			  : put_failed(self->stage, self->batch, document,
				       &result, err);
}

static enum pkg_code stage_half(const struct pkg_batch_watch *watch,
				const struct pkg_batch *batch, bool good,
				struct pkg_err *err)
{
	struct stage stage = {.watch = watch, .batch = batch->record.id};
	struct pairs pairs = {.stage = &stage, .good = good, .batch = batch};
	enum pkg_code code = open_stage(
	    &stage, good ? watch->made : watch->failed, batch->record.id, err);

	if (code == PKG_OK)
		code = pkg_stamps_open(&pairs.stamps, batch, err);
	if (code == PKG_OK)
		code = pkg_batch_results_open(&pairs.results, batch, err);
	if (code == PKG_OK)
		code = pkg_batch_documents(batch, visit, &pairs, err);
	pkg_batch_results_fini(&pairs.results);
	pkg_stamps_fini(&pairs.stamps);
	if (code == PKG_OK)
		code = pkg_outdir_commit(stage.folder, err);
	pkg_outdir_free(stage.folder);
	return code;
}

enum pkg_code pkg_watch_stage_results(const struct pkg_batch_watch *watch,
				      const struct pkg_batch *batch,
				      struct pkg_err *err)
{
	const char *id = batch->record.id;

	if (batch->state.succeeded > 0 && !pkg_watch_has(watch->made, id))
		PKG_TRY(stage_half(watch, batch, true, err));
	if (batch->state.failed > 0 && !pkg_watch_has(watch->failed, id))
		PKG_TRY(stage_half(watch, batch, false, err));
	return PKG_OK;
}

/* -- of a claim -- */

static enum pkg_code copy_file(struct pkg_sink *sink, int claim,
			       const char *name, struct pkg_err *err)
{
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	enum pkg_code code;
	size_t got = 0;
	struct stat st;
	int fd = -1;

	PKG_TRY(pkg_path_open_regular(&fd, &st, claim, name, true, err));
	pkg_source_fd_init(&source, fd, name);
	do {
		code = pkg_source_read(&source.source, chunk, sizeof(chunk),
				       &got, err);
		if (code == PKG_OK && got > 0)
			code = pkg_sink_write(sink, chunk, got, err);
	} while (code == PKG_OK && got > 0);
	(void)close(fd);
	return code;
}

static enum pkg_code put_claimed(const struct stage *stage, int claim,
				 const char *name, const struct pkg_err *why,
				 struct pkg_err *err)
{
	struct pkg_err judged = PKG_ERR_INIT;
	struct watch_refusal refusal = {.name = name};
	struct pkg_sink_fd file;
	char called[256];
	struct stat st;

	if (why == NULL && fstatat(claim, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		why = pkg_watch_judge(stage->watch, name, st.st_size,
				      &judged) == PKG_OK
			  ? NULL
			  : &judged;
	/* It was refused, and would not be now: its owner may try again. */
	refusal.reason =
	    why == NULL || why->reason == NULL ? "refused" : why->reason;
	refusal.text = why == NULL ? "the process did not let it" : why->text;
	refusal.hint = why == NULL ? "try it again" : why->hint;
	PKG_TRY(pkg_watch_error_name(stage->watch, name, called, err));
	PKG_TRY(put_refusal(stage, called, &refusal, err));
	PKG_TRY(begin_file(stage, &file, called, err));
	return end_file(stage, &file, copy_file(&file.sink, claim, name, err),
			err);
}

static enum pkg_code put_claim(const struct stage *stage, int claim,
			       const struct pkg_err *why, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names names = {0};

	PKG_TRY(pkg_watch_claim_sort(stage->watch, claim, &names, err));
	for (size_t i = 0; i < names.count; i++)
		PKG_TRY(put_claimed(stage, claim, names.names[i], why, err));
	return pkg_outdir_commit(stage->folder, err);
}

enum pkg_code pkg_watch_stage_claim(const struct pkg_batch_watch *watch,
				    const char *id, const struct pkg_err *why,
				    struct pkg_err *err)
{
	struct stage stage = {.watch = watch, .batch = why == NULL ? NULL : id};
	enum pkg_code code = PKG_OK;
	int claim = -1;

	if (pkg_watch_has(watch->failed, id))
		return PKG_OK;
	PKG_TRY(pkg_watch_claim_open(&claim, watch, id, err));
	if (claim < 0)
		return PKG_OK;
	code = open_stage(&stage, watch->failed, id, err);
	if (code == PKG_OK)
		code = put_claim(&stage, claim, why, err);
	pkg_outdir_free(stage.folder);
	(void)close(claim);
	return code;
}

enum pkg_code pkg_watch_stage_other(const struct pkg_batch_watch *watch,
				    const char *name, struct pkg_err *err)
{
	const struct watch_refusal refusal = {
	    .name = name,
	    .reason = "not-a-file",
	    .text = "it is no regular file, and stays where it is",
	    .hint = "put in the file itself",
	};
	struct stage stage = {.watch = watch};
	char called[256 + sizeof(WATCH_ERROR)], id[256];
	enum pkg_code code;

	PKG_TRY(pkg_watch_error_name(watch, name, called, err));
	(void)snprintf(called + strlen(called), sizeof(WATCH_ERROR), "%s",
		       WATCH_ERROR);
	if (pkg_watch_has(watch->err, called))
		return PKG_OK;
	called[strlen(called) - strlen(WATCH_ERROR)] = '\0';
	/* Always the same, so that it is told once if we die over it. */
	PKG_TRY(pkg_watch_other_name(watch, name, id, err));
	if (pkg_watch_has(watch->failed, id))
		return PKG_OK;
	code = open_stage(&stage, watch->failed, id, err);
	if (code == PKG_OK)
		code = put_refusal(&stage, called, &refusal, err);
	if (code == PKG_OK)
		code = pkg_outdir_commit(stage.folder, err);
	pkg_outdir_free(stage.folder);
	return code;
}
