/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: what is written, what is read, and what is told of it. */
#include "audit_box.h"
#include "schema_file.h"

#include "packline/verify_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_line_says_what_it_was_told(void **state)
{
	static const uint8_t digest[32] = {1, 2, 3};
	const struct pkg_audit_item items[] = {{"a.bin", digest},
					       {"b\x1b[2J\n\xff", digest}};
	const struct pkg_audit_entry entry = {
	    .event = "approve",
	    .tenant = "acme",
	    .job = "one",
	    .key = "pkcs11:token=t;object=k?pin-source=file:/secret",
	    .certificate = digest,
	    .inputs = items,
	    .input_count = 2,
	    .decision = "APPROVED",
	    .reason = "tested\nwell",
	    .note = "a note",
	};
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(0);
	struct pkg_err err = PKG_ERR_INIT;
	const char *line = NULL;
	struct stat st;
	size_t len = 0;

	(void)state;
	assert_ok(pkg_audit_append(audit, &entry, &err));
	assert_int_equal(pkg_audit_number(audit), 2);
	assert_int_equal(stat(audit_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	line = strchr(audit_slurp(audit_path, &len), '\n') + 1;
#define HEX                                                                    \
	"010203"                                                               \
	"0000000000000000000000000000000000000000000000000000000000"
	assert_non_null(strstr(
	    line,
	    "{\"certificate\":\"" HEX "\",\"decision\":\"APPROVED\",\"event\":"
	    "\"approve\",\"inputs\":[{\"name\":\"a.bin\",\"sha256\":\"" HEX
	    "\"},{\"name\":\"b\\\\x1b[2J\\\\x0a\\\\xff\",\"sha256\":\"" HEX
	    "\"}],\"job\":\"one\",\"key\":\"pkcs11:token=t;object=k\","
	    "\"log\":"));
	assert_non_null(strstr(
	    line, "\"note\":\"a note\",\"number\":2,\"operator\":\"alice\","
		  "\"packline\":1,\"phase\":\"done\",\"previous\":\""));
	assert_non_null(strstr(line,
			       "\"reason\":\"tested\\\\x0awell\",\"tenant\":"
			       "\"acme\",\"time\":\"2025-12-01T04:00:00Z\","
			       "\"tool\":\"test 1\",\"type\":\"audit-line\","
			       "\"uid\":"));
	assert_null(strstr(line, "secret"));
	assert_int_equal(audit_holds().lines, 2);
}

static void what_was_begun_is_counted_until_it_ends(void **state)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(0);
	PKG_AUTO(pkg_audit) struct pkg_audit *other = audit_open(0);
	const struct pkg_audit_entry alone = {.event = "sign",
					      .phase = PKG_AUDIT_END};
	struct pkg_err err = PKG_ERR_INIT;
	uint64_t first = 0;

	(void)state;
	assert_int_equal(pkg_audit_append(audit, &alone, &err), PKG_INTERNAL);
	audit_append(audit, "sign", PKG_AUDIT_BEGIN);
	first = pkg_audit_number(audit);
	audit_append(other, "sign", PKG_AUDIT_BEGIN);
	audit_append(audit, "sign", PKG_AUDIT_BEGIN);
	assert_int_equal(audit_holds().open, 3);
	audit_append(audit, "sign", PKG_AUDIT_END);
	audit_append(other, "sign", PKG_AUDIT_FAILED);
	assert_int_equal(audit_holds().open, 1);
	assert_int_equal(pkg_audit_append(audit, &alone, &err), PKG_INTERNAL);
	assert_ok(pkg_audit_append(
	    audit,
	    &(struct pkg_audit_entry){
		.event = "sign", .phase = PKG_AUDIT_FAILED, .begin = first},
	    &err));
	assert_int_equal(audit_holds().open, 0);
}

static void what_no_line_can_be(void **state)
{
	static char text[40000];
	static const uint8_t digest[32];
	const struct pkg_audit_item nameless = {"", digest};
	const struct pkg_audit_entry entries[] = {
	    {.event = "sign", .reason = text},
	    {.event = "Sign"},
	    {.event = ""},
	    {.event = "sign", .inputs = &nameless, .input_count = 1},
	};
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(0);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_int_equal(pkg_audit_append(audit, &entries[i], &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, "limit");
	}
	assert_int_equal(
	    pkg_audit_append(
		audit, &(struct pkg_audit_entry){.event = "log-torn"}, &err),
	    PKG_INTERNAL);
	assert_int_equal(audit_holds().lines, 1);
	audit_append(audit, "sign", PKG_AUDIT_DONE);
	assert_int_equal(audit_holds().lines, 2);
}

static void a_rotation_keeps_the_chain(void **state)
{
	struct pkg_audit_report report;

	(void)state;
	audit_make(40, 2000);
	report = audit_holds();
	assert_true(report.files > 5);
	/* Each file but the last has a line of its own at both ends. */
	assert_int_equal(report.lines, report.head.number);
	assert_true(report.lines >= 40);
	assert_int_equal(
	    access(audit_rotated((unsigned)report.files - 1), F_OK), 0);
	assert_int_equal(access(audit_rotated((unsigned)report.files), F_OK),
			 -1);
}

/* Two that write in turn see what the other has written, and his rotations. */
static void two_writers_go_on_after_each_other(void **state)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *one = audit_open(3000);
	PKG_AUTO(pkg_audit) struct pkg_audit *two = audit_open(3000);

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		audit_append(one, "sign", PKG_AUDIT_DONE);
		audit_append(two, "sign", PKG_AUDIT_DONE);
		audit_append(two, "sign", PKG_AUDIT_DONE);
	}
	assert_true(audit_holds().lines > 90);
	assert_true(audit_holds().files > 5);
}

