/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed.h"

#include "packline/container_read.h"
#include "packline/digest.h"
#include "packline/envelope.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/secret.h"
#include "packline/source.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t fixed_now(const struct pkg_env *env)
{
	return env->fixed_now;
}

struct pkg_env sealed_env(void)
{
	return (struct pkg_env){
	    .now = fixed_now, .fixed_now = PKI_NOW, .crypto = pki.crypto};
}

/* Write the container and read it back. */
static struct sealed write_out(const struct pkg_container_spec *spec)
{
	const struct pkg_env env = sealed_env();
	const struct pkg_outfile_options options = {.force = true,
						    .seekable = true};
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	struct pkg_buf bytes = {.max = 1u << 24};
	char path[128];
	uint64_t size = 0;

	(void)snprintf(path, sizeof(path), "%s/made.seal", pki.folder);
	assert_ok(pkg_container_writer_new(&writer, &env, spec, &err));
	assert_ok(pkg_outfile_open(&file, AT_FDCWD, path, &options, &err));
	assert_ok(pkg_container_writer_run(writer, file, &size, &err));
	assert_ok(pkg_outfile_commit(file, size, &err));
	assert_ok(pkg_path_slurp(&bytes, AT_FDCWD, path, &err));
	(void)unlink(path);
	return (struct sealed){bytes.data, bytes.len};
}

static void name_blob(char hex[65], const void *data, size_t len)
{
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];

	assert_ok(pkg_digest_sha256(pki.crypto, data, len, sha256, &err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
}

static uint8_t policy_sha256[32];

/* What olga says of this manifest's request. */
static void say(struct pkg_buf *json, struct pkg_buf *p7s,
		const struct pkg_container_manifest *manifest)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.p384_signer);
	PKG_AUTO(pkg_key)
	struct pkg_key *key = pki_load_key(pki.p384_signer.key);
	const struct pkg_cms_sign_options options = {.key = key,
						     .certs = certs,
						     .content_type =
							 PKG_OID_APPROVAL,
						     .signing_time = PKI_NOW};
	struct pkg_approval approval = {.reason = "tested",
					.request_id = manifest->subject.id,
					.tenant = manifest->subject.tenant,
					.has_device_config = true,
					.officer_id = "olga",
					.officer_role = "quality",
					.issued = "2026-12-01T00:00:00Z"};
	struct pkg_err err = PKG_ERR_INIT;

	memcpy(approval.request_sha256, manifest->request_sha256, 32);
	memcpy(approval.device_config_sha256,
	       manifest->subject.device_config_sha256, 32);
	memcpy(approval.policy_sha256, policy_sha256, 32);
	assert_ok(pkg_approval_encode(json, &approval, &err));
	assert_ok(pkg_cms_sign(p7s, json->data, json->len, &options, &err));
}

/* The same container with the officer's approval in it. */
static void add_approval(struct sealed *sealed)
{
	const struct pkg_env env = sealed_env();
	PKG_AUTO(pkg_container) struct pkg_container *c = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf json = {.max = 8192};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf p7s = {.max = 65536};
	struct pkg_buf out = {.max = 1u << 24};
	struct pkg_container_approval approval;
	struct pkg_container_edit edit = {.approvals = &approval,
					  .approval_count = 1};
	const struct pkg_container_head *head = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_mem source;
	struct pkg_sink_buf sink;

	pkg_source_mem_init(&source, sealed->data, sealed->len, "memory");
	assert_ok(pkg_container_open(&c, &source.source, &env, &err));
	head = pkg_container_head(c);
	say(&json, &p7s, &head->manifest);
	edit.signatures = head->signatures;
	edit.signature_count = head->signature_count;
	approval.json = (struct pkg_container_bytes){json.data, json.len};
	approval.p7s = (struct pkg_container_bytes){p7s.data, p7s.len};
	pkg_sink_buf_init(&sink, &out);
	assert_ok(pkg_container_rewrite(c, &edit, &sink.sink, &err));
	free(sealed->data);
	*sealed = (struct sealed){out.data, out.len};
}

