/* SPDX-License-Identifier: Apache-2.0 */
#include "container/fields.h"
#include "container/members.h"
#include "packline/buf.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/sink.h"

#include <string.h>

static enum pkg_code take_kdf(struct fields *parent, struct pkg_kdf_scrypt *kdf,
			      struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	struct fields self;
	int64_t n = 0, p = 0, r = 0;

	PKG_TRY(pkg_fields_take(parent, "kdf", PKG_NODE_MAP, 0, &node, err));
	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	PKG_TRY(pkg_fields_int(&self, "n", 1 << 17, 0, &n, err));
	PKG_TRY(pkg_fields_is(&self, "name", "scrypt", err));
	PKG_TRY(pkg_fields_int(&self, "p", 1, 0, &p, err));
	PKG_TRY(pkg_fields_int(&self, "r", 8, 0, &r, err));
	PKG_TRY(pkg_fields_sha256(&self, "salt", NULL, kdf->salt, err));
	if (n < 2 || (n & (n - 1)) != 0 || p != 1 || r != 8)
		return pkg_fields_refuse(
		    &self, err,
		    "%s: scrypt takes n = 2^1..2^17, r = 8, "
		    "p = 1 only",
		    self.document);
	kdf->n = (uint32_t)n;
	kdf->p = (uint32_t)p;
	kdf->r = (uint32_t)r;
	return pkg_fields_end(&self, err);
}

static enum pkg_code take_encryption(struct fields *parent,
				     struct pkg_container_manifest *out,
				     bool *present, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	struct fields self;

	PKG_TRY(pkg_fields_take(parent, "encryption", PKG_NODE_MAP,
				FIELD_NULLABLE, &node, err));
	*present = node != NULL;
	if (node == NULL)
		return PKG_OK;
	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	out->has_kdf = pkg_fields_next_is(&self, "kdf");
	if (out->has_kdf)
		PKG_TRY(take_kdf(&self, &out->kdf, err));
	PKG_TRY(pkg_fields_sha256(&self, "salt", NULL, out->salt, err));
	return pkg_fields_end(&self, err);
}

static enum pkg_code keep_ext(const char **out, struct pkg_arena *arena,
			      const struct pkg_node *ext, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_MANIFEST_JSON_BUNDLE};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, &text);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	/* What was read is canonical: the keys are in order already. */
	for (struct pkg_node *one = ext->first; one != NULL; one = one->next) {
		pkg_jsonw_key(&w, one->key);
		pkg_jsonw_node(&w, one);
	}
	pkg_jsonw_object_end(&w);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	*out = pkg_arena_dup(arena, pkg_buf_str(&text), text.len, err);
	return *out == NULL ? err->code : PKG_OK;
}

/*
 * The extension point: signed and ignored, unless it says it must not be.  Who
 * signs is shown what he signs, so it is kept as it is.
 */
static enum pkg_code take_ext(struct fields *self, const char **out,
			      struct pkg_err *err)
{
	const struct pkg_node *ext = NULL;

	if (!pkg_fields_next_is(self, "ext"))
		return PKG_OK;
	PKG_TRY(pkg_fields_take(self, "ext", PKG_NODE_MAP, 0, &ext, err));
	for (const struct pkg_node *n = ext->first; n != NULL; n = n->next) {
		if (n->key[0] == '!')
			return pkg_refuse(err, PKG_INPUT,
					  "unsupported-extension",
					  "%s: extension '%.64s' is critical "
					  "and not known here",
					  self->document, n->key);
	}
	return keep_ext(out, self->arena, ext, err);
}

static enum pkg_code take_member(struct fields *parent,
				 const struct pkg_node *node,
				 struct pkg_container_member *out,
				 struct pkg_err *err)
{
	static const char *const roles[] = {"recipients", "request", "metadata",
					    "payload", NULL};
	const struct pkg_node *name = NULL;
	struct fields self;
	unsigned role = 0;
	int64_t size = 0, plain = 0;

	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	PKG_TRY(pkg_fields_take(&self, "name", PKG_NODE_STRING, 0, &name, err));
	out->encrypted = pkg_fields_next_is(&self, "plain_size");
	if (out->encrypted)
		PKG_TRY(pkg_fields_int(&self, "plain_size", PKG_LIMIT_JSON_INT,
				       0, &plain, err));
	PKG_TRY(pkg_fields_enum(&self, "role", roles, &role, err));
	PKG_TRY(pkg_fields_sha256(&self, "sha256", NULL, out->sha256, err));
	PKG_TRY(
	    pkg_fields_int(&self, "size", PKG_LIMIT_JSON_INT, 0, &size, err));
	PKG_TRY(pkg_fields_end(&self, err));
	out->role = (enum pkg_container_role)role;
	out->size = (uint64_t)size;
	out->plain_size = out->encrypted ? (uint64_t)plain : out->size;
	out->name = pkg_arena_dup(self.arena, name->text, name->len, err);
	return out->name == NULL ? err->code : PKG_OK;
}

static enum pkg_code take_members(struct fields *self,
				  struct pkg_container_manifest *out,
				  struct pkg_err *err)
{
	const size_t max = out->subject.content == PKG_CONTAINER_BUNDLE
			       ? PKG_LIMIT_MEMBERS_BUNDLE
			       : PKG_LIMIT_MEMBERS;
	struct pkg_container_member *members = NULL;
	const struct pkg_node *list = NULL;
	size_t i = 0;

