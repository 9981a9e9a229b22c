/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "packline/node.h"
#include "packline/source.h"

#include <string.h>

void pkg_json_lines_init(struct pkg_json_lines *lines,
			 struct pkg_source *source)
{
	memset(lines, 0, sizeof(*lines));
	lines->source = source;
	/* a whole line and what was read behind it */
	lines->buf.max = PKG_LIMIT_RECORD_LINE + 1 + PKG_IO_CHUNK;
}

void pkg_json_lines_fini(struct pkg_json_lines *lines)
{
	pkg_buf_fini(&lines->buf);
}

/* Read more bytes behind those that are there. */
static enum pkg_code fill(struct pkg_json_lines *lines, struct pkg_err *err)
{
	struct pkg_buf *buf = &lines->buf;
	size_t got = 0;

	if (lines->start > 0) {
		memmove(buf->data, buf->data + lines->start,
			buf->len - lines->start);
		buf->len -= lines->start;
		lines->scanned -= lines->start;
		lines->start = 0;
	}
	PKG_TRY(pkg_buf_reserve(buf, PKG_IO_CHUNK, err));
	PKG_TRY(pkg_source_read(lines->source, buf->data + buf->len,
				PKG_IO_CHUNK, &got, err));
	buf->len += got;
	lines->ended = got == 0;
	return PKG_OK;
}

static enum pkg_code check_length(const struct pkg_json_lines *lines,
				  size_t len, struct pkg_err *err)
{
	const struct pkg_mark mark = {lines->source->name, lines->line + 1, 1};

	if (len <= PKG_LIMIT_RECORD_LINE)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "too-long",
			 "a line of more than %u bytes", PKG_LIMIT_RECORD_LINE);
	return pkg_err_at(err, &mark);
}

/*
 * The next line, empty or not, or what is left at the end of the source.
 * @len  its bytes without the newline.
 */
static enum pkg_code take_line(struct pkg_json_lines *lines, const char **text,
			       size_t *len, struct pkg_err *err)
{
	struct pkg_buf *buf = &lines->buf;
	const uint8_t *newline = NULL;

	for (;;) {
		if (lines->scanned < buf->len)
			newline = memchr(buf->data + lines->scanned, '\n',
					 buf->len - lines->scanned);
		lines->scanned = buf->len;
		if (newline != NULL || lines->ended)
			break;
		PKG_TRY(check_length(lines, buf->len - lines->start, err));
		PKG_TRY(fill(lines, err));
	}
	*text = pkg_buf_str(buf) + lines->start;
	*len = newline != NULL ? (size_t)(newline - buf->data) - lines->start
			       : buf->len - lines->start;
	PKG_TRY(check_length(lines, *len, err));
	lines->line++;
	lines->start += *len + (newline != NULL ? 1 : 0);
	lines->scanned = lines->start;
	return PKG_OK;
}

enum pkg_code pkg_json_lines_next(struct pkg_json_lines *lines,
				  const char **text, size_t *len,
				  struct pkg_err *err)
{
	do {
		*text = NULL;
		*len = 0;
		if (lines->ended && lines->start == lines->buf.len)
			return PKG_OK;
		PKG_TRY(take_line(lines, text, len, err));
	} while (*len == 0);
	return PKG_OK;
}

enum pkg_code pkg_json_lines_parse(struct pkg_json_lines *lines,
				   struct pkg_node **out,
				   struct pkg_arena *arena, struct pkg_err *err)
{
	struct pkg_json_input input = {.name = lines->source->name};
	struct pkg_node *node = NULL;
	const char *text = NULL;
	struct pkg_mark mark;

	*out = NULL;
	PKG_TRY(pkg_json_lines_next(lines, &text, &input.len, err));
	if (text == NULL)
		return PKG_OK;
	input.data = text;
	input.first_line = lines->line;
	PKG_TRY(pkg_json_parse(&node, arena, &input, err));
	if (node->kind != PKG_NODE_MAP) {
		mark = pkg_node_mark(node);
		(void)pkg_refuse(err, PKG_INPUT, "malformed-json",
				 "a record that is not an object");
		return pkg_err_at(err, &mark);
	}
	*out = node;
	return PKG_OK;
}
