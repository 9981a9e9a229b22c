/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_SCHEMA_H
#define TOOLS_SCHEMA_H

#include "cli/cli.h"

/*
 * The verb "schema" of the tools.  What is bound by a table is printed from
 * that; the schema of a record that is only written is kept as a file, whose
 * bytes the build puts here (pkg_tool_schemas() in tools/CMakeLists.txt).
 */
struct schema_row {
	const char *name;
	enum pkg_code (*emit)(struct pkg_sink *sink, struct pkg_err *err);
	const unsigned char *text; /* if emit is NULL */
	size_t len;
};

/*
 * Print the schema @name of @rows, sorted, which end with a name NULL.
 * Fails with PKG_USAGE if it is none of them.
 */
enum pkg_code schema_print(struct cli *cli, const struct schema_row *rows,
			   const char *name, struct pkg_err *err);

#endif
