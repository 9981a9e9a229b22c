/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

/* Target filters, assignments and rollouts. */
#define PATH_FILTERS  "/rest/v1/targetfilters"
#define PATH_ROLLOUTS "/rest/v1/rollouts"

static void put_action(struct plan *p, const struct pkg_enum_value *type,
		       const char *const *spellings)
{
	if (type->at != NULL)
		pkg_jsonw_str_member(&p->w, "type", spellings[type->index]);
}

/* "{set:...}", which the importer replaces by the set's id. */
static const char *set_id(struct plan *p, const struct pkg_either *ref)
{
	struct pkg_identity id;

	/* A lock that was read has no reference that means nothing. */
	if (!pkg_manifest_set_ref(p->lock, ref, &id))
		return "";
	return pkg_plan_text(p, "{%s}", pkg_plan_set_ref(p, &id));
}

static void put_auto_assign(struct plan *p, const char *filter,
			    const struct pkg_auto_assign *a)
{
	const char *path =
	    pkg_plan_text(p, PATH_FILTERS "/{%s}/autoAssignDS", filter);

	pkg_plan_step(p, 200);
	pkg_plan_lookup(p);
	pkg_jsonw_str_member(&p->w, "id", set_id(p, &a->set));
	pkg_plan_lookup_end(p, path, NULL);
	pkg_plan_op(p, "auto-assign",
		    pkg_plan_text(p, "auto-assign-%s", filter));
	pkg_plan_request(p);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_bool(p, "confirmationRequired", &a->confirmation_required);
	pkg_jsonw_str_member(&p->w, "id", set_id(p, &a->set));
	put_action(p, &a->type, pkg_auto_action_names);
	pkg_plan_put_int(p, "weight", &a->weight);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_request_end(p, "POST", path);
	pkg_plan_step_end(p);
}

static void put_filter(struct plan *p, const struct pkg_target_filter *f)
{
	const char *name = f->name->text;
	const char *ref =
	    pkg_plan_ref(p, "target-filter", (const char *const[]){name, NULL});

	pkg_plan_step(p, 201);
	pkg_plan_lookup(p);
	pkg_plan_put_text(p, "name", f->name);
	pkg_plan_lookup_end(
	    p, PATH_FILTERS,
	    pkg_plan_query(p, (const char *const[]){"name", name, NULL}));
	pkg_plan_op(p, "ensure-target-filter", ref);
	pkg_plan_request(p);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "name", f->name);
	pkg_plan_put_text(p, "query", f->query);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_request_end(p, "POST", PATH_FILTERS);
	pkg_plan_update(p);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "query", f->query);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_update_end(p, pkg_plan_text(p, PATH_FILTERS "/{%s}", ref), 200,
			    0);
	pkg_plan_step_end(p);
	if (f->auto_assign != NULL)
		put_auto_assign(p, ref, f->auto_assign);
}

void pkg_plan_filters(struct plan *p)
{
	const struct pkg_target_filter *items = p->lock->filters.items;

	for (size_t i = 0; i < p->lock->filters.count; i++)
		put_filter(p, &items[i]);
}

static void put_target(struct plan *p, const struct pkg_assignment *a,
		       const struct pkg_node *target)
{
	pkg_jsonw_object(&p->w);
	pkg_plan_put_bool(p, "confirmationRequired", &a->confirmation_required);
	pkg_plan_put_time(p, "forcetime", a->forcetime);
	pkg_plan_put_text(p, "id", target);
	if (a->window != NULL) {
		pkg_jsonw_key(&p->w, "maintenanceWindow");
		pkg_jsonw_object(&p->w);
		pkg_plan_put_text(p, "duration", a->window->duration);
		pkg_plan_put_text(p, "schedule", a->window->schedule);
		pkg_plan_put_text(p, "timezone", a->window->timezone);
		pkg_jsonw_object_end(&p->w);
	}
	put_action(p, &a->type, pkg_action_names);
	pkg_plan_put_int(p, "weight", &a->weight);
	pkg_jsonw_object_end(&p->w);
}

/* The targets from @first on, at most @count. */
static void put_assign(struct plan *p, const struct pkg_assignment *a,
		       const char *ref, size_t first, size_t count)
{
	const struct pkg_node *const *targets = a->targets.items;
	const char *path = pkg_plan_text(p, PLAN_SETS "/%s/assignedTargets",
					 set_id(p, &a->set));

	pkg_plan_step(p, 200);
	pkg_plan_lookup(p);
	pkg_plan_lookup_end(p, path, NULL);
	pkg_plan_op(p, "assign", ref);
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	for (size_t k = first; k < a->targets.count && k - first < count; k++)
		put_target(p, a, targets[k]);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(
	    p, "POST",
	    pkg_plan_text(p, "%s%s", path,
			  a->offline.value ? "?offline=true" : ""));
	pkg_plan_step_end(p);
}

