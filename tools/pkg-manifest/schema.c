/* SPDX-License-Identifier: Apache-2.0 */
#include "common/schema.h"
#include "pkg-manifest/session.h"

#include "packline/cloudfoundry.h"
#include "packline/plan.h"
#include "packline/receipt.h"

static const unsigned char artifact[] = {
#include "schemas/artifact.inc"
};
static const unsigned char import[] = {
#include "schemas/import.inc"
};
static const unsigned char import_step[] = {
#include "schemas/import-step.inc"
};

static enum pkg_code emit_lock(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_manifest_schema("lock", sink, err);
}

static enum pkg_code emit_manifest(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_manifest_schema("manifest", sink, err);
}

static enum pkg_code emit_profile(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_manifest_schema("profile", sink, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	static const struct schema_row rows[] = {
	    {"artifact", NULL, artifact, sizeof(artifact)},
	    {"import", NULL, import, sizeof(import)},
	    {"import-step", NULL, import_step, sizeof(import_step)},
	    {"lock", emit_lock, NULL, 0},
	    {"manifest", emit_manifest, NULL, 0},
	    {"plan", pkg_plan_schema, NULL, 0},
	    {"plan-cloudfoundry", pkg_cf_plan_schema, NULL, 0},
	    {"profile", emit_profile, NULL, 0},
	    {"receipt", pkg_receipt_schema, NULL, 0},
	    {0},
	};

	(void)options;
	(void)argc;
	return schema_print(cli, rows, argv[0], err);
}

enum pkg_code verb_schema(struct cli *cli, struct pkg_err *err)
{
	static const struct cli_opt table[] = {{0}};
	const struct cli_command command = {
	    .synopsis = "NAME",
	    .purpose = "Print the JSON Schema (draft-07) of a format.",
	    .notes = "NAME: artifact, import, import-step, lock, manifest, "
		     "plan, plan-cloudfoundry,\nprofile or receipt.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	};

	return cli_command_run(cli, &command, err);
}
