/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "cron.h"

#include <string.h>

/*
 * Maintenance windows as the server reads them: a Quartz cron expression, a
 * time of day and an offset from UTC.
 */
enum window_verdict pkg_window_schedule(const char *schedule)
{
	struct cron cron;
	int64_t first;

	if (!pkg_cron_parse(&cron, schedule))
		return WINDOW_BAD;
	if (!pkg_cron_next(&cron, 0, false, &first))
		return WINDOW_NEVER;
	return cron.ignored ? WINDOW_IGNORED : WINDOW_OK;
}

static unsigned two(const char *text)
{
	return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* Two digits up to @max. */
static bool two_digits(const char *text, unsigned max)
{
	return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' &&
	       text[1] <= '9' && two(text) <= max;
}

bool pkg_window_duration(const char *text)
{
	size_t digits;

	/* The server strips blanks; ours would rather not have any. */
	if (!two_digits(text, 23) || text[2] != ':' ||
	    !two_digits(text + 3, 59))
		return false;
	if (text[5] == '\0')
		return true;
	if (text[5] != ':' || !two_digits(text + 6, 59))
		return false;
	if (text[8] == '\0')
		return true;
	digits = strspn(text + 9, "0123456789");
	return text[8] == '.' && digits >= 1 && digits <= 9 &&
	       text[9 + digits] == '\0';
}

/*
 * ZoneOffset.of: Z, +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss; to 18:00.
 * @digits  receives hhmmss.
 */
static bool read_offset(char digits[8], const char *text)
{
	size_t len = strlen(text), n = 0;
	const bool colons = len == 6 || len == 9;

	memset(digits, 0, 8);
	if ((text[0] != '+' && text[0] != '-') || len < 2 || len > 9 ||
	    len == 4 || len == 8)
		return false;
	if (len == 2)
		digits[n++] = '0';
	for (size_t i = 1; i < len; i++) {
		if (colons && (i == 3 || i == 6)) {
			if (text[i] != ':')
				return false;
		} else if (text[i] < '0' || text[i] > '9' || n >= 6) {
			return false;
		} else {
			digits[n++] = text[i];
		}
	}
	while (n < 6)
		digits[n++] = '0';
	return two_digits(digits + 2, 59) && two_digits(digits + 4, 59) &&
	       strcmp(digits, "180000") <= 0;
}

bool pkg_window_timezone(const char *text)
{
	char digits[8];

	return strcmp(text, "Z") == 0 || read_offset(digits, text);
}

static int64_t seconds_of(const char *hour, const char *minute,
			  const char *second)
{
	return two(hour) * INT64_C(3600) + two(minute) * INT64_C(60) +
	       two(second);
}

static int64_t offset_of(const char *text)
{
	char digits[8];
	int64_t seconds;

	if (!read_offset(digits, text))
		return 0;
	seconds = seconds_of(digits, digits + 2, digits + 4);
	return text[0] == '-' ? -seconds : seconds;
}

bool pkg_window_opens(const char *schedule, const char *duration,
		      const char *timezone, int64_t at, int64_t *out)
{
	const char *seconds = duration[5] == ':' ? duration + 6 : "00";
	const int64_t length = seconds_of(duration, duration + 3, seconds);
	const int64_t offset = offset_of(timezone);
	const bool fraction = duration[5] == ':' && duration[8] == '.' &&
			      strspn(duration + 9, "0") != strlen(duration + 9);
	struct cron cron;

	/* Open now is fine: it ends after @at. */
	if (!pkg_cron_parse(&cron, schedule) ||
	    !pkg_cron_next(&cron, at + offset - length + (fraction ? 0 : 1),
			   true, out))
		return false;
	*out -= offset;
	return true;
}
