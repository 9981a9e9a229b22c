/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.json: what a file that crosses an air gap says of itself. */
#include "unit.h"

#include "packline/arena.h"
#include "packline/exchange.h"
#include "packline/limits.h"

#include <stdlib.h>
#include <string.h>

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define REQUEST                                                                \
	"{\"batch\":\"b-1\",\"direction\":\"request\",\"format\":1,"           \
	"\"hashOnly\":false,\"processSha256\":\"" ONES                         \
	"\",\"requestSha256\":\"" TWOS                                         \
	"\",\"tenant\":\"acme\",\"type\":\"batch-exchange\"}"
#define RESPONSE                                                               \
	"{\"answersSha256\":\"" ONES                                           \
	"\",\"batch\":\"b-1\",\"direction\":\"response\",\"format\":1,"        \
	"\"hashOnly\":true,\"previousSha256\":\"" TWOS                         \
	"\",\"processSha256\":\"" ONES "\",\"requestSha256\":\"" TWOS          \
	"\",\"resultSha256\":\"" ONES "\",\"resultsSha256\":\"" TWOS           \
	"\",\"tenant\":\"acme\",\"type\":\"batch-exchange\"}"

static struct pkg_arena *arena;

static int make_arena(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	return pkg_arena_new(&arena, PKG_LIMIT_ARENA, &err) == PKG_OK ? 0 : -1;
}

static int free_arena(void **state)
{
	(void)state;
	pkg_arena_free(arena);
	return 0;
}

static enum pkg_code decode(struct pkg_exchange *out, const char *text,
			    struct pkg_err *err)
{
	return pkg_exchange_decode(out, arena, text, strlen(text), err);
}

static void assert_written(const struct pkg_exchange *exchange,
			   const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 4096};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_exchange_encode(&out, exchange, &err));
	assert_string_equal(pkg_buf_str(&out), text);
}

static void test_request(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_exchange exchange;

	(void)state;
	assert_ok(decode(&exchange, REQUEST, &err));
	assert_int_equal(exchange.direction, PKG_EXCHANGE_REQUEST);
	assert_string_equal(exchange.batch, "b-1");
	assert_string_equal(exchange.tenant, "acme");
	assert_false(exchange.hash_only);
	assert_false(exchange.has_previous);
	assert_int_equal(exchange.process_sha256[31], 0x11);
	assert_int_equal(exchange.request_sha256[0], 0x22);
	assert_written(&exchange, REQUEST);
}

static void test_response(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_exchange exchange;

	(void)state;
	assert_ok(decode(&exchange, RESPONSE, &err));
	assert_int_equal(exchange.direction, PKG_EXCHANGE_RESPONSE);
	assert_true(exchange.hash_only);
	assert_true(exchange.has_previous);
	assert_int_equal(exchange.answers_sha256[0], 0x11);
	assert_int_equal(exchange.result_sha256[0], 0x11);
	assert_int_equal(exchange.results_sha256[0], 0x22);
	assert_written(&exchange, RESPONSE);
}

/* One place of a good one is replaced. */
static const struct {
	const char *base, *from, *to, *reason;
} refused[] = {
    {REQUEST, "\"format\":1", "\"format\":2", "unsupported-format"},
    {REQUEST, "batch-exchange", "batch-state", "unsupported-format"},
    {REQUEST, "\"b-1\"", "\"../b\"", "malformed-exchange"},
    {REQUEST, "\"b-1\"", "\"\"", "malformed-exchange"},
    {REQUEST, "\"b-1\"", "1", "malformed-exchange"},
    {REQUEST, "\"acme\"", "\"a/b\"", "malformed-exchange"},
    {REQUEST, "\"request\"", "\"answer\"", "malformed-exchange"},
    {REQUEST, "\"request\"", "\"response\"", "malformed-exchange"},
    {RESPONSE, "\"response\"", "\"request\"", "malformed-exchange"},
    {REQUEST, "\"hashOnly\":false", "\"hashOnly\":0", "malformed-exchange"},
    {REQUEST, ",\"hashOnly\":false", "", "malformed-exchange"},
    {REQUEST, "false,", "false,\"more\":1,", "malformed-exchange"},
    {REQUEST, "1111\"", "111\"", "malformed-exchange"},
    {REQUEST, "1111\"", "111A\"", "malformed-exchange"},
    {RESPONSE, "\"resultSha256\"", "\"resultSha\"", "malformed-exchange"},
    {RESPONSE, "{", "{ ", "not-canonical"},
    {RESPONSE, "\"batch\"", "\"Batch\"", "not-canonical"},
    {RESPONSE, "acme", "acm\\u0065", "not-canonical"},
    {RESPONSE, "}", "}\n", "not-canonical"},
    {RESPONSE, "}", "", "not-canonical"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *base = refused[i].base;
		const char *at = strstr(base, refused[i].from);
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 4096};
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_exchange exchange;

		assert_non_null(at);
		assert_ok(pkg_buf_add(&text, base, (size_t)(at - base), &err));
		assert_ok(pkg_buf_puts(&text, refused[i].to, &err));
		assert_ok(
		    pkg_buf_puts(&text, at + strlen(refused[i].from), &err));
		assert_int_equal(decode(&exchange, pkg_buf_str(&text), &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, refused[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_response),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
