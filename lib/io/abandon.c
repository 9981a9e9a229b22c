/* SPDX-License-Identifier: Apache-2.0 */
#include "io/temp.h"

#include "packline/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/*
 * The only state of the library that changes behind its callers' back: a
 * signal handler can reach nothing but statics.  A slot is claimed, filled
 * and armed, in this order; names that find no free slot are still removed on
 * every way out but death by signal.
 */
enum { FREE, CLAIMED, ARMED };

static struct slot {
	atomic_int state;
	int dir;
	char name[TEMP_NAME];
} slots[16];

enum { SLOTS = sizeof(slots) / sizeof(slots[0]) };

void pkg_temp_arm(int dir, const char *name)
{
	for (size_t i = 0; i < SLOTS; i++) {
		int want = FREE;

		if (!atomic_compare_exchange_strong(&slots[i].state, &want,
						    CLAIMED))
			continue;
		slots[i].dir = dir;
		memcpy(slots[i].name, name, strlen(name) + 1);
		atomic_store(&slots[i].state, ARMED);
		return;
	}
}

void pkg_temp_disarm(const char *name)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (atomic_load(&slots[i].state) == ARMED &&
		    strcmp(slots[i].name, name) == 0)
			atomic_store(&slots[i].state, FREE);
}

/* Remove one round of the plain files of a folder; true if any went. */
static bool remove_some(int fd)
{
	_Alignas(struct dirent64) char list[2048];
	bool any = false;
	ssize_t len;

	(void)lseek(fd, 0, SEEK_SET);
	while ((len = getdents64(fd, list, sizeof(list))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *e = (void *)(list + at);

			if (unlinkat(fd, e->d_name, 0) == 0)
				any = true;
			at += e->d_reclen;
		}
	}
	return any;
}

static void remove_folder(int dir, const char *name)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	while (remove_some(fd))
		;
	(void)close(fd);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

void pkg_temp_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) != 0)
		remove_folder(dir, name);
}

void pkg_outputs_abandon(void)
{
	const int before = errno;

	for (size_t i = 0; i < SLOTS; i++) {
		if (atomic_load(&slots[i].state) != ARMED)
			continue;
		pkg_temp_remove(slots[i].dir, slots[i].name);
	}
	errno = before;
}
