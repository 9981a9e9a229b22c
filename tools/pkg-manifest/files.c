/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/map.h"

struct options {
	struct session_options session;
	bool null;
};

/* Each file once, relative to the manifest's folder. */
static enum pkg_code print(struct session *s, const struct pkg_pinned *file,
			   struct pkg_map *once, bool null, struct pkg_err *err)
{
	struct pkg_sink *out = cli_stdout(s->cli);
	const void *before;

	PKG_TRY(pkg_map_add(once, file->path, file, &before, err));
	if (before != NULL)
		return PKG_OK;
	PKG_TRY(pkg_sink_puts(out, file->path, err));
	return pkg_sink_write(out, null ? "" : "\n", 1, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	const struct options *o = options;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	const struct pkg_module *modules;

	(void)argc;
	PKG_TRY(session_open(&s, cli, &o->session, argv[0], err));
	PKG_TRY(session_select(&s, err));
	PKG_TRY(session_judge(&s, err));
	modules = s.manifest->modules.items;
	for (size_t i = 0; i < s.manifest->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++)
			PKG_TRY(print(&s, &a[k], &once, o->null, err));
		a = modules[i].bits_files.items;
		for (size_t k = 0; k < modules[i].bits_files.count; k++)
			PKG_TRY(print(&s, &a[k], &once, o->null, err));
		if (modules[i].sbom_file != NULL)
			PKG_TRY(print(&s, modules[i].sbom_file, &once, o->null,
				      err));
	}
	return PKG_OK;
}

enum pkg_code verb_files(struct cli *cli, struct pkg_err *err)
{
	struct options options = {0};
	const struct cli_opt table[] = {
	    SESSION_DEFINES(options.session),
	    SESSION_SERVER(options.session),
	    {"null", '0', CLI_FLAG, &options.null, NULL,
	     "end each path with a NUL instead of a newline", NULL, NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] MANIFEST",
	    .purpose = "Print the files that a manifest selects, relative to "
		       "its folder.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
