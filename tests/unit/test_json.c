/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/json.h"
#include "packline/node.h"
#include "packline/sink.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A document, its tree and what went wrong. */
struct doc {
	struct pkg_arena *arena;
	struct pkg_node *root;
	struct pkg_err err;
};

static int enter(void **state)
{
	struct doc *doc = calloc(1, sizeof(*doc));

	*state = doc;
	return doc == NULL ||
	       pkg_arena_new(&doc->arena, 1u << 20, &doc->err) != PKG_OK;
}

static int leave(void **state)
{
	struct doc *doc = *state;

	pkg_arena_free(doc->arena);
	free(doc);
	return 0;
}

static enum pkg_code read_bytes(struct doc *doc, const char *text, size_t len,
				bool canonical)
{
	const struct pkg_json_input input = {
	    .name = "x.json", .data = text, .len = len, .canonical = canonical};

	doc->root = NULL;
	doc->err = PKG_ERR_INIT;
	return pkg_json_parse(&doc->root, doc->arena, &input, &doc->err);
}

static enum pkg_code read_text(struct doc *doc, const char *text)
{
	return read_bytes(doc, text, strlen(text), false);
}

/* What the tree looks like in canonical form. */
static void assert_written(struct doc *doc, const char *wanted)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, &buf);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_node(&w, doc->root);
	assert_int_equal(pkg_jsonw_finish(&w, &doc->err), PKG_OK);
	assert_string_equal(pkg_buf_str(&buf), wanted);
}

static void test_reads_every_kind_of_value(void **state)
{
	struct doc *doc = *state;
	struct pkg_node *n;

	assert_int_equal(read_text(doc, "{\"a\": [null, true, false, -12],\n"
					"  \"text\": \"x\\u00e9\\n\"}"),
			 PKG_OK);
	assert_int_equal(doc->root->kind, PKG_NODE_MAP);
	assert_int_equal(doc->root->count, 2);
	n = pkg_node_get(doc->root, "a");
	assert_int_equal(n->kind, PKG_NODE_SEQ);
	assert_int_equal(n->count, 4);
	assert_int_equal(n->last->number, -12);
	n = pkg_node_get(doc->root, "text");
	assert_string_equal(n->text, "x\xc3\xa9\n");
	assert_int_equal(n->len, 4);
	assert_written(doc, "{\"a\":[null,true,false,-12],"
			    "\"text\":\"x\xc3\xa9\\n\"}");
}

static void test_knows_where_things_stand(void **state)
{
	struct doc *doc = *state;
	const struct pkg_node *n;

	assert_int_equal(
	    read_text(doc, "{\n  \"\xc3\xa4\xc3\xb6\": 1, \"k\": [2,\n\t3]}"),
	    PKG_OK);
	n = pkg_node_get(doc->root, "k");
	assert_int_equal(n->key_line, 2);
	assert_int_equal(n->key_col, 12); /* code points, not bytes */
	assert_int_equal(n->col, 17);
	assert_int_equal(n->last->line, 3);
	assert_int_equal(n->last->col, 2);
	assert_string_equal(n->last->source, "x.json");
}

