/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEYS_TEXT = 256 };

/* One group in one object. */
struct group_check {
	struct pkg_binder *b;
	const struct pkg_group *group;
	const struct pkg_node *node;
	const struct pkg_node *first,
	    *second; /* present, in the file's order */
	size_t present;
	char when[2 * PKG_SCHEMA_LABEL]; /* " with 'type: forced'", or "" */
};

static bool has_value(const struct pkg_node *node, const char *value)
{
	char number[24];

	switch (node->kind) {
	case PKG_NODE_STRING:
		return strcmp(node->text, value) == 0;
	case PKG_NODE_BOOL:
		return strcmp(node->truth ? "true" : "false", value) == 0;
	case PKG_NODE_INT:
		(void)snprintf(number, sizeof(number), "%" PRId64,
			       node->number);
		return strcmp(number, value) == 0;
	case PKG_NODE_NULL:
	case PKG_NODE_SEQ:
	case PKG_NODE_MAP:
		break;
	}
	return false;
}

static bool applies(struct group_check *c)
{
	const struct pkg_group *g = c->group;
	const struct pkg_node *value;

	if (g->when_key == NULL)
		return true;
	value = pkg_node_get(c->node, g->when_key);
	if (value == NULL ||
	    (g->when_value != NULL && !has_value(value, g->when_value)))
		return false;
	if (g->when_value != NULL)
		(void)snprintf(c->when, sizeof(c->when), " with '%s: %s'",
			       g->when_key, g->when_value);
	else
		(void)snprintf(c->when, sizeof(c->when), " with '%s'",
			       g->when_key);
	return true;
}

static bool is_key(const struct pkg_group *g, const char *key)
{
	for (const char *const *k = g->keys; *k != NULL; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

static void count_keys(struct group_check *c)
{
	const struct pkg_node *v = c->node->first;

	for (; v != NULL; v = v->next) {
		if (!is_key(c->group, v->key))
			continue;
		c->present++;
		if (c->first == NULL)
			c->first = v;
		else if (c->second == NULL)
			c->second = v;
	}
}

static enum pkg_code one_needed(struct group_check *c, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(c->node);
	char keys[KEYS_TEXT];

	return pkg_diag_add(
	    c->b->diag, PKG_SEVERITY_ERROR, "missing-key", &mark,
	    c->group->hint, err, "one of the keys %s is needed%s",
	    pkg_schema_join_(keys, sizeof(keys), c->group->keys, " or "),
	    c->when);
}

static enum pkg_code one_too_many(struct group_check *c, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_key_mark(c->second);

	return pkg_diag_add(c->b->diag, PKG_SEVERITY_ERROR, "conflicting-keys",
			    &mark, c->group->hint, err,
			    "the keys '%s' and '%s' exclude each other%s",
			    c->first->key, c->second->key, c->when);
}

static enum pkg_code all_needed(struct group_check *c, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(c->node);

	for (const char *const *k = c->group->keys; *k != NULL; k++) {
		if (pkg_node_get(c->node, *k) != NULL)
			continue;
		PKG_TRY(pkg_diag_add(c->b->diag, PKG_SEVERITY_ERROR,
				     "missing-key", &mark, c->group->hint, err,
				     "the key '%s' is needed%s", *k, c->when));
	}
	return PKG_OK;
}

static enum pkg_code none_allowed(struct group_check *c, struct pkg_err *err)
{
	for (const char *const *k = c->group->keys; *k != NULL; k++) {
		const struct pkg_node *v = pkg_node_get(c->node, *k);
		struct pkg_mark mark;

		if (v == NULL)
			continue;
		mark = pkg_node_key_mark(v);
		PKG_TRY(pkg_diag_add(c->b->diag, PKG_SEVERITY_ERROR,
				     "conflicting-keys", &mark, c->group->hint,
				     err, "the key '%s' is not allowed%s", *k,
				     c->when));
	}
	return PKG_OK;
}

static enum pkg_code check(struct group_check *c, struct pkg_err *err)
{
	switch (c->group->rule) {
	case PKG_GROUP_EXACTLY_ONE:
		if (c->present == 0)
			return one_needed(c, err);
		return c->present > 1 ? one_too_many(c, err) : PKG_OK;
	case PKG_GROUP_AT_LEAST_ONE:
		return c->present == 0 ? one_needed(c, err) : PKG_OK;
	case PKG_GROUP_AT_MOST_ONE:
		return c->present > 1 ? one_too_many(c, err) : PKG_OK;
	case PKG_GROUP_ALL:
		return all_needed(c, err);
	case PKG_GROUP_NONE:
		return none_allowed(c, err);
	case PKG_GROUP_ALL_OR_NONE:
		if (c->present == 0)
			return PKG_OK;
		if (c->when[0] == '\0')
			(void)snprintf(c->when, sizeof(c->when), " with '%s'",
				       c->first->key);
		return all_needed(c, err);
	}
	return pkg_fail(err, PKG_INTERNAL, "group rule %d",
			(int)c->group->rule);
}

enum pkg_code pkg_schema_groups_(struct pkg_binder *b,
				 const struct pkg_table *table,
				 const struct pkg_node *node,
				 struct pkg_err *err)
{
	const struct pkg_group *g = table->groups;

	for (; g != NULL && g->keys != NULL; g++) {
		struct group_check c = {.b = b, .group = g, .node = node};

		if (!applies(&c))
			continue;
		count_keys(&c);
		PKG_TRY(check(&c, err));
	}
	return PKG_OK;
}
