/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

/* Assignments, rollouts and target filters. */

static enum pkg_code check_schedule(const struct checker *c,
				    const struct pkg_node *schedule)
{
	switch (pkg_window_schedule(schedule->text)) {
	case WINDOW_BAD:
		return pkg_rule_add(c->sink, RULE_WINDOW_SCHEDULE, schedule,
				    NULL, "'%s' is no Quartz cron expression",
				    schedule->text);
	case WINDOW_NEVER:
		return pkg_rule_add(c->sink, RULE_WINDOW_NEVER, schedule, NULL,
				    "'%s' never happens", schedule->text);
	case WINDOW_IGNORED:
		return pkg_rule_add(c->sink, RULE_WINDOW_IGNORED, schedule,
				    NULL, "the server ignores a part of '%s'",
				    schedule->text);
	case WINDOW_OK:
		break;
	}
	return PKG_OK;
}

/* Only with --at: does it open again? */
static enum pkg_code check_window_time(const struct checker *c,
				       const struct pkg_window *w)
{
	enum window_verdict verdict;
	int64_t opens;

	if (!c->profile->dated || w->schedule == NULL || w->duration == NULL ||
	    w->timezone == NULL || !pkg_window_duration(w->duration->text) ||
	    !pkg_window_timezone(w->timezone->text))
		return PKG_OK;
	verdict = pkg_window_schedule(w->schedule->text);
	if (verdict == WINDOW_BAD || verdict == WINDOW_NEVER ||
	    pkg_window_opens(w->schedule->text, w->duration->text,
			     w->timezone->text, c->profile->at, &opens))
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_WINDOW_PAST, w->schedule, NULL,
			    "'%s' does not happen any more", w->schedule->text);
}

static enum pkg_code check_window(const struct checker *c,
				  const struct pkg_window *window)
{
	if (window == NULL)
		return PKG_OK;
	if (window->schedule != NULL)
		PKG_TRY(check_schedule(c, window->schedule));
	PKG_TRY(check_window_time(c, window));
	if (window->duration != NULL &&
	    !pkg_window_duration(window->duration->text))
		PKG_TRY(pkg_rule_add(c->sink, RULE_WINDOW_DURATION,
				     window->duration, NULL,
				     "'%s' is no duration up to 23:59:59",
				     window->duration->text));
	if (window->timezone != NULL &&
	    !pkg_window_timezone(window->timezone->text))
		PKG_TRY(pkg_rule_add(
		    c->sink, RULE_WINDOW_TIMEZONE, window->timezone, NULL,
		    "'%s' is no offset from UTC", window->timezone->text));
	return PKG_OK;
}

/* forcetime belongs to timeforced. */
static enum pkg_code check_forcetime(const struct checker *c,
				     const struct pkg_node *forcetime,
				     const struct pkg_enum_value *type)
{
	if (forcetime == NULL)
		return PKG_OK;
	if (type->at == NULL || type->index != PKG_ACTION_TIMEFORCED)
		PKG_TRY(pkg_rule_add(c->sink, RULE_FORCETIME_UNUSED, forcetime,
				     NULL,
				     "forcetime counts only with type: "
				     "timeforced"));
	return pkg_check_time(c, forcetime);
}

/* Where the server takes several assignments, their order is a weight. */
static enum pkg_code check_weight(const struct checker *c,
				  const struct pkg_int_value *weight,
				  const struct pkg_node *owner)
{
	if (!c->profile->multi_assignments || weight->at != NULL)
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_NO_WEIGHT, owner, NULL,
			    "no weight, with multiAssignments in the profile");
}

static enum pkg_code check_offline(const struct checker *c,
				   const struct pkg_assignment *a)
{
	const struct pkg_node *const others[] = {
	    a->type.at, a->forcetime, a->weight.at, a->confirmation_required.at,
	    a->window != NULL ? a->window->at : NULL};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (a->offline.value && others[i] != NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_OFFLINE_UNUSED, others[i], NULL,
			    "an offline assignment ignores this"));
	}
	return PKG_OK;
}

static enum pkg_code check_targets(const struct checker *c,
				   const struct pkg_assignment *a,
				   struct pkg_map *all)
{
	const struct pkg_node *const *targets = a->targets.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	const void *before;

	for (size_t i = 0; i < a->targets.count; i++) {
		const struct pkg_node *t = targets[i];

		if (t == NULL)
			continue;
		PKG_TRY(pkg_check_label(c, t));
		PKG_TRY(pkg_map_add(&once, t->text, t, &before, c->sink->err));
		if (before != NULL) {
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_DUPLICATE_TARGET, t, NULL,
			    "target '%s' is there already, line %u", t->text,
			    ((const struct pkg_node *)before)->line));
			continue;
		}
		if (a->offline.value || c->profile->multi_assignments)
			continue;
		PKG_TRY(pkg_map_add(all, t->text, t, &before, c->sink->err));
		if (before != NULL)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_COMPETING_SETS, t, NULL,
			    "target '%s' gets a set in line %u already",
			    t->text, ((const struct pkg_node *)before)->line));
	}
	return PKG_OK;
}

enum pkg_code pkg_check_assignments(const struct checker *c)
{
	const struct pkg_assignment *items = c->manifest->assignments.items;
	PKG_AUTO_FINI(pkg_map) struct pkg_map all = {0};

