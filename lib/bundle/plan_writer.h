/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUNDLE_PLAN_WRITER_H
#define BUNDLE_PLAN_WRITER_H

#include "packline/json.h"
#include "packline/plan.h"

/* Where the server keeps them. */
#define PLAN_MODULES "/rest/v1/softwaremodules"
#define PLAN_SETS    "/rest/v1/distributionsets"

/* Names of enum pkg_plan_op; ends with NULL. */
extern const char *const pkg_plan_ops[];

/*
 * One plan while it is written.  Like pkg_jsonw, failures stick, so the
 * functions that write steps return nothing.
 */
struct plan {
	struct pkg_jsonw w;
	const struct pkg_manifest *lock;
	struct pkg_arena *arena; /* for references and paths */
	struct pkg_err err;      /* the first failure of the arena */
};

/* Format into the arena; "" once something failed. */
const char *pkg_plan_text(struct plan *p, const char *fmt, ...)
    PKG_PRINTF(2, 3);
/* @text with all but A-Z a-z 0-9 . _ ~ - as %XX. */
const char *pkg_plan_escape(struct plan *p, const char *text);
/* "kind:a/b/c" with the parts escaped; @parts ends with NULL. */
const char *pkg_plan_ref(struct plan *p, const char *kind,
			 const char *const *parts);
/* References to what a model names. */
const char *pkg_plan_module_ref(struct plan *p, const struct pkg_identity *id);
const char *pkg_plan_set_ref(struct plan *p, const struct pkg_identity *id);
const char *pkg_plan_artifact_ref(struct plan *p, const struct pkg_identity *id,
				  const struct pkg_pinned *artifact);
struct pkg_identity pkg_plan_module_identity(const struct pkg_module *module);
struct pkg_identity pkg_plan_set_identity(const struct pkg_set *set);
/* name=="..." and so on, for the server's q; @pairs ends with NULL. */
const char *pkg_plan_query(struct plan *p, const char *const *pairs);

/*
 * A step, front to back:
 *
 *     pkg_plan_step(p, 201);
 *     pkg_plan_lookup(p);                      then members of `exact`
 *     pkg_plan_lookup_end(p, path, query);
 *     pkg_plan_op(p, "ensure-module", ref);
 *     pkg_plan_request(p);                     then the body
 *     pkg_plan_request_end(p, "POST", path);
 *     pkg_plan_update(p);                      then the body; optional
 *     pkg_plan_update_end(p, path, 200, 0);
 *     pkg_plan_step_end(p);
 */
void pkg_plan_step(struct plan *p, int expect);
void pkg_plan_lookup(struct plan *p);
void pkg_plan_lookup_end(struct plan *p, const char *path, const char *query);
void pkg_plan_op(struct plan *p, const char *op, const char *ref);
void pkg_plan_request(struct plan *p);
void pkg_plan_request_end(struct plan *p, const char *method, const char *path);
void pkg_plan_update(struct plan *p);
void pkg_plan_update_end(struct plan *p, const char *path, int expect,
			 int older);
void pkg_plan_step_end(struct plan *p);

/* A whole lookup below @path: of a type, of a module or a set. */
void pkg_plan_lookup_key(struct plan *p, const char *path, const char *key);
void pkg_plan_lookup_identity(struct plan *p, const char *path,
			      const struct pkg_identity *id);
/* A member that is text; NULL where the manifest leaves it out. */
struct plan_text {
	const char *key;
	const struct pkg_node *text;
};
/*
 * A whole update of @path with those of @texts that are there, if any.  They
 * ascend by key and end with a key of NULL.
 */
void pkg_plan_update_texts(struct plan *p, const char *path,
			   const struct plan_text *texts);

/* Members from nodes, left out where the manifest leaves them out. */
void pkg_plan_put_text(struct plan *p, const char *key,
		       const struct pkg_node *node);
void pkg_plan_put_bool(struct plan *p, const char *key,
		       const struct pkg_bool_value *value);
void pkg_plan_put_int(struct plan *p, const char *key,
		      const struct pkg_int_value *value);
/* An RFC 3339 time as milliseconds since the epoch. */
void pkg_plan_put_time(struct plan *p, const char *key,
		       const struct pkg_node *node);

/* What every plan has, whatever the server. */
void pkg_plan_product(struct plan *p);
void pkg_plan_sboms(struct plan *p);

void pkg_plan_module_types(struct plan *p);
void pkg_plan_modules(struct plan *p);
void pkg_plan_artifacts(struct plan *p);
void pkg_plan_module_metadata(struct plan *p);
void pkg_plan_set_types(struct plan *p);
void pkg_plan_sets(struct plan *p);
void pkg_plan_set_metadata(struct plan *p);
void pkg_plan_filters(struct plan *p);
void pkg_plan_assignments(struct plan *p);
void pkg_plan_rollouts(struct plan *p);

#endif
