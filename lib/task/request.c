/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/cms.h"
#include "packline/device_config.h"
#include "packline/text.h"

#include <string.h>
#include <unistd.h>

void pkg_task_request_fini(struct task_request *request)
{
	pkg_container_free(request->container);
	if (request->source.source.read != NULL)
		(void)close(request->fd);
	*request = (struct task_request){0};
}

enum pkg_code pkg_task_check_manifest(const struct pkg_task *task,
				      const struct pkg_container_head *head,
				      struct pkg_err *err)
{
	if (memcmp(head->manifest_sha256, task->manifest_sha256, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "unexpected-manifest",
			  "it is of another package than the task was created "
			  "for");
}

static enum pkg_code read_request(struct task_request *self,
				  const struct pkg_task *task,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_TRY(pkg_container_open_any(&self->container, &self->source.source,
				       env, err));
	self->head = pkg_container_head(self->container);
	if (!self->head->request_file)
		return pkg_refuse(err, PKG_NO, "unexpected-manifest",
				  "it is a container, not a request");
	if (task != NULL)
		PKG_TRY(pkg_task_check_manifest(task, self->head, err));
	PKG_TRY(pkg_container_check_recipients(self->container, err));
	PKG_TRY(pkg_container_request(self->container, &self->request, err));
	return pkg_container_finish(self->container, err);
}

enum pkg_code pkg_task_request_read(struct task_request *out, const char *name,
				    const struct pkg_task *task,
				    const struct pkg_env *env,
				    struct pkg_err *err)
{
	pkg_source_fd_init(&out->source, out->fd, name);
	if (read_request(out, task, env, err) == PKG_OK)
		return PKG_OK;
	return pkg_wrap(err, "%s", name);
}

enum pkg_code pkg_task_request_open(struct task_request *out,
				    const struct pkg_job *job, const char *name,
				    const struct pkg_task *task,
				    const struct pkg_env *env,
				    struct pkg_err *err)
{
	PKG_TRY(pkg_task_open_file(&out->fd, job, name, err));
	return pkg_task_request_read(out, name, task, env, err);
}

enum pkg_code pkg_task_judge(const struct pkg_container_head *head,
			     const struct pkg_container_request *request,
			     const struct pkg_device_config *device,
			     enum pkg_clock_mode clock,
			     const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &head->manifest;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_approvals approvals = {0};
	const struct pkg_approval_subject subject = {
	    .request_sha256 = manifest->request_sha256,
	    .request_id = manifest->subject.id,
	    .tenant = manifest->subject.tenant,
	    .device_config_sha256 = manifest->subject.device_config != NULL
					? manifest->subject.device_config_sha256
					: NULL,
	    .policy_sha256 =
		manifest->has_policy ? manifest->policy_sha256 : NULL,
	    .requester_known = true,
	    .requester = request->requester,
	};
	const struct pkg_approval_set set = {
	    .items = head->approvals,
	    .count = head->approval_count,
	    .subject = &subject,
	    .device = device,
	    .clock = {.mode = clock},
	};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	return pkg_approvals_judge(device->policy, env, &set, &approvals, arena,
				   err);
}

static enum pkg_code take_votes(struct pkg_task *task,
				const struct pkg_container_head *head,
				struct pkg_err *err)
{
	struct pkg_task_vote *votes = pkg_arena_array(
	    task->arena, head->approval_count + 1, sizeof(*votes), err);

	if (votes == NULL)
		return err->code;
	for (size_t i = 0; i < head->approval_count; i++) {
		const struct pkg_container_bytes *json =
		    &head->approvals[i].json;
		struct pkg_approval said;

		PKG_TRY(pkg_approval_decode(&said, task->arena, json->data,
					    json->len, err));
		votes[i] = (struct pkg_task_vote){
		    .decision = said.decision,
		    .issued = said.issued,
		    .officer = said.officer_id,
		    .role = said.officer_role,
		    .reason = said.reason,
		};
	}
	task->votes = votes;
	task->vote_count = head->approval_count;
	return PKG_OK;
}

/* What the votes make of it.  Whether they are still valid, run asks. */
static enum pkg_code status_by_votes(enum pkg_task_status *out,
				     const struct task_request *request,
				     const struct pkg_device_config *device,
				     const struct pkg_env *env,
				     struct pkg_err *err)
{
	const enum pkg_code code = pkg_task_judge(
	    request->head, request->request, device, PKG_CLOCK_NONE, env, err);

	*out = PKG_TASK_APPROVED;
	if (code == PKG_OK)
		return PKG_OK;
	if (code == PKG_NO && strcmp(err->reason, "approval-rejected") == 0)
		*out = PKG_TASK_REJECTED;
	else if (code == PKG_NO &&
		 strcmp(err->reason, "too-few-approvals") == 0)
		*out = PKG_TASK_CREATED;
	else
		return pkg_wrap(err, "'" TASK_REQUEST "'");
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

enum pkg_code pkg_task_count_votes(struct task_open *open,
				   const struct pkg_device_config *device,
				   bool *fresh, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_task_request) struct task_request request = {0};
	struct pkg_task *task = open->task;
	enum pkg_task_status status = task->status;

	*fresh = false;
	if (task->approvals_needed == 0 ||
	    (status != PKG_TASK_CREATED && status != PKG_TASK_APPROVED))
		return PKG_OK;
	PKG_TRY(pkg_task_request_open(&request, open->job, TASK_REQUEST, task,
				      open->env, err));
	PKG_TRY(status_by_votes(&status, &request, device, open->env, err));
	if (status == task->status &&
	    request.head->approval_count == task->vote_count)
		return PKG_OK;
	*fresh = true;
	task->status = status;
	return take_votes(task, request.head, err);
}

enum pkg_code pkg_task_check_signature(const struct pkg_container_head *head,
				       const uint8_t (*spki)[32],
				       const struct pkg_env *env,
				       struct pkg_err *err)
{
	const struct pkg_container_bytes *json = &head->manifest_json;
	const size_t wanted = spki == NULL ? 0 : 1;
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	const struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_MANIFEST,
	    .anchor_keys = spki,
	    .anchor_key_count = 1,
	    .no_time = true, /* whether he may, was asked before he did */
	};

	if (head->signature_count != wanted)
		return pkg_refuse(err, PKG_NO, "unexpected-manifest",
				  "it has %zu signatures, not %zu",
				  head->signature_count, wanted);
	if (spki == NULL)
		return PKG_OK;
	PKG_TRY(pkg_cms_parse(&cms, env->crypto, head->signatures[0].data,
			      head->signatures[0].len, err));
	return pkg_cms_verify(cms, json->data, json->len, &options, err);
}
