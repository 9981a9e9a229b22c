/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include <string.h>

/*
 * One page that a browser opens from a stick: no script, nothing loaded, and a
 * policy that forbids both.  Dark and light, screen and paper.
 */
static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:15px/1.5 sans-serif;max-width:72rem;margin:2rem auto;"
    "padding:0 1rem}\n"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}\n"
    "th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid "
    "#8884;vertical-align:top}\n"
    "td.n{text-align:right;white-space:nowrap}th[scope=row]{width:20rem}\n"
    "code{font-size:85%;overflow-wrap:anywhere}\n"
    "section{border:1px solid #8886;border-left-width:.4rem;"
    "border-radius:.3rem;padding:.2rem 1rem;margin:1rem 0}\n"
    ".added{border-left-color:#1a7f37}.changed{border-left-color:#bf8700}"
    ".removed{border-left-color:#cf222e}\n"
    ".state{font-weight:bold}\n"
    "tr.removed td,section.removed h3{text-decoration:line-through}\n"
    "h3{margin:.5rem 0}p{margin:.3rem 0}\n"
    "</style>\n";

static void text(struct graph_out *out, const char *value)
{
	pkg_graph_text(out, PKG_GRAPH_HTML, value);
}

static void element(struct graph_out *out, const char *open, const char *value,
		    const char *close)
{
	pkg_graph_puts(out, open);
	text(out, value);
	pkg_graph_puts(out, close);
}

static void row(struct graph_out *out, const char *label, const char *value)
{
	if (value == NULL)
		return;
	element(out, "<tr><th scope=\"row\">", label, "</th><td>");
	element(out, "", value, "</td></tr>\n");
}

static void put_state(struct graph_out *out, enum pkg_graph_state state)
{
	if (state != PKG_GRAPH_SAME)
		element(out, " <span class=\"state\">(",
			pkg_graph_state_name(state), ")</span>");
}

/* <section id="..." class="..."><h3>name version (state)</h3> */
static void open_section(struct graph_out *out, char kind, size_t number,
			 enum pkg_graph_state state)
{
	const char id[] = {kind, '\0'};

	pkg_graph_puts(out, "<section id=\"");
	pkg_graph_puts(out, id);
	pkg_graph_number(out, (int64_t)number);
	pkg_graph_puts(out, "\" class=\"");
	pkg_graph_puts(out, pkg_graph_state_name(state));
	pkg_graph_puts(out, "\">\n<h3>");
}

static void put_title(struct graph_out *out, const char *const id[3],
		      const char *old, enum pkg_graph_state state)
{
	element(out, "", id[1], " ");
	if (old != NULL)
		element(out, "<del>", old, "</del> → ");
	element(out, "", id[2], "");
	put_state(out, state);
	element(out, "</h3>\n<p>Type: ", id[0], "</p>\n");
}

static void put_text(struct graph_out *out, const char *label, const char *now,
		     const char *old, bool compared)
{
	if (now == NULL && (!compared || old == NULL))
		return;
	element(out, "<p>", label, ": ");
	if (compared && (now == NULL || old == NULL || strcmp(now, old) != 0))
		element(out, "<del>", old != NULL ? old : "nothing",
			"</del> → ");
	element(out, "", now != NULL ? now : "nothing", "</p>\n");
}

static void put_file(struct graph_out *out, const struct pkg_graph_file *f)
{
	pkg_graph_puts(out, "<tr class=\"");
	pkg_graph_puts(out, pkg_graph_state_name(f->state));
	element(out, "\"><td>", f->name, f->sealed ? " (sealed)" : "");
	put_state(out, f->state);
	pkg_graph_puts(out, "</td><td class=\"n\">");
	if (f->state == PKG_GRAPH_CHANGED && f->old->size != f->size) {
		pkg_graph_puts(out, "<del>");
		pkg_graph_number(out, f->old->size);
		pkg_graph_puts(out, "</del><br>");
	}
	if (f->size >= 0)
		pkg_graph_number(out, f->size);
	pkg_graph_puts(out, "</td><td>");
	if (f->state == PKG_GRAPH_CHANGED && f->old->sha256 != NULL)
		element(out, "<del><code>", f->old->sha256,
			"</code></del><br>");
	if (f->sha256 != NULL)
		element(out, "<code>", f->sha256, "</code>");
	pkg_graph_puts(out, "</td></tr>\n");
}

