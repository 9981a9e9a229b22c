/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_write.h"

#include "tables.h"

/* Types, sets, assignments, rollouts and target filters of a lock. */

static void lock_enum(struct pkg_jsonw *w, const char *key,
		      const struct pkg_enum_value *value,
		      const char *const *spellings)
{
	if (value->at != NULL)
		pkg_jsonw_str_member(w, key, spellings[value->index]);
}

/* References are written in full, so that a lock needs no lookup by name. */
static void write_ref(struct pkg_jsonw *w, const struct pkg_identity *id)
{
	pkg_jsonw_object(w);
	if (id->external)
		pkg_jsonw_bool_member(w, "external", true);
	pkg_jsonw_str_member(w, "name", id->name);
	pkg_jsonw_str_member(w, "type", id->type);
	pkg_jsonw_str_member(w, "version", id->version);
	pkg_jsonw_object_end(w);
}

static void write_set_ref(struct pkg_jsonw *w, const struct pkg_manifest *m,
			  const struct pkg_either *ref)
{
	struct pkg_identity id;

	pkg_jsonw_key(w, "set");
	if (pkg_manifest_set_ref(m, ref, &id))
		write_ref(w, &id);
	else
		pkg_jsonw_null(w);
}

static void write_set(struct pkg_jsonw *w, const struct pkg_manifest *m,
		      const struct pkg_set *set)
{
	const struct pkg_either *refs = set->modules.items;
	struct pkg_identity id;

	pkg_jsonw_object(w);
	pkg_lock_text(w, "description", set->description);
	pkg_lock_metadata(w, &set->metadata);
	pkg_jsonw_key(w, "modules");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < set->modules.count; i++) {
		if (pkg_manifest_module_ref(m, &refs[i], &id))
			write_ref(w, &id);
	}
	pkg_jsonw_array_end(w);
	pkg_lock_text(w, "name", set->name);
	pkg_lock_bool(w, "requiredMigrationStep", &set->migration_step);
	pkg_lock_text(w, "type", set->type);
	pkg_lock_text(w, "version", set->version);
	pkg_jsonw_object_end(w);
}

void pkg_lock_sets(struct pkg_jsonw *w, const struct pkg_manifest *m)
{
	const struct pkg_set *sets = m->sets.items;

	pkg_jsonw_key(w, "sets");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->sets.count; i++)
		write_set(w, m, &sets[i]);
	pkg_jsonw_array_end(w);
}

