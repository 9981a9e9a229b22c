/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/limits.h"
#include "packline/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool match(enum pkg_pattern_kind kind, const char *pattern,
		  const char *text)
{
	PKG_AUTO(pkg_pattern) struct pkg_pattern *p = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	bool matches = false;

	assert_ok(
	    pkg_pattern_new(&p, kind, pattern, strlen(pattern), NULL, &err));
	assert_ok(pkg_pattern_match(p, text, strlen(text), &matches, &err));
	return matches;
}

static const struct {
	const char *glob, *yes, *no; /* paths, with spaces between */
} globs[] = {
    {"a.txt", "a.txt", "b.txt a.txt.x x/a.txt A.txt a-txt"},
    {"*.dtb", "a.dtb a.b.dtb", ".dtb .x.dtb d/a.dtb a.dtbo"},
    {"*", "a a.b -x", ".a a/b"},
    {"a*", "a ab a.b", "ba a/b"},
    {".*", ".a .a.b", "a"},
    {"?", "a \xc3\xa9", ". ab /"},
    {"a?c", "abc a.c", "ac abbc a/c"},
    {"a/?b", "a/xb", "a/.b"},
    {"dir/*", "dir/a", "dir dir/.a dir/a/b"},
    {"dir/.*", "dir/.a", "dir/a"},
    {"**", "a a/b a/b/c", ".a a/.b .a/b"},
    {"**/x", "x a/x a/b/x", "ax a/xb .a/x a/.b/x x/a"},
    {"a/**", "a/b a/b/c", "a ab a/.b a/.b/c"},
    {"a/**/z", "a/z a/b/z a/b/c/z", "az a/zz a/.b/z z"},
    {"**/*.dtb", "a.dtb d/a.dtb d/e/a.dtb", "d/.dtb d/a.dts"},
    {"**/a/**", "a/b x/a/b x/y/a/b/c", "a x/a ab/c"},
    {"a**b", "ab axb axxb", "a/b axx/b"},
    {"x/a**", "x/a x/ab", "x/a/b"},
    {"[abc]", "a b c", "d ab ]"},
    {"[a-c]x", "ax bx", "dx -x"},
    {"[!a-c]x", "dx -x", "ax .x /x"},
    {"[^a]", "b", "a . /"},
    {"[]a]", "] a", "b"},
    {"[!]a]", "b", "] a"},
    {"[a-]", "a -", "b"},
    {"[-a]", "- a", "b"},
    {"[\\]x]", "] x", "\\ y"},
    {"[.]a", "", ".a"},
    {"x[.]a", "x.a", "xa"},
    {"x[+--]y", "x+y x-y x,y", "x.y"},
    {"x[!a]y", "xby", "x/y xay"},
    {"x[a/]y", "xay", "x/y"},
    {"[\xc3\xa0-\xc3\xa9]", "\xc3\xa4", "a \xc3\xb6"},
    {"{a,b}", "a b", "c ab a,b"},
    {"{a,b}.{c,d}", "a.c a.d b.c b.d", "a.b"},
    {"x{,y}z", "xz xyz", "xyyz"},
    {"{a,{b,c}d}e", "ae bde cde", "be"},
    {"{*,x}y", "y ay xy", ".y"},
    {"{a/,}*", "a/b b", "a/.b .b"},
    {"{a,**/b}/c", "a/c b/c x/b/c", "x/a/c"},
    {"{dtb,img}/**/*.{dtb,dtbo}", "dtb/a.dtb img/x/y.dtbo", "dtb/a.img"},
    {"\\*", "*", "a"},
    {"\\{a,b\\}", "{a,b}", "a b"},
    {"a\\\\b", "a\\b", "ab"},
    {"a,b", "a,b", "a b"},
    {"a+b(c)|d^$.e", "a+b(c)|d^$.e", "aab(c)|d^$.e a+b(c)|d^$xe"},
    {"a#b-c@d~e", "a#b-c@d~e", "a"},
};

static void test_globs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		char yes[128], no[128], *save = NULL;

		(void)snprintf(yes, sizeof(yes), "%s", globs[i].yes);
		(void)snprintf(no, sizeof(no), "%s", globs[i].no);
		for (char *s = strtok_r(yes, " ", &save); s != NULL;
		     s = strtok_r(NULL, " ", &save))
			if (!match(PKG_PATTERN_GLOB, globs[i].glob, s))
				fail_msg("%s: not %s", globs[i].glob, s);
		for (char *s = strtok_r(no, " ", &save); s != NULL;
		     s = strtok_r(NULL, " ", &save))
			if (match(PKG_PATTERN_GLOB, globs[i].glob, s))
				fail_msg("%s: also %s", globs[i].glob, s);
	}
}

