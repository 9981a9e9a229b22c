/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ARTIFACT_H
#define PKG_ARTIFACT_H

#include "packline/buf.h"
#include "packline/hasher.h"
#include "packline/json.h"

/*
 * What is said about files, in and out: records of type `artifact`
 * (schemas/artifact.schema.json) and the checksum files of sha256sum and its
 * relatives, in the GNU and in the BSD form.
 */
struct pkg_node;

/* What a record or a line says about one file. */
struct pkg_claim {
	struct pkg_buf path; /* owned; not empty, UTF-8 */
	bool has_size;
	uint64_t size;              /* bytes */
	struct pkg_digests digests; /* at least one */
};

/* Reads records and checksum lines, mixed at will; in caller memory. */
struct pkg_claims {
	struct pkg_json_lines lines;
	struct pkg_source *source; /* borrowed */
};

PKG_API_BEGIN

/*
 * Write @artifact as a record: one line of canonical JSON.
 * Fails with PKG_INPUT, reason "not-utf8", if the path is not UTF-8, or as
 * @sink does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_artifact_record(struct pkg_sink *sink, const struct pkg_artifact *artifact,
		    struct pkg_err *err);
/*
 * Write a line as `sha256sum` does (GNU coreutils 9: a name with a newline,
 * carriage return or backslash is escaped and the line begins with a
 * backslash), with one of the artifact's digests.  Errors as the record.
 */
PKG_MUST_CHECK enum pkg_code
pkg_artifact_gnu(struct pkg_sink *sink, const struct pkg_artifact *artifact,
		 unsigned algorithm, struct pkg_err *err);
/* The same as `sha256sum --tag`, `openssl dgst` and BSD's sha256 do. */
PKG_MUST_CHECK enum pkg_code
pkg_artifact_bsd(struct pkg_sink *sink, const struct pkg_artifact *artifact,
		 unsigned algorithm, struct pkg_err *err);

/*
 * Read a record of type `artifact` or `container`: path, digests and, if
 * there, size; other fields are ignored.
 * @out  fini'd by the caller with pkg_claim_fini(), also after a failure.
 * Fails with PKG_INPUT and the position for another type, a missing path, no
 * digest, or a value that is not what the schema says.
 */
PKG_MUST_CHECK enum pkg_code
pkg_claim_from_record(struct pkg_claim *out, const struct pkg_node *record,
		      struct pkg_err *err);
void pkg_claim_fini(struct pkg_claim *claim);

/* Start at the front of @source, borrowed. */
void pkg_claims_init(struct pkg_claims *claims, struct pkg_source *source);
void pkg_claims_fini(struct pkg_claims *claims);
/*
 * The next claim: a record, a GNU line (the algorithm is known by the length
 * of the digest) or a BSD line.  Empty lines and lines that begin with '#'
 * are skipped.
 * @out   what it held before is released; fini'd by the caller.
 * @more  set to false at the end.
 * Fails with PKG_INPUT and the line's number for anything else, or as the
 * source does.
 */
PKG_MUST_CHECK enum pkg_code pkg_claims_next(struct pkg_claims *claims,
					     struct pkg_claim *out, bool *more,
					     struct pkg_err *err);

PKG_API_END

#endif
