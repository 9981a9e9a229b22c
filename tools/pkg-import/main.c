/* SPDX-License-Identifier: Apache-2.0 */
/* pkg-import: bring a server to what the plan of a bundle says. */
#include "pkg-import/import.h"

#include "packline/crypto.h"
#include "packline/import.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "pkg-verify/setup.h"

enum { RETRIES = 4, RETRIES_MAX = 20, TIMEOUT = 300, TIMEOUT_MAX = 86400 };

struct options {
	struct verify_args verify;
	const char *server, *netrc, *token, *cacert, *receipt;
	struct cli_number retries, timeout;
	bool dry_run, prune;
};

static enum pkg_code event(void *context, const struct pkg_import_event *event,
			   struct pkg_err *err)
{
	struct pkg_sink *sink = cli_stdout(context);

	PKG_TRY(pkg_import_event_record(sink, event, err));
	return pkg_sink_finish(sink, err);
}

static void progress(void *context, uint64_t done, uint64_t all)
{
	cli_progress(context, "uploading", done, all);
}

static enum pkg_code check_options(const struct options *o, struct pkg_err *err)
{
	if (o->server == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no server given");
		return pkg_hint(err, "add --server https://HOST");
	}
	if (o->netrc == NULL && o->token == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no credentials given");
		return pkg_hint(err, "add --netrc FILE or --token file:FILE");
	}
	if (o->netrc != NULL && o->token != NULL)
		return pkg_fail(err, PKG_USAGE,
				"--netrc and --token exclude each other");
	if (o->dry_run && o->receipt != NULL)
		return pkg_fail(err, PKG_USAGE,
				"a dry run has no receipt: leave out --receipt "
				"or --dry-run");
	return PKG_OK;
}

