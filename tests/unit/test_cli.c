/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The command line under test: pkg-test with one option of each kind. */
struct line {
	struct cli cli;
	struct cli_table table;
	struct pkg_err err;
	char *argv[16];
	bool flag;
	int count;
	const char *text, *choice;
	struct cli_list list;
	struct cli_number number;
};

static const struct cli_verb verbs[] = {
    {.name = "create"}, {.name = "check"}, {.name = NULL}};
static const struct cli_tool tool = {.name = "pkg-test", .verbs = verbs};

#define parse(line, ...)                                                       \
	parse_words((line), false, (const char *const[]){__VA_ARGS__, NULL})
#define parse_to_verb(line, ...)                                               \
	parse_words((line), true, (const char *const[]){__VA_ARGS__, NULL})

static enum pkg_code parse_words(struct line *line, bool to_verb,
				 const char *const *words)
{
	const struct cli_opt rows[] = {
	    {"flag", 'f', CLI_FLAG, &line->flag, NULL, "a flag", NULL, NULL},
	    {"count", 'c', CLI_COUNT, &line->count, NULL, "count", NULL, NULL},
	    {"text", 't', CLI_TEXT, &line->text, "TEXT", "text", NULL, NULL},
	    {"list", 'l', CLI_LIST, &line->list, "ITEM", "list", NULL, NULL},
	    {"number", 'n', CLI_NUMBER, &line->number, "N", "number", NULL,
	     NULL},
	    {"choice", 0, CLI_CHOICE, &line->choice, "WORD", "choice",
	     "red green blue", NULL},
	    {0},
	};
	const struct cli_command command = {.table = rows,
					    .common = CLI_OUTPUT | CLI_FORCE};

	memset(line, 0, sizeof(*line));
	line->choice = "red";
	line->number = (struct cli_number){.min = 1, .max = 64};
	line->cli.tool = &tool;
	line->cli.argv = line->argv;
	while (words[line->cli.argc] != NULL) {
		line->argv[line->cli.argc] =
		    (char *)(uintptr_t)words[line->cli.argc];
		line->cli.argc++;
	}
	cli_table_init(&line->table, &line->cli, &command);
	return cli_parse(&line->cli, &line->table, to_verb, &line->err);
}

static void no_operands(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "-f"), PKG_OK);
	assert_true(line.flag);
	assert_int_equal(line.cli.argc, 0);
}

static void every_form_of_an_argument(void **state)
{
	static const char *const forms[][3] = {
	    {"--text=a b", NULL}, {"--text", "a b", NULL}, {"-ta b", NULL},
	    {"-t", "a b", NULL},  {"-fta b", NULL},        {"-ft", "a b", NULL},
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_int_equal(parse_words(&line, false, forms[i]), PKG_OK);
		assert_string_equal(line.text, "a b");
		assert_int_equal(line.cli.argc, 0);
	}
}

static void an_argument_may_look_like_an_option(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "--text", "--flag", "-t-"), PKG_USAGE);
	assert_int_equal(parse(&line, "--text", "--flag"), PKG_OK);
	assert_string_equal(line.text, "--flag");
	assert_false(line.flag);
	assert_int_equal(parse(&line, "--text="), PKG_OK);
	assert_string_equal(line.text, "");
}

static void options_may_follow_operands(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "a", "-f", "b", "-", "-cc", "--", "-x"),
			 PKG_OK);
	assert_true(line.flag);
	assert_int_equal(line.count, 2);
	assert_int_equal(line.cli.argc, 4);
	assert_string_equal(line.cli.argv[0], "a");
	assert_string_equal(line.cli.argv[1], "b");
	assert_string_equal(line.cli.argv[2], "-");
	assert_string_equal(line.cli.argv[3], "-x");
}

static void a_verb_ends_the_common_options(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse_to_verb(&line, "-f", "create", "-t"), PKG_OK);
	assert_true(line.flag);
	assert_int_equal(line.cli.argc, 2);
	assert_string_equal(line.cli.argv[0], "create");
	assert_string_equal(line.cli.argv[1], "-t");
}

static void lists_keep_their_order(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "-l1", "x", "--list=2", "-l", "3"),
			 PKG_OK);
	assert_int_equal(line.list.count, 3);
	assert_string_equal(line.list.items[0], "1");
	assert_string_equal(line.list.items[1], "2");
	assert_string_equal(line.list.items[2], "3");
	cli_table_fini(&line.table);
	assert_null(line.list.items);
}

static void numbers_are_decimal_and_within_their_range(void **state)
{
	static const char *const bad[] = {
	    "-n0",  "-n65",      "-n-1",
	    "-n+1", "-n0x1",     "-n1 ",
	    "-n=1", "--number=", "-n18446744073709551617"};
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "-n64"), PKG_OK);
	assert_int_equal(line.number.value, 64);
	assert_true(line.number.given);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&line, bad[i]), PKG_USAGE);
		assert_false(line.number.given);
	}
}

static void choices_are_checked(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "--choice=blue"), PKG_OK);
	assert_string_equal(line.choice, "blue");
	assert_int_equal(parse(&line, "--choice=gren"), PKG_USAGE);
	assert_string_equal(line.err.hint, "did you mean 'green'?");
	assert_int_equal(parse(&line, "--choice=mauve-ish"), PKG_USAGE);
	assert_string_equal(line.err.hint, "one of: red green blue");
}

