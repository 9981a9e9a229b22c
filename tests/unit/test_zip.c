/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/sink.h"
#include "packline/zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LIMIT32 0xffffffffull

struct file {
	const char *name;
	const char *content;
};

static const struct file two[] = {{"mimetype", "text/x"},
				  {"payload/a", "hello"}};

/* Write @count small files as a ZIP into @out. */
static void make(struct pkg_buf *out, const struct file *files, size_t count)
{
	struct pkg_zip_list list = {0};
	struct pkg_sink_buf sink;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t header[PKG_ZIP_LOCAL_MAX];

	pkg_sink_buf_init(&sink, out);
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(files[i].content);

		assert_int_equal(
		    pkg_zip_list_add(&list, files[i].name, len, &err), PKG_OK);
		list.entries[i].crc = pkg_zip_crc32(0, files[i].content, len);
		pkg_sink_write(&sink.sink, header,
			       pkg_zip_local(header, &list.entries[i]), &err);
		assert_int_equal(out->len, pkg_zip_list_data(&list, i));
		pkg_sink_write(&sink.sink, files[i].content, len, &err);
	}
	assert_int_equal(out->len, list.end);
	assert_int_equal(pkg_zip_list_finish(&list, &sink.sink, &err), PKG_OK);
	assert_int_equal(out->len, list.end + pkg_zip_list_tail(&list));
	assert_int_equal(pkg_sink_finish(&sink.sink, &err), PKG_OK);
	pkg_zip_list_fini(&list);
}

/* Read it back: PKG_OK only if it is exactly @files. */
static enum pkg_code take(const void *data, size_t len,
			  const struct file *files, size_t count,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_zip_reader) struct pkg_zip_reader *reader = NULL;
	struct pkg_source_mem source;

	pkg_source_mem_init(&source, data, len, "test.zip");
	PKG_TRY(pkg_zip_reader_new(&reader, &source.source, err));
	for (size_t i = 0; i < count; i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf got = {.max = 100};

		PKG_TRY(pkg_buf_puts(&got, "longer than any content", err));
		pkg_buf_clear(&got);
		PKG_TRY(pkg_zip_reader_enter(reader, files[i].name, UINT64_MAX,
					     err));
		PKG_TRY(pkg_zip_reader_slurp(reader, &got, err));
		/* The memory was used before: a buffer ends it with a NUL. */
		if (strcmp(pkg_buf_str(&got), files[i].content) != 0)
			return pkg_fail(err, PKG_NO, "other content");
	}
	return pkg_zip_reader_finish(reader, err);
}

static void golden_bytes(void **state)
{
	static const uint8_t want[] = {
	    /* local header of "a", one byte "x" */
	    'P', 'K', 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x83, 0x16, 0xdc,
	    0x8c, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'a', 'x',
	    /* central entry */
	    'P', 'K', 1, 2, 0x1e, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x83,
	    0x16, 0xdc, 0x8c, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0xa4, 0x81, 0, 0, 0, 0, 'a',
	    /* end */
	    'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 47, 0, 0, 0, 32, 0, 0, 0, 0,
	    0};
	static const struct file one[] = {{"a", "x"}};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf zip = {.max = 1000};

	(void)state;
	make(&zip, one, 1);
	assert_int_equal(zip.len, sizeof(want));
	assert_memory_equal(zip.data, want, sizeof(want));
}

static void reads_what_it_writes(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf zip = {.max = 1000};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make(&zip, two, 2);
	assert_int_equal(take(zip.data, zip.len, two, 2, &err), PKG_OK);
}

static void no_flipped_bit_is_accepted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf zip = {.max = 1000};

	(void)state;
	make(&zip, two, 2);
	for (size_t i = 0; i < 8 * zip.len; i++) {
		struct pkg_err err = PKG_ERR_INIT;

		zip.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		assert_int_equal(take(zip.data, zip.len, two, 2, &err),
				 PKG_INPUT);
		assert_non_null(err.reason);
		zip.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
}

