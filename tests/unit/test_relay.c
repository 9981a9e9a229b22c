/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/relay.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 9 << 20 }; /* bytes: worth a thread */

/* Checks that the bytes 0, 1, 2, ... come in order; fails at @limit. */
struct counting {
	struct pkg_sink sink;
	uint64_t limit;
	pthread_t thread;
	uint32_t next;
};

static enum pkg_code count(struct pkg_sink *sink, const void *buf, size_t len,
			   struct pkg_err *err)
{
	struct counting *self = (struct counting *)sink;
	const uint8_t *at = buf;

	self->thread = pthread_self();
	for (size_t i = 0; i < len; i++) {
		if (self->next == self->limit)
			return pkg_refuse(err, PKG_NO, "full", "at %u",
					  self->next);
		if (at[i] != (uint8_t)(self->next % 251))
			return pkg_fail(err, PKG_INTERNAL, "wrong byte");
		self->next++;
	}
	return PKG_OK;
}

static struct counting counting_to(uint64_t limit)
{
	return (struct counting){
	    .sink = {.write = count}, .limit = limit, .thread = pthread_self()};
}

/* Write @len such bytes in pieces that grow. */
static enum pkg_code write_long(struct pkg_sink *sink, size_t len,
				struct pkg_err *err)
{
	uint8_t piece[70000];
	size_t done = 0;

	for (size_t n = 1; done < len; n = n * 3 % sizeof(piece) + 1) {
		if (n > len - done)
			n = len - done;
		for (size_t i = 0; i < n; i++)
			piece[i] = (uint8_t)((done + i) % 251);
		PKG_TRY(pkg_sink_write(sink, piece, n, err));
		done += n;
	}
	return PKG_OK;
}

static bool two_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 &&
	       CPU_COUNT(&set) > 1;
}

static void test_every_byte_in_order(void **state)
{
	static const size_t sizes[] = {0, 1, 262144, 262145, 1 << 20, LONG};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
		struct counting to = counting_to(UINT64_MAX);

		assert_ok(pkg_relay_new(&relay, &to.sink, LONG, &err));
		assert_ok(write_long(pkg_relay_sink(relay), sizes[i], &err));
		assert_ok(pkg_relay_finish(relay, PKG_OK, &err));
		assert_int_equal(to.next, sizes[i]);
		assert_int_equal(to.sink.total, sizes[i]);
	}
}

static void test_a_thread_for_long_streams_only(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (unsigned is_long = 0; is_long < 2; is_long++) {
		PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
		struct counting to = counting_to(UINT64_MAX);

		assert_ok(pkg_relay_new(&relay, &to.sink,
					PKG_RELAY_MIN - 1 + is_long, &err));
		assert_ok(write_long(pkg_relay_sink(relay), 1000, &err));
		assert_ok(pkg_relay_finish(relay, PKG_OK, &err));
		assert_int_equal(pthread_equal(to.thread, pthread_self()) == 0,
				 is_long == 1 && two_processors());
	}
}

/* Wherever the inner sink fails, the writer hears of it, with its reason. */
static void test_failure_comes_back(void **state)
{
	static const uint64_t limits[] = {0, 1, 300000, LONG - 1};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
		struct counting to = counting_to(limits[i]);
		enum pkg_code code;

		assert_ok(pkg_relay_new(&relay, &to.sink, LONG, &err));
		code = write_long(pkg_relay_sink(relay), LONG, &err);
		assert_int_equal(pkg_relay_finish(relay, code, &err), PKG_NO);
		assert_string_equal(err.reason, "full");
		assert_int_equal(to.next, limits[i]);
		err = PKG_ERR_INIT;
	}
}

/* What is wrong with earlier bytes is told, whoever found something first. */
static void test_the_earlier_failure_is_told(void **state)
{
	PKG_AUTO(pkg_relay) struct pkg_relay *good = NULL, *bad = NULL;
	struct counting all = counting_to(UINT64_MAX), some = counting_to(5);
	enum pkg_code code;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_relay_new(&good, &all.sink, LONG, &err));
	assert_ok(write_long(pkg_relay_sink(good), 10, &err));
	code = pkg_refuse(&err, PKG_INPUT, "mine", "found by the caller");
	assert_int_equal(pkg_relay_finish(good, code, &err), PKG_INPUT);
	assert_string_equal(err.reason, "mine");
	assert_int_equal(all.next, 10);

	assert_ok(pkg_relay_new(&bad, &some.sink, LONG, &err));
	assert_ok(write_long(pkg_relay_sink(bad), 10, &err));
	assert_int_equal(pkg_relay_finish(bad, code, &err), PKG_NO);
	assert_string_equal(err.reason, "full");
	err = PKG_ERR_INIT;
}

static void test_freed_in_the_middle(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t len = 0; len < 3 << 20; len += 500000) {
		PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
		struct counting to = counting_to(UINT64_MAX);

		assert_ok(pkg_relay_new(&relay, &to.sink, LONG, &err));
		assert_ok(write_long(pkg_relay_sink(relay), len, &err));
	}
	pkg_relay_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_byte_in_order),
	    cmocka_unit_test(test_a_thread_for_long_streams_only),
	    cmocka_unit_test(test_failure_comes_back),
	    cmocka_unit_test(test_the_earlier_failure_is_told),
	    cmocka_unit_test(test_freed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
