/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <string.h>

/*
 * What has a name and an id: types, modules, sets, target filters, rollouts.
 */

/* What cannot be changed once it is there, by kind; ends with NULL. */
static const char *const fixed_module_type[] = {"name", "maxAssignments",
						"minArtifacts", NULL};
static const char *const fixed_set_type[] = {"name", NULL};
static const char *const fixed_module[] = {"encrypted", NULL};
static const char *const fixed_rollout[] = {"distributionSetId",
					    "targetFilterQuery", NULL};
static const char *const fixed_nothing[] = {NULL};

static const char *const *fixed_members(enum pkg_plan_op op)
{
	switch (op) {
	case PKG_PLAN_ENSURE_MODULE_TYPE:
		return fixed_module_type;
	case PKG_PLAN_ENSURE_SET_TYPE:
		return fixed_set_type;
	case PKG_PLAN_ENSURE_MODULE:
		return fixed_module;
	case PKG_PLAN_ENSURE_ROLLOUT:
		return fixed_rollout;
	case PKG_PLAN_FIND_MODULE_TYPE:
	case PKG_PLAN_FIND_MODULE:
	case PKG_PLAN_FIND_ARTIFACT:
	case PKG_PLAN_ENSURE_ARTIFACT:
	case PKG_PLAN_ENSURE_MODULE_METADATA:
	case PKG_PLAN_FIND_SET:
	case PKG_PLAN_ENSURE_SET:
	case PKG_PLAN_ENSURE_SET_METADATA:
	case PKG_PLAN_ENSURE_TARGET_FILTER:
	case PKG_PLAN_AUTO_ASSIGN:
	case PKG_PLAN_ASSIGN:
	default:
		return fixed_nothing;
	}
}

/* A member that the server does not know is not compared: it is too old. */
static enum pkg_code check_fixed(const struct job *job,
				 const struct pkg_node *have,
				 struct pkg_err *err)
{
	const struct pkg_node *want;

	if (job->step->request == NULL)
		return PKG_OK;
	want = tree_object(job->step->request->body);
	for (const char *const *m = fixed_members(job->op); *m != NULL; m++) {
		const struct pkg_node *a = pkg_node_get(want, *m);
		const struct pkg_node *b = pkg_node_get(have, *m);

		if (a == NULL || b == NULL || tree_equal(a, b))
			continue;
		(void)pkg_refuse(err, PKG_NO, "immutable",
				 "%s: it is there already, with another '%s', "
				 "which cannot be changed",
				 job->step->ref->text, *m);
		return pkg_hint(err, "write in the manifest what the server "
				     "has, or choose another name or version");
	}
	return PKG_OK;
}

/* Of what was made the answer tells the id; else the lookup will. */
static enum pkg_code take_id(struct job *job, struct pkg_err *err)
{
	struct pkg_node *answer = NULL;

	PKG_TRY(send_answer(job, &answer, err));
	job->thing->id = tree_number(tree_object(answer), "id");
	return PKG_OK;
}

static enum pkg_code make(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	if (job->conflict)
		return refuse_conflict(job, err);
	if (run_would(job, "would-create")) {
		job->thing->pending = true;
		return PKG_OK;
	}
	PKG_TRY(send_planned(job, job->step->request, outcome, err));
	if (*outcome == AGAIN)
		return PKG_OK;
	run_acted(job, "created");
	PKG_TRY(take_id(job, err));
	/* Of a set one has to see which modules the server has taken. */
	job->assigned = job->op == PKG_PLAN_ENSURE_SET;
	if (job->assigned || job->thing->id == 0)
		*outcome = AGAIN;
	return PKG_OK;
}

static enum pkg_code update(struct job *job, const struct pkg_node *have,
			    enum outcome *outcome, struct pkg_err *err)
{
	const struct pkg_plan_request *u = job->step->update;

	if (u == NULL || tree_covers(u->body, have) ||
	    run_would(job, "would-update"))
		return PKG_OK;
	PKG_TRY(send_planned(job, u, outcome, err));
	if (*outcome == DONE)
		run_acted(job, "updated");
	return PKG_OK;
}

static enum pkg_code missing(const struct job *job, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "not-found",
			 "%s: the server does not have it",
			 job->step->ref->text);
	return pkg_hint(err, "the manifest says that it is there already "
			     "(external)");
}

enum pkg_code step_entity(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	struct pkg_node *have = NULL;

	*outcome = DONE;
	PKG_TRY(lookup_exact(job, &have, err));
	if (have == NULL)
		return job->step->request == NULL ? missing(job, err)
						  : make(job, outcome, err);
	job->thing->id = tree_number(have, "id");
	job->out->id = job->thing->id;
	if (job->thing->id == 0)
		return pkg_refuse(err, PKG_INPUT, "bad-answer",
				  "%s: the server gives it no id",
				  job->step->ref->text);
	if (job->sent && job->out->action == NULL)
		run_acted(job, "created");
	PKG_TRY(check_fixed(job, have, err));
	PKG_TRY(update(job, have, outcome, err));
	if (*outcome == DONE && job->op == PKG_PLAN_ENSURE_SET)
		PKG_TRY(set_modules(job, outcome, err));
	if (job->op == PKG_PLAN_ENSURE_SET_TYPE)
		PKG_TRY(set_type_modules(job, err));
	return PKG_OK;
}
