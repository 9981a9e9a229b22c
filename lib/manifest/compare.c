/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/compare.h"

#include "packline/buf.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/map.h"
#include "packline/sink.h"

#include <stdlib.h>
#include <string.h>

/* What identifies the items of a list. */
struct identity {
	const char *list;
	const char *fields[5]; /* ends with NULL */
	const char *loose[3];  /* without the version; or nothing */
};

static const struct identity identities[] = {
    {"modules", {"type", "key", "name", "version"}, {"type", "name"}},
    {"sets", {"type", "key", "name", "version"}, {"type", "name"}},
    {"artifacts", {"filename", "path", "glob", "regex"}, {0}},
    {"metadata", {"key"}, {0}},
    {"rollouts", {"name"}, {0}},
    {"targetFilters", {"name"}, {0}},
    {"groups", {"name"}, {0}},
};

struct comparer {
	struct pkg_arena *arena;
	struct pkg_changes *out;
	struct pkg_err *err;
};

static enum pkg_code compare_values(struct comparer *c, const char *path,
				    struct pkg_node *a, struct pkg_node *b);

static enum pkg_code add(struct comparer *c, enum pkg_change_op op,
			 const char *path, struct pkg_node *a,
			 struct pkg_node *b)
{
	struct pkg_change *change =
	    pkg_arena_alloc(c->arena, sizeof(*change), c->err);

	if (change == NULL)
		return c->err->code;
	*change = (struct pkg_change){
	    .op = op, .path = path, .old_value = a, .new_value = b};
	if (c->out->last != NULL)
		c->out->last->next = change;
	else
		c->out->first = change;
	c->out->last = change;
	c->out->count++;
	return PKG_OK;
}

static const struct identity *identity_of(const char *list)
{
	const size_t count = sizeof(identities) / sizeof(identities[0]);

	for (size_t i = 0; list != NULL && i < count; i++) {
		if (strcmp(identities[i].list, list) == 0)
			return &identities[i];
	}
	return NULL;
}

/* The whole item, for lists whose items have no name. */
static enum pkg_code key_whole(struct comparer *c, struct pkg_buf *key,
			       struct pkg_node *item)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, key);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_node(&w, item);
	return pkg_jsonw_finish(&w, c->err);
}

/* @out stays NULL if @fields name nothing that the item has. */
static enum pkg_code key_of(struct comparer *c, const char **out,
			    struct pkg_node *item, const char *const *fields)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf key = {.max = PKG_LIMIT_SCALAR};

	*out = NULL;
	if (item->kind == PKG_NODE_STRING) {
		*out = item->text;
		return PKG_OK;
	}
	for (; fields != NULL && *fields != NULL; fields++) {
		const struct pkg_node *n = pkg_node_get(item, *fields);

		if (n == NULL || n->kind != PKG_NODE_STRING)
			continue;
		if (key.len > 0)
			PKG_TRY(pkg_buf_puts(&key, " ", c->err));
		PKG_TRY(pkg_buf_puts(&key, n->text, c->err));
	}
	if (fields == NULL || key.len == 0)
		PKG_TRY(key_whole(c, &key, item));
	*out = pkg_arena_dup(c->arena, pkg_buf_str(&key), key.len, c->err);
	return *out != NULL ? PKG_OK : c->err->code;
}

/* -- pairing two lists -- */

struct item {
	struct pkg_node *node;
	const char *key;
	struct item *twin; /* on the other side */
};

struct side {
	struct item *items; /* heap */
	size_t count;
};

