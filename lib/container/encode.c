/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/container.h"
#include "packline/json.h"
#include "packline/sink.h"

#include <string.h>

/* Keys must come in ascending order: the writer fails if they do not. */

static void put_hex_or_null(struct pkg_jsonw *w, const char *key, bool has,
			    const uint8_t sha256[static 32])
{
	if (has)
		pkg_jsonw_hex_member(w, key, sha256, 32);
	else
		pkg_jsonw_null_member(w, key);
}

static void put_device_config(struct pkg_jsonw *w,
			      const struct pkg_container_subject *subject)
{
	if (subject->device_config == NULL) {
		pkg_jsonw_null_member(w, "device_config");
		return;
	}
	pkg_jsonw_key(w, "device_config");
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "id", subject->device_config);
	pkg_jsonw_hex_member(w, "sha256", subject->device_config_sha256, 32);
	pkg_jsonw_object_end(w);
}

static void put_sequence(struct pkg_jsonw *w, int64_t sequence)
{
	if (sequence < 0)
		pkg_jsonw_null_member(w, "sequence");
	else
		pkg_jsonw_int_member(w, "sequence", sequence);
}

static void put_kdf(struct pkg_jsonw *w, const struct pkg_kdf_scrypt *kdf)
{
	pkg_jsonw_key(w, "kdf");
	pkg_jsonw_object(w);
	pkg_jsonw_int_member(w, "n", kdf->n);
	pkg_jsonw_str_member(w, "name", "scrypt");
	pkg_jsonw_int_member(w, "p", kdf->p);
	pkg_jsonw_int_member(w, "r", kdf->r);
	pkg_jsonw_hex_member(w, "salt", kdf->salt, sizeof(kdf->salt));
	pkg_jsonw_object_end(w);
}

static void put_encryption(struct pkg_jsonw *w,
			   const struct pkg_container_manifest *manifest)
{
	if (manifest->kind == PKG_CONTAINER_SIGNED) {
		pkg_jsonw_null_member(w, "encryption");
		return;
	}
	pkg_jsonw_key(w, "encryption");
	pkg_jsonw_object(w);
	if (manifest->has_kdf)
		put_kdf(w, &manifest->kdf);
	pkg_jsonw_hex_member(w, "salt", manifest->salt, sizeof(manifest->salt));
	pkg_jsonw_object_end(w);
}

static void put_member(struct pkg_jsonw *w,
		       const struct pkg_container_member *member)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "name", member->name);
	if (member->encrypted)
		pkg_jsonw_int_member(w, "plain_size",
				     (int64_t)member->plain_size);
	pkg_jsonw_str_member(w, "role", pkg_container_role_name(member->role));
	pkg_jsonw_hex_member(w, "sha256", member->sha256, 32);
	pkg_jsonw_int_member(w, "size", (int64_t)member->size);
	pkg_jsonw_object_end(w);
}

static void put_manifest(struct pkg_jsonw *w,
			 const struct pkg_container_manifest *manifest)
{
	const struct pkg_container_subject *subject = &manifest->subject;

	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "content",
			     pkg_container_content_name(subject->content));
	pkg_jsonw_str_member(w, "created", subject->created);
	put_device_config(w, subject);
	put_encryption(w, manifest);
	pkg_jsonw_str_member(w, "expires", subject->expires);
	pkg_jsonw_int_member(w, "format", 1);
	pkg_jsonw_str_member(w, "id", subject->id);
	pkg_jsonw_str_member(w, "kind",
			     pkg_container_kind_name(manifest->kind));
	pkg_jsonw_key(w, "members");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < manifest->member_count; i++)
		put_member(w, &manifest->members[i]);
	pkg_jsonw_array_end(w);
	pkg_jsonw_str_member(w, "name", subject->name);
	put_hex_or_null(w, "policy_sha256", manifest->has_policy,
			manifest->policy_sha256);
	pkg_jsonw_hex_member(w, "request_sha256", manifest->request_sha256, 32);
	put_sequence(w, subject->sequence);
	pkg_jsonw_str_member(w, "suite", manifest->suite);
	pkg_jsonw_str_member(w, "tenant", subject->tenant);
	pkg_jsonw_str_member(w, "type", "manifest");
	pkg_jsonw_str_member(w, "version", subject->version);
	pkg_jsonw_object_end(w);
}

static void put_file(struct pkg_jsonw *w, const struct pkg_container_file *file)
{
	pkg_jsonw_object(w);
	if (file->has_given)
		pkg_jsonw_hex_member(w, "given_sha256", file->given_sha256, 32);
	pkg_jsonw_str_member(w, "member", file->member);
	pkg_jsonw_str_member(w, "role", pkg_container_role_name(file->role));
	pkg_jsonw_hex_member(w, "sha256", file->sha256, 32);
	pkg_jsonw_int_member(w, "size", (int64_t)file->size);
	pkg_jsonw_str_member(w, "source_name", file->source_name);
	pkg_jsonw_object_end(w);
}

static void put_request(struct pkg_jsonw *w,
			const struct pkg_container_request *request)
{
	const struct pkg_container_subject *subject = &request->subject;

	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "content",
			     pkg_container_content_name(subject->content));
	pkg_jsonw_str_member(w, "created", subject->created);
	put_device_config(w, subject);
	pkg_jsonw_str_member(w, "expires", subject->expires);
	pkg_jsonw_key(w, "files");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < request->file_count; i++)
		put_file(w, &request->files[i]);
	pkg_jsonw_array_end(w);
	pkg_jsonw_str_member(w, "id", subject->id);
	pkg_jsonw_str_member(w, "name", subject->name);
	pkg_jsonw_str_member(w, "requester", request->requester);
	if (request->has_salt)
		pkg_jsonw_hex_member(w, "salt", request->salt, 32);
	else
		pkg_jsonw_str_member(w, "salt", "");
	put_sequence(w, subject->sequence);
	pkg_jsonw_str_member(w, "tenant", subject->tenant);
	pkg_jsonw_str_member(w, "type", "request");
	pkg_jsonw_str_member(w, "version", subject->version);
	pkg_jsonw_object_end(w);
}

/* The only refusal that the sink can add is that there is no more room. */
static enum pkg_code finish(struct pkg_jsonw *w, const char *what,
			    struct pkg_err *err)
{
	const enum pkg_code code = pkg_jsonw_finish(w, err);

	if (code == PKG_OK)
		return PKG_OK;
	if (code == PKG_INPUT && err->reason == NULL)
		(void)pkg_because(err, "limit");
	return pkg_wrap(err, "cannot write %s", what);
}

enum pkg_code
pkg_container_manifest_encode(struct pkg_buf *out,
			      const struct pkg_container_manifest *manifest,
			      struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	put_manifest(&w, manifest);
	return finish(&w, "manifest.json", err);
}

enum pkg_code
pkg_container_request_encode(struct pkg_buf *out,
			     const struct pkg_container_request *request,
			     struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	put_request(&w, request);
	return finish(&w, "request.json", err);
}
