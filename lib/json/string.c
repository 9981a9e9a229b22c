/* SPDX-License-Identifier: Apache-2.0 */
#include "json/read.h"

#include <string.h>

static enum pkg_code refuse(const struct pkg_json_parser *p, const char *at,
			    const char *why, const char *text,
			    struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_INPUT, why, "%s", text);
	return pkg_json_place_(p, at, err);
}

/*
 * Find the end of the string at p->at: p->at moves behind its closing quote.
 * @escaped  receives whether there is a backslash in it.
 */
static enum pkg_code scan(struct pkg_json_parser *p, bool *escaped,
			  struct pkg_err *err)
{
	const char *start = p->at;

	*escaped = false;
	for (p->at++; p->at < p->end; p->at++) {
		if (*p->at == '"') {
			p->at++;
			if ((size_t)(p->at - start) <= PKG_LIMIT_SCALAR)
				return PKG_OK;
			return refuse(p, start, "malformed-json",
				      "a string of more than 1 MiB", err);
		}
		if (*p->at == '\\') {
			*escaped = true;
			p->at++; /* what follows is not the closing quote */
			if (p->at == p->end)
				break;
		}
		if ((unsigned char)*p->at < 0x20)
			return refuse(p, p->at, "malformed-json",
				      "a control character in a string", err);
	}
	return refuse(p, start, "malformed-json",
		      "a string without its closing quote", err);
}

/* Four hexadecimal digits at @at, all before @end; -1 if they are not. */
static int32_t read_hex4(const char *at, const char *end)
{
	int32_t n = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		int digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else
			return -1;
		n = n * 16 + digit;
	}
	return n;
}

/* UTF-8 of @c (RFC 3629 section 3) at @to; returns the byte behind it. */
static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/*
 * A \uXXXX, or two of them that make one character, at *from (behind the u).
 * @end  of the string.
 */
static enum pkg_code read_unicode(const struct pkg_json_parser *p,
				  const char **from, const char *end, char **to,
				  struct pkg_err *err)
{
	const char *at = *from;
	int32_t c = read_hex4(at, end), low;

	if (c < 0)
		return refuse(p, at, "malformed-json",
			      "\\u without four hexadecimal digits", err);
	if (c == 0)
		return refuse(p, at - 2, "nul", "a string with a NUL in it",
			      err);
	*from = at + 4;
	if (c >= 0xd800 && c <= 0xdfff) {
		low = end - at >= 10 && at[4] == '\\' && at[5] == 'u'
			  ? read_hex4(at + 6, end)
			  : -1;
		if (c >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
			return refuse(p, at - 2, "lone-surrogate",
				      "half of a surrogate pair", err);
		c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
		*from = at + 10;
	}
	*to = put_utf8(*to, (uint32_t)c);
	return PKG_OK;
}

/* The character that \@c stands for, or 0. */
static char short_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* Copy @from..@end to @to without escapes; no result is longer than these. */
static enum pkg_code unescape(const struct pkg_json_parser *p, char *to,
			      const char *from, const char *end, size_t *len,
			      struct pkg_err *err)
{
	char *start = to;

	while (from < end) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from += 2;
		if (from[-1] == 'u') {
			PKG_TRY(read_unicode(p, &from, end, &to, err));
			continue;
		}
		*to = short_escape(from[-1]);
		if (*to++ == '\0')
			return refuse(p, from - 2, "malformed-json",
				      "an unknown escape in a string", err);
	}
	*to = '\0';
	*len = (size_t)(to - start);
	return PKG_OK;
}

enum pkg_code pkg_json_key_(struct pkg_json_parser *p, const char **text,
			    size_t *len, struct pkg_err *err)
{
	const char *start = p->at + 1;
	bool escaped = false;
	char *copy;

	PKG_TRY(scan(p, &escaped, err));
	*text = start;
	*len = (size_t)(p->at - 1 - start);
	if (!escaped)
		return PKG_OK;
	copy = pkg_arena_alloc(p->tree.arena, *len + 1, err);
	if (copy == NULL)
		return err->code;
	*text = copy;
	return unescape(p, copy, start, p->at - 1, len, err);
}

enum pkg_code pkg_json_string_(struct pkg_json_parser *p, const char **text,
			       size_t *len, struct pkg_err *err)
{
	const char *start = p->at;

	PKG_TRY(pkg_json_key_(p, text, len, err));
	if (*text != start + 1)
		return PKG_OK;
	*text = pkg_arena_dup(p->tree.arena, *text, *len, err);
	return *text == NULL ? err->code : PKG_OK;
}
