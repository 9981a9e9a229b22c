/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of foreign ZIP files. */
#include "fuzz.h"

#include "packline/archive.h"
#include "packline/path.h"
#include "packline/zip.h"

#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MAX = 1 << 20,
	CONTENT_MAX = 16 << 20,
	LOCAL = 30,
	CENTRAL = 46,
	END = 22,
	MEMBERS = 16, /* that are mended */
};

static uint32_t get(const uint8_t *at, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* Reading from the front, there is this entry; returns where it ends. */
static size_t check_place(const uint8_t *data, size_t at,
			  const struct pkg_archive_entry *entry)
{
	size_t len = LOCAL + get(data + at + 26, 2) + get(data + at + 28, 2);

	MUST(entry->offset == at && memcmp(data + at, "PK\3\4", 4) == 0);
	MUST(get(data + at + 26, 2) == strlen(entry->name));
	MUST(memcmp(data + at + LOCAL, entry->name, strlen(entry->name)) == 0);
	MUST(get(data + at + 8, 2) == entry->method);
	len += (size_t)entry->packed_size;
	if ((get(data + at + 6, 2) & 8) == 0)
		return at + len;
	len += get(data + at + len, 4) == 0x08074b50 ? 4 : 0;
	MUST(get(data + at + len, 4) == entry->crc32);
	MUST(get(data + at + len + 4, 4) == entry->packed_size);
	MUST(get(data + at + len + 8, 4) == entry->size);
	return at + len + 12;
}

static void check_names(const struct pkg_archive *archive)
{
	const size_t count = pkg_archive_count(archive);

	for (size_t i = 0; i < count; i++) {
		const char *name = pkg_archive_entry(archive, i)->name;

		MUST(pkg_path_name_flaw(name, strlen(name)) == NULL);
		for (size_t k = 0; k < i && count < 100; k++)
			MUST(strcasecmp(pkg_archive_entry(archive, k)->name,
					name) != 0);
	}
}

static void check_content(const struct pkg_archive *archive, size_t index)
{
	const struct pkg_archive_entry *entry =
	    pkg_archive_entry(archive, index);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf content = {.max = CONTENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;
	enum pkg_code code;

	if (entry->size > content.max)
		return;
	pkg_sink_buf_init(&sink, &content);
	code = pkg_archive_read(archive, index, &sink.sink, &err);
	MUST(content.len <= entry->size);
	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		MUST(err.hint[0] != '\0');
		return;
	}
	MUST(content.len == entry->size);
	MUST(pkg_zip_crc32(0, content.data, content.len) == entry->crc32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	size_t at = 0, count;
	enum pkg_code code;
	int fd;

	if (size > MAX)
		return 0;
	fd = memfd_create("a.zip", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	code = pkg_archive_open(&archive, fd, NULL, &err);
	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		MUST(code == PKG_INPUT && err.hint[0] != '\0');
		(void)close(fd);
		return 0;
	}
	count = pkg_archive_count(archive);
	check_names(archive);
	for (size_t i = 0; i < count; i++) {
		at = check_place(data, at, pkg_archive_entry(archive, i));
		check_content(archive, i);
	}
	/* all that is left is the directory and the end */
	for (size_t i = 0; i < count; i++)
		at += CENTRAL + get(data + at + 28, 2) + get(data + at + 30, 2);
	MUST(at + END == size);
	(void)close(fd);
	return 0;
}

#ifdef PKG_LIBFUZZER
static void put(uint8_t *at, size_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* The local header at @at, with the CRC-32 of its content if it is stored;
   its whole length, or 0. */
static size_t mend_local(uint8_t *data, size_t size, size_t at)
{
	size_t head, packed;

	if (size - at < LOCAL || memcmp(data + at, "PK\3\4", 4) != 0)
		return 0;
	head = LOCAL + get(data + at + 26, 2) + get(data + at + 28, 2);
	packed = get(data + at + 18, 4);
	if (head > size - at || packed > size - at - head)
		return 0;
	if (get(data + at + 8, 2) != 0)
		return head + packed;
	put(data + at + 14, pkg_zip_crc32(0, data + at + head, packed), 4);
	put(data + at + 22, packed, 4);
	return head + packed;
}

/* Write the directory and the end anew, as the local headers demand. */
static size_t mend(uint8_t *data, size_t size, size_t max)
{
	size_t offsets[MEMBERS], count = 0, end = 0, at, len;

	while (count < MEMBERS && (len = mend_local(data, size, end)) != 0) {
		offsets[count++] = end;
		end += len;
	}
	at = end;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *local = data + offsets[i];
		const size_t name = get(local + 26, 2);

		if (max - at < CENTRAL + name + END)
			return size;
		memset(data + at, 0, CENTRAL);
		memcpy(data + at, "PK\1\2\x1e\3", 6);
		memcpy(data + at + 6, local + 4, 26);
		put(data + at + 30, 0, 2);
		put(data + at + 42, offsets[i], 4);
		memcpy(data + at + CENTRAL, local + LOCAL, name);
		at += CENTRAL + name;
	}
	if (max - at < END)
		return size;
	memset(data + at, 0, END);
	memcpy(data + at, "PK\5\6", 4);
	put(data + at + 8, count, 2);
	put(data + at + 10, count, 2);
	put(data + at + 12, at - end, 4);
	put(data + at + 16, end, 4);
	return at + END;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	return seed % 2 == 0 ? size : mend(data, size, max_size);
}
#endif
