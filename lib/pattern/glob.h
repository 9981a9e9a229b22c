/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PATTERN_GLOB_H
#define PATTERN_GLOB_H

#include "packline/buf.h"

#include <stdbool.h>

enum { PKG_GLOB_BRACES = 8 }; /* levels of {a,b} in each other */

/* The translation of one glob; shared by the files of this folder. */
struct pkg_glob {
	const char *text;       /* UTF-8 without NUL */
	size_t at, len;         /* bytes of text: the next, all */
	bool start;             /* surely at the start of a component */
	bool inside;            /* surely not there */
	bool wild;              /* a wildcard was met */
	struct pkg_buf regex;   /* what it becomes */
	struct pkg_buf literal; /* what is matched before any wildcard */
	size_t depth;           /* open braces */
	struct {
		bool start;      /* .start where it opened */
		bool has_choice; /* a comma was met */
	} brace[PKG_GLOB_BRACES];
};

/*
 * Translate glob->text to a regular expression that has to match the whole
 * path.  Fails with PKG_INPUT, reason "bad-pattern", or PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_glob_translate_(struct pkg_glob *glob,
						 struct pkg_err *err);
void pkg_glob_fini_(struct pkg_glob *glob);

/* Between glob.c and glob_set.c: the [...] at glob->at; moves behind it. */
PKG_MUST_CHECK enum pkg_code pkg_glob_set_(struct pkg_glob *glob,
					   struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_glob_escape_(struct pkg_buf *regex, char c,
					      struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_glob_bad_(const struct pkg_glob *glob,
					   size_t at, const char *text,
					   struct pkg_err *err);
/* A wildcard: it does not match a dot at the start of a component. */
PKG_MUST_CHECK enum pkg_code
pkg_glob_wild_(struct pkg_glob *glob, const char *regex, struct pkg_err *err);

#endif
