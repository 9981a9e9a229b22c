/* SPDX-License-Identifier: Apache-2.0 */
#include "review/page.h"

#include "packline/text.h"
#include "review/words.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 16 }; /* columns */

/*
 * Letters that are shown as they are, and the columns they take.  Scripts that
 * run from right to left move what stands beside them even without a control
 * code, and combining marks are piled up on other letters: neither is here.
 */
static const struct {
	uint32_t first, last;
	unsigned columns;
} letters[] = {
    {0x00A1, 0x00AC, 1}, {0x00AE, 0x017F, 1}, /* Latin */
    {0x0391, 0x03A1, 1}, {0x03A3, 0x03C9, 1}, /* Greek */
    {0x0400, 0x0482, 1}, {0x048A, 0x052F, 1}, /* Cyrillic */
    {0x1E00, 0x1EFF, 1},                      /* Latin, Vietnamese */
    {0x3041, 0x3096, 2}, {0x30A1, 0x30FA, 2}, /* Kana */
    {0x4E00, 0x9FFF, 2}, {0xAC00, 0xD7A3, 2}, /* Han, Hangul */
};

/* 0 if it is none of them. */
static unsigned letter_columns(uint32_t code)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (code >= letters[i].first && code <= letters[i].last)
			return letters[i].columns;
	return 0;
}

/* A text on its way to the screen, piece by piece. */
struct reader {
	const char *at, *end;
	enum page_text kind;
	bool utf8;
	bool after_space; /* or at the start */
	bool odd;         /* something was not ASCII */
	char piece[16];   /* the last one; never split */
	unsigned columns;
};

/* A space that would not be seen: at an end, or beside another. */
static bool is_lost_space(const struct reader *r)
{
	return r->after_space || r->at + 1 == r->end || r->at[1] == ' ';
}

static void read_ascii(struct reader *r)
{
	const char c = *r->at;
	const bool doubled = c == '\\' && r->kind == PAGE_FOREIGN;

	if (c > ' ' && c < 0x7f)
		(void)snprintf(r->piece, sizeof(r->piece), "%s%c",
			       doubled ? "\\" : "", c);
	else if (c == ' ' && !is_lost_space(r))
		(void)snprintf(r->piece, sizeof(r->piece), " ");
	else
		(void)snprintf(r->piece, sizeof(r->piece), "\\x%02x",
			       (unsigned)(uint8_t)c);
}

/* False at the end. */
static bool read_piece(struct reader *r)
{
	uint32_t code = 0;
	size_t n = 0;

	if (r->at == r->end)
		return false;
	n = pkg_utf8_next(&code, r->at, (size_t)(r->end - r->at));
	if (n == 1) {
		read_ascii(r);
	} else if (n == 0) {
		(void)snprintf(r->piece, sizeof(r->piece), "\\x%02x",
			       (unsigned)(uint8_t)*r->at);
	} else if (r->utf8 && letter_columns(code) > 0) {
		(void)snprintf(r->piece, sizeof(r->piece), "%.*s", (int)n,
			       r->at);
	} else {
		(void)snprintf(r->piece, sizeof(r->piece), "\\u{%04x}",
			       (unsigned)code);
	}
	r->columns = (unsigned)strlen(r->piece);
	if (n > 1 && r->piece[0] != '\\')
		r->columns = letter_columns(code);
	r->odd = r->odd || n != 1;
	r->after_space = *r->at == ' ';
	r->at += n == 0 ? 1 : n;
	return true;
}

static struct reader reader_of(const char *text, enum page_text kind, bool utf8)
{
	return (struct reader){
	    .at = text,
	    .end = text + strlen(text),
	    .kind = kind,
	    .utf8 = utf8,
	    .after_space = true,
	};
}

static void put(struct page *page, const char *text)
{
	(void)pkg_sink_puts(page->sink, text, page->err);
}

static void put_label(struct page *page, const char *label)
{
	char column[LABEL + 1];

	(void)snprintf(column, sizeof(column), "%-*.*s", LABEL, LABEL - 1,
		       label);
	put(page, column);
}