static void usage_errors_say_what_and_how_to_mend_it(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "--flga"), PKG_USAGE);
	assert_string_equal(line.err.text, "unknown option '--flga'");
	assert_string_equal(line.err.hint, "did you mean '--flag'?");
	assert_int_equal(parse(&line, "--fla"), PKG_USAGE);
	assert_int_equal(parse(&line, "-fz"), PKG_USAGE);
	assert_string_equal(line.err.text, "unknown option '-z' in '-fz'");
	assert_string_equal(line.err.hint, "see 'pkg-test --help'");
	assert_int_equal(parse(&line, "--flag=yes"), PKG_USAGE);
	assert_string_equal(line.err.text, "--flag takes no argument");
	assert_int_equal(parse(&line, "a", "--text"), PKG_USAGE);
	assert_string_equal(line.err.text, "--text needs an argument: TEXT");
	assert_int_equal(parse(&line, "-ta", "-tb"), PKG_USAGE);
	assert_string_equal(line.err.text, "--text is given twice");
}

static void flags_may_be_given_twice(void **state)
{
	struct line line;

	(void)state;
	assert_int_equal(parse(&line, "-ff", "--flag"), PKG_OK);
}

/* -- messages: what arrives on stderr -- */

static size_t captured(struct cli *cli, void (*say)(struct cli *), char *out,
		       size_t cap)
{
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
	say(cli);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(pipe_fds[1]);
	(void)close(saved);
	n = read(pipe_fds[0], out, cap - 1);
	(void)close(pipe_fds[0]);
	assert_true(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

static void hostile_error(struct cli *cli)
{
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_mark mark = {"a\nb.yaml", 3, 7};

	(void)pkg_fail_at(&err, &mark, "bad name 'x\033[2J\xff'");
	(void)pkg_hint(&err, "rename it");
	err.reason = "bad-name";
	cli_error(cli, &err);
}

static void control_bytes_never_reach_the_terminal(void **state)
{
	struct cli cli = {.tool = &tool, .color = "never"};
	char out[1024];

	(void)state;
	(void)captured(&cli, hostile_error, out, sizeof(out));
	assert_string_equal(out, "pkg-test: a\\x0ab.yaml:3:7: error: bad name "
				 "'x\\x1b[2J\\xff' [bad-name]\n"
				 "pkg-test: hint: rename it\n");
}

static void errors_as_json_are_one_sorted_utf8_line(void **state)
{
	struct cli cli = {.tool = &tool, .color = "never", .json = true};
	char out[1024];

	(void)state;
	(void)captured(&cli, hostile_error, out, sizeof(out));
	assert_string_equal(
	    out,
	    "{\"code\":3,\"col\":7,\"file\":\"a\\nb.yaml\","
	    "\"hint\":\"rename it\",\"line\":3,\"reason\":\"bad-name\","
	    "\"severity\":\"error\",\"text\":\"bad name 'x\\\\x1b[2J\\\\xff'\","
	    "\"tool\":\"pkg-test\",\"type\":\"message\"}\n");
}

static void note(struct cli *cli)
{
	cli_note(cli, "%s", "done");
}

static void quiet_hides_notes_only(void **state)
{
	struct cli cli = {.tool = &tool, .color = "never"};
	char out[1024];

	(void)state;
	(void)captured(&cli, note, out, sizeof(out));
	assert_string_equal(out, "pkg-test: done\n");
	cli.quiet = true;
	assert_int_equal(captured(&cli, note, out, sizeof(out)), 0);
	assert_true(captured(&cli, hostile_error, out, sizeof(out)) > 0);
}

static void findings_as_text_and_as_records(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 4096};
	const struct pkg_finding finding = {.severity = PKG_SEVERITY_WARNING,
					    .rule = "odd-name",
					    .file = "m.yaml",
					    .line = 2,
					    .col = 5,
					    .text = "name\tis odd",
					    .hint = "use a-z"};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;

	(void)state;
	pkg_sink_buf_init(&sink, &buf);
	assert_int_equal(cli_finding_text(&sink.sink, &finding, &err), PKG_OK);
	assert_string_equal(pkg_buf_str(&buf),
			    "m.yaml:2:5: warning: name\\x09is odd [odd-name]\n"
			    "\thint: use a-z\n");
	pkg_buf_clear(&buf);
	assert_int_equal(cli_finding_record(&sink.sink, &finding, &err),
			 PKG_OK);
	assert_string_equal(
	    pkg_buf_str(&buf),
	    "{\"col\":5,\"file\":\"m.yaml\",\"hint\":\"use a-z\",\"line\":2,"
	    "\"rule\":\"odd-name\",\"severity\":\"warning\","
	    "\"text\":\"name\\tis odd\",\"type\":\"finding\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_operands),
	    cmocka_unit_test(every_form_of_an_argument),
	    cmocka_unit_test(an_argument_may_look_like_an_option),
	    cmocka_unit_test(options_may_follow_operands),
	    cmocka_unit_test(a_verb_ends_the_common_options),
	    cmocka_unit_test(lists_keep_their_order),
	    cmocka_unit_test(numbers_are_decimal_and_within_their_range),
	    cmocka_unit_test(choices_are_checked),
	    cmocka_unit_test(usage_errors_say_what_and_how_to_mend_it),
	    cmocka_unit_test(flags_may_be_given_twice),
	    cmocka_unit_test(control_bytes_never_reach_the_terminal),
	    cmocka_unit_test(errors_as_json_are_one_sorted_utf8_line),
	    cmocka_unit_test(quiet_hides_notes_only),
	    cmocka_unit_test(findings_as_text_and_as_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
