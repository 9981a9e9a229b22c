/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "packline/path.h"

#include <sys/stat.h>
#include <unistd.h>

enum { LINES_AT_ONCE = 128 }; /* share the memory of one arena */

enum pkg_code pkg_batch_lines_open(struct pkg_batch_lines *lines, int dirfd,
				   const char *name, uint64_t *size,
				   struct pkg_err *err)
{
	struct stat st;

	PKG_TRY(pkg_path_open_regular(&lines->fd, &st, dirfd, name, true, err));
	lines->is_open = true;
	lines->name = name;
	*size = (uint64_t)st.st_size;
	return PKG_OK;
}

void pkg_batch_lines_start(struct pkg_batch_lines *lines, uint64_t size)
{
	pkg_source_fd_init(&lines->file, lines->fd, lines->name);
	pkg_source_limit_init(&lines->limit, &lines->file.source, size);
	pkg_json_lines_init(&lines->json, &lines->limit.source);
}

void pkg_batch_lines_fini(struct pkg_batch_lines *lines)
{
	pkg_json_lines_fini(&lines->json);
	pkg_arena_free(lines->arena);
	if (lines->is_open)
		(void)close(lines->fd);
	*lines = (struct pkg_batch_lines){0};
}

enum pkg_code pkg_batch_lines_next(struct pkg_batch_lines *lines, bool *ended,
				   struct fields *fields, struct pkg_err *err)
{
	const char *text = NULL;
	size_t len = 0;

	if (lines->arena != NULL && ++lines->taken == LINES_AT_ONCE) {
		pkg_arena_free(PKG_STEAL(lines->arena));
		lines->taken = 0;
	}
	if (lines->arena == NULL)
		PKG_TRY(pkg_arena_new(&lines->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_json_lines_next(&lines->json, &text, &len, err));
	*ended = text == NULL;
	if (*ended)
		return PKG_OK;
	*fields =
	    (struct fields){.document = lines->name, .arena = lines->arena};
	return pkg_batch_fields(fields, lines->arena, text, len, err);
}

enum pkg_code pkg_batch_lines_at(const struct pkg_batch_lines *lines,
				 struct pkg_err *err)
{
	return pkg_err_at(err,
			  &(struct pkg_mark){lines->name, lines->json.line, 0});
}
