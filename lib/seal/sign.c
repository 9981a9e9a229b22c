/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "packline/container_read.h"
#include "packline/device_config.h"
#include "packline/json.h"
#include "packline/node.h"
#include "packline/text.h"
#include "packline/trust.h"
#include "seal/plan.h"
#include "seal/record.h"

#include <string.h>

/* The device config that brings the key says whom it is a key for. */
static enum pkg_code check_device(const struct pkg_device_config *device,
				  const struct pkg_container_subject *subject,
				  struct pkg_err *err)
{
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
	return PKG_OK;
}

/* A signature would come too late. */
static enum pkg_code check_expiry(const char *expires,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	int64_t then = 0;

	if (expires == NULL || !pkg_time_parse(&then, expires, strlen(expires)))
		return PKG_OK;
	if (env->now(env) < then)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "expired", "it expired at %s", expires);
}

/* May this be signed at all? */
static enum pkg_code check_head(const struct pkg_seal_sign *job,
				const struct pkg_container_head *head,
				struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, head->manifest_sha256, 32);
	if (job->expect_sha256 != NULL &&
	    strcmp(job->expect_sha256, hex) != 0) {
		(void)pkg_refuse(err, PKG_NO, "unexpected-manifest",
				 "its manifest has the digest %s, not the "
				 "expected one",
				 hex);
		return pkg_hint(err, "it is another draft than the one that "
				     "was looked at: pkg-seal show");
	}
	if (head->manifest.kind == PKG_CONTAINER_ENCRYPTED)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' is not "
				"signed");
	/* One of them may say REJECTED. */
	if (head->manifest.has_policy || head->approval_count > 0)
		return pkg_refuse(err, PKG_INPUT, "unsupported",
				  "it was made under an approval policy, which "
				  "this version cannot judge");
	if (head->signature_count == PKG_LIMIT_SIGNATURES)
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
		if (memcmp(pkg_cms_claim(cms)->cert.spki, own->spki, 32) == 0)
			return pkg_fail(err, PKG_USAGE,
					"the key of '%s' has signed it already",
					own->subject);
	}
	return PKG_OK;
}

