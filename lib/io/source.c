/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/source.h"

#include "packline/limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum pkg_code pkg_source_read(struct pkg_source *source, void *buf, size_t cap,
			      size_t *got, struct pkg_err *err)
{
	enum pkg_code code;

	*got = 0;
	if (source->stuck != PKG_OK)
		return err->code == source->stuck
			   ? err->code
			   : pkg_fail(err, source->stuck, "%s failed before",
				      source->name);
	if (source->ended)
		return PKG_OK;
	code = source->read(source, buf, cap, got, err);
	if (code != PKG_OK) {
		*got = 0;
		source->stuck = code;
		return code;
	}
	source->ended = *got == 0;
	source->total += *got;
	return PKG_OK;
}

enum pkg_code pkg_source_read_all(struct pkg_source *source, void *buf,
				  size_t len, struct pkg_err *err)
{
	uint8_t *p = buf;

	while (len > 0) {
		size_t got = 0;

		PKG_TRY(pkg_source_read(source, p, len, &got, err));
		if (got == 0) {
			(void)pkg_refuse(err, PKG_INPUT, "truncated",
					 "%s ends early, after %llu bytes",
					 source->name,
					 (unsigned long long)source->total);
			return pkg_hint(err, "it is not whole: copy or "
					     "download it again");
		}
		p += got;
		len -= got;
	}
	return PKG_OK;
}

enum pkg_code pkg_source_slurp(struct pkg_source *source, struct pkg_buf *out,
			       struct pkg_err *err)
{
	for (;;) {
		size_t room = out->max - out->len, got = 0;
		uint8_t extra;

		if (room == 0) {
			PKG_TRY(pkg_source_read(source, &extra, 1, &got, err));
			if (got == 0)
				return PKG_OK;
			return pkg_fail(err, PKG_INPUT,
					"%s has more than the limit of %zu "
					"bytes",
					source->name, out->max);
		}
		room = room < PKG_IO_CHUNK ? room : PKG_IO_CHUNK;
		PKG_TRY(pkg_buf_reserve(out, room, err));
		PKG_TRY(pkg_source_read(source, out->data + out->len, room,
					&got, err));
		if (got == 0)
			return PKG_OK;
		out->len += got;
		out->data[out->len] = '\0';
	}
}

static enum pkg_code fd_read(struct pkg_source *source, void *buf, size_t cap,
			     size_t *got, struct pkg_err *err)
{
	const struct pkg_source_fd *self = (const struct pkg_source_fd *)source;
	ssize_t n;

	do
		n = read(self->fd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot read %s", source->name);
	*got = (size_t)n;
	return PKG_OK;
}

void pkg_source_fd_init(struct pkg_source_fd *self, int fd, const char *name)
{
	*self = (struct pkg_source_fd){
	    .source = {.read = fd_read, .name = name}, .fd = fd};
}

static enum pkg_code at_read(struct pkg_source *source, void *buf, size_t cap,
			     size_t *got, struct pkg_err *err)
{
	struct pkg_source_at *self = (struct pkg_source_at *)source;
	ssize_t n;

	do
		n = pread(self->fd, buf, cap, (off_t)self->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot read %s", source->name);
	self->at += (uint64_t)n;
	*got = (size_t)n;
	return PKG_OK;
}

void pkg_source_at_init(struct pkg_source_at *self, int fd, uint64_t at,
			const char *name)
{
	*self = (struct pkg_source_at){
	    .source = {.read = at_read, .name = name}, .fd = fd, .at = at};
}

static enum pkg_code mem_read(struct pkg_source *source, void *buf, size_t cap,
			      size_t *got, struct pkg_err *err)
{
	struct pkg_source_mem *self = (struct pkg_source_mem *)source;
	size_t n = self->len < cap ? self->len : cap;

	(void)err;
	if (n > 0)
		memcpy(buf, self->data, n);
	self->data += n;
	self->len -= n;
	*got = n;
	return PKG_OK;
}

void pkg_source_mem_init(struct pkg_source_mem *self, const void *data,
			 size_t len, const char *name)
{
	*self = (struct pkg_source_mem){
	    .source = {.read = mem_read, .name = name},
	    .data = data,
	    .len = len,
	};
}

static enum pkg_code limit_read(struct pkg_source *source, void *buf,
				size_t cap, size_t *got, struct pkg_err *err)
{
	struct pkg_source_limit *self = (struct pkg_source_limit *)source;

	if (self->left == 0)
		return PKG_OK;
	if (cap > self->left)
		cap = (size_t)self->left;
	PKG_TRY(pkg_source_read(self->inner, buf, cap, got, err));
	if (*got == 0)
		return pkg_refuse(err, PKG_INPUT, "truncated",
				  "%s ends early: %llu bytes are missing",
				  source->name, (unsigned long long)self->left);
	self->left -= *got;
	return PKG_OK;
}

void pkg_source_limit_init(struct pkg_source_limit *self,
			   struct pkg_source *inner, uint64_t limit)
{
	*self = (struct pkg_source_limit){
	    .source = {.read = limit_read, .name = inner->name},
	    .inner = inner,
	    .left = limit,
	};
}
