/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/sign.h"

#include "packline/device_config.h"
#include "packline/path.h"
#include "packline/text.h"
#include "packline/trust.h"

#include <string.h>
#include <unistd.h>

/* Nobody signs here: a certificate says as whom. */
static enum pkg_code choose_cert(const char **cert,
				 const struct seal_tool *tool,
				 struct pkg_err *err)
{
	if (*cert == NULL && tool->device != NULL)
		*cert = tool->device->signing_cert;
	if (*cert != NULL)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "nobody to sign as");
	return pkg_hint(err, "give --cert FILE: the certificate of the key "
			     "that will sign");
}

static enum pkg_code load_signer(struct seal_tool *tool,
				 struct seal_key_args *key, bool tbs,
				 struct pkg_err *err)
{
	if (tbs) {
		PKG_TRY(choose_cert(&key->load.cert, tool, err));
		return seal_tool_certs(tool, key->load.cert, err);
	}
	PKG_TRY(seal_choose_key(&key->load, tool->device, err));
	return seal_tool_key(tool, key, err);
}

static enum pkg_code check_args(const struct cli *cli,
				const struct seal_sign_args *args,
				const char *input, struct pkg_err *err)
{
	if (args->tbs != NULL &&
	    (cli_output(cli) != NULL || args->signer.load.key != NULL ||
	     args->records != NULL))
		return pkg_fail(err, PKG_USAGE,
				"--tbs-out only writes what is to be signed: "
				"--key, --records and -o make no sense");
	if (args->records != NULL && strcmp(args->records, "-") == 0 &&
	    strcmp(input, "-") == 0)
		return pkg_fail(err, PKG_USAGE,
				"container and records cannot both come from "
				"standard input");
	return PKG_OK;
}

static enum pkg_code sign(struct seal_tool *tool,
			  const struct seal_sign_args *args,
			  const struct seal_key_args *key, const char *input,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_trust) struct pkg_trust *trust = NULL;
	PKG_AUTO_FINI(seal_review) struct seal_review review = {0};
	struct pkg_source_fd records;
	struct pkg_seal_sign job = {
	    .source = &tool->input.source,
	    .signer = seal_tool_signer(tool, key),
	    .agree = seal_audit_agree,
	    .agree_context = &tool->audit,
	    .expect_sha256 = args->review.expect,
	    .device = tool->device,
	    .policy = tool->policy,
	    .tbs = args->tbs != NULL,
	    .again = args->again,
	    .replace = args->replace,
	    .output = seal_tool_output(tool, "signing"),
	};
	enum pkg_code code = PKG_OK;
	int fd = STDIN_FILENO;

	if (args->trust != NULL)
		PKG_TRY(seal_tool_trust(&trust, tool, args->trust, err));
	job.trust = trust;
	tool->audit.agree = seal_review_agree;
	tool->audit.agree_context = &review;
	if (job.tbs)
		job.output.path = args->tbs;
	PKG_TRY(seal_review_start(&review, tool, &args->review, err));
	PKG_TRY(seal_tool_input(tool, input, "signing", err));
	job.before = seal_tool_before(tool);
	if (args->records != NULL) {
		if (strcmp(args->records, "-") != 0)
			PKG_TRY(pkg_path_open(&fd, cli_dirfd(tool->cli),
					      args->records, err));
		pkg_source_fd_init(&records, fd, args->records);
		job.records = &records.source;
	}
	code = seal_tool_confine(
	    &(struct seal_confine){.tool = tool,
				   .output = &job.output,
				   .no_sandbox = args->no_sandbox,
				   .key = key->load.key},
	    err);
	if (code == PKG_OK)
		code = seal_audit_end(
		    &tool->audit, pkg_seal_sign(&job, cli_env(tool->cli), err),
		    err);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return code;
}

static const char *event_of(const struct seal_sign_args *args)
{
	if (args->tbs != NULL)
		return "tbs";
	return args->again ? "resign" : "sign";
}

enum pkg_code seal_sign_run(struct cli *cli, const void *options, int argc,
			    char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	const struct seal_sign_args *args = options;
	struct seal_key_args key = args->signer;

	(void)argc;
	PKG_TRY(check_args(cli, args, argv[0], err));
	PKG_TRY(seal_review_check(&args->review, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(
	    seal_tool_audit(&tool, &args->audit, event_of(args), argv[0], err));
	PKG_TRY(seal_tool_device(&tool, args->device, err));
	PKG_TRY(seal_tool_policy(&tool, args->policy, err));
	PKG_TRY(load_signer(&tool, &key, args->tbs != NULL, err));
	if (sign(&tool, args, &key, argv[0], err) != PKG_OK)
		return seal_tool_about(argv[0], err);
	return PKG_OK;
}

enum pkg_code seal_sign_main(struct cli *cli, struct pkg_err *err)
{
	struct seal_sign_args args = {0};
	const struct cli_opt table[] = {
	    SEAL_SIGNER_ROWS(args.signer),
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "key and certificate from this device config", NULL, "file"},
	    {"policy", 0, CLI_TEXT, &args.policy, "FILE",
	     "approval policy that it was made under", NULL, "file"},
	    {"trust", 't', CLI_TEXT, &args.trust, "FILE",
	     "trust policy with the ids that the acl knows", NULL, "file"},
	    SEAL_REVIEW_ROWS(args.review),
	    {"records", 0, CLI_TEXT, &args.records, "FILE",
	     "what create printed about an encrypted draft", NULL, "file"},
	    {"tbs-out", 0, CLI_TEXT, &args.tbs, "FILE",
	     "write what another signer has to sign, and nothing else", NULL,
	     "file"},
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o OUTPUT CONTAINER|REQUEST\n"
			"[options] --cert FILE --tbs-out FILE "
			"CONTAINER|REQUEST",
	    .purpose = "Sign a draft or a request, or add a signature to a "
		       "container, after a person has looked at it.",
	    .notes = "CONTAINER - is standard input; OUTPUT - is standard "
		     "output.\n"
		     "From a script: --yes --expect-digest HEX.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = seal_sign_run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
