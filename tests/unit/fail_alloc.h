/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_FAIL_ALLOC_H
#define UNIT_FAIL_ALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Make an allocation of this program fail, whoever asks for it, shared
 * libraries included.  Only one file of a program includes this.  A sanitizer
 * has an allocator of its own, so there is nothing to test there.
 */
#if defined(__SANITIZE_ADDRESS__)
#	define FAIL_ALLOC 0
#elif defined(__has_feature)
#	if __has_feature(address_sanitizer)
#		define FAIL_ALLOC 0
#	endif
#endif
#ifndef FAIL_ALLOC
#	define FAIL_ALLOC 1
#endif

/* Allocations until the one that fails, counting from 1; 0 = none does. */
static size_t fail_alloc_in;
static bool fail_alloc_hit;
/* Allocations that were not freed yet. */
static size_t fail_alloc_live;

#if FAIL_ALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);
/* Shared libraries see them only if they are visible. */
#	pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void free(void *p);
#	pragma GCC visibility pop

static bool must_fail(void)
{
	if (fail_alloc_in == 0 || --fail_alloc_in != 0)
		return false;
	fail_alloc_hit = true;
	errno = ENOMEM;
	return true;
}

static void *count(void *p)
{
	fail_alloc_live += p != NULL;
	return p;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	if (must_fail())
		return NULL;
	return p == NULL ? count(__libc_malloc(size)) : __libc_realloc(p, size);
}

void free(void *p)
{
	fail_alloc_live -= p != NULL;
	__libc_free(p);
}
#endif

#endif
