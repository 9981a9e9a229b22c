/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_TASK_H
#define PKG_TASK_H

#include "packline/auto.h"
#include "packline/container.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/seal.h"

#include <stdbool.h>

/*
 * Packaging tasks: a container that is asked for now, approved by officers if
 * its device config wants that, and made later, by whoever has the key.  A
 * task is a job of a spool (packline/job.h); schemas/task.md says what lies in
 * its folder.
 *
 * What is to be packaged is fixed when the task is created: the draft is made
 * at once, encrypted if it is to be, and the request with its salt and digests
 * is what officers approve and what is signed.
 *
 *     CREATED -> APPROVED -> RUNNING -> DONE      with an approval policy
 *     CREATED -> REJECTED
 *     CREATED -> RUNNING -> DONE                  without one
 *     RUNNING -> FAILED -> RUNNING                if the cause can be mended
 *
 * Reasons of refusals, besides those of packline/seal.h and packline/job.h:
 *
 *   task-status      PKG_NO: in this status it cannot be done
 *   job-exists       PKG_USAGE: a task of this id was made of other inputs
 *   bad-task         PKG_INPUT: state.json is not what a task has written
 *   digest-mismatch  PKG_NO: the draft or the container was changed
 *   unexpected-manifest  PKG_NO: the request is not the task's
 *   wrong-device-config  PKG_NO: the device config is not the task's
 */
struct pkg_arena;
struct pkg_audit;
struct pkg_device_config;
struct pkg_job;
struct pkg_sink;
struct pkg_spool;
struct pkg_trust;

enum pkg_task_status {
	PKG_TASK_CREATED,  /* waits: for officers, or to be run */
	PKG_TASK_APPROVED, /* by as many officers as its policy asks for */
	PKG_TASK_REJECTED, /* by one of them: the end */
	PKG_TASK_RUNNING,  /* the key is being used, or was when it died */
	PKG_TASK_DONE,     /* the container can be had */
	PKG_TASK_FAILED,   /* failure says why, and whether it can be mended */
	PKG_TASK_STATUS_COUNT,
};

/* A file that is packaged. */
struct pkg_task_file {
	const char *name; /* inside: the last part of its path */
	uint64_t size;    /* bytes */
	uint8_t sha256[32];
	bool has_given; /* a digest was given with it, and is this one: */
	uint8_t given_sha256[32];
};

/* What an officer has said. */
struct pkg_task_vote {
	enum pkg_decision decision;
	const char *issued; /* his claim */
	const char *officer, *role, *reason;
};

struct pkg_task_failure {
	enum pkg_code code; /* PKG_OK = none */
	const char *reason; /* id, or NULL */
	const char *text;
	bool retry; /* it can be run again */
};

/* Whose key signs. */
struct pkg_task_signer {
	const char *subject; /* of the certificate, RFC 2253; NULL = nobody */
	uint8_t spki[32];
};

/* A file of the job's folder: size 0 = it is not there yet. */
struct pkg_task_product {
	uint64_t size;
	uint8_t sha256[32];
};

/* Everything that is known of a task; texts live in the arena. */
struct pkg_task {
	const char *id, *tenant; /* names */
	enum pkg_task_status status;
	const char *created, *changed; /* RFC 3339, UTC */
	const char *device_config;     /* its id */
	uint8_t device_config_sha256[32];
	enum pkg_container_kind kind;
	const char *name, *version;
	const char *requester; /* NULL = not said */
	const char *expires;   /* NULL = never */
	int64_t sequence;      /* -1 = none */
	const struct pkg_task_file *files;
	size_t file_count;
	const struct pkg_task_file *metadata; /* NULL = none */
	const char *container_id;             /* UUID */
	uint8_t manifest_sha256[32];          /* what is approved and signed */
	size_t approvals_needed;              /* 0 = none */
	const struct pkg_task_vote *votes;    /* by key, as the request has */
	size_t vote_count;
	struct pkg_task_product draft, result;
	struct pkg_task_signer signer; /* since it is RUNNING */
	struct pkg_task_failure failure;
	struct pkg_arena *arena; /* owned; holds all of the above */
};

/* What to create.  NULL = not said; all borrowed. */
struct pkg_task_create {
	struct pkg_spool *spool; /* of kind "task" */
	/* A name, so that it can be said again: the same id with the same
	   inputs is the same task.  NULL = a new UUID. */
	const char *id;
	/*
	 * What, as for pkg_seal_create(); device is needed, and a digest
	 * without a name belongs to the file at its place.  signer, policy,
	 * request and most of output are not looked at.
	 */
	const struct pkg_seal_create *package;
	const char *device_path; /* absolute: where run finds it; NULL = not */
	struct pkg_audit *audit; /* NULL = none is kept */
};

/* What an officer decides about. */
struct pkg_task_approve {
	struct pkg_spool *spool;
	const char *id;
	/* device is needed: it says whose task it is.  source, policy, pair and
	   output are not looked at. */
	const struct pkg_seal_approve *decision;
	struct pkg_audit *audit;
};

/* What to run, with which key. */
struct pkg_task_run {
	struct pkg_spool *spool;
	const char *id;
	const struct pkg_device_config *device; /* the task's */
	/* key NULL = nobody signs, which is right for kind encrypted only. */
	struct pkg_seal_signer signer;
	pkg_seal_agree *agree; /* as in struct pkg_seal_sign */
	void *agree_context;
	const char *expect_sha256; /* of the manifest, 64 hex digits */
	/* By which the result is judged, as pkg_verify() does, before it is
	   given out; also what the acl calls the signer.  NULL = only that its
	   signature is that of the key, and that all else is unchanged. */
	const struct pkg_trust *trust;
	struct pkg_audit *audit;
};

