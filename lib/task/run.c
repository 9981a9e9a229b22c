/* SPDX-License-Identifier: Apache-2.0 */
#include "task/audit.h"
#include "task/impl.h"

#include "packline/device_config.h"
#include "packline/text.h"
#include "packline/trust.h"

#include <string.h>
#include <unistd.h>

/* One run. */
struct run {
	const struct pkg_task_run *job;
	struct task_open open;
	struct task_request request; /* what is signed, and its approvals */
	struct task_deed deed;
	int draft; /* -1 = not open yet */
	/* Whose fault a refusal is, for what becomes of the task. */
	bool about_task; /* nobody's key could help */
	bool begun;      /* it is RUNNING, for this process */
	bool told;       /* and the audit log knows that this one began */
	bool about_trust;
	bool made; /* and found good: only to say so is left */
};

static void run_fini(struct run *self)
{
	if (self->draft >= 0)
		(void)close(self->draft);
	pkg_task_request_fini(&self->request);
	pkg_task_open_fini(&self->open);
}

static bool is_signed(const struct pkg_task *task)
{
	return task->kind != PKG_CONTAINER_ENCRYPTED;
}

/* -- before anything is done -- */

static enum pkg_code check_key(const struct run *self, struct pkg_err *err)
{
	const bool has = self->job->signer.key != NULL;

	if (has == is_signed(self->open.task))
		return PKG_OK;
	if (has)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' is not "
				"signed: no key is needed");
	(void)pkg_fail(err, PKG_USAGE, "no key to sign with");
	return pkg_hint(err, "give --key KEY, or name one in the device "
			     "config: signing");
}

static enum pkg_code check_expected(const struct run *self, struct pkg_err *err)
{
	const char *expected = self->job->expect_sha256;
	char hex[65];

	pkg_hex_encode(hex, self->open.task->manifest_sha256, 32);
	if (expected == NULL || strcmp(hex, expected) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "unexpected-manifest",
			  "the manifest of task '%s' has the digest %s, not "
			  "the expected one",
			  self->open.task->id, hex);
}

/* The very bytes that were there when it was created. */
static enum pkg_code check_draft(struct run *self, struct pkg_err *err)
{
	const struct pkg_task *task = self->open.task;
	struct pkg_task_product found = {0};

	PKG_TRY(
	    pkg_task_open_file(&self->draft, self->open.job, TASK_DRAFT, err));
	PKG_TRY(pkg_task_hash_fd(&found, self->draft, TASK_DRAFT,
				 self->open.env->crypto, err));
	if (found.size != task->draft.size ||
	    memcmp(found.sha256, task->draft.sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "the draft of task '%s' was changed after it "
				  "was created",
				  task->id);
	if (lseek(self->draft, 0, SEEK_SET) != 0)
		return pkg_fail(err, PKG_SYSTEM, "cannot read the draft");
	return PKG_OK;
}

static enum pkg_code check_expiry(const struct run *self, struct pkg_err *err)
{
	const char *expires = self->open.task->expires;
	int64_t then = 0;

	if (expires == NULL ||
	    !pkg_time_parse(&then, expires, strlen(expires)) ||
	    self->open.env->now(self->open.env) < then)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "expired", "it expired at %s", expires);
}

static enum pkg_code check_inputs(struct run *self, struct pkg_err *err)
{
	const struct task_open *open = &self->open;

	PKG_TRY(check_draft(self, err));
	PKG_TRY(pkg_task_request_open(&self->request, open->job, TASK_REQUEST,
				      open->task, open->env, err));
	PKG_TRY(pkg_task_judge(self->request.head, self->request.request,
			       self->job->device, PKG_CLOCK_SYSTEM, open->env,
			       err));
	return check_expiry(self, err);
}

/* -- the key is used -- */

static enum pkg_code begin(struct run *self, struct pkg_err *err)
{
	struct pkg_task *task = self->open.task;
	const struct pkg_cert_info *cert =
	    is_signed(task) ? pkg_task_certificate(&self->job->signer) : NULL;

	task->status = PKG_TASK_RUNNING;
	task->failure = (struct pkg_task_failure){0};
	task->result = (struct pkg_task_product){0};
	task->signer = (struct pkg_task_signer){0};
	if (cert != NULL) {
		task->signer.subject = pkg_arena_dup(
		    task->arena, cert->subject, strlen(cert->subject), err);
		if (task->signer.subject == NULL)
			return err->code;
		memcpy(task->signer.spki, cert->spki, 32);
	}
	PKG_TRY(pkg_task_audit_begin(self->job->audit, task, &self->deed, err));
	self->begun = self->told = true;
	return pkg_task_save(&self->open, err);
}

