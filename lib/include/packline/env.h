/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENV_H
#define PKG_ENV_H

#include "packline/err.h"

#include <stdbool.h>

/*
 * What the library may not take from the process by itself: the clock,
 * SOURCE_DATE_EPOCH, the crypto context.  Tools fill it in once; tests give
 * their own.
 */
struct pkg_crypto; /* packline/crypto.h */

struct pkg_env {
	/* Seconds since the epoch, UTC; the system's clock or a test's. */
	int64_t (*now)(const struct pkg_env *env);
	int64_t fixed_now;         /* what a test's now() answers */
	bool has_source_date;      /* SOURCE_DATE_EPOCH was set */
	int64_t source_date;       /* its value, seconds since the epoch */
	struct pkg_crypto *crypto; /* owned by whoever filled this in */
};

#endif