static void put_module(struct graph_out *out, const struct pkg_graph_module *m)
{
	const bool compared = m->old != NULL;

	open_section(out, 'm', m->place, m->state);
	put_title(out, (const char *[]){m->type, m->name, m->version},
		  compared ? pkg_graph_other(m->old->version, m->version)
			   : NULL,
		  m->state);
	put_text(out, "Vendor", m->vendor, compared ? m->old->vendor : NULL,
		 compared);
	put_text(out, "Description", m->description,
		 compared ? m->old->description : NULL, compared);
	if (m->external)
		pkg_graph_puts(out, "<p>Already on the server.</p>\n");
	if (m->file_count > 0) {
		pkg_graph_puts(out, "<table>\n<tr><th>File</th><th>Bytes</th>"
				    "<th>SHA-256</th></tr>\n");
		for (size_t i = 0; i < m->file_count; i++)
			put_file(out, &m->files[i]);
		pkg_graph_puts(out, "</table>\n");
	}
	pkg_graph_puts(out, "</section>\n");
}

static void put_set(struct graph_out *out, const struct pkg_graph_set *s,
		    size_t number)
{
	const bool compared = s->old != NULL;

	open_section(out, 's', number, s->state);
	put_title(out, (const char *[]){s->type, s->name, s->version},
		  compared ? pkg_graph_other(s->old->version, s->version)
			   : NULL,
		  s->state);
	put_text(out, "Description", s->description,
		 compared ? s->old->description : NULL, compared);
	pkg_graph_puts(out, "<ul>\n");
	for (size_t i = 0; i < s->module_count; i++) {
		const struct pkg_graph_module *m = s->modules[i];

		pkg_graph_puts(out, "<li><a href=\"#m");
		pkg_graph_number(out, (int64_t)m->place);
		element(out, "\">", m->name, " ");
		element(out, "", m->version, "</a> (");
		element(out, "", m->type, ")");
		put_state(out, m->state);
		pkg_graph_puts(out, "</li>\n");
	}
	pkg_graph_puts(out, "</ul>\n</section>\n");
}

static void put_summary(struct graph_out *out, const struct pkg_graph *g)
{
	pkg_graph_puts(out, "<table>\n");
	row(out, "Tenant", g->tenant);
	row(out, "File", g->title);
	row(out, "SHA-256 of the bundle's manifest", g->sha256);
	if (g->previous != NULL) {
		row(out, "Compared with", g->previous->title);
		row(out, "Its manifest's SHA-256", g->previous->sha256);
	}
	pkg_graph_puts(out, "</table>\n");
	if (g->sha256 != NULL)
		pkg_graph_puts(out, "<p>This page shows what the bundle says; "
				    "whether it may be trusted is what "
				    "<code>pkg-verify</code> says.</p>\n");
}

void pkg_graph_html(const struct pkg_graph *g, struct graph_out *out)
{
	const char *name = g->name != NULL ? g->name : g->title;

	pkg_graph_puts(out, head);
	element(out, "<title>", name, " ");
	element(out, "", g->version != NULL ? g->version : "",
		"</title>\n</head>\n<body>\n");
	element(out, "<h1>", name, " ");
	element(out, "", g->version != NULL ? g->version : "", "</h1>\n");
	put_summary(out, g);
	if (g->action_count > 0)
		pkg_graph_puts(out, "<h2>What happens to devices</h2>\n<ul>\n");
	for (size_t i = 0; i < g->action_count; i++)
		element(out, "<li>", g->actions[i], "</li>\n");
	if (g->action_count > 0)
		pkg_graph_puts(out, "</ul>\n");
	pkg_graph_puts(out, "<h2>Distribution sets</h2>\n");
	for (size_t i = 0; i < g->set_count; i++)
		put_set(out, g->sets[i], i);
	pkg_graph_puts(out, "<h2>Software modules</h2>\n");
	for (size_t i = 0; i < g->module_count; i++)
		put_module(out, g->modules[i]);
	pkg_graph_puts(out, "</body>\n</html>\n");
}
