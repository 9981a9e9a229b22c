/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/limits.h"
#include "packline/lock.h"

#include <stdio.h>
#include <unistd.h>

struct args {
	const char *from_lock, *device, *tenant, *name, *version, *expires,
	    *created;
	const char *policy, *requester, *metadata, *stdin_name, *request;
	struct cli_number sequence;
	struct cli_list given, recipients;
	const char *password;
	bool sign_only, encrypt_only, no_record, no_sandbox;
	struct seal_key_args signer;
	struct audit_args audit;
};

static struct pkg_seal_words words(const struct cli_list *list)
{
	return (struct pkg_seal_words){list->items, list->count};
}

/* What the lock says cannot be said again. */
static enum pkg_code check_lock_args(const struct args *args, int argc,
				     struct pkg_err *err)
{
	if (args->from_lock == NULL && argc == 0) {
		(void)pkg_fail(err, PKG_USAGE, "no file to put in");
		return pkg_hint(err, "name files behind the options, or - for "
				     "standard input");
	}
	if (args->from_lock == NULL)
		return PKG_OK;
	if (argc > 0 || args->device != NULL || args->tenant != NULL ||
	    args->name != NULL || args->version != NULL ||
	    args->metadata != NULL || args->stdin_name != NULL ||
	    args->given.count > 0 || args->recipients.count > 0 ||
	    args->sign_only || args->encrypt_only)
		return pkg_fail(err, PKG_USAGE,
				"with --from-lock the lock says what goes in "
				"and for whom");
	return PKG_OK;
}

static enum pkg_code from_lock(struct seal_tool *tool,
			       struct pkg_seal_create *job, const char *path,
			       struct pkg_err *err)
{
	struct pkg_manifest *lock = NULL;
	enum pkg_code code = PKG_OK;

	PKG_TRY(
	    pkg_lock_read(&lock, tool->arena, cli_dirfd(tool->cli), path, err));
	PKG_TRY(seal_tool_folder(&job->dirfd, tool, path, err));
	code =
	    pkg_seal_from_lock(job, lock, cli_env(tool->cli), &tool->diag, err);
	(void)close(job->dirfd);
	seal_tool_findings(tool);
	return code;
}

/* What is going to be in it is not known yet; the end will tell. */
static enum pkg_code begin(struct seal_tool *tool,
			   const struct pkg_seal_create *job, const char *lock,
			   struct pkg_err *err)
{
	char note[1024];
	struct pkg_audit_entry entry = {
	    .tenant = job->tenant,
	    .key = tool->key == NULL ? NULL : pkg_key_name(tool->key),
	    .certificate = seal_audit_cert(&job->signer),
	    .note = note,
	};

