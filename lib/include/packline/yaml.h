/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_YAML_H
#define PKG_YAML_H

#include "packline/arena.h"
#include "packline/err.h"

struct pkg_node;

PKG_API_BEGIN

/*
 * Read one YAML document of the plain kind that people write by hand.  Every
 * scalar is a PKG_NODE_STRING (`no` is "no", `1.10` is "1.10"); `plain` is set
 * on those without quotes, so that a schema may read them as integer, boolean
 * or null.
 *
 * Refused, because two readers may see different things: anchors, aliases,
 * tags, merge keys (<<), directives (%YAML, %TAG), several documents,
 * duplicate keys, keys that are not scalars, control characters, anything but
 * UTF-8 (UTF-16 included).
 *
 * @out    receives the tree; it lives in @arena and borrows @name.  An empty
 *         document is an empty plain string.
 * @name   the file's name, for messages.
 * @text   @len bytes; they may go away after the call.
 * Positions: line and column from 1, columns in code points.
 * Fails, with the position and a hint, with
 *   PKG_INPUT   reason "duplicate-key", "anchor", "alias", "tag", "merge-key",
 *               "directive", "several-documents", "complex-key", "too-deep"
 *               (PKG_LIMIT_YAML_DEPTH), "too-large" (PKG_LIMIT_YAML,
 *               _YAML_NODES, _MAP_KEYS, _SCALAR, or the arena's maximum),
 *               "not-utf8", "control-character", or "malformed-yaml";
 *   PKG_SYSTEM  out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_yaml_parse(struct pkg_node **out,
					    struct pkg_arena *arena,
					    const char *name, const void *text,
					    size_t len, struct pkg_err *err);

PKG_API_END

#endif
