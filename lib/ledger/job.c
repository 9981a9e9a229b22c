/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/job.h"

#include "ledger/spool.h"

#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/sink.h"
#include "packline/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum pkg_code exists(struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_USAGE, "job-exists",
			 "there is a job of this id already");
	return pkg_hint(err, "choose another id");
}

static enum pkg_code make_lock(struct pkg_outdir *folder, struct pkg_err *err)
{
	int fd = -1;

	PKG_TRY(pkg_outdir_create(folder, LEDGER_LOCK, 0600, &fd, err));
	return pkg_outdir_close_file(folder, fd, err);
}

/* The folder of a job below that of its tenant. */
static enum pkg_code begin(struct pkg_outdir **out, int tenant, const char *id,
			   struct pkg_err *err)
{
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	unsigned mode = 0;

	PKG_TRY(pkg_spool_mode(&mode, tenant, err));
	if (pkg_outdir_open(&folder, tenant, id, false, err) != PKG_OK)
		return err->code == PKG_USAGE ? exists(err)
					      : pkg_failed_(err->code);
	pkg_outdir_set_mode(folder, mode);
	PKG_TRY(make_lock(folder, err));
	*out = PKG_STEAL(folder);
	return PKG_OK;
}

enum pkg_code pkg_job_begin(struct pkg_outdir **folder, struct pkg_spool *spool,
			    const char *tenant, const char *id,
			    struct pkg_err *err)
{
	enum pkg_code code;
	int fd = -1;

	PKG_TRY(pkg_spool_name(tenant, "tenant", err));
	PKG_TRY(pkg_spool_name(id, "job", err));
	PKG_TRY(pkg_spool_make_tenant(&fd, spool, tenant, err));
	code = begin(folder, fd, id, err);
	(void)close(fd);
	if (code != PKG_OK)
		return pkg_wrap(err, "job '%s/%s'", tenant, id);
	return PKG_OK;
}

enum pkg_code pkg_job_commit(struct pkg_outdir *folder, struct pkg_err *err)
{
	if (pkg_outdir_commit(folder, err) == PKG_OK)
		return PKG_OK;
	return err->code == PKG_USAGE ? exists(err) : pkg_failed_(err->code);
}

void pkg_job_free(struct pkg_job *job)
{
	if (job == NULL)
		return;
	if (job->lock >= 0)
		(void)close(job->lock);
	if (job->fd >= 0)
		(void)close(job->fd);
	free(job->tenant);
	free(job->id);
	free(job->label);
	free(job);
}

/* @spool  NULL = it is in none */
static enum pkg_code new_job(struct pkg_job **out,
			     const struct pkg_spool *spool, const char *tenant,
			     const char *id, struct pkg_err *err)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return pkg_fail_nomem(err);
	job->fd = job->lock = -1;
	job->tenant = strdup(tenant);
	job->id = strdup(id);
	if (asprintf(&job->label, "%s/%s/%s/%s",
		     spool == NULL ? "" : spool->path,
		     spool == NULL ? "" : spool->kind, tenant, id) < 0)
		job->label = NULL;
	if (job->tenant == NULL || job->id == NULL || job->label == NULL)
		return pkg_fail_nomem(err);
	*out = PKG_STEAL(job);
	return PKG_OK;
}

static enum pkg_code no_such_job(const struct pkg_spool *spool, const char *id,
				 struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "no-such-job",
			 "there is no %s '%s' in '%s'", spool->kind, id,
			 spool->path);
	return pkg_hint(err, "the list shows what is there");
}

/* Of all tenants that we may read the one that has a job @id. */
static enum pkg_code find_tenant(const char **out,
				 const struct pkg_spool_names *tenants,
				 const struct pkg_spool *spool, const char *id,
				 struct pkg_err *err)
{
	char path[2 * PKG_LIMIT_MEMBER_NAME + 2];

	*out = NULL;
	for (size_t i = 0; i < tenants->count; i++) {
		const char *tenant = tenants->items[i];
		bool there = false;

		(void)snprintf(path, sizeof(path), "%s/%s", tenant, id);
		PKG_TRY(pkg_spool_is_ours(&there, spool, tenant, err));
		if (there)
			PKG_TRY(
			    pkg_path_is_there(&there, spool->fd, path, err));
		if (!there)
			continue;
		if (*out != NULL) {
			(void)pkg_fail(err, PKG_USAGE,
				       "'%s' is a %s of '%s' and of '%s'", id,
				       spool->kind, *out, tenant);
			return pkg_hint(err, "say which with --tenant");
		}
		*out = tenant;
	}
	return *out != NULL ? PKG_OK : no_such_job(spool, id, err);
}

static enum pkg_code open_folder(struct pkg_job *job,
				 const struct pkg_spool *spool,
				 struct pkg_err *err)
{
	enum pkg_code code;
	int tenant = -1;

