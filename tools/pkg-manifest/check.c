/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include <stdio.h>

struct options {
	struct session_options session;
	bool no_files;
};

static enum pkg_code print(struct cli *cli, const struct pkg_diag *diag,
			   struct pkg_err *err)
{
	for (const struct pkg_finding *f = diag->first; f != NULL; f = f->next)
		PKG_TRY(cli_json(cli)
			    ? cli_finding_record(cli_stdout(cli), f, err)
			    : cli_finding_text(cli_stdout(cli), f, err));
	if (diag->dropped > 0)
		cli_warn(cli, "%zu more findings are not shown", diag->dropped);
	return PKG_OK;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	const struct options *o = options;
	const char *path = argv[0];

	(void)argc;
	PKG_TRY(session_open(&s, cli, &o->session, path, err));
	if (!o->no_files)
		PKG_TRY(session_select(&s, err));
	if (!o->no_files && s.diag.errors == 0)
		PKG_TRY(session_check_sboms(&s, err));
	pkg_diag_sort(&s.diag);
	PKG_TRY(print(cli, &s.diag, err));
	if (s.diag.errors != 0)
		return cli_no(err);
	cli_note(cli, "%s: %zu modules, %zu sets: no errors, %zu warnings",
		 path, s.manifest->modules.count, s.manifest->sets.count,
		 s.diag.warnings);
	return PKG_OK;
}

enum pkg_code verb_check(struct cli *cli, struct pkg_err *err)
{
	struct options options = {0};
	const struct cli_opt table[] = {
	    SESSION_DEFINES(options.session),
	    SESSION_SERVER(options.session),
	    SESSION_AT(options.session),
	    {"no-files", 0, CLI_FLAG, &options.no_files, NULL,
	     "do not look at the artifacts", NULL, NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] MANIFEST",
	    .purpose = "Tell all that is wrong with a manifest, and what the "
		       "server would refuse.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
