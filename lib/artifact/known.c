/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/resource.h"
#include "packline/node.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

enum { SHA1 = 20 };

struct entry {
	uint8_t sha1[SHA1];
	uint64_t size;
};

struct half { /* one of the two lists of the result */
	struct pkg_buf text;
	struct pkg_sink_buf sink;
	struct pkg_jsonw json;
};

struct pkg_known {
	struct entry *entries;
	size_t count, cap;
	bool sorted;
	struct half matched, to_upload;
};

static void half_init(struct half *half)
{
	half->text.max = PKG_LIMIT_LOCK_JSON;
	pkg_sink_buf_init(&half->sink, &half->text);
	pkg_jsonw_init(&half->json, &half->sink.sink, 0);
	pkg_jsonw_array(&half->json);
}

enum pkg_code pkg_known_new(struct pkg_known **out, struct pkg_err *err)
{
	struct pkg_known *known = calloc(1, sizeof(*known));

	if (known == NULL)
		return pkg_fail_nomem(err);
	half_init(&known->matched);
	half_init(&known->to_upload);
	*out = known;
	return PKG_OK;
}

void pkg_known_free(struct pkg_known *known)
{
	if (known == NULL)
		return;
	pkg_buf_fini(&known->matched.text);
	pkg_buf_fini(&known->to_upload.text);
	free(known->entries);
	free(known);
}

static int by_value(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	const int order = memcmp(a->sha1, b->sha1, SHA1);

	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static enum pkg_code add(struct pkg_known *known, const struct entry *entry,
			 struct pkg_err *err)
{
	if (known->count == known->cap) {
		const size_t cap = known->cap == 0 ? 1024 : 2 * known->cap;
		struct entry *grown =
		    reallocarray(known->entries, cap, sizeof(*grown));

		if (grown == NULL)
			return pkg_fail_nomem(err);
		known->entries = grown;
		known->cap = cap;
	}
	known->entries[known->count++] = *entry;
	known->sorted = false;
	return PKG_OK;
}

static enum pkg_code refuse(const struct pkg_node *node, const char *what,
			    struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	(void)pkg_refuse(err, PKG_INPUT, "malformed-answer", "%s", what);
	(void)pkg_err_at(err, &mark);
	return pkg_hint(err, "give the body that the server answered to "
			     "POST /v3/resource_matches");
}

static enum pkg_code read_entry(struct pkg_known *known,
				const struct pkg_node *node,
				struct pkg_err *err)
{
	const struct pkg_node *checksum, *value = NULL, *size = NULL;
	struct entry entry;

	if (node->kind == PKG_NODE_MAP) {
		checksum = pkg_node_get(node, "checksum");
		size = pkg_node_get(node, "size_in_bytes");
		if (checksum != NULL && checksum->kind == PKG_NODE_MAP)
			value = pkg_node_get(checksum, "value");
	}
	if (value == NULL || value->kind != PKG_NODE_STRING ||
	    !pkg_hex_decode(entry.sha1, SHA1, value->text, value->len))
		return refuse(
		    node, "an entry without a SHA-1 in checksum.value", err);
	if (size == NULL || size->kind != PKG_NODE_INT || size->number < 0)
		return refuse(node, "an entry without size_in_bytes", err);
	entry.size = (uint64_t)size->number;
	return add(known, &entry, err);
}

enum pkg_code pkg_known_add(struct pkg_known *known, const char *name,
			    const void *json, size_t len, struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = name, .data = json, .len = len};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_node *root = NULL;
	const struct pkg_node *list = NULL;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_json_parse(&root, arena, &input, err));
	if (root->kind == PKG_NODE_MAP)
		list = pkg_node_get(root, "resources");
	if (list == NULL || list->kind != PKG_NODE_SEQ)
		return refuse(root, "no answer: it has no list 'resources'",
			      err);
	for (const struct pkg_node *n = list->first; n != NULL; n = n->next)
		PKG_TRY(read_entry(known, n, err));
	return PKG_OK;
}

bool pkg_known_has(struct pkg_known *known,
		   const uint8_t sha1[PKG_AT_LEAST(20)], uint64_t size)
{
	struct entry entry = {.size = size};

	if (known->count == 0)
		return false;
	if (!known->sorted)
		qsort(known->entries, known->count, sizeof(*known->entries),
		      by_value);
	known->sorted = true;
	memcpy(entry.sha1, sha1, SHA1);
	return bsearch(&entry, known->entries, known->count, sizeof(entry),
		       by_value) != NULL;
}

enum pkg_code pkg_known_sort(struct pkg_known *known,
			     const struct pkg_artifact *artifact,
			     struct pkg_err *err)
{
	struct half *half =
	    pkg_known_has(known, artifact->digests.sha1, artifact->size)
		? &known->matched
		: &known->to_upload;

	pkg_resource_entry(&half->json, artifact);
	if (half->json.err.code != PKG_OK)
		return pkg_jsonw_finish(&half->json, err);
	return PKG_OK;
}

enum pkg_code pkg_known_write(struct pkg_known *known, struct pkg_sink *sink,
			      struct pkg_err *err)
{
	struct half *halves[] = {&known->matched, &known->to_upload};
	static const char *const before[] = {"{\"matched\":",
					     ",\"to_upload\":"};

	for (size_t i = 0; i < 2; i++) {
		pkg_jsonw_array_end(&halves[i]->json);
		PKG_TRY(pkg_jsonw_finish(&halves[i]->json, err));
		PKG_TRY(pkg_sink_puts(sink, before[i], err));
		PKG_TRY(pkg_sink_write(sink, halves[i]->text.data,
				       halves[i]->text.len, err));
	}
	return pkg_sink_puts(sink, "}\n", err);
}
