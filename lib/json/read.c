/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"

#include "packline/text.h"
#include "json/read.h"

#include <string.h>

struct pkg_mark pkg_json_mark_(const struct pkg_json_input *input,
			       const char *at)
{
	const char *p = input->data;
	struct pkg_mark mark = {
	    .source = input->name,
	    .line = input->first_line != 0 ? input->first_line : 1,
	    .col = 1,
	};

	if (input->len == 0)
		return mark;
	for (; p < at; p++) {
		if (*p == '\n') {
			mark.line++;
			mark.col = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			mark.col++;
		}
	}
	return mark;
}

/* Where p->at stands; moves on from the last place, so all calls are linear. */
static struct pkg_mark here(struct pkg_json_parser *p)
{
	for (; p->marked < p->at; p->marked++) {
		if (*p->marked == '\n') {
			p->mark.line++;
			p->mark.col = 1;
		} else if (((unsigned char)*p->marked & 0xc0) != 0x80) {
			p->mark.col++;
		}
	}
	return p->mark;
}

enum pkg_code pkg_json_place_(const struct pkg_json_parser *p, const char *at,
			      struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_json_mark_(p->input, at);

	return pkg_err_at(err, &mark);
}

/* What stands at p->at is not what has to stand there. */
static enum pkg_code unexpected(const struct pkg_json_parser *p,
				const char *wanted, struct pkg_err *err)
{
	char shown[16];
	size_t len = 1;

	if (p->at == p->end) {
		(void)pkg_refuse(err, PKG_INPUT, "malformed-json",
				 "the text ends where %s should be", wanted);
		return pkg_json_place_(p, p->at, err);
	}
	while (len < (size_t)(p->end - p->at) &&
	       ((unsigned char)p->at[len] & 0xc0) == 0x80)
		len++;
	(void)pkg_refuse(
	    err, PKG_INPUT, "malformed-json", "'%s' where %s should be",
	    pkg_text_quote_cut(shown, sizeof(shown), p->at, len), wanted);
	return pkg_json_place_(p, p->at, err);
}

static void skip_space(struct pkg_json_parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' ||
				  *p->at == '\r' || *p->at == '\t'))
		p->at++;
}

static int peek(const struct pkg_json_parser *p)
{
	return p->at < p->end ? (unsigned char)*p->at : -1;
}

static enum pkg_code refuse_number(const struct pkg_json_parser *p,
				   const char *start, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_INPUT, "not-an-integer",
			 "a number that is not an integer within "
			 "+-9007199254740991");
	return pkg_json_place_(p, start, err);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* RFC 8259 section 6, without fraction and exponent. */
static enum pkg_code read_digits(struct pkg_json_parser *p, int64_t *number,
				 struct pkg_err *err)
{
	const char *start = p->at;
	const bool negative = *start == '-';
	int64_t n = 0;

	if (negative)
		p->at++;
	if (!is_digit(peek(p)))
		return unexpected(p, "a digit", err);
	if (*p->at == '0' && p->end - p->at > 1 && is_digit(p->at[1])) {
		(void)pkg_refuse(err, PKG_INPUT, "malformed-json",
				 "a number with a leading zero");
		return pkg_json_place_(p, start, err);
	}
	for (; is_digit(peek(p)); p->at++) {
		n = 10 * n + (*p->at - '0');
		if (n > PKG_LIMIT_JSON_INT)
			return refuse_number(p, start, err);
	}
	if (peek(p) == '.' || peek(p) == 'e' || peek(p) == 'E')
		return refuse_number(p, start, err);
	*number = negative ? -n : n;
	return PKG_OK;
}

static enum pkg_code add(struct pkg_json_parser *p, struct pkg_node **out,
			 enum pkg_node_kind kind, struct pkg_err *err)
{
	const struct pkg_mark mark = here(p);

	return pkg_tree_add(&p->tree, out, kind, mark.line, mark.col, err);
}

/* One or more digits. */
static enum pkg_code skip_digits(struct pkg_json_parser *p, struct pkg_err *err)
{
	if (!is_digit(peek(p)))
		return unexpected(p, "a digit", err);
	while (is_digit(peek(p)))
		p->at++;
	return PKG_OK;
}

/* Any number of RFC 8259 section 6, from @start, as a text. */
static enum pkg_code read_fraction(struct pkg_json_parser *p,
				   struct pkg_node *node, const char *start,
				   struct pkg_err *err)
{
	p->at = start + (*start == '-');
	PKG_TRY(skip_digits(p, err));
	if (peek(p) == '.') {
		p->at++;
		PKG_TRY(skip_digits(p, err));
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		p->at++;
		if (peek(p) == '+' || peek(p) == '-')
			p->at++;
		PKG_TRY(skip_digits(p, err));
	}
	node->kind = PKG_NODE_STRING;
	node->len = (size_t)(p->at - start);
	node->text = pkg_arena_dup(p->tree.arena, start, node->len, err);
	return node->text != NULL ? PKG_OK : err->code;
}

static enum pkg_code read_number(struct pkg_json_parser *p, struct pkg_err *err)
{
	const char *start = p->at;
	struct pkg_node *node = NULL;
	enum pkg_code code;

	if (peek(p) != '-' && !is_digit(peek(p)))
		return unexpected(p, "a value", err);
	PKG_TRY(add(p, &node, PKG_NODE_INT, err));
	code = read_digits(p, &node->number, err);
	if (code != PKG_INPUT || !p->input->fractions || err->reason == NULL ||
	    strcmp(err->reason, "not-an-integer") != 0)
		return code;
	*err = PKG_ERR_INIT;
	return read_fraction(p, node, start, err);
}

