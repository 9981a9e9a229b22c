/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-import/import.h"

#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/source.h"
#include "pkg-verify/setup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum pkg_code copy(struct bundle *bundle, int from, struct pkg_err *err)
{
	struct pkg_source_fd source;
	struct pkg_sink_fd sink;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	PKG_TRY(pkg_tmpfile_open(&bundle->fd, NULL, err));
	pkg_source_fd_init(&source, from, bundle->path);
	pkg_sink_fd_init(&sink, bundle->fd, "a temporary file");
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		if (got > 0)
			PKG_TRY(pkg_sink_write(&sink.sink, chunk, got, err));
	} while (got > 0);
	PKG_TRY(pkg_sink_finish(&sink.sink, err));
	if (lseek(bundle->fd, 0, SEEK_SET) != 0)
		return pkg_fail_os(err, errno, "cannot read the copy");
	return PKG_OK;
}

enum pkg_code bundle_open(struct bundle *bundle, struct cli *cli,
			  const char *path, struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	struct stat st;
	int fd = -1;

	*bundle = (struct bundle){.path = path, .fd = -1};
	if (strcmp(path, "-") == 0)
		return copy(bundle, STDIN_FILENO, err);
	PKG_TRY(pkg_path_open(&fd, cli_dirfd(cli), path, err));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		bundle->fd = fd;
		return PKG_OK;
	}
	code = copy(bundle, fd, err);
	(void)close(fd);
	return code;
}

enum pkg_code bundle_verify(struct bundle *bundle, struct cli *cli,
			    const struct pkg_verify_options *options,
			    struct pkg_err *err)
{
	struct verify_progress progress;
	struct pkg_source_fd input;

	pkg_source_fd_init(&input, bundle->fd, bundle->path);
	verify_progress_init(&progress, cli, &input.source, bundle->fd);
	if (pkg_verify(&bundle->verdict, &progress.source, options,
		       cli_env(cli), err) == PKG_OK)
		return PKG_OK;
	if (err->reason != NULL && strcmp(err->reason, "no-trust") == 0)
		(void)pkg_hint(err, "say with --trust whom to believe");
	return pkg_wrap(err, "%s", bundle->path);
}

void bundle_fini(struct bundle *bundle)
{
	pkg_verdict_free(bundle->verdict);
	if (bundle->fd >= 0)
		(void)close(bundle->fd);
}
