/* SPDX-License-Identifier: Apache-2.0 */
#include "review/page.h"

#ifdef PKG_HAVE_QRENCODE
#	include <qrencode.h>

enum { QUIET = 4 }; /* modules of margin, ISO/IEC 18004 section 5.3.8 */

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return (code->data[y * code->width + x] & 1) != 0;
}

/* Two rows of modules a line; black on white, whatever the terminal is. */
static void put_row(struct page *page, const QRcode *code, int y)
{
	(void)pkg_sink_puts(page->sink, "\033[30;107m", page->err);
	for (int x = -QUIET; x < code->width + QUIET; x++) {
		const bool upper = is_dark(code, x, y);
		const bool lower = is_dark(code, x, y + 1);
		const char *block = upper && lower ? "\u2588"
				    : upper        ? "\u2580"
				    : lower        ? "\u2584"
						   : " ";

		(void)pkg_sink_puts(page->sink, block, page->err);
	}
	(void)pkg_sink_puts(page->sink, "\033[0m\n", page->err);
}

enum pkg_code pkg_page_qr(struct page *page, const char *text)
{
	QRcode *code = NULL;

	if (!page->utf8)
		return pkg_fail(page->err, PKG_USAGE,
				"--qr needs a terminal that speaks UTF-8");
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (code == NULL)
		return pkg_fail_nomem(page->err);
	for (int y = -QUIET; y < code->width + QUIET; y += 2)
		put_row(page, code, y);
	QRcode_free(code);
	return PKG_OK;
}

bool pkg_review_has_qr(void)
{
	return true;
}
#else
enum pkg_code pkg_page_qr(struct page *page, const char *text)
{
	(void)text;
	return pkg_fail(page->err, PKG_USAGE,
			"this program was built without QR codes "
			"(libqrencode)");
}

bool pkg_review_has_qr(void)
{
	return false;
}
#endif
