/* SPDX-License-Identifier: Apache-2.0 */
/* What a program can still do after pkg_sandbox_enter(), and what not. */
#include "unit.h"

#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/outdir.h"
#include "packline/outfile.h"
#include "packline/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER_TEMPLATE "/tmp/packline-sandbox-XXXXXX"

/* A folder to write in, with a file in it, and what is open before. */
struct room {
	char path[sizeof(FOLDER_TEMPLATE)];
	int folder;
	struct pkg_crypto *crypto;
	struct pkg_outdir *outdir;
	struct pkg_sandbox has; /* on this system */
};

/* What a child found; the parent asserts. */
typedef int deed(struct room *room);

static int set_up(void **state)
{
	static struct room room;
	struct pkg_err err = PKG_ERR_INIT;

	room = (struct room){.path = FOLDER_TEMPLATE};
	assert_non_null(mkdtemp(room.path));
	room.folder = open(room.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(room.folder >= 0);
	assert_ok(pkg_crypto_new(&room.crypto, &err));
	room.has = pkg_sandbox_probe();
	*state = &room;
	return 0;
}

static void drop(const struct room *room, const char *name)
{
	(void)unlinkat(room->folder, name, 0);
}

static int tear_down(void **state)
{
	struct room *room = *state;

	drop(room, "new");
	drop(room, "other");
	drop(room, "extracted/inside");
	(void)unlinkat(room->folder, "extracted", AT_REMOVEDIR);
	pkg_crypto_free(room->crypto);
	(void)close(room->folder);
	assert_int_equal(rmdir(room->path), 0);
	return 0;
}

/* Run @what in a child that is sandboxed so; its answer. */
static int inside_of(const struct pkg_sandbox_options *options,
		     struct room *room, deed *what)
{
	const pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_sandbox active;

		if (pkg_sandbox_enter(&active, options, &err) != PKG_OK) {
			(void)fprintf(stderr, "%s\n", err.text);
			_exit(255);
		}
		_exit(what(room) & 0xff);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status)); /* nothing kills it */
	return WEXITSTATUS(status);
}

static int inside(struct room *room, bool folder, deed *what)
{
	const struct pkg_sandbox_options options = {
	    .write_dirs = &room->folder, .write_dir_count = folder ? 1 : 0};

	return inside_of(&options, room, what);
}

