/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/device_config.h"

#include <string.h>

static const struct {
	enum pkg_question about;
	enum pkg_verify_check_id check;
	const char *yes, *skipped;
} questions[] = {
    {PKG_ASK_SUITE, PKG_VERIFY_SUITE, "allowed", "not asked for"},
    {PKG_ASK_TENANT, PKG_VERIFY_TENANT, "the one asked for",
     "no tenant was asked for"},
    {PKG_ASK_DEVICE_CONFIG, PKG_VERIFY_DEVICE_CONFIG, "the one asked for",
     "no device config was asked for"},
    {PKG_ASK_SEQUENCE, PKG_VERIFY_SEQUENCE, "high enough",
     "no lowest sequence number was asked for"},
    {PKG_ASK_EXPIRY, PKG_VERIFY_EXPIRY, "not expired",
     "no clock: expiry was not looked at"},
};

/* Step 3, what the signed manifest claims. */
static enum pkg_code check_claims(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &run->head->manifest;
	const struct pkg_container_subject *subject = &manifest->subject;
	const struct pkg_trust_claims claims = {
	    .suite = manifest->suite,
	    .tenant = subject->tenant,
	    .device_config = subject->device_config,
	    .device_config_sha256 = run->verdict->device_config_sha256,
	    .has_sequence = subject->sequence >= 0,
	    .sequence = (uint64_t)subject->sequence,
	    .expires = subject->expires,
	};
	struct pkg_trust_question asked = {.claims = &claims,
					   .demands = &run->options->demands,
					   .clock = run->clock};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		enum pkg_answer answer = PKG_ANSWER_SKIPPED;

		asked.about = questions[i].about;
		if (pkg_trust_ask(run->options->trust, run->env, &asked,
				  &answer, err) != PKG_OK)
			return pkg_verify_failed(run, questions[i].check, err);
		PKG_TRY(pkg_verify_set(
		    run, questions[i].check,
		    answer == PKG_ANSWER_YES ? PKG_VERIFY_PASSED
					     : PKG_VERIFY_NOT_CHECKED,
		    err, "%s",
		    answer == PKG_ANSWER_YES ? questions[i].yes
					     : questions[i].skipped));
	}
	return PKG_OK;
}

/* A device config that was given is the one that the manifest names. */
static enum pkg_code check_made(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &run->head->manifest;
	const struct pkg_device_config *device = run->options->demands.device;

	if (device == NULL ||
	    pkg_device_config_check_made(
		device, manifest->kind,
		manifest->has_policy ? manifest->policy_sha256 : NULL,
		err) == PKG_OK)
		return PKG_OK;
	return pkg_verify_failed(run, PKG_VERIFY_DEVICE_CONFIG, err);
}

static enum pkg_code describe_approvals(struct verify_run *run,
					struct pkg_err *err)
{
	const struct pkg_approvals *approvals = &run->verdict->approvals;
	const char *text = "approved by";

	if (approvals->needed == 0)
		return pkg_verify_set(run, PKG_VERIFY_APPROVALS,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no approvals were asked for");
	for (size_t i = 0; i < approvals->count; i++) {
		text = pkg_arena_printf(run->verdict->arena, err,
					"%s%s %s (%s)", text, i == 0 ? "" : ",",
					approvals->items[i].id,
					approvals->items[i].role);
		if (text == NULL)
			return err->code;
	}
	return pkg_verify_set(run, PKG_VERIFY_APPROVALS, PKG_VERIFY_PASSED, err,
			      "%s", text);
}

/*
 * Step 4.  The request, and who asked for it, is read only later: an officer
 * who approved his own request is found by pkg_verify_requester().
 */
static enum pkg_code check_approvals(struct verify_run *run,
				     struct pkg_err *err)
{
	const struct pkg_container_head *head = run->head;
	const struct pkg_container_manifest *manifest = &head->manifest;
	const struct pkg_approval_subject subject = {
	    .request_sha256 = manifest->request_sha256,
	    .request_id = manifest->subject.id,
	    .tenant = manifest->subject.tenant,
	    .device_config_sha256 = manifest->subject.device_config != NULL
					? manifest->subject.device_config_sha256
					: NULL,
	    .policy_sha256 =
		manifest->has_policy ? manifest->policy_sha256 : NULL,
	};
	const struct pkg_approval_set set = {
	    .items = head->approvals,
	    .count = head->approval_count,
	    .subject = &subject,
	    .device = run->options->demands.device,
	    .clock = run->clock,
	    .trust = run->options->trust,
	};
	const struct pkg_approval_policy *policy = NULL;

