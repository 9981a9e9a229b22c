/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/hasher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of many sizes, hashed by any number of threads. */
enum { LARGE = 4 << 20, SHARED = 16 << 20, KEPT = 8 };

struct room {
	struct pkg_crypto *crypto;
	char path[64];
	int fd;
};

static int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	struct pkg_err err = PKG_ERR_INIT;

	if (room == NULL || pkg_crypto_new(&room->crypto, &err) != PKG_OK)
		return -1;
	strcpy(room->path, "/tmp/packline-hasher-XXXXXX");
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
	pkg_crypto_free(room->crypto);
	free(room);
	return system(command);
}

/* @len bytes that depend on @seed; no byte repeats with a power of two. */
static void fill(const struct room *room, const char *name, size_t len,
		 unsigned seed)
{
	int fd = openat(room->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	uint8_t *data = malloc(len + 1);

	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)((i * 7 + seed) % 251);
	assert_true(write(fd, data, len) == (ssize_t)len);
	free(data);
	(void)close(fd);
}

static struct pkg_digests expect(const struct room *room, const char *name,
				 unsigned set)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_digests out;
	struct pkg_source_fd file;
	struct pkg_source_digest source;
	char buf[1000];
	size_t got = 1;
	int fd = openat(room->fd, name, O_RDONLY | O_CLOEXEC);

	assert_ok(pkg_digest_new(&digest, room->crypto, set, &err));
	pkg_source_fd_init(&file, fd, name);
	pkg_source_digest_init(&source, &file.source, digest);
	while (got > 0)
		assert_ok(pkg_source_read(&source.source, buf, sizeof(buf),
					  &got, &err));
	assert_ok(pkg_digest_finish(digest, &out, &err));
	(void)close(fd);
	return out;
}

/* A run over @count files; what came back is kept by number, modulo KEPT. */
struct run {
	const char *const *names;
	size_t count, given, back;
	unsigned set;
	bool nofollow;
	struct pkg_artifact got[KEPT];
	struct pkg_err failed[KEPT];
	/* Called when the hasher asks for a thread: in the middle of a file. */
	void (*meddle)(struct run *run);
	const struct room *room;
	int tokens, asked;
	size_t refuse_at; /* result() fails there; 0 = nowhere */
};

static enum pkg_code next(void *ctx, struct pkg_hasher_item *item, bool *more,
			  struct pkg_err *err)
{
	struct run *run = ctx;

	(void)err;
	*more = run->given < run->count;
	if (!*more)
		return PKG_OK;
	item->path = run->names[run->given];
	item->set = run->set;
	item->nofollow = run->nofollow;
	item->user = &run->got[run->given++ % KEPT];
	return PKG_OK;
}

static enum pkg_code result(void *ctx, const struct pkg_artifact *artifact,
			    void *user, const struct pkg_err *failed,
			    struct pkg_err *err)
{
	struct run *run = ctx;

	/* In the order of the input. */
	assert_ptr_equal(user, &run->got[run->back % KEPT]);
	assert_string_equal(artifact->path, run->names[run->back]);
	if (failed != NULL)
		run->failed[run->back % KEPT] = *failed;
	else
		run->got[run->back % KEPT] = *artifact;
	run->back++;
	if (run->back == run->refuse_at)
		return pkg_fail(err, PKG_NO, "enough");
	return PKG_OK;
}

static bool take(void *ctx)
{
	struct run *run = ctx;

	run->asked++;
	if (run->meddle != NULL)
		run->meddle(run);
	if (run->tokens == 0)
		return false;
	run->tokens--;
	return true;
}

static void give(void *ctx)
{
	struct run *run = ctx;

	run->tokens++;
}

static enum pkg_code hash_all(const struct room *room, struct run *run,
			      unsigned threads, struct pkg_err *err)
{
	const struct pkg_hasher_options options = {
	    .dirfd = room->fd,
	    .threads = threads,
	    .take = take,
	    .give = give,
	    .token_ctx = run,
	};
	const struct pkg_hasher_calls calls = {
	    .next = next, .result = result, .ctx = run};

	run->room = room;
	return pkg_hasher_run(room->crypto, &options, &calls, err);
}

