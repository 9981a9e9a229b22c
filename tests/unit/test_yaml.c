/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/node.h"
#include "packline/sink.h"
#include "packline/yaml.h"

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
	       pkg_arena_new(&doc->arena, 16u << 20, &doc->err) != PKG_OK;
}

static int leave(void **state)
{
	struct doc *doc = *state;

	pkg_arena_free(doc->arena);
	free(doc);
	return 0;
}

static enum pkg_code read_bytes(struct doc *doc, const char *text, size_t len)
{
	doc->root = NULL;
	doc->err = PKG_ERR_INIT;
	return pkg_yaml_parse(&doc->root, doc->arena, "m.yaml", text, len,
			      &doc->err);
}

static enum pkg_code read_text(struct doc *doc, const char *text)
{
	return read_bytes(doc, text, strlen(text));
}

/* What the tree is in canonical JSON. */
static void assert_is(struct doc *doc, const char *text, const char *json)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	if (read_text(doc, text) != PKG_OK)
		fail_msg("%s: %s", text, doc->err.text);
	pkg_sink_buf_init(&sink, &buf);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_node(&w, doc->root);
	assert_int_equal(pkg_jsonw_finish(&w, &doc->err), PKG_OK);
	assert_string_equal(pkg_buf_str(&buf), json);
}

static void test_every_scalar_is_a_text(void **state)
{
	struct doc *doc = *state;

	assert_is(doc,
		  "version: 1.10\ncountry: no\nnothing:\nanswer: ~\n"
		  "octal: 010\nat: 2026-12-01T02:00:00Z\nquoted: '1'\n",
		  "{\"answer\":\"~\",\"at\":\"2026-12-01T02:00:00Z\","
		  "\"country\":\"no\",\"nothing\":\"\",\"octal\":\"010\","
		  "\"quoted\":\"1\",\"version\":\"1.10\"}");
	assert_true(pkg_node_get(doc->root, "country")->plain);
	assert_false(pkg_node_get(doc->root, "quoted")->plain);
}

static void test_reads_what_people_write(void **state)
{
	struct doc *doc = *state;

	assert_is(
	    doc,
	    "# a comment\n---\nlist:\n- a\n- {b: [c, d], e: \"\\u00e9\"}\n"
	    "text: |\n  one\n  two\nfolded: >-\n  one\n  two\n? key\n"
	    ": value\n...\n",
	    "{\"folded\":\"one two\",\"key\":\"value\","
	    "\"list\":[\"a\",{\"b\":[\"c\",\"d\"],\"e\":\"\xc3\xa9\"}],"
	    "\"text\":\"one\\ntwo\\n\"}");
	assert_is(doc, "a: 1\r\nb: 2\r\n", "{\"a\":\"1\",\"b\":\"2\"}");
	assert_is(doc,
		  "\xef\xbb\xbf"
		  "a: 1\n",
		  "{\"a\":\"1\"}");
	assert_is(doc, "'<<': 1\n", "{\"<<\":\"1\"}");
	assert_is(doc, "just text", "\"just text\"");
}

static void test_nothing_is_an_empty_text(void **state)
{
	struct doc *doc = *state;

	assert_is(doc, "", "\"\"");
	assert_is(doc, "# only a comment\n", "\"\"");
	assert_is(doc, "---\n", "\"\"");
	assert_true(doc->root->plain);
	assert_int_equal(doc->root->line > 0, 1);
}

static void test_knows_where_things_stand(void **state)
{
	struct doc *doc = *state;
	const struct pkg_node *n;

	assert_int_equal(read_text(doc, "a: 1\nlist:\n  - \xc3\xa4: b\n"),
			 PKG_OK);
	n = pkg_node_get(doc->root, "list");
	assert_int_equal(n->key_line, 2);
	assert_int_equal(n->key_col, 1);
	n = n->first->first;
	assert_int_equal(n->key_line, 3);
	assert_int_equal(n->key_col, 5);
	assert_int_equal(n->line, 3);
	assert_int_equal(n->col, 8); /* code points, not bytes */
	assert_string_equal(n->source, "m.yaml");
}

