/* SPDX-License-Identifier: Apache-2.0 */
#include "approvals.h"
#include "impl.h"

#include "packline/batch_life.h"
#include "packline/cms.h"
#include "packline/text.h"

#include <string.h>

/* One decision on its way. */
struct accepting {
	const struct pkg_batch_accept *job;
	struct pkg_batch *batch;
	struct pkg_buf request;
	uint8_t sha256[32]; /* of the request */
	struct pkg_batch_approvals others;
	struct pkg_cms_sign_options signer;
	struct pkg_buf json, p7s; /* what is decided */
};

static void accepting_fini(struct accepting *self)
{
	pkg_buf_fini(&self->request);
	pkg_buf_fini(&self->json);
	pkg_buf_fini(&self->p7s);
	pkg_batch_approvals_fini(&self->others);
}

static enum pkg_code check_args(const struct accepting *self,
				struct pkg_err *err)
{
	const struct pkg_batch_accept *job = self->job;
	const char *reason = job->reason;

	if (reason != NULL && !pkg_approval_is_reason(reason))
		return pkg_fail(err, PKG_USAGE,
				"a reason has 1 to %u characters, on one line",
				PKG_LIMIT_REASON);
	if (!self->batch->record.has_policy) {
		if (job->key == NULL && job->expires == NULL)
			return PKG_OK;
		pkg_fail(err, PKG_USAGE,
			 "process '%s' has no approval policy: there is no "
			 "officer who could sign or set a time",
			 self->batch->record.process_name);
		return pkg_hint(err, "leave out --key and --expires, or give "
				     "the process an approvalPolicy");
	}
	if (job->key == NULL) {
		pkg_fail(err, PKG_USAGE, "no key to sign with");
		return pkg_hint(err, "give --key KEY and --cert FILE: those of "
				     "an officer of the approval policy");
	}
	if (reason == NULL) {
		pkg_fail(err, PKG_USAGE,
			 "a decision and its reason must be said");
		return pkg_hint(err, "--reason TEXT");
	}
	return PKG_OK;
}

/* Is it something that can be decided about? */
static enum pkg_code check_batch(const struct accepting *self,
				 struct pkg_err *err)
{
	const struct pkg_batch *batch = self->batch;
	const uint8_t *expected = self->job->expect_sha256;
	char hex[65];

	if (batch->state.documents == 0)
		return pkg_batch_refuse_empty(batch, err);
	PKG_TRY(pkg_batch_check_horizon(batch, err));
	PKG_TRY(pkg_batch_chain_check(batch, err));
	if (expected == NULL || memcmp(expected, self->sha256, 32) == 0)
		return PKG_OK;
	pkg_hex_encode(hex, self->sha256, 32);
	(void)pkg_refuse(err, PKG_NO, "digest-mismatch",
			 "the digest of the request is %s", hex);
	return pkg_hint(err, "it is not the batch that you have looked at");
}

/* What his signature goes under, if officers are asked. */
static enum pkg_code prepare(struct accepting *self,
			     struct pkg_approval_decision *decision,
			     struct batch_subject *about, struct pkg_err *err)
{
	const struct pkg_batch_accept *job = self->job;

	PKG_TRY(pkg_cms_sign_as(&self->signer, self->batch->env, job->key,
				job->certs, err));
	self->signer.padding = job->padding;
	PKG_TRY(pkg_batch_approvals_read(&self->others, self->batch, err));
	pkg_batch_subject(about, self->batch, self->sha256);
	*decision = (struct pkg_approval_decision){
	    .policy = self->batch->process->approval_policy,
	    .subject = &about->subject,
	    .others = self->others.items,
	    .other_count = self->others.count,
	    .decision = job->decision,
	    .reason = job->reason,
	    .expires = job->expires,
	    .signer = &self->signer,
	};
	return pkg_approval_prepare(&self->json, decision, self->batch->env,
				    err);
}

static enum pkg_code ask(const struct accepting *self, struct pkg_err *err)
{
	return self->job->agree == NULL
		   ? PKG_OK
		   : self->job->agree(self->job->agree_context, self->batch,
				      self->sha256, err);
}

