/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SOURCE_H
#define PKG_SOURCE_H

#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * A source gives bytes, once, from front to back.  Implementations embed
 * struct pkg_source first.  A failure sticks: every later read fails the same
 * way.  Sources that wrap another borrow it.
 */
struct pkg_source {
	/* Read 1..cap bytes into @buf, or set *got to 0 at the end. */
	enum pkg_code (*read)(struct pkg_source *source, void *buf, size_t cap,
			      size_t *got, struct pkg_err *err);
	enum pkg_code stuck; /* PKG_OK until the first failure */
	bool ended;          /* the end was seen */
	uint64_t total;      /* bytes given so far */
	const char *name;    /* for messages, borrowed */
};

/* Bytes of an open descriptor, which is borrowed; EINTR is retried. */
struct pkg_source_fd {
	struct pkg_source source;
	int fd;
};

/* The same from any position of a file; the descriptor's own is not moved. */
struct pkg_source_at {
	struct pkg_source source;
	int fd;
	uint64_t at; /* where the next read begins, in bytes */
};

/* Bytes in memory, borrowed. */
struct pkg_source_mem {
	struct pkg_source source;
	const uint8_t *data;
	size_t len;
};

/* The first @left bytes of another source; ending earlier is PKG_INPUT. */
struct pkg_source_limit {
	struct pkg_source source;
	struct pkg_source *inner;
	uint64_t left;
};

PKG_API_BEGIN

/*
 * Read up to @cap bytes (> 0) into @buf.
 * @got  bytes read; 0 only at the end.
 * Fails with PKG_SYSTEM on an I/O error, or as the implementation says.
 */
PKG_MUST_CHECK enum pkg_code pkg_source_read(struct pkg_source *source,
					     void *buf, size_t cap, size_t *got,
					     struct pkg_err *err);
/*
 * Read exactly @len bytes.  Fails with PKG_INPUT, reason "truncated", if the
 * source ends earlier.
 */
PKG_MUST_CHECK enum pkg_code pkg_source_read_all(struct pkg_source *source,
						 void *buf, size_t len,
						 struct pkg_err *err);
/*
 * Append everything up to the end to @out.  Fails with PKG_INPUT if there is
 * more than @out->max allows.
 */
PKG_MUST_CHECK enum pkg_code pkg_source_slurp(struct pkg_source *source,
					      struct pkg_buf *out,
					      struct pkg_err *err);

void pkg_source_fd_init(struct pkg_source_fd *self, int fd, const char *name);
void pkg_source_at_init(struct pkg_source_at *self, int fd, uint64_t at,
			const char *name);
void pkg_source_mem_init(struct pkg_source_mem *self, const void *data,
			 size_t len, const char *name);
void pkg_source_limit_init(struct pkg_source_limit *self,
			   struct pkg_source *inner, uint64_t limit);

PKG_API_END

#endif
