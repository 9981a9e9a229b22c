/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/buf.h"

#include "packline/num.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

/* realloc() may leave the old bytes behind, so a secret is copied by hand. */
static uint8_t *grow(struct pkg_buf *buf, size_t cap)
{
	uint8_t *data;

	if (!buf->secret)
		return realloc(buf->data, cap);
	data = malloc(cap);
	if (data == NULL)
		return NULL;
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	return data;
}

enum pkg_code pkg_buf_reserve(struct pkg_buf *buf, size_t len,
			      struct pkg_err *err)
{
	size_t need = 0, cap = buf->cap < FIRST_CAP ? FIRST_CAP : buf->cap;
	uint8_t *data;

	if (!pkg_add_size(buf->len, len, &need) || need > buf->max)
		return pkg_fail(err, PKG_INPUT,
				"more than the limit of %zu bytes", buf->max);
	if (need < buf->cap)
		return PKG_OK;
	while (cap <= need && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (cap <= need || cap > buf->max)
		cap = buf->max + 1;
	data = grow(buf, cap);
	if (data == NULL)
		return pkg_fail_nomem(err);
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
	return PKG_OK;
}

enum pkg_code pkg_buf_add(struct pkg_buf *buf, const void *data, size_t len,
			  struct pkg_err *err)
{
	PKG_TRY(pkg_buf_reserve(buf, len, err));
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return PKG_OK;
}

enum pkg_code pkg_buf_puts(struct pkg_buf *buf, const char *s,
			   struct pkg_err *err)
{
	return pkg_buf_add(buf, s, strlen(s), err);
}

enum pkg_code pkg_buf_printf(struct pkg_buf *buf, struct pkg_err *err,
			     const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return pkg_fail(err, PKG_INTERNAL, "bad format '%s'", fmt);
	PKG_TRY(pkg_buf_reserve(buf, (size_t)len, err));
	va_start(ap, fmt);
	(void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
	return PKG_OK;
}

const char *pkg_buf_str(const struct pkg_buf *buf)
{
	return buf->data != NULL ? (const char *)buf->data : "";
}

void pkg_buf_clear(struct pkg_buf *buf)
{
	if (buf->data == NULL)
		return;
	if (buf->secret)
		explicit_bzero(buf->data, buf->cap);
	buf->len = 0;
	buf->data[0] = '\0';
}

void pkg_buf_fini(struct pkg_buf *buf)
{
	pkg_buf_clear(buf);
	free(buf->data);
	buf->data = NULL;
	buf->cap = 0;
}
