/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/limits.h"
#include "packline/path.h"

#include <string.h>
#include <unistd.h>

struct args {
	const char *reply, *sent, *digest, *policy;
	struct cli_list trust;
	struct cli_number signature;
	bool query, nonce, no_sandbox;
};

/* What was read for the job. */
struct files {
	struct pkg_buf reply, sent, p7s;
	struct pkg_certs *anchors;
};

static void files_fini(struct files *files)
{
	pkg_buf_fini(&files->reply);
	pkg_buf_fini(&files->sent);
	pkg_buf_fini(&files->p7s);
	pkg_certs_free(files->anchors);
}

static enum pkg_code check_args(const struct cli *cli, const struct args *args,
				struct pkg_err *err)
{
	const bool asks = args->digest != NULL || args->nonce;
	const bool answers = args->trust.count > 0 || args->sent != NULL;

	if (args->query == (args->reply != NULL)) {
		(void)pkg_fail(err, PKG_USAGE,
			       "either --query or --reply FILE");
		return pkg_hint(err, "first the query, then what the "
				     "authority made of it");
	}
	if (args->query ? answers : asks)
		return pkg_fail(err, PKG_USAGE, "%s is not for a %s",
				args->query ? "--trust-tsa or --sent"
					    : "--digest or --nonce",
				args->query ? "query" : "reply");
	if (!args->query && args->trust.count == 0) {
		(void)pkg_fail(err, PKG_USAGE, "no authority is trusted");
		return pkg_hint(err, "give its certificate, or that of the CA "
				     "above it: --trust-tsa FILE");
	}
	if (args->policy != NULL && !pkg_timestamp_is_policy(args->policy))
		return pkg_fail(err, PKG_USAGE,
				"--policy: '%s' is not an object identifier in "
				"dotted form",
				args->policy);
	if (cli_output(cli) != NULL)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "no output was named");
	return pkg_hint(err, "give -o FILE");
}

static enum pkg_code read_files(struct files *files, struct seal_tool *tool,
				const struct args *args, struct pkg_err *err)
{
	const int dirfd = cli_dirfd(tool->cli);

	if (args->reply != NULL)
		PKG_TRY(pkg_path_slurp(&files->reply, dirfd, args->reply, err));
	if (args->sent != NULL)
		PKG_TRY(pkg_path_slurp(&files->sent, dirfd, args->sent, err));
	if (args->reply != NULL && files->reply.len == 0)
		return pkg_refuse(err, PKG_NO, "timestamp-bad",
				  "the reply '%s' is empty", args->reply);
	PKG_TRY(pkg_certs_new(&files->anchors, tool->crypto, err));
	for (size_t i = 0; i < args->trust.count; i++)
		PKG_TRY(pkg_certs_add_file(files->anchors, dirfd,
					   args->trust.items[i], err));
	return PKG_OK;
}

/* A signature by itself is DER, a container is not. */
static enum pkg_code read_input(struct pkg_seal_timestamp *job,
				struct files *files,
				const struct seal_tool *tool,
				struct pkg_err *err)
{
	uint8_t first = 0;

	if (pread(tool->input.file.fd, &first, 1, 0) != 1 || first != 0x30)
		return PKG_OK;
	PKG_TRY(pkg_source_slurp(job->source, &files->p7s, err));
	job->p7s =
	    (struct pkg_container_bytes){files->p7s.data, files->p7s.len};
	return PKG_OK;
}

static unsigned digest_bits(const char *name)
{
	if (name == NULL || strcmp(name, "sha256") == 0)
		return 256;
	return strcmp(name, "sha384") == 0 ? 384 : 512;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	PKG_AUTO_FINI(files)
	struct files files = {
	    .reply.max = PKG_LIMIT_SIGNATURE,
	    .sent.max = PKG_LIMIT_SIGNATURE,
	    .p7s.max = PKG_LIMIT_SIGNATURE,
	};
	const struct args *args = options;
	struct pkg_seal_timestamp job = {
	    .has_signature = args->signature.given,
	    .signature = (size_t)args->signature.value,
	    .ask = {digest_bits(args->digest), args->nonce, args->policy},
	};

	(void)argc;
	PKG_TRY(check_args(cli, args, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(read_files(&files, &tool, args, err));
	PKG_TRY(seal_tool_input(&tool, argv[0], "stamping", err));
	job.source = &tool.input.source;
	job.output = seal_tool_output(&tool, "stamping");
	PKG_TRY(seal_tool_confine(
	    &(struct seal_confine){.tool = &tool,
				   .output = &job.output,
				   .no_sandbox = args->no_sandbox},
	    err));
	PKG_TRY(read_input(&job, &files, &tool, err));
	job.reply =
	    (struct pkg_timestamp_reply){files.reply.data, files.reply.len};
	job.rules = (struct pkg_timestamp_rules){
	    .anchors = files.anchors,
	    .policy = args->policy,
	    .query = files.sent.data,
	    .query_len = files.sent.len,
	};
	if (pkg_seal_timestamp(&job, cli_env(cli), err) != PKG_OK)
		return seal_tool_about(argv[0], err);
	return PKG_OK;
}

enum pkg_code seal_timestamp_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.signature.max = PKG_LIMIT_SIGNATURES - 1};
	const struct cli_opt table[] = {
	    {"query", 0, CLI_FLAG, &args.query, NULL,
	     "write what to ask the authority", NULL, NULL},
	    {"reply", 0, CLI_TEXT, &args.reply, "FILE",
	     "put in the time stamp of this reply", NULL, "file"},
	    {"signature", 0, CLI_NUMBER, &args.signature, "N",
	     "which signature, from 0", NULL, NULL},
	    {"digest", 0, CLI_CHOICE, &args.digest, "NAME",
	     "digest of the signature (default: sha256)",
	     "sha256 sha384 sha512", NULL},
	    {"nonce", 0, CLI_FLAG, &args.nonce, NULL,
	     "ask for a random number to be repeated", NULL, NULL},
	    {"policy", 0, CLI_TEXT, &args.policy, "OID",
	     "ask for this policy, or insist on it", NULL, NULL},
	    {"trust-tsa", 0, CLI_LIST, &args.trust, "FILE",
	     "certificate of the authority, or of its CA", NULL, "file"},
	    {"sent", 0, CLI_TEXT, &args.sent, "FILE",
	     "the query, to compare nonce and policy", NULL, "file"},
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "--query [options] -o QUERY CONTAINER|REQUEST|P7S\n"
			"--reply FILE --trust-tsa FILE [options] -o OUTPUT "
			"CONTAINER|REQUEST|P7S",
	    .purpose = "Have a signature stamped with the time (RFC 3161), by "
		       "files: nothing is sent.",
	    .notes = "CONTAINER - is standard input; OUTPUT - is standard "
		     "output.",
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
