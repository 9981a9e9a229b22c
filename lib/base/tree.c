/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Maps of at most this many keys are searched pair by pair. */
enum { SMALL_MAP = 12 };

struct pkg_node *pkg_tree_top(const struct pkg_tree *tree)
{
	return tree->depth > 0 ? tree->open[tree->depth - 1] : NULL;
}

bool pkg_tree_wants_key(const struct pkg_tree *tree)
{
	const struct pkg_node *top = pkg_tree_top(tree);

	return top != NULL && top->kind == PKG_NODE_MAP && tree->key == NULL;
}

/* An arena that is full says so as PKG_INPUT, but without a reason. */
static enum pkg_code full(struct pkg_err *err)
{
	if (err->code == PKG_INPUT)
		err->reason = "too-large";
	return err->code;
}

/* FNV-1a; it only picks a slot, so collisions cost memory, never time. */
static uint32_t hash(const char *text, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h ^ h >> 16;
}

static const char *intern(struct pkg_tree *tree, const char *text, size_t len,
			  struct pkg_err *err)
{
	const char **slot =
	    &tree->interned[hash(text, len) % PKG_TREE_INTERNED];

	if (*slot == NULL || strncmp(*slot, text, len) != 0 ||
	    (*slot)[len] != '\0')
		*slot = pkg_arena_dup(tree->arena, text, len, err);
	return *slot;
}

enum pkg_code pkg_tree_key(struct pkg_tree *tree, const char *text, size_t len,
			   uint32_t line, uint32_t col, struct pkg_err *err)
{
	const struct pkg_mark mark = {tree->source, line, col};
	const struct pkg_node *top = pkg_tree_top(tree);

	if (tree->max_keys != 0 && top->count >= tree->max_keys) {
		(void)pkg_refuse(err, PKG_INPUT, "too-large",
				 "more than %" PRIu32 " keys in one mapping",
				 tree->max_keys);
		return pkg_err_at(err, &mark);
	}
	tree->key = intern(tree, text, len, err);
	if (tree->key == NULL)
		return full(err);
	tree->key_line = line;
	tree->key_col = col;
	return PKG_OK;
}

static enum pkg_code check_limits(const struct pkg_tree *tree, bool opens,
				  const struct pkg_mark *mark,
				  struct pkg_err *err)
{
	if (opens && (tree->depth >= tree->max_depth ||
		      tree->depth >= PKG_LIMIT_TREE_DEPTH)) {
		(void)pkg_refuse(err, PKG_INPUT, "too-deep",
				 "more than %" PRIu32 " levels of nesting",
				 tree->depth);
		return pkg_err_at(err, mark);
	}
	if (tree->max_nodes != 0 && tree->nodes >= tree->max_nodes) {
		(void)pkg_refuse(err, PKG_INPUT, "too-large",
				 "more than %" PRIu64 " values",
				 tree->max_nodes);
		return pkg_err_at(err, mark);
	}
	return PKG_OK;
}

enum pkg_code pkg_tree_add(struct pkg_tree *tree, struct pkg_node **out,
			   enum pkg_node_kind kind, uint32_t line, uint32_t col,
			   struct pkg_err *err)
{
	const struct pkg_mark mark = {tree->source, line, col};
	const bool opens = kind == PKG_NODE_SEQ || kind == PKG_NODE_MAP;
	struct pkg_node *top = pkg_tree_top(tree), *node;

	PKG_TRY(check_limits(tree, opens, &mark, err));
	node = pkg_arena_alloc(tree->arena, sizeof(*node), err);
	if (node == NULL)
		return full(err);
	node->kind = kind;
	node->source = tree->source;
	node->line = line;
	node->col = col;
	node->key = tree->key;
	node->key_line = tree->key_line;
	node->key_col = tree->key_col;
	tree->key = NULL;
	tree->key_line = tree->key_col = 0;
	tree->nodes++;
	if (top != NULL)
		pkg_node_append(top, node);
	else
		tree->root = node;
	if (opens)
		tree->open[tree->depth++] = node;
	*out = node;
	return PKG_OK;
}

static bool same_key(const struct pkg_node *a, const struct pkg_node *b)
{
	return a->key == b->key || strcmp(a->key, b->key) == 0;
}

static bool stands_before(const struct pkg_node *a, const struct pkg_node *b)
{
	return a->key_line != b->key_line ? a->key_line < b->key_line
					  : a->key_col < b->key_col;
}

static int by_key_and_place(const void *a, const void *b)
{
	const struct pkg_node *x = *(const struct pkg_node *const *)a;
	const struct pkg_node *y = *(const struct pkg_node *const *)b;
	int order = x->key == y->key ? 0 : strcmp(x->key, y->key);

	if (order != 0)
		return order;
	return stands_before(x, y) ? -1 : 1;
}

static enum pkg_code refuse_duplicate(const struct pkg_node *first,
				      const struct pkg_node *again,
				      struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_key_mark(again);

	(void)pkg_refuse(err, PKG_INPUT, "duplicate-key",
			 "the key '%.100s' stands here a second time",
			 again->key);
	(void)pkg_hint(err,
		       "the first one is at line %" PRIu32 ", column %" PRIu32
		       "; remove one of them",
		       first->key_line, first->key_col);
	return pkg_err_at(err, &mark);
}

static enum pkg_code check_small_map(const struct pkg_node *map,
				     struct pkg_err *err)
{
	for (const struct pkg_node *b = map->first; b != NULL; b = b->next) {
		for (const struct pkg_node *a = map->first; a != b; a = a->next)
			if (same_key(a, b))
				return refuse_duplicate(a, b, err);
	}
	return PKG_OK;
}

/* Sorted, so that a hostile map of n keys costs n log n. */
static enum pkg_code check_large_map(struct pkg_arena *arena,
				     const struct pkg_node *map,
				     struct pkg_err *err)
{
	const struct pkg_node **sorted, *first = NULL, *again = NULL;
	size_t n = 0;

	sorted = pkg_arena_array(arena, map->count,
				 sizeof(const struct pkg_node *), err);
	if (sorted == NULL)
		return full(err);
	for (const struct pkg_node *a = map->first; a != NULL; a = a->next)
		sorted[n++] = a;
	qsort(sorted, n, sizeof(const struct pkg_node *), by_key_and_place);
	for (size_t i = 1; i < n; i++) {
		if (same_key(sorted[i - 1], sorted[i]) &&
		    (again == NULL || stands_before(sorted[i], again))) {
			first = sorted[i - 1];
			again = sorted[i];
		}
	}
	return again == NULL ? PKG_OK : refuse_duplicate(first, again, err);
}

enum pkg_code pkg_tree_close(struct pkg_tree *tree, struct pkg_err *err)
{
	const struct pkg_node *top = tree->open[--tree->depth];

	if (top->kind != PKG_NODE_MAP)
		return PKG_OK;
	return top->count <= SMALL_MAP ? check_small_map(top, err)
				       : check_large_map(tree->arena, top, err);
}
