/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "sign/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The folder of the locks is one for all processes of a user, also for other
 * tests.  So here the linker (--wrap) gives token_lock.c a folder of the test
 * when it asks for that one, and none in /run/user.
 */
static struct {
	char top[64], path[96];
	char asked[64];
} place;

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (strncmp(path, "/run/user/", 10) == 0) {
		errno = ENOENT;
		return -1;
	}
	if (strcmp(path, place.asked) == 0)
		path = place.path;
	return __real_open64(path, flags, mode);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return __real_mkdir(strcmp(path, place.asked) == 0 ? place.path : path,
			    mode);
}

static int enter(void **state)
{
	(void)state;
	snprintf(place.top, sizeof(place.top), "/tmp/packline-lock-XXXXXX");
	if (mkdtemp(place.top) == NULL)
		return -1;
	snprintf(place.path, sizeof(place.path), "%s/locks", place.top);
	snprintf(place.asked, sizeof(place.asked), "/tmp/packline-%lu",
		 (unsigned long)geteuid());
	return 0;
}

static int leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", place.top);
	return system(command);
}

/* Locks a token and lets it go; the code, and the reason of a refusal. */
static enum pkg_code lock(char lock_path[static 200], const char **reason)
{
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;
	struct key_token token = {.lock_dir = -1, .lock_fd = -1};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = PKG_OK;

	assert_ok(pkg_crypto_new(&crypto, &err));
	token.crypto = crypto;
	strcpy(token.name.label, "acme");
	code = pkg_token_lock(&token, &err);
	*reason = err.reason;
	if (code == PKG_OK) {
		/* A second one would wait: it is held. */
		snprintf(lock_path, 200, "%s/%s", place.path, token.lock_name);
		const int fd = open(lock_path, O_RDWR | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
		close(fd);
	}
	pkg_token_unlock(&token);
	return code;
}

static void test_the_folder_is_made_for_this_user_alone(void **state)
{
	const mode_t mask = umask(0);
	const char *reason = NULL;
	char path[200];
	struct stat st;

	(void)state;
	assert_int_equal(lock(path, &reason), PKG_OK);
	umask(mask);
	assert_return_code(stat(place.path, &st), errno);
	assert_int_equal(st.st_mode, S_IFDIR | S_IRWXU);
	assert_int_equal(access(path, F_OK), -1); /* unlocked: gone */
	/* And again, now that it is there. */
	assert_int_equal(lock(path, &reason), PKG_OK);
}

static void test_a_folder_that_others_can_change(void **state)
{
	static const mode_t modes[] = {0777, 0770, 0707, 0720,
				       0702, 0710, 0701};

	(void)state;
	assert_return_code(mkdir(place.path, S_IRWXU), errno);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const char *reason = NULL;
		char path[200];

		assert_return_code(chmod(place.path, modes[i]), errno);
		assert_int_equal(lock(path, &reason), PKG_KEY);
		assert_string_equal(reason, "token-busy");
	}
}

static void test_what_is_no_folder(void **state)
{
	const char *reason = NULL;
	char path[200];
	int fd = -1;

	(void)state;
	assert_return_code(symlink(place.top, place.path), errno);
	assert_int_equal(lock(path, &reason), PKG_KEY);
	assert_string_equal(reason, "token-busy");
	assert_return_code(unlink(place.path), errno);
	fd = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, S_IRUSR);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(lock(path, &reason), PKG_KEY);
	assert_string_equal(reason, "token-busy");
}

static void test_a_folder_of_somebody_else(void **state)
{
	const char *reason = NULL;
	char path[200];

	(void)state;
	assert_return_code(mkdir(place.path, S_IRWXU), errno);
	if (chown(place.path, 4242, (gid_t)-1) != 0)
		skip(); /* only root can give one away */
	assert_int_equal(lock(path, &reason), PKG_KEY);
	assert_string_equal(reason, "token-busy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_the_folder_is_made_for_this_user_alone, enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_a_folder_that_others_can_change, enter, leave),
	    cmocka_unit_test_setup_teardown(test_what_is_no_folder, enter,
					    leave),
	    cmocka_unit_test_setup_teardown(test_a_folder_of_somebody_else,
					    enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
