/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/outdir.h"

#include "io/temp.h"
#include "packline/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pkg_outdir {
	char *path;           /* as the user named it */
	const char *base;     /* its last component, inside path */
	char temp[TEMP_NAME]; /* name in parent, "" = committed */
	int parent, fd;
	mode_t mode; /* that it gets when it may be seen, 0 = as it is */
	bool force;
};

/* Skip "." and ".."; NULL at the end. */
static struct dirent *next_entry(DIR *dir)
{
	struct dirent *e;

	do
		e = readdir(dir);
	while (e != NULL &&
	       (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	return e;
}

static DIR *open_listing(int parent, const char *name)
{
	int fd = openat(parent, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL && fd >= 0)
		(void)close(fd);
	return dir;
}

/* Remove the flat folder @name: plain files only, never a sub-folder. */
static int remove_flat(int parent, const char *name)
{
	DIR *dir = open_listing(parent, name);

	if (dir == NULL)
		return -1;
	for (struct dirent *e; (e = next_entry(dir)) != NULL;)
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	(void)closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR);
}

void pkg_outdir_free(struct pkg_outdir *dir)
{
	if (dir == NULL)
		return;
	if (dir->fd >= 0)
		(void)close(dir->fd);
	if (dir->temp[0] != '\0') {
		(void)remove_flat(dir->parent, dir->temp);
		pkg_temp_disarm(dir->temp);
	}
	if (dir->parent >= 0)
		(void)close(dir->parent);
	free(dir->path);
	free(dir);
}

/*
 * Where two folders cannot be exchanged the old one steps aside, under a name
 * by which the next process finds it.
 */
static bool aside_name(char out[static NAME_MAX + 1],
		       const struct pkg_outdir *dir)
{
	const int len =
	    snprintf(out, NAME_MAX + 1, ".packline-%s.old", dir->base);

	return len > 0 && len <= NAME_MAX;
}

/* The old folder is still aside: a process was killed while it replaced it. */
static void recover(const struct pkg_outdir *dir)
{
	char aside[NAME_MAX + 1];

	if (!aside_name(aside, dir) ||
	    faccessat(dir->parent, aside, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (faccessat(dir->parent, dir->base, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		(void)renameat(dir->parent, aside, dir->parent, dir->base);
	else
		(void)remove_flat(dir->parent, aside);
}

/*
 * --force replaces a folder of plain files, such as an earlier extraction;
 * whole trees are the user's to remove.
 */
static enum pkg_code check_target(const struct pkg_outdir *dir,
				  struct pkg_err *err)
{
	DIR *old = open_listing(dir->parent, dir->base);
	bool empty = true, nested = false;
	struct stat st;

	if (old == NULL && errno == ENOENT)
		return PKG_OK;
	if (old == NULL && errno != ENOTDIR && errno != ELOOP)
		return pkg_fail_os(err, errno, "cannot look into '%s'",
				   dir->path);
	if (old == NULL)
		return pkg_fail(err, PKG_USAGE, "'%s' exists and is no folder",
				dir->path);
	for (struct dirent *e; (e = next_entry(old)) != NULL;) {
		empty = false;
		if (fstatat(dirfd(old), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISDIR(st.st_mode))
			nested = true;
	}
	(void)closedir(old);
	if (!empty && !dir->force)
		return pkg_temp_exists(dir->path, err);
	if (nested)
		return pkg_fail(err, PKG_USAGE,
				"'%s' has sub-folders and is not replaced",
				dir->path);
	return PKG_OK;
}

/*
 * Until it is committed nobody else may look at what lies in it, or change
 * it: it may be secret, and it has not been judged.
 */
static enum pkg_code close_to_others(struct pkg_outdir *dir,
				     struct pkg_err *err)
{
	struct stat st;

	if (fstat(dir->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot make '%s'", dir->path);
	/* FAT has no modes of its own: whoever mounted it decided. */
	if (fchmod(dir->fd, 0700 | (st.st_mode & S_ISGID)) == 0)
		dir->mode = st.st_mode & 07777;
	else if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return pkg_fail_os(err, errno, "cannot make '%s'", dir->path);
	return PKG_OK;
}

static enum pkg_code make_temp(struct pkg_outdir *dir, struct pkg_err *err)
{
	char name[TEMP_NAME];

	for (;;) {
		PKG_TRY(pkg_temp_name(name, err));
		pkg_temp_arm(dir->parent, name);
		memcpy(dir->temp, name, sizeof(name));
		if (mkdirat(dir->parent, name, 0777) != 0)
			break;
		dir->fd =
		    openat(dir->parent, name,
			   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir->fd < 0 && errno != ENOENT)
			break;
		if (dir->fd >= 0 && pkg_temp_keep(dir->parent, name, dir->fd))
			return PKG_OK;
		/* Swept away before it was locked. */
		pkg_temp_disarm(name);
		dir->temp[0] = '\0';
		if (dir->fd >= 0)
			(void)close(dir->fd);
		dir->fd = -1;
	}
	return pkg_fail_os(err, errno, "cannot make '%s'", dir->path);
}

enum pkg_code pkg_outdir_open(struct pkg_outdir **out, int dirfd,
			      const char *path, bool force, struct pkg_err *err)
{
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	size_t len = strlen(path);

	dir = calloc(1, sizeof(*dir));
	if (dir == NULL)
		return pkg_fail_nomem(err);
	dir->parent = dir->fd = -1;
	dir->force = force;
	while (len > 1 && path[len - 1] == '/')
		len--;
	dir->path = strndup(path, len);
	if (dir->path == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(
	    pkg_path_split(&dir->parent, &dir->base, dirfd, dir->path, err));
	recover(dir);
	pkg_temp_sweep(dir->parent);
	PKG_TRY(check_target(dir, err));
	PKG_TRY(make_temp(dir, err));
	PKG_TRY(close_to_others(dir, err));
	*out = PKG_STEAL(dir);
	return PKG_OK;
}

enum pkg_code pkg_outdir_create(struct pkg_outdir *dir, const char *name,
				unsigned mode, int *fd, struct pkg_err *err)
{
	if (!pkg_path_is_safe_name(name, strlen(name)))
		return pkg_fail(err, PKG_INPUT, "not the name of a file");
	*fd = openat(dir->fd, name,
		     O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, mode);
	if (*fd >= 0)
		return PKG_OK;
	if (errno == EEXIST)
		return pkg_fail(err, PKG_INPUT, "two files are named '%s'",
				name);
	return pkg_fail_os(err, errno, "cannot write '%s/%s'", dir->path, name);
}

enum pkg_code pkg_outdir_close_file(struct pkg_outdir *dir, int fd,
				    struct pkg_err *err)
{
	int failed = fsync(fd) != 0 ? errno : 0;

	if (close(fd) != 0 && failed == 0)
		failed = errno;
	if (failed != 0)
		return pkg_fail_os(err, failed, "cannot write a file in '%s'",
				   dir->path);
	return PKG_OK;
}

void pkg_outdir_set_mode(struct pkg_outdir *dir, unsigned mode)
{
	if (dir->mode != 0) /* there are modes here */
		dir->mode = mode & 07777;
}

int pkg_outdir_fd(const struct pkg_outdir *dir)
{
	return dir->fd;
}

int pkg_outdir_parent_fd(const struct pkg_outdir *dir)
{
	return dir->parent;
}

/*
 * FAT and some network file systems cannot exchange.  Between the two renames
 * nothing has the name: recover() of the next process puts the old one back.
 */
static enum pkg_code replace_in_two(struct pkg_outdir *dir,
				    char aside[static NAME_MAX + 1],
				    struct pkg_err *err)
{
	int failed;

	if (!aside_name(aside, dir))
		return pkg_fail_os(err, ENAMETOOLONG, "cannot replace '%s'",
				   dir->path);
	if (renameat(dir->parent, dir->base, dir->parent, aside) != 0)
		return pkg_fail_os(err, errno, "cannot replace '%s'",
				   dir->path);
	if (renameat(dir->parent, dir->temp, dir->parent, dir->base) == 0)
		return PKG_OK;
	failed = errno;
	(void)renameat(dir->parent, aside, dir->parent, dir->base);
	return pkg_fail_os(err, failed, "cannot replace '%s'", dir->path);
}

/* Swap the new folder with an old one that is not empty, drop the old. */
static enum pkg_code replace(struct pkg_outdir *dir, struct pkg_err *err)
{
	char aside[NAME_MAX + 1];

	if (renameat2(dir->parent, dir->temp, dir->parent, dir->base,
		      RENAME_EXCHANGE) == 0)
		memcpy(aside, dir->temp, sizeof(dir->temp));
	else if (errno == EINVAL || errno == ENOSYS)
		PKG_TRY(replace_in_two(dir, aside, err));
	else
		return pkg_fail_os(err, errno, "cannot replace '%s'",
				   dir->path);
	/* Both names must be on the disk before the old content goes. */
	if (fsync(dir->parent) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync the folder of '%s'",
				   dir->path);
	/* The new content is there, whatever becomes of the old one: if it
	   cannot go now, pkg_outdir_free() or the next process tries again. */
	if (remove_flat(dir->parent, aside) != 0)
		return PKG_OK;
	pkg_temp_disarm(dir->temp);
	dir->temp[0] = '\0';
	return PKG_OK;
}

enum pkg_code pkg_outdir_commit(struct pkg_outdir *dir, struct pkg_err *err)
{
	if ((dir->mode != 0 && fchmod(dir->fd, dir->mode) != 0) ||
	    fsync(dir->fd) != 0)
		return pkg_fail_os(err, errno, "cannot write '%s'", dir->path);
	/* rename() takes the place of nothing, or of an empty folder. */
	if (renameat(dir->parent, dir->temp, dir->parent, dir->base) == 0) {
		pkg_temp_disarm(dir->temp);
		dir->temp[0] = '\0';
	} else if (errno != ENOTEMPTY && errno != EEXIST) {
		return pkg_fail_os(err, errno, "cannot make '%s'", dir->path);
	} else if (!dir->force) {
		return pkg_temp_exists(dir->path, err);
	} else {
		PKG_TRY(replace(dir, err));
	}
	if (fsync(dir->parent) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync the folder of '%s'",
				   dir->path);
	return PKG_OK;
}
