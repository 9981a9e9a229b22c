/* SPDX-License-Identifier: Apache-2.0 */
#include "container/members.h"

#include "container/names.h"
#include "packline/aead.h"
#include "packline/text.h"

#include <string.h>

#define REASON "malformed-manifest"

static enum pkg_code wrong(const struct pkg_container_member *member,
			   const char *what, struct pkg_err *err)
{
	char name[PKG_ZIP_NAME_MAX];

	return pkg_refuse(err, PKG_INPUT, REASON,
			  "manifest.json: member '%s' %s",
			  pkg_text_quote_cut(name, sizeof(name), member->name,
					     strlen(member->name)),
			  what);
}

uint64_t pkg_members_limit(const struct pkg_container_manifest *manifest,
			   const struct pkg_container_member *member)
{
	const bool bundle = manifest->subject.content == PKG_CONTAINER_BUNDLE;

	switch (member->role) {
	case PKG_ROLE_RECIPIENTS:
		return PKG_LIMIT_RECIPIENTS_DER;
	case PKG_ROLE_REQUEST:
		return bundle ? PKG_LIMIT_REQUEST_JSON_BUNDLE
			      : PKG_LIMIT_REQUEST_JSON;
	case PKG_ROLE_METADATA:
		return PKG_LIMIT_METADATA;
	case PKG_ROLE_PAYLOAD:
		return PKG_LIMIT_PAYLOAD;
	}
	return 0;
}

/* Sizes: within the limit of the role, and what encryption makes of them. */
static enum pkg_code check_size(const struct pkg_container_manifest *manifest,
				const struct pkg_container_member *member,
				struct pkg_err *err)
{
	const bool encrypted = manifest->kind != PKG_CONTAINER_SIGNED &&
			       member->role != PKG_ROLE_RECIPIENTS;
	uint64_t stored = member->plain_size;

	if (member->encrypted != encrypted)
		return wrong(member,
			     "has 'plain_size' exactly if it is "
			     "encrypted",
			     err);
	if (member->plain_size > pkg_members_limit(manifest, member))
		return pkg_refuse(
		    err, PKG_INPUT, "limit",
		    "manifest.json: a member is larger than its "
		    "limit of %llu bytes",
		    (unsigned long long)pkg_members_limit(manifest, member));
	if (encrypted && !pkg_aead_stored_size(&stored, member->plain_size))
		return wrong(member, "is too large", err);
	if (stored != member->size)
		return wrong(member,
			     "has a 'size' that its 'plain_size' does "
			     "not give",
			     err);
	return PKG_OK;
}

/*
 * Of the roles: recipients iff encrypted, one request, at most one metadata
 * file, then the payload.
 */
static enum pkg_code check_roles(const struct pkg_container_manifest *manifest,
				 struct pkg_err *err)
{
	const struct pkg_container_member *members = manifest->members;
	const size_t count = manifest->member_count;
	size_t i = 0;

	if (manifest->kind != PKG_CONTAINER_SIGNED &&
	    (members[i].role != PKG_ROLE_RECIPIENTS || ++i == count))
		return wrong(&members[0], "stands where recipients must", err);
	if (members[i].role != PKG_ROLE_REQUEST)
		return wrong(&members[i], "stands where the request must", err);
	if (++i < count && members[i].role == PKG_ROLE_METADATA)
		i++;
	if (i == count)
		return wrong(&members[i - 1],
			     "is the last one: there is no "
			     "payload",
			     err);
	for (; i < count; i++) {
		if (members[i].role != PKG_ROLE_PAYLOAD)
			return wrong(&members[i], "stands where payload must",
				     err);
	}
	return PKG_OK;
}

static enum pkg_code check_fixed(const struct pkg_container_manifest *manifest,
				 const struct pkg_container_member *member,
				 struct pkg_err *err)
{
	const char *want = MEMBER_RECIPIENTS;

	if (member->role == PKG_ROLE_REQUEST)
		want = member->encrypted ? MEMBER_REQUEST_ENC : MEMBER_REQUEST;
	if (strcmp(member->name, want) != 0)
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "manifest.json: the member of role '%s' must "
				  "be '%s'",
				  pkg_container_role_name(member->role), want);
	if (member->role == PKG_ROLE_REQUEST && !member->encrypted &&
	    memcmp(member->sha256, manifest->request_sha256, 32) != 0)
		return wrong(member, "has not the digest 'request_sha256'",
			     err);
	return PKG_OK;
}

