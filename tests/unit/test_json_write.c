/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/json.h"
#include "packline/node.h"
#include "packline/sink.h"
#include "packline/source.h"

#include <stdlib.h>
#include <string.h>

/* The writer, alone. */
struct page {
	struct pkg_buf buf;
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;
	struct pkg_err err;
};

static void start(struct page *page, unsigned flags)
{
	memset(page, 0, sizeof(*page));
	page->buf.max = 4096;
	pkg_sink_buf_init(&page->sink, &page->buf);
	pkg_jsonw_init(&page->w, &page->sink.sink, flags);
}

static enum pkg_code stop(struct page *page)
{
	return pkg_jsonw_finish(&page->w, &page->err);
}

static void write_sample(struct pkg_jsonw *w)
{
	static const uint8_t digest[] = {0x0a, 0xff};

	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "files");
	pkg_jsonw_array(w);
	pkg_jsonw_object(w);
	pkg_jsonw_object_end(w);
	pkg_jsonw_array(w);
	pkg_jsonw_array_end(w);
	pkg_jsonw_array_end(w);
	pkg_jsonw_str_member(w, "name", "a\"b");
	pkg_jsonw_str_member(w, "none", NULL);
	pkg_jsonw_bool_member(w, "ok", true);
	pkg_jsonw_hex_member(w, "sha", digest, sizeof(digest));
	pkg_jsonw_int_member(w, "size", 12);
	pkg_jsonw_null_member(w, "why");
	pkg_jsonw_object_end(w);
}

static void test_writer_is_compact_or_pretty(void **state)
{
	struct page page;

	(void)state;
	start(&page, 0);
	write_sample(&page.w);
	assert_int_equal(stop(&page), PKG_OK);
	assert_string_equal(pkg_buf_str(&page.buf),
			    "{\"files\":[{},[]],\"name\":\"a\\\"b\","
			    "\"none\":null,\"ok\":true,\"sha\":\"0aff\","
			    "\"size\":12,\"why\":null}");
	pkg_buf_fini(&page.buf);

	start(&page, PKG_JSONW_PRETTY);
	write_sample(&page.w);
	assert_int_equal(stop(&page), PKG_OK);
	assert_string_equal(pkg_buf_str(&page.buf), "{\n"
						    "  \"files\": [\n"
						    "    {},\n"
						    "    []\n"
						    "  ],\n"
						    "  \"name\": \"a\\\"b\",\n"
						    "  \"none\": null,\n"
						    "  \"ok\": true,\n"
						    "  \"sha\": \"0aff\",\n"
						    "  \"size\": 12,\n"
						    "  \"why\": null\n"
						    "}\n");
	pkg_buf_fini(&page.buf);
}

static void test_writer_makes_json_lines(void **state)
{
	struct page page;

	(void)state;
	start(&page, 0);
	for (int i = 0; i < 2; i++) {
		pkg_jsonw_object(&page.w);
		pkg_jsonw_int_member(&page.w, "i", i);
		pkg_jsonw_object_end(&page.w);
		pkg_jsonw_line(&page.w);
	}
	assert_int_equal(stop(&page), PKG_OK);
	assert_string_equal(pkg_buf_str(&page.buf), "{\"i\":0}\n{\"i\":1}\n");
	pkg_buf_fini(&page.buf);
}

/* Records are looked at on terminals; canonical JSON has one spelling. */
static void test_writer_escapes_what_a_terminal_acts_on(void **state)
{
	static const char text[] = "\u00e4\xc2\x9b"
				   "31m\x7f\u202e\U000e0041\u200b!";
	struct page page;

	(void)state;
	start(&page, 0);
	pkg_jsonw_text(&page.w, text);
	assert_int_equal(stop(&page), PKG_OK);
	assert_string_equal(pkg_buf_str(&page.buf),
			    "\"\u00e4\\u009b31m\\u007f\\u202e"
			    "\\udb40\\udc41\\u200b!\"");
	pkg_buf_fini(&page.buf);

	start(&page, PKG_JSONW_STRICT);
	pkg_jsonw_text(&page.w, text);
	assert_int_equal(stop(&page), PKG_OK);
	assert_int_equal(page.buf.len, strlen(text) + 2);
	assert_memory_equal(page.buf.data + 1, text, strlen(text));
	pkg_buf_fini(&page.buf);
}

/* Each is a bug in the caller, and none of them goes unnoticed. */
static void bug_unsorted(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_int_member(w, "b", 1);
	pkg_jsonw_int_member(w, "a", 1);
	pkg_jsonw_object_end(w);
}

static void bug_duplicate(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_int_member(w, "a", 1);
	pkg_jsonw_int_member(w, "a", 1);
	pkg_jsonw_object_end(w);
}

static void bug_no_key(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_int(w, 1);
	pkg_jsonw_object_end(w);
}

static void bug_no_value(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "a");
	pkg_jsonw_object_end(w);
}

static void bug_key_in_array(struct pkg_jsonw *w)
{
	pkg_jsonw_array(w);
	pkg_jsonw_key(w, "a");
	pkg_jsonw_array_end(w);
}

static void bug_open(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
}

static void bug_wrong_end(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_array_end(w);
}

static void bug_too_many_ends(struct pkg_jsonw *w)
{
	pkg_jsonw_array(w);
	pkg_jsonw_array_end(w);
	pkg_jsonw_array_end(w);
}

static void bug_two_values(struct pkg_jsonw *w)
{
	pkg_jsonw_null(w);
	pkg_jsonw_null(w);
}

static void bug_line_in_object(struct pkg_jsonw *w)
{
	pkg_jsonw_object(w);
	pkg_jsonw_line(w);
}

