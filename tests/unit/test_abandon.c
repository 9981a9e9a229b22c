/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/outdir.h"
#include "packline/outfile.h"

#include "io/temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A fresh folder, and how many names there are in it. */
struct place {
	char path[32];
	int fd;
};

static int set_up(void **state)
{
	static struct place place;

	place = (struct place){.path = "/tmp/packline-XXXXXX"};
	if (mkdtemp(place.path) == NULL)
		return -1;
	place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &place;
	return place.fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	const struct place *place = *state;

	(void)close(place->fd);
	return rmdir(place->path);
}

static int count_names(const struct place *place)
{
	DIR *dir = opendir(place->path);
	int count = -2; /* "." and ".." */

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	assert_int_equal(closedir(dir), 0);
	return count;
}

static void unfinished_folder_is_removed(void **state)
{
	const struct place *place = *state;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	char name[16];
	int fd;

	assert_int_equal(pkg_outdir_open(&dir, place->fd, "out", false, &err),
			 PKG_OK);
	for (int i = 0; i < 300; i++) { /* more than one getdents64() */
		(void)snprintf(name, sizeof(name), "file-%d", i);
		assert_int_equal(pkg_outdir_create(dir, name, 0600, &fd, &err),
				 PKG_OK);
		assert_int_equal(pkg_outdir_close_file(dir, fd, &err), PKG_OK);
	}
	assert_int_equal(count_names(place), 1);
	pkg_outputs_abandon();
	assert_int_equal(count_names(place), 0);
}

static void committed_folder_stays(void **state)
{
	const struct place *place = *state;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(pkg_outdir_open(&dir, place->fd, "out", false, &err),
			 PKG_OK);
	assert_int_equal(pkg_outdir_commit(dir, &err), PKG_OK);
	pkg_outputs_abandon();
	assert_int_equal(unlinkat(place->fd, "out", AT_REMOVEDIR), 0);
}

static void unfinished_name_is_removed_until_disarmed(void **state)
{
	const struct place *place = *state;
	char first[TEMP_NAME], second[TEMP_NAME];
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(pkg_temp_name(first, &err), PKG_OK);
	assert_int_equal(pkg_temp_name(second, &err), PKG_OK);
	pkg_temp_arm(place->fd, first);
	pkg_temp_arm(place->fd, second);
	pkg_temp_disarm(second);
	assert_return_code(mknodat(place->fd, first, S_IFREG | 0600, 0), 0);
	assert_return_code(mknodat(place->fd, second, S_IFREG | 0600, 0), 0);
	pkg_outputs_abandon();
	pkg_temp_disarm(first);
	assert_int_not_equal(unlinkat(place->fd, first, 0), 0);
	assert_int_equal(unlinkat(place->fd, second, 0), 0);
}

static void more_names_than_slots(void **state)
{
	const struct place *place = *state;
	char names[40][TEMP_NAME];
	struct pkg_err err = PKG_ERR_INIT;

	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(pkg_temp_name(names[i], &err), PKG_OK);
		pkg_temp_arm(place->fd, names[i]);
	}
	for (size_t i = 0; i < 40; i++)
		pkg_temp_disarm(names[i]);
	unfinished_folder_is_removed(state); /* there is room again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(unfinished_folder_is_removed,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(committed_folder_stays, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(
		unfinished_name_is_removed_until_disarmed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(more_names_than_slots, set_up,
					    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
