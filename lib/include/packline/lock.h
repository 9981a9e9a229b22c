/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_LOCK_H
#define PKG_LOCK_H

#include "packline/env.h"
#include "packline/manifest.h"
#include "packline/sink.h"
#include "packline/source.h"

/*
 * The lock: a manifest with everything pinned, as canonical JSON.  It holds no
 * absolute path and no time, so the same tree gives the same bytes anywhere.
 */
PKG_API_BEGIN

/*
 * Pin the artifacts that pkg_manifest_select() found, from records of type
 * `artifact` (what pkg-hash prints; others are refused).
 * @records  JSON Lines; paths relative to the manifest's folder.
 * An artifact without a record, or with another size than its file, is a
 * finding.  Fails with PKG_INPUT if the records cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_lock_pin(struct pkg_manifest *manifest,
					  struct pkg_arena *arena,
					  struct pkg_source *records,
					  struct pkg_diag *diag,
					  struct pkg_err *err);
/*
 * The same without a file system: the artifacts are what the records say.
 */
PKG_MUST_CHECK enum pkg_code pkg_lock_pin_only(struct pkg_manifest *manifest,
					       struct pkg_arena *arena,
					       struct pkg_source *records,
					       struct pkg_diag *diag,
					       struct pkg_err *err);
/*
 * Pin them by reading every file once.
 * @dirfd  the manifest's folder.
 * A file that vanished or changed meanwhile is a finding.
 */
PKG_MUST_CHECK enum pkg_code pkg_lock_hash(struct pkg_manifest *manifest,
					   struct pkg_arena *arena, int dirfd,
					   const struct pkg_env *env,
					   struct pkg_diag *diag,
					   struct pkg_err *err);
/*
 * Pin the device configs that artifacts are to be sealed for: the digest of
 * each file's bytes.  @dirfd is the manifest's folder.  A file that cannot be
 * read is a finding.
 */
PKG_MUST_CHECK enum pkg_code
pkg_lock_pin_seals(struct pkg_manifest *manifest, struct pkg_arena *arena,
		   int dirfd, const struct pkg_env *env, struct pkg_diag *diag,
		   struct pkg_err *err);
/* True if any artifact is to be sealed. */
bool pkg_lock_has_seals(const struct pkg_manifest *manifest);
/* Write the lock of a manifest that is pinned: canonical JSON and a newline. */
PKG_MUST_CHECK enum pkg_code pkg_lock_write(const struct pkg_manifest *manifest,
					    struct pkg_sink *sink,
					    struct pkg_err *err);
/*
 * Read a lock.
 * @out    receives it; everything lives in @arena.
 * @path   relative to @dirfd; "-" is standard input.
 * Fails with PKG_INPUT, reason "not-canonical", if writing it again would give
 * other bytes; with another reason or a position if it is no lock.
 */
PKG_MUST_CHECK enum pkg_code pkg_lock_read(struct pkg_manifest **out,
					   struct pkg_arena *arena, int dirfd,
					   const char *path,
					   struct pkg_err *err);

PKG_API_END

#endif