static void test_globs_have_no_newline_trick(void **state)
{
	(void)state;
	assert_false(match(PKG_PATTERN_GLOB, "a", "a\n"));
	assert_true(match(PKG_PATTERN_GLOB, "a*", "a\nb"));
	assert_false(match(PKG_PATTERN_REGEX, "a$", "a\n"));
}

static void test_bad_patterns(void **state)
{
	static const char *const bad[] = {
	    "",      "[",           "[a",
	    "[]",    "[!]",         "[a-",
	    "[z-a]", "[[:alpha:]]", "a[\\",
	    "{a",    "{a,b",        "a}",
	    "{a}",   "{}",          "a\\",
	    "/a",    "a/",          "a//b",
	    "**/",   "a/**/",       "{a,{b,{c,{d,{e,{f,{g,{h,{i,j}}}}}}}}}",
	    "\xff",
	};
	const struct pkg_mark mark = {"m.yaml", 3, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkg_pattern *p = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		if (pkg_pattern_new(&p, PKG_PATTERN_GLOB, bad[i],
				    strlen(bad[i]), &mark, &err) != PKG_INPUT)
			fail_msg("accepted: %s", bad[i]);
		assert_null(p);
		assert_string_equal(err.reason, "bad-pattern");
		assert_string_equal(err.source, "m.yaml");
		assert_int_equal(err.line, 3);
	}
}

static void test_regex_matches_the_whole_text(void **state)
{
	(void)state;
	assert_true(match(PKG_PATTERN_REGEX, "dtb/.*\\.dtb", "dtb/a/b.dtb"));
	assert_false(match(PKG_PATTERN_REGEX, "dtb", "xdtb"));
	assert_false(match(PKG_PATTERN_REGEX, "dtb", "dtbx"));
	assert_false(match(PKG_PATTERN_REGEX, "a|b", "ab"));
	assert_true(match(PKG_PATTERN_REGEX, "a|ab", "ab"));
	assert_true(match(PKG_PATTERN_SEARCH, "dtb", "xdtbx"));
	assert_false(match(PKG_PATTERN_SEARCH, "^dtb$", "xdtb"));
	assert_true(match(PKG_PATTERN_SEARCH, "^[0-9a-f]{4}$", "00ff"));
	assert_false(match(PKG_PATTERN_REGEX, "\\d", "\xd9\xa3")); /* U+0663 */
}

static void test_regex_refuses_what_is_unsafe(void **state)
{
	static const char *const bad[] = {
	    "(",    "a{2,1}", "\\C", "(*UCP)a", "((a{1000}){1000}){1000}",
	    "[b-a]"};
	char deep[401];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkg_pattern *p = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		if (pkg_pattern_new(&p, PKG_PATTERN_REGEX, bad[i],
				    strlen(bad[i]), NULL, &err) != PKG_INPUT)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(err.reason, "bad-pattern");
	}
	memset(deep, '(', 200);
	memset(deep + 200, ')', 200);
	struct pkg_pattern *p = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(
	    pkg_pattern_new(&p, PKG_PATTERN_REGEX, deep, 400, NULL, &err),
	    PKG_INPUT);
}

/* A limit is an error: "no match" would let a path slip through a rule. */
static void test_runaway_match_is_an_error(void **state)
{
	static const char *const runaways[] = {
	    "(a+)+b?$", "(a|aa)+$", "(*NO_JIT)(a+)+b?$", "(*NO_JIT)(a|aa)+$"};
	char text[64];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = '!';
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(runaways) / sizeof(runaways[0]); i++) {
		PKG_AUTO(pkg_pattern) struct pkg_pattern *p = NULL;
		struct pkg_err err = PKG_ERR_INIT;
		bool matches = false;

		assert_ok(pkg_pattern_new(&p, PKG_PATTERN_REGEX, runaways[i],
					  strlen(runaways[i]), NULL, &err));
		if (pkg_pattern_match(p, text, strlen(text), &matches, &err) ==
		    PKG_OK)
			fail_msg("%s: %d", runaways[i], matches);
		assert_string_equal(err.reason, "match-limit");
	}
}