/* Asked when all else is right, so a yes is the last word before the key. */
static enum pkg_code agree(void *context,
			   const struct pkg_seal_subject *subject,
			   struct pkg_err *err)
{
	struct run *self = context;

	if (self->job->agree != NULL)
		PKG_TRY(
		    self->job->agree(self->job->agree_context, subject, err));
	return begin(self, err);
}

static enum pkg_code sign(struct run *self, struct pkg_err *err)
{
	struct pkg_source_fd source;
	const struct pkg_seal_sign job = {
	    .source = &source.source,
	    .signer = self->job->signer,
	    .agree = agree,
	    .agree_context = self,
	    .device = self->job->device,
	    .trust = self->job->trust,
	    .output = {.dirfd = pkg_job_fd(self->open.job),
		       .path = TASK_SIGNED,
		       .force = true},
	};
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_task_open_file(&fd, self->open.job, TASK_REQUEST, err));
	pkg_source_fd_init(&source, fd, TASK_REQUEST);
	code = pkg_seal_sign(&job, self->open.env, err);
	(void)close(fd);
	return code;
}

/* Was it this key that an interrupted run was about to use, or has used? */
static bool was_begun(const struct run *self)
{
	const struct pkg_task *task = self->open.task;
	const struct pkg_cert_info *cert =
	    pkg_task_certificate(&self->job->signer);

	if (task->status != PKG_TASK_RUNNING)
		return false;
	if (!is_signed(task))
		return true;
	return cert != NULL && task->signer.subject != NULL &&
	       memcmp(cert->spki, task->signer.spki, 32) == 0;
}

/* The request with the signature of this key, and of nobody else, in it. */
static enum pkg_code read_signed(struct task_request *out,
				 const struct run *self, struct pkg_err *err)
{
	const struct task_open *open = &self->open;
	const struct pkg_task *task = open->task;

	PKG_TRY(pkg_task_request_open(out, open->job, TASK_SIGNED, task,
				      open->env, err));
	return pkg_task_check_signature(out->head, &task->signer.spki,
					open->env, err);
}

static bool has_signed(const struct run *self)
{
	PKG_AUTO_FINI(pkg_task_request) struct task_request request = {0};
	struct pkg_err why = PKG_ERR_INIT;

	return was_begun(self) && read_signed(&request, self, &why) == PKG_OK;
}

static enum pkg_code make(struct run *self, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_task_request) struct task_request sealed = {0};

	if (!is_signed(self->open.task)) {
		PKG_TRY(begin(self, err));
		return pkg_task_assemble(&self->open, self->draft,
					 &self->request, NULL, err);
	}
	if (has_signed(self))
		self->begun = true;
	else
		PKG_TRY(sign(self, err));
	PKG_TRY(read_signed(&sealed, self, err));
	return pkg_task_assemble(&self->open, self->draft, &self->request,
				 sealed.head, err);
}

/* An interrupted run may have come as far as to the container. */
static bool is_made(struct run *self)
{
	struct pkg_err why = PKG_ERR_INIT;

	return was_begun(self) &&
	       pkg_task_check_result(&self->open, &self->request,
				     self->job->device, &why) == PKG_OK;
}

/* The draft is the container without its signature: one is enough. */
static enum pkg_code tidy_up(struct task_open *open, struct pkg_err *err)
{
	static const char *const keep[] = {TASK_REQUEST, TASK_RESULT,
					   TASK_DEVICE, NULL};

	return pkg_job_purge(open->job, keep, err);
}

static enum pkg_code finish(struct run *self, struct pkg_err *err)
{
	struct task_open *open = &self->open;

	self->made = true;
	open->task->status = PKG_TASK_DONE;
	if (self->told)
		PKG_TRY(pkg_task_audit_end(self->job->audit, open->task,
					   &self->deed, err));
	else
		PKG_TRY(pkg_task_audit_found(self->job->audit, open->task,
					     &self->deed, err));
	PKG_TRY(pkg_task_save(open, err));
	return tidy_up(open, err);
}

static enum pkg_code proceed(struct run *self, struct pkg_err *err)
{
	const struct pkg_task_run *job = self->job;
	struct task_open *open = &self->open;
	bool fresh = false;