/* What create --request knows without a key: it makes the content key. */
static void unlock(struct pkg_container *c)
{
	const struct pkg_container_bytes *der =
	    &pkg_container_head(c)->recipients;
	PKG_AUTO(pkg_key) struct pkg_key *key = sealed_recipient();
	PKG_AUTO(pkg_certs)
	struct pkg_certs *cert = pki_one(&pki.p256_recipient);
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_container_check_recipients(c, &err));
	if (der->len == 0)
		return;
	assert_ok(
	    pkg_envelope_open(&cek, der->data, der->len, key, cert, &err));
	assert_ok(pkg_container_unlock(c, cek, &err));
}

struct sealed sealed_request(const struct sealed *sealed)
{
	const struct pkg_env env = sealed_env();
	PKG_AUTO(pkg_container) struct pkg_container *c = NULL;
	const struct pkg_container_head *head = NULL;
	const struct pkg_container_request *request = NULL;
	struct pkg_container_request_parts parts = {0};
	struct pkg_container_edit edit = {0};
	struct pkg_buf out = {.max = 1u << 24};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_mem source;
	struct pkg_sink_buf sink;

	pkg_source_mem_init(&source, sealed->data, sealed->len, "memory");
	assert_ok(pkg_container_open(&c, &source.source, &env, &err));
	unlock(c);
	assert_ok(pkg_container_request(c, &request, &err));
	head = pkg_container_head(c);
	parts.manifest_json = head->manifest_json;
	parts.recipients = head->recipients;
	parts.request_json = pkg_container_request_json(c);
	assert_ok(pkg_container_plan(c, &parts.plan, &err));
	edit.signatures = head->signatures;
	edit.signature_count = head->signature_count;
	edit.approvals = head->approvals;
	edit.approval_count = head->approval_count;
	pkg_sink_buf_init(&sink, &out);
	assert_ok(
	    pkg_container_request_write(&parts, &edit, &env, &sink.sink, &err));
	return (struct sealed){out.data, out.len};
}

/* What a bundle's inputs point at. */
struct bundle_texts {
	char hex[65], plan[256];
};

/* A plan that needs one blob, in front of it. */
static void use_bundle(struct pkg_container_spec *to,
		       struct pkg_container_input inputs[2],
		       const struct sealed_spec *spec,
		       struct bundle_texts *texts)
{
	(void)snprintf(texts->plan, sizeof(texts->plan),
		       "{\"steps\":[{\"blob\":\"%s\"}],\"type\":\"plan\"}",
		       texts->hex);
	inputs[0].source_name = "plan.json";
	inputs[0].data = spec->plan == NULL ? texts->plan : spec->plan;
	inputs[0].len = strlen(inputs[0].data);
	inputs[1].from = PKG_FROM_MEMORY;
	inputs[1].source_name = spec->blob == NULL ? texts->hex : spec->blob;
	to->input_count = 2;
	to->subject.content = PKG_CONTAINER_BUNDLE;
}

struct sealed sealed_make(const struct sealed_spec *spec)
{
	const struct pki_cert *signer =
	    spec->signer == NULL ? &pki.signer : spec->signer;
	const char *data = spec->data == NULL ? "hello\n" : spec->data;
	const size_t size = spec->size == 0 ? strlen(data) : spec->size;
	const struct pkg_container_input metadata = {.from = PKG_FROM_MEMORY,
						     .source_name = "notes.txt",
						     .data = "notes\n",
						     .len = 6};
	struct pkg_container_input inputs[2] = {
	    {.from = PKG_FROM_MEMORY, .source_name = "hello.bin"},
	};
	struct pkg_container_spec to = {
	    .kind = spec->kind,
	    .subject = {.tenant = "acme",
			.name = "demo",
			.version = "1.0",
			.expires = spec->expires,
			.device_config = "ecu-a",
			.sequence = spec->sequence == 0 ? -1 : spec->sequence},
	    .inputs = inputs,
	    .input_count = 1,
	    .metadata = spec->metadata ? &metadata : NULL,
	};
	struct pkg_cms_sign_options options = {.signing_time = PKI_NOW};
	struct pkg_certs *certs = pki_one(signer);
	struct pkg_certs *recipients = pki_one(&pki.p256_recipient);
	struct pkg_key *key = pki_load_key(signer->key);
	struct sealed made;
	struct bundle_texts texts;

