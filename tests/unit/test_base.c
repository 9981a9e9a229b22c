/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/diag.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <string.h>

static void error_has_mark_chain_and_trace(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_mark at = {"m.yaml", 12, 5};

	(void)state;
	assert_int_equal(pkg_fail_at(&err, &at, "unknown key '%s'", "sie"),
			 PKG_INPUT);
	assert_int_equal(pkg_hint(&err, "did you mean 'size'?"), PKG_INPUT);
	assert_int_equal(pkg_wrap(&err, "reading manifest"), PKG_INPUT);
	assert_string_equal(err.text, "reading manifest: unknown key 'sie'");
	assert_string_equal(err.hint, "did you mean 'size'?");
	assert_string_equal(err.source, "m.yaml");
	assert_int_equal(err.line, 12);
	assert_int_equal(err.col, 5);
	assert_int_equal(err.ntrace, 2);
	assert_string_equal(err.trace[0].func,
			    "error_has_mark_chain_and_trace");
}

static void error_names_the_system_failure(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(pkg_fail_os(&err, 2, "cannot open 'x'"), PKG_SYSTEM);
	assert_string_equal(err.text,
			    "cannot open 'x': No such file or directory");
	assert_int_equal(pkg_refuse(&err, PKG_NO, "draft", "not signed"),
			 PKG_NO);
	assert_string_equal(err.reason, "draft");
	assert_int_equal(err.os_errno, 0);
}

static void wrapped(const char *cause, const char *name, const char *want)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)pkg_fail(&err, PKG_INPUT, "%s", cause);
	assert_int_equal(pkg_wrap(&err, "%s", name), PKG_INPUT);
	assert_string_equal(err.text, want);
}

static void error_does_not_name_a_file_twice(void **state)
{
	(void)state;
	wrapped("a.seal ends early", "a.seal", "a.seal ends early");
	wrapped("a.seal: too long", "a.seal", "a.seal: too long");
	wrapped("'a.seal' is old", "a.seal", "'a.seal' is old");
	wrapped("a.sealed is old", "a.seal", "a.seal: a.sealed is old");
	wrapped("'a.sealed' is old", "a.seal", "a.seal: 'a.sealed' is old");
	wrapped("a.seal", "a.seal", "a.seal: a.seal");
}

static void error_text_is_cut_not_overrun(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	char big[2 * PKG_ERR_TEXT];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)pkg_fail_os(&err, 2, "%s", big);
	assert_int_equal(strlen(err.text), PKG_ERR_TEXT - 1);
	(void)pkg_wrap(&err, "%s", big);
	assert_int_equal(strlen(err.text), PKG_ERR_TEXT - 1);
}

static void buffer_keeps_its_maximum(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 5};

	(void)state;
	assert_string_equal(pkg_buf_str(&buf), "");
	assert_ok(pkg_buf_puts(&buf, "hello", &err));
	assert_int_equal(pkg_buf_add(&buf, "!", 1, &err), PKG_INPUT);
	assert_string_equal(pkg_buf_str(&buf), "hello");
	pkg_buf_clear(&buf);
	assert_ok(pkg_buf_printf(&buf, &err, "%d%s", 12, "ab"));
	assert_string_equal(pkg_buf_str(&buf), "12ab");
	assert_int_equal(pkg_buf_reserve(&buf, SIZE_MAX, &err), PKG_INPUT);
}

static void secret_buffer_grows(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = 1000, .secret = true};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_ok(pkg_buf_add(&buf, "s", 1, &err));
	assert_int_equal(strlen(pkg_buf_str(&buf)), 1000);
	assert_int_equal(pkg_buf_add(&buf, "s", 1, &err), PKG_INPUT);
}

static void arena_is_zeroed_aligned_and_bounded(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;

	(void)state;
	assert_ok(pkg_arena_new(&arena, 300000, &err));
	for (size_t i = 1; i < 200; i++) {
		uint8_t *p = pkg_arena_alloc(arena, i, &err);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xFF, i);
	}
	assert_non_null(pkg_arena_alloc(arena, 100000, &err));
	assert_string_equal(pkg_arena_dup(arena, "abc", 2, &err), "ab");
	assert_string_equal(pkg_arena_printf(arena, &err, "%d", 7), "7");
	assert_null(pkg_arena_alloc(arena, 300000, &err));
	assert_int_equal(err.code, PKG_INPUT);
	assert_null(pkg_arena_array(arena, SIZE_MAX / 2, 3, &err));
	assert_int_equal(err.code, PKG_INPUT);
}

