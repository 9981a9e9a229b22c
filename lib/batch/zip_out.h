/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_ZIP_OUT_H
#define BATCH_ZIP_OUT_H

#include "packline/buf.h"
#include "packline/outfile.h"
#include "packline/sink.h"

/*
 * A flat ZIP file of stored members that is written from front to back, with
 * the framing of packline/zip.h: of the same members the same bytes.  The
 * CRC-32 of a member is put in front of it when it is known.
 */
struct pkg_batch_zip {
	struct pkg_sink sink;     /* of the member that is being written */
	struct pkg_outfile *file; /* seekable; borrowed */
	struct pkg_buf central;
	uint64_t at;    /* bytes written */
	uint64_t local; /* where the member's header goes */
	uint64_t size;  /* of the member */
	uint32_t crc;
	size_t count;
	const char *name; /* of the member, borrowed until it ends */
};

void pkg_batch_zip_init(struct pkg_batch_zip *zip, struct pkg_outfile *file);
void pkg_batch_zip_fini(struct pkg_batch_zip *zip);
/*
 * Begin a member of @size bytes, which then go to zip->sink.  Fails with
 * PKG_INPUT, reason "limit", if there are too many.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_zip_begin(struct pkg_batch_zip *zip,
						 const char *name,
						 uint64_t size,
						 struct pkg_err *err);
/* It is complete: PKG_INTERNAL if it was not @size bytes. */
PKG_MUST_CHECK enum pkg_code pkg_batch_zip_end(struct pkg_batch_zip *zip,
					       struct pkg_err *err);
/* Both, for what is in memory. */
PKG_MUST_CHECK enum pkg_code pkg_batch_zip_put(struct pkg_batch_zip *zip,
					       const char *name,
					       const void *data, size_t len,
					       struct pkg_err *err);
/* Write what closes the file; the caller commits it. */
PKG_MUST_CHECK enum pkg_code pkg_batch_zip_finish(struct pkg_batch_zip *zip,
						  struct pkg_err *err);

#endif
