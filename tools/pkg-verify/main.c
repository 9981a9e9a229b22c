/* SPDX-License-Identifier: Apache-2.0 */
/* pkg-verify: yes or no about a container, a bundle or a log, and why. */
#include "common/protect.h"
#include "pkg-verify/log.h"
#include "pkg-verify/setup.h"

#include "packline/crypto.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Where results go. */
struct results {
	struct cli *cli;
	const char *path;
	bool text;
};

/* The reader of a pipe is to see it before the payload is through. */
static enum pkg_code print_stage(void *context,
				 const struct pkg_verdict *verdict,
				 struct pkg_err *err)
{
	const struct results *results = context;
	struct pkg_sink *sink = cli_stdout(results->cli);

	if (results->text)
		return PKG_OK;
	PKG_TRY(pkg_verdict_stage_record(sink, verdict, results->path, err));
	return pkg_sink_finish(sink, err);
}

static enum pkg_code print_verdict(const struct results *results,
				   const struct pkg_verdict *verdict,
				   struct pkg_err *err)
{
	struct pkg_sink *sink = cli_stdout(results->cli);

	if (results->text)
		return pkg_verdict_text(sink, verdict, results->path, err);
	return pkg_verdict_record(sink, verdict, results->path, err);
}

static enum pkg_code verify_source(struct cli *cli, struct verify_setup *setup,
				   const struct results *results,
				   struct pkg_source *source,
				   struct pkg_err *err)
{
	PKG_AUTO(pkg_verdict) struct pkg_verdict *verdict = NULL;
	struct pkg_err unwritten = PKG_ERR_INIT;
	enum pkg_code code =
	    pkg_verify(&verdict, source, &setup->options, cli_env(cli), err);

	if (verdict == NULL)
		return code;
	if (print_verdict(results, verdict, &unwritten) != PKG_OK) {
		/* After a stage that could not be written that one counts. */
		if (code != PKG_SYSTEM)
			*err = unwritten;
		return err->code;
	}
	if (code == PKG_NO && results->text)
		return cli_no(err);
	return code == PKG_OK ? PKG_OK : pkg_wrap(err, "%s", results->path);
}

/* Everything is open: what comes now is foreign. */
static enum pkg_code give_up_rest(const struct verify_setup *setup,
				  const struct verify_args *args,
				  struct pkg_err *err)
{
	struct protect_needs needs = {.no_sandbox = args->no_sandbox,
				      .key = args->recipient.key.key};

