/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as test_verify_mutants.c for signing requests: no byte of what an
 * officer is shown can be changed on the way without being refused.  A request
 * is what others sign, so there is nobody yet who vouches for its manifest:
 * a forger who makes a new one has made another request, and its digest, which
 * the officer compares, is another.
 */
#include "mutants.h"

#include "packline/container_read.h"
#include "packline/source.h"

#include <stdlib.h>
#include <string.h>

static enum pkg_code read_all(struct pkg_container *c, struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(c);
	const struct pkg_container_request *request = NULL;
	const struct pkg_container_item *item = NULL;
	struct pkg_container_bytes plan;

	if (!head->request_file)
		return pkg_refuse(err, PKG_INPUT, "unsupported-format",
				  "a container now");
	PKG_TRY(pkg_container_check_order(c, err));
	PKG_TRY(pkg_container_check_recipients(c, err));
	PKG_TRY(pkg_container_request(c, &request, err));
	PKG_TRY(pkg_container_plan(c, &plan, err));
	PKG_TRY(pkg_container_next(c, &item, err));
	assert_null(item);
	return pkg_container_finish(c, err);
}

static enum pkg_code read_request(const void *data, size_t len,
				  struct pkg_err *err)
{
	const struct pkg_env env = sealed_env();
	PKG_AUTO(pkg_container) struct pkg_container *c = NULL;
	struct pkg_source_mem source;

	pkg_source_mem_init(&source, data, len, "memory");
	PKG_TRY(pkg_container_open_any(&c, &source.source, &env, err));
	return read_all(c, err);
}

static void refuse(const void *data, size_t len, const char *what, size_t at)
{
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = read_request(data, len, &err);

	if ((code != PKG_NO && code != PKG_INPUT) || err.reason == NULL)
		fail_msg("%s at %zu: %d %s", what, at, (int)code, err.text);
	mutants_count(err.reason);
}

static void mutate(const struct sealed_spec *spec)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	struct sealed sealed = sealed_make(spec);
	struct sealed request = sealed_request(&sealed);
	uint8_t *other = malloc(request.len + 1);
	struct pkg_err err = PKG_ERR_INIT;

	assert_non_null(other);
	assert_ok(read_request(request.data, request.len, &err));
	for (size_t i = 0; i < 3 * request.len; i++) {
		if (!mutants_turn())
			continue;
		request.data[i / 3] ^= masks[i % 3];
		refuse(request.data, request.len, "flip", i / 3);
		request.data[i / 3] ^= masks[i % 3];
	}
	for (size_t at = 0; at < request.len; at++) {
		if (!mutants_turn())
			continue;
		refuse(request.data, at, "cut", at);
		memcpy(other, request.data, at);
		memcpy(other + at, request.data + at + 1, request.len - at - 1);
		refuse(other, request.len - 1, "leave out", at);
		other[at] = request.data[at];
		memcpy(other + at + 1, request.data + at, request.len - at);
		refuse(other, request.len + 1, "double", at);
	}
	assert_ok(read_request(request.data, request.len, &err));
	free(other);
	sealed_fini(&request);
	sealed_fini(&sealed);
}

static void test_request(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.draft = true, .metadata = true});
}

static void test_request_of_a_bundle(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.draft = true, .bundle = true});
}

static void test_request_of_what_is_encrypted(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){
	    .kind = PKG_CONTAINER_SEALED, .draft = true, .metadata = true});
}

static void test_signed_and_approved_request(void **state)
{
	struct pkg_trust *trust = sealed_approvals();

	(void)state;
	mutate(&(struct sealed_spec){.approved = true});
	pkg_trust_free(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_request_of_a_bundle),
	    cmocka_unit_test(test_request_of_what_is_encrypted),
	    cmocka_unit_test(test_signed_and_approved_request),
	};

	return cmocka_run_group_tests_name("request_mutants", tests,
					   mutants_start, mutants_stop);
}
