/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit.h"

#include "packline/env.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* FILE.000001 */
enum { DIGITS = 6 };

bool pkg_audit_file_name(char out[static AUDIT_NAME], const char *base,
			 uint64_t number)
{
	const int len =
	    snprintf(out, AUDIT_NAME, "%s.%0*" PRIu64, base, DIGITS, number);

	return len > 0 && len < AUDIT_NAME;
}

/* The number in the name of a rotated file; 0 = it is none. */
static uint64_t number_of(const char *name, const char *base)
{
	const size_t len = strlen(base);
	uint64_t number = 0;

	if (strncmp(name, base, len) != 0 || name[len] != '.' ||
	    strlen(name + len + 1) != DIGITS)
		return 0;
	for (const char *at = name + len + 1; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return 0;
		number = 10 * number + (uint64_t)(*at - '0');
	}
	return number;
}

enum pkg_code pkg_audit_rotated(uint64_t *count, uint64_t *highest, int folder,
				const char *base, struct pkg_err *err)
{
	const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	enum pkg_code code = PKG_OK;

	*count = *highest = 0;
	if (list == NULL) {
		code = pkg_fail_os(err, errno, "cannot list its folder");
		if (fd >= 0)
			(void)close(fd);
		return code;
	}
	errno = 0;
	for (const struct dirent *e; (e = readdir(list)) != NULL; errno = 0) {
		const uint64_t number = number_of(e->d_name, base);

		*count += number != 0;
		*highest = number > *highest ? number : *highest;
	}
	if (errno != 0)
		code = pkg_fail_os(err, errno, "cannot list its folder");
	(void)closedir(list);
	return code;
}

enum pkg_code pkg_audit_lock(int fd, int how, const char *path,
			     struct pkg_err *err)
{
	while (flock(fd, how) != 0) {
		if (errno != EINTR)
			return pkg_fail_os(
			    err, errno, "cannot lock the audit log '%s'", path);
	}
	return PKG_OK;
}

bool pkg_audit_is_current(int fd, int folder, const char *base)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 &&
	       fstatat(folder, base, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/* A new file, with its first line in it, or none. */
static enum pkg_code create(const struct pkg_audit *audit,
			    const struct audit_link *last, unsigned mode,
			    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf line = {.max = AUDIT_LINE_MAX};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {.mode = 0600};
	const struct pkg_audit_entry nothing = {0};
	enum pkg_code code;

	PKG_TRY(pkg_audit_make_line(&line, audit, last,
				    last == NULL ? AUDIT_FIRST : AUDIT_CONTINUE,
				    &nothing, err));
	code =
	    pkg_outfile_open(&file, audit->folder, audit->base, &options, err);
	if (code == PKG_OK && mode != 0600 &&
	    fchmod(pkg_outfile_fd(file), mode) != 0)
		return pkg_fail_os(err, errno, "cannot begin a file of it");
	if (code == PKG_OK)
		code = pkg_sink_write(pkg_outfile_sink(file), line.data,
				      line.len, err);
	if (code == PKG_OK)
		code = pkg_outfile_commit(file, UINT64_MAX, err);
	if (code != PKG_USAGE)
		return code;
	*err = PKG_ERR_INIT; /* somebody else was faster */
	return PKG_OK;
}

static enum pkg_code gap(struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "log-gap",
			 "its last file is missing: what follows the rotated "
			 "ones");
	return pkg_hint(err, "put it back; a log that was lost is begun anew "
			     "under another name");
}

/* A rotated file is the last there is: was the rotation interrupted? */
static enum pkg_code go_on(struct pkg_audit *audit, uint64_t number, int fd,
			   struct pkg_err *err)
{
	struct audit_tail tail = {0};
	uint64_t count = 0, highest = 0;
	struct stat st;

	PKG_TRY(pkg_audit_lock(fd, LOCK_EX, audit->path, err));
	PKG_TRY(pkg_audit_rotated(&count, &highest, audit->folder, audit->base,
				  err));
	if (highest != number || faccessat(audit->folder, audit->base, F_OK,
					   AT_SYMLINK_NOFOLLOW) == 0)
		return PKG_OK; /* somebody else was faster */
	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at it");
	PKG_TRY(pkg_audit_tail_read(&tail, &audit->reader, fd, err));
	if (tail.last.kind != AUDIT_ROTATE || tail.torn != 0)
		return gap(err);
	return create(audit, &tail.last, st.st_mode & 0777, err);
}

enum pkg_code pkg_audit_start(struct pkg_audit *audit, struct pkg_err *err)
{
	uint64_t count = 0, highest = 0;
	char name[AUDIT_NAME];
	enum pkg_code code;
	struct stat st;
	int fd = -1;

	PKG_TRY(pkg_audit_rotated(&count, &highest, audit->folder, audit->base,
				  err));
	/* What we have seen ourselves was not removed by us. */
	if (highest == 0)
		return audit->known != 0 ? gap(err)
					 : create(audit, NULL, 0600, err);
	if (!pkg_audit_file_name(name, audit->base, highest))
		return pkg_fail_os(err, ENAMETOOLONG, "cannot open it");
	PKG_TRY(
	    pkg_path_open_regular(&fd, &st, audit->folder, name, true, err));
	code = go_on(audit, highest, fd, err);
	(void)close(fd);
	return code;
}

/* No file of the log is ever written over. */
static int rename_new(int folder, const char *from, const char *to)
{
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (faccessat(folder, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(folder, from, folder, to);
}

enum pkg_code pkg_audit_roll(struct pkg_audit *audit, struct pkg_err *err)
{
	uint64_t count = 0, highest = 0;
	char name[AUDIT_NAME];
	struct stat st;

	if (fstat(audit->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at it");
	PKG_TRY(pkg_audit_rotated(&count, &highest, audit->folder, audit->base,
				  err));
	if (!pkg_audit_file_name(name, audit->base, highest + 1))
		return pkg_fail_os(err, ENAMETOOLONG, "cannot rotate it");
	if (rename_new(audit->folder, audit->base, name) != 0)
		return pkg_fail_os(err, errno, "cannot rename it to '%s'",
				   name);
	if (fsync(audit->folder) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync its folder");
	return create(audit, &audit->tail.last, st.st_mode & 0777, err);
}
