/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ARCHIVE_H
#define PKG_ARCHIVE_H

#include "packline/auto.h"
#include "packline/sink.h"
#include "packline/source.h"

/*
 * The strict reader of ZIP files that other programs made (PKWARE APPNOTE.TXT
 * 6.3.10): flat ones, as people send documents.  Nothing is inflated before
 * every header was read and says the same as every other; a file that could
 * be read in two ways is refused, not read in one of them.  What is accepted
 * reads the same in every ZIP program.  The rules are in schemas/batch.md.
 *
 * A refusal is PKG_INPUT; its reason is one of
 *
 *   zip-end         no end record as the last 22 bytes: cut off, something
 *                   behind it, a comment, or no ZIP file at all
 *   zip-multidisk   a part of a ZIP file that was split
 *   zip-zip64       fields of zip64: not needed below 4 GiB
 *   zip-central     the central directory is not where, as long or as
 *                   numerous as the end record says, or an entry is cut off
 *   zip-local       no local header where an entry says it is
 *   zip-mismatch    local header and central entry differ
 *   zip-order       entries are not in the order of their content
 *   zip-overlap     the content of two entries, or of an entry and the
 *                   central directory, overlaps
 *   zip-gap         bytes that belong to no entry, also before the first
 *   zip-descriptor  a data descriptor that differs from the entry, or stored
 *                   content whose length stands only behind it
 *   zip-version     needs a newer ZIP than methods 0 and 8 do
 *   zip-flags       a flag other than 1, 2 (level), 3 and 11 (UTF-8)
 *   zip-encrypted   encrypted, also the central directory
 *   zip-method      a method other than 0 (stored) and 8 (deflate)
 *   zip-size        stored, with sizes that differ; deflated to no bytes
 *   zip-extra       an extra field that is not known to be harmless
 *   zip-comment     a comment of an entry
 *   zip-mode        not a regular file: folder, link, device; or made by a
 *                   system whose attributes are not known
 *   zip-name        a name that is not one safe file name; or not ASCII, and
 *                   not UTF-8, not marked as such (flag 11), or made on DOS
 *                   or Windows, where programs disagree on how to read it
 *   zip-duplicate   two names that are equal or differ in ASCII case only
 *   zip-limit       too many entries, or too much content in all
 *   zip-ratio       more content than a document is packed into
 *   zip-deflate     the packed bytes are no deflate stream (RFC 1951)
 *   zip-trailing    packed bytes behind the end of the deflate stream
 *   zip-length      more or less content than the entry says
 *   zip-crc         content with another CRC-32 than the entry says
 *
 * The last five come from pkg_archive_read().  Messages name the entry by its
 * number (from 1), its name with unsafe characters escaped, and its offset.
 */
struct pkg_archive;

/* 0 = the default of packline/limits.h. */
struct pkg_archive_limits {
	uint32_t entries; /* count: PKG_LIMIT_ARCHIVE_ENTRIES */
	uint64_t content; /* bytes in all: PKG_LIMIT_ARCHIVE_CONTENT */
	uint32_t ratio;   /* content per packed byte: PKG_LIMIT_ARCHIVE_RATIO */
	uint64_t ratio_of; /* bytes from which the ratio counts, of one entry
			      and of all: PKG_LIMIT_ARCHIVE_RATIO_OF */
};

/* One file in it. */
struct pkg_archive_entry {
	const char *name;     /* UTF-8, pkg_path_name_flaw() has none */
	uint64_t size;        /* bytes of content */
	uint64_t packed_size; /* bytes it takes in the file */
	uint64_t offset;      /* of its local header, in bytes */
	uint32_t crc32;       /* of the content (ISO 3309) */
	uint16_t method;      /* 0 = stored, 8 = deflate */
};

PKG_API_BEGIN

/*
 * Read every header of a ZIP file, and judge them; no content yet.
 * @out     receives it; freed by the caller with pkg_archive_free().
 * @fd      a regular file, open for reading; borrowed, must stay open until
 *          the archive is freed.  Its position is neither used nor moved.
 * @limits  NULL = the defaults.
 * Fails with PKG_INPUT and a reason as above, or "not-a-file" for a pipe or a
 * device (see pkg_archive_spool()); PKG_SYSTEM if it cannot be read or out of
 * memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_archive_open(struct pkg_archive **out, int fd,
		 const struct pkg_archive_limits *limits, struct pkg_err *err);
/* Number of entries; 0 is possible. */
size_t pkg_archive_count(const struct pkg_archive *archive);
/* Entry @index, below the count, in the order of the file; borrowed. */
const struct pkg_archive_entry *
pkg_archive_entry(const struct pkg_archive *archive, size_t index);
/*
 * Write the content of entry @index to @sink, which is not finished, through
 * memory of a fixed size.  Only PKG_OK makes it believable: what went to the
 * sink before a failure must be thrown away.  Several threads may read at the
 * same time.
 * Fails with PKG_INPUT and a reason as above ("truncated" if the file was made
 * shorter meanwhile), PKG_SYSTEM, or as the sink does.
 */
PKG_MUST_CHECK enum pkg_code pkg_archive_read(const struct pkg_archive *archive,
					      size_t index,
					      struct pkg_sink *sink,
					      struct pkg_err *err);
void pkg_archive_free(struct pkg_archive *archive); /* NULL is allowed */

/*
 * Copy a pipe into an unlinked temporary file, for pkg_archive_open().
 * @fd      receives its descriptor, which the caller closes.
 * @source  borrowed, read to its end.
 * Fails with PKG_INPUT, reason "zip-limit", at PKG_LIMIT_ARCHIVE_FILE bytes;
 * PKG_SYSTEM; or as the source does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_archive_spool(int *fd, struct pkg_source *source, struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_archive)

#endif
