/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/digest.h"
#include "packline/path.h"
#include "packline/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the bytes of @document, in the open file @fd. */
static enum pkg_code copy(const struct pkg_batch_document *document, int fd,
			  struct pkg_sink *sink, struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	uint64_t at = 0;

	while (at < document->size) {
		const uint64_t left = document->size - at;
		const size_t want =
		    left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		const ssize_t got =
		    pread(fd, chunk, want, (off_t)(document->offset + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pkg_fail_os(err, errno,
					   "cannot read document "
					   "'%s'",
					   document->name);
		if (got == 0)
			break; /* the digest will say so */
		PKG_TRY(pkg_sink_write(sink, chunk, (size_t)got, err));
		at += (uint64_t)got;
	}
	return PKG_OK;
}

static enum pkg_code copy_checked(const struct pkg_batch *batch,
				  const struct pkg_batch_document *document,
				  int fd, struct pkg_sink *sink,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_sink_digest hashed;
	struct pkg_digests digests;

	PKG_TRY(pkg_digest_new(&digest, batch->env->crypto, PKG_DIGEST_SHA256,
			       err));
	pkg_sink_digest_init(&hashed, sink, digest);
	PKG_TRY(copy(document, fd, &hashed.sink, err));
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	if (memcmp(digests.sha256, document->sha256, 32) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "document-changed",
			 "document '%s' of batch '%s' is not what was uploaded",
			 document->name, batch->record.id);
	return pkg_hint(err, "somebody has changed the spool, or its disk is "
			     "failing");
}

enum pkg_code pkg_batch_content(const struct pkg_batch *batch,
				const struct pkg_batch_document *document,
				struct pkg_sink *sink, struct pkg_err *err)
{
	char name[BATCH_FILE_NAME];
	enum pkg_code code = PKG_OK;
	struct stat st;
	int fd = -1;

	pkg_batch_file_name(name, BATCH_CONTENT, document->upload);
	if (pkg_path_open_regular(&fd, &st, pkg_job_fd(batch->job), name, true,
				  err) != PKG_OK) {
		if (err->os_errno == ENOENT)
			(void)pkg_hint(err, "its documents are not here: they "
					    "were deleted, or only their "
					    "digests came");
		return pkg_wrap(err, "batch '%s'", batch->record.id);
	}
	code = copy_checked(batch, document, fd, sink, err);
	(void)close(fd);
	return code;
}
