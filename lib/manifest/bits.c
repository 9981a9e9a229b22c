/* SPDX-License-Identifier: Apache-2.0 */
#include "cfignore.h"
#include "files.h"

#include "packline/path.h"
#include "packline/text.h"
#include "packline/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that becomes a package of Cloud Foundry. */
enum { IGNORE_MAX = 64 << 10 }; /* bytes of a .cfignore */

struct bits {
	struct pkg_module *module;
	struct files *files;
	const struct rule_sink *sink;
	const char *folder; /* normal form */
	struct cfignore ignore;
	struct pkg_pinned *items; /* heap */
	size_t count, cap;
};

static enum pkg_code read_ignore(struct bits *b)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = IGNORE_MAX};
	struct pkg_err *err = b->sink->err;
	const char *path =
	    pkg_arena_printf(b->files->arena, err, "%s/.cfignore", b->folder);
	struct stat st;

	if (path == NULL)
		return pkg_failed_(err->code);
	if (fstatat(b->files->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		PKG_TRY(pkg_path_slurp(&text, b->files->dirfd, path, err));
	return pkg_cfignore_read(&b->ignore, pkg_buf_str(&text), text.len,
				 b->module->bits, b->sink);
}

static enum pkg_code push(struct bits *b, const struct pkg_pinned *item)
{
	const size_t cap = b->cap == 0 ? 64 : b->cap * 2;
	struct pkg_pinned *more;

	if (b->count == b->cap) {
		more = reallocarray(b->items, cap, sizeof(*more));
		if (more == NULL)
			return pkg_fail_nomem(b->sink->err);
		b->items = more;
		b->cap = cap;
	}
	b->items[b->count++] = *item;
	return PKG_OK;
}

static enum pkg_code take(struct bits *b, const struct pkg_walk_entry *e)
{
	struct pkg_err *err = b->sink->err;
	const char *name = e->path + strlen(b->folder) + 1;
	struct pkg_pinned item = {.at = b->module->bits};
	struct stat st;
	bool ignored;

	if (!pkg_utf8_valid(e->path, strlen(e->path)))
		return pkg_fail(err, PKG_INPUT,
				"the name of file '%s' is not UTF-8", e->path);
	PKG_TRY(pkg_cfignore_match(&b->ignore, name, &ignored, err));
	if (ignored)
		return PKG_OK;
	if (e->kind != PKG_WALK_FILE)
		return pkg_rule_add(b->sink, RULE_BITS_LINK, b->module->bits,
				    NULL, "'%s' is no regular file", e->path);
	if (fstatat(b->files->dirfd, e->path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", e->path);
	item.path =
	    pkg_arena_dup(b->files->arena, e->path, strlen(e->path), err);
	if (item.path == NULL)
		return pkg_failed_(err->code);
	item.size = st.st_size;
	item.executable = (st.st_mode & S_IXUSR) != 0;
	return push(b, &item);
}

static enum pkg_code walk(struct bits *b)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_walk_entry entry;
	bool more = true;

	PKG_TRY(pkg_walk_new(&walk, b->files->dirfd, b->folder, b->sink->err));
	for (;;) {
		PKG_TRY(pkg_walk_next(walk, &entry, &more, b->sink->err));
		if (!more)
			return PKG_OK;
		PKG_TRY(take(b, &entry));
	}
}

/* Is it a folder, and no link on the way to it? */
static bool is_folder(const struct bits *b)
{
	char name[NAME_MAX + 1];
	int fd = dup(b->files->dirfd);

	for (const char *from = b->folder; fd >= 0 && *from != '\0';) {
		const size_t len = strcspn(from, "/");
		int next = -1;

		if (len < sizeof(name)) {
			memcpy(name, from, len);
			name[len] = '\0';
			next = openat(fd, name,
				      O_PATH | O_DIRECTORY | O_NOFOLLOW |
					  O_CLOEXEC);
		}
		(void)close(fd);
		fd = next;
		from += len + (from[len] == '/');
	}
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static enum pkg_code select_all(struct bits *b)
{
	const struct pkg_node *at = b->module->bits;
	struct pkg_pinned *items;

	if (b->files->dirfd < 0)
		return pkg_rule_add(b->sink, RULE_BITS_RECORDS, at, NULL,
				    "the files of '%s' must be seen", at->text);
	PKG_TRY(pkg_files_normal(&b->folder, b->files->arena, at->text,
				 b->sink->err));
	if (b->folder == NULL)
		return pkg_rule_add(b->sink, RULE_PATH_OUTSIDE, at, NULL,
				    "'%s' is not beneath the manifest's folder",
				    at->text);
	if (strcmp(b->folder, at->text) != 0)
		return pkg_rule_add(b->sink, RULE_PATH_OUTSIDE, at, NULL,
				    "'%s' is to be written '%s'", at->text,
				    b->folder);
	if (!is_folder(b))
		return pkg_rule_add(b->sink, RULE_FILE_MISSING, at, NULL,
				    "no folder '%s'", at->text);
	PKG_TRY(read_ignore(b));
	PKG_TRY(walk(b));
	if (b->count == 0)
		return pkg_rule_add(b->sink, RULE_BITS_EMPTY, at, NULL,
				    "nothing is left of '%s'", at->text);
	items = pkg_arena_array(b->files->arena, b->count, sizeof(*items),
				b->sink->err);
	if (items == NULL)
		return pkg_failed_(b->sink->err->code);
	memcpy(items, b->items, b->count * sizeof(*items));
	b->module->bits_files = (struct pkg_list){at, items, b->count};
	return PKG_OK;
}

enum pkg_code pkg_select_bits(struct pkg_module *m, struct files *files,
			      const struct rule_sink *sink)
{
	struct bits b = {.module = m, .files = files, .sink = sink};
	const enum pkg_code code = select_all(&b);

	pkg_cfignore_fini(&b.ignore);
	free(b.items);
	return code;
}
