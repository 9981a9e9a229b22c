/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include "packline/json.h"
#include "packline/tree.h"

/* The state of one pkg_json_parse(); shared by the files of this folder. */
struct pkg_json_parser {
	const struct pkg_json_input *input;
	const char *at, *end; /* what is left; known to be UTF-8 */
	const char *marked;   /* the place that mark tells */
	struct pkg_mark mark;
	struct pkg_tree tree;
};

/* Line and column of the byte @at of the input. */
struct pkg_mark pkg_json_mark_(const struct pkg_json_input *input,
			       const char *at);
/* Add the position of @at to the current error; returns its code. */
enum pkg_code pkg_json_place_(const struct pkg_json_parser *p, const char *at,
			      struct pkg_err *err);
/*
 * Read the string whose opening quote is at p->at.
 * @text  receives it without escapes, in the arena, NUL-terminated.
 */
PKG_MUST_CHECK enum pkg_code pkg_json_string_(struct pkg_json_parser *p,
					      const char **text, size_t *len,
					      struct pkg_err *err);
/* The same; @text may lie in the input and is not NUL-terminated. */
PKG_MUST_CHECK enum pkg_code pkg_json_key_(struct pkg_json_parser *p,
					   const char **text, size_t *len,
					   struct pkg_err *err);
/* Refuse an input that is not what the writer makes of @root. */
PKG_MUST_CHECK enum pkg_code
pkg_json_check_canonical_(const struct pkg_json_input *input,
			  struct pkg_node *root, struct pkg_err *err);

#endif
