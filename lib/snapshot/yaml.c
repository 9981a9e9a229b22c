/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include "packline/buf.h"
#include "packline/json.h"
#include "packline/limits.h"

#include <stdio.h>
#include <string.h>

/*
 * A lock's tree as YAML.  Every text is in double quotes, which YAML reads as
 * JSON does, with each dollar doubled, because a manifest has variables.
 */
struct yaml {
	struct pkg_sink *sink;
	struct pkg_err *err;
	enum pkg_code code;
};

/* Known by the lock and found anew when the manifest is resolved. */
static const char *const left_out[] = {"md5",  "sha1",       "sha256", "sha512",
				       "size", "sealSha256", NULL};
/* What people look for first. */
static const char *const first_keys[] = {"tenant", "product", "types", "name",
					 "key",    "version", "type",  NULL};

static void puts_(struct yaml *y, const char *text)
{
	if (y->code == PKG_OK)
		y->code = pkg_sink_puts(y->sink, text, y->err);
}

static void put_text(struct yaml *y, const struct pkg_node *node)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf quoted = {.max = 1u << 24};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;
	const char *from;

	pkg_sink_buf_init(&sink, &quoted);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_str(&w, node->text, node->len);
	if (y->code == PKG_OK)
		y->code = pkg_jsonw_finish(&w, y->err);
	from = pkg_buf_str(&quoted);
	for (const char *s = from; y->code == PKG_OK; s++) {
		if (*s != '$' && *s != '\0')
			continue;
		y->code =
		    pkg_sink_write(y->sink, from, (size_t)(s - from), y->err);
		if (*s == '\0')
			break;
		puts_(y, "$$");
		from = s + 1;
	}
}

static void put_scalar(struct yaml *y, const struct pkg_node *node)
{
	char digits[24];

	switch (node->kind) {
	case PKG_NODE_INT:
		(void)snprintf(digits, sizeof(digits), "%lld",
			       (long long)node->number);
		puts_(y, digits);
		break;
	case PKG_NODE_BOOL:
		puts_(y, node->truth ? "true" : "false");
		break;
	case PKG_NODE_STRING:
	case PKG_NODE_NULL:
	case PKG_NODE_SEQ:
	case PKG_NODE_MAP:
		put_text(y, node);
		break;
	}
}

static bool is_in(const char *const *list, const char *key)
{
	while (*list != NULL && strcmp(*list, key) != 0)
		list++;
	return *list != NULL;
}

static bool is_empty(const struct pkg_node *n)
{
	if (n->kind == PKG_NODE_SEQ)
		return n->count == 0;
	if (n->kind != PKG_NODE_MAP)
		return false;
	for (n = n->first; n != NULL; n = n->next) {
		if (n->kind != PKG_NODE_SEQ || n->count > 0)
			return false;
	}
	return true;
}

/* @file: it is pinned, so what is in it is found anew. */
static bool is_shown(const struct pkg_node *n, bool root, bool file)
{
	if (is_empty(n))
		return false;
	if (root)
		return strcmp(n->key, "format") != 0 &&
		       strcmp(n->key, "type") != 0;
	return !file || !is_in(left_out, n->key);
}

static bool is_scalar(const struct pkg_node *n)
{
	return n->kind != PKG_NODE_MAP && n->kind != PKG_NODE_SEQ;
}

static void put_indent(struct yaml *y, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		puts_(y, "  ");
}

static void put_node(struct yaml *y, const struct pkg_node *node,
		     unsigned depth);

static void put_entry(struct yaml *y, const struct pkg_node *n, unsigned depth,
		      bool *begun)
{
	if (*begun || depth == 0)
		put_indent(y, depth);
	*begun = true;
	puts_(y, n->key);
	if (is_scalar(n)) {
		puts_(y, ": ");
		put_scalar(y, n);
		puts_(y, "\n");
		return;
	}
	puts_(y, ":\n");
	put_node(y, n, depth + 1);
}

/*
 * A map, whose first line is indented already if it is in a list; those of
 * first_keys in front.
 */
static void put_map(struct yaml *y, const struct pkg_node *map, unsigned depth,
		    bool indented)
{
	const bool root = depth == 0;
	const bool file = pkg_node_get(map, "path") != NULL;
	bool begun = !indented;

	for (size_t i = 0; first_keys[i] != NULL; i++) {
		const struct pkg_node *n = pkg_node_get(map, first_keys[i]);

		if (n != NULL && is_shown(n, root, file))
			put_entry(y, n, depth, &begun);
	}
	for (const struct pkg_node *n = map->first; n != NULL; n = n->next) {
		if (!is_in(first_keys, n->key) && is_shown(n, root, file))
			put_entry(y, n, depth, &begun);
	}
}

static void put_node(struct yaml *y, const struct pkg_node *node,
		     unsigned depth)
{
	if (node->kind == PKG_NODE_MAP) {
		put_map(y, node, depth, false);
		return;
	}
	for (const struct pkg_node *n = node->first; n != NULL; n = n->next) {
		put_indent(y, depth);
		puts_(y, "- ");
		if (n->kind == PKG_NODE_MAP) {
			put_map(y, n, depth + 1, true);
		} else {
			put_scalar(y, n);
			puts_(y, "\n");
		}
	}
}

enum pkg_code pkg_lock_yaml(const struct pkg_manifest *lock,
			    struct pkg_sink *sink, struct pkg_err *err)
{
	struct yaml y = {.sink = sink, .err = err};

	puts_(&y, "packline: 1\n");
	put_map(&y, lock->root, 0, false);
	return y.code;
}