/* The longest path with the most folders is within the limits. */
static void test_long_paths_are_matched(void **state)
{
	char path[PKG_LIMIT_PATH];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(path); i++)
		path[i] = i % 2 == 0 ? 'a' : '/';
	path[sizeof(path) - 3] = 'a';
	path[sizeof(path) - 2] = 'b';
	path[sizeof(path) - 1] = '\0';
	assert_true(match(PKG_PATTERN_GLOB, "**/*b", path));
	assert_true(match(PKG_PATTERN_GLOB, "**", path));
	assert_true(match(PKG_PATTERN_GLOB, "a/**/a/*", path));
	assert_false(match(PKG_PATTERN_GLOB, "**/*.dtb", path));
	/* the same with and without compilation to machine code */
	assert_true(match(PKG_PATTERN_REGEX, "(a/)*aab", path));
	assert_true(match(PKG_PATTERN_REGEX, "(*NO_JIT)(a/)*aab", path));
	assert_true(match(PKG_PATTERN_REGEX, "(?:a|/)*b", path));
	assert_true(match(PKG_PATTERN_REGEX, "(*NO_JIT)(?:a|/)*b", path));
}

static void test_refuses_text_that_is_not_utf8(void **state)
{
	PKG_AUTO(pkg_pattern) struct pkg_pattern *p = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	bool matches = false;

	(void)state;
	assert_ok(pkg_pattern_new(&p, PKG_PATTERN_GLOB, "*", 1, NULL, &err));
	assert_int_equal(pkg_pattern_match(p, "a\xff", 2, &matches, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "not-utf8");
}

static void test_base_is_where_to_walk(void **state)
{
	static const struct {
		const char *glob, *base;
		bool literal;
	} cases[] = {
	    {"dtb/**/*.dtb", "dtb", false},
	    {"a/b/c.txt", "a/b", true},
	    {"a.txt", "", true},
	    {"a/b*/c", "a", false},
	    {"**", "", false},
	    {"a/{b,c}/d", "a", false},
	    {"a/\\*/b", "a/*", true},
	    {"a/b[c]", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PKG_AUTO(pkg_pattern) struct pkg_pattern *p = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		assert_ok(pkg_pattern_new(&p, PKG_PATTERN_GLOB, cases[i].glob,
					  strlen(cases[i].glob), NULL, &err));
		assert_string_equal(pkg_pattern_base(p), cases[i].base);
		assert_int_equal(pkg_pattern_is_literal(p), cases[i].literal);
		assert_string_equal(pkg_pattern_text(p), cases[i].glob);
	}
}

static void add(struct pkg_pattern_set *set, const char *glob, bool include)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_pattern *p = NULL;

	assert_ok(pkg_pattern_new(&p, PKG_PATTERN_GLOB, glob, strlen(glob),
				  NULL, &err));
	assert_ok(pkg_pattern_set_add(set, p, include, &err));
}

static struct pkg_pattern_decision decide(const struct pkg_pattern_set *set,
					  const char *path)
{
	struct pkg_pattern_decision d = {0};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_pattern_set_decide(set, path, strlen(path), &d, &err));
	return d;
}

static void test_set_tells_which_rule_decided(void **state)
{
	PKG_AUTO(pkg_pattern_set) struct pkg_pattern_set *set = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_pattern_decision d;

	(void)state;
	assert_ok(pkg_pattern_set_new(&set, &err));
	add(set, "*.tmp", false);
	d = decide(set, "a.c"); /* only exclusions: all else is in */
	assert_true(d.included);
	assert_false(d.decided);
	add(set, "src/**", true);
	add(set, "**/*.c", true);
	add(set, "src/gen/**", false);

	d = decide(set, "src/a.c");
	assert_true(d.included);
	assert_int_equal(d.rule, 1);
	assert_string_equal(pkg_pattern_text(d.pattern), "src/**");
	d = decide(set, "src/gen/a.c");
	assert_false(d.included);
	assert_true(d.decided);
	assert_int_equal(d.rule, 3);
	d = decide(set, "doc/a.txt");
	assert_false(d.included);
	assert_false(d.decided);
	assert_null(d.pattern);
	for (int i = 0; i < 20; i++)
		add(set, "x", true);
	assert_true(decide(set, "x").included);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_globs),
	    cmocka_unit_test(test_globs_have_no_newline_trick),
	    cmocka_unit_test(test_bad_patterns),
	    cmocka_unit_test(test_regex_matches_the_whole_text),
	    cmocka_unit_test(test_regex_refuses_what_is_unsafe),
	    cmocka_unit_test(test_runaway_match_is_an_error),
	    cmocka_unit_test(test_long_paths_are_matched),
	    cmocka_unit_test(test_refuses_text_that_is_not_utf8),
	    cmocka_unit_test(test_base_is_where_to_walk),
	    cmocka_unit_test(test_set_tells_which_rule_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
