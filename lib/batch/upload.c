/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"
#include "names.h"
#include "zip_out.h"

#include "packline/archive.h"
#include "packline/batch_life.h"
#include "packline/digest.h"
#include "packline/path.h"
#include "packline/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One upload on its way. */
struct upload {
	const struct pkg_batch_upload *job;
	struct pkg_batch *batch;
	struct pkg_batch_names names;
	struct pkg_batch_zip zip;      /* content-NNN.zip */
	struct pkg_sink_gather *lines; /* documents-NNN.jsonl */
	struct pkg_digest *digest;
	struct pkg_buf line;
	uint64_t documents, bytes; /* of the batch, with these */
};

static enum pkg_code add_old(void *context,
			     const struct pkg_batch_document *document,
			     struct pkg_err *err)
{
	struct upload *self = context;

	return pkg_batch_names_add(&self->names, document->name, err);
}

/* A document comes: may it, and what is it called in here? */
static enum pkg_code begin_document(struct upload *self,
				    struct pkg_batch_document *document,
				    char member[static BATCH_FILE_NAME],
				    struct pkg_err *err)
{
	const unsigned set =
	    PKG_DIGEST_SHA256 | pkg_process_digest(self->batch->process);

	PKG_TRY(pkg_batch_names_add(&self->names, document->name, err));
	/* Neither sum can overflow: both limits are far below. */
	if (document->size > PKG_LIMIT_BATCH_BYTES)
		self->bytes = UINT64_MAX;
	else
		self->bytes += document->size;
	PKG_TRY(pkg_batch_check_limits(self->batch->process, ++self->documents,
				       self->bytes, err));
	document->id = self->documents;
	pkg_batch_file_name(member, BATCH_MEMBER, (unsigned)document->id);
	PKG_TRY(pkg_digest_reset(self->digest, set, err));
	return pkg_batch_zip_begin(&self->zip, member, document->size, err);
}

/* All its bytes are there. */
static enum pkg_code end_document(struct upload *self,
				  struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	const struct pkg_process *process = self->batch->process;
	struct pkg_digests digests;

	PKG_TRY(pkg_batch_zip_end(&self->zip, err));
	PKG_TRY(pkg_digest_finish(self->digest, &digests, err));
	memcpy(document->sha256, digests.sha256, 32);
	memcpy(document->digest,
	       pkg_digests_get(&digests, pkg_process_digest(process)),
	       process->digest_bits / 8);
	pkg_buf_clear(&self->line);
	PKG_TRY(pkg_batch_document_encode(&self->line, document,
					  process->digest_bits, err));
	if (self->job->progress != NULL)
		self->job->progress(self->job->progress_context,
				    self->documents, self->bytes);
	return pkg_sink_write(&self->lines->sink, self->line.data,
			      self->line.len, err);
}

/* -- ZIP files -- */

static enum pkg_code add_entry(struct upload *self,
			       const struct pkg_archive *archive, size_t index,
			       struct pkg_err *err)
{
	const struct pkg_archive_entry *entry =
	    pkg_archive_entry(archive, index);
	struct pkg_batch_document document = {
	    .name = entry->name, .size = entry->size, .is_zip = true};
	char member[BATCH_FILE_NAME];
	struct pkg_sink_digest sink;

	PKG_TRY(begin_document(self, &document, member, err));
	pkg_sink_digest_init(&sink, &self->zip.sink, self->digest);
	PKG_TRY(pkg_archive_read(archive, index, &sink.sink, err));
	return end_document(self, &document, err);
}

static enum pkg_code add_archive(struct upload *self, int fd,
				 struct pkg_err *err)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;

	PKG_TRY(pkg_archive_open(&archive, fd, NULL, err));
	for (size_t i = 0; i < pkg_archive_count(archive); i++)
		PKG_TRY(add_entry(self, archive, i, err));
	return PKG_OK;
}

static enum pkg_code open_archive(int *fd, const struct upload *self,
				  const struct pkg_batch_input *input,
				  struct pkg_err *err)
{
	struct pkg_source_fd source;
	struct stat st;

	if (strcmp(input->path, "-") != 0)
		return pkg_path_open_regular(fd, &st, self->job->dirfd,
					     input->path, false, err);
	pkg_source_fd_init(&source, STDIN_FILENO, "standard input");
	return pkg_archive_spool(fd, &source.source, err);
}

static enum pkg_code add_zip(struct upload *self,
			     const struct pkg_batch_input *input,
			     struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	int fd = -1;

	if (input->is_open)
		return add_archive(self, input->fd, err);
	PKG_TRY(open_archive(&fd, self, input, err));
	code = add_archive(self, fd, err);
	(void)close(fd);
	return code;
}

/* -- files -- */

static enum pkg_code changed(struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_SYSTEM, "changed",
			 "the file changed while it was read");
	return pkg_hint(err, "upload it when it is complete");
}

static enum pkg_code copy_file(struct upload *self, int fd,
			       const struct pkg_batch_document *document,
			       struct pkg_err *err)
{
	struct pkg_sink_digest sink;
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_sink_digest_init(&sink, &self->zip.sink, self->digest);
	pkg_source_fd_init(&source, fd, document->name);
	for (;;) {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		if (source.source.total > document->size)
			return changed(err);
		if (got == 0)
			break;
		PKG_TRY(pkg_sink_write(&sink.sink, chunk, got, err));
	}
	return source.source.total == document->size ? PKG_OK : changed(err);
}

