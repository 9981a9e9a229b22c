/* SPDX-License-Identifier: Apache-2.0 */
/* What of the importer needs no server; the rest is in tests/hawkbit/. */
#include "schema_file.h"
#include "unit.h"

#include "import/http.h"
#include "import/impl.h"
#include "packline/import.h"
#include "packline/json.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *given, *address;
		bool plain;
	} good[] = {
	    {"https://up.example.com", "https://up.example.com", false},
	    {"https://up.example.com/", "https://up.example.com", false},
	    {"https://up.example.com:8443/a/b//",
	     "https://up.example.com:8443/a/b", false},
	    {"http://127.0.0.1:8080", "http://127.0.0.1:8080", true},
	    {"http://localhost", "http://localhost", true},
	    {"http://[::1]:80/x", "http://[::1]:80/x", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 4096};
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf host = {.max = 4096};
		struct pkg_err err = PKG_ERR_INIT;
		bool plain = false;

		assert_ok(http_check_address(&out, &host, &plain, good[i].given,
					     &err));
		assert_string_equal(pkg_buf_str(&out), good[i].address);
		assert_int_equal(plain, good[i].plain);
	}
}

static void test_addresses_that_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "up.example.com",
	    "http://up.example.com",
	    "http://127.evil.example.com@up.example.com",
	    "https://user@up.example.com",
	    "https://user:word@up.example.com",
	    "https://up.example.com/?tenant=a",
	    "https://up.example.com/#here",
	    "ftp://up.example.com",
	    "file:///etc/passwd",
	    "http://10.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 4096};
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf host = {.max = 4096};
		struct pkg_err err = PKG_ERR_INIT;
		bool plain = false;

		if (http_check_address(&out, &host, &plain, bad[i], &err) !=
		    PKG_USAGE)
			fail_msg("'%s' was taken", bad[i]);
	}
}

/* A host that only begins like this machine's is another one. */
static void test_address_that_looks_local(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 4096};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf host = {.max = 4096};
	struct pkg_err err = PKG_ERR_INIT;
	bool plain = false;

	(void)state;
	assert_int_equal(http_check_address(&out, &host, &plain,
					    "http://127.0.0.1.example.com",
					    &err),
			 PKG_USAGE);
}

static struct pkg_node *parse(struct pkg_arena *arena, const char *text)
{
	const struct pkg_json_input input = {
	    .name = "test", .data = text, .len = strlen(text)};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_node *node = NULL;

	assert_ok(pkg_json_parse(&node, arena, &input, &err));
	return node;
}

static void test_comparing_with_what_the_server_says(void **state)
{
	static const struct {
		const char *want, *have;
		bool covered;
	} cases[] = {
	    {"{\"a\":\"x\"}", "{\"a\":\"x\",\"b\":1}", true},
	    {"{\"a\":\"x\"}", "{\"a\":\"X\"}", false},
	    {"{\"a\":\"\"}", "{}", true},
	    {"{\"a\":\"\"}", "{\"a\":null}", true},
	    {"{\"a\":\"x\"}", "{}", false},
	    {"{\"a\":false}", "{}", true},
	    {"{\"a\":true}", "{}", false},
	    {"{\"a\":1}", "{\"a\":\"1\"}", false},
	    {"{\"a\":1}", "{\"a\":1}", true},
	    {"{\"a\":0}", "{}", false},
	    {"{}", "{\"a\":1}", true},
	};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (tree_covers(parse(arena, cases[i].want),
				parse(arena, cases[i].have)) !=
		    cases[i].covered)
			fail_msg("%s next to %s", cases[i].want, cases[i].have);
	}
}

static void test_netrc(void **state)
{
	static const struct {
		const char *text, *host, *name, *password;
	} cases[] = {
	    {"machine a login u password p", "a", "u", "p"},
	    {"machine a\n\tlogin u\r\n\tpassword p\n", "A", "u", "p"},
	    {"machine b login x password y\nmachine a login u password p", "a",
	     "u", "p"},
	    {"machine a password p login u machine a login x", "a", "u", "p"},
	    {"default login u password p", "a", "u", "p"},
	    {"machine b login x password y default login u password p", "a",
	     "u", "p"},
	    {"# machine a login x password y\nmachine a login u password p",
	     "a", "u", "p"},
	    {"machine a login \"a u\" password \"p \\\"q\\\\\"", "a", "a u",
	     "p \"q\\"},
	    {"machine a login t\\u account x password p#1", "a", "t\\u", "p#1"},
	    {"macdef init\nmachine a login x password y\n\nmachine a login u "
	     "password p",
	     "a", "u", "p"},
	    {"machine b login u password p", "a", NULL, NULL},
	    {"machine a login u", "a", NULL, NULL},
	    {"machine a login u password", "a", NULL, NULL},
	    {"machine", "a", NULL, NULL},
	    {"login u password p", "a", NULL, NULL},
	    {"machine a login \"u", "a", NULL, NULL},
	    {"macdef x", "a", NULL, NULL},
	    {"", "a", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_user user;
		char text[256];

		(void)snprintf(text, sizeof(text), "%s", cases[i].text);
		if (http_netrc_find(&user, text, cases[i].host) !=
		    (cases[i].name != NULL))
			fail_msg("%s", cases[i].text);
		if (cases[i].name == NULL)
			continue;
		assert_string_equal(user.name, cases[i].name);
		assert_string_equal(user.password, cases[i].password);
	}
}

static void test_schemas(void **state)
{
	(void)state;
	schema_file_matches("import-step", pkg_import_event_schema);
	schema_file_matches("import", pkg_import_result_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_addresses_that_are_refused),
	    cmocka_unit_test(test_address_that_looks_local),
	    cmocka_unit_test(test_comparing_with_what_the_server_says),
	    cmocka_unit_test(test_netrc),
	    cmocka_unit_test(test_schemas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
