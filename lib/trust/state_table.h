/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_STATE_TABLE_H
#define TRUST_STATE_TABLE_H

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/err.h"

/* The bytes of a state file, and what they say. */
struct state_row {
	const char *tenant, *name;
	const char *device_config; /* NULL = none */
	uint64_t sequence;
	uint8_t manifest_sha256[32];
};

/* Strictly ascending by pkg_state_row_order(). */
struct state_rows {
	const struct state_row *items;
	size_t count;
};

/* By tenant, name, device config (none first): < 0, 0, > 0 as strcmp(). */
int pkg_state_row_order(const struct state_row *a, const struct state_row *b);
/*
 * Read a state; texts are in @arena.  Fails with PKG_INPUT, reason
 * "bad-state", unless these are the very bytes that writing gives.
 */
PKG_MUST_CHECK enum pkg_code pkg_state_rows_read(struct state_rows *out,
						 struct pkg_arena *arena,
						 const void *data, size_t len,
						 struct pkg_err *err);
/* Append them; fails with PKG_INPUT, reason "limit", over @out->max. */
PKG_MUST_CHECK enum pkg_code pkg_state_rows_write(struct pkg_buf *out,
						  const struct state_rows *rows,
						  struct pkg_err *err);

#endif
