/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/cloudfoundry.h"
#include "packline/limits.h"
#include "packline/plan.h"
#include "packline/receipt.h"
#include "packline/resource.h"

#include <string.h>

struct options {
	const char *target, *containers, *known, *profile;
};

static enum pkg_code for_cloudfoundry(struct session *s,
				      const struct options *o,
				      struct pkg_sink *sink,
				      struct pkg_err *err)
{
	PKG_AUTO(pkg_known) struct pkg_known *known = NULL;

	PKG_TRY(session_crypto(s, err));
	PKG_TRY(session_resources(s, &known, o->known, err));
	return pkg_cf_plan_write(s->manifest, s->folder, known, cli_env(s->cli),
				 sink, err);
}

static enum pkg_code for_hawkbit(struct session *s, const struct options *o,
				 struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO_FINI(records) struct records containers = {0};
	size_t known;

	PKG_TRY(records_open(&containers, s, o->containers, err));
	PKG_TRY(
	    pkg_plan_containers(s->manifest, s->arena, containers.source, err));
	if (o->known != NULL)
		PKG_TRY(pkg_receipt_known(s->manifest, s->arena,
					  cli_dirfd(s->cli), o->known, &known,
					  err));
	return pkg_plan_write(s->manifest, sink, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	const struct options *o = options;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	struct pkg_sink_buf sink;

	(void)argc;
	PKG_TRY(session_open_lock(&s, cli, argv[0], err));
	PKG_TRY(session_limits(&s, o->profile, err));
	pkg_sink_buf_init(&sink, &text);
	PKG_TRY(strcmp(o->target, "cloudfoundry") == 0
		    ? for_cloudfoundry(&s, o, &sink.sink, err)
		    : for_hawkbit(&s, o, &sink.sink, err));
	return session_write(&s, cli_output(cli), &text, false, err);
}

enum pkg_code verb_plan(struct cli *cli, struct pkg_err *err)
{
	struct options options = {.target = "hawkbit"};
	const struct cli_opt table[] = {
	    {"target", 0, CLI_CHOICE, &options.target, "SERVER",
	     "kind of server that imports it (default: hawkbit)",
	     "hawkbit cloudfoundry", NULL},
	    {"containers", 0, CLI_TEXT, &options.containers, "FILE",
	     "records of the containers of sealed artifacts", NULL, "file"},
	    {"known", 0, CLI_TEXT, &options.known, "RECEIPT",
	     "leave out what the server has by this receipt", NULL, "file"},
	    SESSION_PROFILE(options.profile),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] LOCK",
	    .purpose = "Write the steps that import what a lock says.",
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
