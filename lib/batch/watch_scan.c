/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/*
 * What programs call a file while they write it; schemas/batch.md has the
 * list.  Names that begin with a dot are not even read.
 */
static const char *const temporary[] = {
    "*~",           "#*#",        "~$*",        "*.tmp",
    "*.temp",       "*.part",     "*.partial",  "*.swp",
    "*.crdownload", "*.download", "*.filepart", "*.uploading",
};

static bool is_temporary(const char *name)
{
	for (size_t i = 0; i < sizeof(temporary) / sizeof(temporary[0]); i++)
		if (fnmatch(temporary[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

void pkg_watch_list_fini(struct pkg_watch_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->files[i].name);
	free(list->files);
	*list = (struct pkg_watch_list){0};
}

static int by_name(const void *key, const void *element)
{
	const struct watch_file *file = element;

	return strcmp(key, file->name);
}

struct watch_file *pkg_watch_list_find(const struct pkg_watch_list *list,
				       const char *name)
{
	return list->count == 0 ? NULL
				: bsearch(name, list->files, list->count,
					  sizeof(*list->files), by_name);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct watch_file *a, const struct watch_file *b)
{
	return a->inode == b->inode && a->size == b->size &&
	       same_time(&a->modified, &b->modified) &&
	       same_time(&a->changed, &b->changed);
}

/* Take over from the last look what is still true. */
static enum pkg_code look(const struct pkg_batch_watch *watch,
			  struct pkg_watch_list *list, const char *name,
			  uint64_t now_ms, struct pkg_err *err)
{
	const struct watch_file *before =
	    pkg_watch_list_find(&watch->list, name);
	struct watch_file *file = &list->files[list->count];
	struct stat st;

	if (fstatat(watch->in, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return PKG_OK; /* it has gone */
	*file = (struct watch_file){
	    .name = strdup(name),
	    .inode = st.st_ino,
	    .size = st.st_size,
	    .modified = st.st_mtim,
	    .changed = st.st_ctim,
	    .since_ms = now_ms,
	    .regular = S_ISREG(st.st_mode),
	};
	if (file->name == NULL)
		return pkg_fail_nomem(err);
	if (before != NULL && same(before, file)) {
		file->since_ms = before->since_ms;
		file->told = before->told;
	}
	if (before != NULL)
		file->alone = before->alone;
	list->count++;
	return PKG_OK;
}

enum pkg_code pkg_watch_scan(struct pkg_batch_watch *watch, uint64_t now_ms,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names names = {0};
	PKG_AUTO_FINI(pkg_watch_list) struct pkg_watch_list list = {0};
	const struct pkg_watch_list before = watch->list;

	PKG_TRY(pkg_watch_names_read(&names, watch->in, err));
	list.files = calloc(names.count + 1, sizeof(*list.files));
	if (list.files == NULL)
		return pkg_fail_nomem(err);
	for (size_t i = 0; i < names.count; i++) {
		if (!is_temporary(names.names[i]))
			PKG_TRY(
			    look(watch, &list, names.names[i], now_ms, err));
	}
	watch->list = list;
	list = before;
	return PKG_OK;
}
