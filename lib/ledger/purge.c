/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Levels of folders below a job's: its kinds keep one or two. */
enum { LEVELS = 8 };

static const char *const record[] = {LEDGER_STATE, LEDGER_LOCK, NULL};

static bool is_listed(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static enum pkg_code empty(int fd, const char *const *keep, unsigned levels,
			   struct pkg_err *err);

static enum pkg_code remove_folder(int dir, const char *name, unsigned levels,
				   struct pkg_err *err)
{
	static const char *const nothing[] = {NULL};
	const int fd =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return pkg_fail_os(err, errno, "cannot open '%s'", name);
	if (levels == 0) {
		(void)close(fd);
		return pkg_fail(err, PKG_INPUT,
				"more than %d levels of folders", LEVELS);
	}
	PKG_TRY(empty(fd, nothing, levels - 1, err));
	if (unlinkat(dir, name, AT_REMOVEDIR) != 0)
		return pkg_fail_os(err, errno, "cannot remove '%s'", name);
	return PKG_OK;
}

static enum pkg_code remove_one(int dir, const char *name, unsigned levels,
				struct pkg_err *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return PKG_OK;
	if (errno == EISDIR || errno == EPERM)
		return remove_folder(dir, name, levels, err);
	return pkg_fail_os(err, errno, "cannot remove '%s'", name);
}

/* Remove what is in a folder but @keep; takes ownership of @take_fd. */
static enum pkg_code empty(int take_fd, const char *const *keep,
			   unsigned levels, struct pkg_err *err)
{
	DIR *list = fdopendir(take_fd);
	enum pkg_code code = PKG_OK;
	const struct dirent *entry;

	if (list == NULL) {
		code = pkg_fail_os(err, errno, "cannot list a folder");
		(void)close(take_fd);
		return code;
	}
	while (code == PKG_OK && (errno = 0, (entry = readdir(list)) != NULL)) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    is_listed(keep, name) ||
		    (levels == LEVELS && is_listed(record, name)))
			continue;
		code = remove_one(dirfd(list), name, levels, err);
	}
	if (code == PKG_OK && errno != 0)
		code = pkg_fail_os(err, errno, "cannot list a folder");
	(void)closedir(list);
	return code;
}

enum pkg_code pkg_job_purge(struct pkg_job *job, const char *const *keep,
			    struct pkg_err *err)
{
	int fd;

	PKG_TRY(pkg_job_check_locked(job, err));
	fd = openat(job->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return pkg_fail_os(err, errno, "cannot open '%s'", job->label);
	if (empty(fd, keep, LEVELS, err) != PKG_OK)
		return pkg_wrap(err, "'%s'", job->label);
	if (fsync(job->fd) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync '%s'", job->label);
	return PKG_OK;
}
