/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/record.h"

#include "packline/hasher.h"
#include "packline/json.h"
#include "packline/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 4 << 20 }; /* bytes: 4,096 artifacts with long names */

enum pkg_code pkg_seal_check_path(const char *path, struct pkg_err *err)
{
	char quoted[160];

	if (path == NULL) {
		pkg_fail(err, PKG_USAGE, "no output was named");
		return pkg_hint(err, "give -o FILE");
	}
	if (pkg_utf8_valid(path, strlen(path)))
		return PKG_OK;
	return pkg_fail(
	    err, PKG_INPUT, "the path '%s' is not UTF-8",
	    pkg_text_quote_cut(quoted, sizeof(quoted), path, strlen(path)));
}

enum pkg_code
pkg_seal_list_artifacts(struct pkg_seal_record *record, struct pkg_arena *arena,
			const struct pkg_container_request *request,
			struct pkg_err *err)
{
	struct pkg_seal_artifact *list =
	    pkg_arena_array(arena, request->file_count + 1, sizeof(*list), err);
	size_t count = 0;

	if (list == NULL)
		return err->code;
	for (size_t i = 0; i < request->file_count; i++) {
		const struct pkg_container_file *file = &request->files[i];

		if (file->role != PKG_ROLE_PAYLOAD)
			continue;
		list[count].source_name = file->source_name;
		pkg_hex_encode(list[count++].sha256, file->sha256, 32);
	}
	record->has_artifacts = true;
	record->artifacts = list;
	record->artifact_count = count;
	return PKG_OK;
}

/* -- hashing the finished file, its algorithms side by side -- */

struct hashing {
	const char *path;
	int fd;
	bool given;
	struct pkg_digests digests;
	uint64_t size;
};

static enum pkg_code give_file(void *ctx, struct pkg_hasher_item *item,
			       bool *more, struct pkg_err *err)
{
	struct hashing *self = ctx;

	(void)err;
	*more = !self->given;
	self->given = true;
	*item = (struct pkg_hasher_item){
	    .path = self->path,
	    .fd = self->fd,
	    .set = PKG_DIGEST_SERVER,
	};
	return PKG_OK;
}

static enum pkg_code take_result(void *ctx, const struct pkg_artifact *artifact,
				 void *user, const struct pkg_err *failed,
				 struct pkg_err *err)
{
	struct hashing *self = ctx;

	(void)user;
	if (failed != NULL) {
		*err = *failed;
		return err->code;
	}
	self->digests = artifact->digests;
	self->size = artifact->size;
	return PKG_OK;
}

static void write_artifacts(struct pkg_jsonw *w,
			    const struct pkg_seal_record *record)
{
	pkg_jsonw_key(w, "artifacts");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < record->artifact_count; i++) {
		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "sha256", record->artifacts[i].sha256);
		pkg_jsonw_str_member(w, "source_name",
				     record->artifacts[i].source_name);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static enum pkg_code write_request_record(const struct hashing *file,
					  struct pkg_sink *sink,
					  const struct pkg_seal_record *record,
					  struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "approvals", (int64_t)record->approvals);
	pkg_jsonw_str_member(&w, "id", record->id);
	pkg_jsonw_str_member(&w, "kind", pkg_container_kind_name(record->kind));
	pkg_jsonw_hex_member(&w, "manifest_sha256", record->manifest_sha256,
			     32);
	pkg_jsonw_str_member(&w, "path", record->path);
	pkg_jsonw_hex_member(&w, "sha256", file->digests.sha256, 32);
	pkg_jsonw_int_member(&w, "signatures", (int64_t)record->signatures);
	pkg_jsonw_int_member(&w, "size", (int64_t)file->size);
	pkg_jsonw_str_member(&w, "type", "signing-request");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

static enum pkg_code write_record(const struct hashing *file,
				  struct pkg_sink *sink,
				  const struct pkg_seal_record *record,
				  struct pkg_err *err)
{
	struct pkg_jsonw w;