/* Texts that some parser somewhere takes, and ours does not. */
static const struct {
	const char *text, *reason;
	uint32_t line, col;
} bad[] = {
    {"", "malformed-json", 1, 1},
    {" ", "malformed-json", 1, 2},
    {"{", "malformed-json", 1, 2},
    {"[", "malformed-json", 1, 2},
    {"[1,]", "malformed-json", 1, 4},
    {"[,1]", "malformed-json", 1, 2},
    {"[1 2]", "malformed-json", 1, 4},
    {"[1,,2]", "malformed-json", 1, 4},
    {"[1}", "malformed-json", 1, 3},
    {"{]", "malformed-json", 1, 2},
    {"]", "malformed-json", 1, 1},
    {"[]]", "malformed-json", 1, 3},
    {"{} {}", "malformed-json", 1, 4},
    {"{\"a\":1,}", "malformed-json", 1, 8},
    {"{\"a\" 1}", "malformed-json", 1, 6},
    {"{\"a\":}", "malformed-json", 1, 6},
    {"{\"a\"}", "malformed-json", 1, 5},
    {"{a:1}", "malformed-json", 1, 2},
    {"{1:1}", "malformed-json", 1, 2},
    {"{'a':1}", "malformed-json", 1, 2},
    {"{\"a\":1 \"b\":2}", "malformed-json", 1, 8},
    {"nul", "malformed-json", 1, 1},
    {"nullx", "malformed-json", 1, 5},
    {"True", "malformed-json", 1, 1},
    {"NaN", "malformed-json", 1, 1},
    {"Infinity", "malformed-json", 1, 1},
    {"-", "malformed-json", 1, 2},
    {"-x", "malformed-json", 1, 2},
    {"+1", "malformed-json", 1, 1},
    {"01", "malformed-json", 1, 1},
    {"-012", "malformed-json", 1, 1},
    {"0x10", "malformed-json", 1, 2},
    {".5", "malformed-json", 1, 1},
    {"1.0", "not-an-integer", 1, 1},
    {"[1e3]", "not-an-integer", 1, 2},
    {"1E+2", "not-an-integer", 1, 1},
    {"9007199254740992", "not-an-integer", 1, 1},
    {"-9007199254740992", "not-an-integer", 1, 1},
    {"99999999999999999999999999", "not-an-integer", 1, 1},
    {"\"", "malformed-json", 1, 1},
    {"\"a", "malformed-json", 1, 1},
    {"\"a\\\"", "malformed-json", 1, 1},
    {"\"\\", "malformed-json", 1, 1},
    {"\"\\x41\"", "malformed-json", 1, 2},
    {"\"\\u12\"", "malformed-json", 1, 4},
    {"\"\\u12g4\"", "malformed-json", 1, 4},
    {"\"\\U0041\"", "malformed-json", 1, 2},
    {"\"a\nb\"", "malformed-json", 1, 3},
    {"\"a\tb\"", "malformed-json", 1, 3},
    {"\"\\\x01\"", "malformed-json", 1, 3},
    {"\"\\u0000\"", "nul", 1, 2},
    {"{\"a\\u0000\":1}", "nul", 1, 4},
    {"\"\\ud800\"", "lone-surrogate", 1, 2},
    {"\"\\udc00\"", "lone-surrogate", 1, 2},
    {"\"\\ud800\\u0041\"", "lone-surrogate", 1, 2},
    {"\"\\ud800\\ud800\"", "lone-surrogate", 1, 2},
    {"\"\\udc00\\ud800\"", "lone-surrogate", 1, 2},
    {"\"\\ud800x\"", "lone-surrogate", 1, 2},
    {"\"\xff\"", "not-utf8", 1, 2},
    {"\"\xc0\xaf\"", "not-utf8", 1, 2},
    {"\"\xed\xa0\x80\"", "not-utf8", 1, 2},
    {"\"\xf4\x90\x80\x80\"", "not-utf8", 1, 2},
    {"\"\xe2\x82\"", "not-utf8", 1, 2},
    {"\xef\xbb\xbf{}", "malformed-json", 1, 1},
    {"\xc2\xa0[]", "malformed-json", 1, 1},
    {"// no\n1", "malformed-json", 1, 1},
    {"/* no */1", "malformed-json", 1, 1},
    {"{\"a\":1,\n \"a\":2}", "duplicate-key", 2, 2},
    {"{\"a\":1,\"\\u0061\":2}", "duplicate-key", 1, 8},
    {"[[[[[[[[[1]]]]]]]]]", "too-deep", 1, 9},
    {"{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}", "too-deep", 1, 25},
};