void pkg_lock_types(struct pkg_jsonw *w, const struct pkg_manifest *m)
{
	const struct pkg_module_type *mt =
	    m->types != NULL ? m->types->modules.items : NULL;
	const struct pkg_set_type *st =
	    m->types != NULL ? m->types->sets.items : NULL;

	pkg_jsonw_key(w, "types");
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "modules");
	pkg_jsonw_array(w);
	for (size_t i = 0; mt != NULL && i < m->types->modules.count; i++) {
		pkg_jsonw_object(w);
		pkg_lock_text(w, "colour", mt[i].colour);
		pkg_lock_text(w, "description", mt[i].description);
		pkg_lock_text(w, "key", mt[i].key);
		pkg_lock_int(w, "maxAssignments", &mt[i].max_assignments);
		pkg_lock_int(w, "minArtifacts", &mt[i].min_artifacts);
		pkg_lock_text(w, "name", mt[i].name);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
	pkg_jsonw_key(w, "sets");
	pkg_jsonw_array(w);
	for (size_t i = 0; st != NULL && i < m->types->sets.count; i++) {
		pkg_jsonw_object(w);
		pkg_lock_text(w, "colour", st[i].colour);
		pkg_lock_text(w, "description", st[i].description);
		pkg_lock_text(w, "key", st[i].key);
		pkg_lock_texts(w, "mandatorymodules", &st[i].mandatory);
		pkg_lock_text(w, "name", st[i].name);
		pkg_lock_texts(w, "optionalmodules", &st[i].optional);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
	pkg_jsonw_object_end(w);
}

static void write_window(struct pkg_jsonw *w, const struct pkg_window *window)
{
	if (window == NULL)
		return;
	pkg_jsonw_key(w, "maintenanceWindow");
	pkg_jsonw_object(w);
	pkg_lock_text(w, "duration", window->duration);
	pkg_lock_text(w, "schedule", window->schedule);
	pkg_lock_text(w, "timezone", window->timezone);
	pkg_jsonw_object_end(w);
}

void pkg_lock_assignments(struct pkg_jsonw *w, const struct pkg_manifest *m)
{
	const struct pkg_assignment *items = m->assignments.items;

	pkg_jsonw_key(w, "assignments");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->assignments.count; i++) {
		const struct pkg_assignment *a = &items[i];

		pkg_jsonw_object(w);
		pkg_lock_bool(w, "confirmationRequired",
			      &a->confirmation_required);
		pkg_lock_text(w, "forcetime", a->forcetime);
		write_window(w, a->window);
		pkg_lock_bool(w, "offline", &a->offline);
		write_set_ref(w, m, &a->set);
		pkg_lock_texts(w, "targets", &a->targets);
		lock_enum(w, "type", &a->type, pkg_action_names);
		pkg_lock_int(w, "weight", &a->weight);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static void write_condition(struct pkg_jsonw *w, const char *key,
			    const struct pkg_condition *c, const char *what,
			    const char *const *spellings)
{
	if (c == NULL)
		return;
	pkg_jsonw_key(w, key);
	pkg_jsonw_object(w);
	lock_enum(w, what, &c->what, spellings);
	pkg_lock_text(w, "expression", c->expression);
	pkg_jsonw_object_end(w);
}

static void write_group(struct pkg_jsonw *w, const struct pkg_rollout_group *g)
{
	pkg_jsonw_object(w);
	pkg_lock_bool(w, "confirmationRequired", &g->confirmation_required);
	pkg_lock_text(w, "description", g->description);
	write_condition(w, "errorAction", g->error_action, "action",
			pkg_manifest_error_actions);
	write_condition(w, "errorCondition", g->error, "condition",
			pkg_manifest_threshold);
	pkg_lock_text(w, "name", g->name);
	write_condition(w, "successAction", g->success_action, "action",
			pkg_manifest_success_actions);
	write_condition(w, "successCondition", g->success, "condition",
			pkg_manifest_threshold);
	pkg_lock_text(w, "targetFilterQuery", g->query);
	pkg_lock_int(w, "targetPercentage", &g->percentage);
	pkg_jsonw_object_end(w);
}

static void write_groups(struct pkg_jsonw *w, const struct pkg_list *list)
{
	const struct pkg_rollout_group *groups = list->items;

	if (list->at == NULL)
		return;
	pkg_jsonw_key(w, "groups");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < list->count; i++)
		write_group(w, &groups[i]);
	pkg_jsonw_array_end(w);
}

static void write_template(struct pkg_jsonw *w,
			   const struct pkg_group_template *t)
{
	if (t == NULL)
		return;
	pkg_jsonw_key(w, "dynamicGroupTemplate");
	pkg_jsonw_object(w);
	pkg_lock_text(w, "nameSuffix", t->suffix);
	pkg_lock_int(w, "targetCount", &t->targets);
	pkg_jsonw_object_end(w);
}

void pkg_lock_rollouts(struct pkg_jsonw *w, const struct pkg_manifest *m)
{
	const struct pkg_rollout *items = m->rollouts.items;

	pkg_jsonw_key(w, "rollouts");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->rollouts.count; i++) {
		const struct pkg_rollout *r = &items[i];

		pkg_jsonw_object(w);
		pkg_lock_int(w, "amountGroups", &r->amount_groups);
		pkg_lock_bool(w, "confirmationRequired",
			      &r->confirmation_required);
		pkg_lock_text(w, "description", r->description);
		pkg_lock_bool(w, "dynamic", &r->dynamic);
		write_template(w, r->group_template);
		write_condition(w, "errorAction", r->error_action, "action",
				pkg_manifest_error_actions);
		write_condition(w, "errorCondition", r->error, "condition",
				pkg_manifest_threshold);
		pkg_lock_text(w, "forcetime", r->forcetime);
		write_groups(w, &r->groups);
		pkg_lock_text(w, "name", r->name);
		write_set_ref(w, m, &r->set);
		pkg_lock_text(w, "startAt", r->start_at);
		write_condition(w, "successAction", r->success_action, "action",
				pkg_manifest_success_actions);
		write_condition(w, "successCondition", r->success, "condition",
				pkg_manifest_threshold);
		pkg_lock_text(w, "targetFilterQuery", r->query);
		lock_enum(w, "type", &r->type, pkg_action_names);
		pkg_lock_int(w, "weight", &r->weight);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

void pkg_lock_filters(struct pkg_jsonw *w, const struct pkg_manifest *m)
{
	const struct pkg_target_filter *items = m->filters.items;

	pkg_jsonw_key(w, "targetFilters");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->filters.count; i++) {
		const struct pkg_target_filter *f = &items[i];
		const struct pkg_auto_assign *a = f->auto_assign;

		pkg_jsonw_object(w);
		if (a != NULL) {
			pkg_jsonw_key(w, "autoAssignDS");
			pkg_jsonw_object(w);
			pkg_lock_bool(w, "confirmationRequired",
				      &a->confirmation_required);
			write_set_ref(w, m, &a->set);
			lock_enum(w, "type", &a->type, pkg_auto_action_names);
			pkg_lock_int(w, "weight", &a->weight);
			pkg_jsonw_object_end(w);
		}
		pkg_lock_text(w, "name", f->name);
		pkg_lock_text(w, "query", f->query);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}
