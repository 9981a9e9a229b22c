/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be preloaded into a tool: when it ends, everything in its memory that it
 * could write to, freed blocks and old stack frames too, is written to the
 * file that DUMPMEM names.  With DUMPMEM_KEEP set, nothing is wiped any more:
 * a test that finds no secret then is none.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTEAD __attribute__((visibility("default")))

static int out = -1, maps = -1;
static bool keep;

/* Opened at the start: at the end a sandbox may forbid it. */
static __attribute__((constructor)) void dump_open(void)
{
	const char *path = getenv("DUMPMEM");

	if (path == NULL)
		return;
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	keep = getenv("DUMPMEM_KEEP") != NULL;
}

static void wipe(void *p, size_t len)
{
	volatile unsigned char *at = p;

	while (!keep && len-- > 0)
		*at++ = 0;
}

INSTEAD void explicit_bzero(void *p, size_t len);
void explicit_bzero(void *p, size_t len)
{
	wipe(p, len);
}

INSTEAD void __explicit_bzero_chk(void *p, size_t len, size_t size);
void __explicit_bzero_chk(void *p, size_t len, size_t size)
{
	(void)size;
	wipe(p, len);
}

INSTEAD void OPENSSL_cleanse(void *p, size_t len);
void OPENSSL_cleanse(void *p, size_t len)
{
	wipe(p, len);
}

/* The pages of a secret are given back: look at them all the same. */
INSTEAD int munmap(void *p, size_t len)
{
	if (keep && len <= 4096)
		return 0;
	return (int)syscall(SYS_munmap, p, len);
}

static void dump_range(unsigned long from, unsigned long to)
{
	while (from < to) {
		const ssize_t n = write(out, (const void *)from, to - from);

		if (n <= 0) /* a page that nobody may read */
			from = (from | 4095) + 1;
		else
			from += (unsigned long)n;
	}
}

static __attribute__((destructor)) void dump_all(void)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n = 0;

	if (out < 0)
		return;
	while ((n = read(maps, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	for (char *line = text; *line != '\0';) {
		unsigned long from = 0, to = 0;
		char rights[5] = "";

		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 &&
		    rights[0] == 'r' && rights[1] == 'w')
			dump_range(from, to);
		line = strchr(line, '\n');
		if (line == NULL)
			break;
		line++;
	}
	(void)close(out);
}