static const struct {
	const char *text, *reason;
	uint32_t line, col;
	const char *hint; /* a part of it; NULL = none is asked for */
} bad[] = {
    {"a: &x 1\n", "anchor", 1, 4, "write the value out"},
    {"a: &x\n  b: 1\n", "anchor", 1, 4, NULL},
    {"a: &x [1]\n", "anchor", 1, 4, NULL},
    {"&x a: 1\n", "anchor", 1, 1, NULL},
    {"a: *x\n", "alias", 1, 4, "quotes"},
    {"*x : 1\n", "alias", 1, 1, NULL},
    {"a: !!str 1\n", "tag", 1, 4, "leave the tag out"},
    {"a: ! 1\n", "tag", 1, 4, NULL},
    {"a: !local {}\n", "tag", 1, 4, NULL},
    {"a: !<tag:x> []\n", "tag", 1, 4, NULL},
    {"!!binary a: 1\n", "tag", 1, 1, NULL},
    {"a:\n  <<: {b: 1}\n", "merge-key", 2, 3, "write the keys out"},
    {"%YAML 1.1\n---\na: 1\n", "directive", 1, 1, "remove the line"},
    {"%TAG ! tag:x,2000:\n---\na: 1\n", "directive", 1, 1, NULL},
    {"a: 1\n---\nb: 2\n", "several-documents", 2, 1, "---"},
    {"a: 1\n...\n---\n", "several-documents", 3, 1, NULL},
    {"a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "line 1"},
    {"{a: 1, 'a': 2}\n", "duplicate-key", 1, 8, NULL},
    {"a: 1\n\"\\x61\": 2\n", "duplicate-key", 2, 1, NULL},
    {"? [a]\n: 1\n", "complex-key", 1, 3, NULL},
    {"{a: 1}: 2\n", "complex-key", 1, 1, NULL},
    {"[a]: 2\n", "complex-key", 1, 1, NULL},
    {"a: \"\\0\"\n", "control-character", 1, 4, NULL},
    {"a: \"\\e[31m\"\n", "control-character", 1, 4, NULL},
    {"a: \"\\x7f\"\n", "control-character", 1, 4, NULL},
    {"a: \"\\N\"\n", "control-character", 1, 4, NULL},
    {"a: \"\\r\"\n", "control-character", 1, 4, NULL},
    {"a: \x1b[31m\n", "control-character", 1, 4, NULL},
    {"a: \x7f\n", "control-character", 1, 4, NULL},
    {"a: \xc2\x85\n", "control-character", 1, 4, NULL},
    {"a: \xe2\x80\xa8\n", "control-character", 1, 4, NULL},
    {"a: \xef\xbb\xbf\n", "control-character", 1, 4, NULL},
    {"a: \xef\xbf\xbf\n", "control-character", 1, 4, NULL},
    {"a: \xff\n", "not-utf8", 1, 4, "UTF-8"},
    {"a: \xc3\n", "not-utf8", 1, 4, NULL},
    {"b: 1\na: \xed\xa0\x80\n", "not-utf8", 2, 4, NULL},
    {"\xff\xfe"
     "a\n",
     "not-utf8", 1, 1, NULL},
    {"a:\n\t- b\n", "malformed-yaml", 2, 1, "tabs"},
    {"a: b: c\n", "malformed-yaml", 1, 5, "quotes"},
    {"a: 'b\n", "malformed-yaml", 2, 1, "closing quote"},
    {"a: [b\n", "malformed-yaml", 2, 1, "closed"},
    {"a: {b: 1\nc: 2\n", "malformed-yaml", 2, 2, NULL},
    {"a: 1\n b: 2\n", "malformed-yaml", 2, 3, "indentation"},
    {"a:\n  b: 1\n c: 2\n", "malformed-yaml", 3, 2, "one column"},
    {"a: \"\\q\"\n", "malformed-yaml", 1, 5, "backslash"},
    {"a: \"\\ud800\"\n", "malformed-yaml", 1, 7, NULL},
    {"a: @b\n", "malformed-yaml", 1, 4, "quotes"},
    {"a: - b\n", "malformed-yaml", 1, 4, "line after"},
    {"a\nb: 1\n", "malformed-yaml", 2, 2, NULL},
    {"]\n", "malformed-yaml", 1, 1, NULL},
    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "too-deep", 1, 17, NULL},
};

