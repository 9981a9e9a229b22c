/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIGEST_HASH_FILE_H
#define DIGEST_HASH_FILE_H

#include "packline/hasher.h"

#include <sys/stat.h>

/*
 * One file while it is hashed, for lib/digest/hasher.c: it must be the same
 * before and after, and have as many bytes as it says.
 */
struct pkg_hash_file {
	const char *path; /* borrowed, for messages */
	int fd;           /* -1 = not open */
	bool owned;       /* close fd */
	bool regular;     /* can be read anywhere, by several threads */
	uint64_t start;   /* offset where the reading starts, bytes */
	uint64_t size;    /* bytes from there to the end; 0 of a pipe */
	struct stat before;
};

/* Open (unless the item has a descriptor) and examine; errors as a result. */
PKG_MUST_CHECK enum pkg_code
pkg_hash_file_open(struct pkg_hash_file *file, int dirfd,
		   const struct pkg_hasher_item *item, struct pkg_err *err);
/*
 * Read up to @cap bytes, @at bytes behind the start; at 0 = anywhere for a
 * pipe.  @got is 0 only at the end.  May be called by several threads if the
 * file is regular.
 * Fails with PKG_SYSTEM on an I/O error, or (reason "changed") if the file
 * ends early or goes on after its size.
 */
PKG_MUST_CHECK enum pkg_code
pkg_hash_file_read(const struct pkg_hash_file *file, uint64_t at, void *buf,
		   size_t cap, size_t *got, struct pkg_err *err);
/*
 * Check that nothing changed and fill in all of @out but path and digests.
 * @total  bytes that were read.
 * Fails with PKG_SYSTEM, reason "changed".
 */
PKG_MUST_CHECK enum pkg_code
pkg_hash_file_check(const struct pkg_hash_file *file, uint64_t total,
		    struct pkg_artifact *out, struct pkg_err *err);
void pkg_hash_file_close(struct pkg_hash_file *file);

#endif
