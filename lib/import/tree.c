/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/limits.h"

#include <string.h>

/* What stands between the braces of "{REF}" at @text, in @arena. */
static const char *reference(struct pkg_arena *arena, const char *text,
			     const char **end, struct pkg_err *err)
{
	const char *close = strchr(text, '}');

	if (close == NULL) {
		(void)pkg_refuse(err, PKG_INPUT, "malformed-plan",
				 "'%s' has a { without a }", text);
		return NULL;
	}
	*end = close + 1;
	return pkg_arena_dup(arena, text + 1, (size_t)(close - text) - 1, err);
}

static enum pkg_code find_thing(struct run *run, const char *ref,
				const struct thing **out, struct pkg_err *err)
{
	*out = pkg_map_get(&run->things, ref);
	if (*out != NULL && ((*out)->id != 0 || (*out)->pending))
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "malformed-plan",
			  "'%s' is needed before its step", ref);
}

static enum pkg_code resolve_one(struct run *run, struct pkg_node *node,
				 struct pkg_err *err)
{
	const struct thing *thing = NULL;
	const char *ref = NULL, *end = NULL;

	if (node->key == NULL || node->kind != PKG_NODE_STRING ||
	    node->text[0] != '{' ||
	    (strcmp(node->key, "id") != 0 &&
	     strcmp(node->key, "distributionSetId") != 0))
		return PKG_OK;
	ref = reference(run->import->arena, node->text, &end, err);
	if (ref == NULL)
		return err->code;
	PKG_TRY(find_thing(run, ref, &thing, err));
	if (thing->pending)
		return PKG_OK;
	node->kind = PKG_NODE_INT;
	node->number = thing->id;
	return PKG_OK;
}

enum pkg_code tree_resolve(struct run *run, struct pkg_node *tree,
			   struct pkg_err *err)
{
	struct pkg_node *stack[PKG_LIMIT_TREE_DEPTH + 1] = {tree};
	size_t depth = tree != NULL;
	bool outermost = true;

	while (depth > 0) {
		struct pkg_node *node = stack[depth - 1];

		if (node == NULL) {
			depth--;
			continue;
		}
		stack[depth - 1] = outermost ? NULL : node->next;
		outermost = false;
		PKG_TRY(resolve_one(run, node, err));
		if (node->first == NULL)
			continue;
		if (depth > PKG_LIMIT_TREE_DEPTH)
			return pkg_fail(err, PKG_INTERNAL, "plan too deep");
		stack[depth++] = node->first;
	}
	return PKG_OK;
}

const char *tree_path(struct run *run, struct pkg_arena *arena,
		      const char *path, struct pkg_err *err)
{
	const char *out = "";

	while (*path != '\0') {
		const size_t len = strcspn(path, "{");
		const struct thing *thing = NULL;
		const char *ref;

		out =
		    pkg_arena_printf(arena, err, "%s%.*s", out, (int)len, path);
		path += len;
		if (out == NULL || *path == '\0')
			return out;
		ref = reference(arena, path, &path, err);
		if (ref == NULL || find_thing(run, ref, &thing, err) != PKG_OK)
			return NULL;
		out = pkg_arena_printf(arena, err, "%s%lld", out,
				       (long long)thing->id);
		if (out == NULL)
			return NULL;
	}
	return out;
}

/* True if a reference in @text is pending. */
static bool text_is_pending(const struct run *run, const char *text)
{
	char ref[PKG_LIMIT_PATH];

	while ((text = strchr(text, '{')) != NULL) {
		const size_t len = strcspn(++text, "}");
		const struct thing *thing;

		if (len >= sizeof(ref))
			return false;
		memcpy(ref, text, len);
		ref[len] = '\0';
		thing = pkg_map_get(&run->things, ref);
		if (thing != NULL && thing->pending)
			return true;
	}
	return false;
}

bool tree_is_pending(const struct run *run, const struct pkg_plan_step *step)
{
	const struct pkg_node *exact = step->lookup->exact;

	for (const struct pkg_node *m = exact->first; m != NULL; m = m->next) {
		if (m->kind == PKG_NODE_STRING && strcmp(m->key, "id") == 0 &&
		    text_is_pending(run, m->text))
			return true;
	}
	return text_is_pending(run, step->lookup->path->text);
}

/* -- comparing -- */

static bool is_nothing(const struct pkg_node *node)
{
	return node == NULL || node->kind == PKG_NODE_NULL ||
	       (node->kind == PKG_NODE_STRING && node->len == 0) ||
	       (node->kind == PKG_NODE_BOOL && !node->truth);
}

bool tree_equal(const struct pkg_node *want, const struct pkg_node *have)
{
	if (is_nothing(want) || is_nothing(have))
		return is_nothing(want) && is_nothing(have);
	if (want->kind != have->kind)
		return false;
	switch (want->kind) {
	case PKG_NODE_STRING:
		return want->len == have->len &&
		       memcmp(want->text, have->text, want->len) == 0;
	case PKG_NODE_INT:
		return want->number == have->number;
	case PKG_NODE_BOOL:
	case PKG_NODE_NULL:
		return true;
	case PKG_NODE_SEQ:
	case PKG_NODE_MAP:
	default:
		return false;
	}
}

bool tree_covers(const struct pkg_node *want, const struct pkg_node *have)
{
	for (const struct pkg_node *m = want->first; m != NULL; m = m->next) {
		if (!tree_equal(m, pkg_node_get(have, m->key)))
			return false;
	}
	return true;
}

const struct pkg_node *tree_object(const struct pkg_node *body)
{
	if (body != NULL && body->kind == PKG_NODE_SEQ)
		body = body->first;
	return body != NULL && body->kind == PKG_NODE_MAP ? body : NULL;
}

const char *tree_text(const struct pkg_node *map, const char *key)
{
	const struct pkg_node *node = map != NULL && map->kind == PKG_NODE_MAP
					  ? pkg_node_get(map, key)
					  : NULL;

	return node != NULL && node->kind == PKG_NODE_STRING ? node->text
							     : NULL;
}

int64_t tree_number(const struct pkg_node *map, const char *key)
{
	const struct pkg_node *node = map != NULL && map->kind == PKG_NODE_MAP
					  ? pkg_node_get(map, key)
					  : NULL;

	return node != NULL && node->kind == PKG_NODE_INT && node->number > 0
		   ? node->number
		   : 0;
}
