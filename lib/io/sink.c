/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { EARLY = 8 << 20 }; /* bytes */

/*
 * A caller that checks only at the end passes the same @err, which still
 * tells the first failure: keep it.
 */
static enum pkg_code stuck(const struct pkg_sink *sink, struct pkg_err *err)
{
	if (err->code == sink->stuck)
		return err->code;
	return pkg_fail(err, sink->stuck, "an earlier write failed");
}

enum pkg_code pkg_sink_write(struct pkg_sink *sink, const void *buf, size_t len,
			     struct pkg_err *err)
{
	enum pkg_code code;

	if (sink->stuck != PKG_OK)
		return stuck(sink, err);
	code = sink->write(sink, buf, len, err);
	if (code != PKG_OK)
		sink->stuck = code;
	else
		sink->total += len;
	return code;
}

enum pkg_code pkg_sink_puts(struct pkg_sink *sink, const char *s,
			    struct pkg_err *err)
{
	return pkg_sink_write(sink, s, strlen(s), err);
}

enum pkg_code pkg_sink_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	enum pkg_code code;

	if (sink->stuck != PKG_OK)
		return stuck(sink, err);
	code = sink->finish(sink, err);
	if (code != PKG_OK)
		sink->stuck = code;
	return code;
}

static enum pkg_code nothing_to_finish(struct pkg_sink *sink,
				       struct pkg_err *err)
{
	(void)sink;
	(void)err;
	return PKG_OK;
}

/*
 * The end waits for the disk; what it has by then need not be waited for.  A
 * request only: it may be refused.
 */
static void start_early(struct pkg_sink_fd *self, uint64_t total)
{
	if (!self->early || total - self->started < EARLY)
		return;
	(void)sync_file_range(self->fd, (off_t)self->started,
			      (off_t)(total - self->started),
			      SYNC_FILE_RANGE_WRITE);
	self->started = total;
}

static enum pkg_code fd_write(struct pkg_sink *sink, const void *buf,
			      size_t len, struct pkg_err *err)
{
	struct pkg_sink_fd *self = (struct pkg_sink_fd *)sink;
	const uint64_t total = sink->total + len;
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = write(self->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_fail_os(err, errno, "cannot write %s",
					   self->name);
		p += n;
		len -= (size_t)n;
	}
	start_early(self, total);
	return PKG_OK;
}

void pkg_sink_fd_init(struct pkg_sink_fd *self, int fd, const char *name)
{
	*self = (struct pkg_sink_fd){
	    .sink = {.write = fd_write, .finish = nothing_to_finish},
	    .name = name,
	    .fd = fd,
	};
}

/*
 * tmpfs reserves by filling memory, which takes as long as writing, and then
 * one thread does it and not two.
 */
static bool reserves_slowly(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

enum pkg_code pkg_sink_fd_expect(struct pkg_sink_fd *self, uint64_t size,
				 struct pkg_err *err)
{
	if (size == 0 || size > INT64_MAX)
		return PKG_OK;
	self->early = size >= 2 * (uint64_t)EARLY;
	if ((size < EARLY || !reserves_slowly(self->fd)) &&
	    fallocate(self->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) != 0 &&
	    errno == ENOSPC)
		return pkg_fail_os(err, errno, "cannot write '%s'", self->name);
	return PKG_OK;
}

static enum pkg_code buf_write(struct pkg_sink *sink, const void *buf,
			       size_t len, struct pkg_err *err)
{
	const struct pkg_sink_buf *self = (const struct pkg_sink_buf *)sink;

	return pkg_buf_add(self->buf, buf, len, err);
}

void pkg_sink_buf_init(struct pkg_sink_buf *self, struct pkg_buf *buf)
{
	*self = (struct pkg_sink_buf){
	    .sink = {.write = buf_write, .finish = nothing_to_finish},
	    .buf = buf,
	};
}

static enum pkg_code tee_write(struct pkg_sink *sink, const void *buf,
			       size_t len, struct pkg_err *err)
{
	const struct pkg_sink_tee *self = (const struct pkg_sink_tee *)sink;

	PKG_TRY(pkg_sink_write(self->a, buf, len, err));
	return pkg_sink_write(self->b, buf, len, err);
}

void pkg_sink_tee_init(struct pkg_sink_tee *self, struct pkg_sink *a,
		       struct pkg_sink *b)
{
	*self = (struct pkg_sink_tee){
	    .sink = {.write = tee_write, .finish = nothing_to_finish},
	    .a = a,
	    .b = b,
	};
}

static enum pkg_code gather_flush(struct pkg_sink *sink, struct pkg_err *err)
{
	struct pkg_sink_gather *self = (struct pkg_sink_gather *)sink;
	size_t used = self->used;

	self->used = 0;
	if (used == 0)
		return PKG_OK;
	return pkg_sink_write(self->inner, self->chunk, used, err);
}

static enum pkg_code gather_write(struct pkg_sink *sink, const void *buf,
				  size_t len, struct pkg_err *err)
{
	struct pkg_sink_gather *self = (struct pkg_sink_gather *)sink;

	if (len > sizeof(self->chunk) - self->used)
		PKG_TRY(gather_flush(sink, err));
	if (len >= sizeof(self->chunk))
		return pkg_sink_write(self->inner, buf, len, err);
	if (len > 0)
		memcpy(self->chunk + self->used, buf, len);
	self->used += len;
	return PKG_OK;
}

void pkg_sink_gather_init(struct pkg_sink_gather *self, struct pkg_sink *inner)
{
	self->sink =
	    (struct pkg_sink){.write = gather_write, .finish = gather_flush};
	self->inner = inner;
	self->used = 0;
}
