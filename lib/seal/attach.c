/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "packline/approval_policy.h"
#include "packline/device_config.h"
#include "packline/text.h"
#include "packline/trust.h"
#include "seal/input.h"
#include "seal/record.h"
#include "seal/response.h"

#include <string.h>

/* One attachment: what there is, and by what it is judged. */
struct attach {
	const struct pkg_seal_attach *job;
	const struct pkg_env *env;
	const struct pkg_seal_input *input;
	const struct pkg_seal_responses *found;
	struct pkg_clock clock;
	struct pkg_arena *arena;
};

/* A refusal that says "not enough yet", where that will do. */
static enum pkg_code forgive(const struct attach *self, enum pkg_code code,
			     const char *reason, struct pkg_err *err)
{
	if (code != PKG_NO || err->reason == NULL ||
	    strcmp(err->reason, reason) != 0)
		return code;
	if (!self->job->partial)
		return pkg_hint(err, "give all responses at once, or attach "
				     "some of them with --partial");
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

/* Judge signatures @from to @to; their threshold counts for all together. */
static enum pkg_code judge(const struct attach *self, size_t from, size_t to,
			   struct pkg_err *err)
{
	const struct pkg_seal_founds *all = &self->found->signatures;
	const struct pkg_container_bytes *json =
	    &self->input->head->manifest_json;
	struct pkg_signature_file files[PKG_LIMIT_SIGNATURES];
	struct pkg_signers signers = {0};
	struct pkg_err refusal = PKG_ERR_INIT;
	enum pkg_code code = PKG_OK, allowed = PKG_OK;
	const struct pkg_signature_set set = {
	    .content = json->data,
	    .content_len = json->len,
	    .files = files,
	    .count = to - from,
	    .clock = self->clock,
	};

	for (size_t i = from; i < to; i++)
		files[i - from] = (struct pkg_signature_file){
		    .name = all->items[i].name,
		    .der = all->items[i].p7s.data,
		    .len = all->items[i].p7s.len,
		};
	code = pkg_trust_signatures(self->job->trust, self->env, &set, &signers,
				    self->arena, err);
	/* That there are too few is forgiven to --partial, this is not. */
	if (code == PKG_OK ||
	    (code == PKG_NO && strcmp(err->reason, "threshold") == 0))
		allowed = pkg_signers_check_acl(
		    &signers, self->job->demands.device, &refusal);
	if (allowed == PKG_OK)
		return code;
	*err = refusal;
	return allowed;
}

/*
 * Each new signature must be by somebody who is trusted, and all of them enough
 * for the policy.
 */
static enum pkg_code check_signatures(const struct attach *self,
				      struct pkg_err *err)
{
	const struct pkg_seal_founds *all = &self->found->signatures;

	for (size_t i = 0; i < all->count; i++) {
		enum pkg_code code = PKG_OK;

		if (!all->items[i].fresh)
			continue;
		code = judge(self, i, i + 1, err);
		if (code == PKG_NO && strcmp(err->reason, "threshold") == 0) {
			*err = PKG_ERR_INIT;
			continue;
		}
		if (code == PKG_NO && strcmp(err->reason, "signature-bad") == 0)
			(void)pkg_hint(err, "it was made over the manifest of "
					    "another draft, or was changed on "
					    "its way");
		if (code != PKG_OK)
			return pkg_wrap(err, "%s", all->items[i].name);
	}
	if (all->count == 0)
		return PKG_OK;
	return forgive(self, judge(self, 0, all->count, err), "threshold", err);
}

static enum pkg_code check_approvals(const struct attach *self,
				     struct pkg_err *err)
{
	const struct pkg_seal_founds *all = &self->found->approvals;
	const struct pkg_container_request *request =
	    self->input->request != NULL ? self->input->request
					 : self->found->request;
	struct pkg_container_approval items[PKG_LIMIT_SIGNATURES];
	struct pkg_approval_subject subject;
	const struct pkg_approval_set set = {
	    .items = items,
	    .count = all->count,
	    .subject = &subject,
	    .device = self->job->demands.device,
	    .clock = self->clock,
	    .trust = self->job->trust,
	};
	const struct pkg_approval_policy *policy = NULL;
	struct pkg_approvals said = {0};

	pkg_seal_input_approvable(self->input, &subject);
	subject.requester_known = request != NULL;
	if (request != NULL)
		subject.requester = request->requester;
	for (size_t i = 0; i < all->count; i++)
		items[i] = (struct pkg_container_approval){
		    .json = all->items[i].json, .p7s = all->items[i].p7s};
	PKG_TRY(pkg_trust_approval_policy(self->job->trust,
					  subject.policy_sha256, &policy, err));
	return forgive(self,
		       pkg_approvals_judge(policy, self->env, &set, &said,
					   self->arena, err),
		       "too-few-approvals", err);
}

/* What the manifest claims, as pkg-verify asks for it. */
static enum pkg_code check_claims(const struct attach *self,
				  struct pkg_err *err)
{
	static const enum pkg_question questions[] = {
	    PKG_ASK_SUITE, PKG_ASK_TENANT, PKG_ASK_DEVICE_CONFIG,
	    PKG_ASK_SEQUENCE, PKG_ASK_EXPIRY};
	const struct pkg_container_manifest *manifest =
	    &self->input->head->manifest;
	const struct pkg_container_subject *subject = &manifest->subject;
	char hex[65];
	const struct pkg_trust_claims claims = {
	    .suite = manifest->suite,
	    .tenant = subject->tenant,
	    .device_config = subject->device_config,
	    .device_config_sha256 = subject->device_config != NULL ? hex : NULL,
	    .has_sequence = subject->sequence >= 0,
	    .sequence = (uint64_t)subject->sequence,
	    .expires = subject->expires,
	};
	struct pkg_trust_question asked = {.claims = &claims,
					   .demands = &self->job->demands,
					   .clock = self->clock};
	enum pkg_answer answer = PKG_ANSWER_SKIPPED;

	pkg_hex_encode(hex, subject->device_config_sha256, 32);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		asked.about = questions[i];
		PKG_TRY(pkg_trust_ask(self->job->trust, self->env, &asked,
				      &answer, err));
	}
	return self->job->demands.device == NULL
		   ? PKG_OK
		   : pkg_device_config_check_made(
			 self->job->demands.device, manifest->kind,
			 manifest->has_policy ? manifest->policy_sha256 : NULL,
			 err);
}

