/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_WALK_H
#define PKG_WALK_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * All files below a folder, in the byte order of their paths, whatever order
 * the file system has.  Symbolic links are told but never followed, so there
 * is no way out of the folder and no loop.
 */
struct pkg_walk;

enum pkg_walk_kind {
	PKG_WALK_FILE,  /* a regular file */
	PKG_WALK_LINK,  /* a symbolic link */
	PKG_WALK_OTHER, /* a device, a socket, a named pipe */
};

struct pkg_walk_entry {
	const char *path; /* the folder's path as given, '/', the rest */
	enum pkg_walk_kind kind;
};

PKG_API_BEGIN

/*
 * Start at the folder @path, relative to the directory @dirfd (AT_FDCWD is
 * fine).  Paths below "." have no prefix.
 * @out  receives it; freed by the caller with pkg_walk_free().
 * Fails with PKG_SYSTEM if the folder cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_walk_new(struct pkg_walk **out, int dirfd,
					  const char *path,
					  struct pkg_err *err);
void pkg_walk_free(struct pkg_walk *walk); /* NULL is allowed */
/*
 * The next file, link or other thing; folders are not told, nor what is called
 * as an unfinished output (packline/outfile.h).
 * @entry  borrowed until the next call.
 * @more   set to false at the end.
 * Fails with PKG_SYSTEM (a folder cannot be read), PKG_INPUT (a path longer
 * than PKG_LIMIT_PATH, more than PKG_LIMIT_WALK_DEPTH levels, a folder of more
 * than PKG_LIMIT_WALK_NAMES).  The walk can be continued after a failure: what
 * could not be read is left out.
 */
PKG_MUST_CHECK enum pkg_code pkg_walk_next(struct pkg_walk *walk,
					   struct pkg_walk_entry *entry,
					   bool *more, struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_walk)

#endif
