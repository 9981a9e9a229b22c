/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier remembers of what it accepted. */
#include "unit.h"

#include "packline/limits.h"
#include "packline/state.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t one[32] = {1}, two[32] = {2};
static char path[128];

static int start(void **state)
{
	static char folder[64];

	(void)snprintf(folder, sizeof(folder), "/tmp/packline-state-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/state", folder);
	*state = folder;
	return 0;
}

static int stop(void **state)
{
	(void)unlink(path);
	assert_int_equal(rmdir(*state), 0); /* nothing else is left in it */
	return 0;
}

/*
 * Where no unnamed file can be had (overlayfs before Linux 6.1, say), who is
 * killed leaves one with a name.  The next process sweeps it away, see
 * test_sweep.c; not this one, which has swept here before.
 */
static void sweep(const char *folder)
{
	const int fd = open(folder, O_TMPFILE | O_RDWR, 0600);
	char command[128];

	if (fd >= 0) {
		(void)close(fd);
		return;
	}
	(void)snprintf(command, sizeof(command), "rm '%s'/.packline-*.tmp",
		       folder);
	assert_int_equal(system(command), 0);
}

static struct pkg_state_entry package(uint64_t sequence, const uint8_t *sha256)
{
	return (struct pkg_state_entry){.tenant = "acme",
					.name = "gateway",
					.device_config = "ecu-a",
					.has_sequence = true,
					.sequence = sequence,
					.manifest_sha256 = sha256};
}

/* Accept it as a verifier does; the reason of a refusal, or NULL. */
static const char *accept_entry(const struct pkg_state_entry *entry)
{
	PKG_AUTO(pkg_state) struct pkg_state *state = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_state_open(&state, AT_FDCWD, path, &err));
	if (pkg_state_check(state, entry, &err) != PKG_OK) {
		assert_int_equal(err.code, PKG_NO);
		return err.reason;
	}
	assert_ok(pkg_state_prepare(state, entry, &err));
	assert_ok(pkg_state_commit(state, &err));
	return NULL;
}

static const char *accept_number(uint64_t sequence, const uint8_t *sha256)
{
	const struct pkg_state_entry entry = package(sequence, sha256);

	return accept_entry(&entry);
}

static void file_is(const char *expected)
{
	char text[1024] = "";
	FILE *file = fopen(path, "r");
	size_t len = 0;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, expected);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_only_newer_or_the_same(void **state)
{
	struct pkg_state_entry entry = package(0, one);

	(void)state;
	assert_null(accept_number(41, one));
	assert_null(accept_number(42, two));
	assert_null(accept_number(42, two));
	assert_string_equal(accept_number(42, one), "sequence-reused");
	assert_string_equal(accept_number(41, one), "rollback");
	entry.has_sequence = false;
	assert_string_equal(accept_entry(&entry), "no-sequence");
	assert_null(accept_number(PKG_LIMIT_JSON_INT, one));
	assert_string_equal(accept_number(43, one), "rollback");
}

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"
#define ROW(device, sha, name, n, tenant)                                      \
	"{\"device_config\":" device ",\"manifest_sha256\":\"" sha ZEROS       \
	"\",\"name\":\"" name "\",\"sequence\":" n ",\"tenant\":\"" tenant     \
	"\"}"
#define FILE_OF(rows)                                                          \
	"{\"entries\":[" rows "],\"packline\":1,\"type\":\"state\"}"

/* Every tenant, name and device config has its own number. */
static void test_entries_are_apart_and_sorted(void **state)
{
	struct pkg_state_entry entry = package(9, one);

	(void)state;
	assert_null(accept_entry(&entry));
	entry.device_config = NULL;
	entry.sequence = 3;
	assert_null(accept_entry(&entry));
	entry.tenant = "abc";
	entry.sequence = 1;
	entry.manifest_sha256 = two;
	assert_null(accept_entry(&entry));
	entry.name = "a";
	entry.sequence = 7;
	assert_null(accept_entry(&entry));
	file_is(FILE_OF(ROW("null", "02", "a", "7", "abc") "," ROW(
	    "null", "02", "gateway", "1",
	    "abc") "," ROW("null", "01", "gateway", "3",
			   "acme") "," ROW("\"ecu-a\"", "01", "gateway", "9",
					   "acme")));
}

