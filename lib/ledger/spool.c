/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/spool.h"

#include "packline/job.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum pkg_code pkg_spool_name(const char *name, const char *what,
			     struct pkg_err *err)
{
	char shown[256];

	if (pkg_path_is_name(name))
		return PKG_OK;
	(void)pkg_refuse(
	    err, PKG_INPUT, "name-grammar", "'%s' cannot be the name of a %s",
	    pkg_text_quote_cut(shown, sizeof(shown), name, strlen(name)), what);
	return pkg_hint(err,
			"letters, digits, '_', '.', '+' and '-', at most "
			"%u, beginning with a letter or a digit",
			PKG_LIMIT_MEMBER_NAME);
}

/* Could somebody else change what lies in it, or put another in its place? */
static enum pkg_code check_safe(int fd, const char *label, struct pkg_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", label);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return pkg_refuse(err, PKG_INPUT, "spool-unsafe",
				  "'%s' belongs to another user", label);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	    (st.st_mode & S_ISVTX) != 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "spool-unsafe",
			 "others may remove and replace what is in '%s' (mode "
			 "%04o)",
			 label, (unsigned)st.st_mode & 07777u);
	return pkg_hint(err,
			"chmod go-w '%s', or, for a folder in which "
			"several users have tenants, chmod +t",
			label);
}

enum pkg_code pkg_spool_folder(int *out, int dirfd, const char *name,
			       const char *label, struct pkg_err *err)
{
	const int fd = openat(dirfd, name,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum pkg_code code;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return pkg_refuse(err, PKG_INPUT, "spool-unsafe",
				  "'%s' is no folder", label);
	if (fd < 0)
		return pkg_fail_os(err, errno, "cannot open '%s'", label);
	code = check_safe(fd, label, err);
	if (code == PKG_OK)
		*out = fd;
	else
		(void)close(fd);
	return code;
}

enum pkg_code pkg_spool_mode(unsigned *out, int fd, struct pkg_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at a spool");
	/* In a folder that users share everybody has his own. */
	*out =
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? 0700 : st.st_mode & 07777;
	return PKG_OK;
}

/*
 * Without it the next power cut takes the folder and all in it.  @dirfd need
 * not be the folder above it, nor one that can be synced (O_PATH).
 */
static enum pkg_code sync_above(int dirfd, const char *name, const char *label,
				struct pkg_err *err)
{
	const int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int up =
	    fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code = PKG_OK;

	if (up < 0 || (fsync(up) != 0 && errno != EINVAL))
		code = pkg_fail_os(err, errno, "cannot sync the folder of '%s'",
				   label);
	if (up >= 0)
		(void)close(up);
	if (fd >= 0)
		(void)close(fd);
	return code;
}

/* By its descriptor, which a sandbox lets. */
static bool set_mode(int dirfd, const char *name, unsigned mode)
{
	const int fd = openat(dirfd, name,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const bool set = fd >= 0 && fchmod(fd, mode) == 0;

	if (fd >= 0)
		(void)close(fd);
	return set;
}

/* Make the folder @name of @dirfd, whatever the umask; it may be there. */
static enum pkg_code make_folder(int dirfd, const char *name, unsigned mode,
				 const char *label, struct pkg_err *err)
{
	if (mkdirat(dirfd, name, 0700) != 0) {
		if (errno == EEXIST)
			return PKG_OK;
		(void)pkg_fail_os(err, errno, "cannot make '%s'", label);
		return err->os_errno == ENOENT
			   ? pkg_hint(err, "the folder above it must be there")
			   : err->code;
	}
	if (mode != 0700 && !set_mode(dirfd, name, mode))
		return pkg_fail_os(err, errno, "cannot make '%s'", label);
	return sync_above(dirfd, name, label, err);
}

static enum pkg_code tenant_label(struct pkg_buf *out,
				  const struct pkg_spool *spool,
				  const char *tenant, struct pkg_err *err)
{
	return pkg_buf_printf(out, err, "%s/%s/%s", spool->path, spool->kind,
			      tenant);
}

enum pkg_code pkg_spool_tenant(int *out, const struct pkg_spool *spool,
			       const char *tenant, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf label = {.max = 2 * (size_t)PKG_LIMIT_PATH};

	PKG_TRY(tenant_label(&label, spool, tenant, err));
	return pkg_spool_folder(out, spool->fd, tenant, pkg_buf_str(&label),
				err);
}

enum pkg_code pkg_spool_make_tenant(int *out, const struct pkg_spool *spool,
				    const char *tenant, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf label = {.max = 2 * (size_t)PKG_LIMIT_PATH};
	unsigned mode = 0;

	PKG_TRY(tenant_label(&label, spool, tenant, err));
	PKG_TRY(pkg_spool_mode(&mode, spool->fd, err));
	PKG_TRY(make_folder(spool->fd, tenant, mode, pkg_buf_str(&label), err));
	return pkg_spool_folder(out, spool->fd, tenant, pkg_buf_str(&label),
				err);
}

/* The spool's own folder may be reached by a link: the user named it. */
static enum pkg_code open_top(int *out, int dirfd, const char *path,
			      bool create, struct pkg_err *err)
{
	enum pkg_code code;
	int fd;

	if (create)
		PKG_TRY(make_folder(dirfd, path, 0700, path, err));
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return pkg_fail_os(err, errno, "cannot open the spool '%s'",
				   path);
	code = check_safe(fd, path, err);
	if (code == PKG_OK)
		*out = fd;
	else
		(void)close(fd);
	return code;
}

static enum pkg_code open_kind(struct pkg_spool *spool, int top, bool create,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf label = {.max = 2 * (size_t)PKG_LIMIT_PATH};
	struct stat st;

	PKG_TRY(pkg_buf_printf(&label, err, "%s/%s", spool->path, spool->kind));
	if (create && fstat(top, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   spool->path);
	if (create)
		PKG_TRY(make_folder(top, spool->kind, st.st_mode & 07777,
				    pkg_buf_str(&label), err));
	return pkg_spool_folder(&spool->fd, top, spool->kind,
				pkg_buf_str(&label), err);
}

enum pkg_code pkg_spool_open(struct pkg_spool **out, int dirfd,
			     const char *path, const char *kind, bool create,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = NULL;
	enum pkg_code code;
	int top = -1;

	spool = calloc(1, sizeof(*spool));
	if (spool == NULL)
		return pkg_fail_nomem(err);
	spool->fd = -1;
	spool->kind = kind;
	spool->path = strdup(path);
	if (spool->path == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(open_top(&top, dirfd, path, create, err));
	code = open_kind(spool, top, create, err);
	(void)close(top);
	if (code == PKG_OK)
		*out = PKG_STEAL(spool);
	return code;
}

void pkg_spool_free(struct pkg_spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->fd >= 0)
		(void)close(spool->fd);
	free(spool->path);
	free(spool);
}

void pkg_spool_names_fini(struct pkg_spool_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct pkg_spool_names){0};
}

static enum pkg_code add_name(struct pkg_spool_names *names, const char *name,
			      struct pkg_err *err)
{
	if (names->count == PKG_LIMIT_WALK_NAMES)
		return pkg_fail(err, PKG_INPUT, "more than %u names in a spool",
				PKG_LIMIT_WALK_NAMES);
	if (names->count == names->cap) {
		const size_t cap = names->cap == 0 ? 64 : 2 * names->cap;
		char **grown = reallocarray(names->items, cap, sizeof(*grown));

		if (grown == NULL)
			return pkg_fail_nomem(err);
		names->items = grown;
		names->cap = cap;
	}
	names->items[names->count] = strdup(name);
	if (names->items[names->count] == NULL)
		return pkg_fail_nomem(err);
	names->count++;
	return PKG_OK;
}

/* Temporary names begin with '.', which no name does. */
static bool is_folder(int fd, const struct dirent *entry)
{
	struct stat st;

	if (!pkg_path_is_name(entry->d_name))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int by_bytes(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static enum pkg_code read_names(struct pkg_spool_names *out, DIR *list,
				struct pkg_err *err)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(list)) != NULL) {
		if (is_folder(dirfd(list), entry))
			PKG_TRY(add_name(out, entry->d_name, err));
	}
	if (errno != 0)
		return pkg_fail_os(err, errno, "cannot list a spool");
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), by_bytes);
	return PKG_OK;
}