static void two_processes_write_at_once(void **state)
{
	pid_t children[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] != 0)
			continue;
		for (unsigned round = 0; round < 10; round++) {
			struct pkg_audit *audit = audit_open(20000);

			for (unsigned line = 0; line < 10; line++)
				audit_append(audit, "sign", PKG_AUDIT_DONE);
			pkg_audit_free(audit);
		}
		_exit(0);
	}
	for (size_t i = 0; i < 3; i++) {
		int status = 1;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	/* 300 of theirs, one of the log's, and two for each rotation. */
	assert_int_equal(audit_holds().lines,
			 301 + 2 * (audit_holds().files - 1));
	assert_true(audit_holds().files > 3);
}

static void a_torn_line_is_cut_off_and_told(void **state)
{
	struct pkg_audit *audit = NULL;
	size_t len = 0;
	char *text = NULL;

	(void)state;
	audit_make(3, 0);
	text = audit_slurp(audit_path, &len);
	for (size_t cut = 1; cut < 100; cut += 14) {
		audit_spill(audit_path, text, len);
		audit_make(3, 0);
		assert_int_equal(truncate(audit_path, (off_t)(len - cut)), 0);
		audit_refused("log-torn");
		audit = audit_open(0);
		assert_int_equal(audit_holds().lines, 3);
		assert_int_equal(audit_holds().torn, 1);
		audit_append(audit, "sign", PKG_AUDIT_DONE);
		assert_int_equal(audit_holds().lines, 4);
		pkg_audit_free(audit);
	}
}

/* A writer that has the log open finds the same. */
static void a_line_that_another_writer_tore(void **state)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(0);
	int fd;

	(void)state;
	audit_append(audit, "sign", PKG_AUDIT_DONE);
	fd = open(audit_path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"beg", 5), 5);
	assert_int_equal(close(fd), 0);
	audit_append(audit, "sign", PKG_AUDIT_DONE);
	assert_int_equal(audit_holds().lines, 4);
	assert_int_equal(audit_holds().torn, 1);
}

/* Lines that this writer knows of have been taken away. */
static void lines_that_are_gone_are_missed(void **state)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(0);
	const struct pkg_audit_entry entry = {.event = "sign"};
	struct pkg_err err = PKG_ERR_INIT;
	struct stat st;

	(void)state;
	audit_append(audit, "sign", PKG_AUDIT_DONE);
	assert_int_equal(stat(audit_path, &st), 0);
	audit_append(audit, "sign", PKG_AUDIT_DONE);
	assert_int_equal(truncate(audit_path, st.st_size), 0);
	assert_int_equal(pkg_audit_append(audit, &entry, &err), PKG_NO);
	assert_string_equal(err.reason, "log-chain");
	assert_int_equal(unlink(audit_path), 0);
	assert_int_equal(pkg_audit_append(audit, &entry, &err), PKG_NO);
	assert_string_equal(err.reason, "log-gap");
}

/* What is no log is not written to. */
static void open_refused(enum pkg_code code, const char *reason)
{
	const struct pkg_audit_options options = {.tool = "test 1"};
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(pkg_audit_open(&audit, &audit_env, AT_FDCWD,
					audit_path, &options, &err),
			 code);
	assert_null(audit);
	if (reason != NULL)
		assert_string_equal(err.reason, reason);
}