/* What follows the directory of the role; NULL if that is not it. */
static const char *base_name(const struct pkg_container_member *member)
{
	const char *dir =
	    member->role == PKG_ROLE_METADATA ? "metadata/" : "payload/";
	const size_t len = strlen(dir);

	return strncmp(member->name, dir, len) == 0 ? member->name + len : NULL;
}

/* Number @index of its role: the grammar, or the only name there can be. */
static enum pkg_code check_file(const struct pkg_container_member *member,
				size_t index, struct pkg_err *err)
{
	const char *base = base_name(member);
	member_name want;

	if (base == NULL || !pkg_container_is_name(base)) {
		(void)wrong(member, "is outside of the grammar of its role",
			    err);
		return pkg_because(err, "name-grammar");
	}
	if (!member->encrypted)
		return PKG_OK;
	pkg_name_member(want, member->role, NAME_STYLE_ENCRYPTED, index, NULL);
	if (strcmp(member->name, want) != 0)
		return pkg_refuse(err, PKG_INPUT, REASON,
				  "manifest.json: '%s' stands where '%s' must",
				  member->name, want);
	return PKG_OK;
}

/* A bundle in the clear: the plan, then blobs ascending by their digest. */
static enum pkg_code check_bundle(const struct pkg_container_member *payload,
				  size_t count, struct pkg_err *err)
{
	char hex[65];

	if (strcmp(payload[0].name, "payload/" BUNDLE_PLAN) != 0)
		return wrong(&payload[0], "stands where the plan must", err);
	if (payload[0].size > PKG_LIMIT_PLAN_JSON)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "manifest.json: the plan has more than %u "
				  "bytes",
				  PKG_LIMIT_PLAN_JSON);
	for (size_t i = 1; i < count; i++) {
		pkg_hex_encode(hex, payload[i].sha256, 32);
		if (strcmp(base_name(&payload[i]), hex) != 0)
			return wrong(&payload[i], "is not named by its SHA-256",
				     err);
		if (i > 1 &&
		    memcmp(payload[i - 1].sha256, payload[i].sha256, 32) >= 0)
			return wrong(&payload[i], "is not in ascending order",
				     err);
	}
	return PKG_OK;
}

static const char *member_name_of(const void *rows, size_t index)
{
	return ((const struct pkg_container_member *)rows)[index].name;
}

/* Every row by itself; @payload receives how many are payload. */
static enum pkg_code check_rows(const struct pkg_container_manifest *manifest,
				size_t *payload, struct pkg_err *err)
{
	const size_t first = pkg_members_first_file(manifest);

	for (size_t i = 0; i < manifest->member_count; i++) {
		const struct pkg_container_member *m = &manifest->members[i];
		const size_t index =
		    m->role == PKG_ROLE_PAYLOAD ? (*payload)++ : 0;

		PKG_TRY(check_size(manifest, m, err));
		if (i < first)
			PKG_TRY(check_fixed(manifest, m, err));
		else
			PKG_TRY(check_file(m, index, err));
	}
	return PKG_OK;
}

enum pkg_code pkg_members_check(const struct pkg_container_manifest *manifest,
				struct pkg_err *err)
{
	const struct pkg_container_member *members = manifest->members;
	const size_t count = manifest->member_count;
	size_t payload = 0, dup = SIZE_MAX;

	PKG_TRY(check_roles(manifest, err));
	PKG_TRY(check_rows(manifest, &payload, err));
	if (manifest->kind == PKG_CONTAINER_SIGNED &&
	    manifest->subject.content == PKG_CONTAINER_BUNDLE)
		return check_bundle(members + count - payload, payload, err);
	PKG_TRY(
	    pkg_names_unique(members, count, member_name_of, true, &dup, err));
	if (dup != SIZE_MAX)
		return wrong(&members[dup],
			     "is there twice but for upper and lower case",
			     err);
	return PKG_OK;
}

size_t pkg_members_first_file(const struct pkg_container_manifest *manifest)
{
	return manifest->kind == PKG_CONTAINER_SIGNED ? 1 : 2;
}