enum pkg_code pkg_spool_names_read(struct pkg_spool_names *out, int fd,
				   struct pkg_err *err)
{
	const int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = own >= 0 ? fdopendir(own) : NULL;
	enum pkg_code code;

	if (list == NULL) {
		(void)pkg_fail_os(err, errno, "cannot list a spool");
		if (own >= 0)
			(void)close(own);
		return pkg_failed_(err->code);
	}
	code = read_names(out, list, err);
	(void)closedir(list);
	return code;
}

static enum pkg_code
list_tenant(const struct pkg_spool *spool, const char *tenant,
	    enum pkg_code (*visit)(void *context, const char *tenant,
				   const char *id, struct pkg_err *err),
	    void *context, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_spool_names) struct pkg_spool_names names = {0};
	enum pkg_code code;
	int fd = -1;

	if (pkg_spool_tenant(&fd, spool, tenant, err) != PKG_OK) {
		if (err->os_errno != ENOENT)
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT; /* nothing was ever made for him */
		return PKG_OK;
	}
	code = pkg_spool_names_read(&names, fd, err);
	(void)close(fd);
	if (code != PKG_OK)
		return pkg_wrap(err, "'%s/%s/%s'", spool->path, spool->kind,
				tenant);
	for (size_t i = 0; i < names.count; i++)
		PKG_TRY(visit(context, tenant, names.items[i], err));
	return PKG_OK;
}

enum pkg_code pkg_spool_is_ours(bool *ours, const struct pkg_spool *spool,
				const char *tenant, struct pkg_err *err)
{
	struct stat st;

	*ours = false;
	if (fstatat(spool->fd, tenant, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT
			   ? PKG_OK
			   : pkg_fail_os(err, errno, "cannot look at '%s'",
					 tenant);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return PKG_OK;
	*ours = faccessat(spool->fd, tenant, R_OK | X_OK, AT_EACCESS) == 0;
	return *ours || errno == EACCES || errno == ENOENT
		   ? PKG_OK
		   : pkg_fail_os(err, errno, "cannot look into '%s'", tenant);
}

enum pkg_code
pkg_spool_list(struct pkg_spool *spool, const char *tenant,
	       enum pkg_code (*visit)(void *context, const char *tenant,
				      const char *id, struct pkg_err *err),
	       void *context, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_spool_names) struct pkg_spool_names names = {0};

	if (tenant != NULL) {
		PKG_TRY(pkg_spool_name(tenant, "tenant", err));
		return list_tenant(spool, tenant, visit, context, err);
	}
	if (pkg_spool_names_read(&names, spool->fd, err) != PKG_OK)
		return pkg_wrap(err, "'%s/%s'", spool->path, spool->kind);
	for (size_t i = 0; i < names.count; i++) {
		bool ours = false;

		PKG_TRY(pkg_spool_is_ours(&ours, spool, names.items[i], err));
		if (ours)
			PKG_TRY(list_tenant(spool, names.items[i], visit,
					    context, err));
	}
	return PKG_OK;
}
