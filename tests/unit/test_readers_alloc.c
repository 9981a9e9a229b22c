/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_sample.h"
#include "unit.h"

#include "fail_alloc.h"
#include "packline/json.h"
#include "packline/pattern.h"
#include "packline/source.h"
#include "packline/yaml.h"

#include <string.h>

/*
 * Every allocation of a reader fails once: the answer is PKG_SYSTEM, or the
 * right one, and never a crash, a leak or another error.
 */
static enum pkg_code read_json(struct pkg_err *err)
{
	static const char text[] =
	    "{\"a\":[1,true,\"x\\u00e9\"],\"b\":{\"c\":null}}\n";
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO_FINI(pkg_json_lines) struct pkg_json_lines lines = {0};
	struct pkg_source_mem mem;
	struct pkg_node *node = NULL;

	pkg_source_mem_init(&mem, text, sizeof(text) - 1, "x.jsonl");
	pkg_json_lines_init(&lines, &mem.source);
	PKG_TRY(pkg_arena_new(&arena, 1u << 20, err));
	PKG_TRY(pkg_json_lines_parse(&lines, &node, arena, err));
	assert_int_equal(node->count, 2);
	return PKG_OK;
}

static const char sample[] = "format: 1\nname: gw\nkind: forced\n"
			     "parts:\n- {path: a}\n- {glob: '*'}\n"
			     "labels: {a: \"x\\u00e9\"}\nunknown: [1, 2]\n";

static enum pkg_code bind_yaml(struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {0};
	struct pkg_node *node = NULL;
	struct product product;

	PKG_TRY(pkg_arena_new(&arena, 1u << 20, err));
	PKG_TRY(pkg_yaml_parse(&node, arena, "p.yaml", sample,
			       sizeof(sample) - 1, err));
	PKG_TRY(pkg_schema_new(&schema, &product_table, err));
	diag.arena = arena;
	PKG_TRY(pkg_schema_bind(schema, node, &product, arena, &diag, err));
	assert_int_equal(diag.errors, 1);
	assert_int_equal(product.parts.count, 2);
	return PKG_OK;
}

static enum pkg_code match_patterns(struct pkg_err *err)
{
	PKG_AUTO(pkg_pattern_set) struct pkg_pattern_set *set = NULL;
	struct pkg_pattern_decision decision = {0};

	PKG_TRY(pkg_pattern_set_new(&set, err));
	for (int i = 0; i < 10; i++) {
		struct pkg_pattern *p = NULL;

		PKG_TRY(pkg_pattern_new(&p, PKG_PATTERN_GLOB,
					"src/**/{a,b}*.[ch]", 18, NULL, err));
		PKG_TRY(pkg_pattern_set_add(set, p, true, err));
	}
	PKG_TRY(pkg_pattern_set_decide(set, "src/x/a1.c", 10, &decision, err));
	assert_true(decision.included);
	return PKG_OK;
}

static void fail_each(enum pkg_code (*run)(struct pkg_err *err), size_t least)
{
	struct pkg_err first = PKG_ERR_INIT;
	size_t n = 1;

	if (!FAIL_ALLOC)
		skip();
	assert_int_equal(run(&first), PKG_OK); /* what is kept for good */
	for (;; n++) {
		struct pkg_err err = PKG_ERR_INIT;
		enum pkg_code code;

		size_t before = fail_alloc_live;

		fail_alloc_hit = false;
		fail_alloc_in = n;
		code = run(&err);
		fail_alloc_in = 0;
		if (fail_alloc_live != before)
			fail_msg("allocation %zu: something leaks", n);
		if (code != PKG_OK && code != PKG_SYSTEM)
			fail_msg("allocation %zu: %s", n, err.text);
		if (!fail_alloc_hit)
			break;
	}
	if (n <= least) /* there were not as many to fail */
		fail_msg("only %zu allocations", n);
}

static void test_json(void **state)
{
	(void)state;
	fail_each(read_json, 3);
}

static void test_yaml_and_schema(void **state)
{
	(void)state;
	fail_each(bind_yaml, 40);
}

static void test_pattern(void **state)
{
	(void)state;
	fail_each(match_patterns, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_yaml_and_schema),
	    cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
