/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_LINES_H
#define BATCH_LINES_H

#include "impl.h"

#include "packline/json.h"
#include "packline/source.h"

/* A file of a job that is read line by line; all zero = not open. */
struct pkg_batch_lines {
	const char *name; /* borrowed */
	bool is_open;
	int fd;
	struct pkg_source_fd file;
	struct pkg_source_limit limit;
	struct pkg_json_lines json;
	struct pkg_arena *arena; /* of some lines */
	unsigned taken;          /* lines that share it */
};

/* Open the file @name; @size receives its bytes. */
PKG_MUST_CHECK enum pkg_code pkg_batch_lines_open(struct pkg_batch_lines *lines,
						  int dirfd, const char *name,
						  uint64_t *size,
						  struct pkg_err *err);
/* Read no more than @size bytes of it. */
void pkg_batch_lines_start(struct pkg_batch_lines *lines, uint64_t size);
/*
 * The next line, a canonical object, whose keys are to be taken from @fields;
 * what is taken lives until the next call.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_lines_next(struct pkg_batch_lines *lines,
						  bool *ended,
						  struct fields *fields,
						  struct pkg_err *err);
/* Say which line the current error is about. */
enum pkg_code pkg_batch_lines_at(const struct pkg_batch_lines *lines,
				 struct pkg_err *err);
void pkg_batch_lines_fini(struct pkg_batch_lines *lines);

/* The results, one after the other. */
struct pkg_batch_results {
	struct pkg_batch_lines lines;
	uint64_t good; /* bytes of complete lines */
	uint64_t last; /* id of the last one */
	struct pkg_buf signature;
	uint8_t signer[32];
};

/* Begin with the first; there may be no file, and then there are none. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_results_open(struct pkg_batch_results *results,
		       const struct pkg_batch *batch, struct pkg_err *err);
/* The next one, which lives until the next call; ended = there is none. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_results_next(struct pkg_batch_results *results,
		       struct pkg_batch_result *out, bool *ended,
		       struct pkg_err *err);
void pkg_batch_results_fini(struct pkg_batch_results *results);

#endif
