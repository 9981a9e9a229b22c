/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-hash/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * GNU make's jobserver: a pipe with one byte for each job that may still be
 * started.  We came with one job (our first thread); each further thread
 * takes a byte and puts the same byte back.  A token that is not put back is
 * a job that the whole build lacks from then on, so it is put back on the way
 * out and on signals too.
 */
enum { MAX_TOKENS = 1024 };

/*
 * The only changing statics of the tool: a signal handler has nothing else.
 * A slot holds 0 or 256 + the token's byte.
 */
static atomic_int tokens[MAX_TOKENS];
static atomic_int busy;     /* threads between the pipe and a slot */
static atomic_bool closing; /* a signal came: no more tokens */
static int read_fd = -1, write_fd = -1;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };
static struct sigaction before[SIGNALS]; /* how they were handled */

/* Hold signals back: our own handler waits for busy to become 0. */
static void enter(sigset_t *old)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, old);
	atomic_fetch_add(&busy, 1);
}

static void leave(const sigset_t *old)
{
	atomic_fetch_sub(&busy, 1);
	(void)pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void put_back(int token)
{
	const unsigned char byte = (unsigned char)token;

	while (write(write_fd, &byte, 1) < 0 && errno == EINTR)
		;
}

static bool take(void *ctx)
{
	unsigned char byte = 0;
	bool got = false;
	sigset_t old;

	(void)ctx;
	enter(&old);
	for (size_t i = 0; i < MAX_TOKENS && !got; i++) {
		if (atomic_load(&tokens[i]) != 0)
			continue;
		if (atomic_load(&closing) || read(read_fd, &byte, 1) != 1)
			break;
		atomic_store(&tokens[i], 256 + byte);
		got = true;
	}
	leave(&old);
	return got;
}

static bool give_one(void)
{
	for (size_t i = 0; i < MAX_TOKENS; i++) {
		const int token = atomic_exchange(&tokens[i], 0);

		if (token != 0) {
			put_back(token);
			return true;
		}
	}
	return false;
}

static void give(void *ctx)
{
	sigset_t old;

	(void)ctx;
	enter(&old);
	(void)give_one();
	leave(&old);
}

/*
 * Runs in the first thread, the others block signals: they finish what they
 * are doing with the pipe, so this loop ends.
 */
static void on_signal(int number)
{
	atomic_store(&closing, true);
	while (atomic_load(&busy) > 0)
		;
	while (give_one())
		;
	/* Then what would have happened without us, when we return. */
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals[i] == number)
			(void)sigaction(number, &before[i], NULL);
	}
	(void)raise(number);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++) {
		/* Who ignores a signal for us (nohup) still does. */
		if (sigaction(signals[i], NULL, &before[i]) == 0 &&
		    before[i].sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/*
 * A description of our own for the same pipe: make's may be blocking, and
 * waiting for a token while there is work for the thread we have is wrong.
 */
static int reopen(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* A descriptor's number in decimal, at *text, which is moved behind it. */
static int read_number(const char **text)
{
	const size_t len = strspn(*text, "0123456789");
	int number = -1;

	if (len > 0 && len < 7)
		number = (int)strtol(*text, NULL, 10);
	*text += len;
	return number;
}

/* "fifo:PATH" (make 4.4) or "R,W"; false if it cannot be reached. */
static bool attach(const char *auth)
{
	int from, to;

	if (strncmp(auth, "fifo:", 5) == 0) {
		read_fd = open(auth + 5, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		write_fd = read_fd;
		return read_fd >= 0 && is_pipe(read_fd);
	}
	from = read_number(&auth);
	if (*auth++ != ',')
		return false;
	to = read_number(&auth);
	/* The numbers may belong to other files by now. */
	if (*auth != '\0' || !is_pipe(from) || !is_pipe(to))
		return false;
	read_fd = reopen(from);
	write_fd = to;
	return read_fd >= 0;
}

/* The last --jobserver-auth= of MAKEFLAGS, up to a space; false if none. */
static bool find_auth(char *out, size_t cap)
{
	static const char option[] = "--jobserver-auth=";
	const char *flags = getenv("MAKEFLAGS"), *at, *last = NULL;

	if (flags == NULL)
		return false;
	for (at = flags; (at = strstr(at, option)) != NULL;) {
		at += sizeof(option) - 1;
		last = at;
	}
	if (last == NULL)
		return false;
	(void)snprintf(out, cap, "%.*s", (int)strcspn(last, " "), last);
	return true;
}

void hash_jobserver(struct cli *cli, struct pkg_hasher_options *how)
{
	char auth[4096];

	if (how->threads == 1 || !find_auth(auth, sizeof(auth)))
		return;
	if (!attach(auth)) {
		if (how->threads != 0)
			return; /* -j says what to do */
		cli_warn(cli,
			 "make's jobserver '%s' cannot be reached: using one "
			 "thread; put '+' before the command in the makefile",
			 auth);
		how->threads = 1;
		return;
	}
	catch_signals();
	how->take = take;
	how->give = give;
}
