/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "manifest/check.h"
#include "manifest/files.h"
#include "packline/limits.h"

#include <stdio.h>
#include <string.h>

/* What the server's parser of cron expressions takes and refuses. */
static void test_schedules(void **state)
{
	static const char *const good[] = {
	    "0 0 2 ? * SUN",          "0 0 12 * * ?",
	    "0 15 10 ? * MON-FRI",    "0 0/5 14,18 * * ?",
	    "0 10,44 14 ? 3 WED",     "0 15 10 L * ?",
	    "0 15 10 L-2 * ?",        "0 15 10 LW * ?",
	    "0 15 10 15W * ?",        "0 15 10 ? * 6L",
	    "0 15 10 ? * FRI#3",      "0 15 10 ? * 6L 2026-2030",
	    "0 0 22,0-2 ? * FRI-MON", "0 0 0 1 jan ? 2099",
	    "0 0 0 29 FEB ?",         "0 0 0 29 2 ? 2028",
	    "0  0   0 1 1 ?",
	};
	static const char *const bad[] = {
	    "",
	    "0 0 2 ? *",
	    "0 0 2 * * *",
	    "0 0 2 ? * ?",
	    "60 0 2 ? * SUN",
	    "0 60 2 ? * SUN",
	    "0 0 24 ? * SUN",
	    "0 0 2 0 * ?",
	    "0 0 2 32 * ?",
	    "0 0 2 ? 13 MON",
	    "0 0 2 ? * 8",
	    "0 0 2 1, * ?",
	    "0 0/0 2 1 * ?",
	    "0 0 2 ? * SUN 1969",
	    "0 0 2 ? * SUN 2026 1",
	    "@daily",
	    "0 0 2 1X * ?",
	    "? 0 2 1 * ?",
	};
	static const char *const never[] = {
	    "0 0 0 30 FEB ?",         "0 0 0 30,31 2 ?", "0 0 0 31 APR,JUN ?",
	    "0 0 0 29 2 ? 2026,2027", "0 0 2 ? * MON#6", "0 0 0 31W 2 ?",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (pkg_window_schedule(good[i]) != WINDOW_OK)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pkg_window_schedule(bad[i]) != WINDOW_BAD)
			fail_msg("not refused: %s", bad[i]);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (pkg_window_schedule(never[i]) != WINDOW_NEVER)
			fail_msg("does not happen: %s", never[i]);
}

static void test_durations(void **state)
{
	(void)state;
	assert_true(pkg_window_duration("02:00:00"));
	assert_true(pkg_window_duration("00:00"));
	assert_true(pkg_window_duration("23:59:59"));
	assert_true(pkg_window_duration("23:59:59.999"));
	assert_false(pkg_window_duration("24:00:00"));
	assert_false(pkg_window_duration("10"));
	assert_false(pkg_window_duration("2:00:00"));
	assert_false(pkg_window_duration("02:60"));
	assert_false(pkg_window_duration("02:00:00."));
	assert_false(pkg_window_duration("02:00:00.1234567890"));
	assert_false(pkg_window_duration("PT2H"));
	assert_false(pkg_window_duration(""));
}

static void test_timezones(void **state)
{
	static const char *const good[] = {"Z",      "+2",      "-11",
					   "+02:00", "+0200",   "-18:00",
					   "+18:00", "+053000", "+05:30:15"};
	static const char *const bad[] = {
	    "",       "z",      "2",       "+02:0",   "+18:01",
	    "+19:00", "+02:60", "+02:000", "UTC",     "Europe/Berlin",
	    "+2:00",  "+020",   "+02 00",  "+02:00:", "++2"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!pkg_window_timezone(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pkg_window_timezone(bad[i]))
			fail_msg("not refused: %s", bad[i]);
}

/* What the server's XML parser leaves over: known from its own answers. */
static void test_markup(void **state)
{
	static const char *const refused[] = {
	    "<b>",        "foo<bar>baz", "<img src=x>",
	    "a<!--x-->b", "<?xml?>",     "a<!doctype>",
	    "</ b>",      "<\xC3\xA4>",  "a<?b"};
	static const char *const accepted[] = {
	    "a<b",   "a>b",          "&",    "\"';|*?",        "a\tb\nc",
	    "a < b", "1<2 and 3>2",  "</b>", "a</>b",          "<![CDATA[x]]>",
	    "<",     "../../passwd", "</",   "x<y, not closed"};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!pkg_check_has_markup(refused[i]))
			fail_msg("not refused: %s", refused[i]);
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		if (pkg_check_has_markup(accepted[i]))
			fail_msg("refused: %s", accepted[i]);
}