/* The number of the error, 0 for none. */
static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int read_passwd(struct room *room)
{
	(void)room;
	return error_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int write_elsewhere(struct room *room)
{
	(void)room;
	return error_of(open("/tmp/packline-escaped",
			     O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void test_no_file_can_be_opened(void **state)
{
	struct room *room = *state;

	/* Without Landlock a filter cannot tell one path from another. */
	if (room->has.landlock > 0) {
		assert_int_equal(inside(room, true, read_passwd), EACCES);
		assert_int_equal(inside(room, true, write_elsewhere), EACCES);
	}
	if (room->has.seccomp || room->has.landlock > 0)
		assert_true(inside(room, false, read_passwd) != 0);
	assert_int_equal(access("/tmp/packline-escaped", F_OK), -1);
}

static int write_inside(struct room *room)
{
	return error_of(
	    openat(room->folder, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void test_files_can_be_read_and_nothing_written(void **state)
{
	struct room *room = *state;
	struct pkg_sandbox_options options = {.write_dirs = &room->folder,
					      .read_anywhere = true};

	assert_int_equal(inside_of(&options, room, read_passwd), 0);
	if (room->has.landlock > 0) {
		assert_int_equal(inside_of(&options, room, write_inside),
				 EACCES);
		assert_int_equal(inside_of(&options, room, write_elsewhere),
				 EACCES);
	}
	options.write_dir_count = 1;
	assert_int_equal(inside_of(&options, room, read_passwd), 0);
	assert_int_equal(inside_of(&options, room, write_inside), 0);
	if (room->has.landlock > 0)
		assert_int_equal(inside_of(&options, room, write_elsewhere),
				 EACCES);
	assert_int_equal(access("/tmp/packline-escaped", F_OK), -1);
}

static int climb(struct room *room)
{
	return error_of(
	    openat(room->folder, "../../etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int link_away(struct room *room)
{
	if (symlinkat("/etc/passwd", room->folder, "new") == 0)
		return 0;
	return errno;
}

static void test_the_folder_has_no_way_out(void **state)
{
	struct room *room = *state;

	if (room->has.landlock > 0)
		assert_int_equal(inside(room, true, climb), EACCES);
	if (room->has.landlock > 0 || room->has.seccomp)
		assert_true(inside(room, true, link_away) != 0);
}

static int make_socket(struct room *room)
{
	(void)room;
	return error_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int run_program(struct room *room)
{
	char *const argv[] = {(char[]){"true"}, NULL};

	(void)room;
	return error_of(execve("/bin/true", argv, argv + 1));
}

static int make_process(struct room *room)
{
	(void)room;
	return error_of(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
}

static int make_code(struct room *room)
{
	void *pages = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)room;
	return pages == MAP_FAILED ? errno : 0;
}

static int signal_parent(struct room *room)
{
	(void)room;
	return error_of(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int look_into_parent(struct room *room)
{
	(void)room;
	return error_of(syscall(SYS_process_vm_readv, getppid(), NULL, 0UL,
				NULL, 0UL, 0UL));
}

static int unknown_call(struct room *room)
{
	(void)room;
	return error_of(syscall(1023));
}

#if defined(__SANITIZE_ADDRESS__)
#	define SANITIZED 1
#else
#	define SANITIZED 0
#endif

static void test_system_calls_are_refused_and_not_killed(void **state)
{
	struct room *room = *state;

	if (!room->has.seccomp)
		skip();
	for (int folder = 0; folder < 2; folder++) {
		assert_int_equal(inside(room, folder, make_socket), EPERM);
		assert_int_equal(inside(room, folder, run_program), EPERM);
		assert_int_equal(inside(room, folder, look_into_parent), EPERM);
		assert_int_equal(inside(room, folder, unknown_call), EPERM);
		/* The sanitizers need what is refused here. */
		if (SANITIZED)
			continue;
		assert_int_equal(inside(room, folder, make_process), EPERM);
		assert_int_equal(inside(room, folder, make_code), EPERM);
		assert_int_equal(inside(room, folder, signal_parent), EPERM);
	}
}

static int hash(struct room *room)
{
	static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf}; /* FIPS 180 */
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];

	if (pkg_digest_sha256(room->crypto, "abc", 3, sha256, &err) != PKG_OK)
		return 1;
	return memcmp(sha256, abc, sizeof(abc)) == 0 ? 0 : 2;
}

static void *hash_in_thread(void *arg)
{
	struct room *room = arg;

	return hash(room) == 0 ? room : NULL;
}

static int hash_with_threads(struct room *room)
{
	pthread_t thread;
	void *result = NULL;
	const int code = pthread_create(&thread, NULL, hash_in_thread, room);

	if (code != 0)
		return code;
	if (pthread_join(thread, &result) != 0 || result != room)
		return 255;
	return hash(room);
}

static int random_bytes(struct room *room)
{
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t bytes[32] = {0};

	return pkg_crypto_random(room->crypto, bytes, sizeof(bytes), &err) ==
		       PKG_OK
		   ? 0
		   : 1;
}

static int say(struct room *room)
{
	(void)room;
	return printf("still talking\n") > 0 && fflush(stdout) == 0 &&
		       (isatty(STDOUT_FILENO) || errno != EPERM)
		   ? 0
		   : 1;
}

static int much_memory(struct room *room)
{
	enum { MUCH = 64 << 20 };
	char *memory = malloc(MUCH);

	(void)room;
	if (memory == NULL)
		return 1;
	memset(memory, 1, MUCH);
	free(memory);
	return 0;
}

static void test_the_work_goes_on(void **state)
{
	struct room *room = *state;

	for (int folder = 0; folder < 2; folder++) {
		assert_int_equal(inside(room, folder, hash), 0);
		assert_int_equal(inside(room, folder, hash_with_threads), 0);
		assert_int_equal(inside(room, folder, random_bytes), 0);
		assert_int_equal(inside(room, folder, much_memory), 0);
		assert_int_equal(inside(room, folder, say), 0);
	}
}

static int give_up(struct room *room)
{
	(void)room;
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static void test_an_assertion_still_ends_it(void **state)
{
	struct room *room = *state;
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct pkg_err err = PKG_ERR_INIT;

		pkg_sandbox_hide_memory();
		if (pkg_sandbox_enter(NULL, NULL, &err) != PKG_OK)
			_exit(1);
		(void)give_up(room);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

static int put(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* The way of every output file of the tools. */
static int write_file(struct room *room)
{
	const struct pkg_outfile_options options = {.force = true};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_outfile *file = NULL;
	enum pkg_code code =
	    pkg_outfile_open(&file, room->folder, "new", &options, &err);

	if (code == PKG_OK)
		code = pkg_sink_puts(pkg_outfile_sink(file), "text", &err);
	if (code == PKG_OK)
		code = pkg_outfile_commit(file, 4, &err);
	pkg_outfile_free(file);
	if (code != PKG_OK)
		(void)fprintf(stderr, "%s\n", err.text);
	return (int)code;
}

static void test_files_are_written_in_the_folder(void **state)
{
	struct room *room = *state;

	assert_int_equal(inside(room, true, write_file), 0);
	/* The second time it replaces the first. */
	assert_int_equal(inside(room, true, write_file), 0);
	assert_int_equal(faccessat(room->folder, "new", R_OK, 0), 0);
	if (room->has.landlock > 0 || room->has.seccomp)
		assert_int_equal(inside(room, false, write_file), PKG_SYSTEM);
}

static int extract(struct room *room)
{
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;
	enum pkg_code code =
	    pkg_outdir_create(room->outdir, "inside", 0666, &fd, &err);

	if (code == PKG_OK && !put(fd, "text"))
		code = PKG_SYSTEM;
	if (code == PKG_OK)
		code = pkg_outdir_close_file(room->outdir, fd, &err);
	if (code == PKG_OK)
		code = pkg_outdir_commit(room->outdir, &err);
	if (code != PKG_OK)
		(void)fprintf(stderr, "%s\n", err.text);
	return (int)code;
}

/* Opened before, filled and made visible inside, the second time replaced. */
static void test_a_folder_is_extracted(void **state)
{
	struct room *room = *state;

	for (int again = 0; again < 2; again++) {
		struct pkg_err err = PKG_ERR_INIT;

		assert_ok(pkg_outdir_open(&room->outdir, room->folder,
					  "extracted", again == 1, &err));
		assert_int_equal(pkg_outdir_parent_fd(room->outdir) >= 0, 1);
		assert_int_equal(inside(room, true, extract), 0);
		pkg_outdir_free(room->outdir);
		assert_int_equal(
		    faccessat(room->folder, "extracted/inside", R_OK, 0), 0);
	}
}

static void test_no_core_no_debugger(void **state)
{
	const pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		struct rlimit core = {1, 1};

		pkg_sandbox_hide_memory();
		(void)getrlimit(RLIMIT_CORE, &core);
		_exit((core.rlim_cur != 0 || core.rlim_max != 0) |
		      (!SANITIZED && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
			  << 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_what_is_active_is_told(void **state)
{
	const struct room *room = *state;
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_sandbox active = {-1, false};

		if (pkg_sandbox_enter(&active, NULL, &err) != PKG_OK)
			_exit(255);
		_exit(active.landlock != room->has.landlock ||
		      active.seccomp != room->has.seccomp ||
		      active.seccomp != (socket(AF_UNIX, SOCK_STREAM, 0) < 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    ROW(test_no_file_can_be_opened),
	    ROW(test_files_can_be_read_and_nothing_written),
	    ROW(test_the_folder_has_no_way_out),
	    ROW(test_system_calls_are_refused_and_not_killed),
	    ROW(test_the_work_goes_on),
	    ROW(test_an_assertion_still_ends_it),
	    ROW(test_files_are_written_in_the_folder),
	    ROW(test_a_folder_is_extracted),
	    ROW(test_no_core_no_debugger),
	    ROW(test_what_is_active_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