	/* Nobody is believed, or nobody has signed: the answer is that. */
	if (run->refusal.code != PKG_OK)
		return pkg_verify_set(run, PKG_VERIFY_APPROVALS,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "not looked at before it is trusted");
	if (pkg_trust_approval_policy(run->options->trust,
				      subject.policy_sha256, &policy,
				      err) != PKG_OK ||
	    pkg_approvals_judge(policy, run->env, &set,
				&run->verdict->approvals, run->verdict->arena,
				err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_APPROVALS, err);
	return describe_approvals(run, err);
}

enum pkg_code pkg_verify_requester(struct verify_run *run,
				   const struct pkg_container_request *request,
				   struct pkg_err *err)
{
	const struct pkg_approvals *approvals = &run->verdict->approvals;
	const char *detail = run->verdict->checks[PKG_VERIFY_APPROVALS].detail;

	if (run->refusal.code != PKG_OK || approvals->needed == 0)
		return PKG_OK;
	if (request == NULL)
		return pkg_verify_set(
		    run, PKG_VERIFY_APPROVALS, PKG_VERIFY_PASSED, err,
		    "%s; who asked for it is encrypted", detail);
	if (pkg_approvals_check_requester(approvals, request->requester, err) !=
	    PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_APPROVALS, err);
	return pkg_verify_set(run, PKG_VERIFY_APPROVALS, PKG_VERIFY_PASSED, err,
			      "%s; asked for by %s", detail,
			      request->requester);
}

struct pkg_state_entry pkg_verify_entry(const struct verify_run *run)
{
	const struct pkg_container_subject *subject =
	    &run->head->manifest.subject;

	return (struct pkg_state_entry){
	    .tenant = subject->tenant,
	    .name = subject->name,
	    .device_config = subject->device_config,
	    .has_sequence = subject->sequence >= 0,
	    .sequence = (uint64_t)subject->sequence,
	    .manifest_sha256 = run->head->manifest_sha256,
	};
}

/* A first look, before anything is decrypted; the last one is at the end. */
static enum pkg_code check_state(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_state_entry entry = pkg_verify_entry(run);
	enum pkg_code code = PKG_OK;

	if (run->options->state == NULL)
		return pkg_verify_set(run, PKG_VERIFY_STATE,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no state was given");
	if (run->refusal.code != PKG_OK)
		return pkg_verify_set(run, PKG_VERIFY_STATE,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "not looked at before it is trusted");
	/* Anybody could write any number, and lock out all that is genuine. */
	if (run->head->manifest.kind == PKG_CONTAINER_ENCRYPTED)
		code = pkg_refuse(err, PKG_NO, "unsigned",
				  "it is not signed, so its sequence number "
				  "is nobody's word: no state can be kept");
	else
		code = pkg_state_check(run->options->state, &entry, err);
	if (code != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_STATE, err);
	return pkg_verify_set(run, PKG_VERIFY_STATE, PKG_VERIFY_PASSED, err,
			      "nothing newer was accepted before");
}

enum pkg_code pkg_verify_claims(struct verify_run *run, struct pkg_err *err)
{
	if (pkg_signers_check_acl(&run->verdict->signers,
				  run->options->demands.device, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_SIGNATURES, err);
	PKG_TRY(check_claims(run, err));
	PKG_TRY(check_made(run, err));
	PKG_TRY(check_state(run, err));
	return check_approvals(run, err);
}
