/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern/glob.h"

#include "packline/limits.h"

/* What a wildcard must not meet at the start of a component. */
#define NO_DOT    "(?!\\.)"
#define NO_DOT_IF "(?!(?<![^/])\\.)" /* where it may be one */

enum pkg_code pkg_glob_bad_(const struct pkg_glob *glob, size_t at,
			    const char *text, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_INPUT, "bad-pattern",
			 "bad glob '%.200s': %s at offset %zu", glob->text,
			 text, at);
	return pkg_hint(err, "a backslash makes *, ?, [, { and \\ stand for "
			     "themselves");
}

enum pkg_code pkg_glob_escape_(struct pkg_buf *regex, char c,
			       struct pkg_err *err)
{
	const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			  (c >= 'a' && c <= 'z') || c == '_' || c == '/' ||
			  ((unsigned char)c & 0x80) != 0;

	if (!word)
		PKG_TRY(pkg_buf_puts(regex, "\\", err));
	return pkg_buf_add(regex, &c, 1, err);
}

enum pkg_code pkg_glob_wild_(struct pkg_glob *glob, const char *regex,
			     struct pkg_err *err)
{
	if (glob->start)
		PKG_TRY(pkg_buf_puts(&glob->regex, NO_DOT, err));
	else if (!glob->inside)
		PKG_TRY(pkg_buf_puts(&glob->regex, NO_DOT_IF, err));
	glob->wild = true;
	glob->start = glob->inside = false;
	return pkg_buf_puts(&glob->regex, regex, err);
}

/* The character at glob->at stands for itself. */
static enum pkg_code put_literal(struct pkg_glob *glob, struct pkg_err *err)
{
	char c = glob->text[glob->at];

	if (c == '/' && (glob->start || glob->at + 1 == glob->len))
		return pkg_glob_bad_(glob, glob->at,
				     "'/' where no path can have one", err);
	PKG_TRY(pkg_glob_escape_(&glob->regex, c, err));
	if (!glob->wild)
		PKG_TRY(pkg_buf_add(&glob->literal, &c, 1, err));
	glob->start = c == '/';
	glob->inside = !glob->start;
	glob->at++;
	return PKG_OK;
}

static bool next_is(const struct pkg_glob *glob, size_t ahead, char c)
{
	return glob->at + ahead < glob->len &&
	       glob->text[glob->at + ahead] == c;
}

static enum pkg_code put_stars(struct pkg_glob *glob, struct pkg_err *err)
{
	size_t count = 1;

	while (next_is(glob, count, '*'))
		count++;
	if (count == 2 && glob->start && next_is(glob, 2, '/') &&
	    glob->at + 3 < glob->len) {
		glob->at += 3; /* still at the start of a component */
		glob->wild = true;
		return pkg_buf_puts(&glob->regex, "(?:" NO_DOT "[^/]++/)*",
				    err);
	}
	if (count == 2 && glob->start && glob->at + 2 == glob->len) {
		glob->at += 2;
		glob->wild = true;
		return pkg_buf_puts(&glob->regex,
				    "(?:" NO_DOT "[^/]++/)*+" NO_DOT "[^/]++",
				    err);
	}
	glob->at += count;
	return pkg_glob_wild_(glob, "[^/]*", err);
}

static enum pkg_code open_brace(struct pkg_glob *glob, struct pkg_err *err)
{
	if (glob->depth == PKG_GLOB_BRACES)
		return pkg_glob_bad_(glob, glob->at, "too many nested braces",
				     err);
	glob->brace[glob->depth].start = glob->start;
	glob->brace[glob->depth++].has_choice = false;
	glob->wild = true;
	glob->at++;
	return pkg_buf_puts(&glob->regex, "(?:", err);
}

static enum pkg_code close_brace(struct pkg_glob *glob, struct pkg_err *err)
{
	if (glob->depth == 0)
		return pkg_glob_bad_(glob, glob->at, "'}' without '{'", err);
	if (!glob->brace[--glob->depth].has_choice)
		return pkg_glob_bad_(glob, glob->at,
				     "braces without a comma in them", err);
	/* whether this is the start of a component depends on the choice */
	glob->start = glob->inside = false;
	glob->at++;
	return pkg_buf_puts(&glob->regex, ")", err);
}

static enum pkg_code put_comma(struct pkg_glob *glob, struct pkg_err *err)
{
	if (glob->depth == 0)
		return put_literal(glob, err);
	glob->brace[glob->depth - 1].has_choice = true;
	glob->start = glob->brace[glob->depth - 1].start;
	glob->inside = false;
	glob->at++;
	return pkg_buf_puts(&glob->regex, "|", err);
}

static enum pkg_code put_next(struct pkg_glob *glob, struct pkg_err *err)
{
	switch (glob->text[glob->at]) {
	case '*':
		return put_stars(glob, err);
	case '?':
		glob->at++;
		PKG_TRY(pkg_glob_wild_(glob, "[^/]", err));
		glob->inside = true;
		return PKG_OK;
	case '[':
		return pkg_glob_set_(glob, err);
	case '{':
		return open_brace(glob, err);
	case '}':
		return close_brace(glob, err);
	case ',':
		return put_comma(glob, err);
	case '\\':
		if (++glob->at == glob->len)
			return pkg_glob_bad_(glob, glob->at - 1,
					     "a backslash at the end", err);
		return put_literal(glob, err);
	default:
		return put_literal(glob, err);
	}
}

enum pkg_code pkg_glob_translate_(struct pkg_glob *glob, struct pkg_err *err)
{
	/* the longest translation of one character is that of a `*` */
	glob->regex.max = (size_t)32 * PKG_LIMIT_PATTERN;
	glob->literal.max = PKG_LIMIT_PATTERN;
	glob->start = true;
	while (glob->at < glob->len)
		PKG_TRY(put_next(glob, err));
	if (glob->depth > 0)
		return pkg_glob_bad_(glob, glob->len, "'{' without '}'", err);
	return PKG_OK;
}

void pkg_glob_fini_(struct pkg_glob *glob)
{
	pkg_buf_fini(&glob->regex);
	pkg_buf_fini(&glob->literal);
}
