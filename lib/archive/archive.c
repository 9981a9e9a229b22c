/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names, their folded copies and a table of them: 10,000 of 255 bytes. */
#define NAMES_MAX (16u << 20)

enum pkg_code pkg_archive_bytes(const struct pkg_archive *self, void *buf,
				size_t len, uint64_t offset,
				struct pkg_err *err)
{
	struct pkg_source_at source;

	pkg_source_at_init(&source, self->fd, offset, "the ZIP file");
	return pkg_source_read_all(&source.source, buf, len, err);
}

enum pkg_code pkg_archive_blame(const struct pkg_archive *self, size_t index,
				struct pkg_err *err)
{
	const struct slot *slot = &self->slots[index];
	char quoted[100];

	if (slot->entry.name == NULL)
		return pkg_wrap(err, "entry %zu", index + 1);
	(void)pkg_wrap(err, "entry %zu '%s', byte %llu", index + 1,
		       pkg_text_quote_cut(quoted, sizeof(quoted),
					  slot->entry.name, slot->name_len),
		       (unsigned long long)slot->entry.offset);
	return pkg_archive_hint(err);
}

static void set_limits(struct pkg_archive_limits *out,
		       const struct pkg_archive_limits *limits)
{
	if (limits != NULL)
		*out = *limits;
	if (out->entries == 0)
		out->entries = PKG_LIMIT_ARCHIVE_ENTRIES;
	if (out->content == 0)
		out->content = PKG_LIMIT_ARCHIVE_CONTENT;
	if (out->ratio == 0)
		out->ratio = PKG_LIMIT_ARCHIVE_RATIO;
	if (out->ratio_of == 0)
		out->ratio_of = PKG_LIMIT_ARCHIVE_RATIO_OF;
}

static enum pkg_code read_headers(struct pkg_archive *self, struct pkg_err *err)
{
	PKG_TRY(pkg_archive_end(self, err));
	PKG_TRY(pkg_archive_central(self, err));
	return pkg_archive_locals(self, err);
}

enum pkg_code pkg_archive_open(struct pkg_archive **out, int fd,
			       const struct pkg_archive_limits *limits,
			       struct pkg_err *err)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *self = NULL;

	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->fd = fd;
	set_limits(&self->limits, limits);
	PKG_TRY(pkg_arena_new(&self->names, NAMES_MAX, err));
	if (read_headers(self, err) != PKG_OK)
		return pkg_archive_hint(err);
	*out = PKG_STEAL(self);
	return PKG_OK;
}

size_t pkg_archive_count(const struct pkg_archive *archive)
{
	return archive->count;
}

const struct pkg_archive_entry *
pkg_archive_entry(const struct pkg_archive *archive, size_t index)
{
	return &archive->slots[index].entry;
}

void pkg_archive_free(struct pkg_archive *archive)
{
	if (archive == NULL)
		return;
	pkg_arena_free(archive->names);
	free(archive->slots);
	free(archive);
}

static enum pkg_code copy(int fd, struct pkg_source *source,
			  struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	struct pkg_sink_fd sink;
	size_t got = 0;

	pkg_sink_fd_init(&sink, fd, "a temporary file");
	for (;;) {
		PKG_TRY(
		    pkg_source_read(source, chunk, sizeof(chunk), &got, err));
		if (got == 0)
			return pkg_sink_finish(&sink.sink, err);
		if (sink.sink.total + got > PKG_LIMIT_ARCHIVE_FILE) {
			(void)pkg_refuse(err, PKG_INPUT, "zip-limit",
					 "%s has more than %llu bytes",
					 source->name, PKG_LIMIT_ARCHIVE_FILE);
			return pkg_archive_hint(err);
		}
		PKG_TRY(pkg_sink_write(&sink.sink, chunk, got, err));
	}
}

enum pkg_code pkg_archive_spool(int *fd, struct pkg_source *source,
				struct pkg_err *err)
{
	int temp = -1;
	enum pkg_code code;

	PKG_TRY(pkg_tmpfile_open(&temp, NULL, err));
	code = copy(temp, source, err);
	if (code == PKG_OK)
		*fd = temp;
	else
		(void)close(temp);
	return code;
}
