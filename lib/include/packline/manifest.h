/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_MANIFEST_H
#define PKG_MANIFEST_H

#include "packline/arena.h"
#include "packline/diag.h"
#include "packline/err.h"
#include "packline/node.h"

#include <stdbool.h>

/*
 * The manifest: what a product consists of, as people write it (YAML), and,
 * with every variable, pattern and digest pinned, as `resolve` writes it (the
 * lock, packline/lock.h).  Both are this model.  schemas/manifest.md says what
 * each field means and where it goes.
 *
 * All memory belongs to the arena that the reader was given.  Strings that
 * were left out are NULL, numbers that were left out are -1.  node is the map
 * that the struct was read from, for positions.
 */
struct pkg_texts {
	const char **items;
	size_t count;
};

struct pkg_metadatum {
	const struct pkg_node *node;
	const char *key, *value;
	bool target_visible; /* of modules only: reaches the device */
};

/* One artifact that the manifest asks for: a path, or a pattern. */
struct pkg_selector {
	const struct pkg_node *node;
	const char *path, *glob, *regex; /* exactly one of them */
	struct pkg_texts exclude;        /* globs; not with path */
	const char *filename;            /* what server and device see */
	const char *seal;                /* device config to seal it for */
};

/* One artifact, pinned. */
struct pkg_artifact {
	const struct pkg_node *node; /* where it was asked for */
	const char *path;            /* relative to the manifest's folder */
	const char *filename;
	const char *seal;
	int64_t size; /* bytes; -1 = not known yet */
	const char *md5, *sha1, *sha256, *sha512; /* hex; NULL = not known */
};

struct pkg_sbom {
	const struct pkg_node *node;
	const char *path, *media_type;
	int64_t size;
	const char *md5, *sha1, *sha256, *sha512;
};

struct pkg_module {
	const struct pkg_node *node;
	const char *name, *version, *type, *vendor, *description;
	bool encrypted; /* by the server, on upload */
	struct pkg_selectors {
		struct pkg_selector *items;
		size_t count;
	} selectors; /* of a manifest; empty in a lock */
	struct pkg_artifacts {
		struct pkg_artifact *items;
		size_t count;
	} artifacts; /* once resolved, in byte order of each pattern */
	struct pkg_metadata {
		struct pkg_metadatum *items;
		size_t count;
	} metadata;
	const struct pkg_sbom *sbom; /* or NULL */
};

struct pkg_module_type {
	const struct pkg_node *node;
	const char *key, *name, *description, *colour;
	int64_t max_assignments; /* modules of it in one set, from 1 */
	int64_t min_artifacts;   /* a module with fewer is incomplete */
	bool builtin;            /* every tenant has it */
};

struct pkg_set_type {
	const struct pkg_node *node;
	const char *key, *name, *description, *colour;
	struct pkg_texts mandatory, optional; /* keys of module types */
	bool builtin;
};

/* A set's reference to a module. */
struct pkg_module_ref {
	const struct pkg_node *node;
	const char *name, *version, *type; /* bare: version and type NULL */
	bool external;                     /* the server has it already */
	const struct pkg_module *module;   /* once linked; NULL if external */
};

struct pkg_set {
	const struct pkg_node *node;
	const char *name, *version, *type, *description;
	bool migration_step; /* requiredMigrationStep */
	struct pkg_module_refs {
		struct pkg_module_ref *items;
		size_t count;
	} modules;
	struct pkg_metadata metadata;
	const struct pkg_set_type *set_type; /* once linked */
};

/* A reference to a set: "name", or a map of name, version, type. */
struct pkg_set_ref {
	const struct pkg_node *node;
	const char *name, *version, *type;
	bool external;
	const struct pkg_set *set; /* once linked; NULL if external */
};

struct pkg_window {
	const struct pkg_node *node;
	const char *schedule, *duration, *timezone;
};

/* Targets that get a set at once. */
struct pkg_assignment {
	const struct pkg_node *node;
	struct pkg_set_ref set;
	struct pkg_texts targets; /* controller ids */
	const char *type;         /* soft, forced, timeforced, downloadonly */
	const char *forcetime;    /* RFC 3339; only with timeforced */
	int64_t weight;           /* 0..1000; -1 = left out */
	bool confirmation_required;
	bool offline; /* was installed by other means: record it only */
	const struct pkg_window *window; /* or NULL */
};

/* When a rollout group is done or failed, and what happens then. */
struct pkg_condition {
	const struct pkg_node *node;
	const char *what;       /* THRESHOLD; NEXTGROUP or PAUSE */
	const char *expression; /* of a threshold: percent */
};

struct pkg_conditions {
	const struct pkg_condition *success, *success_action; /* or NULL */
	const struct pkg_condition *error, *error_action;     /* or NULL */
};

struct pkg_rollout_group {
	const struct pkg_node *node;
	const char *name, *description, *query;
	int64_t percentage; /* targetPercentage 1..100; -1 = left out */
	bool confirmation_required;
	struct pkg_conditions conditions;
};

struct pkg_rollout {
	const struct pkg_node *node;
	const char *name, *description, *query;
	struct pkg_set_ref set;
	const char *type, *forcetime, *start_at;
	int64_t weight, amount_groups;
	bool dynamic, confirmation_required;
	struct pkg_rollout_groups {
		struct pkg_rollout_group *items;
		size_t count;
	} groups;
	struct pkg_conditions conditions;
};

