/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/limits.h"

#include <string.h>

/* What one step may need of answers: some pages of a list at most. */
#define SCRATCH PKG_LIMIT_ARENA

/* Tries of one step, against a server that contradicts itself. */
enum { TRIES_MAX = 64 };

/* -- telling -- */

void run_acted(struct job *job, const char *action)
{
	/* What was made and then changed was made. */
	if (job->out->action == NULL)
		job->out->action = action;
}

bool run_would(struct job *job, const char *action)
{
	if (!job->run->options->dry_run)
		return false;
	run_acted(job, action);
	return true;
}

static void count_action(struct pkg_import_result *r, const char *action)
{
	if (strcmp(action, "created") == 0 ||
	    strcmp(action, "would-create") == 0)
		r->created++;
	else if (strcmp(action, "updated") == 0 ||
		 strcmp(action, "would-update") == 0)
		r->updated++;
	else if (strcmp(action, "unchanged") == 0)
		r->unchanged++;
	else if (strcmp(action, "found") == 0)
		r->found++;
	else
		r->deleted++;
}

static enum pkg_code tell(struct run *run, const struct pkg_import_event *event,
			  struct pkg_err *err)
{
	count_action(run->result, event->action);
	if (run->options->event == NULL)
		return PKG_OK;
	return run->options->event(run->options->context, event, err);
}

/* -- a job -- */

enum pkg_code run_job(struct job *job, struct run *run, struct pkg_err *err)
{
	*job = (struct job){.run = run};
	return pkg_arena_new(&job->scratch, SCRATCH, err);
}

void job_fini(struct job *job)
{
	http_answer_fini(&job->answer);
	pkg_arena_free(job->scratch);
	job->scratch = NULL;
}

static enum pkg_code one_try(struct job *job, enum outcome *outcome,
			     struct pkg_err *err)
{
	switch (job->op) {
	case PKG_PLAN_FIND_ARTIFACT:
	case PKG_PLAN_ENSURE_ARTIFACT:
		return step_artifact(job, outcome, err);
	case PKG_PLAN_ENSURE_MODULE_METADATA:
	case PKG_PLAN_ENSURE_SET_METADATA:
		return step_metadata(job, outcome, err);
	case PKG_PLAN_AUTO_ASSIGN:
		return step_auto_assign(job, outcome, err);
	case PKG_PLAN_ASSIGN:
		return step_assign(job, outcome, err);
	case PKG_PLAN_FIND_MODULE_TYPE:
	case PKG_PLAN_ENSURE_MODULE_TYPE:
	case PKG_PLAN_FIND_MODULE:
	case PKG_PLAN_ENSURE_MODULE:
	case PKG_PLAN_ENSURE_SET_TYPE:
	case PKG_PLAN_FIND_SET:
	case PKG_PLAN_ENSURE_SET:
	case PKG_PLAN_ENSURE_TARGET_FILTER:
	case PKG_PLAN_ENSURE_ROLLOUT:
	default:
		return step_entity(job, outcome, err);
	}
}

static enum pkg_code all_tries(struct job *job, struct pkg_err *err)
{
	enum outcome outcome = AGAIN;

	for (unsigned i = 0; outcome == AGAIN; i++) {
		if (i == TRIES_MAX)
			return pkg_refuse(err, PKG_INPUT, "bad-answer",
					  "%s: the server says that it was "
					  "done, and does not show it",
					  job->step->ref->text);
		pkg_arena_free(job->scratch);
		job->scratch = NULL;
		PKG_TRY(pkg_arena_new(&job->scratch, SCRATCH, err));
		PKG_TRY(one_try(job, &outcome, err));
	}
	return PKG_OK;
}

/* -- the plan -- */

static enum pkg_code resolve(struct run *run, const struct pkg_plan_step *step,
			     struct pkg_err *err)
{
	PKG_TRY(
	    tree_resolve(run, pkg_node_get(step->lookup->at, "exact"), err));
	if (step->request == NULL)
		return PKG_OK;
	return tree_resolve(run, pkg_node_get(step->request->at, "body"), err);
}

static enum pkg_code do_job(struct job *job, struct pkg_err *err)
{
	PKG_TRY(resolve(job->run, job->step, err));
	if (tree_is_pending(job->run, job->step)) {
		job->thing->pending = true;
		run_acted(job, "would-create");
		return PKG_OK;
	}
	PKG_TRY(all_tries(job, err));
	if (job->out->id == 0)
		job->out->id = job->thing->id;
	if (job->out->action == NULL)
		job->out->action =
		    job->step->request == NULL ? "found" : "unchanged";
	return PKG_OK;
}

