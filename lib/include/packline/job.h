/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_JOB_H
#define PKG_JOB_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/err.h"
#include "packline/outdir.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Spools: folders of jobs that outlive the program, one folder for each tenant
 * and job:
 *
 *     SPOOL/KIND/TENANT/ID/         KIND: "batch" or "task"
 *             state.json            replaced as a whole
 *             lock                  flock: whoever changes the job holds it
 *             ...                   what the kind of job keeps
 *
 * A job appears complete or not at all.  Whoever dies leaves it as it was or
 * as it was to be; what he left under temporary names is swept by the next one
 * who opens the job to change it.
 *
 * A tenant's folder belongs to who owns it: a spool, tenant or job folder that
 * group or others can write without the sticky bit, or that is somebody else's
 * (neither ours nor root's), is refused.  SPOOL/KIND gets the mode of the
 * spool's folder; the folders of a tenant and a job that of the folder above,
 * or 0700 if others can write that one (everybody has his own tenants there).
 *
 * Reasons of refusals:
 *
 *   spool-unsafe   PKG_INPUT: others could change it behind our back
 *   no-such-job    PKG_NO
 *   job-exists     PKG_USAGE: the id is taken
 *   job-busy       PKG_NO: somebody else is changing it
 *   name-grammar   PKG_INPUT: a tenant or an id that is no name
 */
struct pkg_spool;
struct pkg_job;

enum pkg_job_mode {
	PKG_JOB_READ, /* nothing is locked */
	PKG_JOB_TRY,  /* to change it; "job-busy" if somebody else does */
	PKG_JOB_WAIT, /* to change it; wait for who else does */
};

PKG_API_BEGIN

/*
 * Open the spool @path.
 * @out     receives it; freed with pkg_spool_free() after its jobs.
 * @dirfd   folder that @path is relative to (AT_FDCWD is fine).
 * @kind    "batch" or "task".
 * @create  make what is missing of it (mode 0700); else PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_spool_open(struct pkg_spool **out, int dirfd,
					    const char *path, const char *kind,
					    bool create, struct pkg_err *err);
void pkg_spool_free(struct pkg_spool *spool); /* NULL is allowed */

/*
 * Call @visit for each job of @tenant (NULL = of every tenant that we may
 * read), by tenant and id in byte order.  No file of a job is opened.
 * Anything but PKG_OK from @visit ends it.
 */
PKG_MUST_CHECK enum pkg_code
pkg_spool_list(struct pkg_spool *spool, const char *tenant,
	       enum pkg_code (*visit)(void *context, const char *tenant,
				      const char *id, struct pkg_err *err),
	       void *context, struct pkg_err *err);

/*
 * Begin a job: a folder that nobody sees yet, with the lock in it.  The caller
 * puts its files in (pkg_outdir_create() of @folder), state.json among them,
 * and commits it with pkg_job_commit().
 * @folder  receives it; freed with pkg_outdir_free().
 * Fails with PKG_USAGE, reason "job-exists"; PKG_INPUT ("name-grammar",
 * "spool-unsafe"); PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_job_begin(struct pkg_outdir **folder,
					   struct pkg_spool *spool,
					   const char *tenant, const char *id,
					   struct pkg_err *err);
/*
 * pkg_outdir_commit() of @folder, but PKG_USAGE, reason "job-exists", if the
 * id was taken meanwhile.
 */
PKG_MUST_CHECK enum pkg_code pkg_job_commit(struct pkg_outdir *folder,
					    struct pkg_err *err);
/*
 * Open a job.
 * @out     receives it; freed with pkg_job_free(), which unlocks.
 * @tenant  NULL = there is one of this id in only one tenant that we may read;
 *          else PKG_USAGE.
 * Fails with PKG_NO ("no-such-job", "job-busy"); PKG_INPUT ("name-grammar",
 * "spool-unsafe"); PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_job_open(struct pkg_job **out, struct pkg_spool *spool, const char *tenant,
	     const char *id, enum pkg_job_mode mode, struct pkg_err *err);
/*
 * A job over a folder that is in no spool, such as one that is being begun: to
 * look at it as at others.
 * @out  receives it; freed with pkg_job_free().
 * @fd   of the folder; it is duplicated.
 * It counts as open to be read.  Fails with PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_job_over(struct pkg_job **out, int fd,
					  const char *tenant, const char *id,
					  struct pkg_err *err);
const char *pkg_job_tenant(const struct pkg_job *job); /* borrowed */
const char *pkg_job_id(const struct pkg_job *job);     /* borrowed */
/* The job's folder, borrowed. */
int pkg_job_fd(const struct pkg_job *job);
/*
 * Append the bytes of state.json to @out.  Whole at any time, also while
 * somebody else changes the job.  PKG_INPUT, reason "spool-unsafe", if others
 * can write it; if it is longer than @out allows.
 */
PKG_MUST_CHECK enum pkg_code pkg_job_read_state(const struct pkg_job *job,
						struct pkg_buf *out,
						struct pkg_err *err);
/* Replace state.json; the job must be open to be changed. */
PKG_MUST_CHECK enum pkg_code pkg_job_write_state(struct pkg_job *job,
						 const void *data, size_t len,
						 struct pkg_err *err);
/*
 * Remove everything from the job but state.json, the lock and what @keep names
 * (ends with NULL; NULL = nothing else): its content, not its record.  The job
 * must be open to be changed.  Can be repeated if it was interrupted: say in
 * the state first that it shall go.
 */
PKG_MUST_CHECK enum pkg_code pkg_job_purge(struct pkg_job *job,
					   const char *const *keep,
					   struct pkg_err *err);
void pkg_job_free(struct pkg_job *job); /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_spool)
PKG_DEFINE_AUTO(pkg_job)

#endif
