/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

/* A flowchart in Mermaid, for Markdown: sets, modules, how many files. */
static void text(struct graph_out *out, const char *value)
{
	pkg_graph_text(out, PKG_GRAPH_MERMAID, value);
}

static void put_state(struct graph_out *out, enum pkg_graph_state state)
{
	if (state != PKG_GRAPH_SAME) {
		pkg_graph_puts(out, ":::");
		pkg_graph_puts(out, pkg_graph_state_name(state));
	}
	pkg_graph_puts(out, "\n");
}

/* name, a new line, version and type */
static void put_label(struct graph_out *out, const char *const id[3],
		      const char *old)
{
	text(out, id[1]);
	pkg_graph_puts(out, "<br>");
	if (old != NULL) {
		text(out, old);
		pkg_graph_puts(out, " → ");
	}
	text(out, id[2]);
	pkg_graph_puts(out, "<br>");
	text(out, id[0]);
}

static void put_module(struct graph_out *out, const struct pkg_graph_module *m)
{
	const char *old = m->old != NULL
			      ? pkg_graph_other(m->old->version, m->version)
			      : NULL;

	pkg_graph_puts(out, "    m");
	pkg_graph_number(out, (int64_t)m->place);
	pkg_graph_puts(out, "[\"");
	put_label(out, (const char *[]){m->type, m->name, m->version}, old);
	pkg_graph_puts(out, "<br>");
	if (m->external) {
		pkg_graph_puts(out, "on the server");
	} else {
		pkg_graph_number(out, (int64_t)m->file_count);
		pkg_graph_puts(out, m->file_count == 1 ? " file" : " files");
	}
	pkg_graph_puts(out, "\"]");
	put_state(out, m->state);
}

static void put_set(struct graph_out *out, const struct pkg_graph *g, size_t i)
{
	const struct pkg_graph_set *s = g->sets[i];
	const char *old = s->old != NULL
			      ? pkg_graph_other(s->old->version, s->version)
			      : NULL;

	pkg_graph_puts(out, "    s");
	pkg_graph_number(out, (int64_t)i);
	pkg_graph_puts(out, "([\"");
	put_label(out, (const char *[]){s->type, s->name, s->version}, old);
	pkg_graph_puts(out, "\"])");
	put_state(out, s->state);
	for (size_t k = 0; k < s->module_count; k++) {
		pkg_graph_puts(out, "    s");
		pkg_graph_number(out, (int64_t)i);
		pkg_graph_puts(out, " --> m");
		pkg_graph_number(out, (int64_t)s->modules[k]->place);
		pkg_graph_puts(out, "\n");
	}
}

void pkg_graph_mermaid(const struct pkg_graph *g, struct graph_out *out)
{
	pkg_graph_puts(out, "flowchart LR\n");
	if (g->previous != NULL)
		pkg_graph_puts(
		    out,
		    "    classDef added stroke:#1a7f37,stroke-width:3px\n"
		    "    classDef changed stroke:#9a6700,stroke-width:3px\n"
		    "    classDef removed stroke:#cf222e,"
		    "stroke-dasharray:4\n");
	for (size_t i = 0; i < g->module_count; i++)
		put_module(out, g->modules[i]);
	for (size_t i = 0; i < g->set_count; i++)
		put_set(out, g, i);
}
