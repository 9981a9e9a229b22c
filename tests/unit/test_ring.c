/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "io/ring.h"

#include <pthread.h>

static void test_ring_is_a_queue(void **state)
{
	struct pkg_ring *ring = pkg_ring_new();
	const uint8_t *data;
	size_t len = 0;

	(void)state;
	assert_non_null(ring);
	for (uint8_t i = 1; i <= 20; i++) {
		uint8_t *room = pkg_ring_room(ring, &len);

		assert_non_null(room);
		assert_true(len >= 20);
		room[0] = i;
		pkg_ring_put(ring, i);
		if (i < 3)
			continue; /* stay some chunks ahead */
		data = pkg_ring_next(ring, &len);
		assert_int_equal(len, i - 2);
		assert_int_equal(data[0], i - 2);
	}
	assert_non_null(pkg_ring_next(ring, &len));
	assert_non_null(pkg_ring_room(ring, &len));
	pkg_ring_put(ring, 0);
	pkg_ring_leave(ring);
	/* The reader has gone, but its last chunks and the end are there. */
	assert_non_null(pkg_ring_next(ring, &len));
	assert_int_equal(len, 20);
	assert_non_null(pkg_ring_next(ring, &len));
	assert_int_equal(len, 0);
	pkg_ring_leave(ring);
}

/* Whoever is left alone does not wait for ever. */
static void test_ring_that_one_has_left(void **state)
{
	struct pkg_ring *ring = pkg_ring_new();
	size_t len = 0;

	(void)state;
	assert_non_null(ring);
	assert_non_null(pkg_ring_room(ring, &len));
	pkg_ring_put(ring, 5);
	pkg_ring_leave(ring);
	assert_non_null(pkg_ring_next(ring, &len));
	assert_int_equal(len, 5);
	assert_null(pkg_ring_next(ring, &len)); /* no end was put */
	pkg_ring_leave(ring);

	ring = pkg_ring_new();
	assert_non_null(ring);
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(pkg_ring_room(ring, &len));
		pkg_ring_put(ring, 1);
	}
	pkg_ring_leave(ring);
	assert_null(pkg_ring_room(ring, &len)); /* full, and nobody takes */
	pkg_ring_leave(ring);
}

static void *read_until_alone(void *arg)
{
	size_t cap = 0;

	while (pkg_ring_room(arg, &cap) != NULL)
		pkg_ring_put(arg, cap);
	pkg_ring_leave(arg);
	return NULL;
}

static void *take_until_alone(void *arg)
{
	size_t len = 0;

	while (pkg_ring_next(arg, &len) != NULL)
		;
	pkg_ring_leave(arg);
	return NULL;
}

/* The same for one that waits, or is about to. */
static void test_ring_wakes_the_one_that_waits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct pkg_ring *ring = pkg_ring_new();
		pthread_t other;
		size_t len = 0;

		assert_non_null(ring);
		assert_int_equal(
		    pthread_create(&other, NULL, read_until_alone, ring), 0);
		for (unsigned n = 0; n < i; n++)
			assert_non_null(pkg_ring_next(ring, &len));
		pkg_ring_leave(ring);
		assert_int_equal(pthread_join(other, NULL), 0);

		ring = pkg_ring_new();
		assert_non_null(ring);
		assert_int_equal(
		    pthread_create(&other, NULL, take_until_alone, ring), 0);
		for (unsigned n = 0; n < i; n++) {
			assert_non_null(pkg_ring_room(ring, &len));
			pkg_ring_put(ring, 1);
		}
		pkg_ring_leave(ring);
		assert_int_equal(pthread_join(other, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ring_is_a_queue),
	    cmocka_unit_test(test_ring_that_one_has_left),
	    cmocka_unit_test(test_ring_wakes_the_one_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
