/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_QUERY_H
#define PKG_QUERY_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * The `q` of the server's listings: FIQL in the RSQL dialect, with the grammar
 * and the meaning that Eclipse hawkBit 1.x gives it.
 *
 *   or = and, { ("," | " or "), and }
 *   and = constraint, { (";" | " and "), constraint }
 *   constraint = "(", or, ")" | selector, operator, (value | "(", values, ")")
 *
 *   ==  =is=  =eq=     equal; `*` stands for any text, '' for none at all
 *   !=  =not= =ne=     not equal, or absent; `null` after =is= and =not= is
 *                      the absent value
 *   <  =lt=  <=  =le=  >  =gt=  >=  =ge=    by UTF-16 code units
 *   =in=  =out=        one of several, or none of them; `*` is a star there
 *
 * A value is a run of characters without "'(),;<=>!~ and spaces, or stands in
 * quotes, where \x is x.  Case does not matter anywhere, but for the order:
 * the whole query is folded to lower case first, and < compares values as they
 * are with that.
 *
 * What a selector may name is the caller's, in a table:
 */
enum pkg_query_type {
	PKG_QUERY_TEXT,
	PKG_QUERY_NUMBER, /* an integer */
	PKG_QUERY_BOOL,   /* "true" or "false" */
	PKG_QUERY_MAP,    /* texts by key: the selector is name.KEY */
	PKG_QUERY_EACH,   /* one text of each of several things */
	PKG_QUERY_ABSENT, /* of the server's entities; there is none here */
};

struct pkg_query_field {
	const char *name; /* lower case; NULL = end of the table */
	const char *sub;  /* the part behind the dot, lower case; NULL = none */
	enum pkg_query_type type;
	bool standard; /* with a sub: what the bare name means */
	/* Only == and != ask for it, alone or in a conjunction at the top. */
	bool at_top;
};

/* A value of a field; what is pointed at is borrowed for the call. */
struct pkg_query_value {
	const char *text; /* NULL = absent */
	int64_t number;   /* PKG_QUERY_NUMBER: this, and not the text */
	const char *key;  /* PKG_QUERY_MAP: its key */
};

/*
 * What is matched.  @get receives the place of the field in the table and
 * which value is wanted, from 0; false = there are no more.  Fields that are
 * neither PKG_QUERY_MAP nor PKG_QUERY_EACH have at most the value 0, and to
 * have none is the same as an absent one.
 */
struct pkg_query_item {
	bool (*get)(const void *item, size_t field, size_t nth,
		    struct pkg_query_value *out);
	const void *item;
};

struct pkg_query;

PKG_API_BEGIN

/*
 * Read a query.
 * @out     receives it; freed by the caller with pkg_query_free().
 * @text    UTF-8 of at most PKG_LIMIT_QUERY bytes, copied.
 * @fields  borrowed for the lifetime of the query.
 * Fails with PKG_USAGE and the server's reasons: "query-syntax"
 * (rsqlParamSyntax), telling the character; "query-field" (rsqlInvalidField)
 * for a selector that is not in the table or of which only the server knows
 * the value.  PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_query_parse(struct pkg_query **out, const char *text,
		const struct pkg_query_field *fields, struct pkg_err *err);
/*
 * Does it hold for @item?  @out receives the answer.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_query_match(struct pkg_query *query,
					     const struct pkg_query_item *item,
					     bool *out, struct pkg_err *err);
void pkg_query_free(struct pkg_query *query); /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_query)

#endif
