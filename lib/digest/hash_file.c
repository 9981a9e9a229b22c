/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/hash_file.h"

#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { ADVISE_MIN = 1 << 20 }; /* bytes; below that read-ahead is enough */

enum pkg_code pkg_hash_file_open(struct pkg_hash_file *file, int dirfd,
				 const struct pkg_hasher_item *item,
				 struct pkg_err *err)
{
	off_t at = 0;

	*file = (struct pkg_hash_file){.path = item->path, .fd = item->fd};
	if (item->fd < 0) {
		PKG_TRY(pkg_path_open_regular(&file->fd, &file->before, dirfd,
					      item->path, item->nofollow, err));
		file->owned = true;
	} else if (fstat(file->fd, &file->before) != 0) {
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   item->path);
	}
	if (S_ISDIR(file->before.st_mode))
		return pkg_fail(err, PKG_USAGE, "'%s' is a folder, not a file",
				item->path);
	file->regular = S_ISREG(file->before.st_mode);
	if (!file->regular)
		return PKG_OK;
	if (!file->owned)
		at = lseek(file->fd, 0, SEEK_CUR);
	if (at < 0)
		return pkg_fail_os(err, errno, "cannot read '%s'", item->path);
	file->start = (uint64_t)at;
	if (at < file->before.st_size)
		file->size = (uint64_t)(file->before.st_size - at);
	if (file->size >= ADVISE_MIN)
		(void)posix_fadvise(file->fd, at, 0, POSIX_FADV_SEQUENTIAL);
	return PKG_OK;
}

static enum pkg_code changed(const struct pkg_hash_file *file, const char *how,
			     struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_SYSTEM, "changed",
			 "'%s' changed while it was read: %s", file->path, how);
	return pkg_hint(err, "hash it again when nothing writes to it");
}

enum pkg_code pkg_hash_file_read(const struct pkg_hash_file *file, uint64_t at,
				 void *buf, size_t cap, size_t *got,
				 struct pkg_err *err)
{
	ssize_t n;

	/* More than its size is found by fstat(), but not in /proc. */
	*got = 0;
	if (file->regular && at == file->size && at > 0)
		return PKG_OK;
	do {
		n = file->regular
			? pread(file->fd, buf, cap, (off_t)(file->start + at))
			: read(file->fd, buf, cap);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot read '%s'", file->path);
	*got = (size_t)n;
	if (!file->regular)
		return PKG_OK;
	/* Stop here: a file that somebody appends to need not have an end. */
	if (*got > file->size - at)
		return changed(file, "it grew", err);
	if (*got == 0 && at < file->size)
		return changed(file, "it became shorter", err);
	return PKG_OK;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

enum pkg_code pkg_hash_file_check(const struct pkg_hash_file *file,
				  uint64_t total, struct pkg_artifact *out,
				  struct pkg_err *err)
{
	const struct stat *before = &file->before;
	struct stat after;

	out->size = total;
	out->has_mode = file->regular;
	out->mode = before->st_mode & 07777;
	if (!file->regular)
		return PKG_OK;
	if (fstat(file->fd, &after) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   file->path);
	if (after.st_nlink == 0 && before->st_nlink != 0)
		return changed(file, "it was removed", err);
	if (after.st_size > before->st_size)
		return changed(file, "it grew", err);
	if (after.st_size < before->st_size)
		return changed(file, "it became shorter", err);
	if (!same_time(after.st_mtim, before->st_mtim))
		return changed(file, "its content was written", err);
	if (!same_time(after.st_ctim, before->st_ctim))
		return changed(file, "its owner, mode, name or content", err);
	return PKG_OK;
}

void pkg_hash_file_close(struct pkg_hash_file *file)
{
	if (file->owned && file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
