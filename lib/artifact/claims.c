/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/artifact.h"
#include "packline/source.h"
#include "packline/text.h"

#include <string.h>

/* One line of a checksum file, taken apart but not yet believed. */
struct parts {
	bool escaped; /* the name is */
	unsigned algorithm;
	const char *hex;
	size_t hex_len;
	const char *name;
	size_t name_len;
};

void pkg_claims_init(struct pkg_claims *claims, struct pkg_source *source)
{
	pkg_json_lines_init(&claims->lines, source);
	claims->source = source;
}

void pkg_claims_fini(struct pkg_claims *claims)
{
	pkg_json_lines_fini(&claims->lines);
}

static unsigned algorithm_by_length(size_t hex_len)
{
	for (unsigned bit = 1; bit < PKG_DIGEST_ALL; bit <<= 1) {
		if (hex_len == 2 * pkg_digest_size(bit))
			return bit;
	}
	return 0;
}

/* "SHA256 (name) = hex"; a name may hold ") = " itself. */
static bool split_bsd(struct parts *parts, const char *text, size_t len)
{
	const char *open = memmem(text, len, " (", 2);
	char tag[8];
	size_t tag_len;

	if (open == NULL)
		return false;
	tag_len = (size_t)(open - text);
	if (tag_len == 0 || tag_len >= sizeof(tag))
		return false;
	memcpy(tag, text, tag_len);
	tag[tag_len] = '\0';
	parts->algorithm = pkg_digest_by_name(tag);
	if (parts->algorithm == 0)
		return false;
	parts->hex_len = 2 * pkg_digest_size(parts->algorithm);
	parts->name = open + 2;
	if (len < tag_len + 2 + 4 + parts->hex_len)
		return false;
	parts->name_len = len - tag_len - 2 - 4 - parts->hex_len;
	parts->hex = text + len - parts->hex_len;
	return memcmp(parts->hex - 4, ") = ", 4) == 0;
}

/* "hex  name" or "hex *name". */
static bool split_gnu(struct parts *parts, const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);

	if (space == NULL)
		return false;
	parts->hex = text;
	parts->hex_len = (size_t)(space - text);
	parts->algorithm = algorithm_by_length(parts->hex_len);
	if (parts->algorithm == 0 || len < parts->hex_len + 3 ||
	    (space[1] != ' ' && space[1] != '*'))
		return false;
	parts->name = space + 2;
	parts->name_len = len - parts->hex_len - 2;
	return true;
}

/* Unlike our own records, checksum files may have capital letters. */
static bool read_hex(struct pkg_claim *out, const struct parts *parts)
{
	char lower[PKG_DIGEST_HEX];
	uint8_t bytes[PKG_DIGEST_MAX];

	for (size_t i = 0; i < parts->hex_len; i++) {
		const char c = parts->hex[i];

		lower[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
	}
	if (!pkg_hex_decode(bytes, pkg_digest_size(parts->algorithm), lower,
			    parts->hex_len))
		return false;
	pkg_digests_put(&out->digests, parts->algorithm, bytes);
	return true;
}

/* Undo what put_name() in write.c does; false for an unknown escape. */
static bool unescape(char *name, size_t *len)
{
	size_t out = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = name[i];

		if (c == '\\') {
			i++;
			if (i == *len)
				return false;
			c = name[i];
			if (c != '\\' && c != 'n' && c != 'r')
				return false;
			c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c);
		}
		name[out++] = c;
	}
	name[out] = '\0';
	*len = out;
	return true;
}

static enum pkg_code refuse(const struct pkg_claims *claims, const char *what,
			    const char *hint, struct pkg_err *err)
{
	const struct pkg_mark mark = {claims->source->name, claims->lines.line,
				      0};

	(void)pkg_refuse(err, PKG_INPUT, "malformed-record", "%s", what);
	(void)pkg_err_at(err, &mark);
	return pkg_hint(err, "%s", hint);
}

static enum pkg_code read_line(const struct pkg_claims *claims,
			       struct pkg_claim *out, const char *text,
			       size_t len, struct pkg_err *err)
{
	struct parts parts = {.escaped = len > 0 && text[0] == '\\'};

	*out = (struct pkg_claim){.path.max = PKG_LIMIT_PATH - 1};
	if (parts.escaped) {
		text++;
		len--;
	}
	if (!(split_bsd(&parts, text, len) || split_gnu(&parts, text, len)) ||
	    parts.name_len == 0 || !read_hex(out, &parts))
		return refuse(claims, "not a checksum line",
			      "one of: a record of pkg-hash, 'DIGEST  NAME', "
			      "'SHA256 (NAME) = DIGEST'",
			      err);
	PKG_TRY(pkg_buf_add(&out->path, parts.name, parts.name_len, err));
	if (parts.escaped && !unescape((char *)out->path.data, &out->path.len))
		return refuse(claims, "an unknown escape in a file name",
			      "of a line that begins with a backslash only "
			      "\\\\, \\n and \\r are known",
			      err);
	if (memchr(out->path.data, '\0', out->path.len) != NULL ||
	    !pkg_utf8_valid(pkg_buf_str(&out->path), out->path.len))
		return refuse(claims, "a file name that is not UTF-8",
			      "rename the file", err);
	return PKG_OK;
}

static enum pkg_code read_json(const struct pkg_claims *claims,
			       struct pkg_claim *out, const char *text,
			       size_t len, struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = claims->source->name,
	    .data = text,
	    .len = len,
	    .max_depth = PKG_LIMIT_JSON_DEPTH,
	    .first_line = claims->lines.line,
	};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_node *record = NULL;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_json_parse(&record, arena, &input, err));
	return pkg_claim_from_record(out, record, err);
}

enum pkg_code pkg_claims_next(struct pkg_claims *claims, struct pkg_claim *out,
			      bool *more, struct pkg_err *err)
{
	const char *text = NULL;
	size_t len = 0;

	pkg_claim_fini(out);
	do {
		PKG_TRY(pkg_json_lines_next(&claims->lines, &text, &len, err));
	} while (text != NULL && text[0] == '#');
	*more = text != NULL;
	if (text == NULL)
		return PKG_OK;
	if (text[0] == '{')
		return read_json(claims, out, text, len, err);
	return read_line(claims, out, text, len, err);
}
