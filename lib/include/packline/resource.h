/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_RESOURCE_H
#define PKG_RESOURCE_H

#include "packline/artifact.h"

/*
 * Cloud Foundry's resource matching: POST /v3/resource_matches asks which
 * files the server has already; {"resources": [{"checksum": {"value": SHA-1},
 * "mode", "path", "size_in_bytes"}]} is both question and answer.
 */
enum {
	PKG_RESOURCE_CHUNK = 5000, /* entries that one request may have */
};

/* Writes questions; in caller memory. */
struct pkg_resources {
	struct pkg_sink *sink; /* borrowed */
	struct pkg_jsonw json;
	unsigned count; /* entries of the request being written */
};

struct pkg_known; /* what a server has */

PKG_API_BEGIN

/* Start; the requests go to @sink, one a line. */
void pkg_resources_init(struct pkg_resources *resources, struct pkg_sink *sink);
/*
 * Add a file, which must have a SHA-1; a new request is begun after every
 * PKG_RESOURCE_CHUNK.  Empty files are left out, as `cf push` does: servers
 * never keep them.
 * Fails with PKG_INPUT, reason "not-utf8", or as the sink does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_resources_add(struct pkg_resources *resources,
		  const struct pkg_artifact *artifact, struct pkg_err *err);
/* End the last request; errors as pkg_resources_add(). */
PKG_MUST_CHECK enum pkg_code
pkg_resources_finish(struct pkg_resources *resources, struct pkg_err *err);

/*
 * Start with nothing known.
 * @out  receives it; freed by the caller with pkg_known_free().
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_known_new(struct pkg_known **out,
					   struct pkg_err *err);
void pkg_known_free(struct pkg_known *known); /* NULL is allowed */
/*
 * Add the files of a server's answer: one JSON document of @len bytes.
 * @name  for messages.
 * Fails with PKG_INPUT and the position if it is no such answer, PKG_SYSTEM
 * if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_known_add(struct pkg_known *known,
					   const char *name, const void *json,
					   size_t len, struct pkg_err *err);
/* Is there a file of that SHA-1 and size (bytes) among them? */
bool pkg_known_has(struct pkg_known *known,
		   const uint8_t sha1[PKG_AT_LEAST(20)], uint64_t size);
/*
 * Write one line {"matched": [...], "to_upload": [...]} about the files added
 * with pkg_known_sort(); entries as in the question, here with empty files.
 * pkg_known_sort() fails with PKG_INPUT (reason "not-utf8", or more than
 * PKG_LIMIT_LOCK_JSON bytes) or PKG_SYSTEM, pkg_known_write() as the sink.
 */
PKG_MUST_CHECK enum pkg_code pkg_known_sort(struct pkg_known *known,
					    const struct pkg_artifact *artifact,
					    struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_known_write(struct pkg_known *known,
					     struct pkg_sink *sink,
					     struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_known)

#endif
