/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CLOUDFOUNDRY_H
#define PKG_CLOUDFOUNDRY_H

#include "packline/bundle.h"

struct pkg_known;

/*
 * Packages of Cloud Foundry (API v3): for each module with `bits` a package of
 * type bits, whose bits.zip has stored entries in byte order, no folders, and
 * always the same times, so that the server's checksum of it is known
 * beforehand (schemas/manifest.md, "Cloud Foundry").
 */
PKG_API_BEGIN

/*
 * Write the plan for Cloud Foundry as canonical JSON.  Every file of bits is
 * read twice.
 * @folder  that the lock's paths start in.
 * @known   what the server has already, from its answers to
 *          POST /v3/resource_matches: left out of bits.zip; NULL = nothing.
 * Fails with PKG_USAGE if no module has bits; with PKG_NO, reason
 * "digest-mismatch", if a file is not the pinned one; PKG_INPUT, reason
 * "limit", if a bits.zip would have 4 GiB.
 */
PKG_MUST_CHECK enum pkg_code
pkg_cf_plan_write(const struct pkg_manifest *lock, int folder,
		  struct pkg_known *known, const struct pkg_env *env,
		  struct pkg_sink *sink, struct pkg_err *err);
/*
 * Write a bundle for Cloud Foundry: the plan, and for each package the body of
 * its upload (multipart/form-data, RFC 7578).
 * @spec   resources is what the server has; containers and known are not
 *         looked at.
 * Otherwise as pkg_bundle_write() and pkg_cf_plan_write().
 */
PKG_MUST_CHECK enum pkg_code
pkg_cf_bundle_write(const struct pkg_bundle_spec *spec,
		    const struct pkg_env *env, struct pkg_arena *arena,
		    struct pkg_outfile *file, uint64_t *size,
		    struct pkg_err *err);
/* Print the JSON Schema (draft-07) of the plan; errors as the sink's. */
PKG_MUST_CHECK enum pkg_code pkg_cf_plan_schema(struct pkg_sink *sink,
						struct pkg_err *err);

PKG_API_END

#endif
