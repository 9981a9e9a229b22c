/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

/* Ranges that change what a reader sees without being seen themselves. */
static const struct range {
	uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x061C, 0x061C},
    {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xE0000, 0xE0FFF},
};

bool pkg_text_is_hidden(uint32_t code)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	}
	return false;
}

/* Write the quoted form of what stands at @text; returns the bytes used. */
static size_t quote_one(char out[static 16], const char *text, size_t len)
{
	uint32_t code = 0;
	size_t n = pkg_utf8_next(&code, text, len);

	if (n == 0) {
		(void)snprintf(out, 16, "\\x%02x", (unsigned)(uint8_t)*text);
		return 1;
	}
	if (code == '\\')
		(void)snprintf(out, 16, "\\\\");
	else if (code < 0x80 && pkg_text_is_hidden(code))
		(void)snprintf(out, 16, "\\x%02x", (unsigned)code);
	else if (pkg_text_is_hidden(code))
		(void)snprintf(out, 16, "\\u{%04x}", (unsigned)code);
	else
		(void)snprintf(out, 16, "%.*s", (int)n, text);
	return n;
}

enum pkg_code pkg_text_quote(struct pkg_buf *out, const char *text, size_t len,
			     struct pkg_err *err)
{
	while (len > 0) {
		char one[16];
		size_t n = quote_one(one, text, len);

		PKG_TRY(pkg_buf_puts(out, one, err));
		text += n;
		len -= n;
	}
	return PKG_OK;
}

const char *pkg_text_quote_cut(char *out, size_t cap, const char *text,
			       size_t len)
{
	size_t used = 0;

	out[0] = '\0';
	while (len > 0) {
		char one[16];
		size_t n = quote_one(one, text, len);
		size_t need = strlen(one);

		if (need >= cap - used)
			break;
		memcpy(out + used, one, need + 1);
		used += need;
		text += n;
		len -= n;
	}
	return out;
}
