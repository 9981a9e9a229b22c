/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/approval_policy.h"
#include "packline/bundle.h"
#include "packline/cloudfoundry.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/resource.h"

#include <string.h>

struct options {
	const char *target, *containers, *known, *expires, *requester, *policy;
	const char *profile;
	struct cli_number sequence;
};

static void progress(void *context, uint64_t done, uint64_t all)
{
	cli_progress(context, "bundling", done, all);
}

static enum pkg_code open_policy(struct pkg_approval_policy **policy,
				 struct session *s, const char *path,
				 struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;

	if (path == NULL)
		return PKG_OK;
	code = pkg_approval_policy_load(policy, cli_env(s->cli)->crypto,
					&s->diag, cli_dirfd(s->cli), path, err);
	cli_findings(s->cli, &s->diag);
	return code;
}

static enum pkg_code write_bundle(struct session *s, const struct options *o,
				  struct pkg_source *containers,
				  struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .force = cli_force(s->cli), .seekable = true, .binary = true};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	struct pkg_bundle_spec spec = {
	    .lock = s->manifest,
	    .containers = containers,
	    .known = o->known,
	    .folder = s->folder,
	    .containers_folder = cli_dirfd(s->cli),
	    .sequence = o->sequence.given ? (int64_t)o->sequence.value : -1,
	    .expires = o->expires,
	    .requester = o->requester,
	    .progress = progress,
	    .progress_context = s->cli,
	};
	PKG_AUTO(pkg_known) struct pkg_known *resources = NULL;
	PKG_AUTO(pkg_approval_policy)
	struct pkg_approval_policy *policy = NULL;
	const bool cf = strcmp(o->target, "cloudfoundry") == 0;
	uint64_t size = 0;

	PKG_TRY(session_crypto(s, err));
	if (cf)
		PKG_TRY(session_resources(s, &resources, o->known, err));
	spec.resources = resources;
	PKG_TRY(open_policy(&policy, s, o->policy, err));
	spec.policy = policy;
	PKG_TRY(pkg_outfile_open(&file, cli_dirfd(s->cli), cli_output(s->cli),
				 &options, err));
	PKG_TRY(cf ? pkg_cf_bundle_write(&spec, cli_env(s->cli), s->arena, file,
					 &size, err)
		   : pkg_bundle_write(&spec, cli_env(s->cli), s->arena, file,
				      &size, err));
	return pkg_outfile_commit(file, size, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session s = {.folder = -1};
	PKG_AUTO_FINI(records) struct records containers = {0};
	const struct options *o = options;

	(void)argc;
	if (cli_output(cli) == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no output given");
		return pkg_hint(err, "add -o NAME.bundle");
	}
	PKG_TRY(session_open_lock(&s, cli, argv[0], err));
	PKG_TRY(session_limits(&s, o->profile, err));
	PKG_TRY(records_open(&containers, &s, o->containers, err));
	return write_bundle(&s, o, containers.source, err);
}

enum pkg_code verb_bundle(struct cli *cli, struct pkg_err *err)
{
	struct options options = {.target = "hawkbit",
				  .sequence = {.max = PKG_LIMIT_JSON_INT}};
	const struct cli_opt table[] = {
	    {"target", 0, CLI_CHOICE, &options.target, "SERVER",
	     "kind of server that imports it (default: hawkbit)",
	     "hawkbit cloudfoundry", NULL},
	    {"containers", 0, CLI_TEXT, &options.containers, "FILE",
	     "records of the containers of sealed artifacts", NULL, "file"},
	    {"known", 0, CLI_TEXT, &options.known, "RECEIPT",
	     "leave out what the server has by this receipt", NULL, "file"},
	    {"sequence", 0, CLI_NUMBER, &options.sequence, "N",
	     "number that grows with each release, against roll-back", NULL,
	     NULL},
	    {"expires", 0, CLI_TEXT, &options.expires, "TIME",
	     "refuse the bundle from then on (2026-12-01T02:00:00Z)", NULL,
	     NULL},
	    {"requester", 0, CLI_TEXT, &options.requester, "WHO",
	     "who asks for the signature", NULL, NULL},
	    {"policy", 0, CLI_TEXT, &options.policy, "FILE",
	     "approval policy under which it must be approved", NULL, "file"},
	    SESSION_PROFILE(options.profile),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] LOCK -o FILE",
	    .purpose = "Put the plan and every file it needs into an import "
		       "bundle, a draft.",
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