static enum pkg_code do_step(struct run *run, const struct pkg_plan_step *step,
			     struct pkg_receipt_step *out, struct pkg_err *err)
{
	struct thing *thing =
	    pkg_arena_alloc(run->import->arena, sizeof(*thing), err);
	struct job job = {.run = run, .step = step, .out = out, .thing = thing};
	struct pkg_import_event event = {.ref = step->ref->text};
	const void *before = NULL;
	enum pkg_code code = PKG_OK;

	if (thing == NULL)
		return err->code;
	thing->step = step;
	job.op = (enum pkg_plan_op)step->op.index;
	event.op = pkg_plan_op_name(job.op);
	*out = (struct pkg_receipt_step){.op = event.op, .ref = event.ref};
	PKG_TRY(pkg_map_add(&run->things, event.ref, thing, &before, err));
	if (before != NULL)
		return pkg_refuse(err, PKG_INPUT, "malformed-plan",
				  "two steps are called '%s'", event.ref);
	code = do_job(&job, err);
	job_fini(&job);
	PKG_TRY(code);
	event.action = out->action;
	event.id = out->id;
	event.status = out->status;
	return tell(run, &event, err);
}

static uint64_t total_upload(const struct pkg_plan *plan)
{
	const struct pkg_plan_step *steps = plan->steps.items;
	uint64_t total = 0;

	for (size_t i = 0; i < plan->steps.count; i++) {
		if (steps[i].op.index == PKG_PLAN_ENSURE_ARTIFACT)
			total += (uint64_t)tree_number(steps[i].lookup->exact,
						       "size");
	}
	return total;
}

static enum pkg_code do_plan(struct run *run, struct pkg_err *err)
{
	struct pkg_import *import = run->import;
	const struct pkg_plan_step *steps = import->plan->steps.items;

	run->upload_total = total_upload(import->plan);
	for (size_t i = 0; i < import->plan->steps.count; i++) {
		PKG_TRY(do_step(run, &steps[i], &import->results[i], err));
		run->result->receipt.count = i + 1;
	}
	return run->options->prune ? prune_all(run, err) : PKG_OK;
}

static enum pkg_code start(struct run *run, struct pkg_err *err)
{
	struct pkg_import *import = run->import;
	const struct pkg_plan *plan = import->plan;
	const char *address;

	*run->result = (struct pkg_import_result){
	    .receipt = {.manifest_sha256 = import->sha256,
			.tenant = plan->tenant->text,
			.product_name = plan->product->name->text,
			.product_version = plan->product->version->text,
			.server = "",
			.steps = import->results}};
	PKG_TRY(http_new(&run->http, &run->options->server, err));
	address = http_address(run->http);
	import->server =
	    pkg_arena_dup(import->arena, address, strlen(address), err);
	if (import->server == NULL)
		return err->code;
	run->result->receipt.server = import->server;
	return PKG_OK;
}

enum pkg_code pkg_import_run(struct pkg_import *import,
			     const struct pkg_import_options *options,
			     struct pkg_import_result *result,
			     struct pkg_err *err)
{
	struct run run = {
	    .import = import, .options = options, .result = result};
	enum pkg_code code = start(&run, err);

	if (code == PKG_OK)
		code = do_plan(&run, err);
	if (run.http != NULL)
		http_counts(run.http, &result->reads, &result->writes);
	pkg_map_fini(&run.things);
	http_free(run.http);
	return code;
}

/* -- deleting -- */

/* 404 after a try that broke: that try has done it. */
static enum pkg_code delete_once(struct job *job, const char *path,
				 enum outcome *outcome, struct pkg_err *err)
{
	const struct http_request request = {.method = "DELETE", .path = path};
	enum pkg_code code = send_change(job, &request, outcome, err);

	if (code != PKG_NO || job->answer.status != 404)
		return code;
	*err = PKG_ERR_INIT;
	*outcome = DONE;
	return PKG_OK;
}

enum pkg_code run_delete(struct run *run, const char *path, const char *ref,
			 struct pkg_err *err)
{
	struct pkg_import_event event = {
	    .op = "prune",
	    .ref = ref,
	    .action = run->options->dry_run ? "would-delete" : "deleted"};
	enum outcome outcome = run->options->dry_run ? DONE : AGAIN;
	enum pkg_code code = PKG_OK;
	struct job job = {0};

	PKG_TRY(run_job(&job, run, err));
	while (code == PKG_OK && outcome == AGAIN)
		code = delete_once(&job, path, &outcome, err);
	event.status = job.answer.status;
	job_fini(&job);
	PKG_TRY(code);
	return tell(run, &event, err);
}
