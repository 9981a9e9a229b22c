/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/plan.h"

#include "packline/approval_policy.h"
#include "packline/cert.h"
#include "packline/device_config.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum pkg_code pkg_seal_signer_options(struct pkg_cms_sign_options *out,
				      const struct pkg_seal_signer *signer,
				      const struct pkg_env *env,
				      struct pkg_err *err)
{
	PKG_TRY(pkg_cms_sign_as(out, env, signer->key, signer->certs, err));
	out->content_type = PKG_OID_MANIFEST;
	out->padding = signer->padding;
	return PKG_OK;
}

/* A time in its only spelling; NULL stays NULL. */
static enum pkg_code plan_time(struct pkg_seal_plan *plan, const char **out,
			       const char *option, const char *text,
			       struct pkg_err *err)
{
	char utc[21];
	int64_t seconds = 0;

	if (text == NULL)
		return PKG_OK;
	if (!pkg_time_parse(&seconds, text, strlen(text)) ||
	    !pkg_time_format(utc, seconds)) {
		char quoted[80];

		pkg_fail(err, PKG_USAGE, "%s: '%s' is not a time", option,
			 pkg_text_quote_cut(quoted, sizeof(quoted), text,
					    strlen(text)));
		return pkg_hint(err, "write it like 2026-12-01T02:00:00Z");
	}
	*out = pkg_arena_dup(plan->arena, utc, strlen(utc), err);
	return *out == NULL ? err->code : PKG_OK;
}

static enum pkg_code plan_kind(struct pkg_seal_plan *plan,
			       const struct pkg_seal_create *job,
			       struct pkg_err *err)
{
	const struct pkg_device_config *device = job->device;
	enum pkg_container_kind kind = PKG_CONTAINER_SIGNED;

	if (job->sign_only && job->encrypt_only)
		return pkg_fail(err, PKG_USAGE,
				"--sign-only and --encrypt-only contradict "
				"each other");
	if (job->encrypt_only)
		kind = PKG_CONTAINER_ENCRYPTED;
	else if (!job->sign_only && job->recipients.count > 0)
		kind = PKG_CONTAINER_SEALED;
	if (device != NULL) {
		if ((job->sign_only || job->encrypt_only) &&
		    kind != device->kind)
			return pkg_fail(err, PKG_USAGE,
					"device config '%s' asks for kind '%s'",
					device->id,
					pkg_container_kind_name(device->kind));
		kind = device->kind;
	}
	if (kind == PKG_CONTAINER_SIGNED && job->recipients.count > 0)
		return pkg_fail(err, PKG_USAGE,
				"--recipient makes no sense: nothing is "
				"encrypted");
	plan->spec.kind = kind;
	return PKG_OK;
}

static enum pkg_code plan_subject(struct pkg_seal_plan *plan,
				  const struct pkg_seal_create *job,
				  struct pkg_err *err)
{
	struct pkg_container_subject *subject = &plan->spec.subject;
	const struct pkg_device_config *device = job->device;

	subject->content = PKG_CONTAINER_FILES;
	subject->name = job->name;
	subject->version = job->version;
	subject->tenant = job->tenant;
	subject->sequence = job->has_sequence ? (int64_t)job->sequence : -1;
	plan->spec.requester = job->requester;
	PKG_TRY(
	    plan_time(plan, &subject->expires, "--expires", job->expires, err));
	PKG_TRY(
	    plan_time(plan, &subject->created, "--created", job->created, err));
	if (device != NULL) {
		if (job->tenant != NULL &&
		    strcmp(job->tenant, device->tenant) != 0)
			return pkg_fail(err, PKG_USAGE,
					"device config '%s' is for tenant "
					"'%s', but --tenant says '%s'",
					device->id, device->tenant,
					job->tenant);
		subject->tenant = device->tenant;
		subject->device_config = device->id;
		(void)pkg_hex_decode(subject->device_config_sha256, 32,
				     device->sha256, strlen(device->sha256));
	}
	if (subject->tenant != NULL && subject->name != NULL &&
	    subject->version != NULL)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE,
		 "a container needs a tenant, a name and a "
		 "version");
	return pkg_hint(err, "give --tenant (or -d), --name and --version");
}

/*
 * Who asks for it must be told apart from who approves it, and what is to be
 * approved cannot be signed in the same breath.
 */
static enum pkg_code plan_policy(struct pkg_seal_plan *plan,
				 const struct pkg_seal_create *job,
				 struct pkg_err *err)
{
	const struct pkg_device_config *device = job->device;
	const struct pkg_approval_policy *policy = job->policy;

	if (device != NULL)
		PKG_TRY(pkg_device_config_may_use(device, job->requester, err));
	if (device != NULL && device->policy != NULL) {
		if (policy != NULL &&
		    memcmp(policy->sha256, device->policy->sha256, 32) != 0)
			return pkg_fail(err, PKG_USAGE,
					"device config '%s' asks for the "
					"approval policy '%s', not for '%s'",
					device->id, device->policy->path,
					policy->path);
		policy = device->policy;
	}
	if (policy == NULL)
		return PKG_OK;
	plan->spec.has_policy = true;
	memcpy(plan->spec.policy_sha256, policy->sha256, 32);
	PKG_TRY(pkg_approval_policy_needs_requester(job->requester, err));
	if (job->signer.key == NULL)
		return PKG_OK;
	pkg_refuse(err, PKG_NO, "too-few-approvals",
		   "'%s' asks for %zu approval%s before it is signed",
		   policy->path, policy->required,
		   policy->required == 1 ? "" : "s");
	return pkg_hint(err, "make a draft without --key, then: pkg-seal "
			     "request, approve, sign, attach");
}