static enum pkg_code take_side(struct comparer *c, struct side *out,
			       const struct pkg_node *list,
			       const struct identity *id)
{
	out->items = calloc((size_t)list->count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return pkg_fail_nomem(c->err);
	for (struct pkg_node *n = list->first; n != NULL; n = n->next) {
		struct item *item = &out->items[out->count++];

		item->node = n;
		PKG_TRY(
		    key_of(c, &item->key, n, id != NULL ? id->fields : NULL));
	}
	return PKG_OK;
}

/* Pair what has no twin yet by its keys; a key that is there twice on a side
   pairs nothing but the first. */
static enum pkg_code pair(struct comparer *c, struct side *a, struct side *b,
			  const char *const *fields, bool only_unique)
{
	PKG_AUTO_FINI(pkg_map) struct pkg_map keys = {0};
	PKG_AUTO_FINI(pkg_map) struct pkg_map taken = {0};
	const void *before;
	const char *key;

	for (size_t i = 0; i < b->count; i++) {
		if (b->items[i].twin != NULL)
			continue;
		PKG_TRY(key_of(c, &key, b->items[i].node, fields));
		PKG_TRY(pkg_map_add(&keys, key, &b->items[i], &before, c->err));
		if (before != NULL && only_unique)
			pkg_map_replace(&keys, key, c); /* several */
	}
	for (size_t i = 0; i < a->count; i++) {
		struct item *twin;
		const void *found;

		if (a->items[i].twin != NULL)
			continue;
		PKG_TRY(key_of(c, &key, a->items[i].node, fields));
		PKG_TRY(
		    pkg_map_add(&taken, key, &a->items[i], &before, c->err));
		found = pkg_map_get(&keys, key);
		if (found == NULL || found == c)
			continue;
		memcpy(&twin, &found, sizeof(twin));
		if (before != NULL && only_unique && twin->twin == before) {
			/* A second one on this side: neither is the twin. */
			twin->twin->twin = NULL;
			twin->twin = NULL;
			pkg_map_replace(&keys, key, c);
		} else if (before == NULL) {
			twin->twin = &a->items[i];
			a->items[i].twin = twin;
		}
	}
	return PKG_OK;
}

static const char *item_path(struct comparer *c, const char *path,
			     const struct item *item)
{
	return pkg_arena_printf(c->arena, c->err, "%s[%s]", path, item->key);
}

static enum pkg_code report_sides(struct comparer *c, const char *path,
				  const struct side *a, const struct side *b)
{
	const char *name;

	for (size_t i = 0; i < a->count; i++) {
		const struct item *item = &a->items[i];

		name = item_path(c, path, item);
		if (name == NULL)
			return c->err->code;
		if (item->twin == NULL)
			PKG_TRY(add(c, PKG_REMOVED, name, item->node, NULL));
		else
			PKG_TRY(compare_values(c, name, item->node,
					       item->twin->node));
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct item *item = &b->items[i];

		if (item->twin != NULL)
			continue;
		name = item_path(c, path, item);
		if (name == NULL)
			return c->err->code;
		PKG_TRY(add(c, PKG_ADDED, name, NULL, item->node));
	}
	return PKG_OK;
}

static enum pkg_code compare_lists(struct comparer *c, const char *path,
				   struct pkg_node *a, struct pkg_node *b)
{
	const struct identity *id = identity_of(a->key);
	struct side old_side = {0}, new_side = {0};
	enum pkg_code code;

	code = take_side(c, &old_side, a, id);
	if (code == PKG_OK)
		code = take_side(c, &new_side, b, id);
	if (code == PKG_OK)
		code = pair(c, &old_side, &new_side,
			    id != NULL ? id->fields : NULL, false);
	if (code == PKG_OK && id != NULL && id->loose[0] != NULL)
		code = pair(c, &old_side, &new_side, id->loose, true);
	if (code == PKG_OK)
		code = report_sides(c, path, &old_side, &new_side);
	free(old_side.items);
	free(new_side.items);
	return code;
}

static enum pkg_code compare_maps(struct comparer *c, const char *path,
				  struct pkg_node *a, struct pkg_node *b)
{
	const char *dot = *path != '\0' ? "." : "";
	const char *name;

	for (struct pkg_node *n = a->first; n != NULL; n = n->next) {
		struct pkg_node *other = pkg_node_get(b, n->key);

		name = pkg_arena_printf(c->arena, c->err, "%s%s%s", path, dot,
					n->key);
		if (name == NULL)
			return c->err->code;
		if (other == NULL)
			PKG_TRY(add(c, PKG_REMOVED, name, n, NULL));
		else
			PKG_TRY(compare_values(c, name, n, other));
	}
	for (struct pkg_node *n = b->first; n != NULL; n = n->next) {
		if (pkg_node_get(a, n->key) != NULL)
			continue;
		name = pkg_arena_printf(c->arena, c->err, "%s%s%s", path, dot,
					n->key);
		if (name == NULL)
			return c->err->code;
		PKG_TRY(add(c, PKG_ADDED, name, NULL, n));
	}
	return PKG_OK;
}

static bool same_scalar(const struct pkg_node *a, const struct pkg_node *b)
{
	return a->kind == b->kind && a->truth == b->truth &&
	       a->number == b->number &&
	       (a->kind != PKG_NODE_STRING || strcmp(a->text, b->text) == 0);
}

/* Recursion ends: the readers allow 16 levels. */
static enum pkg_code compare_values(struct comparer *c, const char *path,
				    struct pkg_node *a, struct pkg_node *b)
{
	if (a->kind == b->kind && a->kind == PKG_NODE_MAP)
		return compare_maps(c, path, a, b);
	if (a->kind == b->kind && a->kind == PKG_NODE_SEQ)
		return compare_lists(c, path, a, b);
	return same_scalar(a, b) ? PKG_OK : add(c, PKG_CHANGED, path, a, b);
}

enum pkg_code pkg_compare(struct pkg_changes *out, struct pkg_arena *arena,
			  struct pkg_node *old_root, struct pkg_node *new_root,
			  struct pkg_err *err)
{
	struct comparer c = {arena, out, err};

	*out = (struct pkg_changes){0};
	return compare_values(&c, "", old_root, new_root);
}
