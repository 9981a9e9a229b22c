/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include "packline/map.h"

#include <string.h>

/*
 * What is different.  A thing is paired with that of the same identity, else
 * with the only other one of its type and name.
 */
static const char several[] = "several";

struct names {
	struct pkg_map exact; /* type, name, version → the thing */
	struct pkg_map loose; /* type, name → the thing, or several */
};

/* One thing's identity; @version NULL = without. */
static const char *key(struct pkg_arena *arena, const char *type,
		       const char *name, const char *version,
		       struct pkg_err *err)
{
	if (version == NULL)
		return pkg_arena_printf(arena, err, "%s\x1f%s", type, name);
	return pkg_arena_printf(arena, err, "%s\x1f%s\x1f%s", type, name,
				version);
}

static enum pkg_code remember(struct names *n, struct pkg_arena *arena,
			      const void *thing, const char *const id[3],
			      struct pkg_err *err)
{
	const char *exact = key(arena, id[0], id[1], id[2], err);
	const char *loose = key(arena, id[0], id[1], NULL, err);
	const void *before;

	if (exact == NULL || loose == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(pkg_map_add(&n->exact, exact, thing, &before, err));
	PKG_TRY(pkg_map_add(&n->loose, loose, thing, &before, err));
	if (before != NULL)
		pkg_map_replace(&n->loose, loose, several);
	return PKG_OK;
}

/* The counterpart among @there, NULL if there is none. */
static enum pkg_code counterpart(const struct names *here,
				 const struct names *there,
				 struct pkg_arena *arena,
				 const char *const id[3], const void **out,
				 struct pkg_err *err)
{
	const char *exact = key(arena, id[0], id[1], id[2], err);
	const char *loose = key(arena, id[0], id[1], NULL, err);

	if (exact == NULL || loose == NULL)
		return pkg_failed_(err->code);
	*out = pkg_map_get(&there->exact, exact);
	if (*out != NULL || pkg_map_get(&here->loose, loose) == several)
		return PKG_OK;
	*out = pkg_map_get(&there->loose, loose);
	if (*out == several)
		*out = NULL;
	return PKG_OK;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct pkg_graph_file *find_file(const struct pkg_graph_module *m,
					      const char *name)
{
	for (size_t i = 0; i < m->file_count; i++) {
		if (strcmp(m->files[i].name, name) == 0)
			return &m->files[i];
	}
	return NULL;
}

/* Of a manifest, digests are not known: then only the sizes tell. */
static bool is_other(const struct pkg_graph_file *a,
		     const struct pkg_graph_file *b)
{
	if (a->sha256 != NULL && b->sha256 != NULL)
		return strcmp(a->sha256, b->sha256) != 0;
	return a->size != b->size;
}

/* Mark the files of @m and add those that only @old has. */
static enum pkg_code compare_files(struct pkg_graph *g,
				   struct pkg_graph_module *m,
				   const struct pkg_graph_module *old,
				   bool *changed, struct pkg_err *err)
{
	const size_t own = m->file_count;

	for (size_t i = 0; i < own; i++) {
		struct pkg_graph_file *f = &m->files[i];

		f->old = find_file(old, f->name);
		if (f->old == NULL)
			f->state = PKG_GRAPH_ADDED;
		else if (is_other(f, f->old))
			f->state = PKG_GRAPH_CHANGED;
		*changed = *changed || f->state != PKG_GRAPH_SAME;
	}
	for (size_t i = 0; i < old->file_count; i++) {
		struct pkg_graph_file *f;

		if (find_file(m, old->files[i].name) != NULL)
			continue;
		f = pkg_graph_add_file(g, m, err);
		if (f == NULL)
			return pkg_failed_(err->code);
		*f = old->files[i];
		f->state = PKG_GRAPH_REMOVED;
		*changed = true;
	}
	return PKG_OK;
}

static enum pkg_code compare_module(struct pkg_graph *g,
				    struct pkg_graph_module *m,
				    struct pkg_err *err)
{
	const struct pkg_graph_module *old = m->old;
	bool changed;