static void what_is_no_log_is_not_written_to(void **state)
{
	static const char *const texts[] = {
	    "", "\n", "{}\n", "hello", "hello\nworld\n", "{\"a\":1}\n{"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		audit_spill(audit_path, texts[i], strlen(texts[i]));
		open_refused(PKG_INPUT, "malformed-log");
	}
	assert_int_equal(unlink(audit_path), 0);
	assert_int_equal(symlink("elsewhere", audit_path), 0);
	open_refused(PKG_INPUT, "not-a-file");
	assert_int_equal(unlink(audit_path), 0);
	assert_int_equal(mkfifo(audit_path, 0600), 0);
	open_refused(PKG_INPUT, "not-a-file");
	assert_int_equal(unlink(audit_path), 0);
	assert_int_equal(mkdir(audit_path, 0700), 0);
	open_refused(PKG_SYSTEM, NULL);
	(void)snprintf(audit_path, sizeof(audit_path), "-");
	open_refused(PKG_USAGE, NULL);
}

static void two_last_lines_that_do_not_belong_together(void **state)
{
	size_t len = 0;
	char *text = NULL, *second = NULL, *third = NULL;

	(void)state;
	audit_make(3, 0);
	text = audit_slurp(audit_path, &len);
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, len - (size_t)(third - text) + 1);
	audit_spill(audit_path, text, strlen(text));
	open_refused(PKG_NO, "log-chain");
	audit_refused("log-chain");
}

/* Every place at which a rotation can have stopped. */
static void an_interrupted_rotation_goes_on(void **state)
{
	size_t len = 0;
	char *text = NULL, *last = NULL;

	(void)state;
	audit_make(6, 1500);
	assert_true(audit_holds().files >= 2);
	/* It was renamed, and there is no new one yet. */
	assert_int_equal(unlink(audit_path), 0);
	for (unsigned i = 9; i > 1; i--)
		(void)unlink(audit_rotated(i));
	audit_refused("log-gap");
	pkg_audit_free(audit_open(1500));
	assert_int_equal(audit_holds().files, 2);
	/* It was closed, and not renamed. */
	assert_int_equal(rename(audit_rotated(1), audit_path), 0);
	assert_int_equal(audit_holds().files, 1);
	pkg_audit_free(audit_open(1500));
	assert_int_equal(audit_holds().files, 2);
	/* Its last line was torn. */
	assert_int_equal(rename(audit_rotated(1), audit_path), 0);
	text = audit_slurp(audit_path, &len);
	assert_int_equal(truncate(audit_path, (off_t)len - 3), 0);
	pkg_audit_free(audit_open(1500));
	assert_int_equal(audit_holds().torn, 1);
	/* But a file that is not closed was not rotated. */
	last = strrchr(text, '\n');
	(void)last;
	assert_int_equal(rename(audit_path, audit_rotated(1)), 0);
	open_refused(PKG_NO, "log-gap");
	audit_refused("log-gap");
}

static void files_that_are_missing_or_swapped(void **state)
{
	char third[160];

	(void)state;
	audit_make(30, 1500);
	assert_true(audit_holds().files > 4);
	(void)snprintf(third, sizeof(third), "%s", audit_rotated(3));
	assert_int_equal(rename(audit_rotated(2), third), 0); /* 3 is lost */
	audit_refused("log-gap");
	assert_int_equal(unlink(third), 0);
	audit_refused("log-gap");
}

/* A file of a log has its first line before it has its name. */
static void files_that_were_emptied(void **state)
{
	(void)state;
	audit_make(30, 1500);
	assert_true(audit_holds().files > 4);
	assert_int_equal(truncate(audit_path, 0), 0);
	audit_refused("log-gap");
	/* And none is put between two others. */
	assert_int_equal(rename(audit_rotated(4), audit_path), 0);
	for (unsigned i = 9; i > 4; i--)
		(void)unlink(audit_rotated(i));
	assert_int_equal(audit_holds().files, 4);
	(void)close(creat(audit_rotated(4), 0600));
	audit_refused("log-gap");
}

