/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BUNDLE_H
#define PKG_BUNDLE_H

#include "packline/env.h"
#include "packline/plan.h"

struct pkg_approval_policy;
struct pkg_known;
struct pkg_outfile;

/*
 * The import bundle: a container with content "bundle" whose payload is
 * plan.json and one blob for each distinct content.  It comes out as a draft.
 */
struct pkg_bundle_spec {
	struct pkg_manifest *lock; /* its containers are put in place */
	/* Records of type `container`, see pkg_plan_containers(); or NULL. */
	struct pkg_source *containers;
	/* A receipt of what the server has (pkg_receipt_known()), relative to
	   containers_folder; or NULL. */
	const char *known;
	/* What Cloud Foundry has (packline/cloudfoundry.h), or NULL. */
	struct pkg_known *resources;
	int folder;            /* that the lock's paths start in */
	int containers_folder; /* that the paths of the records start in */
	int64_t sequence;      /* 0..2^53-1, -1 = none */
	const char *expires;   /* "2026-12-01T02:00:00Z", NULL = never */
	const char *requester; /* NULL = not said */
	/* Under which it must be approved before it is signed; or NULL. */
	const struct pkg_approval_policy *policy;
	/* Told now and then how many of all bytes are done; or NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *progress_context;
};

PKG_API_BEGIN

/*
 * Write a bundle.
 * @file   new, opened seekable, nothing written yet; the caller commits it.
 * @size   receives the bundle's size for that.
 * @arena  takes what lives as long as the lock.
 * Fails as pkg_plan_containers(), pkg_receipt_known(), pkg_plan_write() and,
 * with a policy, pkg_approval_policy_needs_requester() do; with PKG_INPUT,
 * reason "limit", if the plan is over PKG_LIMIT_PLAN_JSON or there are too many
 * blobs; with PKG_NO, reason "digest-mismatch", if a file has changed since it
 * was pinned.
 */
PKG_MUST_CHECK enum pkg_code
pkg_bundle_write(const struct pkg_bundle_spec *spec, const struct pkg_env *env,
		 struct pkg_arena *arena, struct pkg_outfile *file,
		 uint64_t *size, struct pkg_err *err);

PKG_API_END

#endif
