/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_VERIFY_TOOL_LOG_H
#define PKG_VERIFY_TOOL_LOG_H

#include "pkg-verify/setup.h"

/*
 * Is the open file @path an audit log?  Its first byte tells, which is not
 * taken from it.
 */
enum pkg_code verify_is_log(bool *out, int fd, const char *path,
			    struct pkg_err *err);
/* There is a file that was rotated from the log @path. */
bool verify_has_rotated(struct cli *cli, const char *path);
/* Say yes or no about it. */
enum pkg_code verify_log(struct cli *cli, const struct verify_args *args,
			 const char *path, struct pkg_err *err);

#endif
