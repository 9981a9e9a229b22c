/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/input.h"

#include "packline/approval_policy.h"
#include "packline/device_config.h"
#include "packline/secret.h"
#include "packline/text.h"
#include "packline/trust.h"
#include "packline/verify.h"
#include "seal/record.h"

#include <string.h>

void pkg_seal_input_fini(struct pkg_seal_input *input)
{
	pkg_container_free(input->container);
	*input = (struct pkg_seal_input){0};
}

static enum pkg_code unlock(const struct pkg_seal_input *input,
			    const struct pkg_seal_opener *with,
			    struct pkg_err *err)
{
	const struct pkg_container_head *head = input->head;
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;

	/* Nothing is encrypted in a .request, nor in kind signed. */
	if (with == NULL || head->request_file || head->recipients.len == 0)
		return PKG_OK;
	if (with->kek != NULL)
		return pkg_container_unlock_kek(input->container, with->kek,
						err);
	if (with->key == NULL)
		return PKG_OK;
	PKG_TRY(pkg_envelope_open(&cek, head->recipients.data,
				  head->recipients.len, with->key, with->cert,
				  err));
	return pkg_container_unlock(input->container, cek, err);
}

static enum pkg_code read_documents(struct pkg_seal_input *input,
				    const struct pkg_seal_opener *with,
				    struct pkg_err *err)
{
	struct pkg_container *container = input->container;
	const struct pkg_container_bytes *der = &input->head->recipients;

	PKG_TRY(pkg_container_check_recipients(container, err));
	if (der->len > 0)
		PKG_TRY(pkg_envelope_check(&input->recipients, der->data,
					   der->len, err));
	PKG_TRY(unlock(input, with, err));
	PKG_TRY(pkg_container_request(container, &input->request, err));
	input->request_json = pkg_container_request_json(container);
	PKG_TRY(pkg_container_plan(container, &input->plan, err));
	if (input->plan.len == 0 || input->request == NULL)
		return PKG_OK;
	return pkg_verify_plan(input->request, input->plan.data,
			       input->plan.len, err);
}

enum pkg_code pkg_seal_input_open(struct pkg_seal_input *input,
				  struct pkg_source *source,
				  const struct pkg_seal_opener *with,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_TRY(pkg_container_open_any(&input->container, source, env, err));
	input->head = pkg_container_head(input->container);
	if (input->head->signature_count > 0)
		PKG_TRY(pkg_container_check_order(input->container, err));
	PKG_TRY(read_documents(input, with, err));
	if (input->head->request_file)
		return pkg_container_finish(input->container, err);
	return PKG_OK;
}

enum pkg_code pkg_seal_input_read(struct pkg_seal_input *input,
				  struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;

	for (;;) {
		PKG_TRY(pkg_container_next(input->container, &item, err));
		if (item == NULL)
			return pkg_container_finish(input->container, err);
		PKG_TRY(pkg_container_read(input->container, NULL, err));
	}
}

enum pkg_code pkg_seal_input_check_whole(const struct pkg_seal_input *input,
					 struct pkg_source *before,
					 const struct pkg_env *env,
					 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_input) struct pkg_seal_input whole = {0};

	if (before == NULL || input->head->request_file)
		return PKG_OK;
	PKG_TRY(pkg_seal_input_open(&whole, before, NULL, env, err));
	if (memcmp(whole.head->manifest_sha256, input->head->manifest_sha256,
		   32) != 0)
		return pkg_fail(err, PKG_SYSTEM,
				"it was changed while it was read");
	return pkg_seal_input_read(&whole, err);
}

void pkg_seal_input_subject(const struct pkg_seal_input *input,
			    struct pkg_seal_subject *out)
{
	*out = (struct pkg_seal_subject){
	    .manifest = &input->head->manifest,
	    .manifest_sha256 = input->head->manifest_sha256,
	    .request = input->request,
	    .plan = input->plan,
	    .recipients =
		input->recipients.count > 0 ? &input->recipients : NULL,
	    .head = input->head,
	};
}

void pkg_seal_input_approvable(const struct pkg_seal_input *input,
			       struct pkg_approval_subject *out)
{
	const struct pkg_container_manifest *manifest = &input->head->manifest;

	*out = (struct pkg_approval_subject){
	    .request_sha256 = manifest->request_sha256,
	    .request_id = manifest->subject.id,
	    .tenant = manifest->subject.tenant,
	    .device_config_sha256 = manifest->subject.device_config != NULL
					? manifest->subject.device_config_sha256
					: NULL,
	    .policy_sha256 =
		manifest->has_policy ? manifest->policy_sha256 : NULL,
	    .requester_known = input->request != NULL,
	    .requester =
		input->request != NULL ? input->request->requester : NULL,
	};
}

