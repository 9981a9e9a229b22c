/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/path.h"
#include "packline/trust.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct args {
	const char *trust, *device, *time, *cert, *tbs, *raw, *records;
	struct audit_args audit;
	bool partial, replace, no_sandbox;
};

static enum pkg_code check_args(const struct args *args, int argc,
				struct pkg_err *err)
{
	const bool some =
	    args->tbs != NULL || args->raw != NULL || args->cert != NULL;
	const bool all =
	    args->tbs != NULL && args->raw != NULL && args->cert != NULL;

	PKG_TRY(seal_check_trust(args->trust, err));
	if (some && !all) {
		pkg_fail(err, PKG_USAGE,
			 "--tbs, --raw-signature and --cert belong together");
		return pkg_hint(err, "give all three of a signature in two "
				     "halves");
	}
	if (argc > 1 || all)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "nothing to attach");
	return pkg_hint(err, "name what came back behind the draft: a "
			     ".request, a .p7s, or an approval");
}

/* Say which file it is about: a response that is named already is enough. */
static enum pkg_code about(const struct args *args, char **argv, int argc,
			   struct pkg_err *err)
{
	const char *const halves[] = {args->tbs, args->raw};

	for (int i = 1; i < argc; i++)
		if (strncmp(err->text, argv[i], strlen(argv[i])) == 0)
			return err->code;
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
		if (halves[i] != NULL &&
		    strncmp(err->text, halves[i], strlen(halves[i])) == 0)
			return err->code;
	return seal_tool_about(argv[0], err);
}

static enum pkg_code attach(struct seal_tool *tool, struct pkg_seal_attach *job,
			    const char *records, struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	if (records == NULL)
		return pkg_seal_attach(job, cli_env(tool->cli), err);
	PKG_TRY(pkg_path_open(&fd, cli_dirfd(tool->cli), records, err));
	pkg_source_fd_init(&source, fd, records);
	job->records = &source.source;
	code = pkg_seal_attach(job, cli_env(tool->cli), err);
	(void)close(fd);
	return code;
}

/* No key is used; but what somebody else's has made becomes valid. */
static enum pkg_code begin(struct seal_tool *tool, char **argv, int argc,
			   struct pkg_err *err)
{
	char note[512];
	struct pkg_audit_entry entry = {
	    .certificate = seal_audit_cert(
		&(struct pkg_seal_signer){.certs = tool->certs}),
	    .note = note,
	};

	(void)snprintf(note, sizeof(note), "to %.300s, from %d file%s", argv[0],
		       argc - 1, argc == 2 ? "" : "s");
	return seal_audit_begin(&tool->audit, &entry, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	PKG_AUTO(pkg_trust) struct pkg_trust *trust = NULL;
	const struct args *args = options;
	struct pkg_seal_attach job = {
	    .source = &tool.input.source,
	    .dirfd = cli_dirfd(cli),
	    .responses = {(const char *const *)argv + 1, (size_t)argc - 1},
	    .tbs = args->tbs,
	    .raw_signature = args->raw,
	    .partial = args->partial,
	    .replace = args->replace,
	    .ready = seal_tool_confine_now,
	};
	struct seal_confine confine = {
	    .tool = &tool,
	    .output = &job.output,
	    .no_sandbox = args->no_sandbox,
	};

	PKG_TRY(check_args(args, argc, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(seal_tool_audit(&tool, &args->audit, "attach", argv[0], err));
	PKG_TRY(seal_tool_trust(&trust, &tool, args->trust, err));
	PKG_TRY(seal_tool_device(&tool, args->device, err));
	PKG_TRY(seal_tool_demands(&job.demands, &tool, NULL, args->time, err));
	if (args->cert != NULL)
		PKG_TRY(seal_tool_certs(&tool, args->cert, err));
	job.trust = trust;
	job.certs = tool.certs;
	job.output = seal_tool_output(&tool, "attaching");
	job.ready_context = &confine;
	PKG_TRY(seal_tool_input(&tool, argv[0], "attaching", err));
	PKG_TRY(begin(&tool, argv, argc, err));
	if (seal_audit_end(&tool.audit, attach(&tool, &job, args->records, err),
			   err) != PKG_OK)
		return about(args, argv, argc, err);
	return PKG_OK;
}

enum pkg_code seal_attach_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    {"trust", 't', CLI_TEXT, &args.trust, "FILE",
	     "certificate or trust policy to judge by", NULL, "file"},
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "refuse what is for another kind of device", NULL, "file"},
	    {"time", 0, CLI_TEXT, &args.time, "MODE",
	     "clock: system, at=RFC3339 or none", NULL, NULL},
	    {"partial", 0, CLI_FLAG, &args.partial, NULL,
	     "fewer than the policy asks for will do", NULL, NULL},
	    {"replace", 0, CLI_FLAG, &args.replace, NULL,
	     "drop the signatures that are there", NULL, NULL},
	    {"tbs", 0, CLI_TEXT, &args.tbs, "FILE", "what sign --tbs-out wrote",
	     NULL, "file"},
	    {"raw-signature", 0, CLI_TEXT, &args.raw, "FILE",
	     "bytes that the signer made of it", NULL, "file"},
	    {"cert", 0, CLI_TEXT, &args.cert, "FILE",
	     "certificate of that signer, then its chain", NULL, "file"},
	    {"records", 0, CLI_TEXT, &args.records, "FILE",
	     "what create printed about an encrypted draft", NULL, "file"},
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis =
		"[options] --trust FILE -o OUTPUT CONTAINER RESPONSE...\n"
		"[options] --trust FILE -o OUTPUT --tbs FILE "
		"--raw-signature FILE --cert FILE CONTAINER",
	    .purpose = "Put what came back from signers and officers into a "
		       "draft or a container, if it is right.",
	    .notes = "RESPONSE is a .request, a signature (.p7s, DER), or an "
		     "approval (.json) and its signature.\n"
		     "CONTAINER - is standard input; OUTPUT - is standard "
		     "output.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
