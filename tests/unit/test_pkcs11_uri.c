/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "sign/pkcs11_uri.h"

#include <string.h>

static void taken(struct pkcs11_uri *uri, const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;

	if (pkg_pkcs11_uri_parse(uri, text, &err) != PKG_OK)
		fail_msg("'%s': %s", text, err.text);
}

static struct pkg_err refused(const char *text, const char *reason)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkcs11_uri uri;

	if (pkg_pkcs11_uri_parse(&uri, text, &err) == PKG_OK)
		fail_msg("'%s' was taken", text);
	assert_int_equal(err.code, PKG_KEY);
	assert_string_equal(err.reason, reason);
	return err;
}

static void test_all_attributes(void **state)
{
	struct pkcs11_uri uri;

	(void)state;
	taken(&uri, "pkcs11:model=SoftHSM%20v2;manufacturer=A&B;serial=0a1b;"
		    "token=The%20Acme%20HSM;slot-id=17;id=%00%ff%3b;"
		    "object=r%C3%A9lease;type=private"
		    "?pin-source=file:/etc/pin");
	assert_string_equal(uri.value[URI_MODEL], "SoftHSM v2");
	assert_string_equal(uri.value[URI_MANUFACTURER], "A&B");
	assert_string_equal(uri.value[URI_SERIAL], "0a1b");
	assert_string_equal(uri.value[URI_TOKEN], "The Acme HSM");
	assert_string_equal(uri.value[URI_SLOT_ID], "17");
	assert_int_equal(uri.len[URI_ID], 3);
	assert_memory_equal(uri.value[URI_ID], "\0\xff;", 3);
	assert_string_equal(uri.value[URI_OBJECT], "r\xc3\xa9lease");
	assert_string_equal(uri.value[URI_PIN_SOURCE], "/etc/pin");
	assert_int_equal(uri.len[URI_PIN_SOURCE], 8);
}

/* What is not said is not asked for. */
static void test_few_attributes(void **state)
{
	struct pkcs11_uri uri;

	(void)state;
	taken(&uri, "pkcs11:");
	for (size_t i = 0; i < URI_COUNT; i++)
		assert_null(uri.value[i]);
	taken(&uri, "pkcs11:object=a");
	assert_true(pkg_pkcs11_uri_allows(&uri, URI_TOKEN, "any", 3));
	assert_true(pkg_pkcs11_uri_allows(&uri, URI_OBJECT, "a", 1));
	assert_false(pkg_pkcs11_uri_allows(&uri, URI_OBJECT, "ab", 2));
	assert_false(pkg_pkcs11_uri_allows(&uri, URI_OBJECT, "b", 1));
	taken(&uri, "pkcs11:?pin-source=pins/a");
	assert_string_equal(uri.value[URI_PIN_SOURCE], "pins/a");
	taken(&uri, "pkcs11:token=a?pin-source=a?b/c%26d");
	assert_string_equal(uri.value[URI_PIN_SOURCE], "a?b/c&d");
}

static void test_malformed(void **state)
{
	static const char *const uris[] = {
	    "pkcs11:token",
	    "pkcs11:token=",
	    "pkcs11:=a",
	    "pkcs11:;",
	    "pkcs11:token=a;",
	    "pkcs11:;token=a",
	    "pkcs11:token=a;;object=b",
	    "pkcs11:token=a b",
	    "pkcs11:token=a/b",
	    "pkcs11:token=a#b",
	    "pkcs11:token=r\xc3\xa9",
	    "pkcs11:token=%",
	    "pkcs11:token=%4",
	    "pkcs11:token=%4g",
	    "pkcs11:token=a%00",
	    "pkcs11:object=%ff",
	    "pkcs11:token=a?pin-source=",
	    "pkcs11:token=a?pin-source=file:",
	    "pkcs11:token=a?pin-source=a&",
	    "pkcs11:token=a?pin-source=%7Ccat%20pin",
	    "pkcs11:token=a?pin-source=|cat",
	    "pkcs11:slot-id=1x",
	    "pkcs11:slot-id=-1",
	    "pkcs11:slot-id=1234567890123456789",
	    "pkcs11:type=public",
	    "pkcs11:type=cert",
	    "pkcs11:type=Private",
	    "pkcs11:token=123456789012345678901234567890123",
	    "pkcs11:serial=12345678901234567",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		(void)refused(uris[i], "key-uri");
}

static void test_length(void **state)
{
	char text[PKG_LIMIT_PKCS11_URI + 2] = "pkcs11:token=a?pin-source=";
	struct pkcs11_uri uri;

	(void)state;
	for (size_t i = strlen(text); i < PKG_LIMIT_PKCS11_URI - 1; i++)
		text[i] = 'x';
	taken(&uri, text);
	text[PKG_LIMIT_PKCS11_URI - 1] = 'x';
	(void)refused(text, "key-uri");
}

static void test_unknown_and_twice(void **state)
{
	struct pkg_err err;

	(void)state;
	err = refused("pkcs11:token=a;token=b", "key-uri");
	assert_string_equal(err.text, "the URI has 'token' twice");
	(void)refused("pkcs11:token=a?pin-source=a&pin-source=b", "key-uri");
	(void)refused("pkcs11:Token=a", "key-uri");
	(void)refused("pkcs11:x-colour=blue", "key-uri");
	(void)refused("pkcs11:library-version=3", "key-uri");
	/* each on its own side of the '?' */
	(void)refused("pkcs11:token=a;pin-source=b", "key-uri");
	(void)refused("pkcs11:?token=a", "key-uri");
	err = refused("pkcs11:token=a?module-path=/tmp/evil.so", "key-uri");
	assert_string_equal(err.hint, "name the module with --pkcs11-module");
}

/* Neither taken nor repeated. */
static void test_pin_value(void **state)
{
	static const char *const uris[] = {
	    "pkcs11:token=a?pin-value=4711",
	    "pkcs11:token=a;pin-value=4711",
	    "pkcs11:token=a?pin-source=b&pin-value=4711",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		const struct pkg_err err = refused(uris[i], "pin-in-uri");

		assert_null(strstr(err.text, "4711"));
		assert_null(strstr(err.hint, "4711"));
		assert_int_equal(pkg_pkcs11_uri_shown(uris[i]),
				 14 + (uris[i][14] == ';'));
	}
	assert_int_equal(pkg_pkcs11_uri_shown("pkcs11:object=b"), 15);
}

static void test_put(void **state)
{
	struct pkg_buf out = {.max = 64};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkcs11_uri uri;

	(void)state;
	assert_int_equal(pkg_buf_puts(&out, "pkcs11", &err), PKG_OK);
	assert_int_equal(
	    pkg_pkcs11_uri_put(&out, ':', "token", "a b;c", 5, &err), PKG_OK);
	assert_int_equal(pkg_pkcs11_uri_put(&out, ';', "id", "\0\xfe", 2, &err),
			 PKG_OK);
	assert_string_equal(pkg_buf_str(&out),
			    "pkcs11:token=a%20b%3Bc;id=%00%FE");
	taken(&uri, pkg_buf_str(&out));
	assert_string_equal(uri.value[URI_TOKEN], "a b;c");
	pkg_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_attributes),
	    cmocka_unit_test(test_few_attributes),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_unknown_and_twice),
	    cmocka_unit_test(test_pin_value),
	    cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
