/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_RECORD_H
#define SEAL_RECORD_H

#include "packline/container.h"
#include "packline/digest.h"
#include "packline/outfile.h"
#include "packline/seal.h"

/* One file of the payload, as the record lists it. */
struct pkg_seal_artifact {
	const char *source_name; /* borrowed */
	char sha256[65];         /* of the plaintext, hex */
};

/* What a `container` or a `signing-request` record says; all borrowed. */
struct pkg_seal_record {
	const char *path; /* as the user would name it */
	enum pkg_container_kind kind;
	const char *id;
	const char *name, *version;     /* as its manifest says */
	const uint8_t *manifest_sha256; /* 32 bytes */
	/* Of the device config it was made for, over the file's bytes: 32
	   bytes; NULL = for none. */
	const uint8_t *device_config_sha256;
	bool draft;
	bool has_artifacts; /* false: encrypted, and nobody told */
	const struct pkg_seal_artifact *artifacts;
	size_t artifact_count;
	/* A .request: of the above only path, kind, id and manifest. */
	bool request_file;
	size_t signatures, approvals; /* in it */
	/* The .request that becomes visible with it; NULL = none. */
	struct pkg_outfile *request;
};

/* Prepare to write @output.  Fails as pkg_outfile_open(). */
PKG_MUST_CHECK enum pkg_code pkg_seal_open_file(
    struct pkg_outfile **out, const struct pkg_seal_output *output,
    const struct pkg_outfile_options *options, struct pkg_err *err);
/*
 * Prepare to write a .request; nobody else may read it if it tells what is
 * encrypted.  Fails as pkg_outfile_open().
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_open_request(struct pkg_outfile **out,
		      const struct pkg_seal_output *output,
		      enum pkg_container_kind kind, struct pkg_err *err);
struct pkg_seal_input;
/* The record of @input's container with its first signature, for @output. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_describe(struct pkg_seal_record *record, struct pkg_arena *arena,
		  const struct pkg_seal_input *input,
		  const struct pkg_seal_output *output, struct pkg_err *err);
/*
 * Find the artifacts of this container among the records that were given;
 * @records NULL, or what @record has already, leave it as it is.
 * Fails with PKG_INPUT for malformed records.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_recall_artifacts(struct pkg_seal_record *record,
			  struct pkg_arena *arena, struct pkg_source *records,
			  struct pkg_err *err);

/* Is @path one that a record can hold?  Fails with PKG_INPUT. */
PKG_MUST_CHECK enum pkg_code pkg_seal_check_path(const char *path,
						 struct pkg_err *err);
/* The payload of @request as artifacts, in @arena. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_list_artifacts(struct pkg_seal_record *record, struct pkg_arena *arena,
			const struct pkg_container_request *request,
			struct pkg_err *err);
/*
 * Hash @file, make it visible with @size bytes (UINT64_MAX: as it is), just
 * after the .request of @record, and write its record.  On standard output
 * there is no place for a record beside the container.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_commit(struct pkg_outfile *file, uint64_t size,
		const struct pkg_seal_output *output,
		const struct pkg_seal_record *record, struct pkg_crypto *crypto,
		struct pkg_err *err);

#endif
