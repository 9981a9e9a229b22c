/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "packline/limits.h"
#include "packline/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being read. */
struct parser {
	struct query_lexer lexer;
	struct pkg_query *query;
	unsigned depth; /* open parentheses */
};

/* One comparison as it is written. */
struct written {
	size_t at;            /* in the text, for messages */
	const char *selector; /* NUL-terminated, in the arena */
	enum query_op op;
	bool knows_null; /* =is= and =not= */
	const char **values;
	size_t count, cap;
};

static const struct {
	const char *text;
	enum query_op op;
	bool knows_null;
} operators[] = {
    {"==", QUERY_EQ, false},   {"!=", QUERY_NE, false},
    {"=is=", QUERY_EQ, true},  {"=eq=", QUERY_EQ, true},
    {"=not=", QUERY_NE, true}, {"=ne=", QUERY_NE, true},
    {"<", QUERY_LT, false},    {"=lt=", QUERY_LT, false},
    {"<=", QUERY_LE, false},   {"=le=", QUERY_LE, false},
    {">", QUERY_GT, false},    {"=gt=", QUERY_GT, false},
    {">=", QUERY_GE, false},   {"=ge=", QUERY_GE, false},
    {"=in=", QUERY_IN, false}, {"=out=", QUERY_OUT, false},
};

static enum pkg_code bad_token(const struct parser *p, const char *wanted,
			       struct pkg_err *err)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "%s is missing here", wanted);
	return pkg_query_bad(&p->lexer, p->lexer.start, what, err);
}

/* -- fields -- */

static enum pkg_code bad_field(const char *selector, const char *why,
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
		(void)bad_field(selector, "there is no such field", err);
		return hint_fields(q->fields, err);
	}
	if (f->type == PKG_QUERY_ABSENT)
		return bad_field(selector, "only a server knows it", err);
	node->field = (size_t)(f - q->fields);
	if (f->type != PKG_QUERY_MAP)
		return PKG_OK;
	pkg_buf_clear(&q->key);
	PKG_TRY(pkg_query_upper(q->locale, &q->key, key, strlen(key), err));
	node->key =
	    pkg_arena_dup(q->arena, pkg_buf_str(&q->key), q->key.len, err);
	return node->key != NULL ? PKG_OK : err->code;
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
	return node->values[at] != NULL ? PKG_OK : err->code;
}

static enum pkg_code new_node(struct query_node **out, struct pkg_query *q,
			      enum query_op op, size_t count,
			      struct pkg_err *err)
{
	struct query_node *n = pkg_arena_alloc(q->arena, sizeof(*n), err);

	if (n == NULL)
		return err->code;
	n->op = op;
	n->count = count;
	if (count > 0) {
		n->values =
		    pkg_arena_array(q->arena, count, sizeof(*n->values), err);
		if (n->values == NULL)
			return err->code;
	}
	*out = n;
	return PKG_OK;
}

static enum pkg_code comparison(struct query_node **out, struct pkg_query *q,
				const struct written *w, enum query_op op,
				const char *const *values, struct pkg_err *err)
{
	struct query_node *n = NULL;

	PKG_TRY(new_node(&n, q, op, w->count, err));
	PKG_TRY(find_field(n, q, w->selector, err));
	for (size_t i = 0; i < w->count; i++)
		PKG_TRY(set_value(n, q, i, values[i], err));
	*out = n;
	return PKG_OK;
}

/* == '': absent or empty.  != '': there, and not empty. */
static enum pkg_code empty_comparison(struct query_node **out,
				      struct pkg_query *q,
				      const struct written *w,
				      struct pkg_err *err)
{
	const bool equal = w->op == QUERY_EQ;
	const char *first = equal ? NULL : "*";
	const char *second = "";
	struct query_node *n = NULL;

	PKG_TRY(new_node(&n, q, equal ? QUERY_OR : QUERY_AND, 0, err));
	PKG_TRY(comparison(&n->child, q, w, equal ? QUERY_EQ : QUERY_LIKE,
			   &first, err));
	PKG_TRY(comparison(&n->child->next, q, w, equal ? QUERY_EQ : QUERY_NE,
			   &second, err));
	*out = n;
	return PKG_OK;
}

