/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "packline/arena.h"
#include "packline/graph.h"

/* Append to the lists of a graph; NULL if out of memory. */
struct pkg_graph_module *pkg_graph_add_module(struct pkg_graph *g,
					      struct pkg_err *err);
struct pkg_graph_set *pkg_graph_add_set(struct pkg_graph *g,
					struct pkg_err *err);
struct pkg_graph_file *pkg_graph_add_file(struct pkg_graph *g,
					  struct pkg_graph_module *m,
					  struct pkg_err *err);
enum pkg_code pkg_graph_use_module(struct pkg_graph *g,
				   struct pkg_graph_set *set,
				   const struct pkg_graph_module *module,
				   struct pkg_err *err);
/* Takes text of the arena; NULL is PKG_SYSTEM, for pkg_arena_printf(). */
enum pkg_code pkg_graph_add_action(struct pkg_graph *g, const char *text,
				   struct pkg_err *err);

/* A sink and the first error, so that writers need not look at each call. */
struct graph_out {
	struct pkg_sink *sink;
	struct pkg_err *err;
	enum pkg_code code;
};

void pkg_graph_puts(struct graph_out *out, const char *text);
/*
 * Text from outside: what is hidden on a screen is spelt out, and what means
 * something in the format is escaped.
 */
void pkg_graph_text(struct graph_out *out, enum pkg_graph_format format,
		    const char *text);
void pkg_graph_number(struct graph_out *out, int64_t number);

/* "", "added", "changed", "removed" */
const char *pkg_graph_state_name(enum pkg_graph_state state);
/* @old if it is another version than @now, else NULL. */
const char *pkg_graph_other(const char *old, const char *now);

void pkg_graph_dot(const struct pkg_graph *g, struct graph_out *out);
void pkg_graph_mermaid(const struct pkg_graph *g, struct graph_out *out);
void pkg_graph_html(const struct pkg_graph *g, struct graph_out *out);

#endif
