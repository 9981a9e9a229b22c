/* SPDX-License-Identifier: Apache-2.0 */
#include "container/fields.h"
#include "container/names.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>

static bool is_member_name(const char *text)
{
	const char *base = strchr(text, '/');

	return strlen(text) <= PKG_ZIP_NAME_MAX && base != NULL &&
	       pkg_container_is_name(base + 1);
}

static enum pkg_code take_source_name(struct fields *self, const char **out,
				      struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	char text[80];

	PKG_TRY(pkg_fields_take(self, "source_name", PKG_NODE_STRING, 0, &node,
				err));
	if (!pkg_path_is_safe_name(node->text, node->len))
		return pkg_refuse(err, PKG_INPUT, "name-grammar",
				  "%s: '%s' is not a safe file name",
				  self->document,
				  pkg_text_quote_cut(text, sizeof(text),
						     node->text, node->len));
	*out = pkg_arena_dup(self->arena, node->text, node->len, err);
	return *out == NULL ? err->code : PKG_OK;
}

static enum pkg_code take_file(struct fields *parent,
			       const struct pkg_node *node,
			       struct pkg_container_file *out,
			       struct pkg_err *err)
{
	static const char *const roles[] = {"metadata", "payload", NULL};
	struct fields self;
	unsigned role = 0;
	int64_t size = 0;

	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	out->has_given = pkg_fields_next_is(&self, "given_sha256");
	if (out->has_given)
		PKG_TRY(pkg_fields_sha256(&self, "given_sha256", NULL,
					  out->given_sha256, err));
	PKG_TRY(pkg_fields_text(&self, "member", is_member_name, 0,
				&out->member, err));
	PKG_TRY(pkg_fields_enum(&self, "role", roles, &role, err));
	out->role = role == 0 ? PKG_ROLE_METADATA : PKG_ROLE_PAYLOAD;
	PKG_TRY(pkg_fields_sha256(&self, "sha256", NULL, out->sha256, err));
	PKG_TRY(pkg_fields_int(&self, "size", (int64_t)PKG_LIMIT_PAYLOAD, 0,
			       &size, err));
	out->size = (uint64_t)size;
	PKG_TRY(take_source_name(&self, &out->source_name, err));
	if (out->has_given && memcmp(out->given_sha256, out->sha256, 32) != 0)
		return pkg_fields_refuse(&self, err,
					 "%s: 'given_sha256' is not 'sha256'",
					 self.document);
	return pkg_fields_end(&self, err);
}

static const char *source_name_of(const void *rows, size_t index)
{
	return ((const struct pkg_container_file *)rows)[index].source_name;
}

static enum pkg_code take_files(struct fields *self,
				struct pkg_container_request *out,
				struct pkg_err *err)
{
	struct pkg_container_file *files = NULL;
	const struct pkg_node *list = NULL;
	size_t i = 0, dup = SIZE_MAX;
	char text[80];

	PKG_TRY(pkg_fields_take(self, "files", PKG_NODE_SEQ, 0, &list, err));
	if (list->count > PKG_LIMIT_MEMBERS_BUNDLE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "%s: more than %u files", self->document,
				  PKG_LIMIT_MEMBERS_BUNDLE);
	if (list->count == 0)
		return pkg_fields_refuse(self, err, "%s: no files",
					 self->document);
	files = pkg_arena_array(self->arena, list->count, sizeof(*files), err);
	if (files == NULL)
		return err->code;
	for (const struct pkg_node *n = list->first; n != NULL; n = n->next)
		PKG_TRY(take_file(self, n, &files[i++], err));
	out->files = files;
	out->file_count = i;
	PKG_TRY(pkg_names_unique(files, i, source_name_of, false, &dup, err));
	if (dup != SIZE_MAX)
		return pkg_fields_refuse(
		    self, err, "%s: the file name '%s' is there twice",
		    self->document,
		    pkg_text_quote_cut(text, sizeof(text),
				       files[dup].source_name,
				       strlen(files[dup].source_name)));
	return PKG_OK;
}

static enum pkg_code take_salt(struct fields *self,
			       struct pkg_container_request *out,
			       struct pkg_err *err)
{
	const struct pkg_node *node = self->next;

	/* "" if nothing is encrypted: there is nothing to hide. */
	if (node != NULL && pkg_node_is(node, ""))
		return pkg_fields_is(self, "salt", "", err);
	out->has_salt = true;
	return pkg_fields_sha256(self, "salt", NULL, out->salt, err);
}

/* From "requester" to "version". */
static enum pkg_code take_back(struct fields *self,
			       struct pkg_container_request *out,
			       struct pkg_err *err)
{
	struct pkg_container_subject *subject = &out->subject;

	PKG_TRY(pkg_fields_text(self, "requester", pkg_container_is_text,
				FIELD_NULLABLE, &out->requester, err));
	PKG_TRY(take_salt(self, out, err));
	PKG_TRY(pkg_fields_int(self, "sequence", PKG_LIMIT_JSON_INT,
			       FIELD_NULLABLE, &subject->sequence, err));
	PKG_TRY(pkg_fields_text(self, "tenant", pkg_container_is_name, 0,
				&subject->tenant, err));
	PKG_TRY(pkg_fields_is(self, "type", "request", err));
	PKG_TRY(pkg_fields_text(self, "version", pkg_container_is_text, 0,
				&subject->version, err));
	return pkg_fields_end(self, err);
}

static enum pkg_code take_all(struct fields *self,
			      struct pkg_container_request *out,
			      struct pkg_err *err)
{
	struct pkg_container_subject *subject = &out->subject;

	PKG_TRY(pkg_fields_subject_head(self, subject, err));
	PKG_TRY(pkg_fields_text(self, "expires", pkg_container_is_time,
				FIELD_NULLABLE, &subject->expires, err));
	PKG_TRY(take_files(self, out, err));
	PKG_TRY(pkg_fields_text(self, "id", pkg_is_uuid, 0, &subject->id, err));
	PKG_TRY(pkg_fields_text(self, "name", pkg_container_is_text, 0,
				&subject->name, err));
	return take_back(self, out, err);
}

enum pkg_code pkg_container_request_decode(struct pkg_container_request *out,
					   struct pkg_arena *arena,
					   const void *data, size_t len,
					   struct pkg_err *err)
{
	struct fields self = {.document = "request.json",
			      .reason = "malformed-request",
			      .arena = arena};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	const struct pkg_node *root = NULL, *type = NULL;

	*out = (struct pkg_container_request){0};
	if (len > PKG_LIMIT_REQUEST_JSON_BUNDLE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "request.json is too large");
	PKG_TRY(pkg_fields_arena(&tree, len, err));
	PKG_TRY(pkg_fields_parse(&self, tree, data, len, &root, err));
	type = pkg_node_get(root, "type");
	if (type == NULL || !pkg_node_is(type, "request"))
		return pkg_refuse(err, PKG_INPUT, "unsupported-format",
				  "%s: not a request", self.document);
	PKG_TRY(take_all(&self, out, err));
	if (out->subject.content == PKG_CONTAINER_FILES &&
	    len > PKG_LIMIT_REQUEST_JSON)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "request.json has more than %u bytes",
				  PKG_LIMIT_REQUEST_JSON);
	return PKG_OK;
}