static void test_what_was_not_written_by_us(void **state)
{
	static const char *const cases[] = {
	    "",
	    "{}",
	    "[]",
	    "{\"entries\":[],\"packline\":1,\"type\":\"state\"}\n",
	    "{\"entries\":[],\"packline\":2,\"type\":\"state\"}",
	    "{\"entries\":[],\"packline\":1,\"type\":\"lock\"}",
	    "{\"entries\":[],\"extra\":1,\"packline\":1,\"type\":\"state\"}",
	    "{\"entries\":{},\"packline\":1,\"type\":\"state\"}",
	    "{\"entries\":[1],\"packline\":1,\"type\":\"state\"}",
	    FILE_OF(ROW("null", "0g", "a", "1", "b")),
	    FILE_OF(ROW("null", "01", "a", "-1", "b")),
	    FILE_OF(ROW("null", "01", "a", "\"1\"", "b")),
	    FILE_OF(ROW("null", "01", "a\\n", "1", "b")),
	    FILE_OF(ROW("null", "01", "a", "1", "CON")),
	    FILE_OF(ROW("\"../a\"", "01", "a", "1", "b")),
	    FILE_OF(ROW("null", "01", "b", "1", "b") "," ROW("null", "01", "a",
							     "1", "b")),
	    FILE_OF(ROW("null", "01", "a", "1", "b") "," ROW("null", "01", "a",
							     "2", "b")),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_state *opened = NULL;

		write_file(cases[i]);
		assert_int_equal(pkg_state_open(&opened, AT_FDCWD, path, &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, "bad-state");
		assert_null(opened);
		file_is(cases[i]); /* never replaced */
	}
}

/* Somebody accepts something newer while the payload is read. */
static void test_the_file_is_read_again_under_the_lock(void **state)
{
	PKG_AUTO(pkg_state) struct pkg_state *slow = NULL;
	struct pkg_state_entry entry = package(5, one);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_state_open(&slow, AT_FDCWD, path, &err));
	assert_ok(pkg_state_check(slow, &entry, &err));
	assert_null(accept_number(6, two));
	assert_int_equal(pkg_state_prepare(slow, &entry, &err), PKG_NO);
	assert_string_equal(err.reason, "rollback");
}

/* Freed or killed between prepare and commit: nothing is changed or locked. */
static void test_nothing_happens_before_commit(void **state)
{
	struct pkg_state_entry entry = package(6, one);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_state *opened = NULL;
	pid_t child = 0;
	int status = 0;

	assert_null(accept_number(5, one));
	assert_ok(pkg_state_open(&opened, AT_FDCWD, path, &err));
	assert_ok(pkg_state_prepare(opened, &entry, &err));
	pkg_state_free(opened);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		opened = NULL;
		if (pkg_state_open(&opened, AT_FDCWD, path, &err) == PKG_OK &&
		    pkg_state_prepare(opened, &entry, &err) == PKG_OK)
			(void)raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	sweep(*state);
	file_is(FILE_OF(ROW("\"ecu-a\"", "01", "gateway", "5", "acme")));
	assert_null(accept_number(6, two));
}

/* Each of two processes accepts packages of its own; none is forgotten. */
static void test_two_at_a_time_lose_nothing(void **state)
{
	enum { ROUNDS = 20 };
	struct pkg_state_entry entry = package(0, one);
	pid_t child = fork();
	int status = 1;

	(void)state;
	assert_true(child >= 0);
	entry.name = child == 0 ? "child" : "parent";
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		entry.sequence = i;
		if (accept_entry(&entry) != NULL && child == 0)
			_exit(1);
	}
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	file_is(FILE_OF(ROW("\"ecu-a\"", "01", "child", "20", "acme") "," ROW(
	    "\"ecu-a\"", "01", "parent", "20", "acme")));
}

/* Replacing it would replace the link, and leave the file behind it old. */
static void test_a_link_is_no_place_to_keep_it(void **state)
{
	PKG_AUTO(pkg_state) struct pkg_state *opened = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	char real[160];

	(void)state;
	assert_null(accept_number(41, one));
	(void)snprintf(real, sizeof(real), "%s.real", path);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink("state.real", path), 0);
	assert_int_equal(pkg_state_open(&opened, AT_FDCWD, path, &err),
			 PKG_USAGE);
	assert_int_equal(unlink(real), 0);
	err = PKG_ERR_INIT;
	assert_int_equal(pkg_state_open(&opened, AT_FDCWD, path, &err),
			 PKG_USAGE);
	assert_int_equal(unlink(path), 0);
}

static void test_paths_that_are_no_files(void **state)
{
	static const char *const paths[] = {"-", "", "./-", "/tmp/"};
	struct pkg_state *opened = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;

		assert_int_equal(
		    pkg_state_open(&opened, AT_FDCWD, paths[i], &err),
		    PKG_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_only_newer_or_the_same, start,
					    stop),
	    cmocka_unit_test_setup_teardown(test_entries_are_apart_and_sorted,
					    start, stop),
	    cmocka_unit_test_setup_teardown(test_what_was_not_written_by_us,
					    start, stop),
	    cmocka_unit_test_setup_teardown(
		test_the_file_is_read_again_under_the_lock, start, stop),
	    cmocka_unit_test_setup_teardown(test_nothing_happens_before_commit,
					    start, stop),
	    cmocka_unit_test_setup_teardown(test_two_at_a_time_lose_nothing,
					    start, stop),
	    cmocka_unit_test_setup_teardown(test_a_link_is_no_place_to_keep_it,
					    start, stop),
	    cmocka_unit_test(test_paths_that_are_no_files),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
