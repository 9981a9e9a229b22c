/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_MANIFEST_H
#define PKG_MANIFEST_H

#include "packline/arena.h"
#include "packline/diag.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/node.h"
#include "packline/schema.h"

#include <stdbool.h>

/*
 * The manifest: what a product consists of, as people write it (YAML), and,
 * with every variable, pattern and digest pinned, as `resolve` writes it (the
 * lock, packline/lock.h).  Both are this model.  schemas/manifest.md says what
 * each field means and where it goes.
 *
 * The structs are bound by lib/schema: `at` is the node that was read, values
 * are nodes with text and position, NULL = left out or refused.  A list's
 * items have the type in its comment.  All memory belongs to the arena that
 * the reader was given.
 */
struct pkg_product {
	const struct pkg_node *at, *name, *version;
};

struct pkg_module_type {
	const struct pkg_node *at, *key, *name, *description, *colour;
	struct pkg_int_value max_assignments; /* modules of it in one set */
	struct pkg_int_value min_artifacts;   /* with fewer it is incomplete */
};

struct pkg_set_type {
	const struct pkg_node *at, *key, *name, *description, *colour;
	struct pkg_list mandatory, optional; /* node: keys of module types */
};

struct pkg_types {
	const struct pkg_node *at;
	struct pkg_list modules; /* struct pkg_module_type */
	struct pkg_list sets;    /* struct pkg_set_type */
};

struct pkg_metadatum {
	const struct pkg_node *at, *key, *value;
	struct pkg_bool_value target_visible; /* only of modules */
};

/* Which files become artifacts: a path, or a pattern. */
struct pkg_selector {
	const struct pkg_node *at;
	const struct pkg_node *path, *glob, *regex; /* exactly one */
	struct pkg_list exclude;         /* node: globs; not with path */
	const struct pkg_node *filename; /* what server and device see */
	const struct pkg_node *seal;     /* device config to seal it for */
};

/* One file, pinned. */
struct pkg_pinned {
	const struct pkg_node *at; /* where it was asked for */
	const char *path;          /* relative to the manifest's folder */
	const char *filename;
	const char *seal;        /* device config to seal it for, or NULL */
	const char *seal_sha256; /* of that file's bytes; NULL = not known */
	const char *media_type;  /* of an SBOM */
	/* Path of its container, from the working folder: size and digests are
	   the container's then (pkg_plan_containers()); else NULL. */
	const char *container;
	bool executable; /* of bits: the owner may execute it */
	bool known;      /* the server has it: a plan only looks for it */
	int64_t size;    /* bytes; -1 = not known yet */
	const char *md5, *sha1, *sha256, *sha512; /* hex; NULL = not known */
};

struct pkg_sbom {
	const struct pkg_node *at, *path, *media_type;
};

struct pkg_module {
	const struct pkg_node *at, *name, *version, *type, *vendor;
	const struct pkg_node *description;
	struct pkg_bool_value encrypted; /* by the server, on upload */
	struct pkg_list selectors;       /* struct pkg_selector */
	struct pkg_list metadata;        /* struct pkg_metadatum */
	struct pkg_sbom *sbom;
	const struct pkg_node *bits; /* folder that becomes bits.zip */
	struct pkg_list artifacts;   /* struct pkg_pinned, once selected */
	struct pkg_list bits_files;  /* the same, of the folder */
	struct pkg_pinned *sbom_file;
};

/* "name", or a map of name, version, type. */
struct pkg_ref {
	const struct pkg_node *at, *name, *version, *type;
	struct pkg_bool_value external; /* the server has it already */
};

struct pkg_set {
	const struct pkg_node *at, *name, *version, *type, *description;
	struct pkg_bool_value migration_step; /* requiredMigrationStep */
	struct pkg_list modules;              /* struct pkg_either of pkg_ref */
	struct pkg_list metadata;             /* struct pkg_metadatum */
};

struct pkg_window {
	const struct pkg_node *at, *schedule, *duration, *timezone;
};

enum pkg_action { /* how hard a device is pressed; the API's names */
		  PKG_ACTION_SOFT,
		  PKG_ACTION_FORCED,
		  PKG_ACTION_TIMEFORCED,
		  PKG_ACTION_DOWNLOADONLY,
};

/* Targets that get a set at once. */
struct pkg_assignment {
	const struct pkg_node *at;
	struct pkg_either set;            /* of pkg_ref */
	struct pkg_list targets;          /* node: controller ids */
	struct pkg_enum_value type;       /* enum pkg_action */
	const struct pkg_node *forcetime; /* RFC 3339 */
	struct pkg_int_value weight;
	struct pkg_bool_value confirmation_required;
	struct pkg_bool_value offline; /* installed by other means already */
	struct pkg_window *window;
};

/* When a rollout group is done or failed, and what happens then. */
struct pkg_condition {
	const struct pkg_node *at;
	struct pkg_enum_value what; /* THRESHOLD; NEXTGROUP or PAUSE */
	const struct pkg_node *expression;
};

struct pkg_rollout_group {
	const struct pkg_node *at, *name, *description, *query;
	struct pkg_int_value percentage;
	struct pkg_bool_value confirmation_required;
	struct pkg_condition *success, *success_action, *error, *error_action;
};

