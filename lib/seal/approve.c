/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/approve.h"

#include "packline/approval_policy.h"
#include "packline/container_write.h"
#include "packline/device_config.h"
#include "packline/text.h"
#include "seal/input.h"
#include "seal/plan.h"
#include "seal/record.h"

#include <string.h>
#include <strings.h>

/* One decision on its way. */
struct decision {
	const struct pkg_seal_approve *job;
	const struct pkg_env *env;
	struct pkg_seal_input input;
	struct pkg_cms_sign_options signer;
	const struct pkg_approval_policy *policy;
	struct pkg_buf json, p7s; /* the result */
};

static void decision_fini(struct decision *self)
{
	pkg_seal_input_fini(&self->input);
	pkg_buf_fini(&self->json);
	pkg_buf_fini(&self->p7s);
}

/* The one that is named, or that of the device config. */
static const struct pkg_approval_policy *
policy_of(const struct pkg_approval_policy *policy,
	  const struct pkg_device_config *device)
{
	return policy == NULL && device != NULL ? device->policy : policy;
}

enum pkg_code pkg_seal_check_approvals(const struct pkg_seal_input *input,
				       const struct pkg_seal_terms *terms,
				       const struct pkg_env *env,
				       struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &input->head->manifest;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_approvals approvals = {0};
	struct pkg_approval_subject subject;
	const struct pkg_approval_set set = {
	    .items = input->head->approvals,
	    .count = input->head->approval_count,
	    .subject = &subject,
	    .device = terms->device,
	    .clock = {.mode = PKG_CLOCK_SYSTEM},
	};
	const struct pkg_approval_policy *policy =
	    policy_of(terms->policy, terms->device);

	pkg_seal_input_approvable(input, &subject);
	if (manifest->has_policy && input->request == NULL) {
		(void)pkg_refuse(err, PKG_NO, "no-requester",
				 "who asked for it is encrypted, so nobody can "
				 "tell whether an officer approved his own "
				 "request");
		return pkg_hint(err, "use its .request, which create --request "
				     "has written");
	}
	/* What names no device config has got past the policy of this one. */
	if (!manifest->has_policy && policy != terms->policy) {
		(void)pkg_refuse(err, PKG_NO, "unapproved",
				 "it was made under no approval policy, and "
				 "'%s' is asked for",
				 policy->path);
		return pkg_hint(err, "make it under that policy: create with "
				     "the device config, or --policy");
	}
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	return pkg_approvals_judge(policy, env, &set, &approvals, arena, err);
}

/* Is there such a request, and what was it made under? */
static enum pkg_code find_policy(struct decision *self, struct pkg_err *err)
{
	const struct pkg_seal_input *input = &self->input;

	self->policy = policy_of(self->job->policy, self->job->device);
	if (!input->head->manifest.has_policy)
		return pkg_refuse(err, PKG_NO, "approval-policy",
				  "it was made under no approval policy: there "
				  "is nothing to decide");
	if (self->policy == NULL) {
		pkg_fail(err, PKG_USAGE,
			 "it must be said as which officer this is");
		return pkg_hint(err, "give --policy FILE: the approval policy "
				     "that it was made under");
	}
	if (input->request != NULL)
		return PKG_OK;
	(void)pkg_fail(err, PKG_KEY,
		       "the request is encrypted: there is nothing to look at");
	return pkg_hint(err, "decide about its .request, which create "
			     "--request has written");
}

static enum pkg_code ask(const struct decision *self, struct pkg_err *err)
{
	const struct pkg_seal_approve *job = self->job;
	struct pkg_seal_subject subject;

	if (job->agree == NULL)
		return PKG_OK;
	pkg_seal_input_subject(&self->input, &subject);
	subject.act = job->decision == PKG_DECISION_APPROVED ? PKG_SEAL_APPROVE
							     : PKG_SEAL_REJECT;
	subject.reason = job->reason;
	subject.key = pkg_key_name(self->signer.key);
	subject.cert = pkg_certs_info(self->signer.certs, 0);
	return job->agree(job->agree_context, &subject, err);
}

static enum pkg_code write_container(const struct decision *self,
				     const struct pkg_container_edit *edit,
				     struct pkg_err *err)
{
	const struct pkg_seal_output *output = &self->job->output;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	/* Spooled even on a pipe: the payload is known only at its end. */
	const struct pkg_outfile_options options = {
	    .force = output->force, .seekable = true, .binary = true};
	struct pkg_seal_record record = {0};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_seal_describe(&record, arena, &self->input, output, err));
	record.draft = self->input.head->draft;
	PKG_TRY(pkg_seal_open_file(&file, output, &options, err));
	PKG_TRY(pkg_container_rewrite(self->input.container, edit,
				      pkg_outfile_sink(file), err));
	return pkg_seal_commit(file, UINT64_MAX, output, &record,
			       self->env->crypto, err);
}

