/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_TREE_H
#define PKG_TREE_H

#include "packline/arena.h"
#include "packline/limits.h"
#include "packline/node.h"

/*
 * Builds a tree of nodes from the events of a reader, front to back and
 * without recursion, under limits.  In caller memory:
 *
 *     struct pkg_tree tree = {.arena = arena, .source = name, .max_depth = 8};
 *
 * The root is tree.root once tree.depth is 0 again.
 */
enum { PKG_TREE_INTERNED = 256 };

struct pkg_tree {
	struct pkg_arena *arena; /* borrowed; holds the nodes */
	const char *source;      /* borrowed by every node */
	uint32_t max_depth;      /* levels, at most PKG_LIMIT_TREE_DEPTH */
	uint32_t max_keys;       /* of one map; 0 = no limit but the arena's */
	uint64_t max_nodes;      /* 0 = no limit but the arena's */

	struct pkg_node *root;
	uint32_t depth; /* open sequences and maps */
	uint64_t nodes;
	struct pkg_node *open[PKG_LIMIT_TREE_DEPTH];
	const char *key; /* of the next value, NULL = none */
	uint32_t key_line, key_col;
	/* Keys seen lately, so that most of them are stored once. */
	const char *interned[PKG_TREE_INTERNED];
};

PKG_API_BEGIN

/* The innermost open sequence or map, or NULL. */
struct pkg_node *pkg_tree_top(const struct pkg_tree *tree);
/* True if a key has to come next: in a map, with no key waiting. */
bool pkg_tree_wants_key(const struct pkg_tree *tree);
/*
 * The key of the next value: @len bytes of @text without NUL, copied.
 * @line, @col  where it stands.
 * Fails with PKG_INPUT, reason "too-large" (max_keys, arena), or PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_tree_key(struct pkg_tree *tree,
					  const char *text, size_t len,
					  uint32_t line, uint32_t col,
					  struct pkg_err *err);
/*
 * Append a value; a PKG_NODE_SEQ or PKG_NODE_MAP is open from then on.
 * @out  receives the node, whose value the caller fills in.
 * Fails with PKG_INPUT, reason "too-deep" or "too-large" (max_nodes, arena),
 * or PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_tree_add(struct pkg_tree *tree,
					  struct pkg_node **out,
					  enum pkg_node_kind kind,
					  uint32_t line, uint32_t col,
					  struct pkg_err *err);
/*
 * Close the innermost sequence or map.
 * Fails with PKG_INPUT, reason "duplicate-key", or as the arena does.
 */
PKG_MUST_CHECK enum pkg_code pkg_tree_close(struct pkg_tree *tree,
					    struct pkg_err *err);

PKG_API_END

#endif
