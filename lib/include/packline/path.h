/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_PATH_H
#define PKG_PATH_H

#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>

struct stat;

PKG_API_BEGIN

/*
 * Open @path for reading, relative to the directory @dirfd (AT_FDCWD is
 * fine).  @fd receives a descriptor, close-on-exec, that the caller closes.
 * Fails with PKG_SYSTEM, with a hint for a missing file or permission; a
 * directory is refused with PKG_USAGE.
 */
PKG_MUST_CHECK enum pkg_code pkg_path_open(int *fd, int dirfd, const char *path,
					   struct pkg_err *err);
/*
 * The same, but nothing outside @dirfd can be reached: no absolute path, no
 * "..", no symbolic link that leaves it (openat2 RESOLVE_BENEATH; a walk with
 * O_NOFOLLOW where the kernel lacks it).  Such a path is PKG_INPUT.
 */
PKG_MUST_CHECK enum pkg_code pkg_path_open_beneath(int *fd, int dirfd,
						   const char *path,
						   struct pkg_err *err);
/*
 * Open the regular file @path for reading, relative to @dirfd, and nothing
 * else: never waits for the other end of a named pipe.
 * @fd        receives a descriptor, close-on-exec, that the caller closes.
 * @st        receives what fstat() says of it, from <sys/stat.h>.
 * @nofollow  refuse @path if it is a symbolic link.
 * Fails with PKG_SYSTEM (missing, unreadable), PKG_USAGE (a directory) or
 * PKG_INPUT, reason "not-a-file" (a link with @nofollow, a device, a pipe, a
 * socket).
 */
PKG_MUST_CHECK enum pkg_code pkg_path_open_regular(int *fd, struct stat *st,
						   int dirfd, const char *path,
						   bool nofollow,
						   struct pkg_err *err);
/*
 * Is there anything of the name @path, relative to @dirfd?  A link counts
 * itself, whatever it points to.
 * @there  receives the answer.
 * Fails with PKG_SYSTEM if nobody can tell.
 */
PKG_MUST_CHECK enum pkg_code pkg_path_is_there(bool *there, int dirfd,
					       const char *path,
					       struct pkg_err *err);
/*
 * Append the whole content of @path to @out, "-" is standard input.  More
 * than @out->max allows is PKG_INPUT; other errors as pkg_path_open().
 */
PKG_MUST_CHECK enum pkg_code pkg_path_slurp(struct pkg_buf *out, int dirfd,
					    const char *path,
					    struct pkg_err *err);
/*
 * Open a file that holds a secret or a private key: a regular file that no
 * group or other may read, write or execute, owned by us or by root.
 * Fails with PKG_KEY and a hint (chmod 600).
 */
PKG_MUST_CHECK enum pkg_code pkg_path_open_private(int *fd, int dirfd,
						   const char *path,
						   struct pkg_err *err);
/*
 * Split @path, relative to @dirfd, into its folder, opened (@dir, which the
 * caller closes), and its last component (@base, borrowed from @path).
 * Fails with PKG_USAGE if that names no file; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_path_split(int *dir, const char **base,
					    int dirfd, const char *path,
					    struct pkg_err *err);
/* The part after the last '/', borrowed from @path; never empty for "a/b". */
const char *pkg_path_basename(const char *path);
/*
 * True if @name can be the name of one file anywhere: UTF-8, 1..255 bytes, no
 * '/', '\\' or control character, not "." or "..".
 */
bool pkg_path_is_safe_name(const char *name, size_t len);
/*
 * What is wrong with @name, which somebody else chose, as the name of a file
 * on any system: NULL if nothing is, else words that go on after the name,
 * "ends with a dot or a blank".  More than what is no safe name is wrong: a
 * first '-' or '.', what Windows cannot take or takes for something else, what
 * unzip takes for a version (";1" at the end), and what a terminal does not
 * show.
 * @name  NUL-terminated; its @len bytes may hold a NUL.
 */
const char *pkg_path_name_flaw(const char *name, size_t len);
/*
 * True if Windows opens a device and not a file under this name: its part
 * before the first dot is CON, PRN, AUX, NUL, CONIN$, CONOUT$, COM1-9 or
 * LPT1-9, in any case.
 */
bool pkg_path_is_device(const char *name);
/*
 * True if @text is a name as containers, configurations and jobs have them:
 * [A-Za-z0-9_][A-Za-z0-9._+-]* of at most PKG_LIMIT_MEMBER_NAME bytes, without
 * a trailing dot, and no device.
 */
bool pkg_path_is_name(const char *text);

PKG_API_END

#endif
