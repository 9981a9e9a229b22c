/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/query.h"

#include <locale.h>

/* -- the tree -- */

enum query_op {
	QUERY_AND,
	QUERY_OR,
	QUERY_EQ,
	QUERY_NE,
	QUERY_LT,
	QUERY_LE,
	QUERY_GT,
	QUERY_GE,
	QUERY_IN,
	QUERY_OUT,
	QUERY_LIKE,
	QUERY_NOT_LIKE,
};

struct query_node {
	enum query_op op;
	struct query_node *next;  /* sibling in an AND or OR */
	struct query_node *child; /* of an AND or OR: the first one */
	size_t field;             /* of a comparison: place in the table */
	const char *key;          /* of a map: upper case */
	/*
	 * Its values: upper case, but as they are (lower case) for < <= > >=;
	 * of LIKE the SQL pattern, with % _ and the escape \.  A first value
	 * that is NULL is the absent one.
	 */
	const char **values;
	size_t count;
};

struct pkg_query {
	struct pkg_arena *arena;
	const struct pkg_query_field *fields;
	struct query_node *root;
	locale_t locale;      /* C.UTF-8, for the case of letters */
	struct pkg_buf value; /* scratch: a value in upper case */
	struct pkg_buf key;
};

/* -- tokens -- */

enum query_token {
	QUERY_END,
	QUERY_WORD,
	QUERY_QUOTED,
	QUERY_SEMICOLON, /* ; or " and " */
	QUERY_COMMA,     /* , or " or " */
	QUERY_OPEN,
	QUERY_CLOSE,
	QUERY_OPERATOR,
};

struct query_lexer {
	const char *text;
	size_t len;
	size_t at; /* behind the token */
	enum query_token token;
	size_t start, size; /* of the token, in bytes; quotes included */
};

/* Read the next token.  Fails with PKG_USAGE, "query-syntax". */
enum pkg_code pkg_query_next(struct query_lexer *lexer, struct pkg_err *err);
/* PKG_USAGE, "query-syntax": @what is wrong at byte @at of the text. */
enum pkg_code pkg_query_bad(const struct query_lexer *lexer, size_t at,
			    const char *what, struct pkg_err *err);

/* -- comparisons -- */

/* One comparison as it is written. */
struct query_written {
	size_t at;            /* in the text, for messages */
	const char *selector; /* NUL-terminated, in the arena */
	enum query_op op;
	bool knows_null; /* =is= and =not= */
	const char **values;
	size_t count, cap;
};

/* A new node of @op with room for @count values. */
enum pkg_code pkg_query_node(struct query_node **out, struct pkg_query *q,
			     enum query_op op, size_t count,
			     struct pkg_err *err);
/*
 * Make the node, or the two, of a comparison: find its field, fold its values.
 * Fails with PKG_USAGE, "query-field" or "query-syntax".
 */
enum pkg_code pkg_query_compare(struct query_node **out, struct pkg_query *q,
				const struct query_written *w,
				struct pkg_err *err);
/* PKG_USAGE, "query-field": why @selector cannot be asked for. */
enum pkg_code pkg_query_bad_field(const char *selector, const char *why,
				  struct pkg_err *err);

/* Append @text in upper (or lower) case to @out, as Java's Locale.ROOT. */
enum pkg_code pkg_query_upper(locale_t locale, struct pkg_buf *out,
			      const char *text, size_t len,
			      struct pkg_err *err);
enum pkg_code pkg_query_lower(locale_t locale, struct pkg_buf *out,
			      const char *text, size_t len,
			      struct pkg_err *err);

/* SQL's LIKE with the escape character \. */
bool pkg_query_like(const char *pattern, const char *text);

#endif
