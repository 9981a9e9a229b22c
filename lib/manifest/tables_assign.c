/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include <stddef.h>

/* Assignments, rollouts and target filters: the same in manifest and lock. */
const char *const pkg_action_names[] = {"soft", "forced", "timeforced",
					"downloadonly", NULL};
const char *const pkg_auto_action_names[] = {"soft", "forced", "downloadonly",
					     NULL};
const char *const pkg_manifest_threshold[] = {"THRESHOLD", NULL};
const char *const pkg_manifest_success_actions[] = {"NEXTGROUP", "PAUSE", NULL};
const char *const pkg_manifest_error_actions[] = {"PAUSE", NULL};

#define ROW_SET(type, member)                                                  \
	{                                                                      \
		.name = "set", .kind = PKG_FIELD_STRING_OR_OBJECT,             \
		.required = true, .offset = offsetof(type, member), .min = 1,  \
		.max = LENGTH_NAME, .table = &pkg_manifest_ref_table,          \
		.help = "A set of this manifest by its name, or a reference."  \
	}

static const struct pkg_field window_fields[] = {
    ROW_TEXT(struct pkg_window, schedule, "schedule", 1, 128, true,
	     "When it opens: a Quartz cron expression of 6 or 7 fields."),
    ROW_TEXT(struct pkg_window, duration, "duration", 1, 32, true,
	     "How long it stays open: HH:mm:ss, less than 24 hours."),
    ROW_TEXT(struct pkg_window, timezone, "timezone", 1, 16, true,
	     "Offset from UTC such as +01:00; no names."),
    {0},
};

static const struct pkg_table window_table = {
    .name = "maintenanceWindow",
    .help = "When devices may install.",
    .size = sizeof(struct pkg_window),
    .fields = window_fields,
};

static const struct pkg_field target_item = {
    .kind = PKG_FIELD_STRING, .min = 1, .max = LENGTH_CONTROLLER};

#define HELP_TYPE    "How hard devices are pressed; forced if left out."
#define HELP_FORCE   "RFC 3339 time from which a timeforced one is forced."
#define HELP_WEIGHT  "Priority, 0 to 1000."
#define HELP_CONFIRM "The device's user has to confirm first."

static const char *const forcetime_key[] = {"forcetime", NULL};
static const struct pkg_group forcetime_groups[] = {
    {.rule = PKG_GROUP_ALL,
     .keys = forcetime_key,
     .when_key = "type",
     .when_value = "timeforced",
     .hint = "add forcetime: 2026-12-01T02:00:00Z, or use type: forced"},
    {0},
};

static const struct pkg_field assignment_fields[] = {
    ROW_SET(struct pkg_assignment, set),
    {.name = "targets",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct pkg_assignment, targets),
     .min = 1,
     .item = &target_item,
     .help = "Controller ids of the devices."},
    ROW_ENUM(struct pkg_assignment, type, "type", pkg_action_names, HELP_TYPE),
    ROW_TEXT(struct pkg_assignment, forcetime, "forcetime", 1, 64, false,
	     HELP_FORCE),
    ROW_INT(struct pkg_assignment, weight, "weight", 0, 1000, HELP_WEIGHT),
    ROW_BOOL(struct pkg_assignment, confirmation_required,
	     "confirmationRequired", HELP_CONFIRM),
    ROW_BOOL(struct pkg_assignment, offline, "offline",
	     "Was installed by other means: the server only takes note."),
    ROW_OBJECT(struct pkg_assignment, window, "maintenanceWindow",
	       &window_table, "When devices may install."),
    {0},
};

const struct pkg_table pkg_manifest_assignment_table = {
    .name = "assignment",
    .help = "Targets that get a set at once.",
    .size = sizeof(struct pkg_assignment),
    .fields = assignment_fields,
    .groups = forcetime_groups,
};
const struct pkg_field pkg_manifest_assignment_item = {
    .kind = PKG_FIELD_OBJECT, .table = &pkg_manifest_assignment_table};

/* Three tables of one struct: they differ in what `what` may be. */
#define CONDITION_TABLE(id, key, spellings, words)                             \
	static const struct pkg_field id##_fields[] = {                        \
	    ROW_ENUM(struct pkg_condition, what, (key), (spellings),           \
		     "What is meant; the first if left out."),                 \
	    ROW_TEXT(struct pkg_condition, expression, "expression", 0, 1024,  \
		     false, "Of a threshold: percent, as text."),              \
	    {0},                                                               \
	};                                                                     \
	static const struct pkg_table id##_table = {                           \
	    .name = #id,                                                       \
	    .help = (words),                                                   \
	    .size = sizeof(struct pkg_condition),                              \
	    .fields = id##_fields,                                             \
	}

CONDITION_TABLE(condition, "condition", pkg_manifest_threshold,
		"When a group counts as done, or as failed.");
CONDITION_TABLE(successAction, "action", pkg_manifest_success_actions,
		"What happens when a group is done.");
CONDITION_TABLE(errorAction, "action", pkg_manifest_error_actions,
		"What happens when a group has failed.");

#define ROWS_CONDITIONS(type)                                                  \
	ROW_OBJECT(type, success, "successCondition", &condition_table,        \
		   "When a group counts as done; 50 percent if left out."),    \
	    ROW_OBJECT(type, success_action, "successAction",                  \
		       &successAction_table, "NEXTGROUP if left out."),        \
	    ROW_OBJECT(type, error, "errorCondition", &condition_table,        \
		       "When a group has failed; 50 percent if left out."),    \
	    ROW_OBJECT(type, error_action, "errorAction", &errorAction_table,  \
		       "PAUSE if left out.")

