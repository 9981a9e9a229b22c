/* SPDX-License-Identifier: Apache-2.0 */
/* An audit log is changed in every way there is, and the check sees it. */
#include "audit_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 3 };

/* The log as it was, and its head. */
struct log {
	char text[8192];
	size_t len;
	size_t starts[LINES + 1]; /* of each line, and the end */
	struct pkg_audit_head head;
};

static void make(struct log *log)
{
	size_t line = 0;

	audit_make(LINES, 0);
	memcpy(log->text, audit_slurp(audit_path, &log->len),
	       sizeof(log->text));
	assert_true(log->len < sizeof(log->text));
	for (size_t i = 0; i < log->len; i++)
		if (i == 0 || log->text[i - 1] == '\n')
			log->starts[line++] = i;
	assert_int_equal(line, LINES);
	log->starts[LINES] = log->len;
	log->head = audit_holds().head;
}

/* The reason why a log of these bytes is refused; NULL = it is not. */
static const char *reason_of(const char *text, size_t len,
			     const struct pkg_audit_head *head)
{
	struct pkg_audit_report report = {0};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code;

	audit_spill(audit_path, text, len);
	code = audit_check(&report, head, head == NULL ? 0 : 1, &err);
	if (code == PKG_OK)
		return NULL;
	assert_true(code == PKG_NO || code == PKG_INPUT);
	assert_non_null(err.reason);
	return err.reason;
}

static bool is_one_of(const char *reason, const char *const *reasons)
{
	for (; *reasons != NULL; reasons++)
		if (strcmp(reason, *reasons) == 0)
			return true;
	return false;
}

static void is_seen(const char *reason, const char *what, size_t at)
{
	static const char *const reasons[] = {
	    "malformed-log", "log-chain",     "log-gap", "log-torn",
	    "log-head",      "log-truncated", NULL};

	if (reason == NULL || !is_one_of(reason, reasons))
		fail_msg("%s byte %zu: %s", what, at,
			 reason == NULL ? "not seen" : reason);
}

/* Every byte of it: another one, gone, or one more. */
static void every_byte(void **state)
{
	static struct log log;
	char text[sizeof(log.text)];

	(void)state;
	make(&log);
	for (size_t at = 0; at < log.len; at++) {
		const char *reason;

		memcpy(text, log.text, log.len);
		text[at] ^= 1;
		is_seen(reason_of(text, log.len, &log.head), "changed", at);
		/* Without a head, all but in the last line. */
		reason = reason_of(text, log.len, NULL);
		if (at < log.starts[LINES - 1])
			is_seen(reason, "changed, no head,", at);
		memmove(text + at, log.text + at + 1, log.len - at - 1);
		is_seen(reason_of(text, log.len - 1, &log.head), "removed", at);
		memcpy(text, log.text, at + 1);
		memcpy(text + at + 1, log.text + at, log.len - at);
		is_seen(reason_of(text, log.len + 1, &log.head), "doubled", at);
	}
}

/* Cut anywhere: between lines it takes a head to see it. */
static void every_length(void **state)
{
	static struct log log;
	size_t whole = 0;

	(void)state;
	make(&log);
	for (size_t len = 0; len < log.len; len++) {
		const bool between = len > 0 && log.text[len - 1] == '\n';
		const char *with = reason_of(log.text, len, &log.head);
		const char *without = reason_of(log.text, len, NULL);

		assert_string_equal(with, "log-truncated");
		if (between)
			assert_null(without);
		else
			assert_string_equal(without, "log-torn");
		whole += between;
	}
	assert_int_equal(whole, LINES - 1);
}

/* Lines in another order or number, all that three can be put into. */
static void every_order(void **state)
{
	static struct log log;
	size_t orders = 0;

	(void)state;
	make(&log);
	for (unsigned code = 0; code < 4 * 4 * 4 * 4; code++) {
		char text[4 * sizeof(log.text)];
		unsigned rest = code;
		size_t len = 0, next = 0;
		bool prefix = true;

		for (unsigned place = 0; place < 4; place++, rest /= 4) {
			const size_t line = rest % 4; /* 3 = none */

			if (line == 3)
				continue;
			prefix = prefix && line == next++;
			memcpy(text + len, log.text + log.starts[line],
			       log.starts[line + 1] - log.starts[line]);
			len += log.starts[line + 1] - log.starts[line];
		}
		if (prefix && next == LINES) {
			assert_null(reason_of(text, len, &log.head));
		} else if (!prefix) {
			is_seen(reason_of(text, len, NULL), "order", code);
			orders++;
		}
	}
	assert_true(orders > 200);
}

/* A line that says the same in another spelling is not the line. */
static void another_spelling(void **state)
{
	static struct log log;
	char text[sizeof(log.text) + 16];
	const char *at = NULL;
	size_t head = 0;

	(void)state;
	make(&log);
	at = strstr(log.text, "\"number\":1,");
	head = (size_t)(at - log.text);
	memcpy(text, log.text, head);
	(void)snprintf(text + head, sizeof(text) - head, "\"number\": 1,%s",
		       at + strlen("\"number\":1,"));
	assert_string_equal(reason_of(text, log.len + 1, NULL),
			    "malformed-log");
	/* White space between lines is no line either. */
	memcpy(text, log.text, log.starts[1]);
	text[log.starts[1]] = '\n';
	memcpy(text + log.starts[1] + 1, log.text + log.starts[1],
	       log.len - log.starts[1]);
	assert_string_equal(reason_of(text, log.len + 1, NULL),
			    "malformed-log");
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, audit_box_enter, audit_box_leave)
	const struct CMUnitTest tests[] = {
	    TEST(every_byte),
	    TEST(every_length),
	    TEST(every_order),
	    TEST(another_spelling),
	};

	return cmocka_run_group_tests(tests, audit_box_start, audit_box_stop);
}
