/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "packline/text.h"

#include <string.h>

/* One code point in lower case; the scripts that names are written in. */
static uint32_t lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
	    (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	/* Latin Extended-A: pairs, even first but from U+0139 to U+0148 and
	   from U+0179; U+0130, U+0131, U+0138 and U+0149 stand alone. */
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c + (c & 1);
	if (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x138 && c != 0x149)
		return c | 1;
	return c == 0x178 ? 0xFF : c;
}

/* UTF-8 of @c, which is below 0x800: what lower() changes stays there. */
static size_t put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = (char)(0xC0 | (c >> 6));
	out[1] = (char)(0x80 | (c & 0x3F));
	return 2;
}

const char *pkg_model_fold(struct pkg_arena *arena, const char *text,
			   struct pkg_err *err)
{
	size_t len = strlen(text), used = 0;
	char *out;

	/* Java's trim(): everything up to the blank, at both ends. */
	while (len > 0 && (uint8_t)text[0] <= ' ') {
		text++;
		len--;
	}
	while (len > 0 && (uint8_t)text[len - 1] <= ' ')
		len--;
	out = pkg_arena_dup(arena, text, len, err);
	for (size_t i = 0; out != NULL && i < len;) {
		uint32_t c;
		const size_t step = pkg_utf8_next(&c, text + i, len - i);

		if (step == 1 || step == 2) {
			used += put(out + used, lower(c));
			i += step;
		} else {
			out[used++] = text[i++];
		}
	}
	if (out != NULL)
		out[used] = '\0';
	return out;
}
