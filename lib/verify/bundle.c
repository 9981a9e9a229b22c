/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/node.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* The member of a plan's step that names the content it needs. */
#define BLOB_KEY "blob"

void pkg_verify_bundle_fini(struct pkg_verify_bundle *bundle)
{
	pkg_buf_fini(&bundle->plan);
}

enum pkg_code pkg_verify_bundle_file(struct pkg_verify_bundle *bundle,
				     size_t index,
				     const struct pkg_container_file *file,
				     struct pkg_err *err)
{
	char hex[65];

	if (index == 0) {
		if (strcmp(file->source_name, "plan.json") != 0)
			return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
					  "a bundle begins with plan.json, not "
					  "with '%s'",
					  file->source_name);
		if (file->size > PKG_LIMIT_PLAN_JSON)
			return pkg_refuse(err, PKG_INPUT, "limit",
					  "plan.json is larger than %u bytes",
					  PKG_LIMIT_PLAN_JSON);
		return PKG_OK;
	}
	pkg_hex_encode(hex, file->sha256, sizeof(file->sha256));
	if (strcmp(file->source_name, hex) != 0)
		return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
				  "blob '%s' is not named by its content, "
				  "whose SHA-256 is %s",
				  file->source_name, hex);
	if (bundle->count > 0 &&
	    strcmp(bundle->blobs[bundle->count - 1], hex) >= 0)
		return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
				  "blob %s stands in the wrong place", hex);
	bundle->blobs[bundle->count] =
	    pkg_arena_dup(bundle->arena, hex, 64, err);
	if (bundle->blobs[bundle->count] == NULL)
		return err->code;
	bundle->count++;
	return PKG_OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* If @node names a blob, mark that one as used. */
static enum pkg_code use_blob(const struct pkg_verify_bundle *bundle,
			      bool *used, const struct pkg_node *node,
			      struct pkg_err *err)
{
	const char *const *found = NULL;

	if (node->key == NULL || strcmp(node->key, BLOB_KEY) != 0)
		return PKG_OK;
	if (node->kind == PKG_NODE_STRING && bundle->count > 0)
		found = bsearch(&node->text, bundle->blobs, bundle->count,
				sizeof(*bundle->blobs), compare);
	if (found == NULL)
		return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
				  "the plan needs blob '%s', which is not in "
				  "the bundle",
				  node->kind == PKG_NODE_STRING ? node->text
								: "");
	used[found - (const char *const *)bundle->blobs] = true;
	return PKG_OK;
}

/* Visit every node of the plan; the reader has bounded its depth. */
static enum pkg_code use_blobs(const struct pkg_verify_bundle *bundle,
			       bool *used, const struct pkg_node *plan,
			       struct pkg_err *err)
{
	const struct pkg_node *stack[PKG_LIMIT_LOCK_DEPTH + 1] = {plan};
	size_t depth = 1;

	while (depth > 0) {
		const struct pkg_node *node = stack[depth - 1];

		if (node == NULL) {
			depth--;
			continue;
		}
		stack[depth - 1] = node->next;
		PKG_TRY(use_blob(bundle, used, node, err));
		if (node->first == NULL)
			continue;
		if (depth == PKG_LIMIT_LOCK_DEPTH + 1)
			return pkg_fail(err, PKG_INTERNAL, "plan too deep");
		stack[depth++] = node->first;
	}
	return PKG_OK;
}

enum pkg_code pkg_verify_bundle_finish(struct pkg_verify_bundle *bundle,
				       struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_json_input input = {.name = "plan.json",
					     .data = bundle->plan.data,
					     .len = bundle->plan.len,
					     .max_depth = PKG_LIMIT_LOCK_DEPTH,
					     .canonical = true};
	struct pkg_node *plan = NULL;
	bool *used = NULL;

	PKG_TRY(
	    pkg_arena_new(&arena, PKG_LIMIT_ARENA_OF(bundle->plan.len), err));
	if (pkg_json_parse(&plan, arena, &input, err) != PKG_OK) {
		if (err->reason != NULL &&
		    strcmp(err->reason, "too-large") == 0)
			(void)pkg_because(err, "limit");
		return pkg_wrap(err, "the bundle's plan");
	}
	if (plan->kind != PKG_NODE_MAP || pkg_node_get(plan, "type") == NULL ||
	    !pkg_node_is(pkg_node_get(plan, "type"), "plan"))
		return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
				  "plan.json is not a plan");
	used = pkg_arena_array(arena, bundle->count + 1, sizeof(*used), err);
	if (used == NULL)
		return err->code;
	PKG_TRY(use_blobs(bundle, used, plan, err));
	for (size_t i = 0; i < bundle->count; i++) {
		if (!used[i])
			return pkg_refuse(err, PKG_INPUT, "malformed-bundle",
					  "no step of the plan needs blob %s",
					  bundle->blobs[i]);
	}
	return PKG_OK;
}

static enum pkg_code check_plan(struct pkg_verify_bundle *bundle,
				const struct pkg_container_request *request,
				const void *plan, size_t len,
				struct pkg_err *err)
{
	size_t index = 0;

	PKG_TRY(pkg_buf_add(&bundle->plan, plan, len, err));
	bundle->blobs = pkg_arena_array(bundle->arena, request->file_count,
					sizeof(*bundle->blobs), err);
	if (bundle->blobs == NULL)
		return err->code;
	for (size_t i = 0; i < request->file_count; i++) {
		if (request->files[i].role == PKG_ROLE_PAYLOAD)
			PKG_TRY(pkg_verify_bundle_file(
			    bundle, index++, &request->files[i], err));
	}
	return pkg_verify_bundle_finish(bundle, err);
}

enum pkg_code pkg_verify_plan(const struct pkg_container_request *request,
			      const void *plan, size_t len, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_verify_bundle bundle = {.plan.max = PKG_LIMIT_PLAN_JSON};
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	bundle.arena = arena;
	code = check_plan(&bundle, request, plan, len, err);
	pkg_verify_bundle_fini(&bundle);
	return code;
}
