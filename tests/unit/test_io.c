/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/outdir.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each test runs in an empty folder of its own, which is then removed. */
struct room {
	char path[64];
	int fd;
};

static int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return -1;
	strcpy(room->path, "/tmp/packline-io-XXXXXX");
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

static size_t entries(const struct room *room)
{
	DIR *dir = opendir(room->path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2; /* "." and ".." */
}

/* Not on overlayfs before Linux 6.1, say: then they have names. */
static bool has_unnamed_files(const struct room *room)
{
	const int fd = openat(room->fd, ".", O_TMPFILE | O_RDWR, 0600);

	return fd >= 0 && close(fd) == 0;
}

static void put(const struct room *room, const char *name, const char *text)
{
	int fd = openat(room->fd, name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void content_is(const struct room *room, const char *name,
		       const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1000};

	assert_ok(pkg_path_slurp(&buf, room->fd, name, &err));
	assert_string_equal(pkg_buf_str(&buf), text);
}

static void failed_write_sticks_and_keeps_its_cause(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_fd s;

	(void)state;
	pkg_sink_fd_init(&s, -1, "nowhere");
	assert_int_equal(pkg_sink_write(&s.sink, "x", 1, &err), PKG_SYSTEM);
	assert_int_equal(pkg_sink_finish(&s.sink, &err), PKG_SYSTEM);
	assert_string_equal(err.text,
			    "cannot write nowhere: Bad file descriptor");
	assert_int_equal(s.sink.total, 0);
}

/* Room that is reserved is no length; and a long file is written early. */
static void expected_file(void **state)
{
	static const char block[1 << 20] = {1};
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	const int fd = openat(room->fd, "f", O_CREAT | O_RDWR, 0600);
	struct pkg_sink_fd s;
	struct stat st;

	assert_true(fd >= 0);
	pkg_sink_fd_init(&s, fd, "f");
	assert_ok(pkg_sink_fd_expect(&s, 0, &err));
	assert_ok(pkg_sink_fd_expect(&s, 20 * sizeof(block), &err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	for (size_t i = 0; i < 20; i++)
		assert_ok(pkg_sink_write(&s.sink, block, sizeof(block), &err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 20 * sizeof(block));
	assert_true(s.started > 0);
	(void)close(fd);
}

static void gathered_writes_arrive_in_order(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 20};
	static struct pkg_sink_gather gather;
	static const char block[100000] = {0};
	struct pkg_sink_buf out;

	(void)state;
	pkg_sink_buf_init(&out, &buf);
	pkg_sink_gather_init(&gather, &out.sink);
	assert_ok(pkg_sink_puts(&gather.sink, "a", &err));
	assert_ok(pkg_sink_write(&gather.sink, block, sizeof(block), &err));
	assert_ok(pkg_sink_puts(&gather.sink, "b", &err));
	assert_int_equal(buf.len, 1 + sizeof(block));
	assert_ok(pkg_sink_finish(&gather.sink, &err));
	assert_int_equal(buf.len, 2 + sizeof(block));
	assert_int_equal(buf.data[0], 'a');
	assert_int_equal(buf.data[buf.len - 1], 'b');
}

static void source_that_ends_early_is_truncated(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_mem mem;
	struct pkg_source_limit limit;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	char four[4];

	(void)state;
	pkg_source_mem_init(&mem, "abc", 3, "three");
	assert_int_equal(pkg_source_read_all(&mem.source, four, 4, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "truncated");
	pkg_source_mem_init(&mem, "abc", 3, "three");
	pkg_source_limit_init(&limit, &mem.source, 5);
	assert_int_equal(pkg_source_slurp(&limit.source, &buf, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "truncated");
}

static void source_at_reads_from_there_and_leaves_the_position(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_at source;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	int fd = -1;

	put(room, "in", "hello");
	assert_ok(pkg_path_open(&fd, room->fd, "in", &err));
	pkg_source_at_init(&source, fd, 2, "in");
	assert_ok(pkg_source_slurp(&source.source, &buf, &err));
	assert_string_equal(pkg_buf_str(&buf), "llo");
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	(void)close(fd);
}

static void names_of_others_have_flaws(void **state)
{
	static const char *const good[] = {
	    "a",       "a.txt", "two words.pdf", "\xc3\x9c", "_", "a-",
	    "console", "com",   "com10",         "a.con",    "~", "a;1b"};
	static const char *const bad[] = {
	    "",       ".",      "..",          "/a",           "a/b",
	    "a\\b",   "a:b",    "a*",          "-a",           ".a",
	    "a.",     "a ",     "nul",         "Com1.x",       "LPT9",
	    "con .x", "conin$", "com\xc2\xb9", "a\nb",         "a\x7f",
	    "\xff",   "a;1",    ";",           "\xe2\x80\xae", "CONOUT$"};
	char name[257];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(pkg_path_name_flaw(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pkg_path_name_flaw(bad[i], strlen(bad[i])) == NULL)
			fail_msg("'%s' is a good name", bad[i]);
	}
	assert_non_null(pkg_path_name_flaw("a\0b", 3));
	memset(name, 'x', sizeof(name) - 1);
	name[256] = '\0';
	assert_null(pkg_path_name_flaw(name + 1, 255));
	assert_non_null(pkg_path_name_flaw(name, 256));
}

static void slurp_takes_the_maximum_and_no_more(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_mem mem;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf three = {.max = 3};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf two = {.max = 2};

	(void)state;
	pkg_source_mem_init(&mem, "abc", 3, "three");
	assert_ok(pkg_source_slurp(&mem.source, &three, &err));
	assert_string_equal(pkg_buf_str(&three), "abc");
	pkg_source_mem_init(&mem, "abc", 3, "three");
	assert_int_equal(pkg_source_slurp(&mem.source, &two, &err), PKG_INPUT);
}

static void outfile_appears_only_at_commit(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	assert_ok(pkg_outfile_open(&file, room->fd, "out", NULL, &err));
	assert_ok(pkg_sink_puts(pkg_outfile_sink(file), "hello", &err));
	assert_int_not_equal(faccessat(room->fd, "out", F_OK, 0), 0);
	assert_int_equal(entries(room), has_unnamed_files(room) ? 0 : 1);
	assert_ok(pkg_outfile_commit(file, UINT64_MAX, &err));
	content_is(room, "out", "hello");
	assert_int_equal(entries(room), 1);
}

static void abandoned_outfile_leaves_nothing(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options force = {.force = true};

	put(room, "out", "old");
	assert_ok(pkg_outfile_open(&file, room->fd, "out", &force, &err));
	assert_ok(pkg_sink_puts(pkg_outfile_sink(file), "new", &err));
	pkg_outfile_free(file);
	content_is(room, "out", "old");
	assert_int_equal(entries(room), 1);
}

static void existing_target_needs_force(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options force = {.force = true};

	put(room, "out", "old");
	assert_int_equal(pkg_outfile_open(&file, room->fd, "out", NULL, &err),
			 PKG_USAGE);
	assert_non_null(strstr(err.hint, "--force"));
	assert_ok(pkg_outfile_open(&file, room->fd, "out", &force, &err));
	assert_ok(pkg_sink_puts(pkg_outfile_sink(file), "new", &err));
	assert_ok(pkg_outfile_commit(file, UINT64_MAX, &err));
	content_is(room, "out", "new");
	assert_int_equal(entries(room), 1);
}

static void target_that_appears_meanwhile_is_kept(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	assert_ok(pkg_outfile_open(&file, room->fd, "out", NULL, &err));
	put(room, "out", "theirs");
	assert_int_equal(pkg_outfile_commit(file, UINT64_MAX, &err), PKG_USAGE);
	content_is(room, "out", "theirs");
}

static void head_can_be_filled_in_afterwards(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {.seekable = true,
						    .size = 100};

	assert_ok(pkg_outfile_open(&file, room->fd, "out", &options, &err));
	assert_ok(pkg_outfile_pwrite(file, "tail", 4, 4, &err));
	assert_ok(pkg_outfile_pwrite(file, "head", 4, 0, &err));
	assert_ok(pkg_outfile_commit(file, 8, &err));
	content_is(room, "out", "headtail");
}

static void outfile_needs_a_file_name_and_a_folder(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	assert_int_equal(pkg_outfile_open(&file, room->fd, "a/", NULL, &err),
			 PKG_USAGE);
	assert_int_equal(pkg_outfile_open(&file, room->fd, "a/b", NULL, &err),
			 PKG_SYSTEM);
	assert_string_equal(err.hint, "create it first: mkdir -p 'a'");
	assert_int_equal(mkdirat(room->fd, "d", 0700), 0);
	assert_int_equal(pkg_outfile_open(&file, room->fd, "d", NULL, &err),
			 PKG_USAGE);
}

static void outdir_appears_only_at_commit(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	struct stat st;
	int fd = -1;

	assert_ok(pkg_outdir_open(&dir, room->fd, "out/", false, &err));
	assert_ok(pkg_outdir_create(dir, "f", 0600, &fd, &err));
	assert_int_equal(write(fd, "x", 1), 1);
	assert_ok(pkg_outdir_close_file(dir, fd, &err));
	assert_int_not_equal(fstatat(room->fd, "out", &st, 0), 0);
	assert_ok(pkg_outdir_commit(dir, &err));
	content_is(room, "out/f", "x");
	assert_int_equal(entries(room), 1);
}

/* What has not been judged yet, or is secret, is nobody else's to see. */
static void outdir_is_closed_to_others_until_commit(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	struct stat st;
	const mode_t before = umask(022);

	assert_ok(pkg_outdir_open(&dir, room->fd, "out", false, &err));
	assert_int_equal(fstat(pkg_outdir_fd(dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_ok(pkg_outdir_commit(dir, &err));
	assert_int_equal(fstatat(room->fd, "out", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	(void)umask(before);
}

static void abandoned_outdir_leaves_nothing(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_outdir *dir = NULL;
	int fd = -1;

	assert_ok(pkg_outdir_open(&dir, room->fd, "out", false, &err));
	assert_ok(pkg_outdir_create(dir, "f", 0600, &fd, &err));
	assert_ok(pkg_outdir_close_file(dir, fd, &err));
	pkg_outdir_free(dir);
	assert_int_equal(entries(room), 0);
}

static void outdir_takes_plain_names_once(void **state)
{
	static const char *const bad[] = {"",     ".",    "..",  "a/b",
					  "a\\b", "a\nb", "\xff"};
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	int fd = -1;

	assert_ok(pkg_outdir_open(&dir, room->fd, "out", false, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    pkg_outdir_create(dir, bad[i], 0600, &fd, &err), PKG_INPUT);
	assert_ok(pkg_outdir_create(dir, "f", 0600, &fd, &err));
	assert_ok(pkg_outdir_close_file(dir, fd, &err));
	assert_int_equal(pkg_outdir_create(dir, "f", 0600, &fd, &err),
			 PKG_INPUT);
}

static void force_replaces_a_flat_folder_only(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;

	assert_int_equal(mkdirat(room->fd, "out", 0700), 0);
	put(room, "out/old", "old");
	assert_int_equal(pkg_outdir_open(&dir, room->fd, "out", false, &err),
			 PKG_USAGE);
	assert_int_equal(mkdirat(room->fd, "out/sub", 0700), 0);
	assert_int_equal(pkg_outdir_open(&dir, room->fd, "out", true, &err),
			 PKG_USAGE);
	assert_int_equal(unlinkat(room->fd, "out/sub", AT_REMOVEDIR), 0);
	assert_ok(pkg_outdir_open(&dir, room->fd, "out", true, &err));
	assert_ok(pkg_outdir_commit(dir, &err));
	assert_int_not_equal(faccessat(room->fd, "out/old", F_OK, 0), 0);
	assert_int_equal(entries(room), 1);
}

static void beneath_means_beneath(void **state)
{
	static const char *const out[] = {"../x", "/etc/passwd", "d/../../x",
					  "link/passwd", "abs"};
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;

	assert_int_equal(mkdirat(room->fd, "d", 0700), 0);
	put(room, "d/f", "x");
	assert_int_equal(symlinkat("/etc", room->fd, "link"), 0);
	assert_int_equal(symlinkat("/etc/passwd", room->fd, "abs"), 0);
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_int_equal(
		    pkg_path_open_beneath(&fd, room->fd, out[i], &err),
		    PKG_INPUT);
	assert_ok(pkg_path_open_beneath(&fd, room->fd, "d/f", &err));
	(void)close(fd);
}

static void missing_file_and_folder_are_told_apart(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;

	assert_int_equal(pkg_path_open(&fd, room->fd, "none", &err),
			 PKG_SYSTEM);
	assert_string_equal(err.text,
			    "cannot open 'none': No such file or directory");
	assert_int_equal(pkg_path_open(&fd, room->fd, ".", &err), PKG_USAGE);
}

static void private_file_is_private(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;

	put(room, "key", "secret");
	assert_ok(pkg_path_open_private(&fd, room->fd, "key", &err));
	(void)close(fd);
	assert_int_equal(fchmodat(room->fd, "key", 0640, 0), 0);
	assert_int_equal(pkg_path_open_private(&fd, room->fd, "key", &err),
			 PKG_KEY);
	assert_string_equal(err.hint, "chmod 600 'key'");
	assert_int_equal(pkg_path_open_private(&fd, room->fd, "none", &err),
			 PKG_KEY);
}

static void tmpfile_has_no_name(void **state)
{
	const struct room *room = *state;
	struct pkg_err err = PKG_ERR_INIT;
	struct stat st;
	int fd = -1;

	assert_ok(pkg_tmpfile_open(&fd, room->path, &err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(entries(room), 0);
	(void)close(fd);
}

#define in_room(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(failed_write_sticks_and_keeps_its_cause),
	    in_room(expected_file),
	    cmocka_unit_test(gathered_writes_arrive_in_order),
	    cmocka_unit_test(source_that_ends_early_is_truncated),
	    cmocka_unit_test(slurp_takes_the_maximum_and_no_more),
	    cmocka_unit_test(names_of_others_have_flaws),
	    in_room(source_at_reads_from_there_and_leaves_the_position),
	    in_room(outfile_appears_only_at_commit),
	    in_room(abandoned_outfile_leaves_nothing),
	    in_room(existing_target_needs_force),
	    in_room(target_that_appears_meanwhile_is_kept),
	    in_room(head_can_be_filled_in_afterwards),
	    in_room(outfile_needs_a_file_name_and_a_folder),
	    in_room(outdir_appears_only_at_commit),
	    in_room(outdir_is_closed_to_others_until_commit),
	    in_room(abandoned_outdir_leaves_nothing),
	    in_room(outdir_takes_plain_names_once),
	    in_room(force_replaces_a_flat_folder_only),
	    in_room(beneath_means_beneath),
	    in_room(missing_file_and_folder_are_told_apart),
	    in_room(private_file_is_private),
	    in_room(tmpfile_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
