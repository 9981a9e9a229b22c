/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's calls and limits; hostile files are in tests/interop. */
#include "unit.h"

#include "fail_alloc.h"

#include "packline/archive.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/zip.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HERE = 3 }; /* files of the ZIP file that most tests read */

static const char *const names[HERE] = {"a.txt", "empty", "b.txt"};
static const char *const contents[HERE] = {"hello", "", "world"};

/* Write @count stored files to @fd, with our own writer of ZIP files. */
static void write_zip(int fd, const char *const *name,
		      const char *const *content, size_t count)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO_FINI(pkg_zip_list) struct pkg_zip_list list = {0};
	struct pkg_sink_fd sink;

	pkg_sink_fd_init(&sink, fd, "test.zip");
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(content[i]);
		uint8_t header[PKG_ZIP_LOCAL_MAX];

		assert_ok(pkg_zip_list_add(&list, name[i], len, &err));
		list.entries[i].crc = pkg_zip_crc32(0, content[i], len);
		assert_ok(pkg_sink_write(
		    &sink.sink, header, pkg_zip_local(header, &list.entries[i]),
		    &err));
		assert_ok(pkg_sink_write(&sink.sink, content[i], len, &err));
	}
	assert_ok(pkg_zip_list_finish(&list, &sink.sink, &err));
	assert_ok(pkg_sink_finish(&sink.sink, &err));
}

static int new_file(void)
{
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;

	assert_ok(pkg_tmpfile_open(&fd, NULL, &err));
	return fd;
}

static int set_up(void **state)
{
	static int fd;

	fd = new_file();
	write_zip(fd, names, contents, HERE);
	*state = &fd;
	return 0;
}

static int tear_down(void **state)
{
	return close(*(int *)*state);
}

static void entries_are_in_the_order_of_the_file(void **state)
{
	const int fd = *(int *)*state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;

	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	assert_int_equal(pkg_archive_count(archive), HERE);
	for (size_t i = 0; i < HERE; i++) {
		const struct pkg_archive_entry *entry =
		    pkg_archive_entry(archive, i);
		const size_t len = strlen(contents[i]);

		assert_string_equal(entry->name, names[i]);
		assert_int_equal(entry->size, len);
		assert_int_equal(entry->packed_size, len);
		assert_int_equal(entry->crc32,
				 pkg_zip_crc32(0, contents[i], len));
		assert_int_equal(entry->method, 0);
	}
}

static void content_is_read_in_any_order_and_again(void **state)
{
	static const size_t order[] = {2, 0, 1, 0};
	const int fd = *(int *)*state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;

	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
		struct pkg_sink_buf sink;

		pkg_sink_buf_init(&sink, &buf);
		assert_ok(
		    pkg_archive_read(archive, order[i], &sink.sink, &err));
		assert_string_equal(pkg_buf_str(&buf), contents[order[i]]);
	}
}

static void the_position_of_the_file_stays(void **state)
{
	const int fd = *(int *)*state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &buf);
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	assert_ok(pkg_archive_read(archive, 0, &sink.sink, &err));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
}

static void a_full_sink_says_so(void **state)
{
	const int fd = *(int *)*state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct pkg_sink_fd sink;

	assert_true(full >= 0);
	pkg_sink_fd_init(&sink, full, "the disk");
	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	assert_int_equal(pkg_archive_read(archive, 0, &sink.sink, &err),
			 PKG_SYSTEM);
	assert_non_null(strstr(err.text, "entry 1 'a.txt', byte 0: "));
	(void)close(full);
}

/* With these limits the file is refused for @reason, or read if NULL. */
static void limit_is(int fd, struct pkg_archive_limits limits,
		     const char *reason)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	const enum pkg_code code =
	    pkg_archive_open(&archive, fd, &limits, &err);

	assert_int_equal(code, reason == NULL ? PKG_OK : PKG_INPUT);
	if (reason == NULL)
		return;
	assert_null(archive);
	assert_string_equal(err.reason, reason);
	assert_string_not_equal(err.hint, "");
}