static enum pkg_code plan_input(struct pkg_container_input *input,
				const struct pkg_seal_create *job,
				const char *path, struct pkg_err *err)
{
	*input = (struct pkg_container_input){
	    .from = PKG_FROM_PATH,
	    .source_name = pkg_path_basename(path),
	    .path = path,
	    .dirfd = job->dirfd,
	};
	if (strcmp(path, "-") != 0)
		return PKG_OK;
	if (job->stdin_name == NULL) {
		pkg_fail(err, PKG_USAGE,
			 "standard input has no name to be stored under");
		return pkg_hint(err, "give --stdin-name NAME");
	}
	input->from = PKG_FROM_FD;
	input->fd = STDIN_FILENO;
	input->source_name = job->stdin_name;
	return PKG_OK;
}

static enum pkg_code plan_files(struct pkg_seal_plan *plan,
				const struct pkg_seal_create *job,
				struct pkg_err *err)
{
	struct pkg_container_input *inputs = pkg_arena_array(
	    plan->arena, job->files.count + 1, sizeof(*inputs), err);
	size_t from_stdin = 0;

	if (inputs == NULL)
		return err->code;
	for (size_t i = 0; i < job->files.count; i++) {
		PKG_TRY(plan_input(&inputs[i], job, job->files.items[i], err));
		from_stdin += inputs[i].from == PKG_FROM_FD;
	}
	if (job->metadata != NULL) {
		PKG_TRY(plan_input(&plan->metadata, job, job->metadata, err));
		from_stdin += plan->metadata.from == PKG_FROM_FD;
		plan->spec.metadata = &plan->metadata;
	}
	if (from_stdin > 1)
		return pkg_fail(err, PKG_USAGE,
				"standard input can be read only once");
	plan->spec.inputs = inputs;
	plan->spec.input_count = job->files.count;
	return PKG_OK;
}

/* The input that "[NAME=]HEX" is about; @hex receives the digits. */
static struct pkg_container_input *given_for(struct pkg_container_input *inputs,
					     size_t count, const char *word,
					     const char **hex)
{
	const char *equals = strrchr(word, '=');

	*hex = equals == NULL ? word : equals + 1;
	if (equals == NULL)
		return count == 1 ? &inputs[0] : NULL;
	for (size_t i = 0; i < count; i++) {
		const char *name = inputs[i].source_name;

		if (strlen(name) == (size_t)(equals - word) &&
		    memcmp(name, word, (size_t)(equals - word)) == 0)
			return &inputs[i];
	}
	return NULL;
}

static enum pkg_code plan_given(struct pkg_seal_plan *plan,
				const struct pkg_seal_create *job,
				struct pkg_err *err)
{
	struct pkg_container_input *inputs = NULL;

	/* The array is ours; spec only promises not to change it. */
	memcpy(&inputs, &plan->spec.inputs, sizeof(inputs));
	for (size_t i = 0; i < job->given.count; i++) {
		const char *hex = NULL;
		char quoted[160];
		struct pkg_container_input *input = given_for(
		    inputs, plan->spec.input_count, job->given.items[i], &hex);

		pkg_text_quote_cut(quoted, sizeof(quoted), job->given.items[i],
				   strlen(job->given.items[i]));
		if (input == NULL) {
			pkg_fail(err, PKG_USAGE,
				 "--sha256 '%s': of which file?", quoted);
			return pkg_hint(err, "write NAME=DIGEST with the name "
					     "of one of the files");
		}
		if (input->has_given)
			return pkg_fail(err, PKG_USAGE,
					"--sha256 '%s': the file has one "
					"already",
					quoted);
		if (!pkg_hex_decode(input->given_sha256, 32, hex, strlen(hex)))
			return pkg_fail(err, PKG_USAGE,
					"--sha256 '%s': not 64 digits 0-9 a-f",
					quoted);
		input->has_given = true;
	}
	return PKG_OK;
}

enum pkg_code pkg_seal_plan_make(struct pkg_seal_plan *plan,
				 const struct pkg_seal_create *job,
				 const struct pkg_container_input *only,
				 const struct pkg_env *env, struct pkg_err *err)
{
	PKG_TRY(pkg_arena_new(&plan->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(plan_kind(plan, job, err));
	PKG_TRY(plan_subject(plan, job, err));
	PKG_TRY(plan_policy(plan, job, err));
	if (only == NULL) {
		PKG_TRY(plan_files(plan, job, err));
		PKG_TRY(plan_given(plan, job, err));
	} else {
		plan->spec.inputs = only;
		plan->spec.input_count = 1;
	}
	PKG_TRY(pkg_seal_plan_recipients(plan, job, env, err));
	plan->spec.progress = job->output.progress;
	plan->spec.progress_context = job->output.context;
	if (job->signer.key == NULL)
		return PKG_OK;
	if (plan->spec.kind == PKG_CONTAINER_ENCRYPTED)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' is not "
				"signed: --key makes no sense");
	PKG_TRY(pkg_seal_signer_options(&plan->signer, &job->signer, env, err));
	plan->spec.signer = &plan->signer;
	return PKG_OK;
}

void pkg_seal_plan_fini(struct pkg_seal_plan *plan)
{
	pkg_certs_free(plan->recipients);
	for (size_t i = 0; i < plan->kek_count; i++)
		pkg_kek_free(plan->keks[i]);
	pkg_arena_free(plan->arena);
	*plan = (struct pkg_seal_plan){0};
}