	if (lock != NULL)
		(void)snprintf(note, sizeof(note), "what %.512s asks for",
			       lock);
	else
		(void)snprintf(note, sizeof(note), "%.256s %.256s",
			       job->name == NULL ? "" : job->name,
			       job->version == NULL ? "" : job->version);
	return seal_audit_begin(&tool->audit, &entry, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	const struct args *args = options;
	struct pkg_seal_create job = {
	    .dirfd = cli_dirfd(cli),
	    .tenant = args->tenant,
	    .name = args->name,
	    .version = args->version,
	    .expires = args->expires,
	    .created = args->created,
	    .requester = args->requester,
	    .has_sequence = args->sequence.given,
	    .sequence = args->sequence.value,
	    .sign_only = args->sign_only,
	    .encrypt_only = args->encrypt_only,
	    .recipients = words(&args->recipients),
	    .given = words(&args->given),
	    .files = {(const char *const *)argv, (size_t)argc},
	    .stdin_name = args->stdin_name,
	    .metadata = args->metadata,
	    .request = args->request,
	    .request_dirfd = cli_dirfd(cli),
	    .ready = seal_tool_confine_now,
	};
	struct seal_confine confine = {
	    .tool = &tool,
	    .output = &job.output,
	    .second = args->request,
	    .no_sandbox = args->no_sandbox,
	    .key = args->signer.load.key,
	    .reads = true,
	};

	PKG_TRY(check_lock_args(args, argc, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(seal_tool_audit(&tool, &args->audit, "create", NULL, err));
	PKG_TRY(seal_tool_device(&tool, args->device, err));
	PKG_TRY(seal_tool_key(&tool, &args->signer, err));
	PKG_TRY(seal_tool_policy(&tool, args->policy, err));
	job.device = tool.device;
	job.policy = tool.policy;
	PKG_TRY(seal_tool_password(&tool, &job, args->password,
				   args->from_lock != NULL, err));
	job.signer = seal_tool_signer(&tool, &args->signer);
	job.output = seal_tool_output(&tool, "sealing");
	if (args->no_record)
		job.output.record = NULL;
	job.ready_context = &confine;
	PKG_TRY(begin(&tool, &job, args->from_lock, err));
	return seal_audit_end(&tool.audit,
			      args->from_lock != NULL
				  ? from_lock(&tool, &job, args->from_lock, err)
				  : pkg_seal_create(&job, cli_env(cli), err),
			      err);
}

enum pkg_code seal_create_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.sequence.max = PKG_LIMIT_JSON_INT};
	const struct cli_opt table[] = {
	    {"from-lock", 0, CLI_TEXT, &args.from_lock, "LOCK",
	     "make all containers that the lock asks for", NULL, "file"},
	    {"device-config", 'd', CLI_TEXT, &args.device, "FILE",
	     "kind, tenant, recipients from this device config", NULL, "file"},
	    {"tenant", 0, CLI_TEXT, &args.tenant, "NAME", "owner", NULL, NULL},
	    {"name", 0, CLI_TEXT, &args.name, "TEXT", "name of the product",
	     NULL, NULL},
	    {"version", 0, CLI_TEXT, &args.version, "TEXT",
	     "version of the product", NULL, NULL},
	    {"sequence", 0, CLI_NUMBER, &args.sequence, "N",
	     "number that must not go down", NULL, NULL},
	    {"expires", 0, CLI_TEXT, &args.expires, "TIME",
	     "refused after that time (RFC 3339)", NULL, NULL},
	    {"created", 0, CLI_TEXT, &args.created, "TIME",
	     "time of creation (else SOURCE_DATE_EPOCH, or none)", NULL, NULL},
	    {"policy", 0, CLI_TEXT, &args.policy, "FILE",
	     "approval policy, if no device config names one", NULL, "file"},
	    {"requester", 0, CLI_TEXT, &args.requester, "WHO",
	     "who asks for the signature", NULL, NULL},
	    {"metadata", 0, CLI_TEXT, &args.metadata, "FILE",
	     "one more file, of its own role", NULL, "file"},
	    {"sha256", 0, CLI_LIST, &args.given, "[NAME=]HEX",
	     "refuse a file with another digest", NULL, NULL},
	    {"stdin-name", 0, CLI_TEXT, &args.stdin_name, "NAME",
	     "what standard input is called inside", NULL, NULL},
	    {"recipient", 0, CLI_LIST, &args.recipients, "CERT",
	     "encrypt for a certificate, kek:FILE or password:", NULL, "file"},
	    PASSWORD_ROW(args.password),
	    {"sign-only", 0, CLI_FLAG, &args.sign_only, NULL,
	     "do not encrypt (kind signed)", NULL, NULL},
	    {"encrypt-only", 0, CLI_FLAG, &args.encrypt_only, NULL,
	     "do not sign (kind encrypted)", NULL, NULL},
	    {"no-record", 0, CLI_FLAG, &args.no_record, NULL,
	     "print no record: saves hashing the finished file", NULL, NULL},
	    {"request", 0, CLI_TEXT, &args.request, "FILE",
	     "also write what a signer elsewhere needs", NULL, "file"},
	    SEAL_SIGNER_ROWS(args.signer),
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o OUTPUT FILE...\n"
			"[options] --from-lock LOCK -o DIR",
	    .purpose = "Make a container of files; without a key a draft that "
		       "waits for its signature.",
	    .notes = "FILE - is standard input; OUTPUT - is standard output.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
