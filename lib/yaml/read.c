/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/yaml.h"

#include "packline/limits.h"
#include "packline/tree.h"
#include "yaml/read.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t yaml;
	const char *text; /* what yaml reads */
	size_t len;
	struct pkg_tree tree;
	uint32_t documents;
};

static void reader_fini(struct reader *r)
{
	yaml_parser_delete(&r->yaml);
}

static void event_fini(yaml_event_t *event)
{
	yaml_event_delete(event);
}

/* libyaml counts from 0, columns in code points. */
static struct pkg_mark mark_of(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct pkg_mark){r->tree.source, (uint32_t)mark->line + 1,
				 (uint32_t)mark->column + 1};
}

/* Why a thing that YAML knows is refused, and what to do instead. */
struct refusal {
	const char *reason, *text, *hint;
};

static const struct refusal anchor = {"anchor",
				      "anchors (&name) are not allowed",
				      "write the value out where it is used"};
static const struct refusal alias = {"alias", "aliases (*name) are not allowed",
				     "write the value out; a text that starts "
				     "with '*' needs quotes"};
static const struct refusal tag = {
    "tag", "tags (!name) are not allowed",
    "leave the tag out; a text that starts with '!' needs quotes"};
static const struct refusal merge_key = {
    "merge-key", "merge keys (<<) are not allowed", "write the keys out"};
static const struct refusal directive = {
    "directive", "directives (%YAML, %TAG) are not allowed", "remove the line"};
static const struct refusal documents = {
    "several-documents", "a second document in one file",
    "remove the '---' line, or make it a file of its own"};
static const struct refusal complex_key = {
    "complex-key", "a key that is not a text",
    "a text that starts with '{' or '[' needs quotes"};

static enum pkg_code refuse(const struct reader *r, const yaml_mark_t *at,
			    const struct refusal *why, struct pkg_err *err)
{
	const struct pkg_mark mark = mark_of(r, at);

	(void)pkg_refuse(err, PKG_INPUT, why->reason, "%s", why->text);
	(void)pkg_hint(err, "%s", why->hint);
	return pkg_err_at(err, &mark);
}

/* libyaml cannot go on. */
static enum pkg_code refuse_syntax(const struct reader *r, struct pkg_err *err)
{
	const yaml_parser_t *yaml = &r->yaml;
	const char *problem =
	    yaml->problem != NULL ? yaml->problem : "not YAML";
	const struct pkg_mark mark = mark_of(r, &yaml->problem_mark);
	size_t at = yaml->problem_mark.index;
	const char *hint;

	if (yaml->error == YAML_MEMORY_ERROR)
		return pkg_fail_nomem(err);
	if (yaml->context != NULL)
		(void)pkg_refuse(err, PKG_INPUT, "malformed-yaml",
				 "%s, %s that starts at line %zu", problem,
				 yaml->context, yaml->context_mark.line + 1);
	else
		(void)pkg_refuse(err, PKG_INPUT, "malformed-yaml", "%s",
				 problem);
	/* the index counts code points: the byte is only right in ASCII */
	if (at > r->len)
		at = r->len;
	hint = pkg_yaml_hint_(problem, r->text + at, r->len - at);
	if (hint != NULL)
		(void)pkg_hint(err, "%s", hint);
	return pkg_err_at(err, &mark);
}

/* Escapes ("\0", "\e") can make what check.c has found not to be there. */
static enum pkg_code check_scalar(const struct reader *r,
				  const yaml_event_t *event,
				  struct pkg_err *err)
{
	const struct pkg_mark mark = mark_of(r, &event->start_mark);
	const unsigned char *text = event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (len > PKG_LIMIT_SCALAR) {
		(void)pkg_refuse(err, PKG_INPUT, "too-large",
				 "a text of more than %u bytes",
				 PKG_LIMIT_SCALAR);
		return pkg_err_at(err, &mark);
	}
	if (event->data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		return PKG_OK;
	for (size_t i = 0; i < len; i++) {
		bool c1 = text[i] == 0xc2 && text[i + 1] < 0xa0;

		if ((text[i] >= 0x20 && text[i] != 0x7f && !c1) ||
		    text[i] == '\n' || text[i] == '\t')
			continue;
		(void)pkg_refuse(err, PKG_INPUT, "control-character",
				 "an escape makes the control character "
				 "U+%04X",
				 (unsigned)(c1 ? text[i + 1] : text[i]));
		return pkg_err_at(err, &mark);
	}
	return PKG_OK;
}

static enum pkg_code add_scalar(struct reader *r, const yaml_event_t *event,
				struct pkg_err *err)
{
	const struct pkg_mark mark = mark_of(r, &event->start_mark);
	const char *text = (const char *)event->data.scalar.value;
	const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	size_t len = event->data.scalar.length;
	struct pkg_node *node = NULL;

