/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ARENA_H
#define PKG_ARENA_H

#include "packline/auto.h"
#include "packline/err.h"

/*
 * An arena: many small objects that live and die together, such as the tree
 * of one parsed document.  Nothing in it is freed alone.
 */
struct pkg_arena;

PKG_API_BEGIN

/*
 * Start an empty arena.
 * @out  receives it; freed by the caller with pkg_arena_free().
 * @max  bytes it may hand out at most (PKG_LIMIT_ARENA, usually).
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_arena_new(struct pkg_arena **out, uint64_t max,
					   struct pkg_err *err);
void pkg_arena_free(struct pkg_arena *arena); /* NULL is allowed */

/*
 * Hand out @size zeroed bytes, aligned for any type.  The result belongs to
 * the arena.  NULL if out of memory (PKG_SYSTEM) or over the arena's maximum
 * (PKG_INPUT); @err says which, and its code is what to return.
 */
PKG_MUST_CHECK void *pkg_arena_alloc(struct pkg_arena *arena, size_t size,
				     struct pkg_err *err);
/* The same for @count objects of @size bytes, with the product checked. */
PKG_MUST_CHECK void *pkg_arena_array(struct pkg_arena *arena, size_t count,
				     size_t size, struct pkg_err *err);
/* Copy @len bytes of text and add a NUL; NULL as above. */
PKG_MUST_CHECK char *pkg_arena_dup(struct pkg_arena *arena, const char *text,
				   size_t len, struct pkg_err *err);
/* Format text into the arena; NULL as above. */
PKG_MUST_CHECK char *pkg_arena_printf(struct pkg_arena *arena,
				      struct pkg_err *err, const char *fmt, ...)
    PKG_PRINTF(3, 4);

PKG_API_END
PKG_DEFINE_AUTO(pkg_arena)

#endif
