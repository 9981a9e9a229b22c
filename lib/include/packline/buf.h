/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BUF_H
#define PKG_BUF_H

#include "packline/auto.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * A growable buffer with a hard maximum, in caller memory.
 *
 *     PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = PKG_LIMIT_METADATA};
 *
 * data is always followed by a NUL that does not count in len, so a buffer of
 * text is a C string too.  A buffer marked secret is wiped whenever its
 * memory is given back.
 */
struct pkg_buf {
	uint8_t *data; /* owned; NULL while empty */
	size_t len;    /* bytes in use */
	size_t cap;    /* bytes allocated, NUL included */
	size_t max;    /* bytes allowed; 0 allows nothing */
	bool secret;
};

PKG_API_BEGIN

/*
 * Append @len bytes.
 * Fails with PKG_INPUT if len would pass max, PKG_SYSTEM if out of memory;
 * the buffer is unchanged then.
 */
PKG_MUST_CHECK enum pkg_code pkg_buf_add(struct pkg_buf *buf, const void *data,
					 size_t len, struct pkg_err *err);
/* Append the text @s without its NUL; errors as pkg_buf_add(). */
PKG_MUST_CHECK enum pkg_code pkg_buf_puts(struct pkg_buf *buf, const char *s,
					  struct pkg_err *err);
/* Append formatted text; errors as pkg_buf_add(). */
PKG_MUST_CHECK enum pkg_code
pkg_buf_printf(struct pkg_buf *buf, struct pkg_err *err, const char *fmt, ...)
    PKG_PRINTF(3, 4);
/*
 * Make room for @len more bytes at data + len; the caller writes there and
 * then adds to len himself.  Errors as pkg_buf_add().
 */
PKG_MUST_CHECK enum pkg_code pkg_buf_reserve(struct pkg_buf *buf, size_t len,
					     struct pkg_err *err);
/* The bytes as a C string: "" while empty. */
const char *pkg_buf_str(const struct pkg_buf *buf);
/* Forget the content, keep the memory. */
void pkg_buf_clear(struct pkg_buf *buf);
/* Give the memory back (wiped if secret); the buffer can be used again. */
void pkg_buf_fini(struct pkg_buf *buf);

PKG_API_END

#endif
