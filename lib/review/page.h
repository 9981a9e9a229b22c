/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REVIEW_PAGE_H
#define REVIEW_PAGE_H

#include "packline/cert.h"
#include "packline/review.h"
#include "packline/sink.h"

/* A screen while it is written.  What fails sticks in the sink. */
struct page {
	struct pkg_sink *sink;
	struct pkg_err *err;
	bool utf8;
};

/* How a text is to be taken. */
enum page_text {
	PAGE_FOREIGN, /* bytes that anybody may have written */
	PAGE_QUOTED,  /* the same, but its backslashes are escapes already */
};

/* Our own words, as they are: a heading, a note.  ASCII, without newline. */
void pkg_page_own(struct page *page, const char *text);
/*
 * A label of our own, at most 15 columns, and a text; folded at 80 columns.
 * A text with other letters than ASCII stands there twice.  NULL is left out.
 */
void pkg_page_line(struct page *page, const char *label, const char *text,
		   enum page_text kind);
/* The @len bytes (a multiple of 2) in groups of four digits, and as words. */
void pkg_page_digest(struct page *page, const uint8_t *data, size_t len);
/* A line with 32 bytes as digits; with a time in seconds since the epoch. */
void pkg_page_hex(struct page *page, const char *label, const uint8_t *data);
void pkg_page_time(struct page *page, const char *label, int64_t seconds);
/* The key that will be used (NULL = it is elsewhere) and its certificate. */
void pkg_page_key(struct page *page, const char *key,
		  const struct pkg_cert_info *cert);
/* PKG_OK, or what the sink failed with. */
PKG_MUST_CHECK enum pkg_code pkg_page_finish(struct page *page);

struct pkg_batch;

/* batch_changes.c: what is new, changed or gone since the batch @previous. */
PKG_MUST_CHECK enum pkg_code pkg_batch_changes(struct page *page,
					       const struct pkg_batch *previous,
					       const struct pkg_batch *batch,
					       struct pkg_err *err);

/* qr.c: a QR code of @text (ASCII) in half blocks; PKG_USAGE without. */
PKG_MUST_CHECK enum pkg_code pkg_page_qr(struct page *page, const char *text);

#endif
