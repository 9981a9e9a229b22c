/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_NAMES_H
#define BATCH_NAMES_H

#include "packline/arena.h"
#include "packline/map.h"
#include "packline/process.h"

/*
 * Names of the documents of one batch: each is asked for its form, and whether
 * it and its signature can lie in one folder with all others, on any system.
 */
struct pkg_batch_names {
	const struct pkg_process *process; /* borrowed; set by the caller */
	struct pkg_arena *arena;
	struct pkg_map map; /* name in small letters -> name */
};

/*
 * Fails with PKG_INPUT, reason "document-name" or "document-duplicate"; as
 * pkg_pattern_match().
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_names_add(struct pkg_batch_names *names,
						 const char *name,
						 struct pkg_err *err);
void pkg_batch_names_fini(struct pkg_batch_names *names);

/* Does the process let so many?  PKG_INPUT, reason "batch-limit". */
PKG_MUST_CHECK enum pkg_code
pkg_batch_check_limits(const struct pkg_process *process, uint64_t documents,
		       uint64_t bytes, struct pkg_err *err);

#endif