enum pkg_code pkg_seal_check_expected(const struct pkg_container_head *head,
				      const char *sha256, struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, head->manifest_sha256, 32);
	if (sha256 == NULL || strcmp(sha256, hex) == 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "unexpected-manifest",
			 "its manifest has the digest %s, not the expected "
			 "one",
			 hex);
	return pkg_hint(err, "it is another draft than the one that was "
			     "looked at: pkg-seal show");
}

enum pkg_code pkg_seal_check_sound(const struct pkg_container_head *head,
				   const struct pkg_env *env,
				   struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_signature_file files[PKG_LIMIT_SIGNATURES];
	struct pkg_signers signers = {0};
	const struct pkg_signature_set set = {
	    .content = head->manifest_json.data,
	    .content_len = head->manifest_json.len,
	    .files = files,
	    .count = head->signature_count,
	    .clock = {.mode = PKG_CLOCK_NONE},
	};
	enum pkg_code code = PKG_OK;

	if (head->signature_count == 0)
		return PKG_OK;
	for (size_t i = 0; i < head->signature_count; i++)
		files[i] = (struct pkg_signature_file){
		    .name = "a signature in it",
		    .der = head->signatures[i].data,
		    .len = head->signatures[i].len,
		};
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	/* Nobody is trusted here: sound is all that they must be. */
	code = pkg_trust_signatures(NULL, env, &set, &signers, arena, err);
	if (code == PKG_NO && strcmp(err->reason, "no-trust") == 0) {
		*err = PKG_ERR_INIT;
		return PKG_OK;
	}
	return code;
}

/* The device config that brings the key says whom it is a key for. */
static enum pkg_code check_device(const struct pkg_device_config *device,
				  const struct pkg_container_manifest *manifest,
				  struct pkg_err *err)
{
	const struct pkg_container_subject *subject = &manifest->subject;
	char hex[65];

	if (device == NULL)
		return PKG_OK;
	if (strcmp(device->tenant, subject->tenant) != 0)
		return pkg_refuse(err, PKG_NO, "wrong-tenant",
				  "it is for tenant '%s', device config '%s' "
				  "for '%s'",
				  subject->tenant, device->id, device->tenant);
	if (subject->device_config == NULL) /* for any device */
		return PKG_OK;
	pkg_hex_encode(hex, subject->device_config_sha256, 32);
	if (strcmp(device->id, subject->device_config) != 0 ||
	    strcmp(device->sha256, hex) != 0)
		return pkg_refuse(err, PKG_NO, "wrong-device-config",
				  "it is for device config '%s' with SHA-256 "
				  "%s, not for '%s' with %s",
				  subject->device_config, hex, device->id,
				  device->sha256);
	return pkg_device_config_check_made(
	    device, manifest->kind,
	    manifest->has_policy ? manifest->policy_sha256 : NULL, err);
}

enum pkg_code
pkg_seal_check_subject(const struct pkg_container_manifest *manifest,
		       const struct pkg_device_config *device,
		       const struct pkg_env *env, struct pkg_err *err)
{
	const char *expires = manifest->subject.expires;
	int64_t then = 0;

	PKG_TRY(check_device(device, manifest, err));
	if (expires == NULL || !pkg_time_parse(&then, expires, strlen(expires)))
		return PKG_OK;
	if (env->now(env) < then)
		return PKG_OK;
	/* A decision would come too late. */
	return pkg_refuse(err, PKG_NO, "expired", "it expired at %s", expires);
}

enum pkg_code pkg_seal_write_request(const struct pkg_seal_input *input,
				     const struct pkg_container_edit *edit,
				     const struct pkg_seal_output *output,
				     const struct pkg_env *env,
				     struct pkg_err *err)
{
	const struct pkg_container_head *head = input->head;
	const struct pkg_container_request_parts parts = {
	    .manifest_json = head->manifest_json,
	    .request_json = input->request_json,
	    .recipients = head->recipients,
	    .plan = input->plan,
	};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	PKG_TRY(pkg_seal_open_request(&file, output, head->manifest.kind, err));
	PKG_TRY(pkg_container_request_write(&parts, edit, env,
					    pkg_outfile_sink(file), err));
	return pkg_seal_commit(file, UINT64_MAX, output,
			       &(struct pkg_seal_record){
				   .path = output->path,
				   .kind = head->manifest.kind,
				   .id = head->manifest.subject.id,
				   .manifest_sha256 = head->manifest_sha256,
				   .request_file = true,
				   .signatures = edit->signature_count,
				   .approvals = edit->approval_count,
			       },
			       env->crypto, err);
}
