/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pkg_watch_names_fini(struct pkg_watch_names *names)
{
	free((void *)names->names);
	pkg_arena_free(names->arena);
	*names = (struct pkg_watch_names){0};
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum pkg_code add_name(struct pkg_watch_names *out, size_t *cap,
			      const char *name, struct pkg_err *err)
{
	if (out->count == *cap) {
		const size_t more = *cap == 0 ? 64 : 2 * *cap;
		const char **grown =
		    realloc((void *)out->names, more * sizeof(*grown));

		if (grown == NULL)
			return pkg_fail_nomem(err);
		out->names = grown;
		*cap = more;
	}
	out->names[out->count] =
	    pkg_arena_dup(out->arena, name, strlen(name), err);
	if (out->names[out->count] == NULL)
		return err->code;
	out->count++;
	return PKG_OK;
}

static enum pkg_code read_names(struct pkg_watch_names *out, DIR *list,
				struct pkg_err *err)
{
	const struct dirent *entry;
	size_t cap = 0;

	while (errno = 0, (entry = readdir(list)) != NULL) {
		if (out->count == PKG_LIMIT_WALK_NAMES)
			break; /* the others come when these are gone */
		if (entry->d_name[0] != '.')
			PKG_TRY(add_name(out, &cap, entry->d_name, err));
	}
	if (entry == NULL && errno != 0)
		return pkg_fail_os(err, errno, "cannot list a watched folder");
	if (out->count > 0)
		qsort((void *)out->names, out->count, sizeof(*out->names),
		      by_bytes);
	return PKG_OK;
}

enum pkg_code pkg_watch_names_read(struct pkg_watch_names *out, int folder,
				   struct pkg_err *err)
{
	const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code = PKG_OK;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	*out = (struct pkg_watch_names){0};
	if (list == NULL) {
		code = pkg_fail_os(err, errno, "cannot list a watched folder");
		if (fd >= 0)
			(void)close(fd);
		return code;
	}
	code = pkg_arena_new(&out->arena, PKG_LIMIT_ARENA, err);
	if (code == PKG_OK)
		code = read_names(out, list, err);
	(void)closedir(list);
	return code;
}

enum pkg_code pkg_watch_open_own(int *fd, int parent, const char *name,
				 bool make, struct pkg_err *err)
{
	struct stat st;

	if (make && mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
		return pkg_fail_os(err, errno, "cannot make '%s'", name);
	*fd = openat(parent, name,
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT && !make)
		return PKG_OK;
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot open '%s'", name);
	if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return PKG_OK;
	(void)close(*fd);
	*fd = -1;
	(void)pkg_refuse(err, PKG_INPUT, "watch-unsafe",
			 "'%s' can be changed by others", name);
	return pkg_hint(err, "look at what is in it, and move it away");
}

bool pkg_watch_has(int folder, const char *name)
{
	struct stat st;

	/* What cannot be looked at is there. */
	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

enum pkg_code pkg_watch_sync(int folder, struct pkg_err *err)
{
	if (fsync(folder) != 0 && errno != EINVAL)
		return pkg_fail_os(err, errno, "cannot sync a watched folder");
	return PKG_OK;
}

int pkg_watch_move(int from, const char *name, int to, const char *as)
{
	if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* A file system that cannot; ours is the only watch. */
	if (pkg_watch_has(to, as))
		return EEXIST;
	return renameat(from, name, to, as) == 0 ? 0 : errno;
}

enum pkg_code pkg_watch_claim_open(int *fd, const struct pkg_batch_watch *watch,
				   const char *id, struct pkg_err *err)
{
	return pkg_watch_open_own(fd, watch->claims, id, false, err);
}

static enum pkg_code put_back(const struct pkg_batch_watch *watch, int claim,
			      const char *name, struct pkg_err *err)
{
	const int failed = pkg_watch_move(claim, name, watch->in, name);

	/* If there is another one of that name by now, both stay. */
	if (failed == 0 || failed == EEXIST)
		return PKG_OK;
	return pkg_fail_os(err, failed, "cannot put '%s' back", name);
}

/* Do to each file of a claim; remove the claim if it is empty then. */
static enum pkg_code each(const struct pkg_batch_watch *watch, const char *id,
			  enum pkg_code (*act)(const struct pkg_batch_watch *,
					       int claim, const char *name,
					       struct pkg_err *err),
			  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names names = {0};
	enum pkg_code code = PKG_OK;
	int claim = -1;

	PKG_TRY(pkg_watch_claim_open(&claim, watch, id, err));
	if (claim < 0)
		return PKG_OK;
	code = pkg_watch_names_read(&names, claim, err);
	for (size_t i = 0; code == PKG_OK && i < names.count; i++)
		code = act(watch, claim, names.names[i], err);
	if (code == PKG_OK)
		code = pkg_watch_sync(claim, err);
	(void)close(claim);
	if (code != PKG_OK)
		return code;
	PKG_TRY(pkg_watch_sync(watch->in, err));
	if (unlinkat(watch->claims, id, AT_REMOVEDIR) != 0 &&
	    errno != ENOTEMPTY && errno != EEXIST)
		return pkg_fail_os(err, errno, "cannot remove '%s'", id);
	return pkg_watch_sync(watch->claims, err);
}

enum pkg_code pkg_watch_claim_undo(const struct pkg_batch_watch *watch,
				   const char *id, struct pkg_err *err)
{
	return each(watch, id, put_back, err);
}

static enum pkg_code remove_one(const struct pkg_batch_watch *watch, int claim,
				const char *name, struct pkg_err *err)
{
	(void)watch;
	if (unlinkat(claim, name, 0) == 0 || errno == ENOENT)
		return PKG_OK;
	return pkg_fail_os(err, errno, "cannot remove '%s'", name);
}

enum pkg_code pkg_watch_claim_remove(const struct pkg_batch_watch *watch,
				     const char *id, struct pkg_err *err)
{
	return each(watch, id, remove_one, err);
}

/* It is no file: back into IN with it, where people are told of that. */
static enum pkg_code put_out(const struct pkg_batch_watch *watch, int claim,
			     const char *name, struct pkg_err *err)
{
	int failed = pkg_watch_move(claim, name, watch->in, name);
	char other[256];

	/* There is another one of that name by now. */
	if (failed == EEXIST) {
		PKG_TRY(pkg_watch_other_name(watch, name, other, err));
		failed = pkg_watch_move(claim, name, watch->in, other);
	}
	return failed == 0
		   ? PKG_OK
		   : pkg_fail_os(err, failed, "cannot put '%s' back", name);
}

enum pkg_code pkg_watch_claim_sort(const struct pkg_batch_watch *watch,
				   int claim, struct pkg_watch_names *names,
				   struct pkg_err *err)
{
	size_t kept = 0;
	struct stat st;

	PKG_TRY(pkg_watch_names_read(names, claim, err));
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->names[i];

		if (fstatat(claim, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return pkg_fail_os(err, errno, "cannot look at '%s'",
					   name);
		if (S_ISREG(st.st_mode))
			names->names[kept++] = name;
		else
			PKG_TRY(put_out(watch, claim, name, err));
	}
	if (kept == names->count)
		return PKG_OK;
	names->count = kept;
	PKG_TRY(pkg_watch_sync(watch->in, err));
	return pkg_watch_sync(claim, err);
}
