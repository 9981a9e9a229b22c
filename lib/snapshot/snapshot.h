/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include "packline/map.h"
#include "packline/node.h"
#include "packline/snapshot.h"

/* One list of the server, of all its pages. */
struct snapshot_list {
	const char *name; /* "softwaremodules/5/artifacts", in the arena */
	const char *path; /* of the first page's file, for messages */
	struct snapshot_page {
		const struct pkg_node *items; /* PKG_NODE_SEQ */
		struct snapshot_page *next;
	} * first, **last;
	size_t count;  /* items so far */
	int64_t total; /* that the server says; -1 = it does not page */
};

struct pkg_snapshot {
	struct pkg_arena *arena; /* borrowed */
	struct pkg_map lists;    /* name → struct snapshot_list */
};

/*
 * A list that must be there, whole.
 * Fails with PKG_INPUT, "incomplete-listing".
 */
enum pkg_code pkg_snapshot_list(const struct pkg_snapshot *s, const char *name,
				const struct snapshot_list **out,
				struct pkg_err *err);

/* Walk over the items of all pages. */
struct snapshot_cursor {
	const struct snapshot_page *page;
	const struct pkg_node *item;
};
const struct pkg_node *pkg_snapshot_first(struct snapshot_cursor *c,
					  const struct snapshot_list *list);
const struct pkg_node *pkg_snapshot_next(struct snapshot_cursor *c);

/* PKG_INPUT, "malformed-listing", at @node. */
enum pkg_code pkg_snapshot_bad(const struct pkg_node *node, const char *what,
			       struct pkg_err *err);

#endif