static const struct pkg_field group_fields[] = {
    ROW_TEXT(struct pkg_rollout_group, name, "name", 1, LENGTH_NAME, true,
	     "Unique within the rollout."),
    ROW_TEXT(struct pkg_rollout_group, description, "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_TEXT(struct pkg_rollout_group, query, "targetFilterQuery", 1,
	     LENGTH_QUERY, false, "Which targets; all of the rollout's."),
    ROW_INT(struct pkg_rollout_group, percentage, "targetPercentage", 1, 100,
	    "Share of the matching targets that are in no earlier group."),
    ROW_BOOL(struct pkg_rollout_group, confirmation_required,
	     "confirmationRequired", HELP_CONFIRM),
    ROWS_CONDITIONS(struct pkg_rollout_group),
    {0},
};

static const struct pkg_table group_table = {
    .name = "rolloutGroup",
    .help = "A group of a rollout.",
    .size = sizeof(struct pkg_rollout_group),
    .fields = group_fields,
};
static const struct pkg_field group_item = {.kind = PKG_FIELD_OBJECT,
					    .table = &group_table};

static const struct pkg_field template_fields[] = {
    ROW_TEXT(struct pkg_group_template, suffix, "nameSuffix", 0, LENGTH_NAME,
	     false, "End of the name of each group that is added."),
    ROW_INT(struct pkg_group_template, targets, "targetCount", 1, INT32_MAX,
	    "Targets in each group that is added."),
    {0},
};

static const struct pkg_table template_table = {
    .name = "dynamicGroupTemplate",
    .help = "What the groups of a dynamic rollout look like.",
    .size = sizeof(struct pkg_group_template),
    .fields = template_fields,
};

static const char *const group_keys[] = {"groups", "amountGroups", NULL};
static const struct pkg_group rollout_groups[] = {
    {.rule = PKG_GROUP_AT_MOST_ONE,
     .keys = group_keys,
     .hint = "say how many groups, or list them"},
    {.rule = PKG_GROUP_ALL,
     .keys = forcetime_key,
     .when_key = "type",
     .when_value = "timeforced",
     .hint = "add forcetime: 2026-12-01T02:00:00Z, or use type: forced"},
    {0},
};

static const struct pkg_field rollout_fields[] = {
    ROW_TEXT(struct pkg_rollout, name, "name", 1, LENGTH_NAME, true,
	     "Unique in the tenant."),
    ROW_TEXT(struct pkg_rollout, description, "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_SET(struct pkg_rollout, set),
    ROW_TEXT(struct pkg_rollout, query, "targetFilterQuery", 1, LENGTH_QUERY,
	     true, "Which targets, in the server's query language."),
    ROW_ENUM(struct pkg_rollout, type, "type", pkg_action_names, HELP_TYPE),
    ROW_TEXT(struct pkg_rollout, forcetime, "forcetime", 1, 64, false,
	     HELP_FORCE),
    ROW_TEXT(struct pkg_rollout, start_at, "startAt", 1, 64, false,
	     "RFC 3339 time of the start; by hand if left out."),
    ROW_INT(struct pkg_rollout, weight, "weight", 0, 1000, HELP_WEIGHT),
    ROW_INT(struct pkg_rollout, amount_groups, "amountGroups", 1, INT32_MAX,
	    "How many groups of equal size; 1 if left out."),
    ROW_LIST(struct pkg_rollout, groups, "groups", &group_item,
	     "The groups, one by one."),
    ROW_BOOL(struct pkg_rollout, dynamic, "dynamic",
	     "Targets that match later get groups of their own."),
    ROW_OBJECT(struct pkg_rollout, group_template, "dynamicGroupTemplate",
	       &template_table, "What those groups look like."),
    ROW_BOOL(struct pkg_rollout, confirmation_required, "confirmationRequired",
	     HELP_CONFIRM),
    ROWS_CONDITIONS(struct pkg_rollout),
    {0},
};

const struct pkg_table pkg_manifest_rollout_table = {
    .name = "rollout",
    .help = "A set that spreads over many targets, group by group.",
    .size = sizeof(struct pkg_rollout),
    .fields = rollout_fields,
    .groups = rollout_groups,
};
const struct pkg_field pkg_manifest_rollout_item = {
    .kind = PKG_FIELD_OBJECT, .table = &pkg_manifest_rollout_table};

static const struct pkg_field auto_fields[] = {
    ROW_SET(struct pkg_auto_assign, set),
    ROW_ENUM(struct pkg_auto_assign, type, "type", pkg_auto_action_names,
	     HELP_TYPE),
    ROW_INT(struct pkg_auto_assign, weight, "weight", 0, 1000, HELP_WEIGHT),
    ROW_BOOL(struct pkg_auto_assign, confirmation_required,
	     "confirmationRequired", HELP_CONFIRM),
    {0},
};

static const struct pkg_table auto_table = {
    .name = "autoAssignDS",
    .help = "The set that every matching target gets by itself.",
    .size = sizeof(struct pkg_auto_assign),
    .fields = auto_fields,
};

static const struct pkg_field filter_fields[] = {
    ROW_TEXT(struct pkg_target_filter, name, "name", 1, LENGTH_NAME, true,
	     "Unique in the tenant."),
    ROW_TEXT(struct pkg_target_filter, query, "query", 1, LENGTH_QUERY, true,
	     "Which targets, in the server's query language."),
    ROW_OBJECT(struct pkg_target_filter, auto_assign, "autoAssignDS",
	       &auto_table, "The set that they get by themselves."),
    {0},
};

const struct pkg_table pkg_manifest_filter_table = {
    .name = "targetFilter",
    .help = "A saved query.",
    .size = sizeof(struct pkg_target_filter),
    .fields = filter_fields,
};
const struct pkg_field pkg_manifest_filter_item = {
    .kind = PKG_FIELD_OBJECT, .table = &pkg_manifest_filter_table};
