/* SPDX-License-Identifier: Apache-2.0 */
#include "review/facts.h"

#include "packline/arena.h"
#include "packline/json.h"
#include "packline/node.h"

enum { STEP_MAX = 16 << 20 }; /* bytes of one step's JSON: a whole plan */

static enum pkg_code malformed(struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "malformed-plan",
			  "its plan.json is not a plan");
}

static const char *text_of(const struct pkg_node *node, const char *key)
{
	const struct pkg_node *value = pkg_node_get(node, key);

	return value != NULL && value->kind == PKG_NODE_STRING ? value->text
							       : "?";
}

/* All that @node is, but for what names it (op, ref): as JSON, one line. */
static const char *rest_of(struct facts *facts, const struct pkg_node *node,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = STEP_MAX};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, &buf);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_object(&w);
	/* In a canonical plan the keys are in order already. */
	for (struct pkg_node *one = node->first; one != NULL; one = one->next) {
		if (strcmp(one->key, "op") == 0 || strcmp(one->key, "ref") == 0)
			continue;
		pkg_jsonw_key(&w, one->key);
		pkg_jsonw_node(&w, one);
	}
	pkg_jsonw_object_end(&w);
	if (pkg_jsonw_finish(&w, err) != PKG_OK)
		return NULL;
	return pkg_arena_dup(facts->arena, pkg_buf_str(&buf), buf.len, err);
}

static enum pkg_code add_step(struct facts *facts, const struct pkg_node *step,
			      struct pkg_err *err)
{
	const char *name = NULL;

	if (step->kind != PKG_NODE_MAP)
		return malformed(err);
	name = pkg_arena_printf(facts->arena, err, "%s %s", text_of(step, "op"),
				text_of(step, "ref"));
	if (name == NULL)
		return err->code;
	return pkg_facts_add(facts,
			     &(struct fact){.label = "step",
					    .name = name,
					    .value = rest_of(facts, step, err),
					    .kind = PAGE_QUOTED,
					    .compared = true,
					    .inside = true},
			     err);
}

/* How many steps of each kind there are, in the order of the plan. */
static enum pkg_code add_counts(struct facts *facts,
				const struct pkg_node *steps,
				struct pkg_err *err)
{
	const struct pkg_node *step = steps->first;
	const char *text = "";

	while (step != NULL) {
		const char *op = text_of(step, "op");
		size_t count = 0;

		/* Steps of one kind stand together. */
		while (step != NULL && strcmp(text_of(step, "op"), op) == 0) {
			count++;
			step = step->next;
		}
		text = pkg_arena_printf(facts->arena, err, "%s%s%zu %s", text,
					text[0] == '\0' ? "" : ", ", count, op);
		if (text == NULL)
			return err->code;
	}
	return pkg_facts_add(
	    facts, &(struct fact){.label = "  steps", .value = text}, err);
}

static enum pkg_code add_sboms(struct facts *facts,
			       const struct pkg_node *sboms,
			       struct pkg_err *err)
{
	for (const struct pkg_node *one = sboms == NULL ? NULL : sboms->first;
	     one != NULL; one = one->next)
		PKG_TRY(pkg_facts_add(
		    facts,
		    &(struct fact){.label = "SBOM",
				   .name = text_of(one, "ref"),
				   .value = rest_of(facts, one, err),
				   .kind = PAGE_QUOTED,
				   .compared = true,
				   .inside = true},
		    err));
	return PKG_OK;
}

enum pkg_code pkg_facts_plan(struct facts *facts,
			     const struct pkg_container_bytes *plan,
			     struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = "plan.json",
	    .data = plan->data,
	    .len = plan->len,
	    .max_depth = PKG_LIMIT_LOCK_DEPTH,
	    .canonical = true,
	};
	const struct pkg_node *product = NULL, *steps = NULL;
	struct pkg_node *root = NULL;

	PKG_TRY(pkg_json_parse(&root, facts->arena, &input, err));
	product = pkg_node_get(root, "product");
	steps = pkg_node_get(root, "steps");
	if (root->kind != PKG_NODE_MAP || steps == NULL ||
	    steps->kind != PKG_NODE_SEQ || product == NULL)
		return malformed(err);
	PKG_TRY(pkg_facts_add(
	    facts,
	    &(struct fact){
		.label = "plan",
		.value = pkg_arena_printf(
		    facts->arena, err, "%s %s for %s, tenant %s",
		    text_of(product, "name"), text_of(product, "version"),
		    text_of(root, "target"), text_of(root, "tenant")),
		.compared = true,
		.inside = true},
	    err));
	for (const struct pkg_node *step = steps->first; step != NULL;
	     step = step->next)
		if (step->kind != PKG_NODE_MAP)
			return malformed(err);
	PKG_TRY(add_counts(facts, steps, err));
	for (const struct pkg_node *step = steps->first; step != NULL;
	     step = step->next)
		PKG_TRY(add_step(facts, step, err));
	return add_sboms(facts, pkg_node_get(root, "sboms"), err);
}
