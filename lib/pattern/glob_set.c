/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern/glob.h"

/*
 * One member of the set at *i: its bytes go to the class, quoted.
 * @end  receives true at the closing bracket.
 */
static enum pkg_code put_member(struct pkg_glob *glob, size_t *i,
				struct pkg_err *err)
{
	const char *text = glob->text;
	size_t left = glob->len - *i;

	if (text[*i] == '[' && left > 1 &&
	    (text[*i + 1] == ':' || text[*i + 1] == '.' || text[*i + 1] == '='))
		return pkg_glob_bad_(glob, *i,
				     "named classes like [:alpha:] are not "
				     "supported",
				     err);
	if (text[*i] == '\\') {
		if (left < 2)
			return pkg_glob_bad_(glob, glob->at, "'[' without ']'",
					     err);
		(*i)++;
	}
	PKG_TRY(pkg_glob_escape_(&glob->regex, text[*i], err));
	(*i)++;
	/* the other bytes of a code point */
	while (*i < glob->len && ((unsigned char)text[*i] & 0xc0) == 0x80) {
		PKG_TRY(pkg_buf_add(&glob->regex, text + *i, 1, err));
		(*i)++;
	}
	return PKG_OK;
}

/* True if a `-` at @i stands between two members. */
static bool is_range(const struct pkg_glob *glob, size_t i)
{
	return i + 1 < glob->len && glob->text[i] == '-' &&
	       glob->text[i + 1] != ']';
}

/* One member, or two with a `-` between them. */
static enum pkg_code put_range(struct pkg_glob *glob, size_t *i,
			       struct pkg_err *err)
{
	PKG_TRY(put_member(glob, i, err));
	if (!is_range(glob, *i))
		return PKG_OK;
	(*i)++;
	PKG_TRY(pkg_buf_puts(&glob->regex, "-", err));
	return put_member(glob, i, err);
}

enum pkg_code pkg_glob_set_(struct pkg_glob *glob, struct pkg_err *err)
{
	const char *text = glob->text;
	size_t i = glob->at + 1, first;
	bool negated = i < glob->len && (text[i] == '!' || text[i] == '^');

	PKG_TRY(pkg_glob_wild_(glob, negated ? "(?!/)[^" : "(?!/)[", err));
	if (negated)
		i++;
	/* a bracket that comes first is a member */
	for (first = i; i < glob->len && (text[i] != ']' || i == first);)
		PKG_TRY(put_range(glob, &i, err));
	if (i >= glob->len)
		return pkg_glob_bad_(glob, glob->at, "'[' without ']'", err);
	glob->at = i + 1;
	glob->inside = true;
	return pkg_buf_puts(&glob->regex, "]", err);
}
