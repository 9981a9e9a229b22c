/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/sign.h"

enum pkg_code seal_resign_main(struct cli *cli, struct pkg_err *err)
{
	struct seal_sign_args args = {.again = true};
	const struct cli_opt table[] = {
	    {"replace", 0, CLI_FLAG, &args.replace, NULL,
	     "drop the signatures that are there", NULL, NULL},
	    SEAL_SIGNER_ROWS(args.signer),
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "key and certificate from this device config", NULL, "file"},
	    {"policy", 0, CLI_TEXT, &args.policy, "FILE",
	     "approval policy that it was made under", NULL, "file"},
	    {"trust", 't', CLI_TEXT, &args.trust, "FILE",
	     "trust policy with the ids that the acl knows", NULL, "file"},
	    SEAL_REVIEW_ROWS(args.review),
	    {"records", 0, CLI_TEXT, &args.records, "FILE",
	     "what create printed about an encrypted container", NULL, "file"},
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o OUTPUT CONTAINER|REQUEST",
	    .purpose = "Add a signature to what is signed, or replace those "
		       "that are there; the payload stays as it is.",
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
