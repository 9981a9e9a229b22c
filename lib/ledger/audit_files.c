/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit_files.h"

#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Times that it may be rotated while it is opened. */
enum { ROUNDS = 100 };

void pkg_audit_files_free(struct pkg_audit_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].fd >= 0)
			(void)close(files->items[i].fd);
		free(files->items[i].name);
	}
	free(files->items);
	free(files);
}

static enum pkg_code missing(struct pkg_err *err, const char *what,
			     const char *name)
{
	(void)pkg_refuse(err, PKG_NO, "log-gap", "%s '%s' is missing", what,
			 name);
	return pkg_hint(err, "if the machine died while the log was rotated, "
			     "the next program that writes to it goes on");
}

static enum pkg_code open_one(struct audit_file *out, int folder,
			      const char *name, const char *shown,
			      struct pkg_err *err)
{
	struct stat st;

	out->fd = -1;
	out->name = strdup(shown);
	if (out->name == NULL)
		return pkg_fail_nomem(err);
	if (pkg_path_open_regular(&out->fd, &st, folder, name, true, err) !=
	    PKG_OK)
		return pkg_failed_(err->code);
	out->size = (uint64_t)st.st_size;
	return PKG_OK;
}

/* Files 1 to @count, the last of which may be the live one. */
static enum pkg_code open_rotated(struct pkg_audit_files *files, int folder,
				  const char *base, uint64_t count,
				  struct pkg_err *err)
{
	char name[AUDIT_NAME];

	for (uint64_t number = 1; number <= count; number++) {
		if (!pkg_audit_file_name(name, base, number))
			return pkg_fail_os(err, ENAMETOOLONG, "cannot open it");
		files->count = number;
		if (open_one(&files->items[number - 1], folder, name, name,
			     err) != PKG_OK)
			return err->os_errno == ENOENT
				   ? missing(err, "its file", name)
				   : pkg_failed_(err->code);
	}
	return PKG_OK;
}

static enum pkg_code open_with_live(struct pkg_audit_files *files, int folder,
				    const char *base, struct audit_file *live,
				    struct pkg_err *err)
{
	uint64_t count = 0, highest = 0;

	PKG_TRY(pkg_audit_rotated(&count, &highest, folder, base, err));
	if (live->fd < 0 && highest == 0)
		return pkg_fail_os(err, ENOENT, "cannot open it");
	if (live->fd < 0)
		return missing(err, "its last file", base);
	if (highest > PKG_LIMIT_AUDIT_FILES)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "it has more than %u files",
				  PKG_LIMIT_AUDIT_FILES);
	files->items = calloc(highest + 1, sizeof(*files->items));
	if (files->items == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(open_rotated(files, folder, base, highest, err));
	files->items[files->count++] = *live;
	*live = (struct audit_file){.fd = -1};
	return PKG_OK;
}

/* Lock the live file, so that nobody rotates it or is in the middle of a line.
 */
static enum pkg_code open_live(struct audit_file *live, int folder,
			       const char *base, const char *path,
			       struct pkg_err *err)
{
	struct stat st;

	for (unsigned round = 0; round < ROUNDS; round++) {
		if (open_one(live, folder, base, path, err) != PKG_OK) {
			if (err->os_errno != ENOENT)
				return pkg_failed_(err->code);
			*err = PKG_ERR_INIT;
			return PKG_OK;
		}
		PKG_TRY(pkg_audit_lock(live->fd, LOCK_SH, path, err));
		if (fstat(live->fd, &st) != 0)
			return pkg_fail_os(err, errno, "cannot look at it");
		live->size = (uint64_t)st.st_size;
		if (pkg_audit_is_current(live->fd, folder, base))
			return PKG_OK;
		(void)close(live->fd);
		free(live->name);
		*live = (struct audit_file){.fd = -1};
	}
	return pkg_fail(err, PKG_SYSTEM,
			"somebody else replaces it all the time");
}

enum pkg_code pkg_audit_files_open(struct pkg_audit_files **out, int dirfd,
				   const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_audit_files) struct pkg_audit_files *files = NULL;
	struct audit_file live = {.fd = -1};
	const char *base = NULL;
	enum pkg_code code;
	int folder = -1;

	files = calloc(1, sizeof(*files));
	if (files == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_path_split(&folder, &base, dirfd, path, err));
	code = open_live(&live, folder, base, path, err);
	if (code == PKG_OK)
		code = open_with_live(files, folder, base, &live, err);
	/* The caller may write to this very log, and would wait for himself. */
	if (code == PKG_OK)
		code = pkg_audit_lock(files->items[files->count - 1].fd,
				      LOCK_UN, path, err);
	(void)close(folder);
	if (live.fd >= 0)
		(void)close(live.fd);
	free(live.name);
	if (code != PKG_OK)
		return pkg_wrap(err, "audit log '%s'", path);
	*out = PKG_STEAL(files);
	return PKG_OK;
}

/* Read more behind what is in the room; false at the end. */
static enum pkg_code fill(bool *more, struct audit_lines *lines,
			  struct pkg_err *err)
{
	struct pkg_buf *room = lines->room;
	const uint64_t left = lines->file->size - lines->offset;
	const size_t want = left < PKG_IO_CHUNK ? (size_t)left : PKG_IO_CHUNK;
	ssize_t n;

	*more = want > 0;
	if (want == 0)
		return PKG_OK;
	if (lines->start > 0) {
		room->len -= lines->start;
		memmove(room->data, room->data + lines->start, room->len);
		lines->start = 0;
	}
	PKG_TRY(pkg_buf_reserve(room, want, err));
	do
		n = pread(lines->file->fd, room->data + room->len, want,
			  (off_t)lines->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot read it");
	if (n == 0)
		return pkg_fail(err, PKG_SYSTEM,
				"it became shorter while it was read");
	room->len += (size_t)n;
	lines->offset += (uint64_t)n;
	return PKG_OK;
}

enum pkg_code pkg_audit_lines_next(struct audit_lines *lines,
				   const uint8_t **line, size_t *len,
				   struct pkg_err *err)
{
	const uint8_t *newline = NULL;
	size_t seen = 0;
	bool more = true;

	for (;;) {
		const struct pkg_buf *room = lines->room;
		const size_t have = room->len - lines->start;

		newline = have == seen
			      ? NULL
			      : memchr(room->data + lines->start + seen, '\n',
				       have - seen);
		seen = have;
		*len = newline == NULL
			   ? have
			   : (size_t)(newline - room->data) + 1 - lines->start;
		if (*len > (size_t)AUDIT_LINE_MAX)
			return pkg_refuse(err, PKG_INPUT, "malformed-log",
					  "it is too long for a line");
		if (newline != NULL || !more)
			break;
		PKG_TRY(fill(&more, lines, err));
	}
	*line = lines->room->data + lines->start;
	lines->start += *len;
	return PKG_OK;
}
