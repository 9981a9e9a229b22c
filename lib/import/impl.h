/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMPORT_IMPL_H
#define IMPORT_IMPL_H

#include "import/http.h"
#include "packline/digest.h"
#include "packline/map.h"
#include "packline/plan_read.h"

/* A blob of the bundle, or where it lies. */
struct blob {
	uint64_t offset, size; /* bytes */
	uint8_t sha256[32];
};

struct pkg_import {
	const struct pkg_env *env;
	struct pkg_arena *arena; /* plan, blobs, results */
	const char *name;
	int fd;
	struct pkg_plan *plan;
	struct pkg_map blobs; /* SHA-256 in hex → struct blob */
	const char *sha256;   /* of the manifest */
	/* Of the last run. */
	const char *server;
	struct pkg_receipt_step *results; /* one a step */
};

/* What a reference stands for. */
struct thing {
	const struct pkg_plan_step *step;
	int64_t id;   /* the server's */
	bool pending; /* a dry run: it would be made, so it has no id */
};

/* One way through the plan. */
struct run {
	struct pkg_import *import;
	const struct pkg_import_options *options;
	struct pkg_import_result *result;
	struct http *http;
	struct pkg_map things;           /* ref → struct thing */
	uint64_t uploaded, upload_total; /* bytes */
};

/* One step of it. */
struct job {
	struct run *run;
	const struct pkg_plan_step *step;
	enum pkg_plan_op op;
	struct pkg_receipt_step *out; /* action stays NULL until it is known */
	struct thing *thing;
	struct pkg_arena *scratch; /* of this try */
	struct http_answer answer; /* the last one; owned */
	unsigned failures;         /* tries that failed and may pass */
	bool sent;                 /* something was sent to make it */
	bool conflict;             /* the server said: there already */
	bool assigned;             /* the modules of a set were sent */
};

/*
 * How a try ended.  AGAIN: look up again, then decide; a step is never sent
 * twice without a look in between.
 */
enum outcome { DONE, AGAIN };

/* -- tree.c: the plan's bodies -- */

/* Replace {REF}s by ids, where the format allows them: in place. */
PKG_MUST_CHECK enum pkg_code
tree_resolve(struct run *run, struct pkg_node *tree, struct pkg_err *err);
/* True if the step needs something that a dry run has not made. */
bool tree_is_pending(const struct run *run, const struct pkg_plan_step *step);
/* @path with ids for its {REF}s, in @arena; NULL on failure. */
const char *tree_path(struct run *run, struct pkg_arena *arena,
		      const char *path, struct pkg_err *err);
/* The same value?  "" is like nothing at all, and so is false. */
bool tree_equal(const struct pkg_node *want, const struct pkg_node *have);
/* True if each member of @want is in @have with the same value. */
bool tree_covers(const struct pkg_node *want, const struct pkg_node *have);
/* The object in a body: the first of a list, or the body itself. */
const struct pkg_node *tree_object(const struct pkg_node *body);
/* The member @key if it is text, else NULL. */
const char *tree_text(const struct pkg_node *map, const char *key);
/* The member @key if it is a number above 0, else 0. */
int64_t tree_number(const struct pkg_node *map, const char *key);

/* -- send.c: requests with a second try where that is safe -- */

/*
 * GET @path.
 * @out  receives the answer's tree, in job->scratch; NULL if there is none
 *       (404, 204).
 */
PKG_MUST_CHECK enum pkg_code send_get(struct job *job, const char *path,
				      struct pkg_node **out,
				      struct pkg_err *err);
/*
 * Send something that changes the server, once.
 * @outcome  DONE: it was done, and job->answer is its answer.  AGAIN: nobody
 *           knows, after a pause; or job->conflict was set.
 */
PKG_MUST_CHECK enum pkg_code send_change(struct job *job,
					 const struct http_request *request,
					 enum outcome *outcome,
					 struct pkg_err *err);
/* The same for a request or update of the plan; its body is resolved. */
PKG_MUST_CHECK enum pkg_code
send_planned(struct job *job, const struct pkg_plan_request *request,
	     enum outcome *outcome, struct pkg_err *err);
/* The same with @body, which must be resolved. */
PKG_MUST_CHECK enum pkg_code send_body(struct job *job, const char *method,
				       const char *path, struct pkg_node *body,
				       enum outcome *outcome,
				       struct pkg_err *err);
/* The tree of job->answer; NULL if it is empty. */
PKG_MUST_CHECK enum pkg_code send_answer(struct job *job, struct pkg_node **out,
					 struct pkg_err *err);
/* Pause, or fail with @err if there were too many failures. */
PKG_MUST_CHECK enum pkg_code send_pause(struct job *job, struct pkg_err *err);

/* -- lookup.c: what is there -- */

struct lookup {
	const char *path;  /* below the address, escaped */
	const char *query; /* value of q, or NULL */
	/* Called for each item; true = enough. */
	bool (*item)(void *context, struct pkg_node *item);
	void *context;
};

/* Call @lookup->item for every item of a list, page by page. */
PKG_MUST_CHECK enum pkg_code
lookup_each(struct job *job, const struct lookup *lookup, struct pkg_err *err);
/* What the step's lookup means; NULL = it is not there. */
PKG_MUST_CHECK enum pkg_code
lookup_exact(struct job *job, struct pkg_node **out, struct pkg_err *err);
/* All ids of the list @path, in job->scratch. */
struct lookup_ids {
	int64_t *items;
	size_t count;
};
PKG_MUST_CHECK enum pkg_code lookup_ids(struct job *job, const char *path,
					struct lookup_ids *out,
					struct pkg_err *err);
bool lookup_has_id(const struct lookup_ids *ids, int64_t id);

/* -- refuse.c: what an answer that is no success means -- */

enum pkg_code refuse_answer(struct job *job, struct pkg_err *err);
/* True if the status may be another one soon. */
bool refuse_may_pass(struct job *job);
/* conflict.c: there already, but the lookup does not find it: why? */
enum pkg_code refuse_conflict(struct job *job, struct pkg_err *err);

/* -- the kinds of steps -- */

PKG_MUST_CHECK enum pkg_code step_entity(struct job *job, enum outcome *outcome,
					 struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
step_artifact(struct job *job, enum outcome *outcome, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
step_metadata(struct job *job, enum outcome *outcome, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
step_auto_assign(struct job *job, enum outcome *outcome, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code step_assign(struct job *job, enum outcome *outcome,
					 struct pkg_err *err);

/* set.c: the modules of a set, the module types of a set type. */
PKG_MUST_CHECK enum pkg_code set_modules(struct job *job, enum outcome *outcome,
					 struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code set_type_modules(struct job *job,
					      struct pkg_err *err);

/* prune.c: delete what the plan's modules and sets have too much. */
PKG_MUST_CHECK enum pkg_code prune_all(struct run *run, struct pkg_err *err);

/* run.c */
void run_acted(struct job *job, const char *action);
/* In a dry run: note that @action would be done; else false. */
bool run_would(struct job *job, const char *action);
/* Delete @path, in a dry run only say so; @ref says what it is. */
PKG_MUST_CHECK enum pkg_code run_delete(struct run *run, const char *path,
					const char *ref, struct pkg_err *err);
/* A job without a step, for further requests of @run. */
PKG_MUST_CHECK enum pkg_code run_job(struct job *job, struct run *run,
				     struct pkg_err *err);
void job_fini(struct job *job);

#endif