static void no_other_length_is_accepted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf zip = {.max = 1000};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make(&zip, two, 2);
	for (size_t len = 0; len < zip.len; len++) {
		err = PKG_ERR_INIT;
		assert_int_equal(take(zip.data, len, two, 2, &err), PKG_INPUT);
		assert_string_equal(err.reason, "truncated");
	}
	err = PKG_ERR_INIT;
	assert_int_equal(pkg_buf_add(&zip, "", 1, &err), PKG_OK);
	assert_int_equal(take(zip.data, zip.len, two, 2, &err), PKG_INPUT);
	assert_string_equal(err.reason, "framing");
}

static void a_member_more_or_less_is_refused(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf zip = {.max = 1000};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make(&zip, two, 2);
	assert_int_equal(take(zip.data, zip.len, two, 1, &err), PKG_INPUT);
	assert_string_equal(err.reason, "framing");
	pkg_buf_clear(&zip);
	make(&zip, two, 1);
	err = PKG_ERR_INIT;
	assert_int_equal(take(zip.data, zip.len, two, 2, &err), PKG_INPUT);
	assert_string_equal(err.reason, "framing");
}

/* Lengths of the framing around the places where 32 bits end. */
static void zip64_begins_exactly_at_its_limit(void **state)
{
	struct pkg_zip_entry entry = {.name = "a"};

	(void)state;
	entry.size = LIMIT32 - 1;
	assert_int_equal(pkg_zip_local(NULL, &entry), 31);
	assert_int_equal(pkg_zip_central(NULL, &entry), 47);
	entry.size = LIMIT32;
	assert_int_equal(pkg_zip_local(NULL, &entry), 31 + 20);
	assert_int_equal(pkg_zip_central(NULL, &entry), 47 + 20);
	entry.offset = LIMIT32 - 1;
	assert_int_equal(pkg_zip_central(NULL, &entry), 47 + 20);
	entry.offset = LIMIT32;
	assert_int_equal(pkg_zip_central(NULL, &entry), 47 + 28);
	entry.size = LIMIT32 - 1;
	assert_int_equal(pkg_zip_local(NULL, &entry), 31);
	assert_int_equal(pkg_zip_central(NULL, &entry), 47 + 12);
	assert_int_equal(pkg_zip_end(NULL, 1, LIMIT32 - 1, 47), 22);
	assert_int_equal(pkg_zip_end(NULL, 1, LIMIT32, 47), 22 + 56 + 20);
}

static void version_follows_the_zip64_extra(void **state)
{
	uint8_t local[PKG_ZIP_LOCAL_MAX], central[PKG_ZIP_CENTRAL_MAX];
	struct pkg_zip_entry entry = {.name = "a", .offset = LIMIT32};

	(void)state;
	/* Only the central entry needs it: the local header has no offset. */
	assert_int_equal(pkg_zip_local(local, &entry), 31);
	assert_int_equal(local[4], 10);
	assert_int_equal(pkg_zip_central(central, &entry), 47 + 12);
	assert_int_equal(central[6], 45);
	entry.offset = 0;
	entry.size = LIMIT32;
	assert_int_equal(pkg_zip_local(local, &entry), 31 + 20);
	assert_int_equal(local[4], 45);
}

/* Bytes, then very many zero bytes, then bytes: a file too large to keep. */
struct source_sparse {
	struct pkg_source source;
	const struct pkg_buf *front, *back;
	uint64_t at, zeros;
};

static enum pkg_code sparse_read(struct pkg_source *source, void *buf,
				 size_t cap, size_t *got, struct pkg_err *err)
{
	struct source_sparse *self = (struct source_sparse *)source;
	const uint64_t hole = self->front->len + self->zeros;

	(void)err;
	if (self->at < self->front->len) {
		*got = 1;
		*(uint8_t *)buf = self->front->data[self->at];
	} else if (self->at < hole) {
		*got = hole - self->at < cap ? (size_t)(hole - self->at) : cap;
		memset(buf, 0, *got);
	} else if (self->at < hole + self->back->len) {
		*got = 1;
		*(uint8_t *)buf = self->back->data[self->at - hole];
	} else {
		*got = 0;
	}
	self->at += *got;
	return PKG_OK;
}

