/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "digest/feed.h"
#include "packline/digest.h"

#include <pthread.h>

static void test_feed_is_a_queue(void **state)
{
	struct pkg_feed *feed = pkg_feed_new();
	const uint8_t *data;
	size_t len = 0;

	(void)state;
	assert_non_null(feed);
	for (uint8_t i = 1; i <= 20; i++) {
		uint8_t *room = pkg_feed_room(feed, &len);

		assert_non_null(room);
		assert_true(len >= 20);
		room[0] = i;
		pkg_feed_put(feed, i);
		if (i < 3)
			continue; /* stay some chunks ahead */
		data = pkg_feed_next(feed, &len);
		assert_int_equal(len, i - 2);
		assert_int_equal(data[0], i - 2);
	}
	assert_non_null(pkg_feed_next(feed, &len));
	assert_non_null(pkg_feed_room(feed, &len));
	pkg_feed_put(feed, 0);
	pkg_feed_leave(feed);
	/* The reader has gone, but its last chunks and the end are there. */
	assert_non_null(pkg_feed_next(feed, &len));
	assert_int_equal(len, 20);
	assert_non_null(pkg_feed_next(feed, &len));
	assert_int_equal(len, 0);
	pkg_feed_leave(feed);
}

/* Whoever is left alone does not wait for ever. */
static void test_feed_that_one_has_left(void **state)
{
	struct pkg_feed *feed = pkg_feed_new();
	size_t len = 0;

	(void)state;
	assert_non_null(feed);
	assert_non_null(pkg_feed_room(feed, &len));
	pkg_feed_put(feed, 5);
	pkg_feed_leave(feed);
	assert_non_null(pkg_feed_next(feed, &len));
	assert_int_equal(len, 5);
	assert_null(pkg_feed_next(feed, &len)); /* no end was put */
	pkg_feed_leave(feed);

	feed = pkg_feed_new();
	assert_non_null(feed);
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(pkg_feed_room(feed, &len));
		pkg_feed_put(feed, 1);
	}
	pkg_feed_leave(feed);
	assert_null(pkg_feed_room(feed, &len)); /* full, and nobody takes */
	pkg_feed_leave(feed);
}

static void *read_until_alone(void *arg)
{
	size_t cap = 0;

	while (pkg_feed_room(arg, &cap) != NULL)
		pkg_feed_put(arg, cap);
	pkg_feed_leave(arg);
	return NULL;
}

static void *take_until_alone(void *arg)
{
	size_t len = 0;

	while (pkg_feed_next(arg, &len) != NULL)
		;
	pkg_feed_leave(arg);
	return NULL;
}

/* The same for one that waits, or is about to. */
static void test_feed_wakes_the_one_that_waits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct pkg_feed *feed = pkg_feed_new();
		pthread_t other;
		size_t len = 0;

		assert_non_null(feed);
		assert_int_equal(
		    pthread_create(&other, NULL, read_until_alone, feed), 0);
		for (unsigned n = 0; n < i; n++)
			assert_non_null(pkg_feed_next(feed, &len));
		pkg_feed_leave(feed);
		assert_int_equal(pthread_join(other, NULL), 0);

		feed = pkg_feed_new();
		assert_non_null(feed);
		assert_int_equal(
		    pthread_create(&other, NULL, take_until_alone, feed), 0);
		for (unsigned n = 0; n < i; n++) {
			assert_non_null(pkg_feed_room(feed, &len));
			pkg_feed_put(feed, 1);
		}
		pkg_feed_leave(feed);
		assert_int_equal(pthread_join(other, NULL), 0);
	}
}

static void test_half_of_the_work(void **state)
{
	(void)state;
	assert_int_equal(pkg_feed_half(PKG_DIGEST_SERVER), PKG_DIGEST_MD5);
	assert_int_equal(pkg_feed_half(PKG_DIGEST_SHA256 | PKG_DIGEST_SHA1),
			 PKG_DIGEST_SHA256);
	assert_int_equal(pkg_feed_half(PKG_DIGEST_ALL),
			 PKG_DIGEST_MD5 | PKG_DIGEST_SHA256 | PKG_DIGEST_SHA1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_feed_is_a_queue),
	    cmocka_unit_test(test_feed_that_one_has_left),
	    cmocka_unit_test(test_feed_wakes_the_one_that_waits),
	    cmocka_unit_test(test_half_of_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
