/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "packline/batch_run.h"
#include "packline/exchange.h"
#include "packline/hasher.h"
#include "packline/limits.h"
#include "pkg-batch/common.h"
#include "pkg-batch/review.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct args {
	struct batch_args batch;
	struct key_args key;
	struct cli_number jobs;
	struct review_args review;
	struct audit_args audit;
	bool no_sandbox;
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

static const struct pkg_certs *certs_of(const struct running *self)
{
	return self->tool.certs == NULL && self->tool.key != NULL
		   ? pkg_key_certs(self->tool.key)
		   : self->tool.certs;
}

/* -- before -- */

/* A person takes his time: what he has seen may not be there any more. */
static enum pkg_code validate_again(struct running *self, struct pkg_err *err)
{
	return self->args->review.yes
		   ? PKG_OK
		   : pkg_batch_validate(self->tool.batch, &self->approvals,
					self->tool.arena, err);
}

/* Show what will be signed, have it confirmed, and say so in the log. */
static enum pkg_code agree(struct running *self, bool sign, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};
	struct batch_tool *tool = &self->tool;
	uint8_t sha256[32];
	const struct pkg_audit_item input = {"request.json", sha256};
	struct pkg_audit_entry entry = {.inputs = &input, .input_count = 1};

	PKG_TRY(pkg_batch_request(tool->batch, &request, sha256, err));
	if (sign) {
		self->review.act = PKG_REVIEW_RUN;
		self->review.approvals = &self->approvals;
		PKG_TRY(batch_review_key(&self->review, tool, err));
		PKG_TRY(batch_review_agree(&self->review, tool->batch, sha256,
					   err));
		PKG_TRY(validate_again(self, err));
		entry.key = self->review.key;
		if (self->review.cert != NULL)
			entry.certificate = self->review.cert->sha256;
	}
	return batch_tool_begin(tool, "batch-run", &entry, err);
}

/* Everything that must hold before a key is used. */
static enum pkg_code prepare(struct running *self, struct pkg_err *err)
{
	struct batch_tool *tool = &self->tool;
	const bool sign = tool->process->action == PKG_PROCESS_SIGN;

	PKG_TRY(pkg_batch_validate(tool->batch, &self->approvals, tool->arena,
				   err));
	if (sign)
		batch_review_start(&self->review, tool->cli,
				   &self->args->review);
	PKG_TRY(batch_tool_run_key(tool, &self->args->key, err));
	return agree(self, sign, err);
}

/* What is left is done in the tenant's folder, where the batch and the head of
   its chain are, and in that of the log. */
static enum pkg_code confine(const struct running *self, struct pkg_err *err)
{
	const struct batch_tool *tool = &self->tool;
	struct protect_needs needs = {
	    .no_sandbox = self->args->no_sandbox ||
			  (tool->key != NULL && pkg_key_is_token(tool->key)),
	};
	const int tenant = openat(pkg_job_fd(pkg_batch_job(tool->batch)), "..",
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code = PKG_OK;

	if (tenant < 0)
		return pkg_fail_os(err, errno, "cannot open the spool");
	needs.folders[needs.folder_count++] = tenant;
	if (tool->trail.audit != NULL)
		needs.folders[needs.folder_count++] =
		    pkg_audit_folder(tool->trail.audit);
	code = protect_enter(&needs, err);
	(void)close(tenant);
	return code;
}

/* -- the work -- */

static void progress(void *context, uint64_t done, uint64_t total)
{
	cli_progress(context, "documents", done, total);
}

static enum pkg_code work(struct running *self,
			  struct pkg_batch_outcome *outcome,
			  struct pkg_err *err)
{
	struct batch_tool *tool = &self->tool;
	struct pkg_batch_state state = *pkg_batch_state(tool->batch);
	const struct pkg_batch_run_options options = {
	    .key = tool->key,
	    .certs = certs_of(self),
	    .threads = (unsigned)self->args->jobs.value,
	    .progress = progress,
	    .context = tool->cli,
	};
	enum pkg_code code = PKG_OK;

	PKG_TRY(confine(self, err));
	if (state.status == PKG_BATCH_ACCEPTED) {
		state.status = PKG_BATCH_READY;
		PKG_TRY(pkg_batch_set_state(tool->batch, &state, err));
	}
	code = pkg_batch_run(tool->batch, &options, outcome, err);
	cli_progress_clear(tool->cli);
	return code;
}

/* What came of it, for the log. */
static enum pkg_code tell(struct running *self, enum pkg_code code,
			  const struct pkg_batch_outcome *outcome,
			  struct pkg_err *err)
{
	const struct pkg_hasher_item results = {.path = "results.jsonl",
						.fd = -1,
						.nofollow = true,
						.set = PKG_DIGEST_SHA256};
	struct batch_tool *tool = &self->tool;
	struct pkg_artifact file = {0};
	const struct pkg_audit_item output = {results.path,
					      file.digests.sha256};
	char note[120];
	const struct pkg_audit_entry entry = {
	    .outputs = &output, .output_count = 1, .note = note};

	if (tool->trail.audit == NULL || code != PKG_OK)
		return audit_trail_end(&tool->trail, code, NULL, err);
	PKG_TRY(pkg_hasher_one(tool->crypto,
			       pkg_job_fd(pkg_batch_job(tool->batch)), &results,
			       &file, err));
	(void)snprintf(note, sizeof(note),
		       "%" PRIu64 " documents: %" PRIu64 " good, %" PRIu64
		       " not; %" PRIu64 " of them in an earlier run",
		       outcome->documents, outcome->succeeded, outcome->failed,
		       outcome->before);
	return audit_trail_end(&tool->trail, PKG_OK, &entry, err);
}

/* To its end; time stamps come from outside: pkg-batch timestamp. */
static enum pkg_code go_on(struct running *self, struct pkg_err *err)
{
	const struct batch_tool *tool = &self->tool;
	struct pkg_batch_outcome outcome;
	bool imported = false;

	PKG_TRY(pkg_batch_is_imported(&imported, tool->batch, err));
	if (pkg_batch_state(tool->batch)->status != PKG_BATCH_FINISHING) {
		PKG_TRY(prepare(self, err));
		PKG_TRY(tell(self, work(self, &outcome, err), &outcome, err));
	} else if (tool->process->form == PKG_PROCESS_RAW) {
		/* Whose signatures these are is not in them. */
		PKG_TRY(batch_tool_run_key(&self->tool, &self->args->key, err));
	}
	/* What came over an air gap is stamped where there is a network. */
	return tool->process->has_tsa && !imported
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
	PKG_TRY(audit_trail_open(&tool->trail, cli, &args->audit, err));
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
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
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
