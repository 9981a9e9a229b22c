/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include "packline/map.h"
#include "packline/node.h"

#include <string.h>

/* A graph of a manifest or a lock. */

struct from_manifest {
	struct pkg_graph *graph;
	const struct pkg_manifest *manifest;
	struct pkg_map externals; /* identity → struct pkg_graph_module */
	struct pkg_err *err;
};

static const char *text(const struct pkg_node *node)
{
	return node != NULL ? node->text : "";
}

static enum pkg_code add_module(struct from_manifest *f,
				const struct pkg_module *m)
{
	const struct pkg_pinned *a = m->artifacts.items;
	struct pkg_graph_module *out = pkg_graph_add_module(f->graph, f->err);

	if (out == NULL)
		return pkg_failed_(f->err->code);
	out->type = text(m->type);
	out->name = text(m->name);
	out->version = text(m->version);
	out->vendor = m->vendor != NULL ? m->vendor->text : NULL;
	out->description = m->description != NULL ? m->description->text : NULL;
	for (size_t i = 0; i < m->artifacts.count; i++) {
		struct pkg_graph_file *file =
		    pkg_graph_add_file(f->graph, out, f->err);

		if (file == NULL)
			return pkg_failed_(f->err->code);
		file->name = a[i].filename;
		file->size = a[i].size;
		file->sha256 = a[i].sha256;
		file->sealed = a[i].seal != NULL;
	}
	return PKG_OK;
}

static enum pkg_code external(struct from_manifest *f,
			      const struct pkg_identity *id,
			      const struct pkg_graph_module **out)
{
	const char *key =
	    pkg_arena_printf(f->graph->arena, f->err, "%s\x1f%s\x1f%s",
			     id->type, id->name, id->version);
	struct pkg_graph_module *m;
	const void *before;

	if (key == NULL)
		return pkg_failed_(f->err->code);
	*out = pkg_map_get(&f->externals, key);
	if (*out != NULL)
		return PKG_OK;
	m = pkg_graph_add_module(f->graph, f->err);
	if (m == NULL)
		return pkg_failed_(f->err->code);
	m->type = id->type;
	m->name = id->name;
	m->version = id->version;
	m->external = true;
	*out = m;
	return pkg_map_add(&f->externals, key, m, &before, f->err);
}

static enum pkg_code add_set(struct from_manifest *f, const struct pkg_set *s)
{
	const struct pkg_module *first = f->manifest->modules.items;
	const struct pkg_either *refs = s->modules.items;
	struct pkg_graph_set *out = pkg_graph_add_set(f->graph, f->err);

	if (out == NULL)
		return pkg_failed_(f->err->code);
	out->type = text(s->type);
	out->name = text(s->name);
	out->version = text(s->version);
	out->description = s->description != NULL ? s->description->text : NULL;
	for (size_t i = 0; i < s->modules.count; i++) {
		const struct pkg_graph_module *m = NULL;
		struct pkg_identity id;

		if (!pkg_manifest_module_ref(f->manifest, &refs[i], &id))
			continue;
		if (id.module != NULL)
			m = f->graph->modules[id.module - first];
		else
			PKG_TRY(external(f, &id, &m));
		PKG_TRY(pkg_graph_use_module(f->graph, out, m, f->err));
	}
	return PKG_OK;
}

static const char *targets(struct from_manifest *f, const struct pkg_list *list)
{
	const struct pkg_node *const *items = list->items;
	const char *all = "";

	if (list->count > 5)
		return pkg_arena_printf(f->graph->arena, f->err,
					"%zu targets from %s on", list->count,
					text(items[0]));
	for (size_t i = 0; all != NULL && i < list->count; i++)
		all = pkg_arena_printf(f->graph->arena, f->err, "%s%s%s", all,
				       i > 0 ? ", " : "", text(items[i]));
	return all;
}

static const char *set_name(struct from_manifest *f,
			    const struct pkg_either *ref)
{
	struct pkg_identity id;

	if (!pkg_manifest_set_ref(f->manifest, ref, &id))
		return "";
	return pkg_arena_printf(f->graph->arena, f->err, "%s %s", id.name,
				id.version);
}

static enum pkg_code add_actions(struct from_manifest *f)
{
	const struct pkg_assignment *a = f->manifest->assignments.items;
	const struct pkg_target_filter *t = f->manifest->filters.items;
	const struct pkg_rollout *r = f->manifest->rollouts.items;
	struct pkg_arena *arena = f->graph->arena;

	for (size_t i = 0; i < f->manifest->filters.count; i++) {
		if (t[i].auto_assign == NULL)
			continue;
		PKG_TRY(pkg_graph_add_action(
		    f->graph,
		    pkg_arena_printf(arena, f->err,
				     "assign %s to all that match %s (%s)",
				     set_name(f, &t[i].auto_assign->set),
				     text(t[i].query), text(t[i].name)),
		    f->err));
	}
	for (size_t i = 0; i < f->manifest->assignments.count; i++)
		PKG_TRY(pkg_graph_add_action(
		    f->graph,
		    pkg_arena_printf(arena, f->err, "assign %s to %s",
				     set_name(f, &a[i].set),
				     targets(f, &a[i].targets)),
		    f->err));
	for (size_t i = 0; i < f->manifest->rollouts.count; i++)
		PKG_TRY(pkg_graph_add_action(
		    f->graph,
		    pkg_arena_printf(arena, f->err,
				     "roll out %s to all that match %s (%s)",
				     set_name(f, &r[i].set), text(r[i].query),
				     text(r[i].name)),
		    f->err));
	return PKG_OK;
}

static enum pkg_code fill(struct from_manifest *f)
{
	const struct pkg_manifest *m = f->manifest;
	const struct pkg_module *modules = m->modules.items;
	const struct pkg_set *sets = m->sets.items;

	if (m->tenant != NULL)
		f->graph->tenant = m->tenant->text;
	if (m->product != NULL) {
		f->graph->name = text(m->product->name);
		f->graph->version = text(m->product->version);
	}
	for (size_t i = 0; i < m->modules.count; i++)
		PKG_TRY(add_module(f, &modules[i]));
	for (size_t i = 0; i < m->sets.count; i++)
		PKG_TRY(add_set(f, &sets[i]));
	return add_actions(f);
}

enum pkg_code pkg_graph_of_manifest(struct pkg_graph *out,
				    const struct pkg_manifest *manifest,
				    struct pkg_err *err)
{
	struct from_manifest f = {out, manifest, {.arena = out->arena}, err};

	return fill(&f);
}
