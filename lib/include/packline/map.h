/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_MAP_H
#define PKG_MAP_H

#include "packline/arena.h"
#include "packline/err.h"

/*
 * A map from strings to pointers, in caller memory.  It never forgets a key.
 *
 *     PKG_AUTO_FINI(pkg_map) struct pkg_map names = {0};
 *     const void *before;
 *
 *     PKG_TRY(pkg_map_add(&names, name, module, &before, err));
 *     if (before != NULL)
 *             ... the name was there already ...
 */
struct pkg_map {
	struct pkg_arena *arena; /* borrowed: takes the slots; NULL = heap */
	struct pkg_map_slot {
		const char *key; /* borrowed; NULL = free */
		const void *value;
		uint64_t hash;
	} * slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

PKG_API_BEGIN

/*
 * Add @key (NUL-terminated, borrowed for the map's lifetime) with @value,
 * which is not NULL, unless the key is there already.
 * @before  receives the value that is there already, else NULL.
 * Fails with PKG_SYSTEM if out of memory; the map is unchanged then.
 */
PKG_MUST_CHECK enum pkg_code pkg_map_add(struct pkg_map *map, const char *key,
					 const void *value, const void **before,
					 struct pkg_err *err);
/* Give @key, which must be there, another value. */
void pkg_map_replace(struct pkg_map *map, const char *key, const void *value);
/* The value of @key, or NULL. */
const void *pkg_map_get(const struct pkg_map *map, const char *key);
/* Forget all keys, keep the memory. */
void pkg_map_clear(struct pkg_map *map);
/* Give the memory back (unless an arena's); the map is empty then. */
void pkg_map_fini(struct pkg_map *map);

PKG_API_END

#endif
