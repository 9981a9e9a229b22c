/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/limits.h"

#include <string.h>

struct options {
	struct session_options session;
	const char *hashes, *depfile;
	bool no_files, if_changed;
};

static enum pkg_code pin(struct session *s, const struct options *o,
			 struct pkg_err *err)
{
	PKG_AUTO_FINI(records) struct records hashes = {0};

	if (o->hashes == NULL) {
		PKG_TRY(session_crypto(s, err));
		return pkg_lock_hash(s->manifest, s->arena, s->folder,
				     cli_env(s->cli), &s->diag, err);
	}
	if (strcmp(o->hashes, "-") != 0)
		PKG_TRY(session_input(s, o->hashes, err));
	PKG_TRY(records_open(&hashes, s, o->hashes, err));
	if (!o->no_files)
		return pkg_lock_pin(s->manifest, s->arena, hashes.source,
				    &s->diag, err);
	PKG_TRY(pkg_lock_pin_only(s->manifest, s->arena, hashes.source,
				  &s->diag, err));
	return pkg_manifest_check_artifacts(s->manifest, &s->profile, &s->diag,
					    err);
}

static enum pkg_code pin_seals(struct session *s, struct pkg_err *err)
{
	if (!pkg_lock_has_seals(s->manifest))
		return PKG_OK;
	PKG_TRY(session_crypto(s, err));
	return pkg_lock_pin_seals(s->manifest, s->arena, s->folder,
				  cli_env(s->cli), &s->diag, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	const struct options *o = options;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *depfile = NULL;
	const char *output = cli_output(cli);
	struct pkg_sink_buf sink;

	(void)argc;
	if (o->no_files && o->hashes == NULL)
		return pkg_fail(err, PKG_USAGE,
				"--no-files needs the records: --hashes FILE");
	if ((o->depfile != NULL || o->if_changed) &&
	    (output == NULL || strcmp(output, "-") == 0))
		return pkg_fail(err, PKG_USAGE,
				"--depfile and --if-changed need -o FILE");
	PKG_TRY(session_open(&s, cli, &o->session, argv[0], err));
	if (!o->no_files)
		PKG_TRY(session_select(&s, err));
	if (s.diag.errors == 0)
		PKG_TRY(pin(&s, o, err));
	if (s.diag.errors == 0 && !o->no_files)
		PKG_TRY(pin_seals(&s, err));
	if (s.diag.errors == 0 && !o->no_files)
		PKG_TRY(session_check_sboms(&s, err));
	PKG_TRY(session_judge(&s, err));
	pkg_sink_buf_init(&sink, &text);
	PKG_TRY(pkg_lock_write(s.manifest, &sink.sink, err));
	if (o->depfile != NULL)
		PKG_TRY(depfile_prepare(&depfile, &s, o->depfile, output, err));
	PKG_TRY(session_write(&s, output, &text, o->if_changed, err));
	return depfile != NULL ? pkg_outfile_commit(depfile, UINT64_MAX, err)
			       : PKG_OK;
}

enum pkg_code verb_resolve(struct cli *cli, struct pkg_err *err)
{
	struct options options = {0};
	const struct cli_opt table[] = {
	    SESSION_DEFINES(options.session),
	    {"hashes", 0, CLI_TEXT, &options.hashes, "FILE",
	     "records of pkg-hash, - is standard input", NULL, "file"},
	    {"no-files", 0, CLI_FLAG, &options.no_files, NULL,
	     "believe the records alone, look at no artifact", NULL, NULL},
	    {"depfile", 0, CLI_TEXT, &options.depfile, "FILE",
	     "write a rule for make with all that was read", NULL, "file"},
	    {"if-changed", 0, CLI_FLAG, &options.if_changed, NULL,
	     "leave an output alone that would be the same", NULL, NULL},
	    SESSION_SERVER(options.session),
	    SESSION_AT(options.session),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] MANIFEST",
	    .purpose = "Pin variables, files and digests, and write the lock.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
