/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/path.h"
#include "packline/source.h"

#include <sys/stat.h>
#include <unistd.h>

static enum pkg_code hash_file(struct pkg_digest *digest, int fd,
			       const char *name, struct pkg_err *err)
{
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_source_fd_init(&source, fd, name);
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		PKG_TRY(pkg_digest_update(digest, chunk, got, err));
	} while (got > 0);
	return PKG_OK;
}

/* Over all documents-NNN.jsonl that count, one after the other. */
static enum pkg_code hash_documents(const struct pkg_batch *batch,
				    uint8_t sha256[static 32],
				    struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests digests;

	PKG_TRY(pkg_digest_new(&digest, batch->env->crypto, PKG_DIGEST_SHA256,
			       err));
	for (unsigned i = 1; i <= batch->state.uploads; i++) {
		char name[BATCH_FILE_NAME];
		enum pkg_code code = PKG_OK;
		struct stat st;
		int fd = -1;

		pkg_batch_file_name(name, BATCH_DOCUMENTS, i);
		PKG_TRY(pkg_path_open_regular(&fd, &st, pkg_job_fd(batch->job),
					      name, true, err));
		code = hash_file(digest, fd, name, err);
		(void)close(fd);
		PKG_TRY(code);
	}
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	memcpy(sha256, digests.sha256, 32);
	return PKG_OK;
}

void pkg_batch_put_process(struct pkg_jsonw *w,
			   const struct pkg_process *process)
{
	pkg_jsonw_key(w, "process");
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "action",
			     pkg_process_action_name(process->action));
	pkg_jsonw_str_member(w, "digest",
			     pkg_digest_name(pkg_process_digest(process)));
	pkg_jsonw_str_member(w, "form", pkg_process_form_name(process->form));
	pkg_jsonw_int_member(w, "id", process->id);
	pkg_jsonw_str_member(w, "name", process->name);
	pkg_jsonw_hex_member(w, "sha256", process->sha256, 32);
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_batch_request_make(const struct pkg_batch *batch,
				     struct pkg_buf *out, struct pkg_err *err)
{
	const struct pkg_batch_record *record = &batch->record;
	uint8_t documents[32];
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	if (batch->process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"a request is made without its process");
	PKG_TRY(hash_documents(batch, documents, err));
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "bytes", (int64_t)batch->state.bytes);
	pkg_jsonw_str_member(&w, "created", record->created);
	pkg_jsonw_int_member(&w, "documents", (int64_t)batch->state.documents);
	pkg_jsonw_hex_member(&w, "documentsSha256", documents, 32);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_str_member(&w, "id", record->id);
	if (record->has_policy)
		pkg_jsonw_hex_member(&w, "policySha256", record->policy_sha256,
				     32);
	if (record->has_previous)
		pkg_jsonw_hex_member(&w, "previousSha256",
				     record->previous_sha256, 32);
	pkg_batch_put_process(&w, batch->process);
	if (record->requester != NULL)
		pkg_jsonw_str_member(&w, "requester", record->requester);
	pkg_jsonw_str_member(&w, "tenant", record->tenant);
	pkg_jsonw_str_member(&w, "type", "batch-request");
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_batch_request(const struct pkg_batch *batch,
				struct pkg_buf *out, uint8_t sha256[static 32],
				struct pkg_err *err)
{
	const size_t before = out->len;

	if (batch->state.listed)
		PKG_TRY(pkg_batch_slurp(batch, BATCH_REQUEST, out, err));
	else
		PKG_TRY(pkg_batch_request_make(batch, out, err));
	return pkg_digest_sha256(batch->env->crypto, out->data + before,
				 out->len - before, sha256, err);
}