	name_blob(texts.hex, data, size);
	if (spec->approved) {
		to.requester = "carol";
		to.has_policy = true;
		memcpy(to.policy_sha256, policy_sha256, 32);
	}

	if (spec->bundle)
		use_bundle(&to, inputs, spec, &texts);
	inputs[to.input_count - 1].data = data;
	inputs[to.input_count - 1].len = size;
	if (spec->kind != PKG_CONTAINER_SIGNED)
		to.recipients = recipients;
	if (spec->kind != PKG_CONTAINER_ENCRYPTED && !spec->draft) {
		options.key = key;
		options.certs = certs;
		to.signer = &options;
	}
	made = write_out(&to);
	pkg_key_free(key);
	pkg_certs_free(recipients);
	pkg_certs_free(certs);
	if (spec->approved)
		add_approval(&made);
	return made;
}

void sealed_fini(struct sealed *sealed)
{
	free(sealed->data);
}

static struct pkg_trust *load(const void *data, size_t len)
{
	static struct pkg_env env; /* borrowed for the trust's lifetime */
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_trust *trust = NULL;
	struct pkg_diag diag = {0};

	env = sealed_env();
	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	diag.arena = arena;
	assert_ok(pkg_trust_load(&trust, &env, &diag, AT_FDCWD,
				 pki_file("trust.pem", data, len), &err));
	return trust;
}

struct pkg_trust *sealed_trust(const struct pki_cert *cert)
{
	struct pki_bytes pem = pki_cert_pem(cert);
	struct pkg_trust *trust = load(pem.data, pem.len);

	free(pem.data);
	return trust;
}

struct pkg_trust *sealed_policy(const char *yaml)
{
	return load(yaml, strlen(yaml));
}

struct pkg_trust *sealed_approvals(void)
{
	struct pki_bytes officer = pki_cert_pem(&pki.p384_signer);
	struct pki_bytes ca = pki_cert_pem(&pki.ca);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	static const char policy[] =
	    "packline: 1\napprovals:\n  required: 1\n  officers:\n"
	    "    - {id: olga, role: quality, cert: olga.pem}\n";
	struct pkg_err err = PKG_ERR_INIT;
	char spki[65], text[512];

	(void)pki_file("olga.pem", officer.data, officer.len);
	(void)pki_file("ca.pem", ca.data, ca.len);
	(void)pki_file("approvals.yaml", policy, strlen(policy));
	assert_ok(pkg_digest_sha256(pki.crypto, policy, strlen(policy),
				    policy_sha256, &err));
	pkg_hex_encode(spki, pkg_certs_info(certs, 0)->spki, 32);
	(void)snprintf(text, sizeof(text),
		       "packline: 1\ntrust:\n  roots: [ca.pem]\n"
		       "  approvals: [approvals.yaml]\n  signers:\n"
		       "    pins: [{id: carol, spki: 'sha256:%s'}]\n",
		       spki);
	free(officer.data);
	free(ca.data);
	return sealed_policy(text);
}

struct pkg_key *sealed_recipient(void)
{
	return pki_load_key(pki.p256_recipient.key);
}

enum pkg_code sealed_verify(struct pkg_verdict **verdict, const void *data,
			    size_t len,
			    const struct pkg_verify_options *options,
			    struct pkg_err *err)
{
	const struct pkg_env env = sealed_env();
	struct pkg_source_mem source;

	pkg_source_mem_init(&source, data, len, "memory");
	return pkg_verify(verdict, &source.source, options, &env, err);
}
