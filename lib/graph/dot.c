/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

/* DOT, the language of Graphviz: sets on the left, their modules, files. */
enum { FILES_SHOWN = 12 };

static const char *colour(enum pkg_graph_state state)
{
	static const char *const colours[] = {
	    "", ", color=\"#1a7f37\"", ", color=\"#9a6700\"",
	    ", color=\"#cf222e\", style=dashed"};

	return colours[state];
}

static void text(struct graph_out *out, const char *value)
{
	pkg_graph_text(out, PKG_GRAPH_DOT, value);
}

static void version(struct graph_out *out, const char *now, const char *old)
{
	if (old != NULL) {
		text(out, old);
		pkg_graph_puts(out, " → ");
	}
	text(out, now);
}

static void put_module(struct graph_out *out, const struct pkg_graph_module *m,
		       const char *old_version)
{
	pkg_graph_puts(out, "\tm");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, " [shape=box, label=\"");
	text(out, m->name);
	pkg_graph_puts(out, "\\n");
	version(out, m->version, old_version);
	pkg_graph_puts(out, "\\n");
	text(out, m->type);
	if (m->external)
		pkg_graph_puts(out, ", on the server");
	pkg_graph_puts(out, "\"");
	pkg_graph_puts(out, colour(m->state));
	pkg_graph_puts(out, "];\n");
}

static void put_file(struct graph_out *out, const struct pkg_graph_module *m,
		     size_t i)
{
	const struct pkg_graph_file *f = &m->files[i];

	pkg_graph_puts(out, "\tm");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, "f");
	pkg_graph_number(out, (int64_t)i);
	pkg_graph_puts(out, " [shape=note, label=\"");
	text(out, f->name);
	if (f->sealed)
		pkg_graph_puts(out, "\\nsealed");
	if (f->size >= 0) {
		pkg_graph_puts(out, "\\n");
		pkg_graph_number(out, f->size);
		pkg_graph_puts(out, " bytes");
	}
	pkg_graph_puts(out, "\"");
	pkg_graph_puts(out, colour(f->state));
	pkg_graph_puts(out, "];\n\tm");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, " -> m");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, "f");
	pkg_graph_number(out, (int64_t)i);
	pkg_graph_puts(out, ";\n");
}

/* The files, or how many there are. */
static void put_files(struct graph_out *out, const struct pkg_graph_module *m)
{
	size_t shown = m->file_count;

	if (shown > FILES_SHOWN)
		shown = FILES_SHOWN - 1;
	for (size_t i = 0; i < shown; i++)
		put_file(out, m, i);
	if (shown == m->file_count)
		return;
	pkg_graph_puts(out, "\tm");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, "more [shape=plaintext, label=\"and ");
	pkg_graph_number(out, (int64_t)(m->file_count - shown));
	pkg_graph_puts(out, " more\"];\n\tm");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, " -> m");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, "more;\n");
}

static void put_set(struct graph_out *out, const struct pkg_graph *g, size_t i)
{
	const struct pkg_graph_set *s = g->sets[i];
	const char *old = s->old != NULL && s->state == PKG_GRAPH_CHANGED
			      ? pkg_graph_other(s->old->version, s->version)
			      : NULL;

	pkg_graph_puts(out, "\ts");
	pkg_graph_number(out, (int64_t)i);
	pkg_graph_puts(out, " [shape=folder, label=\"");
	text(out, s->name);
	pkg_graph_puts(out, "\\n");
	version(out, s->version, old);
	pkg_graph_puts(out, "\\n");
	text(out, s->type);
	pkg_graph_puts(out, "\"");
	pkg_graph_puts(out, colour(s->state));
	pkg_graph_puts(out, "];\n");
	for (size_t k = 0; k < s->module_count; k++) {
		pkg_graph_puts(out, "\ts");
		pkg_graph_number(out, (int64_t)i);
		pkg_graph_puts(out, " -> m");
		pkg_graph_number(out, (int64_t)s->modules[k]->place);
		pkg_graph_puts(out, ";\n");
	}
}

void pkg_graph_dot(const struct pkg_graph *g, struct graph_out *out)
{
	pkg_graph_puts(out, "digraph product {\n\trankdir=LR;\n"
			    "\tnode [fontname=\"sans-serif\"];\n\tlabel=\"");
	text(out, g->name != NULL ? g->name : g->title);
	if (g->version != NULL) {
		pkg_graph_puts(out, " ");
		text(out, g->version);
	}
	pkg_graph_puts(out, "\";\n");
	for (size_t i = 0; i < g->module_count; i++) {
		const struct pkg_graph_module *m = g->modules[i];

		put_module(out, m,
			   m->old != NULL
			       ? pkg_graph_other(m->old->version, m->version)
			       : NULL);
		put_files(out, m);
	}
	for (size_t i = 0; i < g->set_count; i++)
		put_set(out, g, i);
	pkg_graph_puts(out, "}\n");
}
