/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/compare.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/lock.h"

#include <string.h>

/* A lock as a server would list it. */

/* Take the entry @key out of @map. */
static void forget(struct pkg_node *map, const char *key)
{
	struct pkg_node *before = NULL;
	struct pkg_node *n = map->first;

	while (n != NULL && strcmp(n->key, key) != 0) {
		before = n;
		n = n->next;
	}
	if (n == NULL)
		return;
	if (before != NULL)
		before->next = n->next;
	else
		map->first = n->next;
	if (map->last == n)
		map->last = before;
	map->count--;
}

/* Take out what is the same as being left out. */
static void forget_defaults(struct pkg_node *map)
{
	for (struct pkg_node *n = map->first, *next; n != NULL; n = next) {
		const bool is_no = n->kind == PKG_NODE_BOOL && !n->truth;
		const bool is_empty = n->kind == PKG_NODE_STRING && n->len == 0;
		const bool is_one = n->kind == PKG_NODE_INT && n->number == 1 &&
				    strcmp(n->key, "maxAssignments") == 0;
		const bool is_zero = n->kind == PKG_NODE_INT &&
				     n->number == 0 &&
				     strcmp(n->key, "minArtifacts") == 0;

		next = n->next;
		if (is_no || is_empty || is_one || is_zero)
			forget(map, n->key);
	}
}

/* The same in every map of the tree, whose depth the reader has bounded. */
static void forget_all_defaults(struct pkg_node *node)
{
	if (node->kind == PKG_NODE_MAP)
		forget_defaults(node);
	for (struct pkg_node *n = node->first; n != NULL; n = n->next)
		forget_all_defaults(n);
}

/* What a server does not know, or calls otherwise. */
static void forget_unlisted(struct pkg_node *root)
{
	static const char *const of_root[] = {"assignments", "product",
					      "rollouts",    "targetFilters",
					      "tenant",      NULL};
	static const char *const of_file[] = {"path", "seal", "sealSha256",
					      "sha512", NULL};
	const struct pkg_node *modules = pkg_node_get(root, "modules");

	for (size_t i = 0; of_root[i] != NULL; i++)
		forget(root, of_root[i]);
	for (struct pkg_node *m = modules != NULL ? modules->first : NULL;
	     m != NULL; m = m->next) {
		const struct pkg_node *files = pkg_node_get(m, "artifacts");

		forget(m, "sbom");
		for (struct pkg_node *f = files != NULL ? files->first : NULL;
		     f != NULL; f = f->next) {
			for (size_t i = 0; of_file[i] != NULL; i++)
				forget(f, of_file[i]);
		}
	}
}

enum pkg_code pkg_compare_as_listed(struct pkg_node **out,
				    struct pkg_arena *arena,
				    const struct pkg_manifest *lock,
				    struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	struct pkg_json_input input = {.name = "lock",
				       .max_depth = PKG_LIMIT_LOCK_DEPTH};
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &text);
	PKG_TRY(pkg_lock_write(lock, &sink.sink, err));
	input.data = text.data;
	input.len = text.len;
	PKG_TRY(pkg_json_parse(out, arena, &input, err));
	forget_unlisted(*out);
	forget_all_defaults(*out);
	return PKG_OK;
}
