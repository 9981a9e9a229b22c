/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/map.h"

#include <stdio.h>

static void test_first_value_stays(void **state)
{
	PKG_AUTO_FINI(pkg_map) struct pkg_map map = {0};
	struct pkg_err err = PKG_ERR_INIT;
	const void *before;

	(void)state;
	assert_null(pkg_map_get(&map, "os"));
	assert_int_equal(pkg_map_add(&map, "os", "1", &before, &err), PKG_OK);
	assert_null(before);
	assert_int_equal(pkg_map_add(&map, "os", "2", &before, &err), PKG_OK);
	assert_string_equal(before, "1");
	assert_string_equal(pkg_map_get(&map, "os"), "1");
	pkg_map_replace(&map, "os", "3");
	assert_string_equal(pkg_map_get(&map, "os"), "3");
	assert_int_equal(map.count, 1);
	pkg_map_clear(&map);
	assert_null(pkg_map_get(&map, "os"));
}

/* Keys of every length around the eight bytes that are hashed at a time. */
static void test_many_keys(void **state)
{
	enum { COUNT = 5000 };
	static char keys[COUNT][24];
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_map map = {0};
	const void *before;

	(void)state;
	assert_int_equal(pkg_arena_new(&arena, 1 << 24, &err), PKG_OK);
	map.arena = arena;
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "%0*d", 5 + i % 16, i);
		assert_int_equal(
		    pkg_map_add(&map, keys[i], keys[i], &before, &err), PKG_OK);
		assert_null(before);
	}
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(pkg_map_get(&map, keys[i]), keys[i]);
	assert_null(pkg_map_get(&map, ""));
	assert_int_equal(map.count, COUNT);
	pkg_map_fini(&map);
	assert_int_equal(map.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_value_stays),
	    cmocka_unit_test(test_many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
