/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_COMPARE_H
#define PKG_COMPARE_H

#include "packline/arena.h"
#include "packline/err.h"
#include "packline/node.h"

/*
 * What is different between two manifests, or two locks.  Things of a list
 * are paired by what identifies them, so their order does not matter; a module
 * or set of another version is a changed one if it is the only one of its
 * type and name on both sides.
 */
struct pkg_manifest;

enum pkg_change_op { PKG_ADDED, PKG_REMOVED, PKG_CHANGED };

struct pkg_change {
	enum pkg_change_op op;
	const char *path; /* modules[os gateway-os 1.0].vendor */
	struct pkg_node *old_value, *new_value; /* NULL where there is none */
	struct pkg_change *next;
};

struct pkg_changes {
	struct pkg_change *first, *last;
	size_t count;
};

PKG_API_BEGIN

/*
 * Compare the trees of two files of the same kind (pkg_manifest.root), whose
 * maps are sorted on the way.
 * @out  receives the changes, in the order of the old file, then of the new.
 * Everything lives in @arena.  Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_compare(struct pkg_changes *out,
					 struct pkg_arena *arena,
					 struct pkg_node *old_root,
					 struct pkg_node *new_root,
					 struct pkg_err *err);

/*
 * The tree of a lock without what a server does not list: paths, what is
 * sealed for whom, bills of materials, assignments, rollouts, filters, tenant
 * and product; and without members that say what is the case anyway.  Two of
 * them can be compared.
 * @out  receives it, in @arena.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_compare_as_listed(struct pkg_node **out, struct pkg_arena *arena,
		      const struct pkg_manifest *lock, struct pkg_err *err);

PKG_API_END

#endif
