/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/outdir.h"
#include "packline/outfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALE_FILE   ".packline-00112233445566aa.tmp"
#define STALE_FOLDER ".packline-0011223344556677.tmp"

/* Each test runs in an empty folder of its own, which is then removed. */
struct room {
	char path[64];
	int fd;
};

static int enter(void **state)
{
	static struct room room;

	(void)snprintf(room.path, sizeof(room.path),
		       "/tmp/packline-sweep-XXXXXX");
	if (mkdtemp(room.path) == NULL)
		return -1;
	room.fd = open(room.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &room;
	return room.fd < 0 ? -1 : 0;
}

static int leave(void **state)
{
	const struct room *room = *state;
	char command[128];

	/* Its descriptor stays open: the next room shall get another inode,
	   for a folder is not swept twice. */
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", room->path);
	return system(command);
}

static void make_file(const struct room *room, const char *name)
{
	const int fd = openat(room->fd, name, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void make_folder(const struct room *room, const char *name)
{
	char inside[128];

	(void)snprintf(inside, sizeof(inside), "%s/file", name);
	assert_return_code(mkdirat(room->fd, name, 0700), 0);
	make_file(room, inside);
}

static bool is_there(const struct room *room, const char *name)
{
	return faccessat(room->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void write_something(const struct room *room)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	assert_ok(pkg_outfile_open(&file, room->fd, "new", NULL, &err));
	assert_ok(pkg_outfile_commit(file, UINT64_MAX, &err));
}

static void what_nobody_holds_is_swept(void **state)
{
	const struct room *room = *state;

	make_file(room, STALE_FILE);
	make_folder(room, STALE_FOLDER);
	write_something(room);
	assert_true(is_there(room, "new"));
	assert_false(is_there(room, STALE_FILE));
	assert_false(is_there(room, STALE_FOLDER));
}

static void what_is_held_stays(void **state)
{
	const struct room *room = *state;
	int file, folder;

	make_file(room, STALE_FILE);
	make_folder(room, STALE_FOLDER);
	file = openat(room->fd, STALE_FILE, O_RDONLY);
	folder = openat(room->fd, STALE_FOLDER, O_RDONLY);
	assert_return_code(flock(file, LOCK_EX), 0);
	assert_return_code(flock(folder, LOCK_EX), 0);
	write_something(room);
	assert_true(is_there(room, STALE_FILE));
	assert_true(is_there(room, STALE_FOLDER "/file"));
	(void)close(file);
	(void)close(folder);
}

/* The folder of an unfinished output is held while it is worked on. */
static void an_unfinished_folder_is_held(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	int again, fd;

	assert_ok(pkg_outdir_open(&dir, room->fd, "out", false, &err));
	assert_ok(pkg_outdir_create(dir, "inside", 0600, &fd, &err));
	again = openat(pkg_outdir_fd(dir), ".", O_RDONLY | O_DIRECTORY);
	assert_true(again >= 0);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
	(void)close(again);
	assert_ok(pkg_outdir_close_file(dir, fd, &err));
	assert_ok(pkg_outdir_commit(dir, &err));
	assert_true(is_there(room, "out/inside"));
}

static void other_names_stay(void **state)
{
	static const char *const names[] = {
	    ".packline-00112233445566a.tmp",  ".packline-00112233445566aaa.tmp",
	    ".packline-00112233445566AA.tmp", ".packline-00112233445566aa.tmp~",
	    "packline-00112233445566aa.tmp",  ".packline-",
	};
	const struct room *room = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make_file(room, names[i]);
	assert_return_code(symlinkat("new", room->fd, STALE_FILE), 0);
	assert_return_code(mkfifoat(room->fd, STALE_FOLDER, 0600), 0);
	write_something(room);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(is_there(room, names[i]));
	assert_true(is_there(room, STALE_FILE));
	assert_true(is_there(room, STALE_FOLDER));
}

/* Killed between the two renames of a replacement: the old one is back. */
static void a_folder_that_stepped_aside_comes_back(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_outdir *dir = NULL;

	make_folder(room, ".packline-out.old");
	assert_int_equal(pkg_outdir_open(&dir, room->fd, "out", false, &err),
			 PKG_USAGE); /* it exists */
	assert_null(dir);
	assert_true(is_there(room, "out/file"));
	assert_false(is_there(room, ".packline-out.old"));
}

/* Killed after both, before the old one was removed. */
static void a_folder_that_was_replaced_goes(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;

	make_folder(room, ".packline-out.old");
	make_folder(room, "out");
	assert_ok(pkg_outdir_open(&dir, room->fd, "out", true, &err));
	assert_false(is_there(room, ".packline-out.old"));
	assert_true(is_there(room, "out/file"));
}

#define in_room(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    in_room(what_nobody_holds_is_swept),
	    in_room(what_is_held_stays),
	    in_room(an_unfinished_folder_is_held),
	    in_room(other_names_stay),
	    in_room(a_folder_that_stepped_aside_comes_back),
	    in_room(a_folder_that_was_replaced_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