static void bug_too_deep(struct pkg_jsonw *w)
{
	for (unsigned i = 0; i <= PKG_LIMIT_JSONW_DEPTH; i++)
		pkg_jsonw_array(w);
}

static void test_writer_catches_bugs(void **state)
{
	static void (*const bugs[])(struct pkg_jsonw * w) = {
	    bug_unsorted,       bug_duplicate,     bug_no_key,
	    bug_no_value,       bug_key_in_array,  bug_open,
	    bug_wrong_end,      bug_too_many_ends, bug_two_values,
	    bug_line_in_object, bug_too_deep,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
		struct page page;

		start(&page, 0);
		bugs[i](&page.w);
		pkg_jsonw_null(&page.w); /* nothing happens any more */
		if (stop(&page) != PKG_INTERNAL)
			fail_msg("bug %zu was not caught", i);
		pkg_buf_fini(&page.buf);
	}
}

static void test_writer_refuses_bad_text(void **state)
{
	struct page page;

	(void)state;
	start(&page, 0);
	pkg_jsonw_text(&page.w, "\xff");
	assert_int_equal(stop(&page), PKG_INPUT);
	assert_string_equal(page.err.reason, "not-utf8");
	pkg_buf_fini(&page.buf);

	start(&page, PKG_JSONW_STRICT);
	pkg_jsonw_text(&page.w, "a\rb");
	assert_int_equal(stop(&page), PKG_INPUT);
	assert_string_equal(page.err.reason, "control-character");
	pkg_buf_fini(&page.buf);

	start(&page, 0);
	pkg_jsonw_int(&page.w, PKG_LIMIT_JSON_INT + 1);
	assert_int_equal(stop(&page), PKG_INPUT);
	pkg_buf_fini(&page.buf);

	start(&page, 0);
	pkg_jsonw_object(&page.w);
	pkg_jsonw_int_member(&page.w, "\xc3\xa9", 1);
	assert_int_equal(stop(&page), PKG_INPUT);
	pkg_buf_fini(&page.buf);
}

static void test_writer_keeps_the_sinks_error(void **state)
{
	struct page page;

	(void)state;
	start(&page, 0);
	page.buf.max = 3;
	pkg_jsonw_text(&page.w, "too long for it");
	assert_int_equal(stop(&page), PKG_INPUT);
	pkg_buf_fini(&page.buf);
}

/* JSON Lines: a source, its records and what went wrong. */
struct tape {
	struct pkg_source_mem mem;
	struct pkg_json_lines lines;
	struct pkg_arena *arena;
	struct pkg_err err;
};

static void insert(struct tape *tape, const char *text, size_t len)
{
	memset(tape, 0, sizeof(*tape));
	assert_int_equal(pkg_arena_new(&tape->arena, 1u << 20, &tape->err),
			 PKG_OK);
	pkg_source_mem_init(&tape->mem, text, len, "x.jsonl");
	pkg_json_lines_init(&tape->lines, &tape->mem.source);
}

static void eject(struct tape *tape)
{
	pkg_json_lines_fini(&tape->lines);
	pkg_arena_free(tape->arena);
}

/* The next record; NULL at the end or after an error. */
static struct pkg_node *next(struct tape *tape)
{
	struct pkg_node *node = NULL;

	tape->err = PKG_ERR_INIT;
	(void)!pkg_json_lines_parse(&tape->lines, &node, tape->arena,
				    &tape->err);
	return node;
}

static void test_lines(void **state)
{
	static const char text[] = "{\"a\":1}\n\n{\"a\":\n{\"b\":2}";
	struct tape tape;

	(void)state;
	insert(&tape, text, sizeof(text) - 1);
	assert_int_equal(pkg_node_get(next(&tape), "a")->number, 1);
	/* a bad line is told, and reading can go on behind it */
	assert_null(next(&tape));
	assert_int_equal(tape.err.code, PKG_INPUT);
	assert_int_equal(tape.err.line, 3);
	assert_string_equal(tape.err.source, "x.jsonl");
	assert_int_equal(pkg_node_get(next(&tape), "b")->line, 4);
	assert_null(next(&tape));
	assert_int_equal(tape.err.code, PKG_OK);
	eject(&tape);
}

static void test_lines_that_are_not_objects(void **state)
{
	struct tape tape;

	(void)state;
	insert(&tape, "[]\n", 3);
	assert_null(next(&tape));
	assert_int_equal(tape.err.code, PKG_INPUT);
	assert_string_equal(tape.err.reason, "malformed-json");
	eject(&tape);
}

static void test_lines_have_a_limit(void **state)
{
	const size_t size = 2 * (size_t)PKG_LIMIT_RECORD_LINE + 8;
	char *text = malloc(size);
	const char *line = NULL;
	struct tape tape;
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size);
	text[PKG_LIMIT_RECORD_LINE] = '\n'; /* just as long as it may be */
	insert(&tape, text, size);
	assert_int_equal(
	    pkg_json_lines_next(&tape.lines, &line, &len, &tape.err), PKG_OK);
	assert_int_equal(len, PKG_LIMIT_RECORD_LINE);
	assert_int_equal(
	    pkg_json_lines_next(&tape.lines, &line, &len, &tape.err),
	    PKG_INPUT);
	assert_string_equal(tape.err.reason, "too-long");
	assert_int_equal(tape.err.line, 2);
	eject(&tape);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_writer_is_compact_or_pretty),
	    cmocka_unit_test(test_writer_makes_json_lines),
	    cmocka_unit_test(test_writer_escapes_what_a_terminal_acts_on),
	    cmocka_unit_test(test_writer_catches_bugs),
	    cmocka_unit_test(test_writer_refuses_bad_text),
	    cmocka_unit_test(test_writer_keeps_the_sinks_error),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_lines_that_are_not_objects),
	    cmocka_unit_test(test_lines_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
