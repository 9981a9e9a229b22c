/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/outdir.h"
#include "packline/text.h"
#include "packline/verify.h"

#include <stdio.h>
#include <string.h>

struct args {
	const char *trust, *tenant, *device, *time;
	struct recipient_args recipient;
	struct audit_args audit;
	bool no_sandbox;
};

static enum pkg_code check_args(const struct cli *cli, const struct args *args,
				const char *input, struct pkg_err *err)
{
	PKG_TRY(seal_check_trust(args->trust, err));
	if (cli_output(cli) == NULL) {
		pkg_fail(err, PKG_USAGE, "no output was named");
		return pkg_hint(err, "give -o DIR");
	}
	if (!pkg_utf8_valid(input, strlen(input)))
		return pkg_fail(err, PKG_INPUT,
				"the container's path is not UTF-8");
	return PKG_OK;
}

/* Say what the recipient's key is going to be used for. */
static enum pkg_code begin(struct seal_tool *tool,
			   const struct recipient_args *args, const char *input,
			   struct pkg_err *err)
{
	const struct pkg_seal_signer owner = {.key = tool->recipient.key,
					      .certs = tool->recipient.certs};
	char note[512];
	struct pkg_audit_entry entry = {
	    .key = args->key.key,
	    .certificate = seal_audit_cert(&owner),
	    .note = note,
	};

	(void)snprintf(note, sizeof(note), "%.500s", input);
	return seal_audit_begin(&tool->audit, &entry, err);
}

/* And what was opened. */
static enum pkg_code end(struct seal_tool *tool, enum pkg_code code,
			 const struct pkg_verdict *verdict, struct pkg_err *err)
{
	uint8_t digest[32] = {0};
	const struct pkg_audit_item manifest = {"manifest.json", digest};
	struct pkg_audit_entry outcome = {.inputs = &manifest};

	if (verdict != NULL && verdict->manifest_sha256 != NULL &&
	    pkg_hex_decode(digest, sizeof(digest), verdict->manifest_sha256,
			   strlen(verdict->manifest_sha256)))
		outcome.input_count = 1;
	if (verdict != NULL)
		outcome.job = verdict->id;
	return audit_trail_end(&tool->audit.trail, code, &outcome, err);
}

static enum pkg_code verify(struct seal_tool *tool,
			    const struct pkg_verify_options *options,
			    struct pkg_err *err)
{
	PKG_AUTO(pkg_verdict) struct pkg_verdict *verdict = NULL;
	struct pkg_err unwritten = PKG_ERR_INIT;
	enum pkg_code code = pkg_verify(&verdict, &tool->input.source, options,
					cli_env(tool->cli), err);

	code = end(tool, code, verdict, err);
	if (verdict != NULL &&
	    pkg_verdict_record(cli_stdout(tool->cli), verdict, options->name,
			       &unwritten) != PKG_OK) {
		*err = unwritten;
		return err->code;
	}
	return code == PKG_OK ? PKG_OK : pkg_wrap(err, "%s", options->name);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	PKG_AUTO(pkg_trust) struct pkg_trust *trust = NULL;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	const struct args *args = options;
	struct pkg_verify_options wanted = {.name = argv[0]};
	struct protect_needs needs = {.no_sandbox = args->no_sandbox,
				      .key = args->recipient.key.key};

	(void)argc;
	PKG_TRY(check_args(cli, args, argv[0], err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(seal_tool_audit(&tool, &args->audit, "open", argv[0], err));
	PKG_TRY(seal_tool_trust(&trust, &tool, args->trust, err));
	PKG_TRY(seal_tool_device(&tool, args->device, err));
	PKG_TRY(seal_tool_demands(&wanted.demands, &tool, args->tenant,
				  args->time, err));
	PKG_TRY(recipient_load(&tool.recipient, cli, &args->recipient, err));
	PKG_TRY(seal_tool_input(&tool, argv[0], "opening", err));
	PKG_TRY(pkg_outdir_open(&folder, cli_dirfd(cli), cli_output(cli),
				cli_force(cli), err));
	wanted.trust = trust;
	wanted.recipient = tool.recipient.key;
	wanted.recipient_cert = tool.recipient.certs;
	wanted.recipient_kek = tool.recipient.kek;
	wanted.extract = folder;
	needs.folders[needs.folder_count++] = pkg_outdir_parent_fd(folder);
	if (tool.audit.trail.audit != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_audit_folder(tool.audit.trail.audit);
	PKG_TRY(begin(&tool, &args->recipient, argv[0], err));
	PKG_TRY(protect_enter(&needs, err));
	return verify(&tool, &wanted, err);
}

enum pkg_code seal_open_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    {"trust", 't', CLI_TEXT, &args.trust, "FILE",
	     "certificate or trust policy to believe", NULL, "file"},
	    {"tenant", 0, CLI_TEXT, &args.tenant, "NAME",
	     "refuse what is for another tenant", NULL, NULL},
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "refuse what is for another kind of device", NULL, "file"},
	    {"time", 0, CLI_TEXT, &args.time, "MODE",
	     "clock: system, at=RFC3339, tsa or none", NULL, NULL},
	    SEAL_RECIPIENT_ROWS(args.recipient),
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --trust FILE -o DIR CONTAINER",
	    .purpose = "Verify a container and, if the answer is yes, extract "
		       "its files.",
	    .notes = "DIR is a new folder, or an empty one.\n"
		     "CONTAINER - is standard input.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