/* By an officer, with his key: the pair, and then whether it is enough. */
static enum pkg_code decide_signed(struct accepting *self,
				   struct pkg_batch_state *state,
				   struct pkg_err *err)
{
	struct pkg_approval_decision decision;
	struct batch_subject about;
	char name[BATCH_FILE_NAME];

	PKG_TRY(prepare(self, &decision, &about, err));
	PKG_TRY(ask(self, err));
	PKG_TRY(pkg_approval_sign(&self->p7s, &self->json, &decision, err));
	PKG_TRY(
	    pkg_batch_replace(self->batch, BATCH_REQUEST, &self->request, err));
	state->approvals++;
	pkg_batch_file_name(name, BATCH_APPROVAL_JSON, state->approvals);
	PKG_TRY(pkg_batch_replace(self->batch, name, &self->json, err));
	pkg_batch_file_name(name, BATCH_APPROVAL_P7S, state->approvals);
	return pkg_batch_replace(self->batch, name, &self->p7s, err);
}

/* By whoever may write here. */
static enum pkg_code decide_plain(struct accepting *self, struct pkg_err *err)
{
	const struct pkg_env *env = self->batch->env;
	char at[21];
	struct batch_accept accept = {
	    .at = at,
	    .by = self->job->by,
	    .reason = self->job->reason,
	    .approved = self->job->decision == PKG_DECISION_APPROVED,
	};

	if (!pkg_time_format(at, env->now(env)))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	memcpy(accept.request_sha256, self->sha256, 32);
	PKG_TRY(pkg_batch_accept_encode(&self->json, &accept, err));
	PKG_TRY(ask(self, err));
	PKG_TRY(
	    pkg_batch_replace(self->batch, BATCH_REQUEST, &self->request, err));
	return pkg_batch_replace(self->batch, BATCH_ACCEPT, &self->json, err);
}

/* Have enough officers said yes, with the one who just did? */
static enum pkg_code is_enough(struct accepting *self,
			       struct pkg_batch_state *state, bool *out,
			       struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_batch_state before = self->batch->state;
	struct pkg_approvals said = {0};
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	self->batch->state = *state;
	code = pkg_batch_judge(self->batch, self->sha256, &said, arena, err);
	self->batch->state = before;
	*out = code == PKG_OK;
	if (code == PKG_OK || err->reason == NULL ||
	    strcmp(err->reason, "too-few-approvals") != 0)
		return code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code decide(struct accepting *self, struct pkg_err *err)
{
	struct pkg_batch *batch = self->batch;
	struct pkg_batch_state state = batch->state;
	const bool yes = self->job->decision == PKG_DECISION_APPROVED;
	bool enough = yes;

	if (batch->record.has_policy) {
		PKG_TRY(decide_signed(self, &state, err));
		if (yes)
			PKG_TRY(is_enough(self, &state, &enough, err));
	} else {
		PKG_TRY(decide_plain(self, err));
	}
	state.listed = true;
	state.rejected = !yes;
	/* One step: nobody sees a batch that enough have accepted as NEW. */
	if (enough)
		state.status = PKG_BATCH_ACCEPTED;
	return pkg_batch_set_state(batch, &state, err);
}

enum pkg_code pkg_batch_accept(struct pkg_batch *batch,
			       const struct pkg_batch_accept *accept,
			       struct pkg_err *err)
{
	struct accepting self = {
	    .job = accept,
	    .batch = batch,
	    .request = {.max = PKG_LIMIT_BATCH_RECORD},
	    .json = {.max = PKG_LIMIT_APPROVAL},
	    .p7s = {.max = PKG_LIMIT_SIGNATURE},
	};
	enum pkg_code code = pkg_batch_allows(batch, PKG_BATCH_ACCEPT, err);

	if (code == PKG_OK)
		code = check_args(&self, err);
	if (code == PKG_OK)
		code =
		    pkg_batch_request(batch, &self.request, self.sha256, err);
	if (code == PKG_OK)
		code = check_batch(&self, err);
	if (code == PKG_OK)
		code = decide(&self, err);
	accepting_fini(&self);
	return code;
}