static enum pkg_code build(struct query_node **out, struct pkg_query *q,
			   const struct written *w, struct pkg_err *err)
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

/* -- the grammar -- */

static enum pkg_code add_value(struct parser *p, struct written *w,
			       struct pkg_err *err)
{
	const struct query_lexer *l = &p->lexer;
	const bool quoted = l->token == QUERY_QUOTED;
	const char *from = l->text + l->start + quoted;
	const size_t len = l->size - 2 * (size_t)quoted;
	char *copy, *to;

	if (l->token != QUERY_WORD && !quoted)
		return bad_token(p, "a value", err);
	if (w->count == w->cap) {
		const size_t cap = w->cap == 0 ? 1 : w->cap * 4;
		const char **more =
		    pkg_arena_array(p->query->arena, cap, sizeof(*more), err);

		if (more == NULL)
			return err->code;
		if (w->count > 0)
			memcpy(more, w->values, w->count * sizeof(*more));
		w->values = more;
		w->cap = cap;
	}
	copy = to = pkg_arena_dup(p->query->arena, from, len, err);
	if (copy == NULL)
		return err->code;
	for (size_t i = 0; quoted && i <= len; i++) {
		if (from[i] == '\\' && i < len)
			i++;
		*to++ = i < len ? from[i] : '\0';
	}
	w->values[w->count++] = copy;
	return pkg_query_next(&p->lexer, err);
}

static enum pkg_code read_operator(struct parser *p, struct written *w,
				   struct pkg_err *err)
{
	const struct query_lexer *l = &p->lexer;
	const size_t count = sizeof(operators) / sizeof(*operators);

	if (l->token != QUERY_OPERATOR)
		return bad_token(p, "an operator", err);
	for (size_t i = 0; i < count; i++) {
		if (strlen(operators[i].text) == l->size &&
		    memcmp(operators[i].text, l->text + l->start, l->size) ==
			0) {
			w->op = operators[i].op;
			w->knows_null = operators[i].knows_null;
			return pkg_query_next(&p->lexer, err);
		}
	}
	(void)pkg_query_bad(l, l->start, "there is no such operator", err);
	return pkg_hint(err, "== != =is= =not= < <= > >= =in= =out=");
}

static enum pkg_code read_values(struct parser *p, struct written *w,
				 struct pkg_err *err)
{
	if (p->lexer.token != QUERY_OPEN)
		return add_value(p, w, err);
	do {
		PKG_TRY(pkg_query_next(&p->lexer, err));
		PKG_TRY(add_value(p, w, err));
	} while (p->lexer.token == QUERY_COMMA);
	if (p->lexer.token != QUERY_CLOSE)
		return bad_token(p, "a comma or )", err);
	if (w->count > 1 && w->op != QUERY_IN && w->op != QUERY_OUT)
		return pkg_query_bad(&p->lexer, w->at,
				     "only =in= and =out= take a list", err);
	return pkg_query_next(&p->lexer, err);
}

static enum pkg_code read_comparison(struct parser *p, struct query_node **out,
				     struct pkg_err *err)
{
	struct written w = {.at = p->lexer.start};

	w.selector =
	    pkg_arena_dup(p->query->arena, p->lexer.text + p->lexer.start,
			  p->lexer.size, err);
	if (w.selector == NULL)
		return err->code;
	PKG_TRY(pkg_query_next(&p->lexer, err));
	PKG_TRY(read_operator(p, &w, err));
	PKG_TRY(read_values(p, &w, err));
	return build(out, p->query, &w, err);
}

static enum pkg_code read_or(struct parser *p, struct query_node **out,
			     struct pkg_err *err);

static enum pkg_code read_constraint(struct parser *p, struct query_node **out,
				     struct pkg_err *err)
{
	if (p->lexer.token == QUERY_WORD)
		return read_comparison(p, out, err);
	if (p->lexer.token != QUERY_OPEN)
		return bad_token(p, "a field or (", err);
	if (++p->depth > PKG_LIMIT_QUERY_DEPTH)
		return pkg_query_bad(&p->lexer, p->lexer.start,
				     "too many parentheses are open", err);
	PKG_TRY(pkg_query_next(&p->lexer, err));
	PKG_TRY(read_or(p, out, err));
	if (p->lexer.token != QUERY_CLOSE)
		return bad_token(p, ")", err);
	p->depth--;
	return pkg_query_next(&p->lexer, err);
}

