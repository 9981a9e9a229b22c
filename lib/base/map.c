/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/map.h"

#include "packline/num.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 }; /* slots of the smallest map */

/*
 * Eight bytes at a time, multiply and fold.  Keys come from the user's own
 * files, or are few (PKG_LIMIT_ARCHIVE_ENTRIES): who makes them collide gains
 * no more than a second.
 */
static uint64_t hash_of(const char *key)
{
	const uint64_t mul = 0x9ddfea08eb382d69u;
	size_t len = strlen(key);
	uint64_t h = len * mul, word;

	for (; len >= sizeof(word); len -= sizeof(word), key += sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = (h ^ word) * mul;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, key, len);
	h = (h ^ word) * mul;
	h ^= h >> 29;
	h *= mul;
	return h ^ (h >> 32);
}

/* The slot that holds @key, or the free one where it belongs. */
static struct pkg_map_slot *slot_of(const struct pkg_map *map, const char *key,
				    uint64_t hash)
{
	size_t i = (size_t)hash & (map->cap - 1);

	while (
	    map->slots[i].key != NULL &&
	    (map->slots[i].hash != hash || strcmp(map->slots[i].key, key) != 0))
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

static enum pkg_code grow(struct pkg_map *map, struct pkg_err *err)
{
	struct pkg_map bigger = {
	    .arena = map->arena, .cap = FIRST_CAP, .count = map->count};

	if (map->cap != 0 && !pkg_mul_size(map->cap, 2, &bigger.cap))
		return pkg_fail_nomem(err);
	if (map->arena != NULL) {
		bigger.slots = pkg_arena_array(map->arena, bigger.cap,
					       sizeof(*bigger.slots), err);
		if (bigger.slots == NULL)
			return err->code;
	} else {
		bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
		if (bigger.slots == NULL)
			return pkg_fail_nomem(err);
	}
	for (size_t i = 0; i < map->cap; i++) {
		const struct pkg_map_slot *old = &map->slots[i];

		if (old->key != NULL)
			*slot_of(&bigger, old->key, old->hash) = *old;
	}
	pkg_map_fini(map);
	*map = bigger;
	return PKG_OK;
}

enum pkg_code pkg_map_add(struct pkg_map *map, const char *key,
			  const void *value, const void **before,
			  struct pkg_err *err)
{
	const uint64_t hash = hash_of(key);
	struct pkg_map_slot *slot;

	if (map->count >= map->cap / 2)
		PKG_TRY(grow(map, err));
	slot = slot_of(map, key, hash);
	*before = slot->value;
	if (slot->key != NULL)
		return PKG_OK;
	*slot = (struct pkg_map_slot){key, value, hash};
	map->count++;
	return PKG_OK;
}

void pkg_map_replace(struct pkg_map *map, const char *key, const void *value)
{
	slot_of(map, key, hash_of(key))->value = value;
}

const void *pkg_map_get(const struct pkg_map *map, const char *key)
{
	return map->cap == 0 ? NULL : slot_of(map, key, hash_of(key))->value;
}

void pkg_map_clear(struct pkg_map *map)
{
	if (map->count != 0)
		memset(map->slots, 0, map->cap * sizeof(*map->slots));
	map->count = 0;
}

void pkg_map_fini(struct pkg_map *map)
{
	if (map->arena == NULL)
		free(map->slots);
	*map = (struct pkg_map){.arena = map->arena};
}
