/* SPDX-License-Identifier: Apache-2.0 */
#include "container/members.h"
#include "container/names.h"
#include "packline/digest.h"
#include "packline/text.h"

#include <string.h>

#define REASON "malformed-request"

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum pkg_code differs(const char *what, struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, REASON,
			  "request.json says another %s than manifest.json",
			  what);
}

static enum pkg_code check_subject(const struct pkg_container_subject *a,
				   const struct pkg_container_subject *b,
				   struct pkg_err *err)
{
	if (a->content != b->content)
		return differs("content", err);
	if (!same_text(a->id, b->id))
		return differs("id", err);
	if (!same_text(a->tenant, b->tenant))
		return differs("tenant", err);
	if (!same_text(a->name, b->name))
		return differs("name", err);
	if (!same_text(a->version, b->version))
		return differs("version", err);
	if (!same_text(a->created, b->created))
		return differs("created", err);
	if (!same_text(a->expires, b->expires))
		return differs("expires", err);
	if (a->sequence != b->sequence)
		return differs("sequence", err);
	if (!same_text(a->device_config, b->device_config) ||
	    memcmp(a->device_config_sha256, b->device_config_sha256, 32) != 0)
		return differs("device_config", err);
	return PKG_OK;
}

static enum pkg_code check_file(const struct pkg_container_file *file,
				const struct pkg_container_member *member,
				struct pkg_err *err)
{
	if (file->role != member->role ||
	    strcmp(file->member, member->name) != 0 ||
	    file->size != member->plain_size ||
	    (!member->encrypted &&
	     memcmp(file->sha256, member->sha256, 32) != 0))
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "request.json and manifest.json do not list "
				  "the same for '%s'",
				  member->name);
	return PKG_OK;
}

static const char *source_name_of(const void *rows, size_t index)
{
	return ((const struct pkg_container_file *)rows)[index].source_name;
}

/* The name of every member follows from the source names of its role. */
static enum pkg_code check_names(const struct pkg_container_file *files,
				 size_t count, bool encrypted,
				 struct pkg_err *err)
{
	enum name_style style = NAME_STYLE_NUMBER;
	member_name want;

	PKG_TRY(pkg_names_style(&style, files, count, source_name_of, encrypted,
				err));
	for (size_t i = 0; i < count; i++) {
		pkg_name_member(want, files[i].role, style, i,
				files[i].source_name);
		if (strcmp(files[i].member, want) != 0)
			return pkg_refuse(err, PKG_INPUT, REASON,
					  "request.json: '%s' must be called "
					  "'%s'",
					  files[i].member, want);
	}
	return PKG_OK;
}

/* Encrypted bundles have no telling member names: look at source names. */
static enum pkg_code check_bundle(const struct pkg_container_file *payload,
				  size_t count, struct pkg_err *err)
{
	char hex[65];

	if (strcmp(payload[0].source_name, BUNDLE_PLAN) != 0)
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "request.json: the first file of a bundle "
				  "must be %s",
				  BUNDLE_PLAN);
	if (payload[0].size > PKG_LIMIT_PLAN_JSON)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "request.json: the plan has more than %u "
				  "bytes",
				  PKG_LIMIT_PLAN_JSON);
	for (size_t i = 1; i < count; i++) {
		pkg_hex_encode(hex, payload[i].sha256, 32);
		if (strcmp(payload[i].source_name, hex) != 0 ||
		    (i > 1 &&
		     memcmp(payload[i - 1].sha256, payload[i].sha256, 32) >= 0))
			return pkg_refuse(err, PKG_INPUT, REASON,
					  "request.json: the blobs of a bundle "
					  "are named by their SHA-256, "
					  "ascending");
	}
	return PKG_OK;
}

static enum pkg_code check_id(const struct pkg_container_request *request,
			      struct pkg_crypto *crypto, struct pkg_err *err)
{
	char id[37];

	PKG_TRY(pkg_container_derive_id(id, request, crypto, err));
	if (strcmp(id, request->subject.id) != 0)
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "request.json: the id is not the one that "
				  "follows from its content");
	return PKG_OK;
}

enum pkg_code
pkg_container_request_check(const struct pkg_container_request *request,
			    const struct pkg_container_manifest *manifest,
			    struct pkg_crypto *crypto, struct pkg_err *err)
{
	const bool encrypted = manifest->kind != PKG_CONTAINER_SIGNED;
	const size_t first = pkg_members_first_file(manifest);
	const struct pkg_container_file *payload = request->files;
	size_t count = request->file_count;

	PKG_TRY(check_subject(&request->subject, &manifest->subject, err));
	if (request->has_salt != encrypted)
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "request.json has a salt exactly if anything "
				  "is encrypted");
	if (count != manifest->member_count - first)
		return differs("number of files", err);
	for (size_t i = 0; i < count; i++)
		PKG_TRY(check_file(&request->files[i],
				   &manifest->members[first + i], err));
	if (payload[0].role == PKG_ROLE_METADATA) {
		PKG_TRY(check_names(payload, 1, encrypted, err));
		payload++;
		count--;
	}
	PKG_TRY(check_names(payload, count, encrypted, err));
	if (manifest->subject.content == PKG_CONTAINER_BUNDLE)
		PKG_TRY(check_bundle(payload, count, err));
	return encrypted ? PKG_OK : check_id(request, crypto, err);
}

enum pkg_code
pkg_container_derive_id(char out[static 37],
			const struct pkg_container_request *request,
			struct pkg_crypto *crypto, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf json = {.max = PKG_LIMIT_REQUEST_JSON_BUNDLE};
	struct pkg_container_request nameless = *request;
	uint8_t sha256[32];

	nameless.subject.id = "";
	PKG_TRY(pkg_container_request_encode(&json, &nameless, err));
	PKG_TRY(pkg_digest_sha256(crypto, json.data, json.len, sha256, err));
	pkg_uuid_format(out, sha256, 8);
	return PKG_OK;
}