static void limits_are_kept_to_the_last_byte(void **state)
{
	const int fd = *(int *)*state;

	limit_is(fd, (struct pkg_archive_limits){.entries = HERE}, NULL);
	limit_is(fd, (struct pkg_archive_limits){.entries = HERE - 1},
		 "zip-limit");
	limit_is(fd, (struct pkg_archive_limits){.content = 10}, NULL);
	limit_is(fd, (struct pkg_archive_limits){.content = 9}, "zip-limit");
	/* One byte of content for one packed byte. */
	limit_is(fd, (struct pkg_archive_limits){.ratio = 1, .ratio_of = 1},
		 NULL);
}

static void default_limits_are_named(void **state)
{
	(void)state;
	/* As schemas/batch.md says; tests/interop reads at and beyond them. */
	assert_int_equal(PKG_LIMIT_ARCHIVE_ENTRIES, 10000);
	assert_int_equal(PKG_LIMIT_ARCHIVE_CONTENT, 4ULL << 30);
	assert_int_equal(PKG_LIMIT_ARCHIVE_RATIO, 200);
	assert_int_equal(PKG_LIMIT_ARCHIVE_RATIO_OF, 1 << 20);
}

/* A sparse file of just over 4 GiB: its end is that of an empty ZIP file. */
static void a_file_of_more_than_4_gib_is_refused(void **state)
{
	static const uint8_t end[22] = {'P', 'K', 5, 6};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_archive *archive = NULL;
	const int fd = new_file();

	(void)state;
	assert_int_equal(
	    pwrite(fd, end, sizeof(end),
		   (off_t)(PKG_LIMIT_ARCHIVE_FILE - sizeof(end) + 1)),
	    sizeof(end));
	assert_int_equal(pkg_archive_open(&archive, fd, NULL, &err), PKG_INPUT);
	assert_string_equal(err.reason, "zip-limit");
	err = PKG_ERR_INIT;
	/* At the limit it is looked into. */
	assert_int_equal(ftruncate(fd, (off_t)PKG_LIMIT_ARCHIVE_FILE), 0);
	assert_int_equal(pwrite(fd, end, sizeof(end),
				(off_t)(PKG_LIMIT_ARCHIVE_FILE - sizeof(end))),
			 sizeof(end));
	assert_int_equal(pkg_archive_open(&archive, fd, NULL, &err), PKG_INPUT);
	assert_string_equal(err.reason, "zip-central");
	(void)close(fd);
}

static void a_directory_of_more_than_8_mib_is_refused(void **state)
{
	uint8_t end[22] = {'P', 'K', 5, 6, [8] = 1, [10] = 1};
	const uint32_t size = PKG_LIMIT_ARCHIVE_CENTRAL + 1;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_archive *archive = NULL;
	const int fd = new_file();

	(void)state;
	for (size_t i = 0; i < 4; i++)
		end[12 + i] = (uint8_t)(size >> (8 * i));
	assert_int_equal(pwrite(fd, end, sizeof(end), size), sizeof(end));
	assert_int_equal(pkg_archive_open(&archive, fd, NULL, &err), PKG_INPUT);
	assert_string_equal(err.reason, "zip-limit");
	(void)close(fd);
}

static void a_pipe_is_refused_and_can_be_spooled(void **state)
{
	const int fd = *(int *)*state;
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	struct pkg_source_at source;
	int ends[2], spooled = -1;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pkg_archive_open(&archive, ends[0], NULL, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "not-a-file");
	(void)close(ends[0]);
	(void)close(ends[1]);
	err = PKG_ERR_INIT;
	pkg_source_at_init(&source, fd, 0, "test.zip");
	assert_ok(pkg_archive_spool(&spooled, &source.source, &err));
	assert_ok(pkg_archive_open(&archive, spooled, NULL, &err));
	assert_int_equal(pkg_archive_count(archive), HERE);
	(void)close(spooled);
}

