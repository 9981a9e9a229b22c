/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_PATTERN_H
#define PKG_PATTERN_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * Patterns over paths and short texts, with limits (PKG_LIMIT_PATTERN and
 * PKG_LIMIT_MATCH_*) so that no pattern of a user can stop the machine.
 *
 * PKG_PATTERN_GLOB, against a whole relative path with `/`:
 *   *       any characters but /
 *   ?       one character but /
 *   **      as a whole component: any number of folders, also none
 *           (at the front, between two slashes, or at the end);
 *           elsewhere the same as *
 *   [a-z]   one character of the set, never /; [!...] or [^...] not of it
 *   {a,b}   either, empty ones too; nested to 8 levels at most
 *   \x      the character x itself: \{ is a brace
 * Leading dots: `*`, `?`, `**` and `[...]` do not match a dot at the start of
 * a component; the pattern must spell it (`.*`, `.config/x`).
 * Letters match case-sensitively, in any locale the same.  A glob that could
 * never match (leading or trailing /, // in it) is refused.
 *
 * PKG_PATTERN_REGEX, a PCRE2 expression that must match the whole text.
 * PKG_PATTERN_SEARCH, one that may match anywhere (^ and $ anchor it).
 * In both `$` is the very end, `.` is no newline, \d \w \s are ASCII, \C and
 * (*UCP) are refused.
 */
struct pkg_pattern;

enum pkg_pattern_kind {
	PKG_PATTERN_GLOB,
	PKG_PATTERN_REGEX,
	PKG_PATTERN_SEARCH,
};

/*
 * Include and exclude rules, in order.  A text is included if a rule of
 * inclusion matches it (or there is none) and no rule of exclusion does.
 */
struct pkg_pattern_set;

struct pkg_pattern_decision {
	bool included;
	bool decided; /* by a rule; else nothing matched */
	size_t rule;  /* its number in the order of adding, from 0 */
	const struct pkg_pattern *pattern; /* borrowed from the set, or NULL */
};

PKG_API_BEGIN

/*
 * Compile a pattern.
 * @out   receives it; freed with pkg_pattern_free().
 * @text  @len bytes of UTF-8, 1..PKG_LIMIT_PATTERN, copied.
 * @mark  where it stands in a user's file, or NULL.
 * Fails with PKG_INPUT, reason "bad-pattern", telling the offset in the
 * pattern; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_pattern_new(struct pkg_pattern **out,
					     enum pkg_pattern_kind kind,
					     const char *text, size_t len,
					     const struct pkg_mark *mark,
					     struct pkg_err *err);
void pkg_pattern_free(struct pkg_pattern *pattern); /* NULL is allowed */
/* The pattern as it was written, NUL-terminated. */
const char *pkg_pattern_text(const struct pkg_pattern *pattern);
/*
 * The folder that all matches of a glob are in: its leading components
 * without wildcards, joined by `/`, without the last component; "" if there
 * is none or for an expression.  Walk only there.
 */
const char *pkg_pattern_base(const struct pkg_pattern *pattern);
/* True if the glob has no wildcard: it can match only one path. */
bool pkg_pattern_is_literal(const struct pkg_pattern *pattern);
/*
 * Try @text (@len bytes of UTF-8).
 * @matches  receives the answer.
 * Fails with PKG_INPUT, reason "match-limit" if a limit was hit (which is not
 * "no match") or "not-utf8" if @text is not UTF-8; PKG_SYSTEM if out of memory.
 * One pattern must not be used by two threads at once.
 */
PKG_MUST_CHECK enum pkg_code pkg_pattern_match(struct pkg_pattern *pattern,
					       const char *text, size_t len,
					       bool *matches,
					       struct pkg_err *err);

/* An empty set, freed with pkg_pattern_set_free(); PKG_SYSTEM. */
PKG_MUST_CHECK enum pkg_code pkg_pattern_set_new(struct pkg_pattern_set **out,
						 struct pkg_err *err);
void pkg_pattern_set_free(struct pkg_pattern_set *set); /* NULL is allowed */
/*
 * Append a rule.  Takes ownership of @take_pattern, also on failure.
 * @include  true: a rule of inclusion, false: of exclusion.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_pattern_set_add(struct pkg_pattern_set *set,
		    struct pkg_pattern *take_pattern, bool include,
		    struct pkg_err *err);
/*
 * Decide about @text: the first exclusion that matches, else the first
 * inclusion that matches.  Errors as pkg_pattern_match().
 */
PKG_MUST_CHECK enum pkg_code
pkg_pattern_set_decide(const struct pkg_pattern_set *set, const char *text,
		       size_t len, struct pkg_pattern_decision *out,
		       struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_pattern)
PKG_DEFINE_AUTO(pkg_pattern_set)

#endif
