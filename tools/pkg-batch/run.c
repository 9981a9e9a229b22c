/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/batch_run.h"
#include "packline/limits.h"
#include "pkg-batch/common.h"
#include "pkg-batch/review.h"

struct args {
	struct batch_args batch;
	struct key_args key;
	struct cli_number jobs;
	struct review_args review;
};

/* A running run. */
struct running {
	struct batch_tool tool;
	const struct args *args;
	struct batch_review review;
	struct pkg_approvals approvals;
};

static void running_fini(struct running *self)
{
	batch_review_fini(&self->review);
	batch_tool_fini(&self->tool);
}

static void progress(void *context, uint64_t done, uint64_t total)
{
	cli_progress(context, "documents", done, total);
}

/* To sign: the key of the command line, or that of the process. */
static enum pkg_code load_key(struct running *self, struct pkg_err *err)
{
	const struct pkg_process *process = self->tool.process;
	struct key_args key = self->args->key;

	if (key.key == NULL) {
		key.key = process->key;
		key.cert = key.cert == NULL ? process->cert : key.cert;
	}
	if (key.key == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "process '%s' signs, and no key was named",
			       process->name);
		return pkg_hint(err, "give --key KEY and --cert FILE, or say "
				     "them in the process: signing");
	}
	PKG_TRY(batch_tool_key(&self->tool, &key, err));
	return PKG_OK;
}

/* To validate raw signatures: the certificate of whoever made them. */
static enum pkg_code load_cert(struct running *self, struct pkg_err *err)
{
	const struct key_args *key = &self->args->key;
	struct batch_tool *tool = &self->tool;

	if (key->key != NULL || key->passphrase != NULL || key->pin != NULL ||
	    key->pkcs11_module != NULL)
		return pkg_fail(err, PKG_USAGE,
				"process '%s' validates: it uses no key",
				tool->process->name);
	if (key->cert == NULL)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(&tool->certs, tool->crypto, err));
	return pkg_certs_add_file(tool->certs, cli_dirfd(tool->cli), key->cert,
				  err);
}

static const struct pkg_certs *certs_of(const struct running *self)
{
	return self->tool.certs == NULL && self->tool.key != NULL
		   ? pkg_key_certs(self->tool.key)
		   : self->tool.certs;
}

/* Show what will be signed, and have it confirmed. */
static enum pkg_code confirm(struct running *self, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};
	uint8_t sha256[32];

	PKG_TRY(pkg_batch_request(self->tool.batch, &request, sha256, err));
	self->review.act = PKG_REVIEW_RUN;
	self->review.approvals = &self->approvals;
	batch_review_key(&self->review, &self->tool);
	return batch_review_agree(&self->review, self->tool.batch, sha256, err);
}

/* Everything that must hold before a key is used. */
static enum pkg_code prepare(struct running *self, struct pkg_err *err)
{
	struct batch_tool *tool = &self->tool;
	struct pkg_batch_state state = *pkg_batch_state(tool->batch);
	const bool sign = tool->process->action == PKG_PROCESS_SIGN;

	PKG_TRY(pkg_batch_validate(tool->batch, &self->approvals, tool->arena,
				   err));
	if (sign)
		batch_review_start(&self->review, tool->cli,
				   &self->args->review);
	PKG_TRY(sign ? load_key(self, err) : load_cert(self, err));
	if (sign)
		PKG_TRY(confirm(self, err));
	if (state.status != PKG_BATCH_ACCEPTED)
		return PKG_OK;
	state.status = PKG_BATCH_READY;
	return pkg_batch_set_state(tool->batch, &state, err);
}

static enum pkg_code work(struct running *self, struct pkg_err *err)
{
	struct batch_tool *tool = &self->tool;
	const struct pkg_batch_run_options options = {
	    .key = tool->key,
	    .certs = certs_of(self),
	    .threads = (unsigned)self->args->jobs.value,
	    .progress = progress,
	    .context = tool->cli,
	};
	struct pkg_batch_outcome outcome;
	enum pkg_code code = PKG_OK;

	code = pkg_batch_run(tool->batch, &options, &outcome, err);
	cli_progress_clear(tool->cli);
	return code;
}

/* To its end; time stamps come from outside: pkg-batch timestamp. */
static enum pkg_code go_on(struct running *self, struct pkg_err *err)
{
	const struct batch_tool *tool = &self->tool;
	const struct pkg_batch_state *state = pkg_batch_state(tool->batch);

	if (state->status != PKG_BATCH_FINISHING) {
		PKG_TRY(prepare(self, err));
		PKG_TRY(work(self, err));
	}
	return tool->process->has_tsa
		   ? PKG_OK
		   : pkg_batch_finish(tool->batch, certs_of(self), err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(running) struct running self = {.args = options};
	const struct args *args = options;
	struct batch_tool *tool = &self.tool;

	(void)argc;
	PKG_TRY(batch_review_check(&args->review, err));
	PKG_TRY(batch_tool_start(tool, cli, &args->batch, false, err));
	PKG_TRY(batch_tool_open_bound(tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(pkg_batch_allows(tool->batch, PKG_BATCH_RUN, err));
	PKG_TRY(go_on(&self, err));
	PKG_TRY(batch_tool_record(tool, err));
	return pkg_batch_state(tool->batch)->failed > 0 ? cli_no(err) : PKG_OK;
}

enum pkg_code batch_run_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.jobs = {.min = 1, .max = 64}};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"key", 0, CLI_TEXT, &args.key.key, "KEY",
	     "sign with this private key (default: the process')", NULL,
	     "file"},
	    {"cert", 0, CLI_TEXT, &args.key.cert, "FILE",
	     "certificate of the key, then its chain", NULL, "file"},
	    KEY_SECRET_ROWS(args.key),
	    {"jobs", 'j', CLI_NUMBER, &args.jobs, "N",
	     "work with so many threads (default: one for each processor)",
	     NULL, NULL},
	    BATCH_REVIEW_ROWS(args.review),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Sign or validate the documents of a batch that was "
		       "accepted.",
	    .notes = "From a script: --yes --expect-digest HEX.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
