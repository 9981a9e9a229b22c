/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/container.h"
#include "packline/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"
#define HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

/* Two documents that belong together, in their only spelling. */
#define REQUEST                                                                \
	"{\"content\":\"files\",\"created\":null,\"device_config\":null,"      \
	"\"expires\":null,\"files\":[{\"member\":\"payload/a\","               \
	"\"role\":\"payload\",\"sha256\":\"" HELLO                             \
	"\",\"size\":6,\"source_name\":\"a\"}],"                               \
	"\"id\":\"ff59718e-c2cf-84d3-a755-7aa86956bb8d\",\"name\":\"demo\","   \
	"\"requester\":null,\"salt\":\"\",\"sequence\":7,\"tenant\":\"acme\"," \
	"\"type\":\"request\",\"version\":\"1.0\"}"

#define MANIFEST                                                               \
	"{\"content\":\"files\",\"created\":null,\"device_config\":null,"      \
	"\"encryption\":null,\"expires\":null,\"format\":1,"                   \
	"\"id\":\"ff59718e-c2cf-84d3-a755-7aa86956bb8d\","                     \
	"\"kind\":\"signed\",\"members\":[{\"name\":\"META-INF/request.json\"" \
	",\"role\":\"request\",\"sha256\":\"" ZEROS                            \
	"\",\"size\":400},{\"name\":\"payload/a\",\"role\":\"payload\","       \
	"\"sha256\":\"" HELLO "\",\"size\":6}],\"name\":\"demo\","             \
	"\"policy_sha256\":null,\"request_sha256\":\"" ZEROS                   \
	"\",\"sequence\":7,\"suite\":\"packline-1\",\"tenant\":\"acme\","      \
	"\"type\":\"manifest\",\"version\":\"1.0\"}"

#define SEALED                                                                 \
	"{\"content\":\"files\",\"created\":\"2026-12-01T02:00:00Z\","         \
	"\"device_config\":{\"id\":\"ecu-a\",\"sha256\":\"" ONES "\"},"        \
	"\"encryption\":{\"kdf\":{\"n\":131072,\"name\":\"scrypt\",\"p\":1,"   \
	"\"r\":8,\"salt\":\"" ZEROS "\"},\"salt\":\"" ONES "\"},"              \
	"\"expires\":\"2027-12-01T02:00:00Z\",\"ext\":{\"x\":[1,true,null]},"  \
	"\"format\":1,\"id\":\"1c1ba8bb-2b64-4f39-8ad2-80cb6dbb4c5c\","        \
	"\"kind\":\"sealed\",\"members\":["                                    \
	"{\"name\":\"META-INF/recipients.p7m\",\"role\":\"recipients\","       \
	"\"sha256\":\"" ZEROS "\",\"size\":781},"                              \
	"{\"name\":\"META-INF/request.json.enc\",\"plain_size\":500,"          \
	"\"role\":\"request\",\"sha256\":\"" ZEROS "\",\"size\":516},"         \
	"{\"name\":\"metadata/000000.enc\",\"plain_size\":0,"                  \
	"\"role\":\"metadata\",\"sha256\":\"" ZEROS "\",\"size\":16},"         \
	"{\"name\":\"payload/000000.enc\",\"plain_size\":65537,"               \
	"\"role\":\"payload\",\"sha256\":\"" ZEROS "\",\"size\":65569}],"      \
	"\"name\":\"demo\",\"policy_sha256\":\"" ONES                          \
	"\",\"request_sha256\":\"" ZEROS                                       \
	"\",\"sequence\":null,\"suite\":\"packline-1\",\"tenant\":\"acme\","   \
	"\"type\":\"manifest\",\"version\":\"1.0\"}"

static struct pkg_crypto *crypto;

static int start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	return pkg_crypto_new(&crypto, &err) == PKG_OK ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	pkg_crypto_free(crypto);
	return 0;
}

static struct pkg_arena *arena_new(void)
{
	struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_arena_new(&arena, PKG_LIMIT_ARENA, &err));
	return arena;
}