static enum pkg_code read_string(struct pkg_json_parser *p, struct pkg_err *err)
{
	struct pkg_node *node = NULL;

	PKG_TRY(add(p, &node, PKG_NODE_STRING, err));
	return pkg_json_string_(p, &node->text, &node->len, err);
}

static enum pkg_code read_word(struct pkg_json_parser *p, const char *word,
			       enum pkg_node_kind kind, struct pkg_err *err)
{
	size_t len = strlen(word);
	struct pkg_node *node = NULL;

	if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
		return unexpected(p, "a value", err);
	PKG_TRY(add(p, &node, kind, err));
	node->truth = *word == 't';
	p->at += len;
	return PKG_OK;
}

static enum pkg_code open_container(struct pkg_json_parser *p,
				    enum pkg_node_kind kind,
				    struct pkg_err *err)
{
	struct pkg_node *node = NULL;

	PKG_TRY(add(p, &node, kind, err));
	p->at++;
	return PKG_OK;
}

/* One value; of an object or array only its opening bracket. */
static enum pkg_code read_value(struct pkg_json_parser *p, struct pkg_err *err)
{
	skip_space(p);
	switch (peek(p)) {
	case '{':
		return open_container(p, PKG_NODE_MAP, err);
	case '[':
		return open_container(p, PKG_NODE_SEQ, err);
	case '"':
		return read_string(p, err);
	case 't':
		return read_word(p, "true", PKG_NODE_BOOL, err);
	case 'f':
		return read_word(p, "false", PKG_NODE_BOOL, err);
	case 'n':
		return read_word(p, "null", PKG_NODE_NULL, err);
	default:
		return read_number(p, err);
	}
}

static enum pkg_code read_key(struct pkg_json_parser *p, struct pkg_err *err)
{
	struct pkg_mark mark;
	const char *text = NULL;
	size_t len = 0;

	skip_space(p);
	if (peek(p) != '"')
		return unexpected(p, "a key in double quotes", err);
	mark = here(p);
	PKG_TRY(pkg_json_key_(p, &text, &len, err));
	PKG_TRY(pkg_tree_key(&p->tree, text, len, mark.line, mark.col, err));
	skip_space(p);
	if (peek(p) != ':')
		return unexpected(p, "a colon", err);
	p->at++;
	return PKG_OK;
}

/* The next item of the innermost object or array, or its end. */
static enum pkg_code read_item(struct pkg_json_parser *p, struct pkg_err *err)
{
	const struct pkg_node *top = pkg_tree_top(&p->tree);
	const bool map = top->kind == PKG_NODE_MAP;

	skip_space(p);
	if (peek(p) == (map ? '}' : ']')) {
		p->at++;
		return pkg_tree_close(&p->tree, err);
	}
	if (top->count > 0) {
		if (peek(p) != ',')
			return unexpected(
			    p, map ? "a comma or '}'" : "a comma or ']'", err);
		p->at++;
	}
	if (map)
		PKG_TRY(read_key(p, err));
	return read_value(p, err);
}

static enum pkg_code read_document(struct pkg_json_parser *p,
				   struct pkg_err *err)
{
	PKG_TRY(read_value(p, err));
	while (p->tree.depth > 0)
		PKG_TRY(read_item(p, err));
	skip_space(p);
	return p->at == p->end ? PKG_OK
			       : unexpected(p, "the end of the text", err);
}

static enum pkg_code check_bytes(const struct pkg_json_parser *p,
				 struct pkg_err *err)
{
	const char *at = p->at;
	uint32_t c = 0;

	if (p->input->len > UINT32_MAX)
		return pkg_refuse(err, PKG_INPUT, "malformed-json",
				  "more than 4 GiB of JSON");
	if (p->input->len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
		(void)pkg_refuse(err, PKG_INPUT, "malformed-json",
				 "a byte order mark before the text");
		(void)pkg_hint(err, "save the file as UTF-8 without BOM");
		return pkg_json_place_(p, at, err);
	}
	if (pkg_utf8_valid(at, p->input->len))
		return PKG_OK;
	while (at < p->end) {
		size_t n = pkg_utf8_next(&c, at, (size_t)(p->end - at));

		if (n == 0)
			break;
		at += n;
	}
	(void)pkg_refuse(err, PKG_INPUT, "not-utf8",
			 "a byte that is not UTF-8");
	return pkg_json_place_(p, at, err);
}

enum pkg_code pkg_json_parse(struct pkg_node **out, struct pkg_arena *arena,
			     const struct pkg_json_input *input,
			     struct pkg_err *err)
{
	const char *text = input->len > 0 ? input->data : "";
	struct pkg_json_parser p = {
	    .input = input,
	    .at = text,
	    .end = text + input->len,
	    .marked = text,
	    .mark = pkg_json_mark_(input, input->data),
	    .tree = {.arena = arena,
		     .source = input->name,
		     .max_depth = input->max_depth != 0 ? input->max_depth
							: PKG_LIMIT_JSON_DEPTH},
	};

	PKG_TRY(check_bytes(&p, err));
	PKG_TRY(read_document(&p, err));
	if (input->canonical)
		PKG_TRY(pkg_json_check_canonical_(input, p.tree.root, err));
	*out = p.tree.root;
	return PKG_OK;
}
