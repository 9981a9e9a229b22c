/* SPDX-License-Identifier: Apache-2.0 */
#include "common/schema.h"

#include "packline/buf.h"
#include "packline/sink.h"

#include <string.h>

static enum pkg_code unknown(const struct schema_row *rows, const char *name,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf list = {.max = 1024};

	for (const struct schema_row *row = rows; row->name != NULL; row++)
		PKG_TRY(pkg_buf_printf(&list, err, "%s%s",
				       row == rows           ? ""
				       : row[1].name == NULL ? " and "
							     : ", ",
				       row->name));
	pkg_fail(err, PKG_USAGE, "no schema '%s'", name);
	return pkg_hint(err, "there are %s", pkg_buf_str(&list));
}

enum pkg_code schema_print(struct cli *cli, const struct schema_row *rows,
			   const char *name, struct pkg_err *err)
{
	for (const struct schema_row *row = rows; row->name != NULL; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		if (row->emit != NULL)
			return row->emit(cli_stdout(cli), err);
		return pkg_sink_write(cli_stdout(cli), row->text, row->len,
				      err);
	}
	return unknown(rows, name, err);
}
