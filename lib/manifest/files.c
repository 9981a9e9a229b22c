/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

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

/* A listing while it grows, and the folders that are still to be read. */
struct walk {
	struct files *files;
	struct file_entry *items; /* heap */
	size_t count, cap;
	const char **todo; /* heap; paths in the arena */
	size_t todo_count, todo_cap;
	struct pkg_err *err;
};

void pkg_files_fini(struct files *files)
{
	pkg_map_fini(&files->lists);
	pkg_map_fini(&files->record_path);
}

static enum pkg_code grow(void *slot, size_t *cap, size_t size,
			  struct pkg_err *err)
{
	const size_t more = *cap == 0 ? 64 : *cap * 2;
	void *old, *p;

	memcpy(&old, slot, sizeof(old));
	p = reallocarray(old, more, size);
	if (p == NULL)
		return pkg_fail_nomem(err);
	memcpy(slot, &p, sizeof(p));
	*cap = more;
	return PKG_OK;
}

static enum pkg_code push_entry(struct walk *w, const char *path)
{
	if (w->count == w->cap)
		PKG_TRY(grow(&w->items, &w->cap, sizeof(*w->items), w->err));
	w->items[w->count++] = (struct file_entry){path, -1};
	return PKG_OK;
}

static enum pkg_code push_folder(struct walk *w, const char *path)
{
	if (w->todo_count == w->todo_cap)
		PKG_TRY(grow(&w->todo, &w->todo_cap, sizeof(*w->todo), w->err));
	w->todo[w->todo_count++] = path;
	return PKG_OK;
}