	if (setup->extract != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_outdir_parent_fd(setup->extract);
	if (setup->state != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_state_folder(setup->state);
	return protect_enter(&needs, err);
}

static enum pkg_code verify_input(struct cli *cli,
				  const struct verify_args *args, int fd,
				  const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(verify_setup) struct verify_setup setup = {0};
	struct results results = {cli, path, strcmp(args->format, "text") == 0};
	struct pkg_source_fd input;
	struct verify_progress progress;

	PKG_TRY(verify_setup(&setup, cli, args, path, err));
	setup.options.stage = print_stage;
	setup.options.context = &results;
	pkg_source_fd_init(&input, fd, path);
	verify_progress_init(&progress, cli, &input.source, fd);
	PKG_TRY(give_up_rest(&setup, args, err));
	return verify_source(cli, &setup, &results, &progress.source, err);
}

static enum pkg_code verify_opened(struct cli *cli,
				   const struct verify_args *args, int fd,
				   const char *path, struct pkg_err *err)
{
	bool is_log = false;

	if (strcmp(path, "-") != 0) /* a log is several files, by name */
		PKG_TRY(verify_is_log(&is_log, fd, path, err));
	if (is_log)
		return verify_log(cli, args, path, err);
	if (args->heads.count > 0 || args->unsigned_heads)
		return pkg_fail(err, PKG_USAGE,
				"--head is for an audit log, and '%s' is none",
				path);
	return verify_input(cli, args, fd, path, err);
}

/* A container is opened once: what was looked at is what is verified. */
static enum pkg_code verify_any(struct cli *cli, const struct verify_args *args,
				const char *path, struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	int fd = -1;

	if (strcmp(path, "-") == 0)
		return verify_opened(cli, args, STDIN_FILENO, path, err);
	if (pkg_path_open(&fd, cli_dirfd(cli), path, err) != PKG_OK) {
		if (err->os_errno != ENOENT || !verify_has_rotated(cli, path))
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT;
		return verify_log(cli, args, path, err);
	}
	code = verify_opened(cli, args, fd, path, err);
	(void)close(fd);
	return code;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;
	enum pkg_code code = PKG_OK;

	(void)argc;
	if (!pkg_utf8_valid(argv[0], strlen(argv[0])))
		return pkg_fail(err, PKG_INPUT,
				"the path '%s' is not UTF-8: records cannot "
				"hold it",
				argv[0]);
	PKG_TRY(pkg_crypto_new(&crypto, err));
	cli_env(cli)->crypto = crypto;
	code = verify_any(cli, options, argv[0], err);
	cli_env(cli)->crypto = NULL;
	return code;
}

static enum pkg_code pkg_verify_main(struct cli *cli, struct pkg_err *err)
{
	struct verify_args args = {.format = "jsonl",
				   .min_sequence.max = PKG_LIMIT_JSON_INT};
	const struct cli_opt table[] = {
	    {"trust", 't', CLI_TEXT, &args.trust, "FILE",
	     "certificate or trust policy to believe", NULL, "file"},
	    {"tenant", 0, CLI_TEXT, &args.tenant, "NAME",
	     "refuse what is for another tenant", NULL, NULL},
	    {"device-config", 'd', CLI_TEXT, &args.device_config, "ID|FILE",
	     "refuse what is for another kind of device", NULL, "file"},
	    {"min-sequence", 0, CLI_NUMBER, &args.min_sequence, "N",
	     "refuse a lower sequence number", NULL, NULL},
	    {"time", 0, CLI_TEXT, &args.time, "MODE",
	     "clock: system, at=RFC3339, tsa or none", NULL, NULL},
	    {"state", 0, CLI_TEXT, &args.state, "FILE",
	     "refuse what is older than was accepted before", NULL, "file"},
	    {"trust-tsa", 0, CLI_LIST, &args.tsas, "FILE",
	     "believe time stamps of this authority or CA (--time tsa)", NULL,
	     "file"},
	    {"crl", 0, CLI_LIST, &args.crls, "FILE",
	     "revocation list; more than one may be given", NULL, "file"},
	    {"recipient", 0, CLI_TEXT, &args.recipient.key.key, "KEY",
	     "decrypt with this private key, kek:FILE or password:", NULL,
	     "file"},
	    {"cert", 0, CLI_TEXT, &args.recipient.key.cert, "FILE",
	     "certificate of the recipient's key", NULL, "file"},
	    KEY_SECRET_ROWS(args.recipient.key),
	    PASSWORD_ROW(args.recipient.password),
	    {"extract", 'x', CLI_TEXT, &args.extract, "DIR",
	     "write the files there, if the answer is yes", NULL, "dir"},
	    {"unsigned-digest", 0, CLI_FLAG, &args.unsigned_digest, NULL,
	     "SHA-256 of it without signatures and approvals", NULL, NULL},
	    {"head", 0, CLI_LIST, &args.heads, "FILE",
	     "an audit log goes through this head (with FILE.p7s)", NULL,
	     "file"},
	    {"unsigned-heads", 0, CLI_FLAG, &args.unsigned_heads, NULL,
	     "take a head that nobody has signed", NULL, NULL},
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {"format", 0, CLI_CHOICE, &args.format, "FORM",
	     "form of the result (default: jsonl)", "jsonl text", NULL},
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] FILE",
	    .purpose = "Say yes or no about a container, a draft, an import "
		       "bundle or an audit log, and why.",
	    .notes = "FILE - is standard input.\n"
		     "Without --trust only an audit log can get a yes.\n"
		     "Exit status: 0 yes, 1 no, 3 neither container nor log.",
	    .table = table,
	    .common = CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}

int main(int argc, char **argv)
{
	const struct cli_tool tool = {
	    .name = "pkg-verify",
	    .purpose = "Say yes or no about a container, and why.",
	    .main = pkg_verify_main,
	    .version = protect_version,
	};

	protect_start();
	return cli_main(&tool, argc, argv);
}