/* @text with the first @old replaced; freed by the caller. */
static char *replaced(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	const size_t size = strlen(text) + strlen(new) + 1;
	char *out = malloc(size);

	assert_non_null(at);
	assert_non_null(out);
	(void)snprintf(out, size, "%.*s%s%s", (int)(at - text), text, new,
		       at + strlen(old));
	return out;
}

static void names_follow_their_grammar(void **state)
{
	static const char *const good[] = {"a",     "A.b_c+d-e", "_x",
					   "0",     "a.tar.gz",  "console",
					   "com10", "COM0",      "a..b"};
	static const char *const bad[] = {
	    "",     ".",    "..",      ".a",      "-rf",   "a.",
	    "a/b",  "a\\b", "a b",     "a:b",     "a*",    "ä",
	    "a\n",  "con",  "CON",     "nul.txt", "Com1.", "com1",
	    "LPT9", "aux",  "prn.tar", "lpt1.gz", "+a"};
	char name[102];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(pkg_container_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pkg_container_is_name(bad[i]));
	memset(name, 'a', sizeof(name));
	name[100] = '\0';
	assert_true(pkg_container_is_name(name));
	name[100] = 'a';
	name[101] = '\0';
	assert_false(pkg_container_is_name(name));
}

static void texts_have_no_control_codes(void **state)
{
	char text[514];

	(void)state;
	assert_true(pkg_container_is_text("Gateway 4711 – größer"));
	assert_false(pkg_container_is_text(""));
	assert_false(pkg_container_is_text("a\nb"));
	assert_false(pkg_container_is_text("a\x1b[2J"));
	assert_false(pkg_container_is_text("a\x7f"));
	assert_false(pkg_container_is_text("a\xc2\x9b"));
	assert_false(pkg_container_is_text("\xff"));
	memset(text, 'a', sizeof(text));
	text[512] = '\0';
	assert_true(pkg_container_is_text(text));
	text[512] = 'a';
	text[513] = '\0';
	assert_false(pkg_container_is_text(text));
}

static void times_have_one_spelling(void **state)
{
	(void)state;
	assert_true(pkg_container_is_time("2026-12-01T02:00:00Z"));
	assert_false(pkg_container_is_time("2026-12-01T02:00:00+00:00"));
	assert_false(pkg_container_is_time("2026-12-01t02:00:00z"));
	assert_false(pkg_container_is_time("2026-12-01T02:00:00.0Z"));
	assert_false(pkg_container_is_time("2026-02-30T02:00:00Z"));
	assert_false(pkg_container_is_time(""));
}

static void manifest_round_trip(void **state)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = 10000};
	struct pkg_container_manifest manifest;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_container_manifest_decode(&manifest, arena, MANIFEST,
						strlen(MANIFEST), &err));
	assert_int_equal(manifest.kind, PKG_CONTAINER_SIGNED);
	assert_int_equal(manifest.member_count, 2);
	assert_string_equal(manifest.members[1].name, "payload/a");
	assert_int_equal(manifest.subject.sequence, 7);
	assert_null(manifest.subject.created);
	assert_ok(pkg_container_manifest_encode(&again, &manifest, &err));
	assert_string_equal(pkg_buf_str(&again), MANIFEST);
}

static void sealed_manifest_round_trip(void **state)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = 10000};
	struct pkg_container_manifest manifest;
	struct pkg_err err = PKG_ERR_INIT;
	char *plain = replaced(SEALED, "\"ext\":{\"x\":[1,true,null]},", "");

	(void)state;
	assert_ok(pkg_container_manifest_decode(&manifest, arena, SEALED,
						strlen(SEALED), &err));
	assert_int_equal(manifest.kdf.n, 131072);
	assert_string_equal(manifest.subject.device_config, "ecu-a");
	assert_int_equal(manifest.members[3].plain_size, 65537);
	assert_true(manifest.members[3].encrypted);
	assert_false(manifest.members[0].encrypted);
	/* The extension is signed and ignored: the struct does not keep it. */
	assert_ok(pkg_container_manifest_encode(&again, &manifest, &err));
	assert_string_equal(pkg_buf_str(&again), plain);
	free(plain);
}