/* Do not put a good signature beside one that makes the container bad. */
static enum pkg_code check_others(const struct pkg_container *container,
				  const struct pkg_cms_sign_options *signer,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
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
	PKG_TRY(pkg_container_check_order(container, err));
	PKG_TRY(check_new(head, signer, env, err));
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

static const char *text_of(const struct pkg_node *node, const char *key)
{
	const struct pkg_node *value = pkg_node_get(node, key);

	return value != NULL && value->kind == PKG_NODE_STRING ? value->text
							       : "";
}

/* Repeat the artifacts of a record. */
static enum pkg_code take_artifacts(struct pkg_seal_record *record,
				    struct pkg_arena *arena,
				    const struct pkg_node *list,
				    struct pkg_err *err)
{
	struct pkg_seal_artifact *out = NULL;
	size_t count = 0;

	if (list == NULL || list->kind != PKG_NODE_SEQ)
		return PKG_OK;
	out = pkg_arena_array(arena, list->count + 1, sizeof(*out), err);
	if (out == NULL)
		return err->code;
	for (const struct pkg_node *one = list->first; one != NULL;
	     one = one->next) {
		const char *sha256 = text_of(one, "sha256");

		if (strlen(sha256) != 64 || !pkg_hex_is(sha256, 64))
			return pkg_fail(err, PKG_INPUT,
					"an artifact in a record has no "
					"SHA-256");
		memcpy(out[count].sha256, sha256, sizeof(out[count].sha256));
		out[count++].source_name = text_of(one, "source_name");
	}
	record->has_artifacts = true;
	record->artifacts = out;
	record->artifact_count = count;
	return PKG_OK;
}

/* Find the record of this container among those that were given. */
static enum pkg_code recall_artifacts(struct pkg_seal_record *record,
				      struct pkg_arena *arena,
				      struct pkg_source *records,
				      struct pkg_err *err)
{
	struct pkg_json_lines lines;
	struct pkg_node *node = NULL;
	enum pkg_code code = PKG_OK;
	char hex[65];

	if (records == NULL || record->has_artifacts)
		return PKG_OK;
	pkg_hex_encode(hex, record->manifest_sha256, 32);
	pkg_json_lines_init(&lines, records);
	do {
		code = pkg_json_lines_parse(&lines, &node, arena, err);
		if (code == PKG_OK && node != NULL &&
		    strcmp(text_of(node, "manifest_sha256"), hex) == 0)
			code = take_artifacts(record, arena,
					      pkg_node_get(node, "artifacts"),
					      err);
	} while (code == PKG_OK && node != NULL && !record->has_artifacts);
	pkg_json_lines_fini(&lines);
	return code;
}

static enum pkg_code describe(struct pkg_seal_record *record,
			      struct pkg_arena *arena,
			      struct pkg_container *container,
			      const struct pkg_seal_sign *job,
			      struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
	const struct pkg_container_request *request = NULL;

	*record = (struct pkg_seal_record){
	    .path = job->output.path,
	    .kind = head->manifest.kind,
	    .id = head->manifest.subject.id,
	    .manifest_sha256 = head->manifest_sha256,
	    .device_config_sha256 =
		head->manifest.subject.device_config != NULL
		    ? head->manifest.subject.device_config_sha256
		    : NULL,
	};
	PKG_TRY(pkg_container_request(container, &request, err));
	if (request != NULL)
		return pkg_seal_list_artifacts(record, arena, request, err);
	return recall_artifacts(record, arena, job->records, err);
}

static enum pkg_code write_signed(struct pkg_container *container,
				  const struct pkg_seal_sign *job,
				  const struct pkg_buf *der,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_container_bytes blobs[PKG_LIMIT_SIGNATURES + 1];
	const struct pkg_container_edit edit = {
	    .signatures = blobs,
	    .signature_count = head->signature_count + 1,
	    .approvals = head->approvals,
	    .approval_count = head->approval_count,
	};
	/* Spooled even on a pipe: the payload is known only at its end. */
	const struct pkg_outfile_options options = {
	    .force = job->output.force, .seekable = true, .binary = true};
	struct pkg_seal_record record = {0};

	for (size_t i = 0; i < head->signature_count; i++)
		blobs[i] = head->signatures[i];
	blobs[head->signature_count] =
	    (struct pkg_container_bytes){der->data, der->len};
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(describe(&record, arena, container, job, err));
	PKG_TRY(pkg_outfile_open(&file, job->output.dirfd, job->output.path,
				 &options, err));
	PKG_TRY(pkg_container_rewrite(container, &edit, pkg_outfile_sink(file),
				      err));
	return pkg_seal_commit(file, UINT64_MAX, &job->output, &record,
			       env->crypto, err);
}

/* Read what can be known before the payload, and ask whoever is to agree. */
static enum pkg_code agree(struct pkg_container *container,
			   const struct pkg_seal_sign *job,
			   const struct pkg_cms_sign_options *signer,
			   struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
	struct pkg_envelope_info recipients;
	struct pkg_seal_subject subject = {
	    .act = PKG_SEAL_SIGN,
	    .manifest = &head->manifest,
	    .manifest_sha256 = head->manifest_sha256,
	    .head = head,
	    .key = pkg_key_name(signer->key),
	    .cert = pkg_certs_info(signer->certs, 0),
	};

	PKG_TRY(pkg_container_check_recipients(container, err));
	if (head->recipients.len > 0) {
		PKG_TRY(pkg_envelope_check(&recipients, head->recipients.data,
					   head->recipients.len, err));
		subject.recipients = &recipients;
	}
	PKG_TRY(pkg_container_request(container, &subject.request, err));
	PKG_TRY(pkg_container_plan(container, &subject.plan, err));
	return job->agree == NULL
		   ? PKG_OK
		   : job->agree(job->agree_context, &subject, err);
}

enum pkg_code pkg_seal_sign(const struct pkg_seal_sign *job,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	struct pkg_cms_sign_options options;
	const struct pkg_container_head *head = NULL;

	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_seal_signer_options(&options, &job->signer, env, err));
	PKG_TRY(pkg_container_open(&container, job->source, env, err));
	head = pkg_container_head(container);
	PKG_TRY(check_head(job, head, err));
	PKG_TRY(check_device(job->device, &head->manifest.subject, err));
	PKG_TRY(check_expiry(head->manifest.subject.expires, env, err));
	PKG_TRY(check_others(container, &options, env, err));
	PKG_TRY(agree(container, job, &options, err));
	PKG_TRY(pkg_cms_sign(&der, head->manifest_json.data,
			     head->manifest_json.len, &options, err));
	return write_signed(container, job, &der, env, err);
}