/* True if there was anything but ASCII in it. */
static bool put_text(struct page *page, struct reader r)
{
	unsigned used = LABEL;

	while (read_piece(&r)) {
		if (used + r.columns > PKG_REVIEW_COLUMNS) {
			put(page, "\n");
			put_label(page, "");
			used = LABEL;
		}
		put(page, r.piece);
		used += r.columns;
	}
	put(page, "\n");
	return r.odd;
}

void pkg_page_own(struct page *page, const char *text)
{
	put(page, text);
	put(page, "\n");
}

void pkg_page_line(struct page *page, const char *label, const char *text,
		   enum page_text kind)
{
	if (text == NULL)
		return;
	put_label(page, label);
	if (!put_text(page, reader_of(text, kind, page->utf8)) || !page->utf8)
		return;
	put_label(page, "  in ASCII");
	(void)put_text(page, reader_of(text, kind, false));
}

void pkg_page_hex(struct page *page, const char *label, const uint8_t *data)
{
	char hex[65];

	pkg_hex_encode(hex, data, 32);
	pkg_page_line(page, label, hex, PAGE_QUOTED);
}

void pkg_page_time(struct page *page, const char *label, int64_t seconds)
{
	char when[21] = "(out of range)";

	(void)pkg_time_format(when, seconds);
	pkg_page_line(page, label, when, PAGE_QUOTED);
}

void pkg_page_key(struct page *page, const char *key,
		  const struct pkg_cert_info *cert)
{
	pkg_page_own(page, "=== WITH THE KEY");
	pkg_page_line(page, "key", key == NULL ? "(it is elsewhere)" : key,
		      PAGE_FOREIGN);
	pkg_page_line(page, "certificate", cert->subject, PAGE_QUOTED);
	pkg_page_line(page, "  issued by", cert->issuer, PAGE_QUOTED);
	pkg_page_hex(page, "  key SHA-256", cert->spki);
	pkg_page_time(page, "  valid from", cert->not_before);
	pkg_page_time(page, "  valid until", cert->not_after);
}

enum pkg_code pkg_review_ascii(struct pkg_buf *out, const char *text,
			       struct pkg_err *err)
{
	struct reader r = reader_of(text, PAGE_FOREIGN, false);

	while (read_piece(&r))
		PKG_TRY(pkg_buf_puts(out, r.piece, err));
	return PKG_OK;
}

const char *pkg_review_word(size_t index, uint8_t value)
{
	return index % 2 == 0 ? pkg_review_even[value] : pkg_review_odd[value];
}

/* Eight bytes a line, twice: digits, then words. */
void pkg_page_digest(struct page *page, const uint8_t *data, size_t len)
{
	char word[32];

	for (size_t i = 0; i + 1 < len; i += 2) {
		if (i % 16 == 0)
			put_label(page, i == 0 ? "  SHA-256" : "");
		(void)snprintf(word, sizeof(word), "%02x%02x%s", data[i],
			       data[i + 1], i % 16 == 14 ? "\n" : " ");
		put(page, word);
	}
	for (size_t i = 0; i < len; i++) {
		if (i % 4 == 0)
			put_label(page, i == 0 ? "  in words" : "");
		(void)snprintf(word, sizeof(word), "%-*s%s",
			       i % 4 == 3 ? 0 : 13, pkg_review_word(i, data[i]),
			       i % 4 == 3 ? "\n" : "");
		put(page, word);
	}
}

enum pkg_code pkg_review_digest(struct pkg_sink *sink,
				const uint8_t digest[PKG_AT_LEAST(32)],
				struct pkg_err *err)
{
	struct page page = {.sink = sink, .err = err};

	pkg_page_digest(&page, digest, 32);
	return pkg_page_finish(&page);
}

enum pkg_code pkg_page_finish(struct page *page)
{
	/* Writes nothing: asks whether an earlier write failed. */
	return page->sink->stuck == PKG_OK ? PKG_OK : page->err->code;
}