static void test_refuses_what_is_not_json(void **state)
{
	struct doc *doc = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(doc, bad[i].text) != PKG_INPUT)
			fail_msg("accepted: %s", bad[i].text);
		if (strcmp(doc->err.reason, bad[i].reason) != 0 ||
		    doc->err.line != bad[i].line || doc->err.col != bad[i].col)
			fail_msg("%s: %s at %u:%u", bad[i].text,
				 doc->err.reason, doc->err.line, doc->err.col);
	}
}

static void test_refuses_a_nul_byte(void **state)
{
	struct doc *doc = *state;

	assert_int_equal(read_bytes(doc, "[\0]", 3, false), PKG_INPUT);
	assert_int_equal(read_bytes(doc, "\"a\0\"", 4, false), PKG_INPUT);
	assert_int_equal(read_bytes(doc, "1\0", 2, false), PKG_INPUT);
	assert_int_equal(read_bytes(doc, NULL, 0, true), PKG_INPUT);
}

/* Accepted, and what the writer makes of it. */
static const char *const good[][2] = {
    {"0", "0"},
    {"-0", "0"},
    {" 9007199254740991\r\n", "9007199254740991"},
    {"-9007199254740991", "-9007199254740991"},
    {"[ ]", "[]"},
    {"{\t}", "{}"},
    {"\"\"", "\"\""},
    {"{\"\":\"\"}", "{\"\":\"\"}"},
    {"[[[[[[[[1]]]]]]]]", "[[[[[[[[1]]]]]]]]"},
    {"\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "\"/\\b\\f\\n\\r\\t\\\"\\\\\""},
    {"\"\\u001F\\u007f\"", "\"\\u001f\\u007f\""},
    {"\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\uFFFF\\u0800\"", "\"\xef\xbf\xbf\xe0\xa0\x80\""},
    {"{\"b\":1,\"a\":{\"d\":[],\"c\":{}}}",
     "{\"a\":{\"c\":{},\"d\":[]},\"b\":1}"},
    {"{\"a\":1,\"a\\u0062\":2,\"B\":3}", "{\"B\":3,\"a\":1,\"ab\":2}"},
};

static void test_writes_one_spelling(void **state)
{
	struct doc *doc = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (read_text(doc, good[i][0]) != PKG_OK)
			fail_msg("%s: %s", good[i][0], doc->err.text);
		assert_written(doc, good[i][1]);
	}
}

/* Whatever we accept, another parser accepts and understands alike. */
static void assert_jansson_agrees(struct doc *doc, const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;
	json_t *theirs =
	    json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	json_t *ours;

	pkg_sink_buf_init(&sink, &buf);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_PRETTY);
	pkg_jsonw_node(&w, doc->root);
	assert_int_equal(pkg_jsonw_finish(&w, &doc->err), PKG_OK);
	ours = json_loads(pkg_buf_str(&buf), JSON_DECODE_ANY, NULL);
	if (theirs == NULL || ours == NULL || !json_equal(ours, theirs))
		fail_msg("jansson sees something else: %s", text);
	json_decref(ours);
	json_decref(theirs);
}

/* Texts near the border of what is valid, from a generator with a seed. */
static void test_agrees_with_jansson(void **state)
{
	static const char *const parts[] = {
	    "{",
	    "}",
	    "[",
	    "]",
	    ":",
	    ",",
	    "\"a\"",
	    "\"b\"",
	    "\"a\":",
	    "\"b\":",
	    "1",
	    "0",
	    "-0",
	    "true",
	    "false",
	    "null",
	    " ",
	    "\n",
	    "\"\"",
	    "\\",
	    "\"",
	    "\\u00e9",
	    "\\ud83d\\ude00",
	    "1.5",
	    "{}",
	    "[]",
	    "\"\\n\"",
	    "-7",
	};
	struct doc *doc = *state;
	uint32_t seed = 1, accepted = 0;
	char text[256];

	for (size_t i = 0; i < 60000; i++) {
		size_t len = 0, count = 1 + i % 9;

		for (size_t j = 0; j < count; j++) {
			seed = seed * 1664525u + 1013904223u;
			len += (size_t)snprintf(
			    text + len, sizeof(text) - len, "%s",
			    parts[(seed >> 16) %
				  (sizeof(parts) / sizeof(parts[0]))]);
		}
		pkg_arena_free(doc->arena);
		doc->arena = NULL;
		assert_int_equal(
		    pkg_arena_new(&doc->arena, 1u << 20, &doc->err), PKG_OK);
		if (read_text(doc, text) != PKG_OK)
			continue;
		accepted++;
		assert_jansson_agrees(doc, text);
	}
	assert_true(accepted > 1000);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(read_text(doc, good[i][0]), PKG_OK);
		assert_jansson_agrees(doc, good[i][0]);
	}
}