static enum pkg_code add_open_file(struct upload *self, int fd,
				   const char *name, uint64_t size,
				   struct pkg_err *err)
{
	struct pkg_batch_document document = {.name = name, .size = size};
	char member[BATCH_FILE_NAME];

	PKG_TRY(begin_document(self, &document, member, err));
	PKG_TRY(copy_file(self, fd, &document, err));
	return end_document(self, &document, err);
}

static enum pkg_code add_file(struct upload *self,
			      const struct pkg_batch_input *input,
			      struct pkg_err *err)
{
	const char *name = pkg_path_basename(input->path);
	enum pkg_code code = PKG_OK;
	struct stat st;
	int fd = -1;

	if (input->is_open) {
		if (fstat(input->fd, &st) != 0)
			return pkg_fail_os(err, errno, "cannot look at it");
		return add_open_file(self, input->fd, name,
				     (uint64_t)st.st_size, err);
	}
	PKG_TRY(pkg_path_open_regular(&fd, &st, self->job->dirfd, input->path,
				      false, err));
	code = add_open_file(self, fd, name, (uint64_t)st.st_size, err);
	(void)close(fd);
	return code;
}

/* -- all of them -- */

static enum pkg_code add_inputs(struct upload *self, struct pkg_err *err)
{
	for (size_t i = 0; i < self->job->count; i++) {
		const struct pkg_batch_input *input = &self->job->inputs[i];

		if ((input->zip ? add_zip(self, input, err)
				: add_file(self, input, err)) != PKG_OK)
			return pkg_wrap(err, "%s",
					strcmp(input->path, "-") == 0
					    ? "standard input"
					    : input->path);
	}
	if (self->documents > self->batch->state.documents)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "batch-empty",
			 "there is nothing to upload");
	return pkg_hint(err, "the ZIP file has no entry");
}

/* Content, then list, then the state, which makes them count. */
static enum pkg_code store(struct upload *self, struct pkg_err *err)
{
	const int dirfd = pkg_job_fd(self->batch->job);
	const unsigned number = self->batch->state.uploads + 1;
	const struct pkg_outfile_options options = {
	    .force = true, .seekable = true, .mode = 0600};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *content = NULL;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *list = NULL;
	struct pkg_batch_state state = self->batch->state;
	char name[BATCH_FILE_NAME];

	pkg_batch_file_name(name, BATCH_CONTENT, number);
	PKG_TRY(pkg_outfile_open(&content, dirfd, name, &options, err));
	pkg_batch_file_name(name, BATCH_DOCUMENTS, number);
	PKG_TRY(pkg_outfile_open(&list, dirfd, name, &options, err));
	pkg_batch_zip_init(&self->zip, content);
	pkg_sink_gather_init(self->lines, pkg_outfile_sink(list));
	PKG_TRY(add_inputs(self, err));
	PKG_TRY(pkg_batch_zip_finish(&self->zip, err));
	PKG_TRY(pkg_sink_finish(&self->lines->sink, err));
	PKG_TRY(pkg_outfile_commit(content, UINT64_MAX, err));
	PKG_TRY(pkg_outfile_commit(list, UINT64_MAX, err));
	state.uploads = number;
	state.documents = self->documents;
	state.bytes = self->bytes;
	return pkg_batch_set_state(self->batch, &state, err);
}

static enum pkg_code start(struct upload *self, struct pkg_err *err)
{
	const struct pkg_batch *batch = self->batch;

	PKG_TRY(pkg_batch_allows(batch, PKG_BATCH_UPLOAD, err));
	if (batch->process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"an upload without the process");
	if (batch->state.uploads == PKG_LIMIT_BATCH_UPLOADS) {
		(void)pkg_refuse(err, PKG_INPUT, "batch-limit",
				 "more than %u uploads into one batch",
				 PKG_LIMIT_BATCH_UPLOADS);
		return pkg_hint(err, "upload more than one document at a time");
	}
	self->lines = malloc(sizeof(*self->lines));
	if (self->lines == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_digest_new(&self->digest, batch->env->crypto,
			       PKG_DIGEST_SHA256, err));
	return pkg_batch_documents(batch, add_old, self, err);
}

enum pkg_code pkg_batch_upload(struct pkg_batch *batch,
			       const struct pkg_batch_upload *upload,
			       struct pkg_err *err)
{
	struct upload self = {
	    .job = upload,
	    .batch = batch,
	    .names = {.process = batch->process},
	    .line = {.max = PKG_LIMIT_RECORD_LINE},
	    .documents = batch->state.documents,
	    .bytes = batch->state.bytes,
	};
	enum pkg_code code = start(&self, err);

	if (code == PKG_OK)
		code = store(&self, err);
	pkg_batch_zip_fini(&self.zip);
	pkg_batch_names_fini(&self.names);
	pkg_digest_free(self.digest);
	pkg_buf_fini(&self.line);
	free(self.lines);
	return code;
}
