/* SPDX-License-Identifier: Apache-2.0 */
/* pkg-hash: digests of many files, each read once. */
#include "pkg-hash/hash.h"

#include "packline/crypto.h"

#include <string.h>

struct run {
	struct hash_inputs inputs;
	struct hash_output output;
	struct hash_failures failures;
};

void hash_failed(struct hash_failures *failures, const struct pkg_err *err)
{
	if (failures->count++ > 0)
		cli_error(failures->cli, &failures->last);
	failures->last = *err;
	if (err->code > failures->worst)
		failures->worst = err->code;
}

enum pkg_code hash_failures_end(struct hash_failures *failures,
				struct pkg_err *err)
{
	if (failures->count == 0)
		return PKG_OK;
	if (failures->count == 1) {
		*err = failures->last;
		return err->code;
	}
	cli_error(failures->cli, &failures->last);
	return pkg_fail(err, failures->worst, "%zu files could not be hashed",
			failures->count);
}

static enum pkg_code next(void *ctx, struct pkg_hasher_item *item, bool *more,
			  struct pkg_err *err)
{
	struct run *run = ctx;

	item->set = run->output.set;
	return hash_inputs_next(&run->inputs, item, more, err);
}

/* cli.h is for one thread: the hasher makes one call at a time. */
static enum pkg_code result(void *ctx, const struct pkg_artifact *artifact,
			    void *user, const struct pkg_err *failed,
			    struct pkg_err *err)
{
	struct run *run = ctx;
	struct pkg_err copy;

	(void)user;
	if (failed == NULL)
		return hash_output_put(&run->output, artifact, err);
	copy = *failed;
	if (copy.code == PKG_USAGE)
		(void)pkg_hint(&copy, "-r hashes all files below a folder");
	else if (copy.reason != NULL && strcmp(copy.reason, "not-a-file") == 0)
		(void)pkg_hint(&copy, "pipe its content to 'pkg-hash -' if it "
				      "is really meant");
	hash_failed(&run->failures, &copy);
	return PKG_OK;
}

static enum pkg_code hash_files(struct cli *cli, struct run *run,
				const struct pkg_hasher_options *how,
				struct pkg_err *err)
{
	const struct pkg_hasher_calls calls = {
	    .next = next, .result = result, .ctx = run};
	const struct hash_inputs *inputs = &run->inputs;

	PKG_TRY(pkg_hasher_run(cli_env(cli)->crypto, how, &calls, err));
	if (inputs->links > 0)
		cli_note(cli,
			 "symbolic links are not followed: %zu left out, the "
			 "first is '%s'",
			 inputs->links, pkg_buf_str(&inputs->first_link));
	PKG_TRY(hash_output_end(&run->output, err));
	PKG_TRY(hash_failures_end(&run->failures, err));
	return hash_output_commit(&run->output, err);
}

static enum pkg_code check_usage(const struct hash_options *o, int argc,
				 struct pkg_err *err)
{
	const bool lines =
	    strcmp(o->format, "gnu") == 0 || strcmp(o->format, "bsd") == 0;

	if (o->check != NULL &&
	    (argc > 0 || o->list != NULL || o->null || o->recursive ||
	     o->sha512 || o->algorithm != NULL || o->known.count > 0 ||
	     strcmp(o->format, "cf") == 0))
		return pkg_fail(err, PKG_USAGE,
				"--check takes files and digests from its "
				"list only");
	if (argc > 0 && (o->list != NULL || o->null))
		return pkg_fail(err, PKG_USAGE,
				"files are named both as operands and in a "
				"list");
	if (o->algorithm != NULL && !lines)
		return pkg_fail(err, PKG_USAGE,
				"--algorithm is for --format gnu and bsd");
	if (o->sha512 && strcmp(o->format, "jsonl") != 0)
		return pkg_fail(err, PKG_USAGE,
				"--sha512 is for --format jsonl");
	if (o->known.count > 0 && strcmp(o->format, "cf") != 0)
		return pkg_fail(err, PKG_USAGE, "--known is for --format cf");
	return PKG_OK;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	const struct hash_options *o = options;
	struct pkg_hasher_options how = {.dirfd = cli_dirfd(cli),
					 .threads = (unsigned)o->jobs.value};
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;
	struct run work = {.failures.cli = cli};
	enum pkg_code code;

