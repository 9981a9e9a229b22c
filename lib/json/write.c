/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"

#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_MAX = 64 }; /* bytes: the longest digest, SHA-512 */

static bool failed(const struct pkg_jsonw *w)
{
	return w->err.code != PKG_OK;
}

static void put(struct pkg_jsonw *w, const char *text, size_t len)
{
	if (!failed(w))
		(void)pkg_sink_write(w->sink, text, len, &w->err);
}

static void put_indent(struct pkg_jsonw *w)
{
	static const char spaces[] = "                ";

	put(w, "\n", 1);
	for (size_t left = 2 * (size_t)w->depth; left > 0;) {
		size_t n =
		    left < sizeof(spaces) - 1 ? left : sizeof(spaces) - 1;

		put(w, spaces, n);
		left -= n;
	}
}

/* What stands between two items of the innermost object or array. */
static void put_separator(struct pkg_jsonw *w, struct pkg_jsonw_level *level)
{
	if (level->filled)
		put(w, ",", 1);
	level->filled = true;
	if ((w->flags & PKG_JSONW_PRETTY) != 0)
		put_indent(w);
}

/* A value may stand here; true if it is to be written. */
static bool begin_value(struct pkg_jsonw *w)
{
	struct pkg_jsonw_level *level;

	if (failed(w))
		return false;
	if (w->depth == 0) {
		if (w->done)
			(void)pkg_fail(&w->err, PKG_INTERNAL,
				       "JSON: a second outermost value");
		w->done = true;
		return !failed(w);
	}
	level = &w->level[w->depth - 1];
	if (level->object && !w->keyed) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: a value without its key");
		return false;
	}
	if (!level->object)
		put_separator(w, level);
	w->keyed = false;
	return !failed(w);
}

static void open_level(struct pkg_jsonw *w, bool object)
{
	if (!begin_value(w))
		return;
	if (w->depth == PKG_LIMIT_JSONW_DEPTH) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: more than %u levels",
			       PKG_LIMIT_JSONW_DEPTH);
		return;
	}
	w->level[w->depth++] = (struct pkg_jsonw_level){.object = object};
	put(w, object ? "{" : "[", 1);
}

static void close_level(struct pkg_jsonw *w, bool object)
{
	if (failed(w))
		return;
	if (w->depth == 0 || w->keyed ||
	    w->level[w->depth - 1].object != object) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: the end of %s that is not open",
			       object ? "an object" : "an array");
		return;
	}
	w->depth--;
	if (w->level[w->depth].filled && (w->flags & PKG_JSONW_PRETTY) != 0)
		put_indent(w);
	put(w, object ? "}" : "]", 1);
}

void pkg_jsonw_init(struct pkg_jsonw *w, struct pkg_sink *sink, unsigned flags)
{
	memset(w, 0, sizeof(*w));
	w->sink = sink;
	w->flags = flags;
}

void pkg_jsonw_object(struct pkg_jsonw *w)
{
	open_level(w, true);
}

void pkg_jsonw_object_end(struct pkg_jsonw *w)
{
	close_level(w, true);
}

void pkg_jsonw_array(struct pkg_jsonw *w)
{
	open_level(w, false);
}

void pkg_jsonw_array_end(struct pkg_jsonw *w)
{
	close_level(w, false);
}

/* The escape of @c, which needs one; @hex has room for it. */
static const char *escape(unsigned char c, char hex[static 8])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\t':
		return "\\t";
	case '\n':
		return "\\n";
	case '\f':
		return "\\f";
	case '\r':
		return "\\r";
	default:
		(void)snprintf(hex, 8, "\\u%04x", c);
		return hex;
	}
}

/* As UTF-16 in hexadecimal: what a terminal would act on, or not show. */
static const char *escape_hidden(uint32_t code, char hex[static 16])
{
	if (code < 0x10000)
		(void)snprintf(hex, 16, "\\u%04" PRIx32, code);
	else
		(void)snprintf(hex, 16, "\\u%04" PRIx32 "\\u%04" PRIx32,
			       0xd800 + ((code - 0x10000) >> 10),
			       0xdc00 + ((code - 0x10000) & 0x3ff));
	return hex;
}

/*
 * The escape of what stands at @text and is not ASCII, or NULL if it needs
 * none; @used receives its bytes.
 */
static const char *escape_far(const struct pkg_jsonw *w, const char *text,
			      size_t len, size_t *used, char hex[static 16])
{
	uint32_t code = 0;

	*used = pkg_utf8_next(&code, text, len);
	/* Canonical JSON has one spelling, for machines only. */
	if ((w->flags & PKG_JSONW_STRICT) != 0 || !pkg_text_is_hidden(code))
		return NULL;
	return escape_hidden(code, hex);
}

/* How many bytes from @text on stand for themselves. */
static size_t plain_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' &&
	       text[n] != '\\')
		n++;
	return n;
}

/*
 * Most texts are short and plain: these are written at once, with @before in
 * front of the quotes and @after behind them.  False if @text is not one.
 */
static bool put_plain(struct pkg_jsonw *w, const char *before, const char *text,
		      size_t len, const char *after)
{
	char whole[128];
	char *at;

	if (len + strlen(before) + strlen(after) + 2 >= sizeof(whole) ||
	    plain_length(text, len) < len)
		return false;
	at = stpcpy(whole, before);
	*at++ = '"';
	memcpy(at, text, len);
	at += len;
	*at++ = '"';
	at = stpcpy(at, after);
	put(w, whole, (size_t)(at - whole));
	return true;
}

