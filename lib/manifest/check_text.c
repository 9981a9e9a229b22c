/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "packline/text.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(const char *at)
{
	uint32_t c;

	if ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'))
		return true;
	/* The server asks Unicode; above Latin-1's signs nearly all that
	   people write there is a letter. */
	return pkg_utf8_next(&c, at, strlen(at)) > 1 && c >= 0xC0 &&
	       c != 0xD7 && c != 0xF7;
}

/*
 * The server parses the text as XML and refuses it if anything but text is
 * left: elements, comments, instructions.  An end tag alone, CDATA, and < or >
 * by themselves leave nothing.
 */
bool pkg_check_has_markup(const char *text)
{
	for (const char *at = strchr(text, '<'); at != NULL;
	     at = strchr(at, '<')) {
		at++;
		if (*at == '?')
			return true;
		if (*at == '!' && strncmp(at, "![CDATA[", 8) != 0)
			return true;
		if (*at == '/' && at[1] != '\0' && at[1] != '>' &&
		    !is_letter(at + 1))
			return true;
		if (is_letter(at) && strchr(at, '>') != NULL)
			return true;
	}
	return false;
}

enum pkg_code pkg_check_markup(const struct checker *c,
			       const struct pkg_node *node)
{
	if (node == NULL || !pkg_check_has_markup(node->text))
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_MARKUP, node, NULL,
			    "the server takes '%.60s' for XML and refuses it",
			    node->text);
}

enum pkg_code pkg_check_label(const struct checker *c,
			      const struct pkg_node *node)
{
	if (node == NULL)
		return PKG_OK;
	if (node->len > 0 && ((uint8_t)node->text[0] <= ' ' ||
			      (uint8_t)node->text[node->len - 1] <= ' '))
		PKG_TRY(pkg_rule_add(c->sink, RULE_BLANK_EDGE, node, NULL,
				     "'%.60s' starts or ends with a blank",
				     node->text));
	return pkg_check_markup(c, node);
}

void pkg_check_once_fini(struct check_once *once)
{
	pkg_map_fini(&once->exact);
	pkg_map_fini(&once->folded);
}

/* The key as a person reads it. */
static const char *label_of(char *out, size_t cap, const char *key)
{
	(void)snprintf(out, cap, "%s", key);
	for (char *p = out; *p != '\0'; p++) {
		if (*p == '\x1f')
			*p = ' ';
	}
	return out;
}

enum pkg_code pkg_check_once_add(const struct checker *c,
				 struct check_once *once, const char *key,
				 const struct pkg_node *node)
{
	struct pkg_err *err = c->sink->err;
	const struct pkg_node *first;
	const void *before;
	const char *folded;
	char label[256];

	PKG_TRY(pkg_map_add(&once->exact, key, node, &before, err));
	if (before != NULL) {
		first = before;
		return pkg_rule_add(
		    c->sink, RULE_DUPLICATE, node, NULL,
		    "%s '%s' is there already, line %u", once->what,
		    label_of(label, sizeof(label), key), first->line);
	}
	folded = pkg_model_fold(c->arena, key, err);
	if (folded == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(&once->folded, folded, node, &before, err));
	if (before == NULL)
		return PKG_OK;
	first = before;
	return pkg_rule_add(c->sink, RULE_SIMILAR_NAME, node, NULL,
			    "%s '%s' differs only by case from the one in "
			    "line %u",
			    once->what, label_of(label, sizeof(label), key),
			    first->line);
}

const char *pkg_check_suggest(char *hint, size_t cap, const char *typed,
			      const struct pkg_map *map)
{
	enum { WORDS = 256 };
	const char *words[WORDS];
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < map->cap && n < WORDS; i++) {
		if (map->slots[i].key != NULL)
			words[n++] = map->slots[i].key;
	}
	near = pkg_text_suggest(typed, words, n);
	if (near == NULL)
		return NULL;
	(void)snprintf(hint, cap, "did you mean '%s'?", near);
	return hint;
}

enum pkg_code pkg_check_time(const struct checker *c,
			     const struct pkg_node *node)
{
	int64_t seconds;

	if (node == NULL)
		return PKG_OK;
	if (pkg_time_parse(&seconds, node->text, node->len)) {
		if (!c->profile->dated || seconds > c->profile->at)
			return PKG_OK;
		return pkg_rule_add(c->sink, RULE_TIME_PAST, node, NULL,
				    "'%s' is over", node->text);
	}
	return pkg_rule_add(c->sink, RULE_TIME_FORM, node, NULL,
			    "'%s' is not an RFC 3339 time", node->text);
}