static void request_round_trip(void **state)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = 10000};
	struct pkg_container_request request;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_container_request_decode(&request, arena, REQUEST,
					       strlen(REQUEST), &err));
	assert_int_equal(request.file_count, 1);
	assert_string_equal(request.files[0].source_name, "a");
	assert_null(request.requester);
	assert_ok(pkg_container_request_encode(&again, &request, &err));
	assert_string_equal(pkg_buf_str(&again), REQUEST);
}

/* What a reader must say to a document that differs in one place. */
struct mutant {
	const char *old, *new, *reason;
};

static void refuse_manifests(const char *text, const struct mutant *mutants,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
		char *json = replaced(text, mutants[i].old, mutants[i].new);
		struct pkg_container_manifest manifest;
		struct pkg_err err = PKG_ERR_INIT;

		if (pkg_container_manifest_decode(&manifest, arena, json,
						  strlen(json),
						  &err) != PKG_INPUT)
			fail_msg("accepted: %s", json);
		if (err.reason == NULL ||
		    strcmp(err.reason, mutants[i].reason) != 0)
			fail_msg("'%s' -> '%s': %s: %s", mutants[i].old,
				 mutants[i].new, err.reason, err.text);
		free(json);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void manifests_that_are_not_format_1(void **state)
{
	static const struct mutant mutants[] = {
	    {"\"format\":1", "\"format\":2", "unsupported-format"},
	    {"\"format\":1", "\"format\":\"1\"", "unsupported-format"},
	    {"\"format\":1,", "", "unsupported-format"},
	    {"\"manifest\"", "\"approval\"", "unsupported-format"},
	    {"packline-1", "packline-2", "unsupported-suite"},
	    {"{\"content\"", "{ \"content\"", "not-canonical"},
	    {"\"format\":1", "\"format\":1.0", "not-canonical"},
	    {"\"demo\"", "\"d\\u0065mo\"", "not-canonical"},
	    {"\"format\":1", "\"format\":1,\"format\":1", "not-canonical"},
	    {"}],", "}],,", "not-canonical"},
	    {"\"1.0\"}", "\"1.0\"} ", "not-canonical"},
	    {"\"1.0\"}", "\"1.0\"", "not-canonical"},
	    {"\"1.0\"}", "\"1.0\",\"x\":1}", "malformed-manifest"},
	    {"\"content\":\"files\",", "", "malformed-manifest"},
	    {"\"content\":\"files\"", "\"content\":\"folder\"",
	     "malformed-manifest"},
	    {"\"content\":\"files\"", "\"content\":null", "malformed-manifest"},
	    {"\"created\":null", "\"created\":\"yesterday\"",
	     "malformed-manifest"},
	    {"\"demo\"", "\"\"", "malformed-manifest"},
	    {"\"acme\"", "\"../acme\"", "malformed-manifest"},
	    {"\"sequence\":7", "\"sequence\":-1", "malformed-manifest"},
	    {"\"sequence\":7", "\"sequence\":9007199254740992",
	     "not-canonical"},
	    {"\"signed\"", "\"sealed\"", "malformed-manifest"},
	    {"-84d3-", "-44d3-", "malformed-manifest"},
	    {"ff59718e", "FF59718E", "malformed-manifest"},
	    {"\"format\"", "\"ext\":{\"!x\":1},\"format\"",
	     "unsupported-extension"},
	    {"\"format\"", "\"ext\":[],\"format\"", "malformed-manifest"},
	};

	(void)state;
	refuse_manifests(MANIFEST, mutants, COUNT(mutants));
}

static void manifests_with_wrong_members(void **state)
{
	static const struct mutant mutants[] = {
	    {"payload/a", "payload/../a", "name-grammar"},
	    {"payload/a", "/etc/passwd", "name-grammar"},
	    {"payload/a", "payload/a/b", "name-grammar"},
	    {"payload/a", "payload/-rf", "name-grammar"},
	    {"payload/a", "payload/nul", "name-grammar"},
	    {"payload/a", "payload/a.", "name-grammar"},
	    {"payload/a", "metadata/a", "name-grammar"},
	    {"payload/a", "payload/", "name-grammar"},
	    {"META-INF/request.json", "META-INF/request.jsn",
	     "malformed-manifest"},
	    {"META-INF/request.json", "META-INF/request.json.enc",
	     "malformed-manifest"},
	    {"\"role\":\"request\"", "\"role\":\"payload\"",
	     "malformed-manifest"},
	    {"\"role\":\"payload\"", "\"role\":\"metadata\"",
	     "malformed-manifest"},
	    {"\"role\":\"payload\"", "\"role\":\"secret\"",
	     "malformed-manifest"},
	    {"\"payload/a\",\"role\"",
	     "\"payload/a\",\"plain_size\":6,\"role\"", "malformed-manifest"},
	    {"\"size\":400", "\"size\":1048577", "limit"},
	    {"\"size\":6}", "\"size\":1099511627777}", "limit"},
	    {"\"sha256\":\"" ZEROS "\",\"size\":400",
	     "\"sha256\":\"" ONES "\",\"size\":400", "malformed-manifest"},
	    {"\"size\":6}]",
	     "\"size\":6},{\"name\":\"payload/A\",\"role\":\"payload\","
	     "\"sha256\":\"" ZEROS "\",\"size\":1}]",
	     "malformed-manifest"},
	    {",{\"name\":\"payload/a\",\"role\":\"payload\",\"sha256\":\"" HELLO
	     "\",\"size\":6}",
	     "", "malformed-manifest"},
	    {"\"content\":\"files\"", "\"content\":\"bundle\"",
	     "malformed-manifest"},
	};

	(void)state;
	refuse_manifests(MANIFEST, mutants, COUNT(mutants));
}

static void sealed_manifests_with_wrong_members(void **state)
{
	static const struct mutant mutants[] = {
	    {"\"plain_size\":65537", "\"plain_size\":65536",
	     "malformed-manifest"},
	    {"\"size\":16}", "\"size\":0}", "malformed-manifest"},
	    {"payload/000000.enc", "payload/000001.enc", "malformed-manifest"},
	    {"payload/000000.enc", "payload/a", "malformed-manifest"},
	    {"metadata/000000.enc", "metadata/000000", "malformed-manifest"},
	    {"\"plain_size\":65537,", "", "malformed-manifest"},
	    {"\"size\":781", "\"size\":131073", "limit"},
	    {"\"n\":131072", "\"n\":262144", "malformed-manifest"},
	    {"\"n\":131072", "\"n\":131071", "malformed-manifest"},
	    {"\"n\":131072", "\"n\":1", "malformed-manifest"},
	    {"\"r\":8", "\"r\":7", "malformed-manifest"},
	    {"\"p\":1,", "\"p\":0,", "malformed-manifest"},
	    {"scrypt", "argon2", "malformed-manifest"},
	    {"-4f39-", "-8f39-", "malformed-manifest"},
	    {"\"ecu-a\"", "\"ecu/a\"", "malformed-manifest"},
	    {"},\"encryption\"", ",\"x\":1},\"encryption\"",
	     "malformed-manifest"},
	    {"\"plain_size\":65537", "\"plain_size\":1099511627777", "limit"},
	};

	(void)state;
	refuse_manifests(SEALED, mutants, COUNT(mutants));
}

static void requests_that_are_refused(void **state)
{
	static const struct mutant mutants[] = {
	    {"\"source_name\":\"a\"", "\"source_name\":\"../a\"",
	     "name-grammar"},
	    {"\"source_name\":\"a\"", "\"source_name\":\"\"", "name-grammar"},
	    {"\"source_name\":\"a\"", "\"source_name\":\"a\\nb\"",
	     "name-grammar"},
	    {"\"type\":\"request\"", "\"type\":\"approval\"",
	     "unsupported-format"},
	    {"\"salt\":\"\"", "\"salt\":\"00\"", "malformed-request"},
	    {"\"requester\":null", "\"requester\":\"\"", "malformed-request"},
	    {"\"role\":\"payload\"", "\"role\":\"request\"",
	     "malformed-request"},
	    {"{\"member\"", "{\"given_sha256\":\"" ZEROS "\",\"member\"",
	     "malformed-request"},
	    {"\"size\":6,\"source_name\":\"a\"}",
	     "\"size\":6,\"source_name\":\"a\"},{\"member\":\"payload/b\","
	     "\"role\":\"payload\",\"sha256\":\"" ZEROS
	     "\",\"size\":1,\"source_name\":\"a\"}",
	     "malformed-request"},
	    {"\"name\":\"demo\",", "", "malformed-request"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(mutants); i++) {
		PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
		char *json = replaced(REQUEST, mutants[i].old, mutants[i].new);
		struct pkg_container_request request;
		struct pkg_err err = PKG_ERR_INIT;

		if (pkg_container_request_decode(
			&request, arena, json, strlen(json), &err) != PKG_INPUT)
			fail_msg("accepted: %s", json);
		assert_non_null(err.reason);
		assert_string_equal(err.reason, mutants[i].reason);
		free(json);
	}
}

/* What the request says, @new for @old, must be what the manifest says. */
static void requests_that_contradict_the_manifest(void **state)
{
	static const struct mutant mutants[] = {
	    {"\"acme\"", "\"umbrella\"", NULL},
	    {"\"demo\"", "\"other\"", NULL},
	    {"\"1.0\"", "\"1.1\"", NULL},
	    {"\"sequence\":7", "\"sequence\":8", NULL},
	    {"\"created\":null", "\"created\":\"2026-12-01T02:00:00Z\"", NULL},
	    {"\"expires\":null", "\"expires\":\"2026-12-01T02:00:00Z\"", NULL},
	    {"\"content\":\"files\"", "\"content\":\"bundle\"", NULL},
	    {"ff59718e", "00000000", NULL},
	    {"\"device_config\":null",
	     "\"device_config\":{\"id\":\"a\",\"sha256\":\"" ZEROS "\"}", NULL},
	    {"\"salt\":\"\"", "\"salt\":\"" ZEROS "\"", NULL},
	    {"payload/a", "payload/b", NULL},
	    {"\"size\":6", "\"size\":7", NULL},
	    {HELLO, ZEROS, NULL},
	    {"\"source_name\":\"a\"", "\"source_name\":\"b\"", NULL},
	    {"\"requester\":null", "\"requester\":\"eve\"", NULL},
	};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = arena_new();
	struct pkg_container_manifest manifest;
	struct pkg_container_request request;
	struct pkg_err err = PKG_ERR_INIT;
	char id[37];

	(void)state;
	assert_ok(pkg_container_manifest_decode(&manifest, arena, MANIFEST,
						strlen(MANIFEST), &err));
	assert_ok(pkg_container_request_decode(&request, arena, REQUEST,
					       strlen(REQUEST), &err));
	assert_ok(pkg_container_derive_id(id, &request, crypto, &err));
	assert_string_equal(id, request.subject.id);
	assert_ok(
	    pkg_container_request_check(&request, &manifest, crypto, &err));
	for (size_t i = 0; i < COUNT(mutants); i++) {
		char *json = replaced(REQUEST, mutants[i].old, mutants[i].new);

		assert_ok(pkg_container_request_decode(&request, arena, json,
						       strlen(json), &err));
		if (pkg_container_request_check(&request, &manifest, crypto,
						&err) != PKG_INPUT)
			fail_msg("accepted: %s", json);
		assert_string_equal(err.reason, "malformed-request");
		err = PKG_ERR_INIT;
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_follow_their_grammar),
	    cmocka_unit_test(texts_have_no_control_codes),
	    cmocka_unit_test(times_have_one_spelling),
	    cmocka_unit_test(manifest_round_trip),
	    cmocka_unit_test(sealed_manifest_round_trip),
	    cmocka_unit_test(request_round_trip),
	    cmocka_unit_test(manifests_that_are_not_format_1),
	    cmocka_unit_test(manifests_with_wrong_members),
	    cmocka_unit_test(sealed_manifests_with_wrong_members),
	    cmocka_unit_test(requests_that_are_refused),
	    cmocka_unit_test(requests_that_contradict_the_manifest),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