static void test_same_answer_for_any_number_of_threads(void **state)
{
	static const char *const names[] = {"empty", "one",   "page",
					    "large", "chunk", "large2"};
	static const size_t sizes[] = {0, 1, 4096, LARGE + 1, 65536, LARGE};
	struct room *room = *state;

	for (size_t i = 0; i < 6; i++)
		fill(room, names[i], sizes[i], (unsigned)i);
	for (unsigned threads = 1; threads <= 8; threads++) {
		struct run run = {.names = names,
				  .count = 6,
				  .set = PKG_DIGEST_ALL,
				  .tokens = 7};
		struct pkg_err err = PKG_ERR_INIT;

		assert_ok(hash_all(room, &run, threads, &err));
		assert_int_equal(run.back, 6);
		assert_int_equal(run.tokens, 7); /* all given back */
		for (size_t i = 0; i < 6; i++) {
			struct pkg_digests want =
			    expect(room, names[i], PKG_DIGEST_ALL);

			assert_int_equal(run.failed[i].code, PKG_OK);
			assert_int_equal(run.got[i].size, sizes[i]);
			assert_int_equal(run.got[i].mode, 0640);
			assert_int_equal(run.got[i].digests.set,
					 PKG_DIGEST_ALL);
			assert_int_equal(
			    pkg_digests_differ(&run.got[i].digests, &want), 0);
		}
	}
}

static void test_without_tokens_one_thread_does_it_all(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct run run = {.names = names, .count = 3, .set = PKG_DIGEST_SERVER};
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	for (size_t i = 0; i < 3; i++)
		fill(room, names[i], LARGE, 1);
	assert_ok(hash_all(room, &run, 4, &err));
	assert_int_equal(run.back, 3);
	assert_true(run.asked > 3); /* again and again, in each large file */
	assert_memory_equal(run.got[0].digests.md5, run.got[2].digests.md5, 16);
}

static void grow(struct run *run)
{
	int fd = openat(run->room->fd, "victim", O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
}

static void shrink(struct run *run)
{
	int fd = openat(run->room->fd, "victim", O_WRONLY);

	assert_int_equal(ftruncate(fd, 100), 0);
	(void)close(fd);
}

static void rewrite(struct run *run)
{
	int fd = openat(run->room->fd, "victim", O_WRONLY);

	(void)usleep(20000); /* so that the time stamps can differ */
	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
}

static void disappear(struct run *run)
{
	(void)unlinkat(run->room->fd, "victim", 0);
}

/* Writing and then setting the time back leaves st_ctime to tell. */
static void rewrite_and_hide(struct run *run)
{
	struct stat st;
	struct timespec times[2];

	assert_int_equal(fstatat(run->room->fd, "victim", &st, 0), 0);
	rewrite(run);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(run->room->fd, "victim", times, 0), 0);
}

static void test_file_that_changes_while_it_is_read(void **state)
{
	static const char *const names[] = {"victim"};
	static const struct {
		void (*meddle)(struct run *run);
		const char *says;
	} cases[] = {
	    {grow, "'victim' changed while it was read: it grew"},
	    {shrink, "it became shorter"},
	    {rewrite, "its content was written"},
	    {rewrite_and_hide, "its owner, mode, name or content"},
	    {disappear, "it was removed"},
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run = {.names = names,
				  .count = 1,
				  .set = PKG_DIGEST_SERVER,
				  .meddle = cases[i].meddle};
		struct pkg_err err = PKG_ERR_INIT;

		/* Two threads wished, none granted: asking is the moment. */
		fill(room, "victim", LARGE, 3);
		assert_ok(hash_all(room, &run, 2, &err));
		assert_int_equal(run.failed[0].code, PKG_SYSTEM);
		assert_string_equal(run.failed[0].reason, "changed");
		if (strstr(run.failed[0].text, cases[i].says) == NULL)
			fail_msg("%s", run.failed[0].text);
		(void)unlinkat(room->fd, "victim", 0);
	}
}

/* Two threads that share the chunks of a large file, wherever it ends. */
static void test_large_file_is_shared(void **state)
{
	static const char *const names[] = {"big"};
	static const unsigned sets[] = {
	    PKG_DIGEST_SERVER, PKG_DIGEST_ALL,
	    /* What the reading thread keeps takes the longest. */
	    PKG_DIGEST_MD5 | PKG_DIGEST_SHA384 | PKG_DIGEST_SHA512};
	static const int more[] = {-1, 0, 1, 65536, 262143, 262144, 262145};
	struct room *room = *state;

	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		struct run run = {.names = names, .count = 1, .tokens = 3};
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_digests want;

		run.set = sets[i % 3];
		fill(room, "big", (size_t)(SHARED + more[i]), i);
		want = expect(room, "big", run.set);
		assert_ok(hash_all(room, &run, 2 + i % 2, &err));
		assert_int_equal(run.failed[0].code, PKG_OK);
		assert_int_equal(run.got[0].size, SHARED + more[i]);
		assert_int_equal(run.got[0].digests.set, run.set);
		assert_int_equal(pkg_digests_differ(&run.got[0].digests, &want),
				 0);
		assert_int_equal(run.tokens, 3);
	}
}