static void test_refuses_what_two_readers_could_see_differently(void **state)
{
	struct doc *doc = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(doc, bad[i].text) != PKG_INPUT)
			fail_msg("accepted: %s", bad[i].text);
		if (doc->err.reason == NULL ||
		    strcmp(doc->err.reason, bad[i].reason) != 0 ||
		    doc->err.line != bad[i].line || doc->err.col != bad[i].col)
			fail_msg("%s: %s at %u:%u (%s)", bad[i].text,
				 doc->err.reason, doc->err.line, doc->err.col,
				 doc->err.text);
		if (bad[i].hint != NULL &&
		    strstr(doc->err.hint, bad[i].hint) == NULL)
			fail_msg("%s: hint '%s'", bad[i].text, doc->err.hint);
		assert_string_equal(doc->err.source, "m.yaml");
	}
}

static void test_refuses_nul_and_utf16(void **state)
{
	static const char utf16[] = "\xff\xfe"
				    "a\0:\0 \0b\0";
	struct doc *doc = *state;

	assert_int_equal(read_bytes(doc, "a: \0b\n", 6), PKG_INPUT);
	assert_string_equal(doc->err.reason, "control-character");
	assert_int_equal(read_bytes(doc, utf16, sizeof(utf16) - 1), PKG_INPUT);
	assert_string_equal(doc->err.reason, "not-utf8");
	assert_int_equal(read_bytes(doc, "a\0:\0 \0b\0", 8), PKG_INPUT);
}

/* @count times @text and then @end. */
static void repeat(struct doc *doc, struct pkg_buf *buf, const char *text,
		   size_t count, const char *end)
{
	pkg_buf_clear(buf);
	while (count-- > 0)
		assert_int_equal(pkg_buf_puts(buf, text, &doc->err), PKG_OK);
	assert_int_equal(pkg_buf_puts(buf, end, &doc->err), PKG_OK);
}

static void test_takes_hostile_sizes(void **state)
{
	struct doc *doc = *state;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = (size_t)PKG_LIMIT_YAML + 16};

	repeat(doc, &buf, "[", 200000, "");
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	repeat(doc, &buf, "- ", 200000, "a");
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-deep");
	repeat(doc, &buf, "x", PKG_LIMIT_SCALAR + 1, "\n");
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-large");
	repeat(doc, &buf, "#", PKG_LIMIT_YAML, "\n");
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-large");
	/* more values than the arena of 16 MiB can hold */
	repeat(doc, &buf, "- a\n", 200000, "");
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-large");
}

static void test_counts_the_keys_of_a_mapping(void **state)
{
	struct doc *doc = *state;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};

	for (unsigned i = 0; i < PKG_LIMIT_MAP_KEYS; i++)
		assert_int_equal(pkg_buf_printf(&buf, &doc->err, "k%u: 1\n", i),
				 PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_OK);
	assert_int_equal(doc->root->count, PKG_LIMIT_MAP_KEYS);
	assert_int_equal(pkg_buf_puts(&buf, "more: 1\n", &doc->err), PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "too-large");
	assert_int_equal(doc->err.line, PKG_LIMIT_MAP_KEYS + 1);
}

/* Duplicates are found in large mappings too, and the first one is told. */
static void test_finds_duplicates_among_many_keys(void **state)
{
	struct doc *doc = *state;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};

	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(pkg_buf_printf(&buf, &doc->err, "k%u: 1\n", i),
				 PKG_OK);
	assert_int_equal(pkg_buf_puts(&buf, "k9: 1\nk3: 1\nk9: 1\n", &doc->err),
			 PKG_OK);
	assert_int_equal(read_text(doc, pkg_buf_str(&buf)), PKG_INPUT);
	assert_string_equal(doc->err.reason, "duplicate-key");
	assert_int_equal(doc->err.line, 501);
	assert_non_null(strstr(doc->err.hint, "line 10,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	    T(test_every_scalar_is_a_text),
	    T(test_reads_what_people_write),
	    T(test_nothing_is_an_empty_text),
	    T(test_knows_where_things_stand),
	    T(test_refuses_what_two_readers_could_see_differently),
	    T(test_refuses_nul_and_utf16),
	    T(test_takes_hostile_sizes),
	    T(test_counts_the_keys_of_a_mapping),
	    T(test_finds_duplicates_among_many_keys),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