/* The head of the log as it is. */
static void heads_say_what_the_chain_cannot(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1000};
	struct pkg_audit_report report = {0};
	struct pkg_audit_head heads[2] = {0};
	struct pkg_err err = PKG_ERR_INIT;
	struct stat st;

	(void)state;
	audit_make(3, 0);
	assert_int_equal(stat(audit_path, &st), 0);
	heads[0] = audit_holds().head;
	audit_make(2, 0);
	heads[1] = audit_holds().head;
	assert_int_equal(heads[1].number, 4);
	assert_ok(pkg_audit_head_encode(&text, &heads[1], &err));
	heads[1] = (struct pkg_audit_head){0};
	assert_ok(pkg_audit_head_decode(&heads[1], text.data, text.len, &err));
	assert_ok(audit_check(&report, heads, 2, &err));
	assert_int_equal(report.heads, 2);
	/* A tail is cut off: honestly not seen without one. */
	assert_int_equal(truncate(audit_path, st.st_size), 0);
	assert_int_equal(audit_holds().lines, 3);
	assert_int_equal(audit_check(&report, heads, 2, &err), PKG_NO);
	assert_string_equal(err.reason, "log-truncated");
	/* Another line instead. */
	audit_env.fixed_now++;
	audit_make(2, 0);
	audit_env.fixed_now--;
	assert_int_equal(audit_holds().lines, 4);
	assert_int_equal(audit_check(&report, heads, 2, &err), PKG_NO);
	assert_string_equal(err.reason, "log-head");
	/* Another log instead. */
	assert_int_equal(unlink(audit_path), 0);
	audit_make(9, 0);
	assert_int_equal(audit_check(&report, heads, 2, &err), PKG_NO);
	assert_string_equal(err.reason, "log-head");
}

static void what_is_no_head(void **state)
{
	static const char good[] =
	    "{\"log\":\"01234567-89ab-4def-8123-456789abcdef\",\"number\":7,"
	    "\"packline\":1,\"sha256\":\"" HEX "\",\"time\":"
	    "\"2025-12-01T04:00:00Z\",\"type\":\"audit-head\"}\n";
	struct pkg_audit_head head = {0};
	struct pkg_err err = PKG_ERR_INIT;
	char bad[sizeof(good)];

	(void)state;
	assert_ok(pkg_audit_head_decode(&head, good, strlen(good), &err));
	assert_int_equal(head.number, 7);
	assert_int_equal(head.time, audit_env.fixed_now);
	for (size_t len = 0; len < strlen(good); len++)
		assert_int_equal(pkg_audit_head_decode(&head, good, len, &err),
				 PKG_INPUT);
	/* Every byte changed: another head, or none. */
	for (size_t i = 0; i < strlen(good); i++) {
		struct pkg_audit_head other = {0};

		memcpy(bad, good, sizeof(good));
		bad[i] ^= 1;
		if (pkg_audit_head_decode(&other, bad, strlen(bad), &err) ==
		    PKG_OK)
			assert_true(other.number != head.number ||
				    other.time != head.time ||
				    strcmp(other.log, head.log) != 0 ||
				    memcmp(other.sha256, head.sha256, 32) != 0);
		else
			assert_string_equal(err.reason, "malformed-log");
	}
}

static void nobody_keeps_a_log(void **state)
{
	const struct pkg_audit_entry entry = {.event = "sign"};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_audit_append(NULL, &entry, &err));
	assert_int_equal(pkg_audit_number(NULL), 0);
	pkg_audit_free(NULL);
}

static void schemas_are_those_in_the_tree(void **state)
{
	(void)state;
	schema_file_matches("audit-line", pkg_audit_line_schema);
	schema_file_matches("audit-head", pkg_audit_head_schema);
	schema_file_matches("log-verdict", pkg_log_verdict_schema);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, audit_box_enter, audit_box_leave)
	const struct CMUnitTest tests[] = {
	    TEST(a_line_says_what_it_was_told),
	    TEST(what_was_begun_is_counted_until_it_ends),
	    TEST(what_no_line_can_be),
	    TEST(a_rotation_keeps_the_chain),
	    TEST(two_writers_go_on_after_each_other),
	    TEST(two_processes_write_at_once),
	    TEST(a_torn_line_is_cut_off_and_told),
	    TEST(a_line_that_another_writer_tore),
	    TEST(lines_that_are_gone_are_missed),
	    TEST(what_is_no_log_is_not_written_to),
	    TEST(two_last_lines_that_do_not_belong_together),
	    TEST(an_interrupted_rotation_goes_on),
	    TEST(files_that_are_missing_or_swapped),
	    TEST(files_that_were_emptied),
	    TEST(heads_say_what_the_chain_cannot),
	    TEST(what_is_no_head),
	    cmocka_unit_test(nobody_keeps_a_log),
	    cmocka_unit_test(schemas_are_those_in_the_tree),
	};

	return cmocka_run_group_tests(tests, audit_box_start, audit_box_stop);
}
