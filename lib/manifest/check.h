/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_CHECK_H
#define MANIFEST_CHECK_H

#include "model.h"

/* One run of the rules over a model. */
struct checker {
	const struct pkg_manifest *manifest;
	const struct pkg_profile *profile;
	const struct rule_sink *sink;
	struct pkg_arena *arena; /* for keys */
	struct pkg_map *scratch; /* for one list at a time */
};

/* Is the server that is judged for older than @version? */
static inline bool pkg_check_older(const struct checker *c, uint32_t version)
{
	return c->profile->server != 0 && c->profile->server < version;
}

/* What must be there once among its kind: exactly, and up to case. */
struct check_once {
	const char *what; /* "module", for the text */
	struct pkg_map exact, folded;
};

void pkg_check_once_fini(struct check_once *once);
/* @key identifies @node among its kind (pkg_model_identity(), or a name). */
enum pkg_code pkg_check_once_add(const struct checker *c,
				 struct check_once *once, const char *key,
				 const struct pkg_node *node);

/* A text that the server checks for markup; NULL is fine. */
enum pkg_code pkg_check_markup(const struct checker *c,
			       const struct pkg_node *node);
/* A name, version or key: also blanks around it; NULL is fine. */
enum pkg_code pkg_check_label(const struct checker *c,
			      const struct pkg_node *node);
/* True if the server's XML parser would see markup in @text. */
bool pkg_check_has_markup(const char *text);

/* "did you mean" over the keys of @map; into @hint, or NULL. */
const char *pkg_check_suggest(char *hint, size_t cap, const char *typed,
			      const struct pkg_map *map);

enum pkg_code pkg_check_metadata(const struct checker *c,
				 const struct pkg_list *metadata, int64_t quota,
				 const struct pkg_node *owner);
enum pkg_code pkg_check_modules(const struct checker *c);
/* The files of the module's package, if it is to be one. */
enum pkg_code pkg_check_bits(const struct checker *c,
			     const struct pkg_module *m);
enum pkg_code pkg_check_sets(const struct checker *c);
enum pkg_code pkg_check_assignments(const struct checker *c);
enum pkg_code pkg_check_rollouts(const struct checker *c);
enum pkg_code pkg_check_filters(const struct checker *c);
/* A reference to a set that is given to targets. */
enum pkg_code pkg_check_set_ref(const struct checker *c,
				const struct pkg_either *ref);
/* forcetime and the like; NULL is fine. */
enum pkg_code pkg_check_time(const struct checker *c,
			     const struct pkg_node *node);

/* A query for targets; NULL is fine. */
enum pkg_code pkg_check_target_query(const struct checker *c,
				     const struct pkg_node *query);

/* Syntax of a maintenance window. */
enum window_verdict { WINDOW_OK, WINDOW_BAD, WINDOW_NEVER, WINDOW_IGNORED };
enum window_verdict pkg_window_schedule(const char *schedule);
bool pkg_window_duration(const char *text);
bool pkg_window_timezone(const char *text);
/*
 * When a window opens that is not over at @at; all three texts are valid.
 * @out  seconds since the epoch.
 * False if there is none any more.
 */
bool pkg_window_opens(const char *schedule, const char *duration,
		      const char *timezone, int64_t at, int64_t *out);

#endif
