/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/map.h"
#include "packline/node.h"

#include <string.h>

/* A graph of a plan: what its steps make.  The plan is not believed. */

struct from_plan {
	struct pkg_graph *graph;
	struct pkg_map modules; /* ref → struct pkg_graph_module */
	struct pkg_map sets;    /* ref → struct pkg_graph_set */
	struct pkg_err *err;
};

static const char *get(const struct pkg_node *map, const char *key)
{
	const struct pkg_node *n = map != NULL && map->kind == PKG_NODE_MAP
				       ? pkg_node_get(map, key)
				       : NULL;

	return n != NULL && n->kind == PKG_NODE_STRING ? n->text : NULL;
}

static const char *get_or(const struct pkg_node *map, const char *key,
			  const char *otherwise)
{
	const char *text = get(map, key);

	return text != NULL ? text : otherwise;
}

static const struct pkg_node *child(const struct pkg_node *map, const char *key)
{
	return map != NULL && map->kind == PKG_NODE_MAP ? pkg_node_get(map, key)
							: NULL;
}

/* The object that a request sends: that of a list, or the only one. */
static const struct pkg_node *body(const struct pkg_node *step)
{
	const struct pkg_node *b = child(child(step, "request"), "body");

	return b != NULL && b->kind == PKG_NODE_SEQ ? b->first : b;
}

static enum pkg_code malformed(const struct from_plan *f,
			       const struct pkg_node *at, const char *what)
{
	(void)pkg_refuse(f->err, PKG_INPUT, "malformed-plan", "%s", what);
	if (at != NULL) {
		const struct pkg_mark mark = pkg_node_mark(at);

		return pkg_failed_(pkg_err_at(f->err, &mark));
	}
	return PKG_INPUT;
}

/* What stands between the first { and } of a path, or NULL. */
static const char *inner_ref(const struct from_plan *f, const char *path)
{
	const char *open = path != NULL ? strchr(path, '{') : NULL;
	const char *close = open != NULL ? strchr(open, '}') : NULL;

	return close != NULL ? pkg_arena_dup(f->graph->arena, open + 1,
					     (size_t)(close - open - 1), f->err)
			     : NULL;
}

static enum pkg_code add_module(struct from_plan *f,
				const struct pkg_node *step, const char *ref)
{
	const struct pkg_node *b = body(step);
	const struct pkg_node *exact = child(child(step, "lookup"), "exact");
	struct pkg_graph_module *m = pkg_graph_add_module(f->graph, f->err);
	const void *before;

	if (m == NULL)
		return pkg_failed_(f->err->code);
	m->external = b == NULL;
	m->type = get_or(exact, "type", "");
	m->name = get_or(exact, "name", "");
	m->version = get_or(exact, "version", "");
	m->vendor = get(b, "vendor");
	m->description = get(b, "description");
	return pkg_map_add(&f->modules, ref, m, &before, f->err);
}

/* The maps hold what this file has put there: not const to it. */
static struct pkg_graph_module *module_of(struct from_plan *f, const char *ref)
{
	const struct pkg_graph_module *m =
	    ref != NULL ? pkg_map_get(&f->modules, ref) : NULL;

	return m != NULL ? f->graph->modules[m->place] : NULL;
}

static enum pkg_code add_file(struct from_plan *f, const struct pkg_node *step)
{
	const struct pkg_node *request = child(step, "request");
	const struct pkg_node *exact = child(child(step, "lookup"), "exact");
	const struct pkg_node *parts = child(request, "multipart");
	const struct pkg_node *size = child(exact, "size");
	struct pkg_graph_module *m =
	    module_of(f, inner_ref(f, get(request, "path")));
	struct pkg_graph_file *file;

	if (m == NULL)
		return malformed(f, step,
				 "a file of a module that is not "
				 "there");
	file = pkg_graph_add_file(f->graph, m, f->err);
	if (file == NULL)
		return pkg_failed_(f->err->code);
	file->name = get_or(parts, "filename", "");
	file->sha256 = get(parts, "blob");
	file->size =
	    size != NULL && size->kind == PKG_NODE_INT ? size->number : -1;
	return PKG_OK;
}

static enum pkg_code add_set(struct from_plan *f, const struct pkg_node *step,
			     const char *ref)
{
	const struct pkg_node *b = body(step);
	const struct pkg_node *exact = child(child(step, "lookup"), "exact");
	const struct pkg_node *list = child(b, "modules");
	struct pkg_graph_set *s = pkg_graph_add_set(f->graph, f->err);
	const void *before;

	if (s == NULL)
		return pkg_failed_(f->err->code);
	s->type = get_or(exact, "type", "");
	s->name = get_or(exact, "name", "");
	s->version = get_or(exact, "version", "");
	s->description = get(b, "description");
	for (const struct pkg_node *n = list != NULL ? list->first : NULL;
	     n != NULL; n = n->next) {
		const struct pkg_graph_module *m =
		    module_of(f, inner_ref(f, get(n, "id")));

		if (m == NULL)
			return malformed(f, n,
					 "a set of a module that is not "
					 "there");
		PKG_TRY(pkg_graph_use_module(f->graph, s, m, f->err));
	}
	return pkg_map_add(&f->sets, ref, s, &before, f->err);
}

