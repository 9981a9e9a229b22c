/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, YEAR_MIN = 1970, YEAR_MAX = 9999 };

/*
 * Years that begin in March make the leap day the last of its year; eras of
 * 400 years (146,097 days) repeat.
 */
int64_t pkg_time_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t from_march = month > 2 ? month - 3 : month + 9;
	int64_t of_year = (153 * from_march + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

bool pkg_time_format(char out[static 21], int64_t seconds)
{
	int64_t z = seconds / DAY + 719468;
	unsigned rest = (unsigned)(seconds % DAY);
	int64_t of_era, yoe, doy, mp, year;
	unsigned day, month;

	if (seconds < 0 || seconds / DAY >= pkg_time_days(YEAR_MAX + 1, 1, 1))
		return false;
	of_era = z % 146097;
	yoe = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	doy = of_era - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	year = yoe + z / 146097 * 400 + (month <= 2);
	(void)snprintf(out, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		       (unsigned)year % 10000, month % 100, day % 100,
		       rest / 3600 % 100, rest / 60 % 60, rest % 60);
	return true;
}

/* Read @n digits; false if one is missing. */
static bool digits(unsigned *out, const char **p, const char *end, size_t n)
{
	*out = 0;
	for (; n > 0; n--, (*p)++) {
		if (*p == end || **p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (unsigned)(**p - '0');
	}
	return true;
}

static bool literal(const char **p, const char *end, const char *any)
{
	if (*p == end || **p == '\0' || strchr(any, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

static bool offset(int64_t *out, const char **p, const char *end)
{
	unsigned hours = 0, minutes = 0;
	int64_t sign;

	*out = 0;
	if (literal(p, end, "Zz"))
		return true;
	if (*p == end || (**p != '+' && **p != '-'))
		return false;
	sign = **p == '+' ? 1 : -1;
	(*p)++;
	if (!digits(&hours, p, end, 2) || !literal(p, end, ":") ||
	    !digits(&minutes, p, end, 2) || hours > 23 || minutes > 59)
		return false;
	*out = sign * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

static unsigned days_of(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool clock_time(int64_t *out, const char **p, const char *end)
{
	unsigned h = 0, m = 0, s = 0, fraction = 0;

	if (!digits(&h, p, end, 2) || !literal(p, end, ":") ||
	    !digits(&m, p, end, 2) || !literal(p, end, ":") ||
	    !digits(&s, p, end, 2) || h > 23 || m > 59 || s > 59)
		return false;
	if (literal(p, end, ".")) {
		if (!digits(&fraction, p, end, 1))
			return false;
		while (digits(&fraction, p, end, 1))
			continue;
	}
	*out = (int64_t)h * 3600 + (int64_t)m * 60 + s;
	return true;
}

bool pkg_time_parse(int64_t *seconds, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	unsigned year = 0, month = 0, day = 0;
	int64_t of_day = 0, shift = 0;

	if (!digits(&year, &p, end, 4) || !literal(&p, end, "-") ||
	    !digits(&month, &p, end, 2) || !literal(&p, end, "-") ||
	    !digits(&day, &p, end, 2) || !literal(&p, end, "Tt"))
		return false;
	if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 ||
	    day > days_of(year, month))
		return false;
	if (!clock_time(&of_day, &p, end) || !offset(&shift, &p, end) ||
	    p != end)
		return false;
	*seconds = pkg_time_days(year, month, day) * DAY + of_day - shift;
	return *seconds >= 0;
}
