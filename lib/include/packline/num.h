/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_NUM_H
#define PKG_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Checked arithmetic for sizes that come from outside: true if the result
 * fits, else false and *out is not to be used.
 */
static inline bool pkg_add_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool pkg_mul_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool pkg_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

#endif
