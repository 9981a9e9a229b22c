/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD shim: the PKG_FAIL_ALLOC-th allocation of a process fails, in
 * whatever library it is made; 0 or nothing = none.  At exit the number of
 * allocations is written to the file PKG_FAIL_COUNT.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own names for its functions; no header declares them. */
void *__libc_malloc(size_t size);                     /* NOLINT */
void *__libc_calloc(size_t n, size_t size);           /* NOLINT */
void *__libc_realloc(void *p, size_t size);           /* NOLINT */
void *__libc_memalign(size_t alignment, size_t size); /* NOLINT */

static atomic_ulong count;

static unsigned long limit(void)
{
	static atomic_ulong cached;
	static atomic_bool known;
	const char *text;

	if (!atomic_load(&known)) {
		text = getenv("PKG_FAIL_ALLOC");
		atomic_store(&cached,
			     text != NULL ? strtoul(text, NULL, 10) : 0);
		atomic_store(&known, true);
	}
	return atomic_load(&cached);
}

static bool must_fail(void)
{
	if (atomic_fetch_add(&count, 1) + 1 != limit())
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

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("PKG_FAIL_COUNT");
	char text[32];
	int fd, len;

	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	len = snprintf(text, sizeof(text), "%lu\n", atomic_load(&count));
	if (write(fd, text, (size_t)len) != len)
		(void)unlink(path);
	(void)close(fd);
}
