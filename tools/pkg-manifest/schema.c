/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/cloudfoundry.h"
#include "packline/plan.h"
#include "packline/receipt.h"

#include <string.h>

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	(void)options;
	(void)argc;
	if (strcmp(argv[0], "plan") == 0)
		return pkg_plan_schema(cli_stdout(cli), err);
	if (strcmp(argv[0], "plan-cloudfoundry") == 0)
		return pkg_cf_plan_schema(cli_stdout(cli), err);
	if (strcmp(argv[0], "receipt") == 0)
		return pkg_receipt_schema(cli_stdout(cli), err);
	return pkg_manifest_schema(argv[0], cli_stdout(cli), err);
}

enum pkg_code verb_schema(struct cli *cli, struct pkg_err *err)
{
	static const struct cli_opt table[] = {{0}};
	const struct cli_command command = {
	    .synopsis = "manifest|lock|plan|plan-cloudfoundry|profile|receipt",
	    .purpose = "Print the JSON Schema (draft-07) of a format.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	};

	return cli_command_run(cli, &command, err);
}
