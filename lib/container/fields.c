/* SPDX-License-Identifier: Apache-2.0 */
#include "container/fields.h"

#include "packline/json.h"
#include "packline/text.h"

#include <string.h>

enum pkg_code pkg_fields_enter(struct fields *self, const struct fields *parent,
			       const struct pkg_node *node, struct pkg_err *err)
{
	*self = *parent;
	if (node->kind != PKG_NODE_MAP)
		return pkg_fields_refuse(self, err, "%s: not an object",
					 self->document);
	self->next = node->first;
	return PKG_OK;
}

static enum pkg_code unknown_key(const struct fields *self, struct pkg_err *err)
{
	return pkg_fields_refuse(self, err, "%s: unknown key '%.64s'",
				 self->document, self->next->key);
}

enum pkg_code pkg_fields_end(const struct fields *self, struct pkg_err *err)
{
	return self->next == NULL ? PKG_OK : unknown_key(self, err);
}

bool pkg_fields_next_is(const struct fields *self, const char *key)
{
	return self->next != NULL && strcmp(self->next->key, key) == 0;
}

enum pkg_code pkg_fields_take(struct fields *self, const char *key,
			      enum pkg_node_kind kind, unsigned flags,
			      const struct pkg_node **out, struct pkg_err *err)
{
	const struct pkg_node *node = self->next;

	*out = NULL;
	/* Keys are sorted: a smaller one is not ours, a greater one means
	   that ours is not there. */
	if (node != NULL && strcmp(node->key, key) < 0) {
		(void)unknown_key(self, err);
		return PKG_INPUT;
	}
	if (node == NULL || strcmp(node->key, key) != 0) {
		(void)pkg_fields_refuse(self, err, "%s: key '%s' is missing",
					self->document, key);
		return PKG_INPUT; /* the analyzer must see that it fails */
	}
	self->next = node->next;
	if (node->kind == PKG_NODE_NULL && (flags & FIELD_NULLABLE) != 0)
		return PKG_OK;
	if (node->kind != kind) {
		(void)pkg_fields_refuse(self, err,
					"%s: '%s' has the wrong type",
					self->document, key);
		return PKG_INPUT;
	}
	*out = node;
	return PKG_OK;
}

static enum pkg_code wrong_value(const struct fields *self, const char *key,
				 const struct pkg_node *node,
				 struct pkg_err *err)
{
	char text[80];

	return pkg_fields_refuse(
	    self, err, "%s: '%s' cannot be '%s'", self->document, key,
	    pkg_text_quote_cut(text, sizeof(text), node->text, node->len));
}

enum pkg_code pkg_fields_text(struct fields *self, const char *key,
			      bool (*is)(const char *), unsigned flags,
			      const char **out, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	*out = NULL;
	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_STRING, flags, &node, err));
	if (node == NULL)
		return PKG_OK;
	if (!is(node->text))
		return wrong_value(self, key, node, err);
	*out = pkg_arena_dup(self->arena, node->text, node->len, err);
	return *out == NULL ? err->code : PKG_OK;
}

enum pkg_code pkg_fields_is(struct fields *self, const char *key,
			    const char *value, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_STRING, 0, &node, err));
	return pkg_node_is(node, value) ? PKG_OK
					: wrong_value(self, key, node, err);
}

enum pkg_code pkg_fields_sha256(struct fields *self, const char *key, bool *has,
				uint8_t out[static 32], struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_STRING,
				has != NULL ? FIELD_NULLABLE : 0, &node, err));
	if (has != NULL)
		*has = node != NULL;
	if (node == NULL)
		return PKG_OK;
	if (!pkg_hex_decode(out, 32, node->text, node->len))
		return wrong_value(self, key, node, err);
	return PKG_OK;
}

enum pkg_code pkg_fields_int(struct fields *self, const char *key, int64_t max,
			     unsigned flags, int64_t *out, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	*out = -1;
	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_INT, flags, &node, err));
	if (node == NULL)
		return PKG_OK;
	if (node->number < 0 || node->number > max)
		return pkg_fields_refuse(self, err,
					 "%s: '%s' is not between 0 and %lld",
					 self->document, key, (long long)max);
	*out = node->number;
	return PKG_OK;
}

enum pkg_code pkg_fields_enum(struct fields *self, const char *key,
			      const char *const *names, unsigned *out,
			      struct pkg_err *err)
{
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_fields_take(self, key, PKG_NODE_STRING, 0, &node, err));
	for (*out = 0; names[*out] != NULL; (*out)++) {
		if (pkg_node_is(node, names[*out]))
			return PKG_OK;
	}
	return wrong_value(self, key, node, err);
}

enum pkg_code pkg_fields_parse(struct fields *self, struct pkg_arena *tree,
			       const void *data, size_t len,
			       const struct pkg_node **root,
			       struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = self->document,
	    .data = data,
	    .len = len,
	    .max_depth = PKG_LIMIT_JSON_DEPTH,
	    .canonical = true,
	};
	struct pkg_node *node = NULL;
	const enum pkg_code code = pkg_json_parse(&node, tree, &input, err);

	if (code == PKG_INPUT)
		return pkg_because(err,
				   err->reason == NULL ||
					   strcmp(err->reason, "too-large") == 0
				       ? "limit"
				       : "not-canonical");
	PKG_TRY(code);
	*root = node;
	return pkg_fields_enter(self,
				&(struct fields){.document = self->document,
						 .reason = self->reason,
						 .arena = self->arena},
				node, err);
}

static enum pkg_code take_device_config(struct fields *self,
					struct pkg_container_subject *subject,
					struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	struct fields inner;

	PKG_TRY(pkg_fields_take(self, "device_config", PKG_NODE_MAP,
				FIELD_NULLABLE, &node, err));
	if (node == NULL)
		return PKG_OK;
	PKG_TRY(pkg_fields_enter(&inner, self, node, err));
	PKG_TRY(pkg_fields_text(&inner, "id", pkg_container_is_name, 0,
				&subject->device_config, err));
	PKG_TRY(pkg_fields_sha256(&inner, "sha256", NULL,
				  subject->device_config_sha256, err));
	return pkg_fields_end(&inner, err);
}

enum pkg_code pkg_fields_subject_head(struct fields *self,
				      struct pkg_container_subject *subject,
				      struct pkg_err *err)
{
	static const char *const contents[] = {"files", "bundle", NULL};
	unsigned content = 0;

	PKG_TRY(pkg_fields_enum(self, "content", contents, &content, err));
	subject->content = (enum pkg_container_content)content;
	PKG_TRY(pkg_fields_text(self, "created", pkg_container_is_time,
				FIELD_NULLABLE, &subject->created, err));
	return take_device_config(self, subject, err);
}

enum pkg_code pkg_fields_arena(struct pkg_arena **out, size_t len,
			       struct pkg_err *err)
{
	return pkg_arena_new(out, PKG_LIMIT_ARENA_OF(len), err);
}

bool pkg_is_uuid(const char *text)
{
	if (strlen(text) != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !pkg_hex_is(text + i, 1))
			return false;
	}
	/* RFC 9562: made at random, or from a digest; the usual variant. */
	return (text[14] == '4' || text[14] == '8') &&
	       strchr("89ab", text[19]) != NULL;
}
