/* SPDX-License-Identifier: Apache-2.0 */
#include "container/members.h"
#include "container/reader.h"
#include "container/write_check.h"
#include "container/writer.h"
#include "packline/aead.h"
#include "packline/envelope.h"
#include "packline/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands for the id that is derived at the end: its length is what counts. */
#define ID_TO_COME "00000000-0000-8000-8000-000000000000"

void pkg_container_writer_free(struct pkg_container_writer *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; w->inputs != NULL && i < w->file_count; i++)
		pkg_input_fini(&w->inputs[i]);
	pkg_secret_free(w->cek);
	pkg_buf_fini(&w->mimetype);
	pkg_buf_fini(&w->manifest_json);
	pkg_buf_fini(&w->signature);
	pkg_buf_fini(&w->mac);
	pkg_buf_fini(&w->recipients);
	pkg_buf_fini(&w->request_json);
	pkg_buf_fini(&w->request_stored);
	pkg_zip_list_fini(&w->list);
	pkg_digest_free(w->plain);
	pkg_digest_free(w->stored);
	pkg_arena_free(w->arena);
	free(w);
}

/* Measure all files; the metadata file is the first. */
static enum pkg_code measure(struct pkg_container_writer *w,
			     struct pkg_err *err)
{
	const struct pkg_container_spec *spec = &w->spec;
	const size_t meta = spec->metadata != NULL ? 1 : 0;

	w->file_count = spec->input_count + meta;
	w->inputs =
	    pkg_arena_array(w->arena, w->file_count, sizeof(*w->inputs), err);
	if (w->inputs == NULL)
		return err->code;
	for (size_t i = 0; i < w->file_count; i++) {
		struct input *input = &w->inputs[i];

		input->spec =
		    i < meta ? spec->metadata : &spec->inputs[i - meta];
		PKG_TRY(pkg_input_measure(input, spec->tmpdir, err));
		w->total += input->size;
	}
	return PKG_OK;
}

static enum pkg_code too_large(const struct input *input, uint64_t limit,
			       struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "limit",
			  "'%s' has more than %llu bytes",
			  pkg_input_name(input), (unsigned long long)limit);
}

/* The rows of file @index in both documents, but for its digests. */
static enum pkg_code plan_file(struct pkg_container_writer *w, size_t index,
			       const char *name, struct pkg_err *err)
{
	const struct input *input = &w->inputs[index];
	struct pkg_container_file *file = &w->files[index];
	struct pkg_container_member *m = &w->members[w->first_file + index];
	const bool metadata = w->spec.metadata != NULL && index == 0;

	*m = (struct pkg_container_member){
	    .name = pkg_arena_dup(w->arena, name, strlen(name), err),
	    .role = metadata ? PKG_ROLE_METADATA : PKG_ROLE_PAYLOAD,
	    .encrypted = w->encrypted,
	    .size = input->size,
	    .plain_size = input->size,
	};
	if (m->name == NULL)
		return err->code;
	if (input->size > pkg_members_limit(&w->manifest, m))
		return too_large(input, pkg_members_limit(&w->manifest, m),
				 err);
	if (w->encrypted && !pkg_aead_stored_size(&m->size, input->size))
		return too_large(input, PKG_LIMIT_PAYLOAD, err);
	*file = (struct pkg_container_file){
	    .member = m->name,
	    .source_name = input->spec->source_name,
	    .role = m->role,
	    .size = input->size,
	    .has_given = input->spec->has_given,
	};
	memcpy(file->given_sha256, input->spec->given_sha256, 32);
	return PKG_OK;
}

static const char *source_name_of(const void *rows, size_t index)
{
	return ((const struct input *)rows)[index].spec->source_name;
}

static enum pkg_code plan_role(struct pkg_container_writer *w,
			       enum pkg_container_role role, size_t from,
			       size_t count, struct pkg_err *err)
{
	enum name_style style = NAME_STYLE_NUMBER;
	member_name name;

	PKG_TRY(pkg_names_style(&style, w->inputs + from, count, source_name_of,
				w->encrypted, err));
	for (size_t i = 0; i < count; i++) {
		pkg_name_member(name, role, style, i,
				source_name_of(w->inputs, from + i));
		PKG_TRY(plan_file(w, from + i, name, err));
	}
	return PKG_OK;
}

static enum pkg_code plan_files(struct pkg_container_writer *w,
				struct pkg_err *err)
{
	const size_t meta = w->spec.metadata != NULL ? 1 : 0;
	const size_t members = w->first_file + w->file_count;

