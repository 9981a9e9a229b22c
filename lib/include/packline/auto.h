/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_AUTO_H
#define PKG_AUTO_H

#include <string.h>

/*
 * Scope-bound ownership.
 *
 *     PKG_AUTO(pkg_digest) struct pkg_digest *d = NULL;   heap object
 *     PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {0};    caller memory
 *
 * call pkg_digest_free(d) and pkg_buf_fini(&buf) on every way out of the
 * scope.  Hand a heap object on with PKG_STEAL(d), which leaves NULL behind.
 */
#define PKG_AUTO(type)      __attribute__((cleanup(type##_auto_)))
#define PKG_AUTO_FINI(type) __attribute__((cleanup(type##_fini)))
#define PKG_DEFINE_AUTO(type)                                                  \
	static inline void type##_auto_(struct type **p)                       \
	{                                                                      \
		type##_free(*p);                                               \
	}

static inline void *pkg_steal_(void *slot)
{
	void *p = NULL, *null = NULL;

	memcpy(&p, slot, sizeof(p));
	memcpy(slot, &null, sizeof(null));
	return p;
}
#ifdef __clang_analyzer__ /* it does not see through memcpy() */
#	define PKG_STEAL(p)                                                   \
		(__extension__({                                               \
			__typeof__(p) stolen_ = (p);                           \
			(p) = NULL;                                            \
			stolen_;                                               \
		}))
#else
#	define PKG_STEAL(p) ((__typeof__(p))pkg_steal_(&(p)))
#endif

#endif