static void findings_are_sorted_by_place_and_counted(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_diag diag = {0};
	const struct pkg_finding *f;

	(void)state;
	assert_ok(pkg_arena_new(&arena, PKG_LIMIT_ARENA, &err));
	diag.arena = arena;
	for (uint32_t line = 100; line > 0; line--) {
		struct pkg_mark at = {"m.yaml", line, 1};

		assert_ok(pkg_diag_add(&diag, PKG_SEVERITY_ERROR, "first", &at,
				       NULL, &err, "line %u", line));
		assert_ok(pkg_diag_add(&diag, PKG_SEVERITY_WARNING, "second",
				       &at, "a hint", &err, "again"));
	}
	pkg_diag_sort(&diag);
	f = diag.first;
	for (uint32_t line = 1; line <= 100; line++) {
		assert_int_equal(f->line, line);
		assert_string_equal(f->rule, "first");
		f = f->next;
		assert_string_equal(f->rule, "second");
		assert_string_equal(f->hint, "a hint");
		f = f->next;
	}
	assert_null(f);
	assert_int_equal(diag.errors, 100);
	assert_int_equal(diag.warnings, 100);
}

static void findings_over_the_limit_are_counted(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_diag diag = {0};

	(void)state;
	assert_ok(pkg_arena_new(&arena, PKG_LIMIT_ARENA, &err));
	diag.arena = arena;
	for (uint32_t i = 0; i < PKG_LIMIT_FINDINGS + 5; i++)
		assert_ok(pkg_diag_add(&diag, PKG_SEVERITY_ERROR, "x", NULL,
				       NULL, &err, "x"));
	assert_int_equal(diag.count, PKG_LIMIT_FINDINGS + 5);
	assert_int_equal(diag.dropped, 5);
}

static void hex_has_one_spelling(void **state)
{
	uint8_t raw[2];
	char hex[5];

	(void)state;
	pkg_hex_encode(hex, (const uint8_t *)"\x0f\xa0", 2);
	assert_string_equal(hex, "0fa0");
	assert_true(pkg_hex_decode(raw, 2, "0fa0", 4));
	assert_memory_equal(raw, "\x0f\xa0", 2);
	assert_false(pkg_hex_decode(raw, 2, "0FA0", 4));
	assert_false(pkg_hex_decode(raw, 2, "0fa", 3));
	assert_false(pkg_hex_decode(raw, 2, "0fag", 4));
}

static void base64_pads(void **state)
{
	static const char *const pairs[][2] = {
	    {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};

		assert_ok(pkg_base64_encode(&buf, pairs[i][0],
					    strlen(pairs[i][0]), &err));
		assert_string_equal(pkg_buf_str(&buf), pairs[i][1]);
		pkg_buf_clear(&buf);
		assert_ok(pkg_base64_decode(&buf, pairs[i][1],
					    strlen(pairs[i][1]), &err));
		assert_string_equal(pkg_buf_str(&buf), pairs[i][0]);
	}
}

static void base64_has_one_spelling(void **state)
{
	static const char *const bad[] = {
	    "Z",        "Zg",   "Zg=",    "Zh==", "Zm9=",  "====",      "Z===",
	    "Zg==Zg==", "Zm 8", "Zm9v\n", "Zm-_", "Zg==x", "\xc3\xa9Zg"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};

		assert_int_equal(
		    pkg_base64_decode(&buf, bad[i], strlen(bad[i]), &err),
		    PKG_INPUT);
		assert_string_equal(err.reason, "not-base64");
	}
}

/* A buffer that is too small is no reason to write behind it. */
static void base64_keeps_the_limit(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 5};

	(void)state;
	assert_int_equal(pkg_base64_decode(&buf, "Zm9vYmFy", 8, &err),
			 PKG_INPUT);
	assert_true(buf.len <= buf.max);
}

