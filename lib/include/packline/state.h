/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_STATE_H
#define PKG_STATE_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * What a verifier has accepted before, so that nobody can give it something
 * older: for each tenant, name and device config the highest sequence number,
 * and the manifest that had it.  Canonical JSON (schemas/state.schema.json), at
 * most PKG_LIMIT_STATE bytes, replaced as a whole.
 *
 * Two programs do not lose each other's updates: the folder of the file is
 * locked (flock) from pkg_state_prepare() to pkg_state_commit(), and the file
 * is read again under that lock.
 */
struct pkg_sink;
struct pkg_state;

/* A container that is to be accepted; all borrowed. */
struct pkg_state_entry {
	const char *tenant, *name;
	const char *device_config; /* NULL = none */
	bool has_sequence;
	uint64_t sequence;              /* 0..2^53-1 */
	const uint8_t *manifest_sha256; /* 32 bytes */
};

PKG_API_BEGIN

/*
 * Open the folder of @path and read the file in it, if there is one.
 * @out    receives it; freed by the caller with pkg_state_free().
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * A file that is not there is an empty state.
 * Fails with PKG_USAGE for "-", a path that ends in a slash and a symbolic
 * link, which would be replaced and not what it leads to; PKG_INPUT,
 * reason "bad-state", for a file that this function's counterpart has not
 * written; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_state_open(struct pkg_state **out, int dirfd,
					    const char *path,
					    struct pkg_err *err);
/* The folder, opened for reading; borrowed. */
int pkg_state_folder(const struct pkg_state *state);
/*
 * May it be accepted?
 * Fails with PKG_NO: "rollback" (something newer was accepted before),
 * "sequence-reused" (so was another manifest with this number), "no-sequence".
 */
PKG_MUST_CHECK enum pkg_code
pkg_state_check(const struct pkg_state *state,
		const struct pkg_state_entry *entry, struct pkg_err *err);
/*
 * Lock the folder, wait for whoever has done so, read the file again, ask the
 * same question, and write the new file under no name yet.
 * Fails as pkg_state_open() and pkg_state_check(), and with PKG_INPUT, reason
 * "limit", if the file is full.
 */
PKG_MUST_CHECK enum pkg_code
pkg_state_prepare(struct pkg_state *state, const struct pkg_state_entry *entry,
		  struct pkg_err *err);
/* Put it in the file's place, and unlock.  Fails with PKG_SYSTEM. */
PKG_MUST_CHECK enum pkg_code pkg_state_commit(struct pkg_state *state,
					      struct pkg_err *err);
void pkg_state_free(struct pkg_state *state); /* unlocks; NULL is allowed */
/* The JSON Schema (draft-07) of the file, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_state_schema(struct pkg_sink *sink,
					      struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_state)

#endif
