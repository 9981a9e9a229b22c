/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/node.h"

#include <string.h>

struct pkg_node *pkg_node_get(const struct pkg_node *map, const char *key)
{
	if (map == NULL || map->kind != PKG_NODE_MAP)
		return NULL;
	for (struct pkg_node *n = map->first; n != NULL; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return n;
	}
	return NULL;
}

struct pkg_mark pkg_node_mark(const struct pkg_node *node)
{
	return (struct pkg_mark){node->source, node->line, node->col};
}

struct pkg_mark pkg_node_key_mark(const struct pkg_node *node)
{
	return (struct pkg_mark){node->source, node->key_line, node->key_col};
}

bool pkg_node_is(const struct pkg_node *node, const char *text)
{
	return node != NULL && node->kind == PKG_NODE_STRING &&
	       strcmp(node->text, text) == 0;
}

void pkg_node_append(struct pkg_node *parent, struct pkg_node *child)
{
	child->next = NULL;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}