/*
 * What came back must be news.  --replace exchanges signatures: without a new
 * one a container would become a draft, and nobody asked for that.
 */
static enum pkg_code check_news(const struct attach *self, struct pkg_err *err)
{
	const struct pkg_seal_responses *found = self->found;

	if (self->job->replace && self->input->head->signature_count > 0 &&
	    found->signatures.count == 0) {
		pkg_fail(err, PKG_USAGE,
			 "no signature came back that could replace those that "
			 "are there");
		return pkg_hint(err, "to add approvals, leave out --replace");
	}
	if (pkg_seal_founds_fresh(&found->signatures) +
		pkg_seal_founds_fresh(&found->approvals) >
	    0)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE,
		 "no signature and no approval came back that it has not");
	return pkg_hint(err, "the signer has to sign the request: pkg-seal "
			     "sign REQUEST");
}

static enum pkg_code write_out(const struct attach *self, struct pkg_err *err)
{
	const struct pkg_seal_responses *found = self->found;
	const struct pkg_seal_output *output = &self->job->output;
	struct pkg_container_bytes signatures[PKG_LIMIT_SIGNATURES];
	struct pkg_container_approval approvals[PKG_LIMIT_SIGNATURES];
	const struct pkg_container_edit edit = {
	    .signatures = signatures,
	    .signature_count = found->signatures.count,
	    .approvals = approvals,
	    .approval_count = found->approvals.count,
	};
	const struct pkg_outfile_options options = {
	    .force = output->force, .seekable = true, .binary = true};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	struct pkg_seal_record record = {0};

	for (size_t i = 0; i < found->signatures.count; i++)
		signatures[i] = found->signatures.items[i].p7s;
	for (size_t i = 0; i < found->approvals.count; i++)
		approvals[i] = (struct pkg_container_approval){
		    .json = found->approvals.items[i].json,
		    .p7s = found->approvals.items[i].p7s};
	PKG_TRY(
	    pkg_seal_describe(&record, self->arena, self->input, output, err));
	record.draft = found->signatures.count == 0 &&
		       record.kind != PKG_CONTAINER_ENCRYPTED;
	/* An encrypted draft does not tell its names; what came back may. */
	if (!record.has_artifacts && found->request != NULL)
		PKG_TRY(pkg_seal_list_artifacts(&record, self->arena,
						found->request, err));
	PKG_TRY(pkg_seal_recall_artifacts(&record, self->arena,
					  self->job->records, err));
	PKG_TRY(pkg_seal_open_file(&file, output, &options, err));
	PKG_TRY(pkg_container_rewrite(self->input->container, &edit,
				      pkg_outfile_sink(file), err));
	return pkg_seal_commit(file, UINT64_MAX, output, &record,
			       self->env->crypto, err);
}

static enum pkg_code attach(struct attach *self,
			    struct pkg_seal_responses *found,
			    struct pkg_err *err)
{
	const struct pkg_seal_attach *job = self->job;
	const struct pkg_container_head *head = self->input->head;

	PKG_TRY(pkg_seal_responses_begin(found, head, !job->replace, err));
	PKG_TRY(pkg_seal_responses_read(found, err));
	if (job->tbs != NULL)
		PKG_TRY(pkg_seal_responses_assemble(found, job, err));
	PKG_TRY(check_news(self, err));
	if (head->manifest.kind == PKG_CONTAINER_ENCRYPTED &&
	    found->signatures.count > 0)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' is not "
				"signed");
	PKG_TRY(check_signatures(self, err));
	PKG_TRY(check_claims(self, err));
	PKG_TRY(check_approvals(self, err));
	return write_out(self, err);
}

enum pkg_code pkg_seal_attach(const struct pkg_seal_attach *job,
			      const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_input) struct pkg_seal_input input = {0};
	PKG_AUTO_FINI(pkg_seal_responses) struct pkg_seal_responses found = {0};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct attach self = {
	    .job = job,
	    .env = env,
	    .input = &input,
	    .found = &found,
	    .clock = pkg_trust_clock(job->trust, &job->demands),
	};

	/* What is not attached yet cannot carry its time stamp yet. */
	if (self.clock.mode == PKG_CLOCK_TSA)
		self.clock.mode = PKG_CLOCK_SYSTEM;
	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	self.arena = arena;
	PKG_TRY(pkg_seal_responses_load(&found, job, env, err));
	if (job->ready != NULL)
		PKG_TRY(job->ready(job->ready_context, err));
	PKG_TRY(pkg_seal_input_open(&input, job->source, NULL, env, err));
	if (input.head->request_file) {
		pkg_fail(err, PKG_USAGE,
			 "it is a signing request: there is nothing to attach "
			 "to");
		return pkg_hint(err, "name the draft first, then what came "
				     "back");
	}
	return attach(&self, &found, err);
}
