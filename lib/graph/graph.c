/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include "packline/buf.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

/* Room for one more in a list of the arena; false if out of memory. */
static bool grow(struct pkg_arena *arena, void *items, size_t count,
		 size_t *cap, size_t size, struct pkg_err *err)
{
	const size_t more = *cap == 0 ? 8 : *cap * 2;
	void *old, *fresh;

	if (count < *cap)
		return true;
	fresh = pkg_arena_array(arena, more, size, err);
	if (fresh == NULL)
		return false;
	memcpy(&old, items, sizeof(old));
	if (count > 0)
		memcpy(fresh, old, count * size);
	memcpy(items, &fresh, sizeof(fresh));
	*cap = more;
	return true;
}

struct pkg_graph_module *pkg_graph_add_module(struct pkg_graph *g,
					      struct pkg_err *err)
{
	struct pkg_graph_module *m;

	if (!grow(g->arena, &g->modules, g->module_count, &g->module_cap,
		  sizeof(struct pkg_graph_module *), err))
		return NULL;
	m = pkg_arena_alloc(g->arena, sizeof(*m), err);
	if (m == NULL)
		return NULL;
	m->type = m->name = m->version = "";
	m->place = g->module_count;
	g->modules[g->module_count++] = m;
	return m;
}

struct pkg_graph_set *pkg_graph_add_set(struct pkg_graph *g,
					struct pkg_err *err)
{
	struct pkg_graph_set *s;

	if (!grow(g->arena, &g->sets, g->set_count, &g->set_cap,
		  sizeof(struct pkg_graph_set *), err))
		return NULL;
	s = pkg_arena_alloc(g->arena, sizeof(*s), err);
	if (s == NULL)
		return NULL;
	s->type = s->name = s->version = "";
	g->sets[g->set_count++] = s;
	return s;
}

struct pkg_graph_file *pkg_graph_add_file(struct pkg_graph *g,
					  struct pkg_graph_module *m,
					  struct pkg_err *err)
{
	struct pkg_graph_file *f;

	if (!grow(g->arena, &m->files, m->file_count, &m->file_cap, sizeof(*f),
		  err))
		return NULL;
	f = &m->files[m->file_count++];
	*f = (struct pkg_graph_file){.name = "", .size = -1};
	return f;
}

enum pkg_code pkg_graph_use_module(struct pkg_graph *g,
				   struct pkg_graph_set *set,
				   const struct pkg_graph_module *module,
				   struct pkg_err *err)
{
	if (!grow(g->arena, &set->modules, set->module_count, &set->module_cap,
		  sizeof(struct pkg_graph_module *), err))
		return pkg_failed_(err->code);
	set->modules[set->module_count++] = module;
	return PKG_OK;
}

enum pkg_code pkg_graph_add_action(struct pkg_graph *g, const char *text,
				   struct pkg_err *err)
{
	if (text == NULL || !grow(g->arena, &g->actions, g->action_count,
				  &g->action_cap, sizeof(const char *), err))
		return pkg_failed_(err->code);
	g->actions[g->action_count++] = text;
	return PKG_OK;
}

/* -- writing -- */

void pkg_graph_puts(struct graph_out *out, const char *text)
{
	if (out->code == PKG_OK)
		out->code = pkg_sink_puts(out->sink, text, out->err);
}

void pkg_graph_number(struct graph_out *out, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	pkg_graph_puts(out, text);
}

/* One byte that means something in the format, or NULL. */
static const char *escaped(enum pkg_graph_format format, char c)
{
	if (format == PKG_GRAPH_DOT)
		return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
	switch (c) {
	case '&':
		return format == PKG_GRAPH_HTML ? "&amp;" : "#amp;";
	case '<':
		return format == PKG_GRAPH_HTML ? "&lt;" : "#lt;";
	case '>':
		return format == PKG_GRAPH_HTML ? "&gt;" : "#gt;";
	case '"':
		return format == PKG_GRAPH_HTML ? "&quot;" : "#quot;";
	case '#': /* begins an entity of Mermaid's */
		return format == PKG_GRAPH_HTML ? NULL : "#35;";
	case '`': /* and Markdown in it */
		return format == PKG_GRAPH_HTML ? NULL : "#96;";
	default:
		return NULL;
	}
}

void pkg_graph_text(struct graph_out *out, enum pkg_graph_format format,
		    const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf quoted = {.max = 1u << 20};
	const char *from;

	if (out->code == PKG_OK)
		out->code =
		    pkg_text_quote(&quoted, text, strlen(text), out->err);
	from = pkg_buf_str(&quoted);
	for (const char *s = from; out->code == PKG_OK; s++) {
		const char *put = escaped(format, *s);

		if (put == NULL && *s != '\0')
			continue;
		out->code = pkg_sink_write(out->sink, from, (size_t)(s - from),
					   out->err);
		if (*s == '\0')
			break;
		pkg_graph_puts(out, put);
		from = s + 1;
	}
}

const char *pkg_graph_state_name(enum pkg_graph_state state)
{
	static const char *const names[] = {"", "added", "changed", "removed"};

	return names[state];
}

const char *pkg_graph_other(const char *old, const char *now)
{
	return strcmp(old, now) != 0 ? old : NULL;
}

enum pkg_code pkg_graph_write(const struct pkg_graph *graph,
			      enum pkg_graph_format format,
			      struct pkg_sink *sink, struct pkg_err *err)
{
	struct graph_out out = {.sink = sink, .err = err};

	switch (format) {
	case PKG_GRAPH_DOT:
		pkg_graph_dot(graph, &out);
		break;
	case PKG_GRAPH_MERMAID:
		pkg_graph_mermaid(graph, &out);
		break;
	case PKG_GRAPH_HTML:
		pkg_graph_html(graph, &out);
		break;
	}
	return out.code;
}