static void spooling_fails_as_its_source_does(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_source_limit short_one;
	struct pkg_source_mem mem;
	int fd = -1;

	(void)state;
	pkg_source_mem_init(&mem, "PK", 2, "a pipe");
	pkg_source_limit_init(&short_one, &mem.source, 3);
	assert_int_equal(pkg_archive_spool(&fd, &short_one.source, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "truncated");
	assert_int_equal(fd, -1);
}

static void a_file_that_shrinks_meanwhile_is_truncated(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	struct pkg_sink_buf sink;
	const int fd = new_file();

	(void)state;
	write_zip(fd, names, contents, HERE);
	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	assert_int_equal(ftruncate(fd, 37), 0);
	pkg_sink_buf_init(&sink, &buf);
	assert_int_equal(pkg_archive_read(archive, 0, &sink.sink, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "truncated");
	(void)close(fd);
}

static void a_file_that_changes_meanwhile_is_refused(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	struct pkg_sink_buf sink;
	const int fd = new_file();

	(void)state;
	write_zip(fd, names, contents, HERE);
	assert_ok(pkg_archive_open(&archive, fd, NULL, &err));
	assert_int_equal(pwrite(fd, "j", 1, 35), 1); /* jello */
	pkg_sink_buf_init(&sink, &buf);
	assert_int_equal(pkg_archive_read(archive, 0, &sink.sink, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "zip-crc");
	(void)close(fd);
}

/* "a" is stored, "b" is deflated: tests/interop/zip_craft.py made it. */
static const uint8_t deflated[] = {
    0x50, 0x4b, 0x03, 0x04, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x21, 0x00, 0x83, 0x16, 0xdc, 0x8c, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x61, 0x78, 0x50, 0x4b, 0x03, 0x04,
    0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xce, 0x8b,
    0x6f, 0x26, 0x05, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x62, 0x4b, 0x4c, 0xc4, 0x04, 0x00, 0x50, 0x4b, 0x01, 0x02,
    0x1e, 0x03, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x00,
    0x83, 0x16, 0xdc, 0x8c, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xa4, 0x81, 0x00, 0x00, 0x00, 0x00, 0x61, 0x50, 0x4b, 0x01, 0x02, 0x1e,
    0x03, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xce,
    0x8b, 0x6f, 0x26, 0x05, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa4,
    0x81, 0x20, 0x00, 0x00, 0x00, 0x62, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x5e, 0x00, 0x00, 0x00, 0x44, 0x00,
    0x00, 0x00, 0x00, 0x00};

static enum pkg_code read_deflated(int fd, struct pkg_err *err)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 100};
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &buf);
	PKG_TRY(pkg_archive_open(&archive, fd, NULL, err));
	PKG_TRY(pkg_archive_read(archive, 0, &sink.sink, err));
	PKG_TRY(pkg_archive_read(archive, 1, &sink.sink, err));
	assert_string_equal(pkg_buf_str(&buf), "xaaaaaaaaaaaaaaaaaaaa");
	return PKG_OK;
}

static void each_allocation_may_fail(void **state)
{
	const int fd = new_file();
	size_t n = 1;

	(void)state;
	assert_int_equal(write(fd, deflated, sizeof(deflated)),
			 sizeof(deflated));
	for (;; n++) {
		struct pkg_err err = PKG_ERR_INIT;
		const size_t before = fail_alloc_live;
		enum pkg_code code;

		fail_alloc_hit = false;
		fail_alloc_in = n;
		code = read_deflated(fd, &err);
		fail_alloc_in = 0;
		assert_int_equal(fail_alloc_live, before);
		assert_int_equal(code, fail_alloc_hit ? PKG_SYSTEM : PKG_OK);
		if (!fail_alloc_hit)
			break;
	}
	if (FAIL_ALLOC)
		assert_true(n > 8);
	(void)close(fd);
}

static void nothing_is_freed(void **state)
{
	(void)state;
	pkg_archive_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_are_in_the_order_of_the_file),
	    cmocka_unit_test(content_is_read_in_any_order_and_again),
	    cmocka_unit_test(the_position_of_the_file_stays),
	    cmocka_unit_test(a_full_sink_says_so),
	    cmocka_unit_test(limits_are_kept_to_the_last_byte),
	    cmocka_unit_test(default_limits_are_named),
	    cmocka_unit_test(a_file_of_more_than_4_gib_is_refused),
	    cmocka_unit_test(a_directory_of_more_than_8_mib_is_refused),
	    cmocka_unit_test(a_pipe_is_refused_and_can_be_spooled),
	    cmocka_unit_test(spooling_fails_as_its_source_does),
	    cmocka_unit_test(a_file_that_shrinks_meanwhile_is_truncated),
	    cmocka_unit_test(a_file_that_changes_meanwhile_is_refused),
	    cmocka_unit_test(each_allocation_may_fail),
	    cmocka_unit_test(nothing_is_freed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