static uint32_t crc_of_zeros(uint64_t size)
{
	static const uint8_t zeros[1 << 20];
	uint32_t crc = 0;

	while (size > 0) {
		const size_t len =
		    size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		crc = pkg_zip_crc32(crc, zeros, len);
		size -= len;
	}
	return crc;
}

/* Read a member of @size zero bytes and a small one behind it. */
static void read_sparse(uint64_t size)
{
	static uint8_t chunk[1 << 20];
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf front = {.max = 100};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf back = {.max = 1000};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf got = {.max = 10};
	PKG_AUTO(pkg_zip_reader) struct pkg_zip_reader *reader = NULL;
	struct source_sparse source = {
	    .source = {.read = sparse_read, .name = "sparse"},
	    .front = &front,
	    .back = &back,
	    .zeros = size};
	struct pkg_zip_list list = {0};
	struct pkg_sink_buf sink;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t header[PKG_ZIP_LOCAL_MAX];
	size_t len = 1;

	assert_int_equal(pkg_zip_list_add(&list, "big", size, &err), PKG_OK);
	assert_int_equal(pkg_zip_list_add(&list, "b", 1, &err), PKG_OK);
	list.entries[0].crc = crc_of_zeros(size);
	list.entries[1].crc = pkg_zip_crc32(0, "x", 1);
	pkg_sink_buf_init(&sink, &front);
	pkg_sink_write(&sink.sink, header,
		       pkg_zip_local(header, &list.entries[0]), &err);
	pkg_sink_buf_init(&sink, &back);
	pkg_sink_write(&sink.sink, header,
		       pkg_zip_local(header, &list.entries[1]), &err);
	pkg_sink_write(&sink.sink, "x", 1, &err);
	assert_int_equal(pkg_zip_list_finish(&list, &sink.sink, &err), PKG_OK);

	assert_int_equal(pkg_zip_reader_new(&reader, &source.source, &err),
			 PKG_OK);
	assert_int_equal(pkg_zip_reader_enter(reader, "big", size, &err),
			 PKG_OK);
	while (len > 0)
		assert_int_equal(pkg_zip_reader_read(reader, chunk,
						     sizeof(chunk), &len, &err),
				 PKG_OK);
	assert_int_equal(pkg_zip_reader_enter(reader, "b", 1, &err), PKG_OK);
	assert_int_equal(pkg_zip_reader_slurp(reader, &got, &err), PKG_OK);
	assert_int_equal(pkg_zip_reader_finish(reader, &err), PKG_OK);
	pkg_zip_list_fini(&list);
}

static void four_gibibytes_less_two(void **state)
{
	(void)state;
	read_sparse(LIMIT32 - 1);
}

static void four_gibibytes_less_one(void **state)
{
	(void)state;
	read_sparse(LIMIT32);
}

static void four_gibibytes(void **state)
{
	(void)state;
	read_sparse(LIMIT32 + 1);
}

static void limits_of_the_list(void **state)
{
	struct pkg_zip_list list = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < PKG_ZIP_COUNT_MAX; i++)
		assert_int_equal(pkg_zip_list_add(&list, "a", 0, &err), PKG_OK);
	assert_int_equal(pkg_zip_list_add(&list, "a", 0, &err), PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	pkg_zip_list_fini(&list);
	assert_int_equal(pkg_zip_list_add(&list, "a", UINT64_MAX, &err),
			 PKG_INPUT);
	assert_int_equal(pkg_zip_list_add(&list, "a", INT64_MAX, &err),
			 PKG_INPUT);
	pkg_zip_list_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(golden_bytes),
	    cmocka_unit_test(reads_what_it_writes),
	    cmocka_unit_test(no_flipped_bit_is_accepted),
	    cmocka_unit_test(no_other_length_is_accepted),
	    cmocka_unit_test(a_member_more_or_less_is_refused),
	    cmocka_unit_test(zip64_begins_exactly_at_its_limit),
	    cmocka_unit_test(version_follows_the_zip64_extra),
	    cmocka_unit_test(four_gibibytes_less_two),
	    cmocka_unit_test(four_gibibytes_less_one),
	    cmocka_unit_test(four_gibibytes),
	    cmocka_unit_test(limits_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
