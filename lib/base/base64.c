/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789+/";

enum pkg_code pkg_base64_encode(struct pkg_buf *out, const void *data,
				size_t len, struct pkg_err *err)
{
	const uint8_t *p = data;

	for (; len > 0; p += 3) {
		size_t n = len < 3 ? len : 3;
		uint32_t v = (uint32_t)p[0] << 16;
		char quad[4];

		v |= n > 1 ? (uint32_t)p[1] << 8 : 0;
		v |= n > 2 ? p[2] : 0;
		quad[0] = digit[v >> 18];
		quad[1] = digit[v >> 12 & 63];
		quad[2] = n > 1 ? digit[v >> 6 & 63] : '=';
		quad[3] = n > 2 ? digit[v & 63] : '=';
		PKG_TRY(pkg_buf_add(out, quad, sizeof(quad), err));
		len -= n;
	}
	return PKG_OK;
}

/* The value of a digit, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Bytes that the four characters @quad say, 1..3; 0 = they are none. */
static size_t read_quad(uint8_t bytes[static 3], const char *quad, bool last)
{
	uint32_t v = 0;
	size_t n = 3;

	if (last && quad[3] == '=')
		n = quad[2] == '=' ? 1 : 2;
	for (size_t i = 0; i <= n; i++) {
		const int value = value_of(quad[i]);

		if (value < 0)
			return 0;
		v |= (uint32_t)value << (18 - 6 * i);
	}
	/* Bits that no byte takes are 0: one spelling only. */
	if ((v & ((1u << (24 - 8 * n)) - 1)) != 0)
		return 0;
	bytes[0] = (uint8_t)(v >> 16);
	bytes[1] = (uint8_t)(v >> 8);
	bytes[2] = (uint8_t)v;
	return n;
}

enum pkg_code pkg_base64_decode(struct pkg_buf *out, const char *text,
				size_t len, struct pkg_err *err)
{
	size_t n = len % 4 == 0 ? 3 : 0;
	uint8_t bytes[3];

	for (size_t at = 0; at < len && n > 0; at += 4) {
		n = read_quad(bytes, text + at, at + 4 == len);
		PKG_TRY(pkg_buf_add(out, bytes, n, err));
	}
	return n > 0 ? PKG_OK
		     : pkg_refuse(err, PKG_INPUT, "not-base64",
				  "not Base64 (RFC 4648 section 4)");
}