static void utf8_takes_the_shortest_form_only(void **state)
{
	static const char *const good[] = {"",
					   "a",
					   "\xc3\xa9",
					   "\xe2\x82\xac",
					   "\xf0\x9f\x98\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xe0\x80\x80",
					  "\xed\xa0\x80",
					  "\xf0\x80\x80\x80",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xe2\x82",
					  "\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(pkg_utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pkg_utf8_valid(bad[i], strlen(bad[i])));
	assert_int_equal(pkg_utf16_length("a\xf0\x9f\x98\x80", 5), 3);
}

static void quoting_shows_what_a_terminal_would_obey(void **state)
{
	static const char *const pairs[][2] = {
	    {"plain \xc3\xa9", "plain \xc3\xa9"},
	    {"\x1b[2J", "\\x1b[2J"},
	    {"a\nb", "a\\x0ab"},
	    {"back\\slash", "back\\\\slash"},
	    {"\xc2\x9b", "\\u{009b}"},
	    {"\xe2\x80\xae", "\\u{202e}"},
	    {"\xe2\x80\x8b", "\\u{200b}"},
	    {"\xff", "\\xff"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
		char cut[100];

		assert_ok(pkg_text_quote(&buf, pairs[i][0], strlen(pairs[i][0]),
					 &err));
		assert_string_equal(pkg_buf_str(&buf), pairs[i][1]);
		assert_string_equal(pkg_text_quote_cut(cut, sizeof(cut),
						       pairs[i][0],
						       strlen(pairs[i][0])),
				    pairs[i][1]);
	}
}

static void quoting_never_cuts_inside_an_escape(void **state)
{
	char cut[6];

	(void)state;
	assert_string_equal(pkg_text_quote_cut(cut, sizeof(cut), "abc\x1b", 4),
			    "abc");
}

static void suggestion_is_near_or_none(void **state)
{
	static const char *const words[] = {"version", "vendor", "name",
					    "description"};

	(void)state;
	assert_string_equal(pkg_text_suggest("verison", words, 4), "version");
	assert_string_equal(pkg_text_suggest("vendro", words, 4), "vendor");
	assert_string_equal(pkg_text_suggest("nam", words, 4), "name");
	assert_null(pkg_text_suggest("sequence", words, 4));
	assert_null(pkg_text_suggest("", words, 4));
	assert_null(pkg_text_suggest("x", words, 4));
}

static void times_go_there_and_back(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2000-02-29T23:59:59Z", 951868799},
	    {"2026-12-01T02:00:00Z", 1796090400},
	    {"2038-01-19T03:14:08Z", 2147483648},
	    {"9999-12-31T23:59:59Z", 253402300799},
	};
	char text[21];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = -1;

		assert_true(
		    pkg_time_parse(&got, cases[i].text, strlen(cases[i].text)));
		assert_int_equal(got, cases[i].seconds);
		assert_true(pkg_time_format(text, cases[i].seconds));
		assert_string_equal(text, cases[i].text);
	}
	assert_false(pkg_time_format(text, -1));
	assert_false(pkg_time_format(text, 253402300800));
}

static void every_day_of_400_years_is_itself(void **state)
{
	char text[21];
	int64_t got = 0;

	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		assert_true(pkg_time_format(text, day * 86400));
		assert_true(pkg_time_parse(&got, text, 20));
		assert_int_equal(got, day * 86400);
	}
}

static void malformed_times_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "2026-12-01",
	    "2026-12-01T02:00:00",
	    "2026-12-01 02:00:00Z",
	    "2026-13-01T02:00:00Z",
	    "2026-02-29T02:00:00Z",
	    "2026-12-01T24:00:00Z",
	    "2026-12-01T02:00:60Z",
	    "2026-12-01T02:00:00.Z",
	    "2026-12-01T02:00:00+1:00",
	    "2026-12-01T02:00:00Zx",
	    "1969-12-31T23:59:59Z",
	    "1970-01-01T00:00:00+01:00",
	};
	int64_t got = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pkg_time_parse(&got, bad[i], strlen(bad[i])));
	assert_true(pkg_time_parse(&got, "2026-12-01T04:00:00.25+02:00", 28));
	assert_int_equal(got, 1796090400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(error_has_mark_chain_and_trace),
	    cmocka_unit_test(error_names_the_system_failure),
	    cmocka_unit_test(error_does_not_name_a_file_twice),
	    cmocka_unit_test(error_text_is_cut_not_overrun),
	    cmocka_unit_test(buffer_keeps_its_maximum),
	    cmocka_unit_test(secret_buffer_grows),
	    cmocka_unit_test(arena_is_zeroed_aligned_and_bounded),
	    cmocka_unit_test(findings_are_sorted_by_place_and_counted),
	    cmocka_unit_test(findings_over_the_limit_are_counted),
	    cmocka_unit_test(hex_has_one_spelling),
	    cmocka_unit_test(base64_pads),
	    cmocka_unit_test(base64_has_one_spelling),
	    cmocka_unit_test(base64_keeps_the_limit),
	    cmocka_unit_test(utf8_takes_the_shortest_form_only),
	    cmocka_unit_test(quoting_shows_what_a_terminal_would_obey),
	    cmocka_unit_test(quoting_never_cuts_inside_an_escape),
	    cmocka_unit_test(suggestion_is_near_or_none),
	    cmocka_unit_test(times_go_there_and_back),
	    cmocka_unit_test(every_day_of_400_years_is_itself),
	    cmocka_unit_test(malformed_times_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
