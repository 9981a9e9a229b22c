/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_RECEIPT_H
#define PKG_RECEIPT_H

#include "packline/manifest.h"
#include "packline/sink.h"

/*
 * The receipt: what a server had after an import, with its ids
 * (schemas/manifest.md, "The receipt").
 */
struct pkg_receipt_step {
	const char *op, *ref; /* of the plan's step */
	const char *action;   /* "created", "updated", "unchanged", "found" */
	int64_t id;           /* the server's; 0 = it has none */
	int64_t status;       /* of the last change; 0 = there was none */
	/* Of artifacts, as the server has them; NULL, 0 = not told. */
	const char *md5, *sha1, *sha256;
	int64_t size;
};

struct pkg_receipt {
	const char *server;          /* its address */
	const char *manifest_sha256; /* of the bundle */
	const char *tenant, *product_name, *product_version;
	const struct pkg_receipt_step *steps; /* in the plan's order */
	size_t count;
};

PKG_API_BEGIN

/* Write a receipt: canonical JSON and a newline; errors as the sink's. */
PKG_MUST_CHECK enum pkg_code
pkg_receipt_write(const struct pkg_receipt *receipt, struct pkg_sink *sink,
		  struct pkg_err *err);
/*
 * Mark the artifacts of @lock that the server has by a receipt: of the same
 * module, filename, size and SHA-256.  A plan then only looks for them, and a
 * bundle leaves them out.  Containers must have been put in place before.
 * @arena  takes what lives as long as the lock.
 * @path   the receipt, relative to @dirfd; "-" is standard input.
 * @known  receives how many were marked.
 * Fails with PKG_INPUT, reason "not-canonical" or "malformed-receipt", if it
 * is no receipt; or as pkg_path_slurp() does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_receipt_known(struct pkg_manifest *lock, struct pkg_arena *arena, int dirfd,
		  const char *path, size_t *known, struct pkg_err *err);
/* Print the JSON Schema (draft-07) of a receipt; errors as the sink's. */
PKG_MUST_CHECK enum pkg_code pkg_receipt_schema(struct pkg_sink *sink,
						struct pkg_err *err);

PKG_API_END

#endif