	code = pkg_spool_tenant(&tenant, spool, job->tenant, err);
	if (code == PKG_OK)
		code = pkg_spool_folder(&job->fd, tenant, job->id, job->label,
					err);
	if (tenant >= 0)
		(void)close(tenant);
	if (code != PKG_OK && err->os_errno == ENOENT)
		return no_such_job(spool, job->id, err);
	return code;
}

static enum pkg_code lock_job(struct pkg_job *job, bool wait,
			      struct pkg_err *err)
{
	job->lock = openat(job->fd, LEDGER_LOCK,
			   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (job->lock < 0)
		return pkg_fail_os(err, errno, "cannot lock '%s'", job->label);
	while (flock(job->lock, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK) {
			(void)pkg_refuse(err, PKG_NO, "job-busy",
					 "somebody else is working on '%s'",
					 job->label);
			return pkg_hint(err, "try again when he is done");
		}
		if (errno != EINTR)
			return pkg_fail_os(err, errno, "cannot lock '%s'",
					   job->label);
	}
	/* Who held it before may have died over it. */
	pkg_outputs_sweep(job->fd);
	return PKG_OK;
}

enum pkg_code pkg_job_open(struct pkg_job **out, struct pkg_spool *spool,
			   const char *tenant, const char *id,
			   enum pkg_job_mode mode, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_spool_names) struct pkg_spool_names tenants = {0};
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	if (tenant != NULL)
		PKG_TRY(pkg_spool_name(tenant, "tenant", err));
	PKG_TRY(pkg_spool_name(id, "job", err));
	if (tenant == NULL) {
		PKG_TRY(pkg_spool_names_read(&tenants, spool->fd, err));
		PKG_TRY(find_tenant(&tenant, &tenants, spool, id, err));
	}
	PKG_TRY(new_job(&job, spool, tenant, id, err));
	PKG_TRY(open_folder(job, spool, err));
	if (mode != PKG_JOB_READ)
		PKG_TRY(lock_job(job, mode == PKG_JOB_WAIT, err));
	*out = PKG_STEAL(job);
	return PKG_OK;
}

enum pkg_code pkg_job_over(struct pkg_job **out, int fd, const char *tenant,
			   const char *id, struct pkg_err *err)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	PKG_TRY(new_job(&job, NULL, tenant, id, err));
	job->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (job->fd < 0)
		return pkg_fail_os(err, errno, "cannot duplicate a descriptor");
	*out = PKG_STEAL(job);
	return PKG_OK;
}

const char *pkg_job_tenant(const struct pkg_job *job)
{
	return job->tenant;
}

const char *pkg_job_id(const struct pkg_job *job)
{
	return job->id;
}

int pkg_job_fd(const struct pkg_job *job)
{
	return job->fd;
}

/* In a folder that others can write (sticky) it might be theirs. */
static enum pkg_code check_state(const struct stat *st, struct pkg_err *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return pkg_refuse(err, PKG_INPUT, "spool-unsafe",
				  "it belongs to another user");
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return pkg_refuse(err, PKG_INPUT, "spool-unsafe",
				  "others can write it (mode %04o)",
				  (unsigned)st->st_mode & 07777u);
	return PKG_OK;
}

enum pkg_code pkg_job_read_state(const struct pkg_job *job, struct pkg_buf *out,
				 struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code;
	struct stat st;
	int fd = -1;

	code =
	    pkg_path_open_regular(&fd, &st, job->fd, LEDGER_STATE, true, err);
	if (code == PKG_OK)
		code = check_state(&st, err);
	if (code == PKG_OK) {
		pkg_source_fd_init(&source, fd, LEDGER_STATE);
		code = pkg_source_slurp(&source.source, out, err);
	}
	if (fd >= 0)
		(void)close(fd);
	if (code != PKG_OK)
		return pkg_wrap(err, "'%s/" LEDGER_STATE "'", job->label);
	return PKG_OK;
}

enum pkg_code pkg_job_check_locked(const struct pkg_job *job,
				   struct pkg_err *err)
{
	if (job->lock >= 0)
		return PKG_OK;
	return pkg_fail(err, PKG_INTERNAL,
			"'%s' is changed, but was opened to be read",
			job->label);
}

enum pkg_code pkg_job_write_state(struct pkg_job *job, const void *data,
				  size_t len, struct pkg_err *err)
{
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	struct pkg_outfile_options options = {.force = true};
	unsigned mode = 0;

	PKG_TRY(pkg_job_check_locked(job, err));
	PKG_TRY(pkg_spool_mode(&mode, job->fd, err));
	options.mode = mode & 0666;
	if (pkg_outfile_open(&file, job->fd, LEDGER_STATE, &options, err) !=
		PKG_OK ||
	    pkg_sink_write(pkg_outfile_sink(file), data, len, err) != PKG_OK ||
	    pkg_outfile_commit(file, UINT64_MAX, err) != PKG_OK)
		return pkg_wrap(err, "'%s'", job->label);
	return PKG_OK;
}
