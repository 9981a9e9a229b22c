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
	/* The first comparison that cannot be asked, told if the grammar is
	   right: the server looks at fields and values after it. */
	struct pkg_err refused;
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
	return pkg_failed_(pkg_query_bad(&p->lexer, p->lexer.start, what, err));
}

static enum pkg_code add_value(struct parser *p, struct query_written *w,
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
			return pkg_failed_(err->code);
		if (w->count > 0)
			memcpy(more, w->values, w->count * sizeof(*more));
		w->values = more;
		w->cap = cap;
	}
	copy = to = pkg_arena_dup(p->query->arena, from, len, err);
	if (copy == NULL)
		return pkg_failed_(err->code);
	for (size_t i = 0; quoted && i <= len; i++) {
		if (from[i] == '\\' && i < len)
			i++;
		*to++ = i < len ? from[i] : '\0';
	}
	w->values[w->count++] = copy;
	return pkg_query_next(&p->lexer, err);
}

static enum pkg_code read_operator(struct parser *p, struct query_written *w,
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

static enum pkg_code read_values(struct parser *p, struct query_written *w,
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
		return pkg_failed_(pkg_query_bad(
		    &p->lexer, w->at, "only =in= and =out= take a list", err));
	return pkg_query_next(&p->lexer, err);
}

static enum pkg_code read_comparison(struct parser *p, struct query_node **out,
				     struct pkg_err *err)
{
	struct query_written w = {.at = p->lexer.start};
	enum pkg_code code;

	w.selector =
	    pkg_arena_dup(p->query->arena, p->lexer.text + p->lexer.start,
			  p->lexer.size, err);
	if (w.selector == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(pkg_query_next(&p->lexer, err));
	PKG_TRY(read_operator(p, &w, err));
	PKG_TRY(read_values(p, &w, err));
	code = pkg_query_compare(out, p->query, &w, err);
	if (code != PKG_USAGE)
		return code;
	if (p->refused.code == PKG_OK)
		p->refused = *err;
	*err = PKG_ERR_INIT;
	return pkg_query_node(out, p->query, QUERY_AND, 0, err);
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
		return pkg_failed_(
		    pkg_query_bad(&p->lexer, p->lexer.start,
				  "too many parentheses are open", err));
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
	PKG_TRY(pkg_query_node(&n, p->query, QUERY_AND, 0, err));
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
	PKG_TRY(pkg_query_node(&n, p->query, QUERY_OR, 0, err));
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
	return pkg_query_bad_field(
	    f->name,
	    "the server takes it with == and !=, alone or joined "
	    "by ; at the top",
	    err);
}

static enum pkg_code parse(struct pkg_query *q, const char *text,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf lower = {.max = (size_t)4 * PKG_LIMIT_QUERY};
	struct parser p = {.query = q, .refused = PKG_ERR_INIT};

	PKG_TRY(pkg_query_lower(q->locale, &lower, text, strlen(text), err));
	p.lexer.text = pkg_buf_str(&lower);
	p.lexer.len = lower.len;
	PKG_TRY(pkg_query_next(&p.lexer, err));
	PKG_TRY(read_or(&p, &q->root, err));
	if (p.lexer.token != QUERY_END)
		return bad_token(&p, "; or ,", err);
	if (p.refused.code != PKG_OK) {
		*err = p.refused;
		return pkg_failed_(err->code);
	}
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