static enum pkg_code take_entry(struct walk *w, int fd, const char *folder,
				const struct dirent *e)
{
	unsigned char type = e->d_type;
	const char *path;
	struct stat st;

	if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
		return PKG_OK;
	if (type == DT_UNKNOWN &&
	    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		type = S_ISDIR(st.st_mode)   ? DT_DIR
		       : S_ISREG(st.st_mode) ? DT_REG
					     : DT_UNKNOWN;
	if (type != DT_DIR && type != DT_REG)
		return PKG_OK; /* links and devices are never selected */
	path = pkg_arena_printf(w->files->arena, w->err, "%s%s%s", folder,
				*folder != '\0' ? "/" : "", e->d_name);
	if (path == NULL)
		return w->err->code;
	if (!pkg_utf8_valid(path, strlen(path)))
		return pkg_fail(w->err, PKG_INPUT,
				"the name of file '%s' is not UTF-8", path);
	return type == DT_DIR ? push_folder(w, path) : push_entry(w, path);
}

static enum pkg_code read_folder(struct walk *w, const char *folder)
{
	const int fd = openat(w->files->dirfd, *folder != '\0' ? folder : ".",
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	enum pkg_code code = PKG_OK;
	struct dirent *e;
	DIR *dir;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return PKG_OK; /* nothing matches there */
	if (fd < 0)
		return pkg_fail_os(w->err, errno, "cannot open folder '%s'",
				   folder);
	dir = fdopendir(fd);
	if (dir == NULL) {
		code = pkg_fail_os(w->err, errno, "cannot read folder '%s'",
				   folder);
		close(fd);
		return code;
	}
	errno = 0;
	while (code == PKG_OK && (e = readdir(dir)) != NULL) {
		code = take_entry(w, fd, folder, e);
		errno = 0;
	}
	if (code == PKG_OK && errno != 0)
		code = pkg_fail_os(w->err, errno, "cannot read folder '%s'",
				   folder);
	closedir(dir);
	return code;
}

static int by_path(const void *a, const void *b)
{
	const struct file_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static enum pkg_code walk_all(struct walk *w, const char *folder)
{
	PKG_TRY(push_folder(w, folder));
	while (w->todo_count > 0)
		PKG_TRY(read_folder(w, w->todo[--w->todo_count]));
	return PKG_OK;
}

/* Into the arena, in order. */
static enum pkg_code settle(struct walk *w, struct file_list *out)
{
	if (w->count > 1)
		qsort(w->items, w->count, sizeof(*w->items), by_path);
	out->items = pkg_arena_array(w->files->arena, w->count + 1,
				     sizeof(*out->items), w->err);
	if (out->items == NULL)
		return w->err->code;
	if (w->count > 0)
		memcpy(out->items, w->items, w->count * sizeof(*w->items));
	out->count = w->count;
	return PKG_OK;
}

/* The records beneath @folder: they are sorted, so one run of them. */
static void slice(const struct file_list *all, const char *folder,
		  struct file_list *out)
{
	const size_t len = strlen(folder);
	size_t low = 0, high = all->count, end;

	*out = *all;
	if (len == 0)
		return;
	while (low < high) { /* the first that is not before "folder/" */
		const size_t mid = low + (high - low) / 2;
		const char *p = all->items[mid].path;
		const int order = strncmp(p, folder, len);

		if (order < 0 || (order == 0 && p[len] < '/'))
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < all->count &&
			strncmp(all->items[end].path, folder, len) == 0 &&
			all->items[end].path[len] == '/';
	     end++)
		;
	out->items += low;
	out->count = end - low;
}

enum pkg_code pkg_files_list(struct files *files, const struct file_list **out,
			     const char *folder, struct pkg_err *err)
{
	struct walk w = {.files = files, .err = err};
	struct file_list *list;
	const void *before;
	enum pkg_code code;

	*out = pkg_map_get(&files->lists, folder);
	if (*out != NULL)
		return PKG_OK;
	list = pkg_arena_alloc(files->arena, sizeof(*list), err);
	folder = pkg_arena_dup(files->arena, folder, strlen(folder), err);
	if (list == NULL || folder == NULL)
		return err->code;
	if (files->dirfd < 0) {
		slice(&files->records, folder, list);
	} else {
		code = walk_all(&w, folder);
		if (code == PKG_OK)
			code = settle(&w, list);
		free(w.items);
		free(w.todo);
		PKG_TRY(code);
	}
	*out = list;
	return pkg_map_add(&files->lists, folder, list, &before, err);
}

/* A link may lead to another file beneath the folder, not out of it. */
static enum pkg_code stat_link(struct files *files, enum file_kind *kind,
			       struct stat *st, const char *path,
			       struct pkg_err *err)
{
	struct pkg_err why = PKG_ERR_INIT;
	int fd = -1;
	int done;

	if (pkg_path_open_beneath(&fd, files->dirfd, path, &why) != PKG_OK)
		return PKG_OK;
	done = fstat(fd, st);
	close(fd);
	if (done != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	*kind = S_ISREG(st->st_mode) ? FILE_REGULAR : FILE_OTHER;
	return PKG_OK;
}

enum pkg_code pkg_files_stat(struct files *files, enum file_kind *kind,
			     int64_t *size, const char *path,
			     struct pkg_err *err)
{
	const struct file_entry *entry;
	struct stat st = {0};

	*kind = FILE_MISSING;
	if (files->dirfd < 0) {
		entry = pkg_map_get(&files->record_path, path);
		if (entry != NULL) {
			*kind = FILE_REGULAR;
			*size = entry->size;
		}
		return PKG_OK;
	}
	if (fstatat(files->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return PKG_OK;
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	}
	*kind = S_ISREG(st.st_mode) ? FILE_REGULAR : FILE_OTHER;
	if (S_ISLNK(st.st_mode))
		PKG_TRY(stat_link(files, kind, &st, path, err));
	*size = st.st_size;
	return PKG_OK;
}

/* True if there is nothing to drop and nothing to refuse. */
static bool is_normal(const char *path)
{
	for (;;) {
		const size_t len = strcspn(path, "/");

		if (len == 0 ||
		    (*path == '.' && len <= 2 && (len == 1 || path[1] == '.')))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

enum pkg_code pkg_files_normal(const char **out, struct pkg_arena *arena,
			       const char *path, struct pkg_err *err)
{
	char *copy, *to;

	if (is_normal(path)) {
		*out = path;
		return PKG_OK;
	}
	*out = NULL;
	copy = pkg_arena_dup(arena, path, strlen(path), err);
	if (copy == NULL)
		return err->code;
	to = copy;
	if (*path == '/')
		return PKG_OK;
	while (*path != '\0') {
		const size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0)
			return PKG_OK;
		if (len != 0 && !(len == 1 && *path == '.')) {
			if (to != copy)
				*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len + (path[len] == '/');
	}
	*to = '\0';
	if (to != copy)
		*out = copy;
	return PKG_OK;
}
