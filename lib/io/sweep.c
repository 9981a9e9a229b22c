/* SPDX-License-Identifier: Apache-2.0 */
#include "io/temp.h"

#include "packline/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A process that is killed cannot remove its temporary names; the next one
 * that writes into the same folder does.  Whoever works on such a file or
 * folder holds a lock on it, which ends with the process: what can be locked
 * belongs to nobody.
 */

/* Does @name still stand for what @fd has open? */
static bool is_same(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	       fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool pkg_temp_keep(int dir, const char *name, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false; /* somebody is sweeping it away */
	return name == NULL || is_same(dir, name, fd);
}

bool pkg_temp_is_name(const char *name)
{
	static const char form[] = ".packline-0000000000000000.tmp";

	for (size_t i = 0; i < sizeof(form); i++) {
		if (form[i] == '0' && name[i] != '\0' &&
		    strchr("0123456789abcdef", name[i]) != NULL)
			continue;
		if (name[i] != form[i])
			return false;
	}
	return true;
}

static void sweep_one(int dir, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_uid != geteuid() ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_same(dir, name, fd))
		pkg_temp_remove(dir, name);
	(void)close(fd);
}

void pkg_temp_sweep(int dir)
{
	/* Thousands of outputs may go into one folder. */
	static _Atomic(uint64_t) last_dev, last_ino;
	struct stat st;
	DIR *list = NULL;
	int fd = -1;

	if (fstat(dir, &st) != 0 || (atomic_load(&last_ino) == st.st_ino &&
				     atomic_load(&last_dev) == st.st_dev))
		return;
	atomic_store(&last_dev, st.st_dev);
	atomic_store(&last_ino, st.st_ino);
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (list == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(list)) != NULL;) {
		if (pkg_temp_is_name(e->d_name))
			sweep_one(dir, e->d_name);
	}
	(void)closedir(list);
}

void pkg_outputs_sweep(int dir)
{
	pkg_temp_sweep(dir);
}