/* @text is known to be UTF-8; RFC 8785 section 3.2.2.2. */
static void put_string(struct pkg_jsonw *w, const char *text, size_t len)
{
	char hex[16];
	size_t run = 0, used = 1;

	if (put_plain(w, "", text, len, ""))
		return;
	put(w, "\"", 1);
	for (size_t i = 0; i < len; i += used) {
		unsigned char c = (unsigned char)text[i];
		const char *esc = NULL;

		used = 1;
		if (c >= 0x7f)
			esc = escape_far(w, text + i, len - i, &used, hex);
		else if (c < 0x20 || c == '"' || c == '\\')
			esc = escape(c, hex);
		if (esc == NULL)
			continue;
		if (c < 0x20 && c != '\n' && c != '\t' &&
		    (w->flags & PKG_JSONW_STRICT) != 0) {
			(void)pkg_refuse(
			    &w->err, PKG_INPUT, "control-character",
			    "control character U+%04X in a text", c);
			return;
		}
		put(w, text + run, i - run);
		put(w, esc, strlen(esc));
		run = i + used;
	}
	put(w, text + run, len - run);
	put(w, "\"", 1);
}

/* Keys sort alike as bytes and as UTF-16 only because they are ASCII. */
static bool key_ok(struct pkg_jsonw *w, const char *key)
{
	const struct pkg_jsonw_level *level;

	if (w->depth == 0 || !w->level[w->depth - 1].object || w->keyed) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: key '%s' outside an object", key);
		return false;
	}
	level = &w->level[w->depth - 1];
	if (level->last != NULL && strcmp(level->last, key) >= 0) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: key '%s' after key '%s'", key,
			       level->last);
		return false;
	}
	for (const char *p = key; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e) {
			(void)pkg_refuse(&w->err, PKG_INPUT,
					 "control-character",
					 "a key is not printable ASCII");
			return false;
		}
	}
	return true;
}

void pkg_jsonw_key(struct pkg_jsonw *w, const char *key)
{
	struct pkg_jsonw_level *level;

	if (failed(w) || !key_ok(w, key))
		return;
	level = &w->level[w->depth - 1];
	level->last = key;
	w->keyed = true;
	if ((w->flags & PKG_JSONW_PRETTY) == 0 &&
	    put_plain(w, level->filled ? "," : "", key, strlen(key), ":")) {
		level->filled = true;
		return;
	}
	put_separator(w, level);
	put_string(w, key, strlen(key));
	if ((w->flags & PKG_JSONW_PRETTY) != 0)
		put(w, ": ", 2);
	else
		put(w, ":", 1);
}

void pkg_jsonw_str(struct pkg_jsonw *w, const char *text, size_t len)
{
	if (!begin_value(w))
		return;
	if (!pkg_utf8_valid(text, len)) {
		(void)pkg_refuse(&w->err, PKG_INPUT, "not-utf8",
				 "a text is not UTF-8");
		return;
	}
	put_string(w, text, len);
}

void pkg_jsonw_text(struct pkg_jsonw *w, const char *text)
{
	if (text == NULL)
		pkg_jsonw_null(w);
	else
		pkg_jsonw_str(w, text, strlen(text));
}

void pkg_jsonw_hex(struct pkg_jsonw *w, const uint8_t *data, size_t len)
{
	char hex[2 * HEX_MAX + 1];

	if (failed(w))
		return;
	if (len > HEX_MAX) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: more than %d bytes in hexadecimal",
			       HEX_MAX);
		return;
	}
	pkg_hex_encode(hex, data, len);
	pkg_jsonw_str(w, hex, 2 * len);
}

void pkg_jsonw_int(struct pkg_jsonw *w, int64_t number)
{
	char text[24];
	int len;

	if (!begin_value(w))
		return;
	if (number > PKG_LIMIT_JSON_INT || number < -PKG_LIMIT_JSON_INT) {
		(void)pkg_fail(&w->err, PKG_INPUT,
			       "the number %" PRId64 " is too large for JSON",
			       number);
		return;
	}
	len = snprintf(text, sizeof(text), "%" PRId64, number);
	put(w, text, (size_t)len);
}

void pkg_jsonw_bool(struct pkg_jsonw *w, bool truth)
{
	if (begin_value(w))
		put(w, truth ? "true" : "false", truth ? 4 : 5);
}

void pkg_jsonw_null(struct pkg_jsonw *w)
{
	if (begin_value(w))
		put(w, "null", 4);
}

void pkg_jsonw_line(struct pkg_jsonw *w)
{
	if (failed(w))
		return;
	if (w->depth != 0 || !w->done) {
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: the end of an unfinished line");
		return;
	}
	put(w, "\n", 1);
	w->done = false;
}

enum pkg_code pkg_jsonw_finish(struct pkg_jsonw *w, struct pkg_err *err)
{
	if (!failed(w) && w->depth != 0)
		(void)pkg_fail(&w->err, PKG_INTERNAL,
			       "JSON: %" PRIu32 " levels are still open",
			       w->depth);
	if (w->done && (w->flags & PKG_JSONW_PRETTY) != 0)
		put(w, "\n", 1);
	if (failed(w))
		*err = w->err;
	return w->err.code;
}