static enum pkg_code write_receipt(struct pkg_outfile *file,
				   const struct pkg_import_result *result,
				   struct pkg_err *err)
{
	if (file == NULL)
		return PKG_OK;
	PKG_TRY(
	    pkg_receipt_write(&result->receipt, pkg_outfile_sink(file), err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

static enum pkg_code import_all(struct cli *cli, const struct options *o,
				struct pkg_import *import,
				const struct pkg_buf *token,
				struct pkg_err *err)
{
	const struct pkg_outfile_options output = {.force = cli_force(cli)};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *receipt = NULL;
	const struct pkg_import_options options = {
	    .server = {.url = o->server,
		       .dirfd = cli_dirfd(cli),
		       .netrc = o->netrc,
		       .token = o->token != NULL ? pkg_buf_str(token) : NULL,
		       .cacert = o->cacert,
		       .retries = (unsigned)o->retries.value,
		       .timeout = o->timeout.value},
	    .dry_run = o->dry_run,
	    .prune = o->prune,
	    .event = event,
	    .progress = progress,
	    .context = cli,
	};
	struct pkg_import_result result;

	if (o->receipt != NULL) /* not after all is done */
		PKG_TRY(pkg_outfile_open(&receipt, cli_dirfd(cli), o->receipt,
					 &output, err));
	PKG_TRY(pkg_import_run(import, &options, &result, err));
	PKG_TRY(pkg_import_result_record(cli_stdout(cli), &result, o->dry_run,
					 err));
	return write_receipt(receipt, &result, err);
}

static enum pkg_code import_bundle(struct cli *cli, const struct options *o,
				   struct bundle *bundle, struct pkg_err *err)
{
	PKG_AUTO_FINI(verify_setup) struct verify_setup setup = {0};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf token = {.max = PKG_LIMIT_SECRET, .secret = true};
	PKG_AUTO(pkg_import) struct pkg_import *import = NULL;

	PKG_TRY(verify_setup(&setup, cli, &o->verify, bundle->path, err));
	if (o->token != NULL)
		PKG_TRY(cli_secret(cli, &token, o->token, "Token", err));
	PKG_TRY(bundle_verify(bundle, cli, &setup.options, err));
	PKG_TRY(pkg_import_open(&import, bundle->fd, bundle->path,
				bundle->verdict->manifest_sha256, cli_env(cli),
				err));
	return import_all(cli, o, import, &token, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;
	struct bundle bundle = {.fd = -1};
	enum pkg_code code = PKG_OK;

	(void)argc;
	PKG_TRY(check_options(options, err));
	PKG_TRY(pkg_crypto_new(&crypto, err));
	cli_env(cli)->crypto = crypto;
	code = bundle_open(&bundle, cli, argv[0], err);
	if (code == PKG_OK)
		code = import_bundle(cli, options, &bundle, err);
	bundle_fini(&bundle);
	cli_env(cli)->crypto = NULL;
	return code;
}

static enum pkg_code pkg_import_main(struct cli *cli, struct pkg_err *err)
{
	struct options o = {
	    .verify.min_sequence.max = PKG_LIMIT_JSON_INT,
	    .retries = {.value = RETRIES, .max = RETRIES_MAX},
	    .timeout = {.value = TIMEOUT, .min = 1, .max = TIMEOUT_MAX}};
	const struct cli_opt table[] = {
	    {"server", 's', CLI_TEXT, &o.server, "URL",
	     "address of the update server, https://...", NULL, NULL},
	    {"trust", 't', CLI_TEXT, &o.verify.trust, "FILE",
	     "certificate or trust policy to believe", NULL, "file"},
	    {"netrc", 0, CLI_TEXT, &o.netrc, "FILE",
	     "private file with user and password for the server", NULL,
	     "file"},
	    {"token", 0, CLI_TEXT, &o.token, "SPEC",
	     "bearer token: file:PATH, fd:N or env:VAR", NULL, NULL},
	    {"cacert", 0, CLI_TEXT, &o.cacert, "FILE",
	     "believe only servers of this CA (PEM)", NULL, "file"},
	    {"dry-run", 'n', CLI_FLAG, &o.dry_run, NULL,
	     "change nothing, tell what would be done", NULL, NULL},
	    {"prune", 0, CLI_FLAG, &o.prune, NULL,
	     "delete what the plan's modules and sets have too much", NULL,
	     NULL},
	    {"receipt", 'o', CLI_TEXT, &o.receipt, "FILE",
	     "write down what the server has then", NULL, "file"},
	    {"tenant", 0, CLI_TEXT, &o.verify.tenant, "NAME",
	     "refuse a bundle for another tenant", NULL, NULL},
	    {"min-sequence", 0, CLI_NUMBER, &o.verify.min_sequence, "N",
	     "refuse a lower sequence number", NULL, NULL},
	    {"time", 0, CLI_TEXT, &o.verify.time, "MODE",
	     "clock: system, at=RFC3339, tsa or none", NULL, NULL},
	    {"crl", 0, CLI_LIST, &o.verify.crls, "FILE",
	     "revocation list; more than one may be given", NULL, "file"},
	    {"retries", 0, CLI_NUMBER, &o.retries, "N",
	     "tries after a failure that may pass (default: 4)", NULL, NULL},
	    {"timeout", 0, CLI_NUMBER, &o.timeout, "SECONDS",
	     "give up after so long without a byte (default: 300)", NULL, NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --server URL --trust FILE "
			"--netrc FILE BUNDLE",
	    .purpose = "Verify an import bundle and bring a server to what "
		       "its plan says.",
	    .notes = "BUNDLE - is standard input.\n"
		     "It can be run again at any time and goes on where it "
		     "was.",
	    .table = table,
	    .common = CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &o,
	};

	return cli_command_run(cli, &command, err);
}

int main(int argc, char **argv)
{
	const struct cli_tool tool = {
	    .name = "pkg-import",
	    .purpose = "Bring a server to what the plan of a bundle says.",
	    .main = pkg_import_main,
	};

	pkg_crypto_on_no_memory(cli_out_of_memory);
	return cli_main(&tool, argc, argv);
}
