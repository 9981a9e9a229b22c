/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const struct cli_tool tool = {.name = "pkg-test"};

struct world {
	struct cli cli;
	struct pkg_buf secret;
	struct pkg_err err;
	char folder[32];
};

static int set_up(void **state)
{
	static struct world world;

	world = (struct world){.cli = {.tool = &tool, .color = "never"},
			       .secret = {.max = 64, .secret = true},
			       .folder = "/tmp/packline-XXXXXX"};
	if (mkdtemp(world.folder) == NULL)
		return -1;
	world.cli.dirfd = open(world.folder, O_PATH | O_CLOEXEC);
	*state = &world;
	return world.cli.dirfd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	pkg_buf_fini(&w->secret);
	(void)unlinkat(w->cli.dirfd, "secret", 0);
	(void)close(w->cli.dirfd);
	return rmdir(w->folder);
}

static enum pkg_code ask(struct world *w, const char *spec)
{
	return cli_secret(&w->cli, &w->secret, spec, "passphrase: ", &w->err);
}

static void write_file(const struct world *w, const char *text, mode_t mode)
{
	int fd = openat(w->cli.dirfd, "secret",
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void first_line_of_a_private_file(void **state)
{
	struct world *w = *state;

	write_file(w, "correct horse\nnot this\n", 0600);
	assert_int_equal(ask(w, "file:secret"), PKG_OK);
	assert_string_equal(pkg_buf_str(&w->secret), "correct horse");
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	struct world *w = *state;

	write_file(w, "correct horse\n", 0644);
	assert_int_equal(ask(w, "file:secret"), PKG_KEY);
	assert_non_null(strstr(w->err.hint, "chmod 600"));
}

static void two_secrets_from_one_descriptor(void **state)
{
	struct world *w = *state;
	char spec[16];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "one\ntwo", 7), 7);
	assert_int_equal(close(fds[1]), 0);
	(void)snprintf(spec, sizeof(spec), "fd:%d", fds[0]);
	assert_int_equal(ask(w, spec), PKG_OK);
	assert_string_equal(pkg_buf_str(&w->secret), "one");
	assert_int_equal(ask(w, spec), PKG_OK);
	assert_string_equal(pkg_buf_str(&w->secret), "two");
	(void)close(fds[0]);
}

static void a_variable_of_the_environment(void **state)
{
	struct world *w = *state;

	assert_int_equal(setenv("PKG_TEST_SECRET", "staple", 1), 0);
	assert_int_equal(ask(w, "env:PKG_TEST_SECRET"), PKG_OK);
	assert_string_equal(pkg_buf_str(&w->secret), "staple");
	assert_int_equal(unsetenv("PKG_TEST_SECRET"), 0);
	assert_int_equal(ask(w, "env:PKG_TEST_SECRET"), PKG_KEY);
}

static void a_secret_itself_is_refused_and_not_repeated(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "hunter2"), PKG_USAGE);
	assert_null(strstr(w->err.text, "hunter2"));
	assert_int_equal(ask(w, "fd:x"), PKG_USAGE);
	assert_int_equal(ask(w, "fd:"), PKG_USAGE);
}

static void longer_than_its_maximum(void **state)
{
	struct world *w = *state;
	char text[66];

	memset(text, 'x', 65);
	text[65] = '\0';
	write_file(w, text, 0600);
	assert_int_equal(ask(w, "file:secret"), PKG_INPUT);
}

/* -- a terminal: the child asks, the parent is the user -- */

struct user {
	pid_t child;
	int terminal, answer;
};

static struct user start_child(struct world *w)
{
	struct user user;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	user.child = forkpty(&user.terminal, NULL, NULL, NULL);
	assert_true(user.child >= 0);
	if (user.child == 0) {
		enum pkg_code code = ask(w, NULL);

		if (write(fds[1], pkg_buf_str(&w->secret), w->secret.len) < 0)
			code = PKG_SYSTEM;
		pkg_buf_fini(&w->secret);
		_exit((int)code);
	}
	(void)close(fds[1]);
	user.answer = fds[0];
	return user;
}

/* Everything the terminal shows up to @text. */
static void wait_for(const struct user *user, const char *text)
{
	char seen[256] = "";
	size_t len = 0;

	while (strstr(seen, text) == NULL) {
		assert_true(len + 1 < sizeof(seen));
		assert_int_equal(read(user->terminal, seen + len, 1), 1);
		len++;
	}
	/* nothing but what is waited for: no echo of the secret */
	assert_string_equal(seen, text);
}

static void type(const struct user *user, const char *text)
{
	assert_int_equal(write(user->terminal, text, strlen(text)),
			 strlen(text));
}

static bool echoes(const struct user *user)
{
	struct termios state;

	assert_int_equal(tcgetattr(user->terminal, &state), 0);
	return (state.c_lflag & ECHO) != 0;
}

static void typed_without_echo(void **state)
{
	struct user user = start_child(*state);
	char got[16] = "";
	int status;

	wait_for(&user, "passphrase: ");
	assert_false(echoes(&user));
	type(&user, "horse\n");
	wait_for(&user, "\r\n");
	assert_int_equal(waitpid(user.child, &status, 0), user.child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PKG_OK);
	assert_int_equal(read(user.answer, got, sizeof(got) - 1), 5);
	assert_string_equal(got, "horse");
	(void)close(user.terminal);
	(void)close(user.answer);
}

static void interrupted_the_echo_is_back(void **state)
{
	struct user user = start_child(*state);
	int status;

	wait_for(&user, "passphrase: ");
	type(&user, "\003"); /* ^C */
	wait_for(&user, "\r\n");
	assert_int_equal(waitpid(user.child, &status, 0), user.child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(echoes(&user));
	(void)close(user.terminal);
	(void)close(user.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_line_of_a_private_file),
	    cmocka_unit_test(a_file_that_others_can_read_is_refused),
	    cmocka_unit_test(two_secrets_from_one_descriptor),
	    cmocka_unit_test(a_variable_of_the_environment),
	    cmocka_unit_test(a_secret_itself_is_refused_and_not_repeated),
	    cmocka_unit_test(longer_than_its_maximum),
	    cmocka_unit_test(typed_without_echo),
	    cmocka_unit_test(interrupted_the_echo_is_back),
	};

	(void)alarm(600); /* a terminal that says nothing must not block */
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