struct pkg_target_filter {
	const struct pkg_node *node;
	const char *name, *query;
	const struct pkg_auto_assign {
		const struct pkg_node *node;
		struct pkg_set_ref set;
		const char *type; /* soft, forced, downloadonly */
		int64_t weight;
		bool confirmation_required;
	} * auto_assign; /* or NULL */
};

struct pkg_manifest {
	const struct pkg_node *root; /* includes merged, variables expanded */
	bool locked;                 /* read from a lock: artifacts are known */
	const char *tenant;
	const char *product, *version; /* name and version of the bundle */
	const char *vendor;            /* defaults.vendor */
	struct pkg_module_types {
		struct pkg_module_type *items;
		size_t count;
	} module_types; /* declared ones */
	struct pkg_set_types {
		struct pkg_set_type *items;
		size_t count;
	} set_types;
	struct pkg_modules {
		struct pkg_module *items;
		size_t count;
	} modules;
	struct pkg_sets {
		struct pkg_set *items;
		size_t count;
	} sets;
	struct pkg_assignments {
		struct pkg_assignment *items;
		size_t count;
	} assignments;
	struct pkg_rollouts {
		struct pkg_rollout *items;
		size_t count;
	} rollouts;
	struct pkg_target_filters {
		struct pkg_target_filter *items;
		size_t count;
	} target_filters;
};

/* One -D NAME=VALUE. */
struct pkg_define {
	const char *name, *value;
};

struct pkg_manifest_options {
	int dirfd; /* where the manifest's path starts; AT_FDCWD is fine */
	const struct pkg_define *defines;
	size_t ndefines;
	/* Called with the name of each file that was read; or NULL. */
	void (*opened)(void *context, const char *path);
	void *context;
};

/* What a server accepts: limits that its operator can change. */
struct pkg_profile {
	const char *server_version; /* "0.9.0"; NULL = any */
	int64_t artifacts_per_module, metadata_per_module, metadata_per_set;
	int64_t modules_per_set, types_per_set_type, assignments_per_request;
	int64_t artifact_size, artifact_storage; /* bytes */
	int64_t rollout_groups;
};

PKG_API_BEGIN

/*
 * Read a manifest: parse, merge what it includes, expand variables, bind,
 * link references.
 * @out    receives it, or NULL if the findings leave nothing to work with.
 * @arena  takes everything.
 * @path   the YAML file, "-" is standard input (its folder is then dirfd).
 * @diag   receives every finding about keys, types, lengths and references.
 * Fails with PKG_INPUT if it is not YAML as we read it, PKG_SYSTEM if it
 * cannot be read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_load(struct pkg_manifest **out, struct pkg_arena *arena,
		  const char *path, const struct pkg_manifest_options *options,
		  struct pkg_diag *diag, struct pkg_err *err);
/*
 * Bind a tree that was read already: the part of pkg_manifest_load() after
 * expansion.  @locked: it is a lock.
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_bind(struct pkg_manifest **out, struct pkg_arena *arena,
		  struct pkg_node *root, bool locked, struct pkg_diag *diag,
		  struct pkg_err *err);
/*
 * Tell what the server would refuse or do wrong, without any file: lengths,
 * quotas, uniqueness, completeness, syntax.  Every finding is one of
 * pkg_manifest_rules().
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_check(const struct pkg_manifest *manifest,
		   const struct pkg_profile *profile, struct pkg_diag *diag,
		   struct pkg_err *err);
/*
 * Find the artifacts of every module beneath the manifest's folder: paths as
 * they are, patterns in byte order, symbolic links not followed.  Sets path,
 * filename, seal and size of module->artifacts.
 * @dirfd  the manifest's folder.
 * Missing files, patterns without a match, clashes of names are findings.
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_select(struct pkg_manifest *manifest, struct pkg_arena *arena,
		    int dirfd, struct pkg_diag *diag, struct pkg_err *err);
/* The rules about artifacts, once they are known. */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_check_artifacts(const struct pkg_manifest *manifest,
			     const struct pkg_profile *profile,
			     struct pkg_diag *diag, struct pkg_err *err);

/* The server's limits as it comes. */
struct pkg_profile pkg_profile_default(void);
/* Read a profile (schemas/profile.schema.json); what it leaves out stays as
   it comes.  Errors as pkg_manifest_load(). */
PKG_MUST_CHECK enum pkg_code
pkg_profile_load(struct pkg_profile *out, struct pkg_arena *arena, int dirfd,
		 const char *path, struct pkg_diag *diag, struct pkg_err *err);

/* The type of that key, declared or of every tenant; NULL = unknown. */
const struct pkg_module_type *
pkg_manifest_module_type(const struct pkg_manifest *manifest, const char *key);
const struct pkg_set_type *
pkg_manifest_set_type(const struct pkg_manifest *manifest, const char *key);

/* The rules, for the manual: a table that ends with id NULL. */
struct pkg_rule {
	const char *id;
	enum pkg_severity severity;
	const char *text; /* what it means */
	const char *hint; /* how to mend it, or NULL */
};
const struct pkg_rule *pkg_manifest_rules(void);

PKG_API_END

#endif