	for (size_t i = 0; i < c->manifest->assignments.count; i++) {
		const struct pkg_assignment *a = &items[i];

		PKG_TRY(pkg_check_set_ref(c, &a->set));
		PKG_TRY(check_targets(c, a, &all));
		PKG_TRY(check_forcetime(c, a->forcetime, &a->type));
		PKG_TRY(check_offline(c, a));
		if (!a->offline.value)
			PKG_TRY(check_weight(c, &a->weight, a->at));
		PKG_TRY(check_window(c, a->window));
	}
	return PKG_OK;
}

/* -- rollouts -- */

static enum pkg_code check_percent(const struct checker *c,
				   const struct pkg_condition *condition)
{
	const struct pkg_node *e =
	    condition != NULL ? condition->expression : NULL;
	unsigned value = 0;

	if (e == NULL)
		return PKG_OK;
	for (const char *t = e->text; *t != '\0'; t++) {
		if (*t < '0' || *t > '9' || value > 100) {
			value = 101;
			break;
		}
		value = value * 10 + (unsigned)(*t - '0');
	}
	if (e->len > 0 && value <= 100)
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_PERCENTAGE, e, NULL,
			    "'%s' is no percentage", e->text);
}

static enum pkg_code check_groups(const struct checker *c,
				  const struct pkg_rollout *r)
{
	const struct pkg_rollout_group *groups = r->groups.items;
	struct check_once once = {.what = "group"};
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < r->groups.count; i++) {
		const struct pkg_rollout_group *g = &groups[i];

		code = pkg_check_label(c, g->name);
		if (code == PKG_OK)
			code = pkg_check_markup(c, g->description);
		if (code == PKG_OK)
			code = pkg_check_target_query(c, g->query);
		if (code == PKG_OK && g->name != NULL)
			code = pkg_check_once_add(c, &once, g->name->text,
						  g->name);
		if (code == PKG_OK)
			code = check_percent(c, g->success);
		if (code == PKG_OK)
			code = check_percent(c, g->error);
	}
	pkg_check_once_fini(&once);
	return code;
}

/* Some group must take all that is left. */
static enum pkg_code check_remainder(const struct checker *c,
				     const struct pkg_rollout *r)
{
	const struct pkg_rollout_group *groups = r->groups.items;

	for (size_t i = 0; i < r->groups.count; i++) {
		if (groups[i].percentage.at == NULL ||
		    groups[i].percentage.value >= 100)
			return PKG_OK;
	}
	if (r->groups.count == 0)
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_GROUPS_REMAINDER, r->groups.at, NULL,
			    "no group takes all targets that are left");
}

static enum pkg_code check_group_count(const struct checker *c,
				       const struct pkg_rollout *r)
{
	const int64_t quota = c->profile->rollout_groups;
	const int64_t count = r->groups.at != NULL ? (int64_t)r->groups.count
						   : r->amount_groups.value;

	if (r->dynamic.value && r->groups.at != NULL)
		PKG_TRY(pkg_rule_add(
		    c->sink, RULE_ROLLOUT_DYNAMIC, r->dynamic.at, NULL,
		    "a dynamic rollout cannot list its groups"));
	if (r->group_template != NULL && !r->dynamic.value)
		PKG_TRY(pkg_rule_add(c->sink, RULE_TEMPLATE_UNUSED,
				     r->group_template->at, NULL,
				     "dynamicGroupTemplate counts only with "
				     "dynamic: true"));
	PKG_TRY(check_remainder(c, r));
	if (quota <= 0 || count <= quota)
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_TOO_MANY_GROUPS, r->at, NULL,
			    "%lld groups, the server allows %lld",
			    (long long)count, (long long)quota);
}

static enum pkg_code check_rollout(const struct checker *c,
				   const struct pkg_rollout *r)
{
	PKG_TRY(pkg_check_label(c, r->name));
	PKG_TRY(pkg_check_markup(c, r->description));
	PKG_TRY(pkg_check_target_query(c, r->query));
	PKG_TRY(check_weight(c, &r->weight, r->at));
	PKG_TRY(pkg_check_set_ref(c, &r->set));
	PKG_TRY(check_forcetime(c, r->forcetime, &r->type));
	PKG_TRY(pkg_check_time(c, r->start_at));
	PKG_TRY(check_percent(c, r->success));
	PKG_TRY(check_percent(c, r->error));
	PKG_TRY(check_group_count(c, r));
	return check_groups(c, r);
}

enum pkg_code pkg_check_rollouts(const struct checker *c)
{
	const struct pkg_rollout *items = c->manifest->rollouts.items;
	struct check_once once = {.what = "rollout"};
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < c->manifest->rollouts.count;
	     i++) {
		const struct pkg_node *name = items[i].name;

		code = check_rollout(c, &items[i]);
		if (code == PKG_OK && name != NULL)
			code = pkg_check_once_add(c, &once, name->text, name);
	}
	pkg_check_once_fini(&once);
	return code;
}

enum pkg_code pkg_check_filters(const struct checker *c)
{
	const struct pkg_target_filter *items = c->manifest->filters.items;
	struct check_once once = {.what = "target filter"};
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < c->manifest->filters.count;
	     i++) {
		const struct pkg_target_filter *f = &items[i];

		code = pkg_check_label(c, f->name);
		if (code == PKG_OK)
			code = pkg_check_target_query(c, f->query);
		if (code == PKG_OK && f->auto_assign != NULL)
			code = pkg_check_set_ref(c, &f->auto_assign->set);
		if (code == PKG_OK && f->auto_assign != NULL)
			code = check_weight(c, &f->auto_assign->weight,
					    f->auto_assign->at);
		if (code == PKG_OK && f->name != NULL)
			code = pkg_check_once_add(c, &once, f->name->text,
						  f->name);
	}
	pkg_check_once_fini(&once);
	return code;
}
