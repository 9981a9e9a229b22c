/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * What a module or a set of the plan has on the server beyond the plan: files
 * and metadata.  Other modules and sets are never touched.
 */
struct pruning {
	struct run *run;
	const struct thing *owner;
	const char *kind;   /* of a reference: "artifact", "module-metadata" */
	const char *member; /* of the exact lookup: "filename", "key" */
	const char *told;   /* the same, as the list has it */
	const char *path;   /* of the list */
	bool by_id;         /* deleted by id, else by name */
	struct job *job;
	struct pkg_err err;
};

/* True if a step below @owner names @name. */
static bool is_planned(const struct pruning *p, const char *name)
{
	const struct pkg_plan *plan = p->run->import->plan;
	const struct pkg_plan_step *steps = plan->steps.items;
	const char *owner = p->owner->step->ref->text;
	const size_t len = strlen(owner);

	for (size_t i = 0; i < plan->steps.count; i++) {
		const char *path = steps[i].lookup->path->text;
		const char *brace = strchr(path, '{');
		const char *planned =
		    tree_text(steps[i].lookup->exact, p->member);

		if (brace == NULL || planned == NULL ||
		    strncmp(brace + 1, owner, len) != 0 ||
		    brace[len + 1] != '}')
			continue;
		if (p->by_id ? strcasecmp(planned, name) == 0
			     : strcmp(planned, name) == 0)
			return true;
	}
	return false;
}

static enum pkg_code drop(struct pruning *p, const struct pkg_node *item,
			  const char *name)
{
	const char *owner = strchr(p->owner->step->ref->text, ':');
	const char *escaped = http_escape(p->job->scratch, name, &p->err);
	const char *ref, *path;
	char id[24];

	if (escaped == NULL)
		return p->err.code;
	(void)snprintf(id, sizeof(id), "%lld",
		       (long long)tree_number(item, "id"));
	ref = pkg_arena_printf(p->job->scratch, &p->err, "%s%s/%s", p->kind,
			       owner, escaped);
	path = pkg_arena_printf(p->job->scratch, &p->err, "%s/%s", p->path,
				p->by_id ? id : escaped);
	if (ref == NULL || path == NULL)
		return p->err.code;
	return run_delete(p->run, path, ref, &p->err);
}

static bool take_item(void *context, struct pkg_node *item)
{
	struct pruning *p = context;
	const char *name = tree_text(item, p->told);

	if (name == NULL || is_planned(p, name))
		return false;
	return drop(p, item, name) != PKG_OK;
}

static enum pkg_code prune_list(struct pruning *p, const char *list,
				struct pkg_err *err)
{
	struct job job = {0};
	struct lookup lookup = {.item = take_item, .context = p};
	enum pkg_code code = run_job(&job, p->run, err);

	p->job = &job;
	p->err = PKG_ERR_INIT;
	if (code == PKG_OK) {
		p->path = pkg_arena_printf(job.scratch, err, "%s/%lld/%s",
					   p->owner->step->lookup->path->text,
					   (long long)p->owner->id, list);
		lookup.path = p->path;
		code = p->path == NULL ? err->code
				       : lookup_each(&job, &lookup, err);
	}
	if (code == PKG_OK && p->err.code != PKG_OK) {
		*err = p->err;
		code = err->code;
	}
	p->job = NULL;
	job_fini(&job);
	return code;
}

static enum pkg_code prune_thing(struct run *run, const struct thing *thing,
				 struct pkg_err *err)
{
	const bool is_module = thing->step->op.index == PKG_PLAN_ENSURE_MODULE;
	struct pruning metadata = {.run = run,
				   .owner = thing,
				   .kind = is_module ? "module-metadata"
						     : "set-metadata",
				   .member = "key",
				   .told = "key"};
	struct pruning files = {.run = run,
				.owner = thing,
				.kind = "artifact",
				.member = "filename",
				.told = "providedFilename",
				.by_id = true};

	if (is_module)
		PKG_TRY(prune_list(&files, "artifacts", err));
	return prune_list(&metadata, "metadata", err);
}

enum pkg_code prune_all(struct run *run, struct pkg_err *err)
{
	const struct pkg_plan *plan = run->import->plan;
	const struct pkg_plan_step *steps = plan->steps.items;

	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct thing *thing =
		    pkg_map_get(&run->things, steps[i].ref->text);

		if (steps[i].op.index != PKG_PLAN_ENSURE_MODULE &&
		    steps[i].op.index != PKG_PLAN_ENSURE_SET)
			continue;
		if (thing != NULL && !thing->pending)
			PKG_TRY(prune_thing(run, thing, err));
	}
	return PKG_OK;
}