	if (record->request_file)
		return write_request_record(file, sink, record, err);
	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	if (record->has_artifacts)
		write_artifacts(&w, record);
	if (record->device_config_sha256 != NULL)
		pkg_jsonw_hex_member(&w, "device_config_sha256",
				     record->device_config_sha256, 32);
	pkg_jsonw_bool_member(&w, "draft", record->draft);
	pkg_jsonw_str_member(&w, "id", record->id);
	pkg_jsonw_str_member(&w, "kind", pkg_container_kind_name(record->kind));
	pkg_jsonw_hex_member(&w, "manifest_sha256", record->manifest_sha256,
			     32);
	pkg_jsonw_hex_member(&w, "md5", file->digests.md5, 16);
	pkg_jsonw_str_member(&w, "name", record->name);
	pkg_jsonw_str_member(&w, "path", record->path);
	pkg_jsonw_hex_member(&w, "sha1", file->digests.sha1, 20);
	pkg_jsonw_hex_member(&w, "sha256", file->digests.sha256, 32);
	pkg_jsonw_int_member(&w, "size", (int64_t)file->size);
	pkg_jsonw_str_member(&w, "type", "container");
	pkg_jsonw_str_member(&w, "version", record->version);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* The record of a file that is complete but not visible yet. */
static enum pkg_code make_record(struct pkg_buf *text, struct pkg_outfile *file,
				 const struct pkg_seal_record *record,
				 struct pkg_crypto *crypto, struct pkg_err *err)
{
	struct hashing hashing = {.path = record->path,
				  .fd = pkg_outfile_fd(file)};
	const struct pkg_hasher_calls calls = {
	    .next = give_file,
	    .result = take_result,
	    .ctx = &hashing,
	};
	struct pkg_sink_buf sink;

	if (lseek(hashing.fd, 0, SEEK_SET) != 0)
		return pkg_fail_os(err, errno, "cannot read '%s' back",
				   record->path);
	PKG_TRY(pkg_hasher_run(crypto, NULL, &calls, err));
	pkg_sink_buf_init(&sink, text);
	return write_record(&hashing, &sink.sink, record, err);
}

enum pkg_code pkg_seal_open_file(struct pkg_outfile **out,
				 const struct pkg_seal_output *output,
				 const struct pkg_outfile_options *options,
				 struct pkg_err *err)
{
	if (output->opened != NULL && *output->opened != NULL &&
	    strcmp(output->path, "-") == 0) {
		*out = PKG_STEAL(*output->opened);
		return PKG_OK;
	}
	return pkg_outfile_open(out, output->dirfd, output->path, options, err);
}

enum pkg_code pkg_seal_open_request(struct pkg_outfile **out,
				    const struct pkg_seal_output *output,
				    enum pkg_container_kind kind,
				    struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .force = output->force,
	    .seekable = true,
	    .binary = true,
	    .mode = kind == PKG_CONTAINER_SIGNED ? 0 : 0600,
	};

	return pkg_seal_open_file(out, output, &options, err);
}

/*
 * The .request first: without it an encrypted draft is of no use to anybody
 * but its recipients, while a .request without its draft does no harm.
 */
static enum pkg_code commit_both(struct pkg_outfile *file, uint64_t size,
				 const struct pkg_seal_record *record,
				 struct pkg_err *err)
{
	if (record->request != NULL)
		PKG_TRY(pkg_outfile_commit(record->request, UINT64_MAX, err));
	return pkg_outfile_commit(file, size, err);
}

enum pkg_code pkg_seal_commit(struct pkg_outfile *file, uint64_t size,
			      const struct pkg_seal_output *output,
			      const struct pkg_seal_record *record,
			      struct pkg_crypto *crypto, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = RECORD_MAX};

	if (output->record == NULL || strcmp(output->path, "-") == 0)
		return commit_both(file, size, record, err);
	PKG_TRY(pkg_sink_finish(pkg_outfile_sink(file), err));
	if (size != UINT64_MAX &&
	    ftruncate(pkg_outfile_fd(file), (off_t)size) != 0)
		return pkg_fail_os(err, errno, "cannot write '%s'",
				   record->path);
	/* All that can fail comes before a file is visible. */
	PKG_TRY(make_record(&text, file, record, crypto, err));
	PKG_TRY(commit_both(file, size, record, err));
	return pkg_sink_write(output->record, text.data, text.len, err);
}