/* What to fetch. */
struct pkg_task_download {
	struct pkg_spool *spool;
	const char *tenant; /* NULL = see pkg_job_open() */
	const char *id;
	struct pkg_seal_output output; /* dirfd, path and force */
	struct pkg_audit *audit;
};

/* Which tasks to list. */
struct pkg_task_filter {
	const char *tenant; /* NULL = all that we may read */
	bool has_status;
	enum pkg_task_status status;
};

/*
 * Called for each task; @task is NULL if it cannot be read, and @broken says
 * which and why.  Anything but PKG_OK ends the list.
 */
typedef enum pkg_code pkg_task_visit(void *context, const struct pkg_task *task,
				     const struct pkg_err *broken,
				     struct pkg_err *err);

PKG_API_BEGIN

/*
 * Create a task.
 * @out  receives it, also if it was there; freed with pkg_task_free().
 * Fails as pkg_seal_create() and pkg_job_begin(); PKG_USAGE, reason
 * "job-exists", if a task of that id was made of other inputs; PKG_USAGE if
 * digests are given both with and without names, or without names and not one
 * for each file.
 */
PKG_MUST_CHECK enum pkg_code pkg_task_create(struct pkg_task **out,
					     const struct pkg_task_create *job,
					     const struct pkg_env *env,
					     struct pkg_err *err);
/*
 * Read a task.
 * @tenant  NULL = as pkg_job_open() says.
 * Fails as pkg_job_open(); PKG_INPUT, reason "bad-task".
 */
PKG_MUST_CHECK enum pkg_code pkg_task_load(struct pkg_task **out,
					   struct pkg_spool *spool,
					   const char *tenant, const char *id,
					   const struct pkg_env *env,
					   struct pkg_err *err);
/*
 * The path of the device config as it was given to pkg_task_create(), appended
 * to @out; nothing if it was not.  Errors as pkg_job_open().
 */
PKG_MUST_CHECK enum pkg_code
pkg_task_device_path(struct pkg_buf *out, struct pkg_spool *spool,
		     const char *tenant, const char *id, struct pkg_err *err);
/*
 * Put an officer's decision in.  One that died before it was noted counts, and
 * the same officer saying the same again is told so.
 * @out  receives the task as it is then.
 * Fails as pkg_seal_approve() and pkg_job_open(); PKG_NO, reason "task-status",
 * "wrong-device-config" or "unexpected-manifest".
 */
PKG_MUST_CHECK enum pkg_code
pkg_task_approve(struct pkg_task **out, const struct pkg_task_approve *job,
		 const struct pkg_env *env, struct pkg_err *err);
/*
 * Make the container: sign the request, under the approvals that it has, put
 * draft and signature together, and verify what came out.  A run that died is
 * gone on with; a key that has signed does not sign again.
 * @out  receives the task as it is then, NULL if it could not be read.
 * Fails as pkg_seal_sign(), pkg_verify() and pkg_job_open(); PKG_NO, reason
 * "task-status", "digest-mismatch", "unexpected-manifest" or
 * "wrong-device-config".  A refusal that is about the task makes it FAILED; one
 * that is about who asked leaves it as it was.  schemas/task.md says which are.
 */
PKG_MUST_CHECK enum pkg_code pkg_task_run(struct pkg_task **out,
					  const struct pkg_task_run *job,
					  const struct pkg_env *env,
					  struct pkg_err *err);
/* True if pkg_task_run() would begin: its status is one in which that can be.
 */
bool pkg_task_can_run(const struct pkg_task *task);
/*
 * Write the container of a task that is DONE.
 * Fails with PKG_NO, reason "task-status" or "digest-mismatch"; as
 * pkg_job_open() and pkg_outfile_open().
 */
PKG_MUST_CHECK enum pkg_code
pkg_task_download(const struct pkg_task_download *job,
		  const struct pkg_env *env, struct pkg_err *err);
/* By tenant and id in byte order.  Errors as pkg_spool_list() and @visit. */
PKG_MUST_CHECK enum pkg_code pkg_task_list(struct pkg_spool *spool,
					   const struct pkg_task_filter *filter,
					   pkg_task_visit *visit, void *context,
					   const struct pkg_env *env,
					   struct pkg_err *err);
void pkg_task_free(struct pkg_task *task); /* NULL is allowed */

/* "CREATED", "APPROVED", ... */
const char *pkg_task_status_name(enum pkg_task_status status);
/* False if @name is none. */
bool pkg_task_status_parse(enum pkg_task_status *out, const char *name);
/* Write the `task` record, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_task_record(struct pkg_sink *sink,
					     const struct pkg_task *task,
					     struct pkg_err *err);
/* Write it for a person: some lines, or one if @brief. */
PKG_MUST_CHECK enum pkg_code pkg_task_text(struct pkg_sink *sink,
					   const struct pkg_task *task,
					   bool brief, struct pkg_err *err);
/* The JSON Schema (draft-07) of the record and of state.json. */
PKG_MUST_CHECK enum pkg_code pkg_task_schema(struct pkg_sink *sink,
					     struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_task)

#endif
