/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/walk.h"

#include "io/temp.h"
#include "packline/buf.h"
#include "packline/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct name {
	char *text;
	unsigned char type; /* DT_* */
};

struct level { /* one open folder */
	DIR *dir;
	struct name *names; /* sorted */
	size_t count, cap, next;
	size_t prefix; /* bytes of the walk's path up to here, '/' included */
};

struct pkg_walk {
	struct pkg_buf path;
	size_t depth;
	struct level levels[PKG_LIMIT_WALK_DEPTH];
};

static void level_fini(struct level *level)
{
	for (size_t i = 0; i < level->count; i++)
		free(level->names[i].text);
	free(level->names);
	if (level->dir != NULL)
		(void)closedir(level->dir);
	memset(level, 0, sizeof(*level));
}

void pkg_walk_free(struct pkg_walk *walk)
{
	if (walk == NULL)
		return;
	while (walk->depth > 0)
		level_fini(&walk->levels[--walk->depth]);
	pkg_buf_fini(&walk->path);
	free(walk);
}

/*
 * Folders sort as if their name ended with '/', as it will in the paths below
 * them: "a-b" comes before "a/b".
 */
static int by_path(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	const size_t la = strlen(a->text), lb = strlen(b->text);
	const size_t both = la < lb ? la : lb;
	const int order = memcmp(a->text, b->text, both);
	unsigned char ca, cb;

	if (order != 0)
		return order;
	ca = la > both           ? (unsigned char)a->text[both]
	     : a->type == DT_DIR ? '/'
				 : 0;
	cb = lb > both           ? (unsigned char)b->text[both]
	     : b->type == DT_DIR ? '/'
				 : 0;
	return (ca > cb) - (ca < cb);
}

/* For file systems that do not say it with the name. */
static unsigned char ask_type(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_REG; /* opening it will tell what is wrong */
	return (unsigned char)IFTODT(st.st_mode);
}

static enum pkg_code add_name(struct level *level, const struct dirent *entry,
			      struct pkg_err *err)
{
	struct name *name;

	if (level->count == PKG_LIMIT_WALK_NAMES)
		return pkg_fail(err, PKG_INPUT, "more than %u names",
				PKG_LIMIT_WALK_NAMES);
	if (level->count == level->cap) {
		const size_t cap = level->cap == 0 ? 32 : 2 * level->cap;
		struct name *grown =
		    reallocarray(level->names, cap, sizeof(*grown));

		if (grown == NULL)
			return pkg_fail_nomem(err);
		level->names = grown;
		level->cap = cap;
	}
	name = &level->names[level->count];
	name->text = strdup(entry->d_name);
	if (name->text == NULL)
		return pkg_fail_nomem(err);
	name->type = entry->d_type != DT_UNKNOWN
			 ? entry->d_type
			 : ask_type(dirfd(level->dir), entry->d_name);
	level->count++;
	return PKG_OK;
}

static enum pkg_code read_names(struct level *level, struct pkg_err *err)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(level->dir)) != NULL) {
		/* An output of this very program may be one of these. */
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    !pkg_temp_is_name(entry->d_name))
			PKG_TRY(add_name(level, entry, err));
	}
	if (errno != 0)
		return pkg_fail_os(err, errno, "cannot read it");
	if (level->count > 0)
		qsort(level->names, level->count, sizeof(*level->names),
		      by_path);
	return PKG_OK;
}

static enum pkg_code open_level(struct level *level, int dirfd,
				const char *name, int flags,
				struct pkg_err *err)
{
	int fd =
	    openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	if (fd < 0)
		return pkg_fail_os(err, errno, "cannot open it");
	level->dir = fdopendir(fd);
	if (level->dir == NULL) {
		(void)pkg_fail_os(err, errno, "cannot open it");
		(void)close(fd);
		return PKG_SYSTEM;
	}
	return read_names(level, err);
}

/* Go down into the folder @name; walk->path is its path without a '/'. */
static enum pkg_code push(struct pkg_walk *walk, int dirfd, const char *name,
			  int flags, struct pkg_err *err)
{
	struct level *level = &walk->levels[walk->depth];

	if (walk->depth == PKG_LIMIT_WALK_DEPTH)
		return pkg_fail(err, PKG_INPUT,
				"the folder '%s' is more than %u levels deep",
				pkg_buf_str(&walk->path), PKG_LIMIT_WALK_DEPTH);
	if (open_level(level, dirfd, name, flags, err) != PKG_OK) {
		level_fini(level);
		return pkg_wrap(err, "the folder '%s'",
				walk->path.len > 0 ? pkg_buf_str(&walk->path)
						   : name);
	}
	if (walk->path.len > 0 && walk->path.data[walk->path.len - 1] != '/' &&
	    pkg_buf_puts(&walk->path, "/", err) != PKG_OK) {
		level_fini(level);
		return err->code;
	}
	level->prefix = walk->path.len;
	walk->depth++;
	return PKG_OK;
}

enum pkg_code pkg_walk_new(struct pkg_walk **out, int dirfd, const char *path,
			   struct pkg_err *err)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL)
		return pkg_fail_nomem(err);
	walk->path.max = PKG_LIMIT_PATH - 1;
	if (strcmp(path, ".") != 0 && strcmp(path, "./") != 0)
		PKG_TRY(pkg_buf_puts(&walk->path, path, err));
	PKG_TRY(push(walk, dirfd, path, 0, err));
	*out = PKG_STEAL(walk);
	return PKG_OK;
}

static enum pkg_walk_kind kind_of(unsigned char type)
{
	return type == DT_REG   ? PKG_WALK_FILE
	       : type == DT_LNK ? PKG_WALK_LINK
				: PKG_WALK_OTHER;
}

enum pkg_code pkg_walk_next(struct pkg_walk *walk, struct pkg_walk_entry *entry,
			    bool *more, struct pkg_err *err)
{
	while (walk->depth > 0) {
		struct level *level = &walk->levels[walk->depth - 1];
		const struct name *name;

		if (level->next == level->count) {
			level_fini(level);
			walk->depth--;
			continue;
		}
		name = &level->names[level->next++];
		walk->path.len = level->prefix;
		if (pkg_buf_puts(&walk->path, name->text, err) != PKG_OK)
			return pkg_wrap(err, "the path of '%s'", name->text);
		if (name->type == DT_DIR) {
			/* O_NOFOLLOW: it may have become a link meanwhile. */
			PKG_TRY(push(walk, dirfd(level->dir), name->text,
				     O_NOFOLLOW, err));
			continue;
		}
		entry->path = pkg_buf_str(&walk->path);
		entry->kind = kind_of(name->type);
		*more = true;
		return PKG_OK;
	}
	*more = false;
	return PKG_OK;
}