static enum pkg_code read_and(struct parser *p, struct query_node **out,
			      struct pkg_err *err)
{
	struct query_node *n = NULL, *last = NULL;

	PKG_TRY(read_constraint(p, &last, err));
	*out = last;
	if (p->lexer.token != QUERY_SEMICOLON)
		return PKG_OK;
	PKG_TRY(new_node(&n, p->query, QUERY_AND, 0, err));
	n->child = last;
	*out = n;
	while (p->lexer.token == QUERY_SEMICOLON) {
		PKG_TRY(pkg_query_next(&p->lexer, err));
		PKG_TRY(read_constraint(p, &last->next, err));
		last = last->next;
	}
	return PKG_OK;
}

static enum pkg_code read_or(struct parser *p, struct query_node **out,
			     struct pkg_err *err)
{
	struct query_node *n = NULL, *last = NULL;

	PKG_TRY(read_and(p, &last, err));
	*out = last;
	if (p->lexer.token != QUERY_COMMA)
		return PKG_OK;
	PKG_TRY(new_node(&n, p->query, QUERY_OR, 0, err));
	n->child = last;
	*out = n;
	while (p->lexer.token == QUERY_COMMA) {
		PKG_TRY(pkg_query_next(&p->lexer, err));
		PKG_TRY(read_and(p, &last->next, err));
		last = last->next;
	}
	return PKG_OK;
}

/* Fields that are asked at the top only, with == and != only. */
static enum pkg_code check_places(const struct pkg_query *q,
				  const struct query_node *n, bool top,
				  struct pkg_err *err)
{
	const struct pkg_query_field *f = &q->fields[n->field];

	if (n->op == QUERY_AND || n->op == QUERY_OR) {
		const bool still = n == q->root && n->op == QUERY_AND;

		for (n = n->child; n != NULL; n = n->next)
			PKG_TRY(check_places(q, n, still, err));
		return PKG_OK;
	}
	if (!f->at_top || (top && (n->op == QUERY_EQ || n->op == QUERY_NE)))
		return PKG_OK;
	return bad_field(f->name,
			 "the server takes it with == and !=, alone or joined "
			 "by ; at the top",
			 err);
}

static enum pkg_code parse(struct pkg_query *q, const char *text,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf lower = {.max = (size_t)4 * PKG_LIMIT_QUERY};
	struct parser p = {.query = q};

	PKG_TRY(pkg_query_lower(q->locale, &lower, text, strlen(text), err));
	p.lexer.text = pkg_buf_str(&lower);
	p.lexer.len = lower.len;
	PKG_TRY(pkg_query_next(&p.lexer, err));
	PKG_TRY(read_or(&p, &q->root, err));
	if (p.lexer.token != QUERY_END)
		return bad_token(&p, "; or ,", err);
	return check_places(q, q->root, true, err);
}

enum pkg_code pkg_query_parse(struct pkg_query **out, const char *text,
			      const struct pkg_query_field *fields,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_query) struct pkg_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return pkg_fail_nomem(err);
	q->fields = fields;
	q->value.max = q->key.max = 1u << 20;
	PKG_TRY(pkg_arena_new(&q->arena, 16u << 20, err));
	/* Another locale than the process's: letters are those of Unicode. */
	q->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (q->locale == NULL)
		return pkg_fail_os(err, errno, "the locale C.UTF-8");
	if (strlen(text) > PKG_LIMIT_QUERY)
		return pkg_refuse(err, PKG_USAGE, "query-syntax",
				  "the query is longer than %u bytes",
				  PKG_LIMIT_QUERY);
	PKG_TRY(parse(q, text, err));
	*out = PKG_STEAL(q);
	return PKG_OK;
}

void pkg_query_free(struct pkg_query *query)
{
	if (query == NULL)
		return;
	if (query->locale != NULL)
		freelocale(query->locale);
	pkg_buf_fini(&query->value);
	pkg_buf_fini(&query->key);
	pkg_arena_free(query->arena);
	free(query);
}
