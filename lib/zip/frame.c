/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/zip.h"

#include <libdeflate.h>
#include <string.h>

/* APPNOTE.TXT 6.3: what a 32-bit field holds if the value stands elsewhere. */
#define ELSEWHERE 0xffffffffu

enum {
	VERSION_PLAIN = 10,
	VERSION_ZIP64 = 45,
	MADE_BY = 0x031e, /* Unix, 3.0: only so are the attributes modes */
	DATE = 0x0021,    /* 1980-01-01, the earliest there is */
	EXTRA_ZIP64 = 1,
	FLAG_UTF8 = 0x0800,
	END64_REST = 44, /* bytes of the zip64 end after its size field */
};
#define ATTRIBUTES 0x81a40000u /* 0100644 */
#define EXECUTABLE 0x00490000u /* 0000111 */

/* Writes little-endian fields; only counts if there is nowhere to write. */
struct pen {
	uint8_t *at;
	size_t len;
};

static struct pen pen_at(uint8_t *at)
{
	return (struct pen){.at = at};
}

static void put(struct pen *pen, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (pen->at != NULL)
			pen->at[pen->len] = (uint8_t)(value >> (8 * i));
		pen->len++;
	}
}

static void put_bytes(struct pen *pen, const void *data, size_t len)
{
	if (pen->at != NULL)
		memcpy(pen->at + pen->len, data, len);
	pen->len += len;
}

static uint32_t narrow(uint64_t value)
{
	return value >= ELSEWHERE ? ELSEWHERE : (uint32_t)value;
}

uint32_t pkg_zip_crc32(uint32_t crc, const void *data, size_t len)
{
	return libdeflate_crc32(crc, data, len);
}

static bool is_ascii(const char *name)
{
	while (*name != '\0' && (uint8_t)*name < 0x80)
		name++;
	return *name == '\0';
}

/* The fields that local header and central entry have in common. */
static void put_common(struct pen *pen, const struct pkg_zip_entry *entry,
		       bool zip64)
{
	put(pen, zip64 ? VERSION_ZIP64 : VERSION_PLAIN, 2);
	put(pen, is_ascii(entry->name) ? 0 : FLAG_UTF8, 2);
	put(pen, 0, 2); /* stored */
	put(pen, 0, 2); /* 00:00:00 */
	put(pen, DATE, 2);
	put(pen, entry->crc, 4);
	put(pen, narrow(entry->size), 4);
	put(pen, narrow(entry->size), 4);
	put(pen, strlen(entry->name), 2);
}

size_t pkg_zip_local(uint8_t *out, const struct pkg_zip_entry *entry)
{
	struct pen pen = pen_at(out);
	const bool zip64 = entry->size >= ELSEWHERE;

	put(&pen, 0x04034b50, 4);
	put_common(&pen, entry, zip64);
	put(&pen, zip64 ? 20 : 0, 2);
	put_bytes(&pen, entry->name, strlen(entry->name));
	if (zip64) {
		put(&pen, EXTRA_ZIP64, 2);
		put(&pen, 16, 2);
		put(&pen, entry->size, 8);
		put(&pen, entry->size, 8);
	}
	return pen.len;
}

size_t pkg_zip_central(uint8_t *out, const struct pkg_zip_entry *entry)
{
	struct pen pen = pen_at(out);
	const bool big = entry->size >= ELSEWHERE;
	const bool far = entry->offset >= ELSEWHERE;
	const size_t extra = (big ? 16u : 0u) + (far ? 8u : 0u);

	put(&pen, 0x02014b50, 4);
	put(&pen, MADE_BY, 2);
	put_common(&pen, entry, extra != 0);
	put(&pen, extra != 0 ? extra + 4 : 0, 2);
	put(&pen, 0, 2); /* comment */
	put(&pen, 0, 2); /* disk */
	put(&pen, 0, 2); /* internal attributes */
	put(&pen, entry->executable ? ATTRIBUTES | EXECUTABLE : ATTRIBUTES, 4);
	put(&pen, narrow(entry->offset), 4);
	put_bytes(&pen, entry->name, strlen(entry->name));
	if (extra != 0) {
		put(&pen, EXTRA_ZIP64, 2);
		put(&pen, extra, 2);
	}
	if (big) {
		put(&pen, entry->size, 8);
		put(&pen, entry->size, 8);
	}
	if (far)
		put(&pen, entry->offset, 8);
	return pen.len;
}

static void put_end64(struct pen *pen, size_t count, uint64_t central,
		      uint64_t central_size)
{
	put(pen, 0x06064b50, 4);
	put(pen, END64_REST, 8);
	put(pen, MADE_BY, 2);
	put(pen, VERSION_ZIP64, 2);
	put(pen, 0, 4); /* this disk */
	put(pen, 0, 4); /* disk of the central directory */
	put(pen, count, 8);
	put(pen, count, 8);
	put(pen, central_size, 8);
	put(pen, central, 8);
	/* Its locator. */
	put(pen, 0x07064b50, 4);
	put(pen, 0, 4);
	put(pen, central + central_size, 8);
	put(pen, 1, 4); /* disks */
}

size_t pkg_zip_end(uint8_t *out, size_t count, uint64_t central,
		   uint64_t central_size)
{
	struct pen pen = pen_at(out);

	if (central >= ELSEWHERE)
		put_end64(&pen, count, central, central_size);
	put(&pen, 0x06054b50, 4);
	put(&pen, 0, 2); /* this disk */
	put(&pen, 0, 2); /* disk of the central directory */
	put(&pen, count, 2);
	put(&pen, count, 2);
	put(&pen, central_size, 4);
	put(&pen, narrow(central), 4);
	put(&pen, 0, 2); /* comment */
	return pen.len;
}
