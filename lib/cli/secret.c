/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/*
 * Read one line, a byte at a time: what follows it on a pipe belongs to
 * whoever reads next (a second secret, or the payload).
 */
static enum pkg_code read_line(struct pkg_buf *out, int fd, const char *what,
			       struct pkg_err *err)
{
	for (;;) {
		char c;
		const ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_fail(err, PKG_KEY, "cannot read %s: %s",
					what, strerror(errno));
		if (n == 0 || c == '\n')
			return PKG_OK;
		if (c == '\0')
			return pkg_fail(err, PKG_KEY, "%s holds a NUL byte",
					what);
		PKG_TRY(pkg_buf_add(out, &c, 1, err));
	}
}

static enum pkg_code from_file(struct cli *cli, struct pkg_buf *out,
			       const char *path, struct pkg_err *err)
{
	enum pkg_code code;
	int fd = -1;

	PKG_TRY(pkg_path_open_private(&fd, cli_dirfd(cli), path, err));
	code = read_line(out, fd, path, err);
	(void)close(fd);
	return code;
}

static enum pkg_code from_fd(struct pkg_buf *out, const char *number,
			     struct pkg_err *err)
{
	const size_t len = strlen(number);

	if (len == 0 || len > 4 || strspn(number, "0123456789") != len)
		return pkg_fail(err, PKG_USAGE,
				"'fd:%s' does not name a descriptor", number);
	return read_line(out, (int)strtol(number, NULL, 10),
			 "the secret's descriptor", err);
}

static enum pkg_code from_env(struct pkg_buf *out, const char *name,
			      struct pkg_err *err)
{
	const char *value = getenv(name);

	if (value == NULL) {
		(void)pkg_fail(err, PKG_KEY,
			       "the variable '%s' of the environment is "
			       "not set",
			       name);
		return pkg_hint(err, "export it, or name a file that only you "
				     "can read: file:PATH");
	}
	return pkg_buf_puts(out, value, err);
}

/*
 * The terminal must get its echo back whatever happens.  Signals that would
 * end or stop us are held back while the echo is off and seen through a
 * descriptor; the default action is then taken with the echo on again.
 */
struct quiet_tty {
	int tty, signals;
	struct termios before;
	sigset_t mask;
};

static void echo_on(const struct quiet_tty *q)
{
	(void)tcsetattr(q->tty, TCSAFLUSH, &q->before);
	(void)sigprocmask(SIG_SETMASK, &q->mask, NULL);
}

static enum pkg_code echo_off(struct quiet_tty *q, struct pkg_err *err)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct termios silent;
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)sigaddset(&set, held[i]);
	if (sigprocmask(SIG_BLOCK, &set, &q->mask) != 0)
		return pkg_fail_os(err, errno, "cannot hold signals back");
	if (q->signals < 0)
		q->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (q->signals < 0 || tcgetattr(q->tty, &q->before) != 0) {
		(void)sigprocmask(SIG_SETMASK, &q->mask, NULL);
		return pkg_fail_os(err, errno, "cannot set up the terminal");
	}
	silent = q->before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(q->tty, TCSAFLUSH, &silent) != 0) {
		echo_on(q);
		return pkg_fail(err, PKG_KEY,
				"cannot turn the terminal's echo off");
	}
	return PKG_OK;
}

/* Sets *again if a signal came instead of a line, and we have survived it. */
static enum pkg_code ask_once(struct quiet_tty *q, struct pkg_buf *out,
			      const char *prompt, bool *again,
			      struct pkg_err *err)
{
	struct pollfd wait[2] = {{.fd = q->tty, .events = POLLIN},
				 {.events = POLLIN}};
	enum pkg_code code = PKG_OK;

	*again = false;
	PKG_TRY(echo_off(q, err));
	wait[1].fd = q->signals;
	if (write(q->tty, prompt, strlen(prompt)) < 0 ||
	    (poll(wait, 2, -1) < 0 && errno != EINTR))
		code = pkg_fail_os(err, errno, "cannot ask on the terminal");
	else if ((wait[0].revents & POLLIN) == 0)
		*again = true;
	else
		code = read_line(out, q->tty, "the terminal", err);
	if (write(q->tty, "\n", 1) < 0 && code == PKG_OK)
		code = pkg_fail_os(err, errno, "cannot ask on the terminal");
	echo_on(q);
	return code;
}

static enum pkg_code from_tty(struct pkg_buf *out,
			      const struct cli_secret_kind *kind,
			      const char *prompt, struct pkg_err *err)
{
	struct quiet_tty q = {.signals = -1};
	enum pkg_code code;
	bool again = true;

	q.tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (q.tty < 0) {
		(void)pkg_fail(err, PKG_KEY,
			       "%s is needed, and there is no terminal to "
			       "ask on",
			       kind->noun);
		return pkg_hint(err,
				"name a file that only you can read: %s "
				"file:PATH",
				kind->option);
	}
	do
		code = ask_once(&q, out, prompt, &again, err);
	while (code == PKG_OK && again);
	if (q.signals >= 0)
		(void)close(q.signals);
	(void)close(q.tty);
	return code;
}

enum pkg_code cli_secret(struct cli *cli, struct pkg_buf *out, const char *spec,
			 const char *prompt, struct pkg_err *err)
{
	static const struct cli_secret_kind kind = {"a passphrase",
						    "--passphrase"};

	return cli_secret_of(cli, out, &kind, spec, prompt, err);
}

enum pkg_code cli_secret_of(struct cli *cli, struct pkg_buf *out,
			    const struct cli_secret_kind *kind,
			    const char *spec, const char *prompt,
			    struct pkg_err *err)
{
	pkg_buf_clear(out);
	if (spec == NULL) {
		cli_progress_clear(cli);
		return from_tty(out, kind, prompt, err);
	}
	if (strncmp(spec, "file:", 5) == 0)
		return from_file(cli, out, spec + 5, err);
	if (strncmp(spec, "fd:", 3) == 0)
		return from_fd(out, spec + 3, err);
	if (strncmp(spec, "env:", 4) == 0)
		return from_env(out, spec + 4, err);
	/* The text itself is not repeated: it may well be the secret. */
	(void)pkg_fail(err, PKG_USAGE, "a secret is never given as it is");
	return pkg_hint(err, "say where it is: file:PATH, fd:NUMBER or "
			     "env:NAME");
}