	w->members =
	    pkg_arena_array(w->arena, members, sizeof(*w->members), err);
	w->files =
	    pkg_arena_array(w->arena, w->file_count, sizeof(*w->files), err);
	w->crcs =
	    pkg_arena_array(w->arena, w->file_count, sizeof(*w->crcs), err);
	if (w->members == NULL || w->files == NULL || w->crcs == NULL)
		return err->code;
	w->manifest.members = w->members;
	w->manifest.member_count = members;
	w->request.files = w->files;
	w->request.file_count = w->file_count;
	PKG_TRY(plan_role(w, PKG_ROLE_METADATA, 0, meta, err));
	return plan_role(w, PKG_ROLE_PAYLOAD, meta, w->spec.input_count, err);
}

/* Secrets, salts and the id of a container in which something is encrypted. */
static enum pkg_code plan_encryption(struct pkg_container_writer *w,
				     struct pkg_err *err)
{
	struct pkg_crypto *crypto = w->env->crypto;
	const struct pkg_envelope_to to = {
	    .certs = w->spec.recipients,
	    .keks = w->spec.keks,
	    .kek_count = w->spec.kek_count,
	};
	uint8_t id[16];

	PKG_TRY(pkg_secret_random(&w->cek, crypto, PKG_ENVELOPE_CEK, err));
	PKG_TRY(pkg_crypto_random(crypto, w->manifest.salt, 32, err));
	PKG_TRY(pkg_crypto_random(crypto, w->request.salt, 32, err));
	PKG_TRY(pkg_crypto_random(crypto, id, sizeof(id), err));
	w->request.has_salt = true;
	pkg_uuid_format(w->id, id, 4);
	PKG_TRY(pkg_envelope_seal(&w->recipients, crypto, &to, w->cek, err));
	PKG_TRY(pkg_reader_check_kdf(&w->manifest, w->recipients.data,
				     w->recipients.len, err));
	w->members[0] = (struct pkg_container_member){
	    .name = MEMBER_RECIPIENTS,
	    .role = PKG_ROLE_RECIPIENTS,
	    .size = w->recipients.len,
	    .plain_size = w->recipients.len,
	};
	return pkg_digest_sha256(crypto, w->recipients.data, w->recipients.len,
				 w->members[0].sha256, err);
}

/* The row of the request, whose length is that of its placeholder. */
static enum pkg_code plan_request(struct pkg_container_writer *w,
				  struct pkg_err *err)
{
	struct pkg_container_member *m = &w->members[w->first_file - 1];

	PKG_TRY(
	    pkg_container_request_encode(&w->request_json, &w->request, err));
	*m = (struct pkg_container_member){
	    .name = w->encrypted ? MEMBER_REQUEST_ENC : MEMBER_REQUEST,
	    .role = PKG_ROLE_REQUEST,
	    .encrypted = w->encrypted,
	    .size = w->request_json.len,
	    .plain_size = w->request_json.len,
	};
	if (w->encrypted && !pkg_aead_stored_size(&m->size, m->plain_size))
		return pkg_fail(err, PKG_INTERNAL, "request.json is too large");
	return PKG_OK;
}

/*
 * How long will the signature be?  The key is not used to find out: each use of
 * a token may ask somebody, or be counted.
 */
static enum pkg_code plan_signature(struct pkg_container_writer *w,
				    struct pkg_err *err)
{
	struct pkg_cms_sign_options options = *w->spec.signer;

	options.content_type = PKG_OID_MANIFEST;
	PKG_TRY(pkg_cert_check_key(options.certs, options.key, err));
	return pkg_cms_sign_size(&w->signature_size, &options, err);
}

static void add_part(struct pkg_container_writer *w, const char *name,
		     const struct pkg_buf *content, uint64_t size)
{
	w->parts[w->part_count++] = (struct part){name, content, (size_t)size};
}

static enum pkg_code plan_parts(struct pkg_container_writer *w,
				struct pkg_err *err)
{
	const struct pkg_container_member *request =
	    &w->members[w->first_file - 1];

	PKG_TRY(pkg_buf_puts(&w->mimetype, PKG_CONTAINER_MIME, err));
	PKG_TRY(pkg_container_manifest_encode(&w->manifest_json, &w->manifest,
					      err));
	add_part(w, MEMBER_MIMETYPE, &w->mimetype, w->mimetype.len);
	add_part(w, MEMBER_MANIFEST, &w->manifest_json, w->manifest_json.len);
	if (w->spec.signer != NULL) {
		PKG_TRY(plan_signature(w, err));
		add_part(w, MEMBER_SIGNATURE_0, &w->signature,
			 w->signature_size);
	}
	if (w->encrypted) {
		add_part(w, MEMBER_MAC, &w->mac, PKG_LIMIT_MAC);
		add_part(w, MEMBER_RECIPIENTS, &w->recipients,
			 w->recipients.len);
	}
	add_part(w, request->name,
		 w->encrypted ? &w->request_stored : &w->request_json,
		 request->size);
	return PKG_OK;
}

