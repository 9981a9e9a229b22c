/* SPDX-License-Identifier: Apache-2.0 */
/* Grammars of single texts, held against a second opinion. */
#include "fuzz.h"

#include "packline/container.h"
#include "packline/path.h"
#include "packline/text.h"
#include "packline/trust.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool is_device(const char *text)
{
	static const char *const names[] = {"con", "prn", "aux", "nul"};
	const size_t stem = strcspn(text, ".");

	if (stem == 4 && text[3] >= '1' && text[3] <= '9')
		return strncasecmp(text, "com", 3) == 0 ||
		       strncasecmp(text, "lpt", 3) == 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (stem == 3 && strncasecmp(text, names[i], 3) == 0)
			return true;
	return false;
}

static bool is_name(const char *text)
{
	const size_t len = strlen(text);

	return len >= 1 && len <= 100 &&
	       strspn(text, LETTERS DIGITS "._+-") == len &&
	       strspn(text, LETTERS DIGITS "_") >= 1 && text[len - 1] != '.' &&
	       !is_device(text);
}

static bool is_time(const char *text)
{
	char again[64] = "";
	struct tm tm = {0};
	time_t seconds = 0;

	/* times are of the years 1970..9999 */
	if (strlen(text) != 20 || strcmp(text, "1970") < 0 ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	if (gmtime_r(&seconds, &tm) == NULL)
		return false;
	(void)snprintf(again, sizeof(again), "%04d-%02d-%02dT%02d:%02d:%02dZ",
		       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		       tm.tm_min, tm.tm_sec);
	return strcmp(text, again) == 0;
}

static void check_quote(const char *text, size_t len)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 1 << 20};
	struct pkg_err err = PKG_ERR_INIT;
	char cut[40];

	MUST(pkg_text_quote(&out, text, len, &err) == PKG_OK);
	MUST(pkg_utf8_valid(pkg_buf_str(&out), out.len));
	for (size_t at = 0; at < out.len;) {
		uint32_t c = 0;

		at += pkg_utf8_next(&c, pkg_buf_str(&out) + at, out.len - at);
		MUST(!pkg_text_is_hidden(c) && c >= 0x20);
	}
	(void)pkg_text_quote_cut(cut, sizeof(cut), text, len);
	MUST(strlen(cut) < sizeof(cut) && pkg_utf8_valid(cut, strlen(cut)));
}

static void check_times(const char *text, size_t len)
{
	struct pkg_clock clock;
	int64_t seconds = 0, again = 0;
	char made[21];

	if (pkg_time_parse(&seconds, text, len) &&
	    pkg_time_format(made, seconds)) {
		MUST(pkg_time_parse(&again, made, strlen(made)));
		MUST(again == seconds);
	}
	if (pkg_clock_parse(&clock, text))
		MUST(strcmp(text, "system") == 0 || strcmp(text, "tsa") == 0 ||
		     strcmp(text, "none") == 0 || strncmp(text, "at=", 3) == 0);
}

static void check_safe_name(const char *text, size_t len)
{
	const bool good = pkg_path_name_flaw(text, len) == NULL;

	/* Each grammar is part of the next. */
	MUST(!pkg_container_is_name(text) || good);
	MUST(!good || pkg_path_is_safe_name(text, len));
	if (good)
		MUST(strpbrk(text, ":*?\"<>|") == NULL && text[0] != '-' &&
		     text[0] != '.' && !is_device(text));
	if (!pkg_path_is_safe_name(text, len))
		return;
	MUST(len >= 1 && len <= 255 && pkg_utf8_valid(text, len));
	MUST(strcmp(text, ".") != 0 && strcmp(text, "..") != 0);
	MUST(strpbrk(text, "/\\\n\r\x1b\x7f") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	size_t len = 0;
	uint8_t hex[32];

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	len = strlen(text);
	MUST(pkg_container_is_name(text) == is_name(text));
	MUST(pkg_container_is_time(text) == is_time(text));
	if (pkg_container_is_text(text))
		MUST(len >= 1 && len <= 512 && pkg_utf8_valid(text, len));
	if (pkg_hex_decode(hex, sizeof(hex), text, len))
		MUST(len == 64 && strspn(text, DIGITS "abcdef") == 64);
	check_times(text, len);
	check_quote((const char *)data, size);
	check_safe_name(text, len);
	free(text);
	return 0;
}
