/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <string.h>

/* -- a set that every matching target gets -- */

/*
 * The same set in the same way?  How it is assigned is told by the target
 * filter, under other names.
 */
static bool same_way(const struct pkg_node *want, const struct pkg_node *filter)
{
	static const char *const names[][2] = {
	    {"type", "autoAssignActionType"},
	    {"weight", "autoAssignWeight"},
	    {"confirmationRequired", "confirmationRequired"},
	    {NULL, NULL},
	};

	for (size_t i = 0; names[i][0] != NULL; i++) {
		const struct pkg_node *a = pkg_node_get(want, names[i][0]);
		const struct pkg_node *b = pkg_node_get(filter, names[i][1]);

		/* The last is not told where nobody confirms anything. */
		if (a != NULL && (b != NULL || i < 2) && !tree_equal(a, b))
			return false;
	}
	return true;
}

/* The path without "/autoAssignDS": that of the target filter. */
static const char *filter_path(struct job *job, const char *path,
			       struct pkg_err *err)
{
	const char *slash = strrchr(path, '/');

	return pkg_arena_dup(job->scratch, path,
			     slash == NULL ? 0 : (size_t)(slash - path), err);
}

static enum pkg_code is_assigned(struct job *job, const struct pkg_node *have,
				 bool *same, struct pkg_err *err)
{
	const struct pkg_plan_lookup *l = job->step->lookup;
	const char *path =
	    tree_path(job->run, job->scratch, l->path->text, err);
	struct pkg_node *filter = NULL;

	*same = have != NULL &&
		tree_number(l->exact, "id") == tree_number(have, "id");
	if (!*same)
		return PKG_OK;
	if (path != NULL)
		path = filter_path(job, path, err);
	if (path == NULL)
		return err->code;
	PKG_TRY(send_get(job, path, &filter, err));
	*same = filter != NULL &&
		same_way(tree_object(job->step->request->body), filter);
	return PKG_OK;
}

enum pkg_code step_auto_assign(struct job *job, enum outcome *outcome,
			       struct pkg_err *err)
{
	const char *path = tree_path(job->run, job->scratch,
				     job->step->lookup->path->text, err);
	struct pkg_node *have = NULL;
	bool same = false;

	*outcome = DONE;
	if (path == NULL)
		return err->code;
	PKG_TRY(send_get(job, path, &have, err));
	PKG_TRY(is_assigned(job, have, &same, err));
	if (same) {
		if (job->sent && job->out->action == NULL)
			run_acted(job, "updated");
		return PKG_OK;
	}
	if (run_would(job, have == NULL ? "would-create" : "would-update"))
		return PKG_OK;
	PKG_TRY(send_planned(job, job->step->request, outcome, err));
	if (*outcome == DONE)
		run_acted(job, have == NULL ? "created" : "updated");
	return PKG_OK;
}

/* -- targets that get a set at once -- */

struct targets {
	struct pkg_map have; /* controller ids */
	struct pkg_err err;
};

static bool take_target(void *context, struct pkg_node *item)
{
	struct targets *t = context;
	const char *id = tree_text(item, "controllerId");
	const void *before;

	if (id == NULL)
		return false;
	return pkg_map_add(&t->have, id, item, &before, &t->err) != PKG_OK;
}

/* Those of the plan that do not have the set: the body of the request. */
static enum pkg_code others(struct job *job, const struct targets *t,
			    struct pkg_node *body, struct pkg_err *err)
{
	const struct pkg_node *all = job->step->request->body;

	for (const struct pkg_node *i = all->first; i != NULL; i = i->next) {
		const char *id = tree_text(i, "id");
		struct pkg_node *copy;

		if (id != NULL && pkg_map_get(&t->have, id) != NULL)
			continue;
		copy = pkg_arena_alloc(job->scratch, sizeof(*copy), err);
		if (copy == NULL)
			return err->code;
		*copy = *i;
		copy->next = NULL;
		pkg_node_append(body, copy);
	}
	return PKG_OK;
}

/* The server passes over targets that it does not know, and says nothing. */
static enum pkg_code unknown_target(struct job *job,
				    const struct pkg_node *body,
				    struct pkg_err *err)
{
	const char *id = tree_text(body->first, "id");

	(void)pkg_refuse(err, PKG_NO, "unknown-target",
			 "%s: %u target%s could not be assigned, such as '%s'",
			 job->step->ref->text, body->count,
			 body->count == 1 ? "" : "s", id == NULL ? "" : id);
	return pkg_hint(err, "the server must know a device before it can get "
			     "a set");
}

static enum pkg_code assign(struct job *job, struct pkg_node *body,
			    enum outcome *outcome, struct pkg_err *err)
{
	const char *path = tree_path(job->run, job->scratch,
				     job->step->request->path->text, err);

	if (path == NULL)
		return err->code;
	if (job->out->action != NULL)
		return unknown_target(job, body, err);
	if (run_would(job, "would-create"))
		return PKG_OK;
	PKG_TRY(send_body(job, "POST", path, body, outcome, err));
	if (*outcome == DONE)
		run_acted(job, "created");
	*outcome = AGAIN; /* to see that all of them have it */
	return PKG_OK;
}

enum pkg_code step_assign(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	struct pkg_node body = {.kind = PKG_NODE_SEQ};
	struct targets targets = {.have = {.arena = job->scratch}};
	struct lookup lookup = {.item = take_target, .context = &targets};

	*outcome = DONE;
	lookup.path = tree_path(job->run, job->scratch,
				job->step->lookup->path->text, err);
	if (lookup.path == NULL)
		return err->code;
	PKG_TRY(lookup_each(job, &lookup, err));
	if (targets.err.code != PKG_OK) {
		*err = targets.err;
		return err->code;
	}
	PKG_TRY(others(job, &targets, &body, err));
	if (body.count > 0)
		return assign(job, &body, outcome, err);
	if (job->sent && job->out->action == NULL)
		run_acted(job, "created");
	return PKG_OK;
}
