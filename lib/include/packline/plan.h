/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_PLAN_H
#define PKG_PLAN_H

#include "packline/buf.h"
#include "packline/lock.h"

/*
 * The plan: ordered, id-free steps that bring a server to what a lock says
 * (schemas/manifest.md, "The plan").
 */

/* One file that the plan needs, by content. */
struct pkg_plan_blob {
	const char *sha256; /* 64 hex digits */
	const char *path;   /* where it is */
	bool container;     /* path is a container's, else an artifact's */
	int64_t size;
};

struct pkg_plan_blobs {
	struct pkg_plan_blob *items; /* ascending by sha256, each once */
	size_t count;
};

PKG_API_BEGIN

/*
 * Put the containers in place of the artifacts that ask to be sealed: their
 * size and digests become those of the container.
 * @lock     changed in place.
 * @records  JSON Lines of type `container`, as pkg-seal prints them; NULL =
 *           there are none.
 * Fails with PKG_INPUT: "container-missing", "container-draft",
 * "container-other-bytes", "container-other-device", "container-ambiguous".
 */
PKG_MUST_CHECK enum pkg_code pkg_plan_containers(struct pkg_manifest *lock,
						 struct pkg_arena *arena,
						 struct pkg_source *records,
						 struct pkg_err *err);
/*
 * Write the plan for hawkBit as canonical JSON.  Every artifact that asks to
 * be sealed must have its container by now, else PKG_INPUT.
 */
PKG_MUST_CHECK enum pkg_code pkg_plan_write(const struct pkg_manifest *lock,
					    struct pkg_sink *sink,
					    struct pkg_err *err);
/* What a bundle must carry, in its order. */
PKG_MUST_CHECK enum pkg_code pkg_plan_blobs(struct pkg_plan_blobs *out,
					    struct pkg_arena *arena,
					    const struct pkg_manifest *lock,
					    struct pkg_err *err);

/* Print the JSON Schema (draft-07) of a plan; errors as the sink's. */
PKG_MUST_CHECK enum pkg_code pkg_plan_schema(struct pkg_sink *sink,
					     struct pkg_err *err);

PKG_API_END

#endif
