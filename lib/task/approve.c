/* SPDX-License-Identifier: Apache-2.0 */
#include "task/audit.h"
#include "task/impl.h"

#include "packline/device_config.h"

#include <string.h>
#include <unistd.h>

/* One decision on its way. */
struct vote {
	const struct pkg_task_approve *job;
	struct task_open open;
	struct task_deed deed;
	bool begun;
};

static enum pkg_code agree(void *context,
			   const struct pkg_seal_subject *subject,
			   struct pkg_err *err)
{
	struct vote *self = context;
	const struct pkg_seal_approve *decision = self->job->decision;

	if (decision->agree != NULL)
		PKG_TRY(decision->agree(decision->agree_context, subject, err));
	PKG_TRY(pkg_task_audit_begin(self->job->audit, self->open.task,
				     &self->deed, err));
	self->begun = true;
	return PKG_OK;
}

/* The request again, with his decision in it. */
static enum pkg_code decide(struct vote *self, struct pkg_err *err)
{
	struct pkg_seal_approve job = *self->job->decision;
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_task_open_file(&fd, self->open.job, TASK_REQUEST, err));
	pkg_source_fd_init(&source, fd, TASK_REQUEST);
	job.source = &source.source;
	job.policy = NULL; /* that of the device config */
	job.pair = false;
	job.agree = agree;
	job.agree_context = self;
	job.output = (struct pkg_seal_output){
	    .dirfd = pkg_job_fd(self->open.job),
	    .path = TASK_REQUEST,
	    .force = true,
	};
	code = pkg_seal_approve(&job, self->open.env, err);
	(void)close(fd);
	return code;
}

/* Has this officer said just that, in a run that died before it was noted? */
static bool has_said_so(const struct vote *self)
{
	const struct pkg_seal_approve *decision = self->job->decision;
	const struct pkg_cert_info *cert =
	    pkg_task_certificate(&decision->signer);
	const struct pkg_officer *officer = NULL;

	if (cert == NULL || decision->device->policy == NULL)
		return false;
	officer =
	    pkg_approval_policy_officer(decision->device->policy, cert->spki);
	for (size_t i = 0; officer != NULL && i < self->open.task->vote_count;
	     i++) {
		const struct pkg_task_vote *said = &self->open.task->votes[i];

		if (strcmp(said->officer, officer->id) == 0)
			return said->decision == decision->decision &&
			       strcmp(said->reason, decision->reason) == 0;
	}
	return false;
}

static enum pkg_code run(struct vote *self, struct pkg_err *err)
{
	const struct pkg_seal_approve *decision = self->job->decision;
	bool fresh = false;

	PKG_TRY(pkg_task_check_device(self->open.task, decision->device, err));
	PKG_TRY(
	    pkg_task_count_votes(&self->open, decision->device, &fresh, err));
	if (fresh && has_said_so(self)) {
		PKG_TRY(pkg_task_audit_found(self->job->audit, self->open.task,
					     &self->deed, err));
		return pkg_task_save(&self->open, err);
	}
	if (fresh)
		PKG_TRY(pkg_task_save(&self->open, err));
	PKG_TRY(pkg_task_check_verb(self->open.task, TASK_APPROVE, err));
	if (decide(self, err) != PKG_OK)
		return self->begun ? pkg_task_audit_failed(self->job->audit,
							   self->open.task,
							   &self->deed, err)
				   : pkg_failed_(err->code);
	PKG_TRY(
	    pkg_task_count_votes(&self->open, decision->device, &fresh, err));
	PKG_TRY(pkg_task_audit_end(self->job->audit, self->open.task,
				   &self->deed, err));
	return pkg_task_save(&self->open, err);
}

enum pkg_code pkg_task_approve(struct pkg_task **out,
			       const struct pkg_task_approve *job,
			       const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_seal_approve *decision = job->decision;
	struct vote self = {
	    .job = job,
	    .open = {.env = env},
	    .deed = {.event = "task-approve",
		     .signer = &decision->signer,
		     .decision = pkg_decision_name(decision->decision),
		     .reason = decision->reason},
	};
	enum pkg_code code = PKG_OK;

	if (!pkg_approval_is_reason(decision->reason))
		return pkg_fail(err, PKG_USAGE,
				"a reason has 1 to %u characters, on one line",
				PKG_LIMIT_REASON);
	code = pkg_task_open(&self.open, job->spool, decision->device->tenant,
			     job->id, PKG_JOB_TRY, err);
	if (code == PKG_OK)
		code = run(&self, err);
	if (code == PKG_OK)
		*out = PKG_STEAL(self.open.task);
	pkg_task_open_fini(&self.open);
	return code;
}
