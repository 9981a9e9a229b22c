/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/pattern.h"
#include "packline/text.h"
#include "schema/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *pkg_schema_quote_(char out[static PKG_SCHEMA_LABEL],
			      const char *text)
{
	const size_t max = PKG_SCHEMA_LABEL - 16;
	size_t len = strlen(text);

	if (len <= max) {
		(void)snprintf(out, PKG_SCHEMA_LABEL, "'%s'", text);
		return out;
	}
	/* not in the middle of a code point */
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	(void)snprintf(out, PKG_SCHEMA_LABEL, "'%.*s...'", (int)len, text);
	return out;
}

const char *pkg_schema_label_(char out[static PKG_SCHEMA_LABEL],
			      const struct pkg_binder *b,
			      const struct pkg_node *node)
{
	if (node == b->root)
		return "the document";
	if (node->key == NULL)
		return "the item";
	return pkg_schema_quote_(out, node->key);
}

const char *pkg_schema_kind_(const struct pkg_node *node)
{
	switch (node->kind) {
	case PKG_NODE_NULL:
		return "null";
	case PKG_NODE_BOOL:
		return node->truth ? "true" : "false";
	case PKG_NODE_INT:
		return "a number";
	case PKG_NODE_STRING:
		return node->plain && node->len == 0 ? "empty" : "a text";
	case PKG_NODE_SEQ:
		return "a list";
	case PKG_NODE_MAP:
		return "a mapping";
	}
	return "unknown";
}

enum pkg_code pkg_schema_wrong_type_(struct pkg_binder *b,
				     const struct pkg_node *node,
				     const char *wanted, const char *hint,
				     struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	char label[PKG_SCHEMA_LABEL], value[PKG_SCHEMA_LABEL];
	const bool shown = node->kind == PKG_NODE_STRING && node->len > 0;

	if (hint == NULL && node->kind == PKG_NODE_STRING && node->len == 0 &&
	    node != b->root)
		hint = "write a value, or leave the key out";
	return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "wrong-type", &mark,
			    hint, err, "%s must be %s, not %s",
			    pkg_schema_label_(label, b, node), wanted,
			    shown ? pkg_schema_quote_(value, node->text)
				  : pkg_schema_kind_(node));
}

enum pkg_code pkg_schema_form_(struct pkg_binder *b,
			       const struct pkg_field *field, const char *text,
			       size_t len, const struct pkg_mark *mark,
			       struct pkg_err *err)
{
	const struct pkg_schema_pattern *row = b->schema->patterns;
	char value[PKG_SCHEMA_LABEL], hint[PKG_ERR_HINT];
	bool matches = false;

	if (field->pattern == NULL)
		return PKG_OK;
	while (row->field != field)
		row++;
	PKG_TRY(pkg_pattern_match(row->pattern, text, len, &matches, err));
	if (matches)
		return PKG_OK;
	(void)snprintf(hint, sizeof(hint), "it must match %s", field->pattern);
	return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "wrong-form", mark,
			    field->hint != NULL ? field->hint : hint, err,
			    "%s has the wrong form",
			    pkg_schema_quote_(value, text));
}

static int64_t count_code_points(const struct pkg_node *node)
{
	int64_t n = 0;

	for (size_t i = 0; i < node->len; i++)
		n += ((unsigned char)node->text[i] & 0xc0) != 0x80;
	return n;
}

static enum pkg_code check_min(struct pkg_binder *b,
			       const struct pkg_field *field,
			       const struct pkg_node *node, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	int64_t len = count_code_points(node);
	char label[PKG_SCHEMA_LABEL];

	if (len >= field->min)
		return PKG_OK;
	if (len == 0)
		return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "too-short",
				    &mark, field->hint, err,
				    "%s must not be empty",
				    pkg_schema_label_(label, b, node));
	return pkg_diag_add(b->diag, PKG_SEVERITY_ERROR, "too-short", &mark,
			    field->hint, err,
			    "%s is %" PRId64 " characters long, at least "
			    "%" PRId64 " are needed",
			    pkg_schema_label_(label, b, node), len, field->min);
}

static enum pkg_code check_max(struct pkg_binder *b,
			       const struct pkg_field *field,
			       const struct pkg_node *node, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	int64_t len =
	    (int64_t)(field->bytes ? node->len
				   : pkg_utf16_length(node->text, node->len));
	char label[PKG_SCHEMA_LABEL];

	if (field->max == 0 || len <= field->max)
		return PKG_OK;
	return pkg_diag_add(
	    b->diag, PKG_SEVERITY_ERROR, "too-long", &mark, field->hint, err,
	    "%s is %" PRId64 " %s long, at most %" PRId64 " are allowed",
	    pkg_schema_label_(label, b, node), len,
	    field->bytes ? "bytes" : "characters", field->max);
}

