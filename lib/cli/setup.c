/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include "packline/outfile.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * A tool started with a standard descriptor closed would give its number to
 * the next file it opens and then write messages into that file.  The
 * replacement is opened the wrong way round, so that using it is an error and
 * not a silent success.
 */
static enum pkg_code fill_standard_fds(struct pkg_err *err)
{
	for (int fd = 0; fd <= 2; fd++) {
		const int flags = fd == 0 ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			continue;
		/* Lower ones are open: open() answers with the lowest free. */
		if (open("/dev/null", flags) != fd) /* NOLINT: not CLOEXEC */
			return pkg_fail_os(err, errno, "cannot open /dev/null");
	}
	return PKG_OK;
}

static int64_t system_now(const struct pkg_env *env)
{
	(void)env;
	return (int64_t)time(NULL);
}

static enum pkg_code read_source_date(struct pkg_env *env, struct pkg_err *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char out[21];
	int64_t value = 0;
	size_t len;

	if (text == NULL || text[0] == '\0')
		return PKG_OK;
	len = strspn(text, "0123456789");
	if (text[len] == '\0' && len <= 12) {
		value = strtoll(text, NULL, 10);
		env->has_source_date = pkg_time_format(out, value);
	}
	if (!env->has_source_date) {
		(void)pkg_fail(err, PKG_USAGE,
			       "SOURCE_DATE_EPOCH is '%s', not a time", text);
		return pkg_hint(err, "give seconds since 1970-01-01 UTC, or "
				     "unset the variable");
	}
	env->source_date = value;
	return PKG_OK;
}

static void on_deadly_signal(int number)
{
	pkg_outputs_abandon();
	/* SA_RESETHAND: now it has its default action, when we return. */
	(void)raise(number);
}

/* Leave nothing behind when interrupted; what is ignored stays ignored. */
static void catch_deadly_signals(void)
{
	static const int deadly[] = {SIGHUP, SIGINT, SIGTERM};
	const struct sigaction ours = {.sa_handler = on_deadly_signal,
				       .sa_flags = (int)SA_RESETHAND};

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		struct sigaction before;

		if (sigaction(deadly[i], NULL, &before) == 0 &&
		    before.sa_handler == SIG_DFL)
			(void)sigaction(deadly[i], &ours, NULL);
	}
}

enum pkg_code cli_start(struct cli *cli, int argc, char **argv,
			struct pkg_err *err)
{
	cli->argc = argc > 0 ? argc - 1 : 0;
	cli->argv = argc > 0 ? argv + 1 : argv;
	cli->dirfd = AT_FDCWD;
	cli->color = "auto";
	cli->env.now = system_now;
	pkg_sink_fd_init(&cli->out_fd, STDOUT_FILENO, "standard output");
	pkg_sink_gather_init(&cli->out, &cli->out_fd.sink);
	/* An error before --json is reached is to be told as JSON too. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
	PKG_TRY(fill_standard_fds(err));
	/* A reader that went away is an error of ours (EPIPE), not a death. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file size limit: EFBIG */
	catch_deadly_signals();
	return PKG_OK;
}

enum pkg_code cli_prepare(struct cli *cli, struct pkg_err *err)
{
	PKG_TRY(read_source_date(&cli->env, err));
	if (cli->dir == NULL)
		return PKG_OK;
	cli->dirfd = open(cli->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cli->dirfd < 0) {
		cli->dirfd = AT_FDCWD;
		return pkg_fail_os(err, errno, "cannot enter the folder '%s'",
				   cli->dir);
	}
	return PKG_OK;
}

enum pkg_code cli_close_stdout(struct cli *cli, struct pkg_err *err)
{
	if (pkg_sink_finish(&cli->out.sink, err) != PKG_OK) {
		if (cli->out_err.code != PKG_OK)
			*err = cli->out_err;
		return err->code;
	}
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		return pkg_fail_os(err, errno, "cannot write standard output");
	return PKG_OK;
}

void cli_finish(struct cli *cli)
{
	if (cli->dirfd >= 0)
		(void)close(cli->dirfd);
}

void cli_print(struct cli *cli, const char *fmt, ...)
{
	struct pkg_err err = PKG_ERR_INIT;
	char text[CLI_PRINT];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (pkg_sink_puts(&cli->out.sink, text, &err) != PKG_OK &&
	    cli->out_err.code == PKG_OK)
		cli->out_err = err;
}

enum pkg_code cli_no(struct pkg_err *err)
{
	return pkg_fail(err, PKG_NO, "%s", "");
}

const char *cli_tool_name(const struct cli *cli)
{
	return cli->tool->name;
}

int cli_dirfd(const struct cli *cli)
{
	return cli->dirfd;
}

const char *cli_output(const struct cli *cli)
{
	return cli->output;
}

bool cli_force(const struct cli *cli)
{
	return cli->force;
}

bool cli_json(const struct cli *cli)
{
	return cli->json;
}

bool cli_color(const struct cli *cli)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (strcmp(cli->color, "auto") != 0)
		return strcmp(cli->color, "always") == 0;
	return (none == NULL || none[0] == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO) == 1;
}

struct pkg_env *cli_env(struct cli *cli)
{
	return &cli->env;
}

struct pkg_sink *cli_stdout(struct cli *cli)
{
	return &cli->out.sink;
}
