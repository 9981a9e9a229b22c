/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

#include <string.h>

void pkg_hex_encode(char *hex, const uint8_t *data, size_t len)
{
	static const char nibble[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*hex++ = nibble[data[i] >> 4];
		*hex++ = nibble[data[i] & 15];
	}
	*hex = '\0';
}

static bool is_nibble(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The value of a digit that is_nibble() has accepted. */
static unsigned nibble_of(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

bool pkg_hex_decode(uint8_t *data, size_t len, const char *hex, size_t hex_len)
{
	if (hex_len != 2 * len || !pkg_hex_is(hex, hex_len))
		return false;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(nibble_of(hex[2 * i]) << 4 |
				    nibble_of(hex[2 * i + 1]));
	return true;
}

bool pkg_hex_is(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_nibble(text[i]))
			return false;
	}
	return true;
}

/* Bytes that a lead byte announces, and the bits of the code point in it. */
static size_t lead(uint8_t c, uint32_t *bits)
{
	if (c < 0x80) {
		*bits = c;
		return 1;
	}
	if (c >= 0xC2 && c <= 0xDF) {
		*bits = c & 0x1Fu;
		return 2;
	}
	if ((c & 0xF0) == 0xE0) {
		*bits = c & 0x0Fu;
		return 3;
	}
	if (c >= 0xF0 && c <= 0xF4) {
		*bits = c & 0x07u;
		return 4;
	}
	return 0;
}

size_t pkg_utf8_next(uint32_t *out, const char *text, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code = 0;
	size_t n;

	if (len == 0)
		return 0;
	n = lead((uint8_t)text[0], &code);
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		if ((c & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3Fu);
	}
	if (code < least[n] || code > 0x10FFFF ||
	    (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	*out = code;
	return n;
}

/* 8 if eight bytes of ASCII follow, else 0: most text is ASCII. */
static size_t ascii_word(const char *text, size_t len)
{
	uint64_t word;

	if (len < sizeof(word))
		return 0;
	memcpy(&word, text, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0 ? sizeof(word) : 0;
}

bool pkg_utf8_valid(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t code = 0;
		size_t n = ascii_word(text, len);

		if (n == 0)
			n = pkg_utf8_next(&code, text, len);
		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

size_t pkg_utf16_length(const char *text, size_t len)
{
	size_t units = 0;

	/* Every code point has one lead byte; those of 4 bytes count twice. */
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		units += (c & 0xC0) != 0x80;
		units += c >= 0xF0;
	}
	return units;
}

int pkg_utf16_compare(const char *a, const char *b)
{
	unsigned x, y;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	x = (uint8_t)*a;
	y = (uint8_t)*b;
	/* Surrogates, of which 4 bytes become two, come before U+E000. */
	if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0))
		return x >= 0xF0 ? -1 : 1;
	return (x > y) - (x < y);
}

void pkg_uuid_format(char out[static 37], const uint8_t bytes[static 16],
		     unsigned version)
{
	uint8_t id[16];
	char hex[33];
	size_t o = 0;

	memcpy(id, bytes, sizeof(id));
	id[6] = (uint8_t)((id[6] & 0x0f) | version << 4);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80); /* variant 10 */
	pkg_hex_encode(hex, id, sizeof(id));
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[o++] = '-';
		out[o++] = hex[i];
	}
	out[o] = '\0';
}