enum pkg_code pkg_schema_string_(struct pkg_binder *b,
				 const struct pkg_field *field,
				 const struct pkg_node *node,
				 const struct pkg_node **slot,
				 struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	if (node->kind != PKG_NODE_STRING)
		return pkg_schema_wrong_type_(b, node, "a text", field->hint,
					      err);
	*slot = node;
	PKG_TRY(check_min(b, field, node, err));
	PKG_TRY(check_max(b, field, node, err));
	/* an empty text that is too short has one finding, not two */
	if (node->len == 0 && field->min > 0)
		return PKG_OK;
	return pkg_schema_form_(b, field, node->text, node->len, &mark, err);
}

bool pkg_schema_read_int_(const char *text, int64_t *number)
{
	const bool negative = *text == '-';
	int64_t n = 0;

	if (negative)
		text++;
	if (*text == '\0' || (*text == '0' && (text[1] != '\0' || negative)))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = 10 * n + (*text - '0');
		if (n > PKG_LIMIT_JSON_INT)
			return false;
	}
	*number = negative ? -n : n;
	return true;
}

enum pkg_code pkg_schema_int_(struct pkg_binder *b,
			      const struct pkg_field *field,
			      const struct pkg_node *node,
			      struct pkg_int_value *slot, struct pkg_err *err)
{
	const bool any = field->min == 0 && field->max == 0;
	const int64_t min = any ? -PKG_LIMIT_JSON_INT : field->min;
	const int64_t max = any ? PKG_LIMIT_JSON_INT : field->max;
	const struct pkg_mark mark = pkg_node_mark(node);
	const char *hint = field->hint, *name;
	char label[PKG_SCHEMA_LABEL];
	int64_t n = node->number;

	if (node->kind != PKG_NODE_INT &&
	    (node->kind != PKG_NODE_STRING || !node->plain ||
	     !pkg_schema_read_int_(node->text, &n))) {
		if (node->kind == PKG_NODE_STRING && !node->plain &&
		    pkg_schema_read_int_(node->text, &n))
			hint = "remove the quotes";
		return pkg_schema_wrong_type_(b, node, "an integer", hint, err);
	}
	if (n >= min && n <= max) {
		*slot = (struct pkg_int_value){.at = node, .value = n};
		return PKG_OK;
	}
	name = pkg_schema_label_(label, b, node);
	if (min == max)
		return pkg_diag_add(
		    b->diag, PKG_SEVERITY_ERROR, "out-of-range", &mark, hint,
		    err, "%s must be %" PRId64 ", not %" PRId64, name, min, n);
	return pkg_diag_add(
	    b->diag, PKG_SEVERITY_ERROR, "out-of-range", &mark, hint, err,
	    "%s must be from %" PRId64 " to %" PRId64 ", not %" PRId64, name,
	    min, max, n);
}

enum pkg_code pkg_schema_bool_(struct pkg_binder *b,
			       const struct pkg_field *field,
			       const struct pkg_node *node,
			       struct pkg_bool_value *slot, struct pkg_err *err)
{
	const char *hint = field->hint;
	bool truth = node->truth;

	if (node->kind != PKG_NODE_BOOL) {
		truth = pkg_node_is(node, "true");
		if (!truth && !pkg_node_is(node, "false"))
			return pkg_schema_wrong_type_(b, node, "true or false",
						      hint, err);
		if (!node->plain)
			return pkg_schema_wrong_type_(
			    b, node, "true or false",
			    hint != NULL ? hint : "remove the quotes", err);
	}
	*slot = (struct pkg_bool_value){.at = node, .value = truth};
	return PKG_OK;
}

const char *pkg_schema_join_(char *out, size_t cap, const char *const *names,
			     const char *last_word)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; names[i] != NULL && len < cap; i++) {
		const char *between = i == 0 ? "" : ", ";
		int n;

		if (i > 0 && names[i + 1] == NULL)
			between = last_word;
		n = snprintf(out + len, cap - len, "%s'%s'", between, names[i]);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len >= cap)
		memcpy(out + cap - 4, "...", 4);
	return out;
}

enum pkg_code pkg_schema_enum_(struct pkg_binder *b,
			       const struct pkg_field *field,
			       const struct pkg_node *node,
			       struct pkg_enum_value *slot, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	char label[PKG_SCHEMA_LABEL], value[PKG_SCHEMA_LABEL];
	char choices[PKG_ERR_HINT], hint[PKG_ERR_HINT];
	const char *near;
	size_t count = 0;

	if (node->kind != PKG_NODE_STRING)
		return pkg_schema_wrong_type_(b, node, "a text", field->hint,
					      err);
	for (; field->choices[count] != NULL; count++) {
		if (strcmp(field->choices[count], node->text) != 0)
			continue;
		*slot = (struct pkg_enum_value){.at = node, .index = count};
		return PKG_OK;
	}
	near = pkg_text_suggest(node->text, field->choices, count);
	if (near != NULL)
		(void)snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	else
		(void)snprintf(hint, sizeof(hint), "it can be %.200s",
			       pkg_schema_join_(choices, sizeof(choices),
						field->choices, " or "));
	return pkg_diag_add(
	    b->diag, PKG_SEVERITY_ERROR, "wrong-value", &mark,
	    near == NULL && field->hint != NULL ? field->hint : hint, err,
	    "%s cannot be %s", pkg_schema_label_(label, b, node),
	    pkg_schema_quote_(value, node->text));
}
