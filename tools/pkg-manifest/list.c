/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/limits.h"
#include "packline/listing.h"

#include <string.h>

struct options {
	struct session_options session;
	const char *query, *sort;
	struct cli_number limit, offset;
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	const struct options *o = options;
	const struct pkg_listing list = {
	    .what = argv[0],
	    .query = o->query,
	    .sort = o->sort,
	    .limit = (int64_t)o->limit.value,
	    .offset = (int64_t)o->offset.value,
	};

	(void)argc;
	PKG_TRY(session_open_any(&s, cli, &o->session, argv[1], err));
	/* Only the artifacts need the files of a manifest. */
	if (!s.manifest->locked && strcmp(list.what, "artifacts") == 0)
		PKG_TRY(session_select(&s, err));
	PKG_TRY(session_judge(&s, err));
	return pkg_listing_write(s.manifest, &list, cli_stdout(cli), err);
}

enum pkg_code verb_list(struct cli *cli, struct pkg_err *err)
{
	struct options options = {.limit = {.max = PKG_LIMIT_JSON_INT},
				  .offset = {.max = PKG_LIMIT_JSON_INT}};
	const struct cli_opt table[] = {
	    {"query", 'q', CLI_TEXT, &options.query, "FIQL",
	     "only what the query holds for, as the server's q", NULL, NULL},
	    {"sort", 0, CLI_TEXT, &options.sort, "FIELD:ASC,...",
	     "sort by fields, ASC or DESC each", NULL, NULL},
	    {"limit", 0, CLI_NUMBER, &options.limit, "N",
	     "at most so many (default: 50, at most 500)", NULL, NULL},
	    {"offset", 0, CLI_NUMBER, &options.offset, "N",
	     "leave the first ones out (default: 0)", NULL, NULL},
	    SESSION_DEFINES(options.session),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] modules|sets|artifacts|metadata|types|"
			"assigned MANIFEST|LOCK",
	    .purpose = "List what a manifest or a lock has, as the server "
		       "would.",
	    .notes = "Files that end in .json or .lock are locks.",
	    .table = table,
	    .min_args = 2,
	    .max_args = 2,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
