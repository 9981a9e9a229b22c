/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "packline/node.h"

#include <string.h>

void pkg_jsonw_str_member(struct pkg_jsonw *w, const char *key,
			  const char *text)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_text(w, text);
}

void pkg_jsonw_hex_member(struct pkg_jsonw *w, const char *key,
			  const uint8_t *data, size_t len)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_hex(w, data, len);
}

void pkg_jsonw_int_member(struct pkg_jsonw *w, const char *key, int64_t number)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_int(w, number);
}

void pkg_jsonw_bool_member(struct pkg_jsonw *w, const char *key, bool truth)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_bool(w, truth);
}

void pkg_jsonw_null_member(struct pkg_jsonw *w, const char *key)
{
	pkg_jsonw_key(w, key);
	pkg_jsonw_null(w);
}

/* Two sorted lists become one; @last receives its last node. */
static struct pkg_node *merge(struct pkg_node *a, struct pkg_node *b,
			      struct pkg_node **last)
{
	struct pkg_node *first = NULL, **tail = &first;

	while (a != NULL || b != NULL) {
		struct pkg_node **from =
		    b == NULL || (a != NULL && strcmp(a->key, b->key) <= 0)
			? &a
			: &b;

		*last = *tail = *from;
		tail = &(*tail)->next;
		*from = (*from)->next;
	}
	*tail = NULL;
	return first;
}

/* Cut @list behind its first @count nodes; returns the rest. */
static struct pkg_node *cut(struct pkg_node *list, size_t count)
{
	struct pkg_node *rest;

	for (; list != NULL && count > 1; count--)
		list = list->next;
	if (list == NULL)
		return NULL;
	rest = list->next;
	list->next = NULL;
	return rest;
}

static bool is_sorted(const struct pkg_node *map)
{
	for (const struct pkg_node *n = map->first;
	     n != NULL && n->next != NULL; n = n->next) {
		if (strcmp(n->key, n->next->key) > 0)
			return false;
	}
	return true;
}

/* Bottom-up merge sort: no memory, no recursion, n log n for any input. */
static void sort_keys(struct pkg_node *map)
{
	if (is_sorted(map))
		return;
	for (size_t width = 1; width < map->count; width *= 2) {
		struct pkg_node *rest = map->first, **tail = &map->first;

		while (rest != NULL) {
			struct pkg_node *a = rest, *b = cut(a, width);

			rest = cut(b, width);
			*tail = merge(a, b, &map->last);
			tail = &map->last->next;
		}
	}
}

static bool is_container(const struct pkg_node *node)
{
	return node->kind == PKG_NODE_MAP || node->kind == PKG_NODE_SEQ;
}

static void put_leaf(struct pkg_jsonw *w, const struct pkg_node *node)
{
	switch (node->kind) {
	case PKG_NODE_NULL:
		pkg_jsonw_null(w);
		break;
	case PKG_NODE_BOOL:
		pkg_jsonw_bool(w, node->truth);
		break;
	case PKG_NODE_INT:
		pkg_jsonw_int(w, node->number);
		break;
	case PKG_NODE_STRING:
		pkg_jsonw_str(w, node->text, node->len);
		break;
	case PKG_NODE_SEQ:
	case PKG_NODE_MAP:
		break;
	}
}

static void open_node(struct pkg_jsonw *w, struct pkg_node *node)
{
	if (node->kind == PKG_NODE_MAP) {
		sort_keys(node);
		pkg_jsonw_object(w);
	} else {
		pkg_jsonw_array(w);
	}
}

static void close_node(struct pkg_jsonw *w, const struct pkg_node *node)
{
	if (node->kind == PKG_NODE_MAP)
		pkg_jsonw_object_end(w);
	else
		pkg_jsonw_array_end(w);
}

void pkg_jsonw_node(struct pkg_jsonw *w, struct pkg_node *node)
{
	struct pkg_node
	    *up[PKG_LIMIT_JSONW_DEPTH]; /* open ones, outermost first */
	size_t depth = 0;

	while (node != NULL && w->err.code == PKG_OK) {
		if (depth > 0 && up[depth - 1]->kind == PKG_NODE_MAP)
			pkg_jsonw_key(w, node->key);
		if (is_container(node)) {
			open_node(w, node);
			/* too deep is an error that stuck by now */
			if (w->err.code != PKG_OK)
				return;
			up[depth++] = node;
			node = node->first;
		} else {
			put_leaf(w, node);
			node = depth > 0 ? node->next : NULL;
		}
		while (node == NULL && depth > 0) {
			close_node(w, up[--depth]);
			node = depth > 0 ? up[depth]->next : NULL;
		}
	}
}
