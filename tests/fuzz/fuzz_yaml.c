/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/node.h"
#include "packline/text.h"
#include "packline/yaml.h"

#include <string.h>

enum { ARENA = 64 << 20 };

static void check_text(const char *text, size_t len)
{
	MUST(strlen(text) == len);
	MUST(pkg_utf8_valid(text, len));
	for (size_t i = 0; i < len; i++)
		MUST((unsigned char)text[i] >= 0x20 || text[i] == '\n' ||
		     text[i] == '\t');
}

/* What every tree promises. */
static void check_node(const struct pkg_node *node, unsigned depth)
{
	uint32_t count = 0;

	MUST(node->line > 0 && node->col > 0);
	MUST(strcmp(node->source, "fuzz") == 0);
	if (node->kind == PKG_NODE_STRING) {
		check_text(node->text, node->len);
		return;
	}
	MUST(node->kind == PKG_NODE_SEQ || node->kind == PKG_NODE_MAP);
	MUST(depth < PKG_LIMIT_YAML_DEPTH);
	for (const struct pkg_node *n = node->first; n != NULL; n = n->next) {
		MUST((n->key != NULL) == (node->kind == PKG_NODE_MAP));
		if (n->key != NULL) {
			check_text(n->key, strlen(n->key));
			MUST(pkg_node_get(node, n->key) == n);
			MUST(n->key_line > 0 && n->key_col > 0);
		}
		check_node(n, depth + 1);
		count++;
	}
	MUST(count == node->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_node *root = NULL;
	enum pkg_code code;

	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	code = pkg_yaml_parse(&root, arena, "fuzz", data, size, &err);
	if (code == PKG_OK) {
		check_node(root, 0);
		return 0;
	}
	MUST(code == PKG_INPUT && err.code == code);
	MUST(err.reason != NULL);
	return 0;
}