/* The file again, with one approval more. */
static enum pkg_code write_again(const struct decision *self,
				 struct pkg_err *err)
{
	const struct pkg_container_head *head = self->input.head;
	struct pkg_container_approval list[PKG_LIMIT_SIGNATURES];
	const struct pkg_container_edit edit = {
	    .signatures = head->signatures,
	    .signature_count = head->signature_count,
	    .approvals = list,
	    .approval_count = head->approval_count + 1,
	};

	memcpy(list, head->approvals, head->approval_count * sizeof(list[0]));
	list[head->approval_count] = (struct pkg_container_approval){
	    .json = {self->json.data, self->json.len},
	    .p7s = {self->p7s.data, self->p7s.len},
	};
	return head->request_file
		   ? pkg_seal_write_request(&self->input, &edit,
					    &self->job->output, self->env, err)
		   : write_container(self, &edit, err);
}

/* Both files are written before the first of them is given its name. */
static enum pkg_code write_pair(const struct decision *self,
				struct pkg_err *err)
{
	const struct pkg_seal_output *output = &self->job->output;
	const struct pkg_outfile_options options = {.force = output->force};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *json = NULL;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *p7s = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const char *names[2];

	if (strcmp(output->path, "-") == 0)
		return pkg_fail(err, PKG_USAGE,
				"--pair writes two files, not to standard "
				"output");
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	names[0] = pkg_arena_printf(arena, err, "%s.json", output->path);
	names[1] = pkg_arena_printf(arena, err, "%s.p7s", output->path);
	if (names[0] == NULL || names[1] == NULL)
		return err->code;
	PKG_TRY(
	    pkg_outfile_open(&json, output->dirfd, names[0], &options, err));
	PKG_TRY(pkg_outfile_open(&p7s, output->dirfd, names[1], &options, err));
	PKG_TRY(pkg_sink_write(pkg_outfile_sink(json), self->json.data,
			       self->json.len, err));
	PKG_TRY(pkg_sink_write(pkg_outfile_sink(p7s), self->p7s.data,
			       self->p7s.len, err));
	PKG_TRY(pkg_outfile_commit(json, UINT64_MAX, err));
	return pkg_outfile_commit(p7s, UINT64_MAX, err);
}

static enum pkg_code decide(struct decision *self, struct pkg_err *err)
{
	const struct pkg_seal_approve *job = self->job;
	struct pkg_approval_subject subject;
	struct pkg_approval_decision decision = {
	    .device = job->device,
	    .subject = &subject,
	    .decision = job->decision,
	    .reason = job->reason,
	    .expires = job->expires,
	    .signer = &self->signer,
	};

	PKG_TRY(pkg_seal_input_open(&self->input, job->source, NULL, self->env,
				    err));
	PKG_TRY(
	    pkg_seal_check_expected(self->input.head, job->expect_sha256, err));
	PKG_TRY(pkg_seal_check_subject(&self->input.head->manifest, job->device,
				       self->env, err));
	PKG_TRY(find_policy(self, err));
	pkg_seal_input_approvable(&self->input, &subject);
	decision.policy = self->policy;
	decision.others = self->input.head->approvals;
	decision.other_count = self->input.head->approval_count;
	PKG_TRY(pkg_approval_prepare(&self->json, &decision, self->env, err));
	PKG_TRY(pkg_seal_check_sound(self->input.head, self->env, err));
	PKG_TRY(pkg_seal_input_check_whole(&self->input, job->before, self->env,
					   err));
	PKG_TRY(ask(self, err));
	PKG_TRY(pkg_approval_sign(&self->p7s, &self->json, &decision, err));
	return job->pair ? write_pair(self, err) : write_again(self, err);
}

enum pkg_code pkg_seal_approve(const struct pkg_seal_approve *job,
			       const struct pkg_env *env, struct pkg_err *err)
{
	struct decision self = {
	    .job = job,
	    .env = env,
	    .json = {.max = PKG_LIMIT_APPROVAL},
	    .p7s = {.max = PKG_LIMIT_SIGNATURE},
	};
	enum pkg_code code = PKG_OK;

	if (!pkg_approval_is_reason(job->reason))
		return pkg_fail(err, PKG_USAGE,
				"a reason has 1 to %u characters, on one line",
				PKG_LIMIT_REASON);
	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_seal_signer_options(&self.signer, &job->signer, env, err));
	code = decide(&self, err);
	decision_fini(&self);
	return code;
}
