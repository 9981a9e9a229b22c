/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARCHIVE_INTERNAL_H
#define ARCHIVE_INTERNAL_H

#include "packline/archive.h"
#include "packline/arena.h"

#include <stdbool.h>

/* Sizes in bytes of what APPNOTE.TXT 6.3.10 describes in section 4.3. */
enum {
	SIGNATURE = 4,
	COMMON = 26,  /* what local header and central entry have in common */
	LOCAL = 30,   /* local header without name and extra fields */
	CENTRAL = 46, /* central entry without name, extra fields, comment */
	END = 22,     /* end record without comment */
	LOCATOR = 20, /* of the zip64 end record, right before the end record */
	DESCRIPTOR = 12, /* without its signature */
	EXTRA_MAX = 128, /* all fields that are accepted, each once: 96 */
};

#define SIG_LOCAL      0x04034b50u
#define SIG_CENTRAL    0x02014b50u
#define SIG_END        0x06054b50u
#define SIG_LOCATOR    0x07064b50u
#define SIG_DESCRIPTOR 0x08074b50u
#define ELSEWHERE      0xffffffffu /* zip64: the value stands elsewhere */

/* Section 4.4.4, general purpose bit flags. */
enum {
	FLAG_ENCRYPTED = 1 << 0,
	FLAG_LEVEL = 3 << 1, /* how hard deflate tried: says nothing */
	FLAG_DESCRIPTOR = 1 << 3,
	FLAG_STRONG = 1 << 6,
	FLAG_UTF8 = 1 << 11,
	FLAG_MASKED = 1 << 13, /* the central directory is encrypted */
};

/* Systems that an entry is made on, section 4.4.2: those that are known. */
enum {
	SYSTEM_FAT = 0,
	SYSTEM_UNIX = 3,
	SYSTEM_WINDOWS = 10, /* NTFS */
	SYSTEM_NTFS = 11,    /* NTFS, as Info-ZIP counts */
	SYSTEM_VFAT = 14,
	SYSTEM_MACOS = 19,
};

enum { METHOD_STORED = 0, METHOD_DEFLATE = 8 };

/* The fields of COMMON, and where in it they stand. */
enum {
	AT_VERSION = 0,
	AT_FLAGS = 2,
	AT_METHOD = 4,
	AT_TIME = 6,
	AT_DATE = 8,
	AT_CRC = 10,
	AT_PACKED = 14,
	AT_SIZE = 18,
	AT_NAME_LEN = 22,
	AT_EXTRA_LEN = 24,
};

/* An entry and what else is to be known of it. */
struct slot {
	struct pkg_archive_entry entry; /* name NULL until it was seen */
	size_t name_len;                /* there may be a NUL in it */
	uint64_t data;                  /* offset of the packed bytes */
	uint8_t common[COMMON];         /* as the central entry says */
};

struct pkg_archive {
	int fd; /* borrowed */
	struct pkg_archive_limits limits;
	uint64_t central;        /* offset of the central directory */
	size_t central_size;     /* bytes */
	struct pkg_arena *names; /* owned */
	struct slot *slots;      /* owned */
	size_t count;
};

static inline uint32_t archive_get(const uint8_t *at, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* Read exactly @len bytes at @offset; as pkg_source_read_all(). */
PKG_MUST_CHECK enum pkg_code pkg_archive_bytes(const struct pkg_archive *self,
					       void *buf, size_t len,
					       uint64_t offset,
					       struct pkg_err *err);
/* Find the end record: count, central and central_size are set. */
PKG_MUST_CHECK enum pkg_code pkg_archive_end(struct pkg_archive *self,
					     struct pkg_err *err);
/* Read the central directory: slots are filled and judged one by one. */
PKG_MUST_CHECK enum pkg_code pkg_archive_central(struct pkg_archive *self,
						 struct pkg_err *err);
/* Compare every local header with its entry, and where they stand. */
PKG_MUST_CHECK enum pkg_code pkg_archive_locals(struct pkg_archive *self,
						struct pkg_err *err);

/* Judge what one entry says of itself, but for its name and extra fields. */
PKG_MUST_CHECK enum pkg_code pkg_archive_flags(const struct slot *slot,
					       struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_archive_sizes(const struct pkg_archive *self,
					       const struct slot *slot,
					       struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_archive_mode(unsigned made_by,
					      unsigned internal,
					      uint32_t external,
					      struct pkg_err *err);
/* Is this much content packed into too few bytes? */
bool pkg_archive_is_bomb(const struct pkg_archive *self, uint64_t size,
			 uint64_t packed);
/* Judge @len bytes of extra fields. */
PKG_MUST_CHECK enum pkg_code pkg_archive_extra(const uint8_t *at, size_t len,
					       struct pkg_err *err);

/* Put before the error which entry it is about, and add a hint. */
enum pkg_code pkg_archive_blame(const struct pkg_archive *self, size_t index,
				struct pkg_err *err);
/* Add to a refusal how to mend it, unless there is a hint already. */
enum pkg_code pkg_archive_hint(struct pkg_err *err);

#endif
