/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "packline/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From a comparison as it is written to what is matched. */

/* -- fields -- */

enum pkg_code pkg_query_bad_field(const char *selector, const char *why,
				  struct pkg_err *err)
{
	char shown[128];

	return pkg_refuse(err, PKG_USAGE, "query-field",
			  "the query cannot ask for '%s': %s",
			  pkg_text_quote_cut(shown, sizeof(shown), selector,
					     strlen(selector)),
			  why);
}

static enum pkg_code hint_fields(const struct pkg_query_field *fields,
				 struct pkg_err *err)
{
	char names[PKG_ERR_HINT] = "";
	size_t len = 0;

	for (; fields->name != NULL && len < sizeof(names); fields++) {
		if (fields->type == PKG_QUERY_ABSENT)
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					"%s%s%s%s", len > 0 ? ", " : "",
					fields->name,
					fields->sub != NULL ? "." : "",
					fields->type == PKG_QUERY_MAP ? ".KEY"
					: fields->sub != NULL ? fields->sub
							      : "");
	}
	return pkg_hint(err, "%s", names);
}

/* Does @f stand for the @len bytes @name, with @sub behind the dot or NULL? */
static bool is_field(const struct pkg_query_field *f, const char *name,
		     size_t len, const char *sub)
{
	if (strlen(f->name) != len || memcmp(f->name, name, len) != 0)
		return false;
	if (f->type == PKG_QUERY_MAP)
		return sub != NULL && *sub != '\0';
	if (sub == NULL)
		return f->sub == NULL || f->standard;
	return f->sub != NULL && strcmp(f->sub, sub) == 0;
}

static enum pkg_code find_field(struct query_node *node, struct pkg_query *q,
				const char *selector, struct pkg_err *err)
{
	const char *dot = strchr(selector, '.');
	const size_t len =
	    dot != NULL ? (size_t)(dot - selector) : strlen(selector);
	const struct pkg_query_field *f = q->fields;
	const char *key = dot != NULL ? dot + 1 : NULL;

	while (f->name != NULL && !is_field(f, selector, len, key))
		f++;
	if (f->name == NULL) {
		(void)pkg_query_bad_field(selector, "there is no such field",
					  err);
		return hint_fields(q->fields, err);
	}
	if (f->type == PKG_QUERY_ABSENT)
		return pkg_failed_(pkg_query_bad_field(
		    selector, "only a server knows it", err));
	node->field = (size_t)(f - q->fields);
	if (f->type != PKG_QUERY_MAP || key == NULL) /* a map has a key */
		return PKG_OK;
	pkg_buf_clear(&q->key);
	PKG_TRY(pkg_query_upper(q->locale, &q->key, key, strlen(key), err));
	node->key =
	    pkg_arena_dup(q->arena, pkg_buf_str(&q->key), q->key.len, err);
	return node->key != NULL ? PKG_OK : pkg_failed_(err->code);
}

/* -- values -- */

/* A star that is not escaped. */
static bool has_wildcard(const char *value)
{
	for (const char *s = value; *s != '\0'; s++) {
		if (*s == '*' && (s == value || s[-1] != '\\'))
			return true;
	}
	return false;
}

/*
 * The server's way from stars to LIKE, with its quirk: where there is \*, a
 * dollar becomes a star.
 */
static enum pkg_code to_like(struct pkg_buf *out, const char *value,
			     struct pkg_err *err)
{
	const bool escaped = strstr(value, "\\*") != NULL;

	for (const char *s = value; *s != '\0'; s++) {
		const char one[2] = {*s, '\0'};
		const char *put = one;

		if (*s == '%')
			put = "\\%";
		else if (*s == '_')
			put = "\\_";
		else if (*s == '*' && (s == value || s[-1] != '\\'))
			put = "%";
		else if (*s == '$' && escaped)
			put = "\\*";
		PKG_TRY(pkg_buf_puts(out, put, err));
	}
	return PKG_OK;
}

static enum pkg_code check_number(const char *value, struct pkg_err *err)
{
	char *end;

	errno = 0;
	(void)strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *value == ' ')
		return pkg_refuse(err, PKG_USAGE, "query-syntax",
				  "the field is a number, the value is not");
	return PKG_OK;
}

static bool is_order(enum query_op op)
{
	return op >= QUERY_LT && op <= QUERY_GE;
}

/* May the operator and the value be put to a field of that type? */
static enum pkg_code check_type(const struct query_node *node,
				enum pkg_query_type type, const char *value,
				struct pkg_err *err)
{
	const bool like = node->op == QUERY_LIKE || node->op == QUERY_NOT_LIKE;

