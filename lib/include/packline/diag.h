/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_DIAG_H
#define PKG_DIAG_H

#include "packline/arena.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * Findings: everything that is wrong with a user's file, all at once.  Text
 * form `file:line:col: error: text [rule]`, with a hint on a line of its own.
 */
enum pkg_severity {
	PKG_SEVERITY_NOTE,
	PKG_SEVERITY_WARNING,
	PKG_SEVERITY_ERROR
};

struct pkg_finding {
	enum pkg_severity severity;
	const char *rule; /* stable id, listed in the man page */
	const char *file; /* as the user named it; NULL = none */
	uint32_t line, col;
	const char *text; /* escaped for a terminal by whoever prints it */
	const char *hint; /* how to mend it, or NULL */
	struct pkg_finding *next;
};

struct pkg_diag {
	struct pkg_arena *arena;          /* borrowed; holds the findings */
	struct pkg_finding *first, *last; /* in the order they were found */
	size_t count, errors, warnings;   /* all found, kept or not */
	size_t dropped;                   /* over PKG_LIMIT_FINDINGS */
};

PKG_API_BEGIN

/*
 * Add a finding.
 * @rule  stable id, a string literal.
 * @mark  where; NULL or mark->source NULL = nowhere in a file.
 * @hint  how to mend it, copied; NULL = none.
 * Fails with PKG_SYSTEM if out of memory.  Over PKG_LIMIT_FINDINGS it is
 * counted but not kept.
 */
PKG_MUST_CHECK enum pkg_code
pkg_diag_add(struct pkg_diag *diag, enum pkg_severity severity,
	     const char *rule, const struct pkg_mark *mark, const char *hint,
	     struct pkg_err *err, const char *fmt, ...) PKG_PRINTF(7, 8);
/* "note", "warning" or "error". */
const char *pkg_severity_name(enum pkg_severity severity);
/* Sort by file, line and column; findings at one place keep their order. */
void pkg_diag_sort(struct pkg_diag *diag);

PKG_API_END

#endif
