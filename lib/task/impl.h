/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASK_IMPL_H
#define TASK_IMPL_H

#include "packline/approval_policy.h"
#include "packline/container_read.h"
#include "packline/job.h"
#include "packline/source.h"
#include "packline/task.h"

/* The files of a job's folder, besides those of packline/job.h. */
#define TASK_DRAFT   "draft.seal"
#define TASK_REQUEST "draft.request"
#define TASK_SIGNED  "signed.request" /* while it is RUNNING */
#define TASK_RESULT  "container.seal"
#define TASK_DEVICE  "device.path"
#define TASK_STATE   "state.json"

/* -- state.c -- */

/* A task without anything, with its arena. */
enum pkg_code pkg_task_new(struct pkg_task **out, struct pkg_err *err);
/* The bytes of state.json, checksum included. */
enum pkg_code pkg_task_encode(struct pkg_buf *out, const struct pkg_task *task,
			      struct pkg_crypto *crypto, struct pkg_err *err);
/* Fails with PKG_INPUT, reason "bad-task". */
struct pkg_schema;
enum pkg_code pkg_task_decode(struct pkg_task **out, struct pkg_schema *schema,
			      const struct pkg_buf *text,
			      struct pkg_crypto *crypto, struct pkg_err *err);
/* Write the record with that checksum, without a newline. */
struct pkg_jsonw;
struct pkg_node;
void pkg_task_write(struct pkg_jsonw *w, const struct pkg_task *task,
		    const char *checksum);

/* -- table.c -- */

enum pkg_code pkg_task_schema_new(struct pkg_schema **out, struct pkg_err *err);
/* Bind the tree of state.json; the checksum it claims goes to @checksum. */
enum pkg_code pkg_task_bind(struct pkg_task *task, struct pkg_schema *schema,
			    const char **checksum, const struct pkg_node *root,
			    struct pkg_err *err);

/* -- open.c -- */

/* A task, and its job if it is open to be changed. */
struct task_open {
	const struct pkg_env *env; /* set by the caller, as is */
	struct pkg_schema *schema; /* this: NULL = make one */
	struct pkg_job *job;       /* owned */
	struct pkg_task *task;     /* owned, until the caller steals it */
};

enum pkg_code pkg_task_open(struct task_open *out, struct pkg_spool *spool,
			    const char *tenant, const char *id,
			    enum pkg_job_mode mode, struct pkg_err *err);
void pkg_task_open_fini(struct task_open *open);
/* Note what has become of it. */
enum pkg_code pkg_task_save(struct task_open *open, struct pkg_err *err);
/* "2026-12-01T02:00:00Z", now, in @arena. */
enum pkg_code pkg_task_now(const char **out, struct pkg_arena *arena,
			   const struct pkg_env *env, struct pkg_err *err);
/* Is @device the task's?  PKG_NO, reason "wrong-device-config". */
enum pkg_code pkg_task_check_device(const struct pkg_task *task,
				    const struct pkg_device_config *device,
				    struct pkg_err *err);
/* SHA-256 and size of all that @fd gives from its front. */
enum pkg_code pkg_task_hash_fd(struct pkg_task_product *out, int fd,
			       const char *name, struct pkg_crypto *crypto,
			       struct pkg_err *err);
/* Open a file of the job's folder: no link. */
enum pkg_code pkg_task_open_file(int *fd, const struct pkg_job *job,
				 const char *name, struct pkg_err *err);

/* -- status.c -- */

enum task_verb {
	TASK_APPROVE,
	TASK_RUN,
	TASK_DOWNLOAD,
};

/* May it be done now?  PKG_NO, reason "task-status", and what may be done. */
enum pkg_code pkg_task_check_verb(const struct pkg_task *task,
				  enum task_verb verb, struct pkg_err *err);

/* -- request.c: a .request, or a container, of the job's folder -- */

struct task_request {
	int fd;
	struct pkg_source_fd source;
	struct pkg_container *container;             /* owned */
	const struct pkg_container_head *head;       /* borrowed, as is */
	const struct pkg_container_request *request; /* this */
};

/*
 * Read the .request @name, all of it: is it one, and of what the task was
 * created for?  Fails with PKG_NO, reason "unexpected-manifest", or as the
 * readers of packline/container_read.h.
 */
enum pkg_code pkg_task_request_open(struct task_request *out,
				    const struct pkg_job *job, const char *name,
				    const struct pkg_task *task,
				    const struct pkg_env *env,
				    struct pkg_err *err);
/* The same of out->fd, which is open; @task NULL = of any. */
enum pkg_code pkg_task_request_read(struct task_request *out, const char *name,
				    const struct pkg_task *task,
				    const struct pkg_env *env,
				    struct pkg_err *err);
void pkg_task_request_fini(struct task_request *request);
/* PKG_NO, reason "unexpected-manifest", if it is another one. */
enum pkg_code pkg_task_check_manifest(const struct pkg_task *task,
				      const struct pkg_container_head *head,
				      struct pkg_err *err);
/*
 * What pkg_approvals_judge() says of the approvals of @head about @request,
 * under the policy of @device.
 */
enum pkg_code pkg_task_judge(const struct pkg_container_head *head,
			     const struct pkg_container_request *request,
			     const struct pkg_device_config *device,
			     enum pkg_clock_mode clock,
			     const struct pkg_env *env, struct pkg_err *err);
/*
 * Bring votes and status up to what its request says: somebody may have died
 * between the two.
 * @fresh  receives whether there was something new, which is not saved.
 */
enum pkg_code pkg_task_count_votes(struct task_open *open,
				   const struct pkg_device_config *device,
				   bool *fresh, struct pkg_err *err);
/*
 * Has @head one signature, by the key with @spki, and is that sound?  NULL =
 * has it none?  PKG_NO as pkg_cms_verify(), or "unexpected-manifest".
 */
enum pkg_code pkg_task_check_signature(const struct pkg_container_head *head,
				       const uint8_t (*spki)[32],
				       const struct pkg_env *env,
				       struct pkg_err *err);

/* -- result.c -- */

/*
 * Put the draft in @fd, the signatures of @sealed (NULL = none) and the
 * approvals of @request together, in the job's folder.
 */
enum pkg_code pkg_task_assemble(const struct task_open *open, int fd,
				const struct task_request *request,
				const struct pkg_container_head *sealed,
				struct pkg_err *err);
/*
 * Read the container in the job's folder, to its last byte: is it the task's,
 * with one signature, by the task's signer, and approved?  Its digest is noted
 * in the task.
 */
enum pkg_code pkg_task_check_result(struct task_open *open,
				    const struct task_request *request,
				    const struct pkg_device_config *device,
				    struct pkg_err *err);
/* Would pkg_verify() say yes to it, with this trust and for this device? */
enum pkg_code pkg_task_verify_result(const struct task_open *open,
				     const struct pkg_trust *trust,
				     const struct pkg_device_config *device,
				     struct pkg_err *err);

/* -- given.c, same.c: what create was told -- */

/*
 * Digests without names become those of the files at their places, in @arena.
 */
enum pkg_code pkg_task_name_given(struct pkg_seal_create *package,
				  struct pkg_arena *arena, struct pkg_err *err);
/* Was @task made of this?  Else PKG_USAGE, reason "job-exists". */
enum pkg_code pkg_task_check_same(const struct pkg_task *task,
				  const struct pkg_seal_create *package,
				  const struct pkg_env *env,
				  struct pkg_err *err);

#endif