	if (value == NULL)
		return PKG_OK;
	if (type == PKG_QUERY_BOOL && (like || is_order(node->op)))
		return pkg_refuse(err, PKG_USAGE, "query-syntax",
				  "the field is true or false: ask with == "
				  "or !=, without *");
	if (type == PKG_QUERY_BOOL && strcmp(value, "true") != 0 &&
	    strcmp(value, "false") != 0)
		return pkg_refuse(err, PKG_USAGE, "query-syntax",
				  "the field is true or false");
	if (type == PKG_QUERY_NUMBER && !(like && strcmp(value, "*") == 0))
		return check_number(value, err);
	return PKG_OK;
}

static enum pkg_code set_value(struct query_node *node, struct pkg_query *q,
			       size_t at, const char *value,
			       struct pkg_err *err)
{
	const enum pkg_query_type type = q->fields[node->field].type;
	struct pkg_buf *like = &q->key; /* is free here */

	PKG_TRY(check_type(node, type, value, err));
	if (value == NULL)
		return PKG_OK;
	if (strstr(value, "${now_ts}") != NULL ||
	    strstr(value, "${overdue_ts}") != NULL)
		return pkg_refuse(err, PKG_USAGE, "query-field",
				  "${NOW_TS} and ${OVERDUE_TS} are of the "
				  "server's clock");
	pkg_buf_clear(like);
	if (node->op == QUERY_LIKE || node->op == QUERY_NOT_LIKE) {
		PKG_TRY(to_like(like, value, err));
		value = pkg_buf_str(like);
	}
	pkg_buf_clear(&q->value);
	if (is_order(node->op))
		PKG_TRY(pkg_buf_puts(&q->value, value, err));
	else
		PKG_TRY(pkg_query_upper(q->locale, &q->value, value,
					strlen(value), err));
	node->values[at] =
	    pkg_arena_dup(q->arena, pkg_buf_str(&q->value), q->value.len, err);
	return node->values[at] != NULL ? PKG_OK : pkg_failed_(err->code);
}

enum pkg_code pkg_query_node(struct query_node **out, struct pkg_query *q,
			     enum query_op op, size_t count,
			     struct pkg_err *err)
{
	struct query_node *n = pkg_arena_alloc(q->arena, sizeof(*n), err);

	if (n == NULL)
		return pkg_failed_(err->code);
	n->op = op;
	n->count = count;
	if (count > 0) {
		n->values =
		    pkg_arena_array(q->arena, count, sizeof(*n->values), err);
		if (n->values == NULL)
			return pkg_failed_(err->code);
	}
	*out = n;
	return PKG_OK;
}

static enum pkg_code comparison(struct query_node **out, struct pkg_query *q,
				const struct query_written *w, enum query_op op,
				const char *const *values, struct pkg_err *err)
{
	struct query_node *n = NULL;

	PKG_TRY(pkg_query_node(&n, q, op, w->count, err));
	PKG_TRY(find_field(n, q, w->selector, err));
	for (size_t i = 0; i < w->count; i++)
		PKG_TRY(set_value(n, q, i, values[i], err));
	*out = n;
	return PKG_OK;
}

/* == '': absent or empty.  != '': there, and not empty. */
static enum pkg_code empty_comparison(struct query_node **out,
				      struct pkg_query *q,
				      const struct query_written *w,
				      struct pkg_err *err)
{
	const bool equal = w->op == QUERY_EQ;
	const char *first = equal ? NULL : "*";
	const char *second = "";
	struct query_node *n = NULL;

	PKG_TRY(pkg_query_node(&n, q, equal ? QUERY_OR : QUERY_AND, 0, err));
	PKG_TRY(comparison(&n->child, q, w, equal ? QUERY_EQ : QUERY_LIKE,
			   &first, err));
	PKG_TRY(comparison(&n->child->next, q, w, equal ? QUERY_EQ : QUERY_NE,
			   &second, err));
	*out = n;
	return PKG_OK;
}

enum pkg_code pkg_query_compare(struct query_node **out, struct pkg_query *q,
				const struct query_written *w,
				struct pkg_err *err)
{
	const char *null = NULL;
	enum query_op op = w->op;

	if (op != QUERY_EQ && op != QUERY_NE)
		return comparison(out, q, w, op, w->values, err);
	if (w->knows_null && strcmp(w->values[0], "null") == 0)
		return comparison(out, q, w, op, &null, err);
	if (*w->values[0] == '\0')
		return empty_comparison(out, q, w, err);
	if (has_wildcard(w->values[0]))
		op = op == QUERY_EQ ? QUERY_LIKE : QUERY_NOT_LIKE;
	return comparison(out, q, w, op, w->values, err);
}