static void test_canonical_has_one_spelling(void **state)
{
	static const char *const canonical[] = {
	    "{}",
	    "[]",
	    "{\"a\":1,\"b\":[true,null,\"x\\ty\\n\"]}",
	    "\"\xf0\x9f\x98\x80\x7f\"",
	    "{\"A\":0,\"_\":0,\"a\":{}}",
	};
	static const char *const other[] = {
	    "{} ",
	    " {}",
	    "[1, 2]",
	    "{\"b\":1,\"a\":2}",
	    "-0",
	    "\"\\/\"",
	    "\"\\u0041\"",
	    "\"\\u001f\"",
	    "\"\\u000a\"",
	    "\"\\r\"",
	    "\"\\b\"",
	    "\"\\uD83D\\uDE00\"",
	    "{\"\xc3\xa9\":1}",
	    "{\"a\\n\":1}",
	    "[]\n",
	};
	struct doc *doc = *state;

	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++)
		if (read_bytes(doc, canonical[i], strlen(canonical[i]), true) !=
		    PKG_OK)
			fail_msg("%s: %s", canonical[i], doc->err.text);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		if (read_bytes(doc, other[i], strlen(other[i]), true) !=
		    PKG_INPUT)
			fail_msg("accepted: %s", other[i]);
		assert_string_equal(doc->err.reason, "not-canonical");
		assert_int_equal(doc->err.line, 1);
	}
	assert_int_equal(read_bytes(doc, "{\"b\":1,\"a\":2}", 13, true),
			 PKG_INPUT);
	assert_int_equal(doc->err.col, 3);
}

/* A million digits, brackets or keys: no deep stack, no quadratic time. */
static void test_takes_hostile_sizes(void **state)
{
	struct doc *doc = *state;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 8u << 20};

	for (int i = 0; i < 1000000; i++)
		assert_int_equal(pkg_buf_puts(&buf, "[", &doc->err), PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-deep");

	pkg_buf_clear(&buf);
	assert_int_equal(pkg_buf_puts(&buf, "{\"k0\":0", &doc->err), PKG_OK);
	for (int i = 1; i < 3000; i++)
		assert_int_equal(
		    pkg_buf_printf(&buf, &doc->err, ",\"k%d\":%d", i, i),
		    PKG_OK);
	assert_int_equal(pkg_buf_puts(&buf, ",\"k7\":1,\"k3\":1}", &doc->err),
			 PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "duplicate-key");
	assert_non_null(strstr(doc->err.text, "'k7'"));
}

static void test_stays_within_its_arena(void **state)
{
	struct doc *doc = *state;
	struct pkg_buf buf = {.max = 1u << 20};

	assert_int_equal(pkg_buf_puts(&buf, "[0", &doc->err), PKG_OK);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(pkg_buf_puts(&buf, ",0", &doc->err), PKG_OK);
	assert_int_equal(pkg_buf_puts(&buf, "]", &doc->err), PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-large");
	pkg_buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	    T(test_reads_every_kind_of_value),
	    T(test_knows_where_things_stand),
	    T(test_refuses_what_is_not_json),
	    T(test_refuses_a_nul_byte),
	    T(test_writes_one_spelling),
	    T(test_agrees_with_jansson),
	    T(test_canonical_has_one_spelling),
	    T(test_takes_hostile_sizes),
	    T(test_stays_within_its_arena),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