	PKG_TRY(pkg_task_check_device(open->task, job->device, err));
	self->about_task = true;
	PKG_TRY(pkg_task_count_votes(open, job->device, &fresh, err));
	self->about_task = false;
	if (fresh)
		PKG_TRY(pkg_task_save(open, err));
	if (open->task->status == PKG_TASK_DONE) /* died over it? */
		PKG_TRY(tidy_up(open, err));
	PKG_TRY(pkg_task_check_verb(open->task, TASK_RUN, err));
	PKG_TRY(check_expected(self, err));
	PKG_TRY(check_key(self, err));
	self->about_task = true;
	PKG_TRY(check_inputs(self, err));
	self->about_task = false;
	if (is_made(self)) {
		self->begun = true;
	} else {
		PKG_TRY(make(self, err));
		PKG_TRY(pkg_task_check_result(open, &self->request, job->device,
					      err));
	}
	self->about_trust = true;
	if (job->trust != NULL)
		PKG_TRY(
		    pkg_task_verify_result(open, job->trust, job->device, err));
	self->about_trust = false;
	return finish(self, err);
}

/* -- what becomes of it -- */

static bool is_no(const struct pkg_err *err)
{
	return err->code == PKG_NO || err->code == PKG_INPUT;
}

static bool is_one_of(const struct pkg_err *err, const char *const *reasons)
{
	for (; err->reason != NULL && *reasons != NULL; reasons++)
		if (strcmp(err->reason, *reasons) == 0)
			return true;
	return false;
}

/* The policy that is at hand is another edition: whoever asks can mend that. */
static bool is_about_policy(const struct pkg_err *err)
{
	static const char *const reasons[] = {"approval-policy",
					      "no-approval-policy", NULL};

	return is_one_of(err, reasons);
}

/* A machine with no network may have a clock that is wrong. */
static bool is_about_clock(const struct pkg_err *err)
{
	static const char *const reasons[] = {"approval-expired", "expired",
					      "certificate-expired", NULL};

	return is_one_of(err, reasons);
}

/* A text that state.json can hold. */
static const char *tidy(struct pkg_task *task, const char *text,
			struct pkg_err *err)
{
	char quoted[2 * PKG_ERR_TEXT];

	if (!pkg_utf8_valid(text, strlen(text)) || strpbrk(text, "\r\x1b"))
		text = pkg_text_quote_cut(quoted, sizeof(quoted), text,
					  strlen(text));
	return pkg_arena_dup(task->arena, text, strlen(text), err);
}

/*
 * A refusal that no other key and no other machine could change is the end of
 * the task.  Before the key was used everything else is about who asked, and
 * the task waits for the next one.  A container that is made stays: whoever
 * comes next finds it, DONE or RUNNING, and what could not be tidied up.
 */
static enum pkg_code note_failure(struct run *self, struct pkg_err *err)
{
	static const char *const keep[] = {TASK_DRAFT, TASK_REQUEST,
					   TASK_DEVICE, NULL};
	struct pkg_err unwritten = PKG_ERR_INIT;
	struct pkg_task *task = self->open.task;

	if (self->made)
		return pkg_failed_(err->code);
	if (!self->begun &&
	    !(self->about_task && is_no(err) && !is_about_policy(err)))
		return pkg_failed_(err->code);
	task->status = PKG_TASK_FAILED;
	task->result = (struct pkg_task_product){0};
	task->failure = (struct pkg_task_failure){
	    .code = err->code,
	    .reason = err->reason,
	    .text = tidy(task, err->text, &unwritten),
	    .retry = !is_no(err) || self->about_trust || is_about_clock(err),
	};
	/* What cannot be noted stays RUNNING, and the next one goes on. */
	if (task->failure.text == NULL ||
	    pkg_task_save(&self->open, &unwritten) != PKG_OK)
		return pkg_failed_(err->code);
	(void)!pkg_job_purge(self->open.job, keep, &unwritten);
	return self->told ? pkg_task_audit_failed(self->job->audit, task,
						  &self->deed, err)
			  : pkg_failed_(err->code);
}

enum pkg_code pkg_task_run(struct pkg_task **out,
			   const struct pkg_task_run *job,
			   const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(run)
	struct run self = {
	    .job = job,
	    .open = {.env = env},
	    .deed = {.event = "task-run", .signer = &job->signer},
	    .draft = -1,
	};
	enum pkg_code code = PKG_OK;

	*out = NULL;
	PKG_TRY(pkg_task_open(&self.open, job->spool, job->device->tenant,
			      job->id, PKG_JOB_TRY, err));
	code = proceed(&self, err);
	if (code != PKG_OK)
		code = note_failure(&self, err);
	*out = PKG_STEAL(self.open.task);
	return code;
}
