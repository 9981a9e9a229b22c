/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_MODEL_H
#define MANIFEST_MODEL_H

#include "packline/map.h"
#include "rules.h"

/*
 * What the files of this module share: lookups, and the walk over a model
 * whose refused parts are absent.
 */
enum { MODEL_MODULE_TYPES = 2, MODEL_SET_TYPES = 3 };

struct pkg_manifest_index {
	struct pkg_module_type builtin_modules[MODEL_MODULE_TYPES];
	struct pkg_set_type builtin_sets[MODEL_SET_TYPES];
	struct pkg_map module_types;  /* key → struct pkg_module_type */
	struct pkg_map set_types;     /* key → struct pkg_set_type */
	struct pkg_map modules;       /* identity → struct pkg_module */
	struct pkg_map sets;          /* identity → struct pkg_set */
	struct pkg_map modules_named; /* name → module, or pkg_model_several */
	struct pkg_map sets_named;    /* name → set, or pkg_model_several */
};

/* Stands for "more than one" in a map of names. */
extern const char pkg_model_several[1];

/* Build the index of @manifest; it lives in @arena. */
PKG_MUST_CHECK enum pkg_code pkg_model_index(struct pkg_manifest *manifest,
					     struct pkg_arena *arena,
					     struct pkg_err *err);
/* type, name and version as one key, in the arena; NULL if out of memory. */
const char *pkg_model_identity(struct pkg_arena *arena, const char *type,
			       const char *name, const char *version,
			       struct pkg_err *err);
/* Effective values of a type. */
int64_t pkg_model_max_assignments(const struct pkg_module_type *type);

/* The name that a reference gives, "" if it has none. */
const char *pkg_model_ref_name(const struct pkg_either *ref);

/*
 * Fold @text so that two texts are equal iff the server holds them to be
 * equal ignoring case (ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic) and
 * blanks around them.  In the arena; NULL if out of memory.
 */
const char *pkg_model_fold(struct pkg_arena *arena, const char *text,
			   struct pkg_err *err);

#endif
