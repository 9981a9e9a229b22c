/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "packline/limits.h"

#include <stdlib.h>
#include <zlib.h>

/* One entry on its way to a sink. */
struct unpack {
	struct pkg_source_at file;
	struct pkg_source_limit packed; /* just the bytes of this entry */
	struct pkg_sink *sink;          /* borrowed */
	const struct pkg_archive_entry *entry;
	uint64_t size; /* bytes written so far */
	uint32_t crc;
	z_stream z;
	bool z_ready;
	uint8_t in[PKG_IO_CHUNK], out[PKG_IO_CHUNK];
};

static void unpack_free(struct unpack *self)
{
	if (self == NULL)
		return;
	if (self->z_ready)
		(void)inflateEnd(&self->z);
	free(self);
}
PKG_DEFINE_AUTO(unpack)

/* Never more than was said, whatever the stream holds. */
static enum pkg_code put(struct unpack *self, const uint8_t *data, size_t len,
			 struct pkg_err *err)
{
	if (len > self->entry->size - self->size)
		return pkg_refuse(err, PKG_INPUT, "zip-length",
				  "it has more content than the %llu bytes it "
				  "should have",
				  (unsigned long long)self->entry->size);
	self->size += len;
	self->crc = (uint32_t)crc32(self->crc, data, (uInt)len);
	return pkg_sink_write(self->sink, data, len, err);
}

static enum pkg_code check(const struct unpack *self, struct pkg_err *err)
{
	if (self->size != self->entry->size)
		return pkg_refuse(err, PKG_INPUT, "zip-length",
				  "it has %llu bytes of content and should "
				  "have %llu",
				  (unsigned long long)self->size,
				  (unsigned long long)self->entry->size);
	if (self->crc != self->entry->crc32)
		return pkg_refuse(err, PKG_INPUT, "zip-crc",
				  "its content has the CRC-32 %08x and should "
				  "have %08x",
				  self->crc, self->entry->crc32);
	return PKG_OK;
}

static enum pkg_code copy(struct unpack *self, struct pkg_err *err)
{
	size_t got = 0;

	do {
		PKG_TRY(pkg_source_read(&self->packed.source, self->in,
					sizeof(self->in), &got, err));
		PKG_TRY(put(self, self->in, got, err));
	} while (got > 0);
	return PKG_OK;
}

static enum pkg_code no_stream(const char *what, struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "zip-deflate",
			  "its packed bytes are no deflate stream: %s", what);
}

/* Inflate what @self->in holds; *end is set at the end of the stream. */
static enum pkg_code inflate_chunk(struct unpack *self, bool *end,
				   struct pkg_err *err)
{
	do {
		int status;

		self->z.next_out = self->out;
		self->z.avail_out = sizeof(self->out);
		status = inflate(&self->z, Z_NO_FLUSH);
		if (status == Z_MEM_ERROR)
			return pkg_fail_nomem(err);
		if (status != Z_OK && status != Z_STREAM_END &&
		    status != Z_BUF_ERROR) /* it wants more input */
			return no_stream(
			    self->z.msg != NULL ? self->z.msg : "zlib", err);
		PKG_TRY(put(self, self->out,
			    sizeof(self->out) - self->z.avail_out, err));
		*end = status == Z_STREAM_END;
	} while (!*end && self->z.avail_out == 0);
	return PKG_OK;
}

static enum pkg_code unpack(struct unpack *self, struct pkg_err *err)
{
	bool end = false;
	uint64_t left;

	if (inflateInit2(&self->z, -MAX_WBITS) != Z_OK) /* without a header */
		return pkg_fail_nomem(err);
	self->z_ready = true;
	while (!end) {
		size_t got = 0;

		PKG_TRY(pkg_source_read(&self->packed.source, self->in,
					sizeof(self->in), &got, err));
		if (got == 0)
			return no_stream("it ends early", err);
		self->z.next_in = self->in;
		self->z.avail_in = (uInt)got;
		PKG_TRY(inflate_chunk(self, &end, err));
	}
	left = self->packed.left + self->z.avail_in;
	if (left != 0) /* what other programs never show */
		return pkg_refuse(err, PKG_INPUT, "zip-trailing",
				  "%llu of its packed bytes stand behind the "
				  "end of the deflate stream",
				  (unsigned long long)left);
	return PKG_OK;
}

static enum pkg_code run(const struct pkg_archive *archive,
			 const struct slot *slot, struct pkg_sink *sink,
			 struct pkg_err *err)
{
	PKG_AUTO(unpack) struct unpack *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return pkg_fail_nomem(err);
	self->entry = &slot->entry;
	self->sink = sink;
	pkg_source_at_init(&self->file, archive->fd, slot->data,
			   "the ZIP file");
	pkg_source_limit_init(&self->packed, &self->file.source,
			      slot->entry.packed_size);
	if (slot->entry.method == METHOD_STORED)
		PKG_TRY(copy(self, err));
	else
		PKG_TRY(unpack(self, err));
	return check(self, err);
}

enum pkg_code pkg_archive_read(const struct pkg_archive *archive, size_t index,
			       struct pkg_sink *sink, struct pkg_err *err)
{
	if (run(archive, &archive->slots[index], sink, err) != PKG_OK)
		return pkg_archive_blame(archive, index, err);
	return PKG_OK;
}
