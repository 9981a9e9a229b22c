/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_STAMP_H
#define BATCH_STAMP_H

#include "impl.h"

#include "packline/exchange.h"
#include "packline/json.h"
#include "packline/source.h"

#define BATCH_STAMPS "stamps.jsonl"

/* Reading stamps.jsonl, one line at a time. */
struct batch_stamps {
	int fd; /* -1 = there is no such file */
	struct pkg_source_fd source;
	struct pkg_json_lines lines;
	struct pkg_arena *arena;
	bool ended;
	uint64_t document; /* id; of the line that was read last */
	struct pkg_buf signature;
};

/* Open it and read its first line; with pkg_stamps_fini() in any case. */
PKG_MUST_CHECK enum pkg_code pkg_stamps_open(struct batch_stamps *stamps,
					     const struct pkg_batch *batch,
					     struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_stamps_next(struct batch_stamps *stamps,
					     struct pkg_err *err);
void pkg_stamps_fini(struct batch_stamps *stamps);
/* The line of a document, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_stamps_encode(struct pkg_buf *out,
					       uint64_t document,
					       const struct pkg_buf *signature,
					       struct pkg_err *err);

#endif