	PKG_TRY(pkg_fields_take(self, "members", PKG_NODE_SEQ, 0, &list, err));
	if (list->count > max)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "%s: more than %zu members", self->document,
				  max);
	if (list->count == 0)
		return pkg_fields_refuse(self, err, "%s: no members",
					 self->document);
	members =
	    pkg_arena_array(self->arena, list->count, sizeof(*members), err);
	if (members == NULL)
		return err->code;
	for (const struct pkg_node *n = list->first; n != NULL; n = n->next)
		PKG_TRY(take_member(self, n, &members[i++], err));
	out->members = members;
	out->member_count = i;
	return PKG_OK;
}

/*
 * A later format may have other keys, so what tells formats apart is looked
 * at before anything else.
 */
static enum pkg_code check_format(const struct fields *self,
				  const struct pkg_node *root,
				  struct pkg_err *err)
{
	const struct pkg_node *type = pkg_node_get(root, "type");
	const struct pkg_node *format = pkg_node_get(root, "format");
	const struct pkg_node *suite = pkg_node_get(root, "suite");

	if (type == NULL || !pkg_node_is(type, "manifest") || format == NULL ||
	    format->kind != PKG_NODE_INT || format->number != 1)
		return pkg_refuse(err, PKG_INPUT, "unsupported-format",
				  "%s: not a manifest of format 1",
				  self->document);
	if (suite == NULL || !pkg_node_is(suite, PKG_SUITE_1))
		return pkg_refuse(err, PKG_INPUT, "unsupported-suite",
				  "%s: the suite is not %s", self->document,
				  PKG_SUITE_1);
	return PKG_OK;
}

/* From "content" to "kind". */
static enum pkg_code take_front(struct fields *self,
				struct pkg_container_manifest *out,
				struct pkg_err *err)
{
	static const char *const kinds[] = {"signed", "sealed", "encrypted",
					    NULL};
	struct pkg_container_subject *subject = &out->subject;
	bool encryption = false;
	unsigned kind = 0;
	int64_t format = 0;

	PKG_TRY(pkg_fields_subject_head(self, subject, err));
	PKG_TRY(take_encryption(self, out, &encryption, err));
	PKG_TRY(pkg_fields_text(self, "expires", pkg_container_is_time,
				FIELD_NULLABLE, &subject->expires, err));
	PKG_TRY(take_ext(self, &out->ext, err));
	PKG_TRY(pkg_fields_int(self, "format", 1, 0, &format, err));
	PKG_TRY(pkg_fields_text(self, "id", pkg_is_uuid, 0, &subject->id, err));
	PKG_TRY(pkg_fields_enum(self, "kind", kinds, &kind, err));
	out->kind = (enum pkg_container_kind)kind;
	if (encryption != (out->kind != PKG_CONTAINER_SIGNED))
		return pkg_fields_refuse(self, err,
					 "%s: 'encryption' does not go with "
					 "the kind",
					 self->document);
	if (subject->id[14] != (encryption ? '4' : '8'))
		return pkg_fields_refuse(self, err,
					 "%s: 'id' has not the UUID version of "
					 "its kind",
					 self->document);
	return PKG_OK;
}

/* From "name" to "version". */
static enum pkg_code take_back(struct fields *self,
			       struct pkg_container_manifest *out,
			       struct pkg_err *err)
{
	struct pkg_container_subject *subject = &out->subject;

	PKG_TRY(pkg_fields_text(self, "name", pkg_container_is_text, 0,
				&subject->name, err));
	PKG_TRY(pkg_fields_sha256(self, "policy_sha256", &out->has_policy,
				  out->policy_sha256, err));
	PKG_TRY(pkg_fields_sha256(self, "request_sha256", NULL,
				  out->request_sha256, err));
	PKG_TRY(pkg_fields_int(self, "sequence", PKG_LIMIT_JSON_INT,
			       FIELD_NULLABLE, &subject->sequence, err));
	PKG_TRY(pkg_fields_is(self, "suite", PKG_SUITE_1, err));
	out->suite = PKG_SUITE_1;
	PKG_TRY(pkg_fields_text(self, "tenant", pkg_container_is_name, 0,
				&subject->tenant, err));
	PKG_TRY(pkg_fields_is(self, "type", "manifest", err));
	PKG_TRY(pkg_fields_text(self, "version", pkg_container_is_text, 0,
				&subject->version, err));
	return pkg_fields_end(self, err);
}

enum pkg_code pkg_container_manifest_decode(struct pkg_container_manifest *out,
					    struct pkg_arena *arena,
					    const void *data, size_t len,
					    struct pkg_err *err)
{
	struct fields self = {.document = "manifest.json",
			      .reason = "malformed-manifest",
			      .arena = arena};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	const struct pkg_node *root = NULL;

	*out = (struct pkg_container_manifest){0};
	if (len > PKG_LIMIT_MANIFEST_JSON_BUNDLE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "manifest.json is too large");
	PKG_TRY(pkg_fields_arena(&tree, len, err));
	PKG_TRY(pkg_fields_parse(&self, tree, data, len, &root, err));
	PKG_TRY(check_format(&self, root, err));
	PKG_TRY(take_front(&self, out, err));
	PKG_TRY(take_members(&self, out, err));
	PKG_TRY(take_back(&self, out, err));
	if (out->subject.content == PKG_CONTAINER_FILES &&
	    len > PKG_LIMIT_MANIFEST_JSON)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "manifest.json has more than %u bytes",
				  PKG_LIMIT_MANIFEST_JSON);
	return pkg_members_check(out, err);
}
