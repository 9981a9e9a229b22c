/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_VERIFY_TOOL_LOG_H
#define PKG_VERIFY_TOOL_LOG_H

#include "pkg-verify/setup.h"

/* Is the operand an audit log?  Its first byte tells; so does a rotated file
   where the last one is missing. */
enum pkg_code verify_is_log(bool *out, struct cli *cli, const char *path,
			    struct pkg_err *err);
/* Say yes or no about it. */
enum pkg_code verify_log(struct cli *cli, const struct verify_args *args,
			 const char *path, struct pkg_err *err);

#endif