	if (event->data.scalar.anchor != NULL)
		return refuse(r, &event->start_mark, &anchor, err);
	if (event->data.scalar.tag != NULL)
		return refuse(r, &event->start_mark, &tag, err);
	PKG_TRY(check_scalar(r, event, err));
	if (pkg_tree_wants_key(&r->tree)) {
		if (plain && strcmp(text, "<<") == 0)
			return refuse(r, &event->start_mark, &merge_key, err);
		return pkg_tree_key(&r->tree, text, len, mark.line, mark.col,
				    err);
	}
	PKG_TRY(pkg_tree_add(&r->tree, &node, PKG_NODE_STRING, mark.line,
			     mark.col, err));
	node->plain = plain;
	node->len = len;
	node->text = pkg_arena_dup(r->tree.arena, text, len, err);
	if (node->text != NULL)
		return PKG_OK;
	if (err->code == PKG_INPUT)
		err->reason = "too-large";
	return err->code;
}

static enum pkg_code open_container(struct reader *r, const yaml_event_t *event,
				    struct pkg_err *err)
{
	const bool map = event->type == YAML_MAPPING_START_EVENT;
	const struct pkg_mark mark = mark_of(r, &event->start_mark);
	struct pkg_node *node = NULL;

	if ((map ? event->data.mapping_start.anchor
		 : event->data.sequence_start.anchor) != NULL)
		return refuse(r, &event->start_mark, &anchor, err);
	if ((map ? event->data.mapping_start.tag
		 : event->data.sequence_start.tag) != NULL)
		return refuse(r, &event->start_mark, &tag, err);
	if (pkg_tree_wants_key(&r->tree))
		return refuse(r, &event->start_mark, &complex_key, err);
	return pkg_tree_add(&r->tree, &node, map ? PKG_NODE_MAP : PKG_NODE_SEQ,
			    mark.line, mark.col, err);
}

static enum pkg_code open_document(struct reader *r, const yaml_event_t *event,
				   struct pkg_err *err)
{
	if (event->data.document_start.version_directive != NULL ||
	    event->data.document_start.tag_directives.start !=
		event->data.document_start.tag_directives.end)
		return refuse(r, &event->start_mark, &directive, err);
	if (r->documents++ > 0)
		return refuse(r, &event->start_mark, &documents, err);
	return PKG_OK;
}

static enum pkg_code handle(struct reader *r, const yaml_event_t *event,
			    struct pkg_err *err)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return open_document(r, event, err);
	case YAML_SCALAR_EVENT:
		return add_scalar(r, event, err);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return open_container(r, event, err);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return pkg_tree_close(&r->tree, err);
	case YAML_ALIAS_EVENT:
		return refuse(r, &event->start_mark, &alias, err);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return PKG_OK;
	}
	return PKG_OK;
}

static enum pkg_code read_events(struct reader *r, struct pkg_err *err)
{
	for (;;) {
		__attribute__((cleanup(event_fini))) yaml_event_t event = {0};

		if (yaml_parser_parse(&r->yaml, &event) == 0)
			return refuse_syntax(r, err);
		PKG_TRY(handle(r, &event, err));
		if (event.type == YAML_STREAM_END_EVENT)
			return PKG_OK;
	}
}

/* No document at all reads like an empty value. */
static enum pkg_code add_nothing(struct reader *r, struct pkg_err *err)
{
	struct pkg_node *node = NULL;

	PKG_TRY(pkg_tree_add(&r->tree, &node, PKG_NODE_STRING, 1, 1, err));
	node->plain = true;
	node->text = "";
	return PKG_OK;
}

enum pkg_code pkg_yaml_parse(struct pkg_node **out, struct pkg_arena *arena,
			     const char *name, const void *text, size_t len,
			     struct pkg_err *err)
{
	__attribute__((cleanup(reader_fini))) struct reader r = {
	    .text = len > 0 ? text : "",
	    .len = len,
	    .tree = {.arena = arena,
		     .source = name,
		     .max_depth = PKG_LIMIT_YAML_DEPTH,
		     .max_keys = PKG_LIMIT_MAP_KEYS,
		     .max_nodes = PKG_LIMIT_YAML_NODES},
	};
	const struct pkg_mark start = {name, 0, 0};

	if (len > PKG_LIMIT_YAML) {
		(void)pkg_refuse(err, PKG_INPUT, "too-large",
				 "more than %u bytes of YAML", PKG_LIMIT_YAML);
		return pkg_err_at(err, &start);
	}
	if (r.len >= 3 && memcmp(r.text, "\xef\xbb\xbf", 3) == 0) {
		r.text += 3;
		r.len -= 3;
	}
	PKG_TRY(pkg_yaml_check_bytes_(name, r.text, r.len, err));
	if (yaml_parser_initialize(&r.yaml) == 0)
		return pkg_fail_nomem(err);
	yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yaml, (const unsigned char *)r.text,
				     r.len);
	PKG_TRY(read_events(&r, err));
	if (r.tree.root == NULL)
		PKG_TRY(add_nothing(&r, err));
	*out = r.tree.root;
	return PKG_OK;
}
