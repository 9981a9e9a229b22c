/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OUTFILE_H
#define PKG_OUTFILE_H

#include "packline/sink.h"

#include <stdbool.h>

/*
 * An output file that appears complete or not at all: an unnamed file in the
 * target's folder (O_TMPFILE, else a hidden `.packline-<16 hex>.tmp`), then
 * fsync, link or rename, fsync of the folder.  The target is untouched until
 * pkg_outfile_commit() succeeds; freeing without it leaves nothing behind.
 *
 * The path "-" is standard output: written to an unlinked temporary file and
 * copied out by commit if @seekable, else written through at once.
 */
struct pkg_outfile;

struct pkg_outfile_options {
	bool force;    /* replace an existing target */
	bool seekable; /* the caller uses pkg_outfile_pwrite() */
	bool binary;   /* refuse to write to a terminal */
	unsigned mode; /* permission bits; 0 = 0666 less the umask */
	uint64_t size; /* bytes to allocate beforehand; 0 = unknown */
};

PKG_API_BEGIN

/*
 * Prepare to write @path, relative to the directory @dirfd (AT_FDCWD is
 * fine).
 * @out      receives it; freed by the caller with pkg_outfile_free().
 * @options  NULL = all zero.
 * Fails with PKG_USAGE if the target exists (without force), is not a regular
 * file, or is a terminal (with binary); PKG_SYSTEM on I/O errors.
 */
PKG_MUST_CHECK enum pkg_code
pkg_outfile_open(struct pkg_outfile **out, int dirfd, const char *path,
		 const struct pkg_outfile_options *options,
		 struct pkg_err *err);
/* Where to write, from the front; borrowed. */
struct pkg_sink *pkg_outfile_sink(struct pkg_outfile *file);
/* Write @len bytes at @offset, which need not have been written before. */
PKG_MUST_CHECK enum pkg_code pkg_outfile_pwrite(struct pkg_outfile *file,
						const void *buf, size_t len,
						uint64_t offset,
						struct pkg_err *err);
/*
 * The descriptor, for reading back what was written: borrowed.  -1 for a
 * standard output that is not seekable.
 */
int pkg_outfile_fd(const struct pkg_outfile *file);
/*
 * Make the file visible: cut to @size bytes unless that is UINT64_MAX, fsync,
 * give it its name, fsync the folder.
 * Fails with PKG_USAGE if the target appeared meanwhile (without force),
 * PKG_SYSTEM on I/O errors; the target is untouched then.
 */
PKG_MUST_CHECK enum pkg_code pkg_outfile_commit(struct pkg_outfile *file,
						uint64_t size,
						struct pkg_err *err);
void pkg_outfile_free(struct pkg_outfile *file); /* NULL is allowed */

/*
 * For a signal handler that ends the process: remove what unfinished output
 * files and folders have left under temporary names, of this whole process.
 * Async-signal-safe; the outputs cannot be used afterwards.
 */
void pkg_outputs_abandon(void);

/*
 * Remove from the folder @dir what processes that were killed have left under
 * such names.  Opening an output there does it, too.
 */
void pkg_outputs_sweep(int dir);

/*
 * An unlinked temporary file, mode 0600, in the folder @dir; NULL = /var/tmp,
 * or /tmp if that cannot be written.  @out receives a descriptor, opened
 * O_RDWR, that the caller closes.  Fails with PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_tmpfile_open(int *out, const char *dir,
					      struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_outfile)

#endif
