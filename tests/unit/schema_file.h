/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SCHEMA_FILE_H
#define UNIT_SCHEMA_FILE_H

/*
 * schemas/NAME.schema.json is what the binding table prints.  After a change
 * of the table run the test with PKG_ACCEPT=1 and review the difference.
 */
#include "unit.h"

#include "packline/buf.h"
#include "packline/sink.h"

#include <stdio.h>
#include <stdlib.h>

static inline void schema_file_matches(
    const char *name,
    enum pkg_code (*emit)(struct pkg_sink *sink, struct pkg_err *err))
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = 1u << 20};
	struct pkg_sink_buf sink;
	static char there[1u << 20];
	char path[4096];
	const char *accept = getenv("PKG_ACCEPT");
	FILE *file = NULL;
	size_t len = 0;

	pkg_sink_buf_init(&sink, &made);
	assert_ok(emit(&sink.sink, &err));
	(void)snprintf(path, sizeof(path), PKG_SCHEMAS "/%s.schema.json", name);
	if (accept != NULL && accept[0] != '\0') {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(made.data, 1, made.len, file),
				 made.len);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(there, 1, sizeof(there) - 1, file);
	there[len] = '\0';
	assert_int_equal(fclose(file), 0);
	assert_string_equal(pkg_buf_str(&made), there);
}

#endif
