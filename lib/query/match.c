/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* What a comparison is put to. */
struct subject {
	struct pkg_query *query;
	const struct query_node *node;
	const struct pkg_query_item *item;
};

static bool order_holds(enum query_op op, int order)
{
	if (op == QUERY_LT)
		return order < 0;
	if (op == QUERY_LE)
		return order <= 0;
	return op == QUERY_GT ? order > 0 : order >= 0;
}

static bool in_list(const struct query_node *n, const char *value)
{
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->values[i], value) == 0)
			return true;
	}
	return false;
}

static bool number_holds(const struct query_node *n, long long value)
{
	if (n->op == QUERY_LIKE || n->op == QUERY_NOT_LIKE)
		return true; /* the only pattern is a bare star */
	for (size_t i = 0; i < n->count; i++) {
		const long long other = strtoll(n->values[i], NULL, 10);

		if (n->op >= QUERY_LT && n->op <= QUERY_GE)
			return order_holds(n->op,
					   (value > other) - (value < other));
		if (value == other)
			return true;
	}
	return false;
}

/* Does the operator, if it is one of negation its opposite, hold? */
static enum pkg_code positive(const struct subject *s,
			      const struct pkg_query_value *v, bool *out,
			      struct pkg_err *err)
{
	const struct query_node *n = s->node;
	struct pkg_buf *upper = &s->query->value;

	if (s->query->fields[n->field].type == PKG_QUERY_NUMBER) {
		*out = number_holds(n, v->number);
		return PKG_OK;
	}
	if (n->op >= QUERY_LT && n->op <= QUERY_GE) {
		*out = order_holds(n->op,
				   pkg_utf16_compare(v->text, n->values[0]));
		return PKG_OK;
	}
	pkg_buf_clear(upper);
	PKG_TRY(pkg_query_upper(s->query->locale, upper, v->text,
				strlen(v->text), err));
	*out = n->op == QUERY_LIKE || n->op == QUERY_NOT_LIKE
		   ? pkg_query_like(n->values[0], pkg_buf_str(upper))
		   : in_list(n, pkg_buf_str(upper));
	return PKG_OK;
}

static bool is_negation(enum query_op op)
{
	return op == QUERY_NE || op == QUERY_OUT || op == QUERY_NOT_LIKE;
}

/* Of one value, absent or not, as SQL would have it. */
static enum pkg_code holds(const struct subject *s,
			   const struct pkg_query_value *v, bool absent,
			   bool *out, struct pkg_err *err)
{
	const bool negation = is_negation(s->node->op);

	if (s->node->values[0] == NULL || absent) {
		*out =
		    s->node->values[0] == NULL ? absent != negation : negation;
		return PKG_OK;
	}
	PKG_TRY(positive(s, v, out, err));
	*out = *out != negation;
	return PKG_OK;
}

/* An entry with the key holds; to be absent is that of no entry. */
static enum pkg_code match_map(const struct subject *s, bool *out,
			       struct pkg_err *err)
{
	const struct query_node *n = s->node;
	struct pkg_buf *key = &s->query->key;
	struct pkg_query_value v;
	bool found = false;

	*out = false;
	for (size_t i = 0; s->item->get(s->item->item, n->field, i, &v); i++) {
		pkg_buf_clear(key);
		PKG_TRY(pkg_query_upper(s->query->locale, key, v.key,
					strlen(v.key), err));
		if (strcmp(pkg_buf_str(key), n->key) != 0)
			continue;
		found = true;
		PKG_TRY(holds(s, &v, v.text == NULL, out, err));
		if (*out)
			return PKG_OK;
	}
	if (!found)
		*out = n->values[0] == NULL && n->op == QUERY_EQ;
	return PKG_OK;
}

/* One of them holds; a negation is that none of them is equal. */
static enum pkg_code match_each(const struct subject *s, bool *out,
				struct pkg_err *err)
{
	const struct query_node *n = s->node;
	struct pkg_query_value v;
	bool any = false;
	size_t i = 0;

	for (; s->item->get(s->item->item, n->field, i, &v) && !any; i++) {
		if (n->values[0] != NULL && v.text != NULL)
			PKG_TRY(positive(s, &v, &any, err));
	}
	if (n->values[0] == NULL)
		*out = n->op == QUERY_EQ ? i == 0 : true;
	else
		*out = any != is_negation(n->op);
	return PKG_OK;
}

static enum pkg_code match(struct pkg_query *q, const struct query_node *n,
			   const struct pkg_query_item *item, bool *out,
			   struct pkg_err *err)
{
	const struct subject s = {q, n, item};
	struct pkg_query_value v = {0};
	enum pkg_query_type type;
	bool absent;

	if (n->op == QUERY_AND || n->op == QUERY_OR) {
		*out = n->op == QUERY_AND;
		for (const struct query_node *c = n->child; c != NULL;
		     c = c->next) {
			PKG_TRY(match(q, c, item, out, err));
			if (*out != (n->op == QUERY_AND))
				return PKG_OK;
		}
		return PKG_OK;
	}
	type = q->fields[n->field].type;
	if (type == PKG_QUERY_MAP)
		return match_map(&s, out, err);
	if (type == PKG_QUERY_EACH)
		return match_each(&s, out, err);
	absent = !item->get(item->item, n->field, 0, &v) ||
		 (type != PKG_QUERY_NUMBER && v.text == NULL);
	return holds(&s, &v, absent, out, err);
}

enum pkg_code pkg_query_match(struct pkg_query *query,
			      const struct pkg_query_item *item, bool *out,
			      struct pkg_err *err)
{
	return match(query, query->root, item, out, err);
}
