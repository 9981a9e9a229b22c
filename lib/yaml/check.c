/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/read.h"

#include "packline/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static struct pkg_mark mark_of(const char *name, const char *text,
			       const char *at)
{
	struct pkg_mark mark = {name, 1, 1};

	for (; text < at; text++) {
		if (*text == '\n') {
			mark.line++;
			mark.col = 1;
		} else if (((unsigned char)*text & 0xc0) != 0x80) {
			mark.col++;
		}
	}
	return mark;
}

/*
 * C0 but tab and line breaks, DEL, C1; U+2028 and U+2029, which break lines
 * in YAML 1.1 only; a byte order mark in the middle; what is no character.
 */
static bool is_forbidden(uint32_t c)
{
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
	       (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
	       c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

/*
 * Eight bytes at once: true if all are from 0x20 to 0x7e.  A byte below makes
 * the top bit in the difference, 0x7f in the sum, the rest have it themselves.
 */
static bool is_plain_word(const char *at)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return ((word | (word + each) | (word - 0x20 * each)) & 0x80 * each) ==
	       0;
}

enum pkg_code pkg_yaml_check_bytes_(const char *name, const char *text,
				    size_t len, struct pkg_err *err)
{
	const char *end = text + len;
	struct pkg_mark mark;
	uint32_t c = 0;
	size_t n;

	for (const char *at = text; at < end; at += n) {
		n = 8;
		if (end - at >= 8 && is_plain_word(at))
			continue;
		n = 1;
		if ((*at >= 0x20 && *at < 0x7f) || *at == '\n')
			continue;
		n = pkg_utf8_next(&c, at, (size_t)(end - at));
		if (n != 0 && !is_forbidden(c))
			continue;
		mark = mark_of(name, text, at);
		if (n != 0) {
			(void)pkg_refuse(
			    err, PKG_INPUT, "control-character",
			    "the character U+%04" PRIX32 " is not allowed", c);
			return pkg_err_at(err, &mark);
		}
		(void)pkg_refuse(err, PKG_INPUT, "not-utf8",
				 "a byte that is not UTF-8");
		(void)pkg_hint(err, "save the file as UTF-8");
		return pkg_err_at(err, &mark);
	}
	return PKG_OK;
}
