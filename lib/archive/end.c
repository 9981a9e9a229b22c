/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "packline/limits.h"

#include <errno.h>
#include <sys/stat.h>

/* Fields of the end record, APPNOTE.TXT 4.3.16. */
enum {
	AT_DISK = 4,
	AT_CENTRAL_DISK = 6,
	AT_COUNT_HERE = 8,
	AT_COUNT = 10,
	AT_CENTRAL_SIZE = 12,
	AT_CENTRAL = 16,
	AT_COMMENT_LEN = 20,
};

static enum pkg_code file_size(const struct pkg_archive *self, uint64_t *size,
			       struct pkg_err *err)
{
	struct stat st;

	if (fstat(self->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at the ZIP file");
	if (!S_ISREG(st.st_mode))
		return pkg_refuse(err, PKG_INPUT, "not-a-file",
				  "a ZIP file is read from its end: this is no "
				  "regular file");
	*size = (uint64_t)st.st_size;
	if (*size < END)
		return pkg_refuse(err, PKG_INPUT, "zip-end",
				  "no ZIP file: it has %llu bytes, the end "
				  "record alone has %u",
				  (unsigned long long)*size, (unsigned)END);
	if (*size > PKG_LIMIT_ARCHIVE_FILE)
		return pkg_refuse(err, PKG_INPUT, "zip-limit",
				  "the file has %llu bytes, more than %llu",
				  (unsigned long long)*size,
				  PKG_LIMIT_ARCHIVE_FILE);
	return PKG_OK;
}

/*
 * Programs look for the last end record that they find, some for the first
 * that fits.  Here it is where it is if there is only one.
 */
static enum pkg_code check_end(const uint8_t *end, struct pkg_err *err)
{
	if (archive_get(end, 4) != SIG_END)
		return pkg_refuse(err, PKG_INPUT, "zip-end",
				  "the last %u bytes are not the end record of "
				  "a ZIP file: it is none, it was cut off, or "
				  "something follows the end",
				  (unsigned)END);
	if (archive_get(end + AT_COMMENT_LEN, 2) != 0)
		return pkg_refuse(
		    err, PKG_INPUT, "zip-end",
		    "the end record promises a comment of %u "
		    "bytes",
		    (unsigned)archive_get(end + AT_COMMENT_LEN, 2));
	if (archive_get(end + AT_COUNT, 2) == 0xffff ||
	    archive_get(end + AT_CENTRAL_SIZE, 4) == ELSEWHERE ||
	    archive_get(end + AT_CENTRAL, 4) == ELSEWHERE)
		return pkg_refuse(err, PKG_INPUT, "zip-zip64",
				  "the end record refers to one of zip64");
	if (archive_get(end + AT_DISK, 2) != 0 ||
	    archive_get(end + AT_CENTRAL_DISK, 2) != 0 ||
	    archive_get(end + AT_COUNT_HERE, 2) !=
		archive_get(end + AT_COUNT, 2))
		return pkg_refuse(err, PKG_INPUT, "zip-multidisk",
				  "the end record is that of one part of a ZIP "
				  "file that was split");
	return PKG_OK;
}

/*
 * Some programs believe this locator although the end record needs none; it
 * can be hidden at the end of the last entry's extra fields.
 */
static enum pkg_code check_no_locator(const struct pkg_archive *self,
				      uint64_t end, struct pkg_err *err)
{
	uint8_t signature[SIGNATURE];

	if (end < LOCATOR)
		return PKG_OK;
	PKG_TRY(pkg_archive_bytes(self, signature, sizeof(signature),
				  end - LOCATOR, err));
	if (archive_get(signature, 4) == SIG_LOCATOR)
		return pkg_refuse(err, PKG_INPUT, "zip-zip64",
				  "a zip64 locator stands before the end "
				  "record");
	return PKG_OK;
}

enum pkg_code pkg_archive_end(struct pkg_archive *self, struct pkg_err *err)
{
	uint8_t end[END];
	uint64_t size = 0, at;

	PKG_TRY(file_size(self, &size, err));
	at = size - END;
	PKG_TRY(pkg_archive_bytes(self, end, sizeof(end), at, err));
	PKG_TRY(check_end(end, err));
	PKG_TRY(check_no_locator(self, at, err));
	self->count = archive_get(end + AT_COUNT, 2);
	self->central = archive_get(end + AT_CENTRAL, 4);
	self->central_size = archive_get(end + AT_CENTRAL_SIZE, 4);
	if (self->count > self->limits.entries)
		return pkg_refuse(err, PKG_INPUT, "zip-limit",
				  "%zu entries, more than %u", self->count,
				  self->limits.entries);
	if (self->central_size > PKG_LIMIT_ARCHIVE_CENTRAL)
		return pkg_refuse(err, PKG_INPUT, "zip-limit",
				  "a central directory of %zu bytes, more than "
				  "%u",
				  self->central_size,
				  PKG_LIMIT_ARCHIVE_CENTRAL);
	if (self->central + self->central_size != at)
		return pkg_refuse(
		    err, PKG_INPUT, "zip-central",
		    "the central directory should end at byte "
		    "%llu, where the end record begins, but by "
		    "that record it ends at byte %llu",
		    (unsigned long long)at,
		    (unsigned long long)(self->central + self->central_size));
	return PKG_OK;
}
