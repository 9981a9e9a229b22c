/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/container_write.h"
#include "packline/device_config.h"
#include "packline/digest.h"
#include "packline/outfile.h"
#include "packline/verify.h"

#include <string.h>
#include <unistd.h>

static enum pkg_code copy_draft(struct pkg_container *draft,
				const struct task_open *open,
				const struct pkg_container_edit *edit,
				struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .force = true, .seekable = true, .binary = true};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	PKG_TRY(pkg_task_check_manifest(open->task, pkg_container_head(draft),
					err));
	PKG_TRY(pkg_outfile_open(&file, pkg_job_fd(open->job), TASK_RESULT,
				 &options, err));
	PKG_TRY(
	    pkg_container_rewrite(draft, edit, pkg_outfile_sink(file), err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

enum pkg_code pkg_task_assemble(const struct task_open *open, int fd,
				const struct task_request *request,
				const struct pkg_container_head *sealed,
				struct pkg_err *err)
{
	const struct pkg_container_head *head = request->head;
	PKG_AUTO(pkg_container) struct pkg_container *draft = NULL;
	struct pkg_source_fd source;
	const struct pkg_container_edit edit = {
	    .signatures = sealed == NULL ? NULL : sealed->signatures,
	    .signature_count = sealed == NULL ? 0 : sealed->signature_count,
	    .approvals = head->approvals,
	    .approval_count = head->approval_count,
	};

	pkg_source_fd_init(&source, fd, TASK_DRAFT);
	PKG_TRY(pkg_container_open(&draft, &source.source, open->env, err));
	return copy_draft(draft, open, &edit, err);
}

/* Everything behind the head, compared with the manifest. */
static enum pkg_code read_payload(struct pkg_container *container,
				  struct pkg_err *err)
{
	const struct pkg_container_request *request = NULL;
	const struct pkg_container_item *item = NULL;

	PKG_TRY(pkg_container_check_recipients(container, err));
	PKG_TRY(pkg_container_request(container, &request, err));
	for (;;) {
		PKG_TRY(pkg_container_next(container, &item, err));
		if (item == NULL)
			return pkg_container_finish(container, err);
		PKG_TRY(pkg_container_read(container, NULL, err));
	}
}

static enum pkg_code read_result(const struct task_open *open,
				 const struct task_request *request,
				 const struct pkg_device_config *device,
				 struct pkg_source *source, struct pkg_err *err)
{
	const struct pkg_task *task = open->task;
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	const struct pkg_container_head *head = NULL;

	PKG_TRY(pkg_container_open(&container, source, open->env, err));
	head = pkg_container_head(container);
	PKG_TRY(pkg_task_check_manifest(task, head, err));
	PKG_TRY(pkg_task_check_signature(
	    head, task->signer.subject == NULL ? NULL : &task->signer.spki,
	    open->env, err));
	PKG_TRY(pkg_task_judge(head, request->request, device, PKG_CLOCK_SYSTEM,
			       open->env, err));
	return read_payload(container, err);
}

static enum pkg_code check_fd(struct task_open *open, int fd,
			      const struct task_request *request,
			      const struct pkg_device_config *device,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests digests;
	struct pkg_source_digest hashed;
	struct pkg_source_fd source;

	PKG_TRY(
	    pkg_digest_new(&digest, open->env->crypto, PKG_DIGEST_SHA256, err));
	pkg_source_fd_init(&source, fd, TASK_RESULT);
	pkg_source_digest_init(&hashed, &source.source, digest);
	PKG_TRY(read_result(open, request, device, &hashed.source, err));
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	memcpy(open->task->result.sha256, digests.sha256, 32);
	open->task->result.size = hashed.source.total;
	return PKG_OK;
}

enum pkg_code pkg_task_check_result(struct task_open *open,
				    const struct task_request *request,
				    const struct pkg_device_config *device,
				    struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_task_open_file(&fd, open->job, TASK_RESULT, err));
	code = check_fd(open, fd, request, device, err);
	(void)close(fd);
	return code == PKG_OK ? PKG_OK : pkg_wrap(err, TASK_RESULT);
}

enum pkg_code pkg_task_verify_result(const struct task_open *open,
				     const struct pkg_trust *trust,
				     const struct pkg_device_config *device,
				     struct pkg_err *err)
{
	const struct pkg_verify_options options = {
	    .name = TASK_RESULT,
	    .trust = trust,
	    .demands = {.tenant = device->tenant,
			.device = device,
			.device_config = device->id,
			.device_config_sha256 = device->sha256},
	};
	PKG_AUTO(pkg_verdict) struct pkg_verdict *verdict = NULL;
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_task_open_file(&fd, open->job, TASK_RESULT, err));
	pkg_source_fd_init(&source, fd, TASK_RESULT);
	code = pkg_verify(&verdict, &source.source, &options, open->env, err);
	(void)close(fd);
	return code == PKG_OK ? PKG_OK : pkg_wrap(err, TASK_RESULT);
}
