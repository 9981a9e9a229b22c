/* SPDX-License-Identifier: Apache-2.0 */
#include "task/audit.h"
#include "task/impl.h"

#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/sink.h"

#include <string.h>
#include <unistd.h>

/* All of it, if it is what was verified. */
static enum pkg_code copy(struct pkg_sink *sink, struct pkg_source *from,
			  const struct pkg_task *task,
			  struct pkg_crypto *crypto, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests expected = {0};
	struct pkg_source_verify source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_digests_put(&expected, PKG_DIGEST_SHA256, task->result.sha256);
	PKG_TRY(pkg_digest_new(&digest, crypto, PKG_DIGEST_SHA256, err));
	PKG_TRY(pkg_source_verify_init(&source, from, digest, &expected, err));
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		if (got > 0)
			PKG_TRY(pkg_sink_write(sink, chunk, got, err));
	} while (got > 0);
	return pkg_source_verify_finish(&source, err);
}

static enum pkg_code copy_result(struct pkg_outfile *file,
				 const struct task_open *open,
				 struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_task_open_file(&fd, open->job, TASK_RESULT, err));
	pkg_source_fd_init(&source, fd, TASK_RESULT);
	code = copy(pkg_outfile_sink(file), &source.source, open->task,
		    open->env->crypto, err);
	(void)close(fd);
	return code == PKG_OK ? PKG_OK
			      : pkg_wrap(err, "the container of task '%s'",
					 open->task->id);
}

enum pkg_code pkg_task_download(const struct pkg_task_download *job,
				const struct pkg_env *env, struct pkg_err *err)
{
	/* Spooled even on a pipe: what is wrong shows only at its end. */
	const struct pkg_outfile_options options = {
	    .force = job->output.force, .seekable = true, .binary = true};
	const struct task_deed deed = {.event = "task-download",
				       .output = job->output.path};
	PKG_AUTO_FINI(pkg_task_open) struct task_open open = {.env = env};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	PKG_TRY(pkg_task_open(&open, job->spool, job->tenant, job->id,
			      PKG_JOB_READ, err));
	PKG_TRY(pkg_task_check_verb(open.task, TASK_DOWNLOAD, err));
	PKG_TRY(pkg_outfile_open(&file, job->output.dirfd, job->output.path,
				 &options, err));
	PKG_TRY(copy_result(file, &open, err));
	PKG_TRY(pkg_task_audit_begin(job->audit, open.task, &deed, err));
	if (pkg_outfile_commit(file, UINT64_MAX, err) != PKG_OK)
		return pkg_task_audit_failed(job->audit, open.task, &deed, err);
	return pkg_task_audit_end(job->audit, open.task, &deed, err);
}
