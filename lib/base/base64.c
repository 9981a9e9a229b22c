/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

enum pkg_code pkg_base64_encode(struct pkg_buf *out, const void *data,
				size_t len, struct pkg_err *err)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
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
