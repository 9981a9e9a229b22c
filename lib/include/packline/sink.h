/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SINK_H
#define PKG_SINK_H

#include "packline/buf.h"
#include "packline/err.h"
#include "packline/limits.h"

#include <stdbool.h>

/*
 * A sink accepts bytes.  Implementations embed struct pkg_sink first.
 * A failure sticks: after one failed write every later call fails the same
 * way, so a caller may write many times and check pkg_sink_finish() once.
 * Sinks that wrap another borrow it and do not finish it.
 */
struct pkg_sink {
	enum pkg_code (*write)(struct pkg_sink *sink, const void *buf,
			       size_t len, struct pkg_err *err);
	enum pkg_code (*finish)(struct pkg_sink *sink, struct pkg_err *err);
	enum pkg_code stuck; /* PKG_OK until the first failure */
	uint64_t total;      /* bytes accepted */
};

/* An open descriptor, borrowed; @name is for messages. */
struct pkg_sink_fd {
	struct pkg_sink sink;
	const char *name;
	int fd;
	bool early;       /* of pkg_sink_fd_expect() */
	uint64_t started; /* bytes whose way to the disk has begun */
};

/* Appends to a buffer, borrowed, within its maximum. */
struct pkg_sink_buf {
	struct pkg_sink sink;
	struct pkg_buf *buf;
};

/* Writes everything to two sinks, both borrowed. */
struct pkg_sink_tee {
	struct pkg_sink sink;
	struct pkg_sink *a, *b;
};

/* Gathers small writes into chunks of PKG_IO_CHUNK for another sink. */
struct pkg_sink_gather {
	struct pkg_sink sink;
	struct pkg_sink *inner;
	size_t used;
	uint8_t chunk[PKG_IO_CHUNK];
};

PKG_API_BEGIN

/* Write all @len bytes of @buf; errors as the implementation says. */
enum pkg_code pkg_sink_write(struct pkg_sink *sink, const void *buf, size_t len,
			     struct pkg_err *err);
/* Write the text @s without its NUL. */
enum pkg_code pkg_sink_puts(struct pkg_sink *sink, const char *s,
			    struct pkg_err *err);
/* Flush; fails if any earlier write failed.  Must be called before success. */
PKG_MUST_CHECK enum pkg_code pkg_sink_finish(struct pkg_sink *sink,
					     struct pkg_err *err);

void pkg_sink_fd_init(struct pkg_sink_fd *self, int fd, const char *name);
/*
 * The descriptor is that of a new, empty file which will get @size bytes:
 * reserve the room, which is faster and finds a full disk before the work, and
 * send a long file to the disk while the rest of it is made.
 * Fails with PKG_SYSTEM if there is no room; a file system that cannot reserve
 * is no error.
 */
PKG_MUST_CHECK enum pkg_code pkg_sink_fd_expect(struct pkg_sink_fd *self,
						uint64_t size,
						struct pkg_err *err);
void pkg_sink_buf_init(struct pkg_sink_buf *self, struct pkg_buf *buf);
void pkg_sink_tee_init(struct pkg_sink_tee *self, struct pkg_sink *a,
		       struct pkg_sink *b);
void pkg_sink_gather_init(struct pkg_sink_gather *self, struct pkg_sink *inner);

PKG_API_END

#endif
