/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "digest/half.h"
#include "packline/digest.h"

static void test_half_of_the_work(void **state)
{
	(void)state;
	assert_int_equal(pkg_digest_half(PKG_DIGEST_SERVER), PKG_DIGEST_MD5);
	assert_int_equal(pkg_digest_half(PKG_DIGEST_SHA256 | PKG_DIGEST_SHA1),
			 PKG_DIGEST_SHA256);
	assert_int_equal(pkg_digest_half(PKG_DIGEST_ALL),
			 PKG_DIGEST_MD5 | PKG_DIGEST_SHA256 | PKG_DIGEST_SHA1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_half_of_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
