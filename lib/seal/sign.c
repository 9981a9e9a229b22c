/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "packline/container_write.h"
#include "packline/device_config.h"
#include "packline/trust.h"
#include "seal/approve.h"
#include "seal/input.h"
#include "seal/plan.h"
#include "seal/record.h"

#include <string.h>

/* May this be signed at all? */
static enum pkg_code check_head(const struct pkg_seal_sign *job,
				const struct pkg_container_head *head,
				struct pkg_err *err)
{
	PKG_TRY(pkg_seal_check_expected(head, job->expect_sha256, err));
	if (head->manifest.kind == PKG_CONTAINER_ENCRYPTED)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' is not "
				"signed");
	if (job->again && head->signature_count == 0) {
		(void)pkg_fail(err, PKG_USAGE,
			       "it is a draft: there is no signature to keep "
			       "or to replace");
		return pkg_hint(err, "sign it: pkg-seal sign");
	}
	if (!job->replace && head->signature_count == PKG_LIMIT_SIGNATURES)
		return pkg_refuse(err, PKG_USAGE, "limit",
				  "it has %u signatures already",
				  PKG_LIMIT_SIGNATURES);
	return PKG_OK;
}

/* One key signs once: a second signature would say nothing more. */
static enum pkg_code check_new(const struct pkg_container_head *head,
			       const struct pkg_cms_sign_options *signer,
			       const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_cert_info *own = pkg_certs_info(signer->certs, 0);

	for (size_t i = 0; i < head->signature_count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(pkg_cms_parse(&cms, env->crypto,
				      head->signatures[i].data,
				      head->signatures[i].len, err));
		if (memcmp(pkg_cms_claim(cms)->cert.spki, own->spki, 32) != 0)
			continue;
		(void)pkg_refuse(err, PKG_USAGE, "already-signed",
				 "the key of '%s' has signed it already",
				 own->subject);
		return pkg_hint(err, "to sign again with it: pkg-seal resign "
				     "--replace");
	}
	return PKG_OK;
}

/* Do not put a good signature beside one that makes the container bad. */
static enum pkg_code check_others(const struct pkg_container_head *head,
				  const struct pkg_cms_sign_options *signer,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_TRY(check_new(head, signer, env, err));
	return pkg_seal_check_sound(head, env, err);
}

/*
 * Does the device config let him sign?  What he is called is what the verifier
 * calls him, if that is known here, else what his certificate says.
 */
static enum pkg_code check_acl(const struct pkg_seal_sign *job,
			       const struct pkg_cms_sign_options *signer,
			       struct pkg_err *err)
{
	const struct pkg_cert_info *own = pkg_certs_info(signer->certs, 0);
	const char *id = pkg_trust_pin_id(job->trust, own->spki);

	if (job->device == NULL ||
	    pkg_device_config_may_sign(
		job->device, id == NULL ? own->common_name : id, err) == PKG_OK)
		return PKG_OK;
	return id != NULL
		   ? err->code
		   : pkg_hint(err, "if the acl has the ids of pins, give "
				   "the trust policy: --trust FILE");
}

/* The last question before the key is used. */
static enum pkg_code ask(const struct pkg_seal_sign *job,
			 const struct pkg_seal_input *input,
			 const struct pkg_cms_sign_options *signer,
			 struct pkg_err *err)
{
	struct pkg_seal_subject subject;

	if (job->agree == NULL)
		return PKG_OK;
	pkg_seal_input_subject(input, &subject);
	subject.act = PKG_SEAL_SIGN;
	subject.key = job->tbs ? NULL : pkg_key_name(signer->key);
	subject.cert = pkg_certs_info(signer->certs, 0);
	return job->agree(job->agree_context, &subject, err);
}

static enum pkg_code write_container(const struct pkg_seal_input *input,
				     const struct pkg_seal_sign *job,
				     const struct pkg_container_edit *edit,
				     const struct pkg_env *env,
				     struct pkg_err *err)
{
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	/* Spooled even on a pipe: the payload is known only at its end. */
	const struct pkg_outfile_options options = {
	    .force = job->output.force, .seekable = true, .binary = true};
	struct pkg_seal_record record = {0};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_seal_describe(&record, arena, input, &job->output, err));
	PKG_TRY(pkg_seal_recall_artifacts(&record, arena, job->records, err));
	PKG_TRY(pkg_seal_open_file(&file, &job->output, &options, err));
	PKG_TRY(pkg_container_rewrite(input->container, edit,
				      pkg_outfile_sink(file), err));
	return pkg_seal_commit(file, UINT64_MAX, &job->output, &record,
			       env->crypto, err);
}

/* What there was, and the new signature. */
static enum pkg_code write_signed(const struct pkg_seal_input *input,
				  const struct pkg_seal_sign *job,
				  const struct pkg_buf *der,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	const struct pkg_container_head *head = input->head;
	struct pkg_container_bytes list[PKG_LIMIT_SIGNATURES];
	struct pkg_container_edit edit = {
	    .signatures = list,
	    .approvals = head->approvals,
	    .approval_count = head->approval_count,
	};

	for (size_t i = 0; !job->replace && i < head->signature_count; i++)
		list[edit.signature_count++] = head->signatures[i];
	list[edit.signature_count++] =
	    (struct pkg_container_bytes){der->data, der->len};
	if (head->request_file)
		return pkg_seal_write_request(input, &edit, &job->output, env,
					      err);
	return write_container(input, job, &edit, env, err);
}

/* The attributes that somebody else's key has to sign. */
static enum pkg_code write_tbs(const struct pkg_seal_sign *job,
			       const struct pkg_buf *der, struct pkg_err *err)
{
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {.force = job->output.force,
						    .binary = true};

	PKG_TRY(pkg_seal_open_file(&file, &job->output, &options, err));
	PKG_TRY(
	    pkg_sink_write(pkg_outfile_sink(file), der->data, der->len, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

enum pkg_code pkg_seal_sign(const struct pkg_seal_sign *job,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_input) struct pkg_seal_input input = {0};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	struct pkg_cms_sign_options options;
	const struct pkg_container_bytes *json = NULL;

	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_seal_signer_options(&options, &job->signer, env, err));
	PKG_TRY(pkg_seal_input_open(&input, job->source, NULL, env, err));
	json = &input.head->manifest_json;
	PKG_TRY(check_head(job, input.head, err));
	PKG_TRY(pkg_seal_check_subject(&input.head->manifest, job->device, env,
				       err));
	PKG_TRY(check_acl(job, &options, err));
	PKG_TRY(pkg_seal_check_approvals(
	    &input, &(struct pkg_seal_terms){job->policy, job->device}, env,
	    err));
	if (!job->replace)
		PKG_TRY(check_others(input.head, &options, env, err));
	PKG_TRY(pkg_seal_input_check_whole(&input, job->before, env, err));
	PKG_TRY(ask(job, &input, &options, err));
	if (job->tbs) {
		PKG_TRY(
		    pkg_cms_tbs(&der, json->data, json->len, &options, err));
		return write_tbs(job, &der, err);
	}
	PKG_TRY(pkg_cms_sign(&der, json->data, json->len, &options, err));
	return write_signed(&input, job, &der, env, err);
}
