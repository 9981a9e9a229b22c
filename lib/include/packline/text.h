/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_TEXT_H
#define PKG_TEXT_H

#include "packline/buf.h"

#include <stdbool.h>

PKG_API_BEGIN

/* Write 2 * @len lower-case hexadecimal digits and a NUL to @hex. */
void pkg_hex_encode(char *hex, const uint8_t *data, size_t len);
/*
 * Read exactly 2 * @len lower-case digits of @hex into @data.
 * @hex_len is the text's length in bytes; false if the length is another, or
 * for any byte that is not 0-9 a-f (upper case is refused: one spelling only).
 */
bool pkg_hex_decode(uint8_t *data, size_t len, const char *hex, size_t hex_len);
/* True if @text is @len lower-case hexadecimal digits. */
bool pkg_hex_is(const char *text, size_t len);

/*
 * Write the UUID that 16 bytes make to @out, with @version (4: random, 8: of a
 * digest) and variant put in (RFC 9562 section 4).
 */
void pkg_uuid_format(char out[PKG_AT_LEAST(37)],
		     const uint8_t bytes[PKG_AT_LEAST(16)], unsigned version);

/* Append @data in Base64 with padding (RFC 4648 section 4) to @out. */
PKG_MUST_CHECK enum pkg_code pkg_base64_encode(struct pkg_buf *out,
					       const void *data, size_t len,
					       struct pkg_err *err);
/*
 * Append what @len bytes of @text say in Base64 to @out: with padding, without
 * anything else, in the one spelling that pkg_base64_encode() has.
 * Fails with PKG_INPUT, reason "not-base64", or if there is more than
 * @out->max allows; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_base64_decode(struct pkg_buf *out,
					       const char *text, size_t len,
					       struct pkg_err *err);

/*
 * True if the @len bytes of @text are UTF-8 as RFC 3629 defines it: shortest
 * form, no surrogates, nothing above U+10FFFF.
 */
bool pkg_utf8_valid(const char *text, size_t len);
/*
 * Decode one code point of valid UTF-8 at @text (@len > 0 bytes left).
 * Returns its length in bytes, or 0 if it is not valid.
 */
size_t pkg_utf8_next(uint32_t *out, const char *text, size_t len);
/* Number of UTF-16 code units of valid UTF-8 (what a Java server counts). */
size_t pkg_utf16_length(const char *text, size_t len);

/*
 * Order of two NUL-terminated texts by UTF-16 code units, as Java and what is
 * built on it compare strings: negative, 0 or positive.  It differs from the
 * order of bytes above U+FFFF only.
 */
int pkg_utf16_compare(const char *a, const char *b);

/*
 * True for what a terminal acts on or does not show, and so must not reach it:
 * controls, bidirectional controls, separators, zero-width characters.
 */
bool pkg_text_is_hidden(uint32_t code);
/*
 * Append @text to @out so that no terminal or log can be fooled: C0 and C1
 * controls, DEL, ESC, line and paragraph separators, bidirectional controls
 * (U+061C, U+200E-F, U+202A-E, U+2066-9), zero-width characters and bytes
 * that are not UTF-8 become \xNN or \u{NNNN}; a backslash is doubled.
 */
PKG_MUST_CHECK enum pkg_code pkg_text_quote(struct pkg_buf *out,
					    const char *text, size_t len,
					    struct pkg_err *err);
/* The same into @out[@cap], cut at its end; returns @out. */
const char *pkg_text_quote_cut(char *out, size_t cap, const char *text,
			       size_t len);

/*
 * "did you mean": of the @count @words the one nearest to @typed (at most a
 * third of its letters differ), or NULL if none is near.
 */
const char *pkg_text_suggest(const char *typed, const char *const *words,
			     size_t count);

/*
 * Days since 1970-01-01 of a proleptic Gregorian date, and back.  No locale,
 * no time zone.  month 1..12, day 1..31.
 */
int64_t pkg_time_days(int64_t year, unsigned month, unsigned day);
/*
 * Write @seconds since the epoch as RFC 3339 in UTC, "2026-12-01T02:00:00Z",
 * to @out; years 1970..9999 only, else false.
 */
bool pkg_time_format(char out[PKG_AT_LEAST(21)], int64_t seconds);
/*
 * Read an RFC 3339 time with any offset and an optional fraction (dropped).
 * @len is the text's length in bytes; false if it is malformed or its year is
 * outside 1970..9999.
 */
bool pkg_time_parse(int64_t *seconds, const char *text, size_t len);

PKG_API_END

#endif