	PKG_TRY(check_usage(o, argc, err));
	hash_jobserver(cli, &how);
	PKG_TRY(pkg_crypto_new(&crypto, err));
	cli_env(cli)->crypto = crypto;
	code = hash_output_open(&work.output, cli, o, err);
	if (code == PKG_OK && o->check != NULL) {
		code = hash_check(cli, o, &how, &work.output, err);
	} else if (code == PKG_OK) {
		code = hash_inputs_open(&work.inputs, o, &work.failures, argc,
					argv, err);
		if (code == PKG_OK)
			code = hash_files(cli, &work, &how, err);
		hash_inputs_fini(&work.inputs);
	}
	hash_output_fini(&work.output);
	cli_env(cli)->crypto = NULL;
	return code;
}

static enum pkg_code hash_main(struct cli *cli, struct pkg_err *err)
{
	struct hash_options o = {.format = "jsonl",
				 .jobs = {.min = 1, .max = 1024}};
	const struct cli_opt table[] = {
	    {"format", 'f', CLI_CHOICE, &o.format, "FORMAT",
	     "jsonl (default), gnu, bsd, or cf: Cloud Foundry's resource-match "
	     "body",
	     "jsonl gnu bsd cf", NULL},
	    {"algorithm", 'a', CLI_CHOICE, &o.algorithm, "NAME",
	     "digest of gnu and bsd lines (default: sha256)",
	     "md5 sha1 sha256 sha384 sha512", NULL},
	    {"sha512", 0, CLI_FLAG, &o.sha512, NULL,
	     "add sha512 to the records", NULL, NULL},
	    {"recursive", 'r', CLI_FLAG, &o.recursive, NULL,
	     "hash all files below folders, sorted by the bytes of their paths",
	     NULL, NULL},
	    {"files0-from", 0, CLI_TEXT, &o.list, "FILE",
	     "hash the files named in FILE, each name ended by a NUL; - reads "
	     "standard input",
	     NULL, "file"},
	    {"null", '0', CLI_FLAG, &o.null, NULL,
	     "the list is separated by NUL (it always is); alone: the same as "
	     "--files0-from -",
	     NULL, NULL},
	    {"known", 0, CLI_LIST, &o.known, "FILE",
	     "with --format cf: split by the server's answer in FILE; may be "
	     "repeated",
	     NULL, "file"},
	    {"check", 'c', CLI_TEXT, &o.check, "FILE",
	     "hash the files that records or checksum lines in FILE name, and "
	     "compare",
	     NULL, "file"},
	    {"jobs", 'j', CLI_NUMBER, &o.jobs, "N",
	     "threads (default: one for each processor, fewer as make's "
	     "jobserver tells)",
	     NULL, NULL},
	    {.name = NULL},
	};
	const struct cli_command command = {
	    .synopsis = "[options] [FILE...]\n[options] --check FILE",
	    .purpose = "Print md5, sha1, sha256 and size of files, each read "
		       "once.",
	    .notes = "Without FILE, or for the FILE -, standard input is "
		     "hashed.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .max_args = -1,
	    .complete = "file",
	    .run = run,
	    .options = &o,
	};

	return cli_command_run(cli, &command, err);
}

int main(int argc, char **argv)
{
	const struct cli_tool tool = {
	    .name = "pkg-hash",
	    .purpose = "Print md5, sha1, sha256 and size of files, each read "
		       "once.",
	    .main = hash_main,
	};

	pkg_crypto_on_no_memory(cli_out_of_memory);
	return cli_main(&tool, argc, argv);
}
