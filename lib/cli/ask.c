/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

/* The terminal is told apart from standard error: a log may be that. */
bool cli_tty_open(struct cli_tty *tty, struct cli *cli)
{
	tty->cli = cli;
	tty->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty->fd < 0)
		return false;
	pkg_sink_fd_init(&tty->out, tty->fd, "the terminal");
	return true;
}

void cli_tty_fini(struct cli_tty *tty)
{
	if (tty->cli != NULL && tty->fd >= 0)
		(void)close(tty->fd);
	tty->cli = NULL;
}

enum pkg_code cli_tty_ask(struct cli_tty *tty, struct pkg_buf *answer,
			  const char *prompt, struct pkg_err *err)
{
	cli_progress_clear(tty->cli);
	/* What was typed before the question is no answer to it. */
	(void)tcflush(tty->fd, TCIFLUSH);
	PKG_TRY(pkg_sink_puts(&tty->out.sink, prompt, err));
	for (;;) {
		char c;
		const ssize_t n = read(tty->fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_fail_os(err, errno,
					   "cannot read the terminal");
		if (n == 0 || c == '\n')
			return PKG_OK;
		PKG_TRY(pkg_buf_add(answer, &c, 1, err));
	}
}

bool cli_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	/* POSIX: the first that is set and not empty decides. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value == NULL || value[0] == '\0')
			continue;
		return strcasestr(value, ".utf-8") != NULL ||
		       strcasestr(value, ".utf8") != NULL;
	}
	return false;
}