/* "name version" of the set that a step is about. */
static const char *set_of(struct from_plan *f, const char *text)
{
	const char *ref = inner_ref(f, text);
	const struct pkg_graph_set *s =
	    ref != NULL ? pkg_map_get(&f->sets, ref) : NULL;

	if (s == NULL)
		return ref != NULL ? ref : "";
	return pkg_arena_printf(f->graph->arena, f->err, "%s %s", s->name,
				s->version);
}

static enum pkg_code add_assignment(struct from_plan *f,
				    const struct pkg_node *step)
{
	const struct pkg_node *request = child(step, "request");
	const struct pkg_node *list = child(request, "body");
	const struct pkg_node *first = list != NULL ? list->first : NULL;
	const char *set = set_of(f, get(request, "path"));
	const char *names = get_or(first, "id", "");
	const uint32_t count = list != NULL ? list->count : 0;

	if (count > 5)
		names = pkg_arena_printf(f->graph->arena, f->err,
					 "%u targets from %s on", count, names);
	for (const struct pkg_node *n =
		 first != NULL && count <= 5 ? first->next : NULL;
	     n != NULL && names != NULL; n = n->next)
		names = pkg_arena_printf(f->graph->arena, f->err, "%s, %s",
					 names, get_or(n, "id", ""));
	if (set == NULL || names == NULL)
		return pkg_failed_(f->err->code);
	return pkg_graph_add_action(f->graph,
				    pkg_arena_printf(f->graph->arena, f->err,
						     "assign %s to %s", set,
						     names),
				    f->err);
}

static enum pkg_code add_rollout(struct from_plan *f,
				 const struct pkg_node *step)
{
	const struct pkg_node *b = body(step);
	const char *set = set_of(f, get(b, "distributionSetId"));

	if (set == NULL)
		return pkg_failed_(f->err->code);
	return pkg_graph_add_action(
	    f->graph,
	    pkg_arena_printf(f->graph->arena, f->err,
			     "roll out %s to all that match %s (%s)", set,
			     get_or(b, "targetFilterQuery", ""),
			     get_or(b, "name", "")),
	    f->err);
}

static enum pkg_code add_auto(struct from_plan *f, const struct pkg_node *step)
{
	const char *set = set_of(f, get(body(step), "id"));

	if (set == NULL)
		return pkg_failed_(f->err->code);
	return pkg_graph_add_action(
	    f->graph,
	    pkg_arena_printf(f->graph->arena, f->err,
			     "assign %s to all that match %s", set,
			     get_or(step, "ref", "")),
	    f->err);
}

static enum pkg_code add_step(struct from_plan *f, const struct pkg_node *step)
{
	const char *op = get(step, "op");
	const char *ref = get(step, "ref");

	if (op == NULL || ref == NULL)
		return malformed(f, step, "a step without op or ref");
	if (strcmp(op, "ensure-module") == 0 || strcmp(op, "find-module") == 0)
		return add_module(f, step, ref);
	if (strcmp(op, "ensure-artifact") == 0)
		return add_file(f, step);
	if (strcmp(op, "ensure-set") == 0 || strcmp(op, "find-set") == 0)
		return add_set(f, step, ref);
	if (strcmp(op, "assign") == 0)
		return add_assignment(f, step);
	if (strcmp(op, "ensure-rollout") == 0)
		return add_rollout(f, step);
	if (strcmp(op, "auto-assign") == 0)
		return add_auto(f, step);
	return PKG_OK;
}

enum pkg_code pkg_graph_of_plan(struct pkg_graph *out, const void *json,
				size_t len, struct pkg_err *err)
{
	struct from_plan f = {
	    out, {.arena = out->arena}, {.arena = out->arena}, err};
	const struct pkg_json_input input = {.name = "plan.json",
					     .data = json,
					     .len = len,
					     .max_depth = PKG_LIMIT_LOCK_DEPTH,
					     .canonical = true};
	const struct pkg_node *steps;
	struct pkg_node *plan = NULL;

	PKG_TRY(pkg_json_parse(&plan, out->arena, &input, err));
	steps = child(plan, "steps");
	if (steps == NULL || steps->kind != PKG_NODE_SEQ ||
	    strcmp(get_or(plan, "type", ""), "plan") != 0 ||
	    strcmp(get_or(plan, "target", ""), "hawkbit") != 0)
		return malformed(&f, NULL, "no plan for hawkbit");
	out->tenant = get(plan, "tenant");
	out->name = get(child(plan, "product"), "name");
	out->version = get(child(plan, "product"), "version");
	for (const struct pkg_node *s = steps->first; s != NULL; s = s->next)
		PKG_TRY(add_step(&f, s));
	return PKG_OK;
}
