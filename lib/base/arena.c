/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/arena.h"

#include "packline/num.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 65536, ALIGN = _Alignof(max_align_t) };

struct block {
	struct block *next;
	size_t used, size; /* bytes of data */
	max_align_t data[];
};

struct pkg_arena {
	struct block *blocks; /* the first one serves small objects */
	uint64_t used, max;
};

enum pkg_code pkg_arena_new(struct pkg_arena **out, uint64_t max,
			    struct pkg_err *err)
{
	struct pkg_arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		return pkg_fail_nomem(err);
	arena->max = max;
	*out = arena;
	return PKG_OK;
}

void pkg_arena_free(struct pkg_arena *arena)
{
	struct block *next;

	if (arena == NULL)
		return;
	for (struct block *b = arena->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(arena);
}

/*
 * A large object gets a block of its own behind the first one, so that the
 * first keeps serving small objects.
 */
static struct block *add_block(struct pkg_arena *arena, size_t size)
{
	size_t data = size > BLOCK / 4 ? size : BLOCK;
	struct block *b = calloc(1, sizeof(*b) + data);

	if (b == NULL)
		return NULL;
	b->size = data;
	if (data == size && arena->blocks != NULL) {
		b->next = arena->blocks->next;
		arena->blocks->next = b;
	} else {
		b->next = arena->blocks;
		arena->blocks = b;
	}
	return b;
}

void *pkg_arena_alloc(struct pkg_arena *arena, size_t size, struct pkg_err *err)
{
	struct block *b = arena->blocks;
	size_t whole = 0;
	void *p;

	if (!pkg_add_size(size == 0 ? 1 : size, ALIGN - 1, &whole) ||
	    whole > arena->max - arena->used) {
		(void)pkg_fail(err, PKG_INPUT,
			       "the document needs more than %llu bytes of "
			       "memory",
			       (unsigned long long)arena->max);
		return NULL;
	}
	whole -= whole % ALIGN;
	if (b == NULL || whole > b->size - b->used)
		b = add_block(arena, whole);
	if (b == NULL) {
		(void)pkg_fail_nomem(err);
		return NULL;
	}
	p = (uint8_t *)b->data + b->used;
	b->used += whole;
	arena->used += whole;
	return p;
}

void *pkg_arena_array(struct pkg_arena *arena, size_t count, size_t size,
		      struct pkg_err *err)
{
	size_t bytes = 0;

	if (!pkg_mul_size(count, size, &bytes)) {
		(void)pkg_fail(err, PKG_INPUT, "too many items: %zu", count);
		return NULL;
	}
	return pkg_arena_alloc(arena, bytes, err);
}

char *pkg_arena_dup(struct pkg_arena *arena, const char *text, size_t len,
		    struct pkg_err *err)
{
	size_t bytes = 0;
	char *copy;

	if (!pkg_add_size(len, 1, &bytes)) {
		(void)pkg_fail(err, PKG_INPUT, "text too long");
		return NULL;
	}
	copy = pkg_arena_alloc(arena, bytes, err);
	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

char *pkg_arena_printf(struct pkg_arena *arena, struct pkg_err *err,
		       const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		(void)pkg_fail(err, PKG_INTERNAL, "bad format '%s'", fmt);
		return NULL;
	}
	text = pkg_arena_alloc(arena, (size_t)len + 1, err);
	if (text == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}
