/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/limits.h"
#include "packline/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct room {
	char path[64];
	int fd;
};

static int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return -1;
	(void)snprintf(room->path, sizeof(room->path),
		       "/tmp/packline-walk-XXXXXX");
	if (mkdtemp(room->path) == NULL)
		return -1;
	room->fd = open(room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = room;
	return room->fd < 0 ? -1 : 0;
}

static int leave(void **state)
{
	struct room *room = *state;
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", room->path);
	(void)close(room->fd);
	free(room);
	return system(command);
}

static void put(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void expect(struct pkg_walk *walk, const char *path,
		   enum pkg_walk_kind kind)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_walk_entry entry;
	bool more = false;

	assert_ok(pkg_walk_next(walk, &entry, &more, &err));
	assert_true(more);
	assert_string_equal(entry.path, path);
	assert_int_equal(entry.kind, kind);
}

static void expect_end(struct pkg_walk *walk)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_walk_entry entry;
	bool more = true;

	assert_ok(pkg_walk_next(walk, &entry, &more, &err));
	assert_false(more);
}

/* "a-b" < "a.c" < "a/x" < "a0": the folder sorts by what follows its name. */
static void test_byte_order_of_whole_paths(void **state)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	put(room->fd, "a0");
	put(room->fd, "a.c");
	put(room->fd, "a-b");
	assert_int_equal(mkdirat(room->fd, "a", 0700), 0);
	assert_int_equal(mkdirat(room->fd, "empty", 0700), 0);
	put(room->fd, "a/x");
	put(room->fd, "B");
	assert_int_equal(symlinkat(".", room->fd, "loop"), 0);
	assert_int_equal(mkfifoat(room->fd, "pipe", 0600), 0);
	assert_ok(pkg_walk_new(&walk, room->fd, ".", &err));
	expect(walk, "B", PKG_WALK_FILE);
	expect(walk, "a-b", PKG_WALK_FILE);
	expect(walk, "a.c", PKG_WALK_FILE);
	expect(walk, "a/x", PKG_WALK_FILE);
	expect(walk, "a0", PKG_WALK_FILE);
	expect(walk, "loop", PKG_WALK_LINK);
	expect(walk, "pipe", PKG_WALK_OTHER);
	expect_end(walk);
	expect_end(walk);
}

/* One of them may be what the caller is writing. */
static void test_unfinished_outputs_are_left_out(void **state)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	put(room->fd, ".packline-0123456789abcdef.tmp");
	put(room->fd, ".packline-0123456789abcdeF.tmp");
	put(room->fd, ".packline-0123456789abcdef.tmp2");
	put(room->fd, ".packline-.tmp");
	assert_ok(pkg_walk_new(&walk, room->fd, ".", &err));
	expect(walk, ".packline-.tmp", PKG_WALK_FILE);
	expect(walk, ".packline-0123456789abcdeF.tmp", PKG_WALK_FILE);
	expect(walk, ".packline-0123456789abcdef.tmp2", PKG_WALK_FILE);
	expect_end(walk);
}

static void test_prefix_is_the_folder_as_given(void **state)
{
	static const char *const given[] = {"d", "d/", "./d"};
	static const char *const want[] = {"d/x", "d/x", "./d/x"};
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	assert_int_equal(mkdirat(room->fd, "d", 0700), 0);
	put(room->fd, "d/x");
	for (size_t i = 0; i < 3; i++) {
		PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;

		assert_ok(pkg_walk_new(&walk, room->fd, given[i], &err));
		expect(walk, want[i], PKG_WALK_FILE);
		expect_end(walk);
	}
}

static void test_not_a_folder(void **state)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	put(room->fd, "file");
	assert_int_equal(pkg_walk_new(&walk, room->fd, "file", &err),
			 PKG_SYSTEM);
	assert_non_null(strstr(err.text, "'file'"));
	assert_int_equal(pkg_walk_new(&walk, room->fd, "gone", &err),
			 PKG_SYSTEM);
}

/* Too deep a folder is left out, and the walk goes on behind it. */
static void test_too_deep(void **state)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_walk_entry entry;
	struct room *room = *state;
	int dir = dup(room->fd);
	bool more = true;

	for (unsigned i = 0; i < PKG_LIMIT_WALK_DEPTH; i++) {
		int next;

		assert_int_equal(mkdirat(dir, "d", 0700), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(dir);
		dir = next;
	}
	put(dir, "never");
	(void)close(dir);
	put(room->fd, "e");
	assert_ok(pkg_walk_new(&walk, room->fd, ".", &err));
	assert_int_equal(pkg_walk_next(walk, &entry, &more, &err), PKG_INPUT);
	assert_non_null(strstr(err.text, "128 levels"));
	expect(walk, "e", PKG_WALK_FILE);
	expect_end(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_byte_order_of_whole_paths,
					    enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_unfinished_outputs_are_left_out, enter, leave),
	    cmocka_unit_test_setup_teardown(test_prefix_is_the_folder_as_given,
					    enter, leave),
	    cmocka_unit_test_setup_teardown(test_not_a_folder, enter, leave),
	    cmocka_unit_test_setup_teardown(test_too_deep, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
