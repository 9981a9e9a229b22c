/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ZIP_H
#define PKG_ZIP_H

#include "packline/auto.h"
#include "packline/sink.h"
#include "packline/source.h"

/*
 * The ZIP profile of schemas/container.md: for a given list of (name, size,
 * CRC-32) there is exactly one sequence of framing bytes.  The writer makes
 * it; the reader believes no framing, it makes the same bytes again and
 * compares.  So a file that this reader takes is read alike by every ZIP
 * program.
 */

enum {
	PKG_ZIP_NAME_MAX =
	    128, /* bytes of a name; container names are shorter */
	PKG_ZIP_COUNT_MAX = 65534, /* members: no zip64 count is ever needed */
	PKG_ZIP_LOCAL_MAX = 30 + PKG_ZIP_NAME_MAX + 20,
	PKG_ZIP_CENTRAL_MAX = 46 + PKG_ZIP_NAME_MAX + 28,
	PKG_ZIP_END_MAX = 56 + 20 + 22,
};

/* One member.  Sizes and offsets in bytes. */
struct pkg_zip_entry {
	/* NUL-terminated, 1..PKG_ZIP_NAME_MAX bytes of ASCII in the profile;
	   the framing below takes up to 65535 bytes of UTF-8. */
	const char *name;
	uint64_t size;
	uint64_t offset; /* of the local header */
	uint32_t crc;    /* CRC-32 (ISO 3309) of the content */
	bool executable; /* mode 0755, else 0644; never in the profile */
};

PKG_API_BEGIN

/* Continue the CRC-32 @crc (0 at the start) over @len bytes of @data. */
uint32_t pkg_zip_crc32(uint32_t crc, const void *data, size_t len);

/*
 * The framing of one member, and of the end of a file whose central directory
 * of @central_size bytes with @count members begins at @central.
 * Each returns the length of what it wrote, or would write if @out is NULL.
 */
size_t pkg_zip_local(uint8_t *out, const struct pkg_zip_entry *entry);
size_t pkg_zip_central(uint8_t *out, const struct pkg_zip_entry *entry);
size_t pkg_zip_end(uint8_t *out, size_t count, uint64_t central,
		   uint64_t central_size);

/*
 * A list of members in the order of the file.  The layout follows from names
 * and sizes alone, so a writer knows every offset before it knows a CRC.
 */
struct pkg_zip_list {
	struct pkg_zip_entry *entries; /* owned; names are borrowed */
	size_t count, cap;
	uint64_t end; /* offset behind the last member = central directory */
};

/*
 * Append a member; its offset is set, its CRC is 0.
 * @name  borrowed, must outlive the list.
 * Fails with PKG_INPUT, reason "limit", over PKG_ZIP_COUNT_MAX or 2^63 bytes,
 * PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_zip_list_add(struct pkg_zip_list *list,
					      const char *name, uint64_t size,
					      struct pkg_err *err);
/* Offset of the content of member @index. */
uint64_t pkg_zip_list_data(const struct pkg_zip_list *list, size_t index);
/* Bytes of the central directory and end that close this list. */
uint64_t pkg_zip_list_tail(const struct pkg_zip_list *list);
/* Write that central directory and end to @sink. */
PKG_MUST_CHECK enum pkg_code
pkg_zip_list_finish(const struct pkg_zip_list *list, struct pkg_sink *sink,
		    struct pkg_err *err);
void pkg_zip_list_fini(struct pkg_zip_list *list);

/*
 * The reader: one pass over a source, which may be a pipe.  A deviation from
 * the profile is PKG_INPUT, reason "framing"; an early end is PKG_INPUT,
 * reason "truncated".
 */
struct pkg_zip_reader;

/*
 * Start at the first byte of @source, which is borrowed.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_zip_reader_new(struct pkg_zip_reader **out,
						struct pkg_source *source,
						struct pkg_err *err);
/*
 * Look at the next member without leaving its header.
 * @entry  receives it, its name borrowed until the next call; NULL if the
 *         central directory comes next.
 * The content of the member before must have been read to its end (else
 * PKG_INTERNAL).
 */
PKG_MUST_CHECK enum pkg_code
pkg_zip_reader_peek(struct pkg_zip_reader *reader,
		    const struct pkg_zip_entry **entry, struct pkg_err *err);
/*
 * Enter the next member, which must be @name.
 * @size  its size, or UINT64_MAX to take that of the header; read it from
 *        pkg_zip_reader_peek() first and check it against a limit.
 * Another name or size is reason "framing".
 */
PKG_MUST_CHECK enum pkg_code pkg_zip_reader_enter(struct pkg_zip_reader *reader,
						  const char *name,
						  uint64_t size,
						  struct pkg_err *err);
/*
 * Read 1..@cap bytes of the entered member; *got is 0 at its end, and then
 * its CRC-32 was right (else PKG_INPUT, "framing").
 */
PKG_MUST_CHECK enum pkg_code pkg_zip_reader_read(struct pkg_zip_reader *reader,
						 void *buf, size_t cap,
						 size_t *got,
						 struct pkg_err *err);
/*
 * Append the entered member whole to @out.  More than @out->max allows is
 * PKG_INPUT, reason "limit".
 */
PKG_MUST_CHECK enum pkg_code pkg_zip_reader_slurp(struct pkg_zip_reader *reader,
						  struct pkg_buf *out,
						  struct pkg_err *err);
/*
 * Compare central directory and end with what the members demand, and require
 * the end of the source behind it.
 */
PKG_MUST_CHECK enum pkg_code
pkg_zip_reader_finish(struct pkg_zip_reader *reader, struct pkg_err *err);
/* Every member entered so far, borrowed: for writing them again. */
const struct pkg_zip_list *
pkg_zip_reader_list(const struct pkg_zip_reader *reader);
void pkg_zip_reader_free(struct pkg_zip_reader *reader); /* NULL is allowed */

PKG_API_END
PKG_DEFINE_AUTO(pkg_zip_reader)

#endif