struct pkg_group_template {
	const struct pkg_node *at, *suffix;
	struct pkg_int_value targets;
};

struct pkg_rollout {
	const struct pkg_node *at, *name, *description, *query;
	struct pkg_either set;                       /* of pkg_ref */
	struct pkg_enum_value type;                  /* enum pkg_action */
	const struct pkg_node *forcetime, *start_at; /* RFC 3339 */
	struct pkg_int_value weight, amount_groups;
	struct pkg_bool_value dynamic, confirmation_required;
	struct pkg_group_template *group_template;
	struct pkg_list groups; /* struct pkg_rollout_group */
	struct pkg_condition *success, *success_action, *error, *error_action;
};

struct pkg_auto_assign {
	const struct pkg_node *at;
	struct pkg_either set;      /* of pkg_ref */
	struct pkg_enum_value type; /* enum pkg_action, not timeforced */
	struct pkg_int_value weight;
	struct pkg_bool_value confirmation_required;
};

struct pkg_target_filter {
	const struct pkg_node *at, *name, *query;
	struct pkg_auto_assign *auto_assign;
};

struct pkg_manifest_index; /* lookup tables, made when it is read */

struct pkg_manifest {
	const struct pkg_node *at;
	struct pkg_node *root; /* the same */
	bool locked;           /* read from a lock: artifacts are known */
	const struct pkg_node *tenant;
	struct pkg_product *product; /* name and version of the bundle */
	struct pkg_types *types;     /* declared ones, or NULL */
	struct pkg_list modules;     /* struct pkg_module */
	struct pkg_list sets;        /* struct pkg_set */
	struct pkg_list assignments; /* struct pkg_assignment */
	struct pkg_list rollouts;    /* struct pkg_rollout */
	struct pkg_list filters;     /* struct pkg_target_filter */
	/* Of one request of a plan; set by the reader to what a server takes
	   as it comes, 0 = any number. */
	int64_t targets_at_once;
	struct pkg_manifest_index *index;
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
	uint32_t server; /* version as major * 10^6 + minor * 10^3 + patch;
			    0 = any */
	int64_t artifacts_per_module, metadata_per_module, metadata_per_set;
	int64_t modules_per_set, types_per_set_type, assignments_per_request;
	int64_t artifact_size, artifact_storage; /* bytes */
	int64_t rollout_groups;
	int64_t package_size;   /* bytes of a package, Cloud Foundry */
	bool multi_assignments; /* a target may have several at once */
	bool dated;             /* judge for the time `at`; else for none */
	int64_t at;             /* seconds since the epoch */
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

/*
 * Hold what bills of materials say of files against the files, which are read
 * for it: CycloneDX and SPDX in JSON, found by pkg_manifest_select().
 * @dirfd  the manifest's folder.
 */
PKG_MUST_CHECK enum pkg_code
pkg_manifest_check_sboms(const struct pkg_manifest *manifest, int dirfd,
			 const struct pkg_env *env, struct pkg_diag *diag,
			 struct pkg_err *err);

/* The server's limits as it comes. */
struct pkg_profile pkg_profile_default(void);
/* Read a server's version, "0.9.0" or "1.1"; false if it is malformed. */
bool pkg_profile_server(uint32_t *out, const char *text);
/* Read a profile (schemas/profile.schema.json); what it leaves out stays as
   it comes.  Errors as pkg_manifest_load(). */
PKG_MUST_CHECK enum pkg_code
pkg_profile_load(struct pkg_profile *out, struct pkg_arena *arena, int dirfd,
		 const char *path, struct pkg_diag *diag, struct pkg_err *err);

/* The API's spellings, by enum pkg_action; those of an automatic assignment
   (no timeforced) by the index of their own value.  Both end with NULL. */
extern const char *const pkg_action_names[];
extern const char *const pkg_auto_action_names[];
/* The type of that key, declared or the server's own; NULL = unknown. */
const struct pkg_module_type *
pkg_manifest_module_type(const struct pkg_manifest *manifest, const char *key);
const struct pkg_set_type *
pkg_manifest_set_type(const struct pkg_manifest *manifest, const char *key);
/*
 * What a reference means: name, version and type of the module (or set), all
 * there.  False if it does not say, or means none or several.
 */
struct pkg_identity {
	const char *type, *name, *version;
	bool external;
	const struct pkg_module *module; /* NULL if external or a set */
	const struct pkg_set *set;       /* NULL if external or a module */
};
bool pkg_manifest_module_ref(const struct pkg_manifest *manifest,
			     const struct pkg_either *ref,
			     struct pkg_identity *out);
bool pkg_manifest_set_ref(const struct pkg_manifest *manifest,
			  const struct pkg_either *ref,
			  struct pkg_identity *out);

/*
 * Print the JSON Schema (draft-07) of "manifest", "lock" or "profile".
 * Fails with PKG_USAGE for another @name, or as the sink does.
 */
PKG_MUST_CHECK enum pkg_code pkg_manifest_schema(const char *name,
						 struct pkg_sink *sink,
						 struct pkg_err *err);

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
