/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_CFIGNORE_H
#define MANIFEST_CFIGNORE_H

#include "rules.h"

#include "packline/buf.h"
#include "packline/pattern.h"

/*
 * What `cf push` of a folder leaves out: the lines of its .cfignore, then a
 * list of its own, which therefore cannot be undone; the last line that
 * matches decides.  A line is not git's: it becomes a regular expression, in
 * which only . ? * and ** are what they look like (go-gitignore, as cf 8 and 9
 * use it).
 */
struct cfignore {
	struct cfignore_line {
		struct pkg_pattern *pattern;
		bool again; /* it began with !: take it in again */
	} * lines;          /* heap */
	size_t count, cap;
};

/*
 * Read the lines of a .cfignore, @len bytes at @text (none is fine), and add
 * cf's own.
 * @at  the module, for findings about lines.
 */
PKG_MUST_CHECK enum pkg_code pkg_cfignore_read(struct cfignore *out,
					       const char *text, size_t len,
					       const struct pkg_node *at,
					       const struct rule_sink *sink);
/* Is the file @path, relative to the folder, left out? */
PKG_MUST_CHECK enum pkg_code pkg_cfignore_match(const struct cfignore *ignore,
						const char *path, bool *out,
						struct pkg_err *err);
void pkg_cfignore_fini(struct cfignore *ignore);

/* The expression that a line becomes, without ! and blanks around it. */
PKG_MUST_CHECK enum pkg_code
pkg_cfignore_regex(struct pkg_buf *out, const char *line, struct pkg_err *err);

#endif
