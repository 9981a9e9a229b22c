/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed.h"

#include "packline/digest.h"
#include "packline/outfile.h"
#include "packline/path.h"
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
	char hex[65], plan[256];

	if (spec->bundle) {
		name_blob(hex, data, size);
		(void)snprintf(
		    plan, sizeof(plan),
		    "{\"steps\":[{\"blob\":\"%s\"}],\"type\":\"plan\"}", hex);
		inputs[0].source_name = "plan.json";
		inputs[0].data = spec->plan == NULL ? plan : spec->plan;
		inputs[0].len = strlen(inputs[0].data);
		inputs[1].from = PKG_FROM_MEMORY;
		inputs[1].source_name = spec->blob == NULL ? hex : spec->blob;
		to.input_count = 2;
		to.subject.content = PKG_CONTAINER_BUNDLE;
	}
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
