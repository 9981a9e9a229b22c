/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_STAMP_H
#define BATCH_STAMP_H

#include "lines.h"

/* stamps.jsonl, one line after the other; all zero = not open. */
struct batch_stamps {
	struct pkg_batch_lines lines;
	bool ended;
	uint64_t document; /* id; of the line that was read last, 0 = none */
	struct pkg_buf signature; /* of that line: with its time stamp */
};

/* Open it; there may be no file, and then there are none. */
PKG_MUST_CHECK enum pkg_code pkg_stamps_open(struct batch_stamps *stamps,
					     const struct pkg_batch *batch,
					     struct pkg_err *err);
/*
 * Go on to the document with the id @document, which is greater than that of
 * the last call: is there a stamp for it?  Then stamps->signature has it.
 */
PKG_MUST_CHECK enum pkg_code pkg_stamps_find(struct batch_stamps *stamps,
					     uint64_t document, bool *found,
					     struct pkg_err *err);
void pkg_stamps_fini(struct batch_stamps *stamps);
/* The line of a document, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_stamps_encode(struct pkg_buf *out,
					       uint64_t document,
					       const struct pkg_buf *signature,
					       struct pkg_err *err);

#endif