/* The second and third question come when the first token is at work. */
static void shrink_late(struct run *run)
{
	if (run->asked == 3)
		shrink(run);
}

static void grow_late(struct run *run)
{
	if (run->asked == 3)
		grow(run);
}

static void test_shared_file_that_changes(void **state)
{
	static const char *const names[] = {"victim"};
	struct room *room = *state;

	for (int i = 0; i < 2; i++) {
		struct run run = {.names = names,
				  .count = 1,
				  .set = PKG_DIGEST_SERVER,
				  .tokens = 1,
				  .meddle = i == 0 ? shrink_late : grow_late};
		struct pkg_err err = PKG_ERR_INIT;

		fill(room, "victim", SHARED, 3);
		assert_ok(hash_all(room, &run, 3, &err));
		assert_true(run.asked >= 3);
		assert_int_equal(run.failed[0].code, PKG_SYSTEM);
		assert_string_equal(run.failed[0].reason, "changed");
		assert_int_equal(run.tokens, 1);
	}
}

static void test_one_bad_file_does_not_stop_the_others(void **state)
{
	static const char *const names[] = {"a",    "gone", "dir",
					    "fifo", "link", "b"};
	struct run run = {.names = names,
			  .count = 6,
			  .set = PKG_DIGEST_MD5,
			  .nofollow = true};
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	fill(room, "a", 10, 0);
	fill(room, "b", 10, 0);
	assert_int_equal(mkdirat(room->fd, "dir", 0700), 0);
	assert_int_equal(mkfifoat(room->fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("a", room->fd, "link"), 0);
	assert_ok(hash_all(room, &run, 2, &err));
	assert_int_equal(run.back, 6);
	assert_int_equal(run.got[0].size, 10);
	assert_int_equal(run.failed[1].code, PKG_SYSTEM);
	assert_non_null(strstr(run.failed[1].text, "'gone'"));
	assert_int_equal(run.failed[2].code, PKG_USAGE);
	assert_int_equal(run.failed[3].code, PKG_INPUT);
	assert_string_equal(run.failed[3].reason, "not-a-file");
	assert_int_equal(run.failed[4].code, PKG_INPUT);
	assert_string_equal(run.failed[4].reason, "not-a-file");
	assert_int_equal(run.got[5].size, 10);
}

static void test_a_failing_callback_ends_the_run(void **state)
{
	const char *names[100];
	struct run run = {.names = names,
			  .count = 100,
			  .set = PKG_DIGEST_MD5,
			  .tokens = 3,
			  .refuse_at = 5};
	struct pkg_err err = PKG_ERR_INIT;
	struct room *room = *state;

	fill(room, "a", 100000, 0);
	for (size_t i = 0; i < 100; i++)
		names[i] = "a";
	assert_int_equal(hash_all(room, &run, 4, &err), PKG_NO);
	assert_string_equal(err.text, "enough");
	assert_int_equal(run.back, 5);
	assert_int_equal(run.tokens, 3);
}

static void test_open_descriptor(void **state)
{
	struct pkg_hasher_item item = {.path = "-", .set = PKG_DIGEST_SERVER};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_artifact out;
	struct room *room = *state;
	int ends[2];

	/* A pipe has no mode and no size beforehand. */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	(void)close(ends[1]);
	item.fd = ends[0];
	assert_ok(pkg_hasher_one(room->crypto, AT_FDCWD, &item, &out, &err));
	assert_int_equal(out.size, 3);
	assert_false(out.has_mode);
	assert_int_equal(out.digests.md5[0], 0x90);
	(void)close(ends[0]);

	/* A file is read from where it stands. */
	fill(room, "abc", 10, 0);
	item.fd = openat(room->fd, "abc", O_RDONLY);
	assert_int_equal(lseek(item.fd, 4, SEEK_SET), 4);
	assert_ok(pkg_hasher_one(room->crypto, AT_FDCWD, &item, &out, &err));
	assert_int_equal(out.size, 6);
	assert_true(out.has_mode);
	(void)close(item.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_same_answer_for_any_number_of_threads, enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_without_tokens_one_thread_does_it_all, enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_file_that_changes_while_it_is_read, enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_one_bad_file_does_not_stop_the_others, enter, leave),
	    cmocka_unit_test_setup_teardown(
		test_a_failing_callback_ends_the_run, enter, leave),
	    cmocka_unit_test_setup_teardown(test_large_file_is_shared, enter,
					    leave),
	    cmocka_unit_test_setup_teardown(test_shared_file_that_changes,
					    enter, leave),
	    cmocka_unit_test_setup_teardown(test_open_descriptor, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
