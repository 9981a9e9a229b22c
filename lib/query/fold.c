/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "packline/text.h"

#include <string.h>
#include <wctype.h>

/*
 * The case of letters, and LIKE.  Letters have one counterpart each, but for
 * the sharp s, whose capital is SS: the server's Java and its database do the
 * same.
 */
enum { SHARP_S = 0xdf };

static enum pkg_code put_utf8(struct pkg_buf *out, uint32_t c,
			      struct pkg_err *err)
{
	uint8_t b[4];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		b[n++] = (uint8_t)(0xc0 | (c >> 6));
	} else if (c < 0x10000) {
		b[n++] = (uint8_t)(0xe0 | (c >> 12));
		b[n++] = (uint8_t)(0x80 | ((c >> 6) & 0x3f));
	} else {
		b[n++] = (uint8_t)(0xf0 | (c >> 18));
		b[n++] = (uint8_t)(0x80 | ((c >> 12) & 0x3f));
		b[n++] = (uint8_t)(0x80 | ((c >> 6) & 0x3f));
	}
	if (c >= 0x80)
		b[n++] = (uint8_t)(0x80 | (c & 0x3f));
	return pkg_buf_add(out, b, n, err);
}

static uint32_t other_case(locale_t locale, uint32_t c, bool upper)
{
	if (c >= 0x80)
		return upper ? (uint32_t)towupper_l((wint_t)c, locale)
			     : (uint32_t)towlower_l((wint_t)c, locale);
	if (upper && c >= 'a' && c <= 'z')
		return c - 'a' + 'A';
	if (!upper && c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c;
}

static enum pkg_code put_case(locale_t locale, struct pkg_buf *out,
			      const char *text, size_t len, bool upper,
			      struct pkg_err *err)
{
	uint32_t c = 0;

	PKG_TRY(pkg_buf_reserve(out, len, err));
	for (size_t i = 0, n; i < len; i += n) {
		n = pkg_utf8_next(&c, text + i, len - i);
		if (n == 0) /* no UTF-8: as it is */
			c = (uint8_t)text[i];
		if (upper && c == SHARP_S && n != 0)
			PKG_TRY(pkg_buf_puts(out, "SS", err));
		else if (n == 0)
			PKG_TRY(pkg_buf_add(out, text + i, 1, err));
		else
			PKG_TRY(
			    put_utf8(out, other_case(locale, c, upper), err));
		n += n == 0;
	}
	return PKG_OK;
}

enum pkg_code pkg_query_upper(locale_t locale, struct pkg_buf *out,
			      const char *text, size_t len, struct pkg_err *err)
{
	return put_case(locale, out, text, len, true, err);
}

enum pkg_code pkg_query_lower(locale_t locale, struct pkg_buf *out,
			      const char *text, size_t len, struct pkg_err *err)
{
	return put_case(locale, out, text, len, false, err);
}

/* One character, of one byte if it is not UTF-8. */
static size_t character(const char *text)
{
	uint32_t code;
	const size_t n = pkg_utf8_next(&code, text, strnlen(text, 4));

	return n > 0 ? n : 1;
}

/*
 * Where @text goes on if it begins as the pattern does up to its next %, which
 * *@pattern then points at (or at its end); NULL if it does not.
 */
static const char *piece(const char **pattern, const char *text)
{
	const char *p = *pattern;

	while (*p != '\0' && *p != '%') {
		if (*p == '_') {
			if (*text == '\0')
				return NULL;
			text += character(text);
			p++;
			continue;
		}
		if (*p == '\\' && *++p == '\0')
			return NULL; /* it escapes nothing: matches nothing */
		if (*text++ != *p++)
			return NULL;
	}
	*pattern = p;
	return text;
}

bool pkg_query_like(const char *pattern, const char *text)
{
	const char *resume = NULL; /* the pattern behind the last % */
	const char *from = NULL;   /* where in the text that was tried */

	for (;;) {
		const char *p = pattern;
		const char *t = piece(&p, text);

		if (t != NULL && (*p == '%' || *t == '\0')) {
			if (*p == '\0')
				return true;
			while (*p == '%')
				p++;
			if (*p == '\0')
				return true;
			pattern = resume = p;
			text = from = t;
			continue;
		}
		if (resume == NULL || *from == '\0')
			return false;
		from += character(from);
		pattern = resume;
		text = from;
	}
}
