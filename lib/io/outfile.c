/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/outfile.h"

#include "io/temp.h"
#include "packline/limits.h"
#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pkg_outfile {
	struct pkg_sink_fd sink; /* writes to fd */
	char *path;              /* as the user named it */
	const char *base;        /* its last component, inside path */
	char temp[TEMP_NAME];    /* name in dir, "" = unnamed */
	int dir;                 /* its folder; -1 for standard output */
	int fd;
	bool force, spooled; /* spooled: copy to standard output */
};

void pkg_outfile_free(struct pkg_outfile *file)
{
	if (file == NULL)
		return;
	if (file->temp[0] != '\0') {
		(void)unlinkat(file->dir, file->temp, 0);
		pkg_temp_disarm(file->temp);
	}
	if (file->fd > STDOUT_FILENO)
		(void)close(file->fd);
	if (file->dir >= 0)
		(void)close(file->dir);
	free(file->path);
	free(file);
}

static enum pkg_code check_target(const struct pkg_outfile *file,
				  struct pkg_err *err)
{
	struct stat st;

	if (fstatat(file->dir, file->base, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return PKG_OK;
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   file->path);
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
		(void)pkg_fail(err, PKG_USAGE, "'%s' is not a regular file",
			       file->path);
		return pkg_hint(err, "to write to a pipe or a device use "
				     "'-o -' and redirect standard output");
	}
	return file->force ? PKG_OK : pkg_temp_exists(file->path, err);
}

/* Where no unnamed file can be had (FAT, some network file systems). */
static enum pkg_code open_named(struct pkg_outfile *file, mode_t mode,
				struct pkg_err *err)
{
	char name[TEMP_NAME];

	for (;;) {
		PKG_TRY(pkg_temp_name(name, err));
		pkg_temp_arm(file->dir, name);
		memcpy(file->temp, name, sizeof(name));
		file->fd = openat(file->dir, name,
				  O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
		if (file->fd < 0)
			return pkg_temp_unwritable(file->path, err);
		if (pkg_temp_keep(file->dir, name, file->fd))
			return PKG_OK;
		pkg_temp_disarm(name);
		(void)close(file->fd);
	}
}

static void proc_path(char out[static 32], int fd)
{
	(void)snprintf(out, 32, "/proc/self/fd/%d", fd);
}

static enum pkg_code open_temp(struct pkg_outfile *file, mode_t mode,
			       struct pkg_err *err)
{
	char proc[32];

	file->fd = openat(file->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (file->fd < 0 && errno != EOPNOTSUPP && errno != EISDIR &&
	    errno != ENOENT && errno != EINVAL)
		return pkg_temp_unwritable(file->path, err);
	if (file->fd >= 0) {
		proc_path(proc, file->fd);
		if (access(proc, F_OK) == 0)
			return PKG_OK;
		(void)close(file->fd); /* no /proc: it could not be linked */
		file->fd = -1;
	}
	return open_named(file, mode, err);
}

static enum pkg_code open_stdout(struct pkg_outfile *file,
				 const struct pkg_outfile_options *options,
				 struct pkg_err *err)
{
	if (options->binary && isatty(STDOUT_FILENO)) {
		(void)pkg_fail(err, PKG_USAGE,
			       "binary data is not written to a terminal");
		return pkg_hint(err, "name a file with -o FILE, or redirect "
				     "standard output");
	}
	file->fd = STDOUT_FILENO;
	if (!options->seekable)
		return PKG_OK;
	file->spooled = true;
	return pkg_tmpfile_open(&file->fd, NULL, err);
}

static enum pkg_code open_file(struct pkg_outfile *file, int dirfd,
			       const struct pkg_outfile_options *options,
			       struct pkg_err *err)
{
	PKG_TRY(
	    pkg_path_split(&file->dir, &file->base, dirfd, file->path, err));
	pkg_temp_sweep(file->dir);
	PKG_TRY(check_target(file, err));
	PKG_TRY(
	    open_temp(file, options->mode != 0 ? options->mode : 0666, err));
	pkg_sink_fd_init(&file->sink, file->fd, file->path);
	return pkg_sink_fd_expect(&file->sink, options->size, err);
}

enum pkg_code pkg_outfile_open(struct pkg_outfile **out, int dirfd,
			       const char *path,
			       const struct pkg_outfile_options *options,
			       struct pkg_err *err)
{
	static const struct pkg_outfile_options none = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	bool is_stdout = strcmp(path, "-") == 0;