	if (old == NULL) {
		m->state = PKG_GRAPH_ADDED;
		return PKG_OK;
	}
	changed = strcmp(m->version, old->version) != 0 ||
		  !same(m->vendor, old->vendor) ||
		  !same(m->description, old->description);
	if (!m->external && !old->external)
		PKG_TRY(compare_files(g, m, old, &changed, err));
	if (changed)
		m->state = PKG_GRAPH_CHANGED;
	return PKG_OK;
}

static enum pkg_code compare_modules(struct pkg_graph *g,
				     const struct pkg_graph *old,
				     struct pkg_err *err)
{
	struct names here = {{.arena = g->arena}, {.arena = g->arena}};
	struct names there = {{.arena = g->arena}, {.arena = g->arena}};
	const size_t own = g->module_count;

#define ID(x) ((const char *const[3]){(x)->type, (x)->name, (x)->version})
	for (size_t i = 0; i < own; i++)
		PKG_TRY(remember(&here, g->arena, g->modules[i],
				 ID(g->modules[i]), err));
	for (size_t i = 0; i < old->module_count; i++)
		PKG_TRY(remember(&there, g->arena, old->modules[i],
				 ID(old->modules[i]), err));
	for (size_t i = 0; i < own; i++) {
		const void *found;

		PKG_TRY(counterpart(&here, &there, g->arena, ID(g->modules[i]),
				    &found, err));
		g->modules[i]->old = found;
		PKG_TRY(compare_module(g, g->modules[i], err));
	}
	for (size_t i = 0; i < old->module_count; i++) {
		struct pkg_graph_module *m;
		const void *found;
		size_t place;

		PKG_TRY(counterpart(&there, &here, g->arena,
				    ID(old->modules[i]), &found, err));
		if (found != NULL)
			continue;
		place = g->module_count;
		m = pkg_graph_add_module(g, err);
		if (m == NULL)
			return pkg_failed_(err->code);
		*m = *old->modules[i];
		m->place = place;
		m->state = PKG_GRAPH_REMOVED;
	}
	return PKG_OK;
}

/* Has the set other modules, or of another version? */
static bool other_modules(const struct pkg_graph_set *s,
			  const struct pkg_graph_set *old)
{
	if (s->module_count != old->module_count)
		return true;
	for (size_t i = 0; i < s->module_count; i++) {
		bool found = false;

		for (size_t k = 0; k < old->module_count && !found; k++)
			found =
			    same(s->modules[i]->type, old->modules[k]->type) &&
			    same(s->modules[i]->name, old->modules[k]->name) &&
			    same(s->modules[i]->version,
				 old->modules[k]->version);
		if (!found)
			return true;
	}
	return false;
}

static enum pkg_code compare_sets(struct pkg_graph *g,
				  const struct pkg_graph *old,
				  struct pkg_err *err)
{
	struct names here = {{.arena = g->arena}, {.arena = g->arena}};
	struct names there = {{.arena = g->arena}, {.arena = g->arena}};
	const size_t own = g->set_count;

	for (size_t i = 0; i < own; i++)
		PKG_TRY(
		    remember(&here, g->arena, g->sets[i], ID(g->sets[i]), err));
	for (size_t i = 0; i < old->set_count; i++)
		PKG_TRY(remember(&there, g->arena, old->sets[i],
				 ID(old->sets[i]), err));
	for (size_t i = 0; i < own; i++) {
		struct pkg_graph_set *s = g->sets[i];
		const void *found;

		PKG_TRY(
		    counterpart(&here, &there, g->arena, ID(s), &found, err));
		s->old = found;
		if (s->old == NULL)
			s->state = PKG_GRAPH_ADDED;
		else if (!same(s->version, s->old->version) ||
			 !same(s->description, s->old->description) ||
			 other_modules(s, s->old))
			s->state = PKG_GRAPH_CHANGED;
	}
	for (size_t i = 0; i < old->set_count; i++) {
		struct pkg_graph_set *s;
		const void *found;

		PKG_TRY(counterpart(&there, &here, g->arena, ID(old->sets[i]),
				    &found, err));
		if (found != NULL)
			continue;
		s = pkg_graph_add_set(g, err);
		if (s == NULL)
			return pkg_failed_(err->code);
		*s = *old->sets[i];
		s->module_count = 0; /* they are of the other graph */
		s->state = PKG_GRAPH_REMOVED;
	}
#undef ID
	return PKG_OK;
}

enum pkg_code pkg_graph_compare(struct pkg_graph *graph,
				const struct pkg_graph *old,
				struct pkg_err *err)
{
	PKG_TRY(compare_modules(graph, old, err));
	PKG_TRY(compare_sets(graph, old, err));
	graph->previous = old;
	return PKG_OK;
}
