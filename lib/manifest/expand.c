/* SPDX-License-Identifier: Apache-2.0 */
#include "expand.h"

#include "packline/buf.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

enum { HINT_MAX = 256, WORDS_MAX = 256 };

struct expander {
	struct pkg_arena *arena;
	const struct pkg_manifest_options *options;
	const struct rule_sink *sink;
	struct pkg_buf buf; /* the text that is being put together */
};

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || (text[0] >= '0' && text[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = text[i];

		if (!(c == '_' || (c >= '0' && c <= '9') ||
		      (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			return false;
	}
	return true;
}

static const char *value_of(const struct expander *x, const char *name,
			    size_t len)
{
	/* The last one wins, as -D does for a compiler. */
	for (size_t i = x->options->ndefines; i-- > 0;) {
		const struct pkg_define *d = &x->options->defines[i];

		if (strlen(d->name) == len && memcmp(d->name, name, len) == 0)
			return d->value;
	}
	return NULL;
}

static enum pkg_code report_undefined(const struct expander *x,
				      const struct pkg_node *node,
				      const char *name, size_t len)
{
	const char *words[WORDS_MAX];
	char typed[64], hint[HINT_MAX];
	const char *near;
	size_t n = 0;

	for (; n < x->options->ndefines && n < WORDS_MAX; n++)
		words[n] = x->options->defines[n].name;
	(void)snprintf(typed, sizeof(typed), "%.*s", (int)len, name);
	near = pkg_text_suggest(typed, words, n);
	if (near != NULL)
		(void)snprintf(hint, sizeof(hint), "did you mean ${%s}?", near);
	else
		(void)snprintf(hint, sizeof(hint),
			       "give it with -D %s=VALUE or --define-from-env "
			       "%s; $$ is a dollar",
			       typed, typed);
	return pkg_rule_add(x->sink, RULE_UNDEFINED_VARIABLE, node, hint,
			    "variable ${%s} is not defined", typed);
}

/* Expand what starts at the dollar @at; @next is where to go on. */
static enum pkg_code expand_one(struct expander *x, const struct pkg_node *node,
				const char *at, const char **next)
{
	struct pkg_err *err = x->sink->err;
	const char *end, *value;
	size_t len;

	if (at[1] == '$') {
		*next = at + 2;
		return pkg_buf_add(&x->buf, "$", 1, err);
	}
	end = at[1] == '{' ? strchr(at, '}') : NULL;
	if (end == NULL || !is_name(at + 2, (size_t)(end - at) - 2)) {
		*next = at + 1;
		PKG_TRY(pkg_buf_add(&x->buf, "$", 1, err));
		return pkg_rule_add(x->sink, RULE_BAD_VARIABLE, node, NULL,
				    "a $ must start ${NAME} or $$: '%.40s'",
				    at);
	}
	*next = end + 1;
	len = (size_t)(end - at) - 2;
	value = value_of(x, at + 2, len);
	if (value == NULL) {
		/* It stays as it is, so that nothing else is wrong with it. */
		PKG_TRY(pkg_buf_add(&x->buf, at, len + 3, err));
		return report_undefined(x, node, at + 2, len);
	}
	for (const char *c = value; *c != '\0'; c++) {
		if ((uint8_t)*c < 0x20 && *c != '\n' && *c != '\t')
			return pkg_rule_add(
			    x->sink, RULE_CONTROL_CHARACTER, node, NULL,
			    "the value of ${%.*s} has control "
			    "character U+%04X",
			    (int)len, at + 2, (unsigned)(uint8_t)*c);
	}
	return pkg_buf_puts(&x->buf, value, err);
}

static enum pkg_code expand_text(struct expander *x, struct pkg_node *node)
{
	struct pkg_err *err = x->sink->err;
	const char *text = node->text;

	pkg_buf_clear(&x->buf);
	while (*text != '\0') {
		const char *dollar = strchrnul(text, '$');

		PKG_TRY(
		    pkg_buf_add(&x->buf, text, (size_t)(dollar - text), err));
		text = dollar;
		if (*text == '$')
			PKG_TRY(expand_one(x, node, text, &text));
	}
	node->text =
	    pkg_arena_dup(x->arena, pkg_buf_str(&x->buf), x->buf.len, err);
	if (node->text == NULL)
		return err->code;
	node->len = x->buf.len;
	return PKG_OK;
}

/* Recursion ends: the reader allows PKG_LIMIT_YAML_DEPTH levels. */
static enum pkg_code expand_tree(struct expander *x, struct pkg_node *node)
{
	if (node->kind == PKG_NODE_STRING && strchr(node->text, '$') != NULL)
		return expand_text(x, node);
	for (struct pkg_node *n = node->first; n != NULL; n = n->next)
		PKG_TRY(expand_tree(x, n));
	return PKG_OK;
}

enum pkg_code pkg_manifest_expand(struct pkg_node *root,
				  struct pkg_arena *arena,
				  const struct pkg_manifest_options *options,
				  const struct rule_sink *sink)
{
	struct expander x = {.arena = arena,
			     .options = options,
			     .sink = sink,
			     .buf = {.max = PKG_LIMIT_SCALAR}};
	const enum pkg_code code = expand_tree(&x, root);

	pkg_buf_fini(&x.buf);
	return code;
}
