/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_OUTDIR_H
#define PKG_OUTDIR_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * An output folder that appears complete or not at all: built as
 * `.packline-<16 hex>.tmp` beside the target, every file and folder synced,
 * then renamed once.  Until then only its owner can look into it.  Freeing
 * without commit removes what was built.
 */
struct pkg_outdir;

PKG_API_BEGIN

/*
 * Prepare the folder @path, relative to @dirfd (AT_FDCWD is fine).
 * @out    receives it; freed by the caller with pkg_outdir_free().
 * @force  replace an existing folder; without it an existing target is
 *         PKG_USAGE, unless it is an empty folder.
 */
PKG_MUST_CHECK enum pkg_code pkg_outdir_open(struct pkg_outdir **out, int dirfd,
					     const char *path, bool force,
					     struct pkg_err *err);
/*
 * Create a file in the folder.
 * @name  one plain name: not empty, no '/', not "." or "..", else PKG_INPUT.
 * @fd    receives a descriptor opened O_RDWR, which the caller closes with
 *        pkg_outdir_close_file() so that it is synced.
 * Fails with PKG_INPUT if @name exists, PKG_SYSTEM on I/O errors.
 */
PKG_MUST_CHECK enum pkg_code pkg_outdir_create(struct pkg_outdir *dir,
					       const char *name, unsigned mode,
					       int *fd, struct pkg_err *err);
/* Sync and close a descriptor made by pkg_outdir_create(). */
PKG_MUST_CHECK enum pkg_code pkg_outdir_close_file(struct pkg_outdir *dir,
						   int fd, struct pkg_err *err);
/* The folder's descriptor while it is built, borrowed. */
int pkg_outdir_fd(const struct pkg_outdir *dir);
/* The mode it gets when it is committed, instead of 0777 less the umask. */
void pkg_outdir_set_mode(struct pkg_outdir *dir, unsigned mode);
/*
 * That of the folder in which it appears, borrowed: all that happens to it
 * happens there, so a sandbox must leave it (packline/sandbox.h).
 */
int pkg_outdir_parent_fd(const struct pkg_outdir *dir);
/* Make the folder visible under its name; errors as pkg_outfile_commit(). */
PKG_MUST_CHECK enum pkg_code pkg_outdir_commit(struct pkg_outdir *dir,
					       struct pkg_err *err);
void pkg_outdir_free(struct pkg_outdir *dir); /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_outdir)

#endif
