/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/source.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void pkg_batch_file_name(char name[static BATCH_FILE_NAME], const char *format,
			 unsigned number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* ours, of impl.h */
	(void)snprintf(name, BATCH_FILE_NAME, format, number);
#pragma GCC diagnostic pop
}

enum pkg_code pkg_batch_slurp(const struct pkg_batch *batch, const char *name,
			      struct pkg_buf *out, struct pkg_err *err)
{
	return pkg_batch_slurp_at(pkg_job_fd(batch->job), name, out, err);
}

enum pkg_code pkg_batch_slurp_at(int dirfd, const char *name,
				 struct pkg_buf *out, struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	struct stat st;
	int fd = -1;

	PKG_TRY(pkg_path_open_regular(&fd, &st, dirfd, name, true, err));
	pkg_source_fd_init(&source, fd, name);
	code = pkg_source_slurp(&source.source, out, err);
	(void)close(fd);
	return code;
}

enum pkg_code pkg_batch_replace(const struct pkg_batch *batch, const char *name,
				const struct pkg_buf *data, struct pkg_err *err)
{
	return pkg_batch_replace_at(pkg_job_fd(batch->job), name, data, err);
}

enum pkg_code pkg_batch_replace_at(int dirfd, const char *name,
				   const struct pkg_buf *data,
				   struct pkg_err *err)
{
	const struct pkg_outfile_options options = {.force = true,
						    .mode = 0600};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	PKG_TRY(pkg_outfile_open(&file, dirfd, name, &options, err));
	PKG_TRY(
	    pkg_sink_write(pkg_outfile_sink(file), data->data, data->len, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}
