/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_EXPAND_H
#define MANIFEST_EXPAND_H

#include "rules.h"

/*
 * Replace ${NAME} and $$ in every text of the tree @root, in place.  What is
 * put in is not looked at again.
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_expand(struct pkg_node *root, struct pkg_arena *arena,
		    const struct pkg_manifest_options *options,
		    const struct rule_sink *sink);

#endif