	if (options == NULL)
		options = &none;
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return pkg_fail_nomem(err);
	file->dir = file->fd = -1;
	file->force = options->force;
	file->path = strdup(is_stdout ? "standard output" : path);
	if (file->path == NULL)
		return pkg_fail_nomem(err);
	if (is_stdout) {
		PKG_TRY(open_stdout(file, options, err));
		pkg_sink_fd_init(&file->sink, file->fd, file->path);
	} else {
		PKG_TRY(open_file(file, dirfd, options, err));
	}
	*out = PKG_STEAL(file);
	return PKG_OK;
}

struct pkg_sink *pkg_outfile_sink(struct pkg_outfile *file)
{
	return &file->sink.sink;
}

int pkg_outfile_fd(const struct pkg_outfile *file)
{
	return file->fd == STDOUT_FILENO ? -1 : file->fd;
}

enum pkg_code pkg_outfile_pwrite(struct pkg_outfile *file, const void *buf,
				 size_t len, uint64_t offset,
				 struct pkg_err *err)
{
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = pwrite(file->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_temp_unwritable(file->path, err);
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return PKG_OK;
}

/* Copy the spooled bytes to standard output. */
static enum pkg_code copy_out(const struct pkg_outfile *file,
			      struct pkg_err *err)
{
	struct pkg_sink_fd out;
	uint8_t chunk[PKG_IO_CHUNK];
	off_t at = 0;

	pkg_sink_fd_init(&out, STDOUT_FILENO, file->path);
	for (;;) {
		ssize_t n = pread(file->fd, chunk, sizeof(chunk), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_fail_os(err, errno,
					   "cannot read a temporary file");
		if (n == 0)
			return pkg_sink_finish(&out.sink, err);
		PKG_TRY(pkg_sink_write(&out.sink, chunk, (size_t)n, err));
		at += n;
	}
}

/* Give the unnamed file the name @name in its folder; errno on failure. */
static int link_as(const struct pkg_outfile *file, const char *name)
{
	char proc[32];

	proc_path(proc, file->fd);
	return linkat(AT_FDCWD, proc, file->dir, name, AT_SYMLINK_FOLLOW);
}

static int rename_new(const struct pkg_outfile *file)
{
	if (renameat2(file->dir, file->temp, file->dir, file->base,
		      RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(file->dir, file->temp, file->dir, file->base, 0) != 0)
		return -1;
	return unlinkat(file->dir, file->temp, 0);
}

static enum pkg_code make_visible(struct pkg_outfile *file, struct pkg_err *err)
{
	bool unnamed = file->temp[0] == '\0';
	int failed;

	if (unnamed && file->force) {
		char name[TEMP_NAME];

		PKG_TRY(pkg_temp_name(name, err));
		pkg_temp_arm(file->dir, name);
		memcpy(file->temp, name, sizeof(name));
		(void)pkg_temp_keep(file->dir, NULL, file->fd);
		if (link_as(file, name) != 0)
			return pkg_temp_unwritable(file->path, err);
		unnamed = false;
	}
	if (unnamed)
		failed = link_as(file, file->base);
	else if (file->force)
		failed = renameat(file->dir, file->temp, file->dir, file->base);
	else
		failed = rename_new(file);
	if (failed != 0 && errno == EEXIST)
		return pkg_temp_exists(file->path, err);
	if (failed != 0)
		return pkg_temp_unwritable(file->path, err);
	pkg_temp_disarm(file->temp);
	file->temp[0] = '\0';
	return PKG_OK;
}

enum pkg_code pkg_outfile_commit(struct pkg_outfile *file, uint64_t size,
				 struct pkg_err *err)
{
	PKG_TRY(pkg_sink_finish(&file->sink.sink, err));
	if (file->fd == STDOUT_FILENO)
		return PKG_OK;
	if (size != UINT64_MAX && ftruncate(file->fd, (off_t)size) != 0)
		return pkg_temp_unwritable(file->path, err);
	if (file->spooled)
		return copy_out(file, err);
	/* After a failed fsync the pages' state is unknown: never go on. */
	if (fsync(file->fd) != 0)
		return pkg_temp_unwritable(file->path, err);
	PKG_TRY(make_visible(file, err));
	if (fsync(file->dir) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync the folder of '%s'",
				   file->path);
	return PKG_OK;
}
