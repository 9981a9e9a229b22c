/* SPDX-License-Identifier: Apache-2.0 */
#include "common/schema.h"
#include "pkg-batch/common.h"

static const unsigned char batch[] = {
#include "schemas/batch.inc"
};
static const unsigned char batch_timestamp[] = {
#include "schemas/batch-timestamp.inc"
};
static const unsigned char watch_error[] = {
#include "schemas/watch-error.inc"
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	static const struct schema_row rows[] = {
	    {"batch", NULL, batch, sizeof(batch)},
	    {"batch-timestamp", NULL, batch_timestamp, sizeof(batch_timestamp)},
	    {"process", pkg_process_schema, NULL, 0},
	    {"watch-error", NULL, watch_error, sizeof(watch_error)},
	    {0},
	};

	(void)options;
	(void)argc;
	return schema_print(cli, rows, argv[0], err);
}

enum pkg_code batch_schema_main(struct cli *cli, struct pkg_err *err)
{
	static const struct cli_opt table[] = {{0}};
	const struct cli_command command = {
	    .synopsis = "NAME",
	    .purpose = "Print the JSON Schema (draft-07) of a configuration "
		       "file or a record.",
	    .notes = "NAME: batch, batch-timestamp, process or "
		     "watch-error.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	};

	return cli_command_run(cli, &command, err);
}
