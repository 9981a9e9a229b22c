/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD shim: the PKG_FAIL_ALLOC-th allocation of a process fails, in
 * whatever library it is made; 0 or nothing = none.  With PKG_FAIL_LIST=FILE
 * the numbers of all allocations that are reached by another chain of calls
 * than those before are written to FILE, one a line.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	DEPTH = 8,     /* calls of a chain that are looked at */
	SEEN = 1 << 16 /* chains remembered; a power of two */
};

/* glibc's own names for its functions; no header declares them. */
void *__libc_malloc(size_t size);                     /* NOLINT */
void *__libc_calloc(size_t n, size_t size);           /* NOLINT */
void *__libc_realloc(void *p, size_t size);           /* NOLINT */
void *__libc_memalign(size_t alignment, size_t size); /* NOLINT */

static struct {
	bool ready;
	unsigned long fail;
	int list; /* -1: none */
} setting = {.list = -1};
static atomic_ulong count;
static uint64_t seen[SEEN];
static _Thread_local bool inside; /* backtrace() may allocate */

__attribute__((constructor)) static void start(void)
{
	const char *fail = getenv("PKG_FAIL_ALLOC");
	const char *list = getenv("PKG_FAIL_LIST");

	setting.fail = fail != NULL ? strtoul(fail, NULL, 10) : 0;
	if (list != NULL) {
		void *frames[DEPTH];

		(void)backtrace(frames, DEPTH); /* loads what it needs */
		setting.list =
		    open(list, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	setting.ready = true;
}

/* True if no allocation before came from this chain of calls. */
static bool is_new_chain(void)
{
	void *frames[DEPTH + 3];
	const int n = backtrace(frames, DEPTH + 3);
	uint64_t hash = 0xcbf29ce484222325u;

	for (int i = 3; i < n; i++) /* not: ours */
		hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 0x100000001b3u;
	for (size_t i = hash % SEEN;; i = (i + 1) % SEEN) {
		if (seen[i] == hash)
			return false;
		if (seen[i] == 0) {
			seen[i] = hash;
			return true;
		}
	}
}

static void note(unsigned long number)
{
	char text[32];
	int len;

	inside = true;
	if (is_new_chain()) {
		len = snprintf(text, sizeof(text), "%lu\n", number);
		if (write(setting.list, text, (size_t)len) != len)
			setting.list = -1;
	}
	inside = false;
}

static bool must_fail(void)
{
	unsigned long number;

	if (!setting.ready || inside)
		return false;
	number = atomic_fetch_add(&count, 1) + 1;
	if (setting.list >= 0)
		note(number);
	if (number != setting.fail)
		return false;
	errno = ENOMEM;
	return true;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return must_fail() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t size)
{
	return must_fail() ? NULL : __libc_realloc(p, size);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment,
							   size_t size)
{
	return must_fail() ? NULL : __libc_memalign(alignment, size);
}

__attribute__((visibility("default"))) int
posix_memalign(void **out, size_t alignment, size_t size)
{
	void *p = must_fail() ? NULL : __libc_memalign(alignment, size);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}