enum pkg_code pkg_writer_layout(struct pkg_container_writer *w,
				struct pkg_err *err)
{
	pkg_zip_list_fini(&w->list);
	for (size_t i = 0; i < w->part_count; i++) {
		struct part *part = &w->parts[i];

		if (part->content == &w->signature)
			part->size = w->signature_size;
		PKG_TRY(
		    pkg_zip_list_add(&w->list, part->name, part->size, err));
	}
	for (size_t i = 0; i < w->file_count; i++) {
		const struct pkg_container_member *m =
		    &w->members[w->first_file + i];

		PKG_TRY(pkg_zip_list_add(&w->list, m->name, m->size, err));
		w->list.entries[w->list.count - 1].crc = w->crcs[i];
	}
	return PKG_OK;
}

/* What the documents say from the start. */
static void plan_subject(struct pkg_container_writer *w)
{
	struct pkg_container_subject *subject = &w->manifest.subject;

	*subject = w->spec.subject;
	memcpy(w->id, ID_TO_COME, sizeof(w->id));
	subject->id = w->id;
	if (subject->created == NULL && w->env->has_source_date &&
	    pkg_time_format(w->created, w->env->source_date))
		subject->created = w->created;
	w->request.subject = *subject;
	w->request.requester = w->spec.requester;
	w->manifest.kind = w->spec.kind;
	w->manifest.suite = PKG_SUITE_1;
	w->manifest.has_policy = w->spec.has_policy;
	memcpy(w->manifest.policy_sha256, w->spec.policy_sha256, 32);
	w->manifest.has_kdf = w->spec.kdf != NULL;
	if (w->manifest.has_kdf)
		w->manifest.kdf = *w->spec.kdf;
}

static void set_limits(struct pkg_container_writer *w)
{
	const bool bundle = w->spec.subject.content == PKG_CONTAINER_BUNDLE;

	w->mimetype.max = sizeof(PKG_CONTAINER_MIME);
	w->manifest_json.max =
	    bundle ? PKG_LIMIT_MANIFEST_JSON_BUNDLE : PKG_LIMIT_MANIFEST_JSON;
	w->signature.max = PKG_LIMIT_SIGNATURE;
	w->mac.max = PKG_LIMIT_MAC;
	w->recipients.max = PKG_LIMIT_RECIPIENTS_DER;
	w->request_json.max =
	    bundle ? PKG_LIMIT_REQUEST_JSON_BUNDLE : PKG_LIMIT_REQUEST_JSON;
	/* One tag for each 64 KiB more. */
	w->request_stored.max = w->request_json.max + w->request_json.max / 64;
}

static enum pkg_code plan(struct pkg_container_writer *w, struct pkg_err *err)
{
	set_limits(w);
	plan_subject(w);
	PKG_TRY(measure(w, err));
	PKG_TRY(plan_files(w, err));
	if (w->encrypted)
		PKG_TRY(plan_encryption(w, err));
	PKG_TRY(plan_request(w, err));
	PKG_TRY(plan_parts(w, err));
	return pkg_writer_layout(w, err);
}

enum pkg_code pkg_container_writer_new(struct pkg_container_writer **out,
				       const struct pkg_env *env,
				       const struct pkg_container_spec *spec,
				       struct pkg_err *err)
{
	PKG_AUTO(pkg_container_writer) struct pkg_container_writer *w = NULL;

	PKG_TRY(pkg_write_check(spec, err));
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return pkg_fail_nomem(err);
	w->env = env;
	w->spec = *spec;
	w->encrypted = spec->kind != PKG_CONTAINER_SIGNED;
	w->first_file = w->encrypted ? 2 : 1;
	PKG_TRY(pkg_arena_new(&w->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_digest_new(&w->plain, env->crypto, PKG_DIGEST_SHA256, err));
	PKG_TRY(
	    pkg_digest_new(&w->stored, env->crypto, PKG_DIGEST_SHA256, err));
	PKG_TRY(plan(w, err));
	*out = PKG_STEAL(w);
	return PKG_OK;
}

uint64_t pkg_container_writer_size(const struct pkg_container_writer *w)
{
	return w->list.end + pkg_zip_list_tail(&w->list);
}

const struct pkg_container_manifest *
pkg_container_writer_manifest(const struct pkg_container_writer *w)
{
	return &w->manifest;
}

const struct pkg_container_request *
pkg_container_writer_request(const struct pkg_container_writer *w)
{
	return &w->request;
}

const struct pkg_buf *
pkg_container_writer_manifest_json(const struct pkg_container_writer *w)
{
	return &w->manifest_json;
}

const struct pkg_buf *
pkg_container_writer_request_json(const struct pkg_container_writer *w)
{
	return &w->request_json;
}

const uint8_t *pkg_container_writer_sha256(const struct pkg_container_writer *w)
{
	return w->sha256;
}
