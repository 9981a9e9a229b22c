/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SNAPSHOT_H
#define PKG_SNAPSHOT_H

#include "packline/auto.h"
#include "packline/err.h"
#include "packline/manifest.h"
#include "packline/sink.h"

/*
 * What a server has, from the answers of its Management API that somebody has
 * saved, one file for each GET.  The end of a file's path says what was asked,
 * below /rest/v1 of the server:
 *
 *     softwaremoduletypes.json     distributionsettypes.json
 *     distributionsettypes/ID/mandatorymoduletypes.json
 *     distributionsettypes/ID/optionalmoduletypes.json
 *     softwaremodules.json         softwaremodules/ID/artifacts.json
 *                                  softwaremodules/ID/metadata.json
 *     distributionsets.json        distributionsets/ID/assignedSM.json
 *                                  distributionsets/ID/metadata.json
 *
 * Further pages have a number: softwaremodules.2.json.
 */
struct pkg_snapshot;

struct pkg_snapshot_options {
	const char *tenant, *name, *version; /* of the lock's product */
	const char *files; /* folder that artifacts are in, by their SHA-256 */
};

PKG_API_BEGIN

/*
 * Start with nothing.
 * @out    receives it; freed by the caller with pkg_snapshot_free().
 * @arena  borrowed: takes what is read.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_snapshot_new(struct pkg_snapshot **out,
					      struct pkg_arena *arena,
					      struct pkg_err *err);
/*
 * Add an answer.
 * @path  its file; kept, and used in messages.
 * @json  @len bytes, which may be freed afterwards.
 * Fails with PKG_INPUT: "unknown-listing" for another path,
 * "malformed-listing" if it is not what the server answers, or as
 * pkg_json_parse().
 */
PKG_MUST_CHECK enum pkg_code pkg_snapshot_add(struct pkg_snapshot *snapshot,
					      const char *path,
					      const void *json, size_t len,
					      struct pkg_err *err);
/*
 * Write what was added as a lock that is not canonical yet: pretty JSON, which
 * pkg_manifest_bind() takes.  Deleted things and the types that every tenant
 * has are left out.
 * Fails with PKG_INPUT: "incomplete-listing" if a page or a list of a module
 * or set is missing, "malformed-listing" if they contradict each other.
 */
PKG_MUST_CHECK enum pkg_code
pkg_snapshot_write(const struct pkg_snapshot *snapshot,
		   const struct pkg_snapshot_options *options,
		   struct pkg_sink *sink, struct pkg_err *err);
/*
 * Write what has to be downloaded, one line each: the path below the server's
 * address, a tab, the file below @files; each content once.
 * Fails as pkg_snapshot_write().
 */
PKG_MUST_CHECK enum pkg_code
pkg_snapshot_downloads(const struct pkg_snapshot *snapshot, const char *files,
		       struct pkg_sink *sink, struct pkg_err *err);
void pkg_snapshot_free(struct pkg_snapshot *snapshot); /* NULL is allowed */

/*
 * Write a lock as a manifest for people: YAML that resolves to the same lock
 * if the files are there.  Digests are left out.
 * Fails as the sink does.
 */
PKG_MUST_CHECK enum pkg_code pkg_lock_yaml(const struct pkg_manifest *lock,
					   struct pkg_sink *sink,
					   struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_snapshot)

#endif