static void test_fold(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	    {"RootFS.img", "rootfs.IMG", true},
	    {" a.bin", "a.bin ", true},
	    {"\xC3\x84.bin", "\xC3\xA4.bin", true},         /* Ä ä */
	    {"\xC4\x8C", "\xC4\x8D", true},                 /* Č č */
	    {"\xC5\xBD", "\xC5\xBE", true},                 /* Ž ž */
	    {"\xC5\xB8", "\xC3\xBF", true},                 /* Ÿ ÿ */
	    {"\xCE\xA9", "\xCF\x89", true},                 /* Ω ω */
	    {"\xD0\x81\xD0\x96", "\xD1\x91\xD0\xB6", true}, /* Ё Ж */
	    {"\xC3\x97", "\xC3\xB7", false},                /* × ÷ */
	    {"\xE2\x82\xAC", "\xE2\x82\xAD", false},
	    {"a b", "ab", false},
	};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(pkg_arena_new(&arena, 1 << 20, &err), PKG_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *a = pkg_model_fold(arena, cases[i].a, &err);
		const char *b = pkg_model_fold(arena, cases[i].b, &err);

		assert_non_null(a);
		assert_non_null(b);
		if ((strcmp(a, b) == 0) != cases[i].same)
			fail_msg("case %zu: %s and %s", i, a, b);
	}
}

static void test_normal_paths(void **state)
{
	static const char *const cases[][2] = {
	    {"a/b", "a/b"},     {"./a//b/.", "a/b"}, {"...", "..."},
	    {"a/..b", "a/..b"}, {"/a", NULL},        {"a/../b", NULL},
	    {"..", NULL},       {".", NULL},         {"a/", "a"},
	};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const char *out;

	(void)state;
	assert_int_equal(pkg_arena_new(&arena, 1 << 20, &err), PKG_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    pkg_files_normal(&out, arena, cases[i][0], &err), PKG_OK);
		if (cases[i][1] == NULL)
			assert_null(out);
		else
			assert_string_equal(out, cases[i][1]);
	}
}

static void test_server_versions(void **state)
{
	uint32_t v;

	(void)state;
	assert_true(pkg_profile_server(&v, "0.9.0"));
	assert_int_equal(v, 9000);
	assert_true(pkg_profile_server(&v, "1.1"));
	assert_int_equal(v, 1001000);
	assert_false(pkg_profile_server(&v, ""));
	assert_false(pkg_profile_server(&v, "1."));
	assert_false(pkg_profile_server(&v, "1.2.3.4"));
	assert_false(pkg_profile_server(&v, "1000.0"));
	assert_false(pkg_profile_server(&v, "0.9.0-rc1"));
}

/* Ids are stable and unique: people put them into scripts. */
static void test_rule_ids(void **state)
{
	const struct pkg_rule *rules = pkg_manifest_rules();
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	struct pkg_err err = PKG_ERR_INIT;
	const void *before;

	(void)state;
	for (; rules->id != NULL; rules++) {
		assert_int_equal(
		    pkg_map_add(&once, rules->id, rules, &before, &err),
		    PKG_OK);
		assert_null(before);
		assert_int_equal(strspn(rules->id, "abcdefghijklmnopqrstuvwxyz"
						   "0123456789-"),
				 strlen(rules->id));
		assert_true(strlen(rules->text) > 10);
	}
	assert_true(once.count > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_schedules),
	    cmocka_unit_test(test_durations),
	    cmocka_unit_test(test_timezones),
	    cmocka_unit_test(test_markup),
	    cmocka_unit_test(test_fold),
	    cmocka_unit_test(test_normal_paths),
	    cmocka_unit_test(test_server_versions),
	    cmocka_unit_test(test_rule_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
