/* SPDX-License-Identifier: Apache-2.0 */
#include "review/facts.h"

#include "packline/arena.h"
#include "packline/text.h"

#include <inttypes.h>

enum pkg_code pkg_facts_add(struct facts *facts, const struct fact *fact,
			    struct pkg_err *err)
{
	struct fact *copy = NULL;

	if (fact->value == NULL) /* the caller's arena is full */
		return err->code;
	copy = pkg_arena_alloc(facts->arena, sizeof(*copy), err);
	if (copy == NULL)
		return err->code;
	*copy = *fact;
	copy->next = NULL;
	if (facts->last == NULL)
		facts->first = copy;
	else
		facts->last->next = copy;
	facts->last = copy;
	return PKG_OK;
}

/* Something that every package says, or says that it has none. */
static enum pkg_code add(struct facts *facts, const char *label,
			 const char *value, struct pkg_err *err)
{
	return pkg_facts_add(
	    facts,
	    &(struct fact){.label = label, .value = value, .compared = true},
	    err);
}

static const char *or_none(const char *text)
{
	return text == NULL ? "(none)" : text;
}

static const char *hex_of(struct facts *facts, const uint8_t *data, size_t len,
			  struct pkg_err *err)
{
	char hex[2 * 64 + 1];

	pkg_hex_encode(hex, data, len);
	return pkg_arena_dup(facts->arena, hex, 2 * len, err);
}

static enum pkg_code add_sequence(struct facts *facts,
				  const struct pkg_container_subject *subject,
				  struct pkg_err *err)
{
	if (subject->sequence < 0)
		return add(facts, "sequence", "(none)", err);
	return add(
	    facts, "sequence",
	    pkg_arena_printf(facts->arena, err, "%" PRId64, subject->sequence),
	    err);
}

static enum pkg_code add_subject(struct facts *facts,
				 const struct pkg_container_manifest *manifest,
				 struct pkg_err *err)
{
	const struct pkg_container_subject *subject = &manifest->subject;

	PKG_TRY(add(facts, "name", subject->name, err));
	PKG_TRY(add(facts, "version", subject->version, err));
	PKG_TRY(add(facts, "tenant", subject->tenant, err));
	PKG_TRY(
	    add(facts, "device config", or_none(subject->device_config), err));
	if (subject->device_config != NULL)
		PKG_TRY(
		    add(facts, "  its SHA-256",
			hex_of(facts, subject->device_config_sha256, 32, err),
			err));
	PKG_TRY(add_sequence(facts, subject, err));
	PKG_TRY(
	    pkg_facts_add(facts,
			  &(struct fact){.label = "created",
					 .value = or_none(subject->created)},
			  err));
	PKG_TRY(add(facts, "expires",
		    subject->expires == NULL ? "(never)" : subject->expires,
		    err));
	PKG_TRY(
	    add(facts, "kind", pkg_container_kind_name(manifest->kind), err));
	PKG_TRY(add(facts, "content",
		    pkg_container_content_name(subject->content), err));
	PKG_TRY(add(facts, "policy",
		    manifest->has_policy
			? hex_of(facts, manifest->policy_sha256, 32, err)
			: "(none: no approvals are asked for)",
		    err));
	return manifest->ext == NULL
		   ? PKG_OK
		   : add(facts, "extensions", manifest->ext, err);
}

static enum pkg_code add_files(struct facts *facts,
			       const struct pkg_container_request *request,
			       struct pkg_err *err)
{
	PKG_TRY(
	    pkg_facts_add(facts,
			  &(struct fact){.label = "requester",
					 .value = or_none(request->requester),
					 .compared = true,
					 .inside = true},
			  err));
	for (size_t i = 0; i < request->file_count; i++) {
		const struct pkg_container_file *file = &request->files[i];
		char hex[65];

		pkg_hex_encode(hex, file->sha256, 32);
		PKG_TRY(pkg_facts_add(
		    facts,
		    &(struct fact){
			.label = file->role == PKG_ROLE_METADATA ? "metadata"
								 : "file",
			.name = file->source_name,
			.value = pkg_arena_printf(
			    facts->arena, err, "%s %" PRIu64 " bytes%s", hex,
			    file->size,
			    file->has_given ? ", digest as it was ordered"
					    : ""),
			.compared = true,
			.inside = true},
		    err));
	}
	return PKG_OK;
}

/* Without a key there are only the stored members to tell of. */
static enum pkg_code add_members(struct facts *facts,
				 const struct pkg_container_manifest *manifest,
				 struct pkg_err *err)
{
	PKG_TRY(pkg_facts_add(
	    facts,
	    &(struct fact){.label = "files",
			   .value = "ENCRYPTED: nobody can see here what they "
				    "are (a .request shows it)"},
	    err));
	for (size_t i = 0; i < manifest->member_count; i++) {
		const struct pkg_container_member *member =
		    &manifest->members[i];

		if (member->role != PKG_ROLE_PAYLOAD &&
		    member->role != PKG_ROLE_METADATA)
			continue;
		PKG_TRY(pkg_facts_add(
		    facts,
		    &(struct fact){.label = "encrypted",
				   .name = member->name,
				   .value = pkg_arena_printf(
				       facts->arena, err, "%" PRIu64 " bytes",
				       member->plain_size)},
		    err));
	}
	return PKG_OK;
}

static enum pkg_code add_recipients(struct facts *facts,
				    const struct pkg_envelope_info *info,
				    struct pkg_err *err)
{
	for (size_t i = 0; info != NULL && i < info->count; i++) {
		const struct pkg_envelope_recipient *one = &info->recipients[i];
		const char *kind = pkg_arena_dup(facts->arena, one->kind,
						 strlen(one->kind), err);
		/* Keys that are shared have a name instead of an identifier. */
		const char *who =
		    one->ski_len > 0
			? hex_of(facts, one->ski, one->ski_len, err)
			: pkg_arena_dup(facts->arena, one->key_id,
					strlen(one->key_id), err);

		if (kind == NULL || who == NULL)
			return err->code;
		PKG_TRY(pkg_facts_add(facts,
				      &(struct fact){.label = "recipient",
						     .name = who,
						     .value = kind,
						     .compared = true},
				      err));
	}
	return PKG_OK;
}

enum pkg_code pkg_facts_collect(struct facts *facts, const struct facts_of *of,
				struct pkg_err *err)
{
	facts->readable = of->request != NULL;
	PKG_TRY(add_subject(facts, of->manifest, err));
	if (of->request != NULL)
		PKG_TRY(add_files(facts, of->request, err));
	else
		PKG_TRY(add_members(facts, of->manifest, err));
	PKG_TRY(add_recipients(facts, of->recipients, err));
	return of->plan.len == 0 ? PKG_OK
				 : pkg_facts_plan(facts, &of->plan, err);
}
