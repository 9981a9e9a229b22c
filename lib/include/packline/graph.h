/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_GRAPH_H
#define PKG_GRAPH_H

#include "packline/manifest.h"
#include "packline/sink.h"

/*
 * A picture of a product: its sets, the modules of each, their files, and what
 * is different from another one.  It is made of a manifest, a lock, or the
 * plan of a bundle, and written as DOT (Graphviz), Mermaid or one HTML page
 * that loads nothing.  All memory is of the arena that is given.
 */
enum pkg_graph_state {
	PKG_GRAPH_SAME, /* or nothing to compare with */
	PKG_GRAPH_ADDED,
	PKG_GRAPH_CHANGED,
	PKG_GRAPH_REMOVED,
};

struct pkg_graph_file {
	const char *name;   /* what server and device see */
	int64_t size;       /* bytes; -1 = not known */
	const char *sha256; /* hex; NULL = not known */
	bool sealed;        /* it is a container, or is to become one */
	enum pkg_graph_state state;
	const struct pkg_graph_file *old; /* of the other product, or NULL */
};

struct pkg_graph_module {
	const char *type, *name, *version; /* never NULL */
	const char *vendor, *description;  /* or NULL */
	bool external;                     /* the server has it already */
	struct pkg_graph_file *files;
	size_t file_count, file_cap;
	size_t place; /* in the graph's list, from 0 */
	enum pkg_graph_state state;
	const struct pkg_graph_module *old;
};

struct pkg_graph_set {
	const char *type, *name, *version, *description;
	const struct pkg_graph_module **modules;
	size_t module_count, module_cap;
	enum pkg_graph_state state;
	const struct pkg_graph_set *old;
};

struct pkg_graph {
	struct pkg_arena *arena;
	const char *title;                   /* the file's name, for people */
	const char *tenant, *name, *version; /* of the product, or NULL */
	const char *sha256; /* of the bundle's manifest, hex, or NULL */
	struct pkg_graph_module **modules;
	size_t module_count, module_cap;
	struct pkg_graph_set **sets;
	size_t set_count, set_cap;
	/* What happens to devices: "assign gateway 1.0 to gw-001, gw-002". */
	const char **actions;
	size_t action_count, action_cap;
	const struct pkg_graph *previous; /* what it was compared with */
};

enum pkg_graph_format { PKG_GRAPH_DOT, PKG_GRAPH_MERMAID, PKG_GRAPH_HTML };

PKG_API_BEGIN

/*
 * Make the graph of a manifest or a lock.
 * @out      filled; arena and title are set by the caller.
 * @manifest outlives it.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_graph_of_manifest(struct pkg_graph *out,
		      const struct pkg_manifest *manifest, struct pkg_err *err);
/*
 * Make the graph of a plan: @json of @len bytes, canonical, for hawkBit.
 * Nothing of it is verified.
 * Fails with PKG_INPUT, reason "malformed-plan", if it is none; as
 * pkg_json_parse(); PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_graph_of_plan(struct pkg_graph *out,
					       const void *json, size_t len,
					       struct pkg_err *err);
/*
 * Mark what is different from @old, which must outlive @graph, and add what is
 * only there as removed.  A module or set of another version is a changed one
 * if it is the only one of its type and name on both sides.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_graph_compare(struct pkg_graph *graph,
					       const struct pkg_graph *old,
					       struct pkg_err *err);
/* Write it.  Fails as the sink does. */
PKG_MUST_CHECK enum pkg_code pkg_graph_write(const struct pkg_graph *graph,
					     enum pkg_graph_format format,
					     struct pkg_sink *sink,
					     struct pkg_err *err);

PKG_API_END

#endif