/* As many steps as requests are needed: the server limits their targets. */
void pkg_plan_assignments(struct plan *p)
{
	const struct pkg_assignment *items = p->lock->assignments.items;
	const size_t most = p->lock->targets_at_once > 0
				? (size_t)p->lock->targets_at_once
				: SIZE_MAX;

	for (size_t i = 0; i < p->lock->assignments.count; i++) {
		const struct pkg_assignment *a = &items[i];
		const char *ref = pkg_plan_text(p, "assignment:%zu", i + 1);

		if (a->targets.count <= most) {
			put_assign(p, a, ref, 0, most);
			continue;
		}
		for (size_t k = 0; k < a->targets.count; k += most)
			put_assign(
			    p, a, pkg_plan_text(p, "%s/%zu", ref, k / most + 1),
			    k, most);
	}
}

/* -- rollouts -- */

static void put_threshold(struct plan *p, const char *key,
			  const struct pkg_condition *c)
{
	if (c == NULL)
		return;
	pkg_jsonw_key(&p->w, key);
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "condition", "THRESHOLD");
	pkg_plan_put_text(p, "expression", c->expression);
	pkg_jsonw_object_end(&p->w);
}

/* @success: the first spelling is NEXTGROUP, else there is only PAUSE. */
static void put_consequence(struct plan *p, const char *key,
			    const struct pkg_condition *c, bool success)
{
	if (c == NULL)
		return;
	pkg_jsonw_key(&p->w, key);
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "action",
			     success && c->what.index == 0 ? "NEXTGROUP"
							   : "PAUSE");
	pkg_plan_put_text(p, "expression", c->expression);
	pkg_jsonw_object_end(&p->w);
}

static void put_groups(struct plan *p, const struct pkg_list *list)
{
	const struct pkg_rollout_group *groups = list->items;

	if (list->at == NULL)
		return;
	pkg_jsonw_key(&p->w, "groups");
	pkg_jsonw_array(&p->w);
	for (size_t i = 0; i < list->count; i++) {
		const struct pkg_rollout_group *g = &groups[i];

		pkg_jsonw_object(&p->w);
		pkg_plan_put_bool(p, "confirmationRequired",
				  &g->confirmation_required);
		pkg_plan_put_text(p, "description", g->description);
		put_consequence(p, "errorAction", g->error_action, false);
		put_threshold(p, "errorCondition", g->error);
		pkg_plan_put_text(p, "name", g->name);
		put_consequence(p, "successAction", g->success_action, true);
		put_threshold(p, "successCondition", g->success);
		pkg_plan_put_text(p, "targetFilterQuery", g->query);
		pkg_plan_put_int(p, "targetPercentage", &g->percentage);
		pkg_jsonw_object_end(&p->w);
	}
	pkg_jsonw_array_end(&p->w);
}

static void put_template(struct plan *p, const struct pkg_group_template *t)
{
	if (t == NULL)
		return;
	pkg_jsonw_key(&p->w, "dynamicGroupTemplate");
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "nameSuffix", t->suffix);
	pkg_plan_put_int(p, "targetCount", &t->targets);
	pkg_jsonw_object_end(&p->w);
}

static void put_rollout(struct plan *p, const struct pkg_rollout *r)
{
	pkg_jsonw_object(&p->w);
	if (r->groups.at == NULL)
		pkg_jsonw_int_member(
		    &p->w, "amountGroups",
		    r->amount_groups.at != NULL ? r->amount_groups.value : 1);
	pkg_plan_put_bool(p, "confirmationRequired", &r->confirmation_required);
	pkg_plan_put_text(p, "description", r->description);
	pkg_jsonw_str_member(&p->w, "distributionSetId", set_id(p, &r->set));
	pkg_plan_put_bool(p, "dynamic", &r->dynamic);
	put_template(p, r->group_template);
	put_consequence(p, "errorAction", r->error_action, false);
	put_threshold(p, "errorCondition", r->error);
	pkg_plan_put_time(p, "forcetime", r->forcetime);
	put_groups(p, &r->groups);
	pkg_plan_put_text(p, "name", r->name);
	pkg_plan_put_time(p, "startAt", r->start_at);
	put_consequence(p, "successAction", r->success_action, true);
	put_threshold(p, "successCondition", r->success);
	pkg_plan_put_text(p, "targetFilterQuery", r->query);
	put_action(p, &r->type, pkg_action_names);
	pkg_plan_put_int(p, "weight", &r->weight);
	pkg_jsonw_object_end(&p->w);
}

void pkg_plan_rollouts(struct plan *p)
{
	const struct pkg_rollout *items = p->lock->rollouts.items;

	for (size_t i = 0; i < p->lock->rollouts.count; i++) {
		const char *name = items[i].name->text;

		pkg_plan_step(p, 201);
		pkg_plan_lookup(p);
		pkg_plan_put_text(p, "name", items[i].name);
		pkg_plan_lookup_end(p, PATH_ROLLOUTS,
				    pkg_plan_query(p, (const char *const[]){
							  "name", name, NULL}));
		pkg_plan_op(p, "ensure-rollout",
			    pkg_plan_ref(p, "rollout",
					 (const char *const[]){name, NULL}));
		pkg_plan_request(p);
		put_rollout(p, &items[i]);
		pkg_plan_request_end(p, "POST", PATH_ROLLOUTS);
		pkg_plan_step_end(p);
	}
}
