/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/limits.h"
#include "packline/snapshot.h"

struct options {
	struct pkg_snapshot_options snapshot;
	const char *downloads;
	bool lock;
};

static enum pkg_code write_all(struct session *s,
			       const struct pkg_snapshot *snapshot,
			       const struct options *o, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &text);
	if (o->downloads != NULL) {
		PKG_TRY(pkg_snapshot_downloads(snapshot, o->snapshot.files,
					       &sink.sink, err));
		PKG_TRY(session_write(s, o->downloads, &text, false, err));
		pkg_buf_clear(&text);
	}
	PKG_TRY(o->lock ? pkg_lock_write(s->manifest, &sink.sink, err)
			: pkg_lock_yaml(s->manifest, &sink.sink, err));
	return session_write(s, cli_output(s->cli), &text, false, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	PKG_AUTO(pkg_snapshot) struct pkg_snapshot *snapshot = NULL;
	const struct options *o = options;

	if (o->snapshot.tenant == NULL || o->snapshot.name == NULL ||
	    o->snapshot.version == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "tenant, name and version are not given");
		return pkg_hint(err, "a server does not tell them: add "
				     "--tenant, --name and --version");
	}
	PKG_TRY(session_start(&s, cli, "", err));
	PKG_TRY(pkg_snapshot_new(&snapshot, s.arena, err));
	for (int i = 0; i < argc; i++)
		PKG_TRY(listing_read(&s, snapshot, argv[i], err));
	PKG_TRY(listing_bind(&s, snapshot, &o->snapshot, err));
	return write_all(&s, snapshot, o, err);
}

enum pkg_code verb_from_server(struct cli *cli, struct pkg_err *err)
{
	struct options options = {.snapshot = {.files = "files"}};
	const struct cli_opt table[] = {
	    {"tenant", 0, CLI_TEXT, &options.snapshot.tenant, "NAME",
	     "tenant of the manifest", NULL, NULL},
	    {"name", 0, CLI_TEXT, &options.snapshot.name, "NAME",
	     "name of the product", NULL, NULL},
	    {"version", 0, CLI_TEXT, &options.snapshot.version, "V",
	     "version of the product", NULL, NULL},
	    {"files", 0, CLI_TEXT, &options.snapshot.files, "DIR",
	     "folder of the artifacts, named by SHA-256 (default: files)", NULL,
	     "dir"},
	    {"downloads", 0, CLI_TEXT, &options.downloads, "FILE",
	     "write which artifacts to download, and where to", NULL, "file"},
	    {"lock", 0, CLI_FLAG, &options.lock, NULL,
	     "write a lock instead of a manifest", NULL, NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] FILE|FOLDER...",
	    .purpose = "Make a manifest of what a server has, from its saved "
		       "listings.",
	    .notes = "Each FILE is called as the request whose answer it is, "
		     "such as softwaremodules.json or "
		     "softwaremodules/5/artifacts.json; further pages are "
		     "softwaremodules.2.json and so on.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
