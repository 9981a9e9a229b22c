/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/*
 * Maintenance windows as the server reads them: a Quartz cron expression, a
 * time of day and an offset from UTC.
 */
struct cron_field {
	unsigned min, max;
	const char *names;       /* three letters each, from min; NULL = none */
	bool question;           /* may be ? */
	bool month_day, weekday; /* may have L, W, # */
};

enum { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR, FIELDS };

static const struct cron_field fields[FIELDS] = {
    [SECOND] = {0, 59, NULL, false, false, false},
    [MINUTE] = {0, 59, NULL, false, false, false},
    [HOUR] = {0, 23, NULL, false, false, false},
    [DAY] = {1, 31, NULL, true, true, false},
    [MONTH] = {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", false, false,
	       false},
    [WEEKDAY] = {1, 7, "SUNMONTUEWEDTHUFRISAT", true, false, true},
    [YEAR] = {1970, 2099, NULL, false, false, false},
};

/* What a field allows. */
struct cron_set {
	bool question;
	bool floating;    /* a day such as L, that every month has */
	uint64_t bits[3]; /* values from the field's minimum */
};

static void set_bit(struct cron_set *set, unsigned bit)
{
	set->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static bool has_bit(const struct cron_set *set, unsigned bit)
{
	return (set->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

static bool read_number(const char **at, unsigned *out)
{
	const char *p = *at;

	*out = 0;
	while (*p >= '0' && *p <= '9' && p - *at < 5)
		*out = *out * 10 + (unsigned)(*p++ - '0');
	if (p == *at)
		return false;
	*at = p;
	return true;
}

static bool same_letters(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((a[i] & ~0x20) != b[i])
			return false;
	}
	return true;
}

static bool read_value(const struct cron_field *f, const char **at,
		       unsigned *out)
{
	if (f->names != NULL && strlen(*at) >= 3) {
		for (unsigned v = f->min; v <= f->max; v++) {
			if (same_letters(
				*at, f->names + (size_t)(v - f->min) * 3, 3)) {
				*at += 3;
				*out = v;
				return true;
			}
		}
	}
	return read_number(at, out) && *out >= f->min && *out <= f->max;
}

/* Every @step-th value from @from to @to, around the end if need be. */
static void set_range(const struct cron_field *f, struct cron_set *set,
		      unsigned from, unsigned to, unsigned step)
{
	const unsigned span = f->max - f->min + 1;
	const unsigned length = to >= from ? to - from : to + span - from;

	for (unsigned i = 0; i <= length; i += step)
		set_bit(set, (from - f->min + i) % span);
}

/* L, L-n, LW, nW of days; nL, n#k, L of weekdays. */
static bool read_special(const struct cron_field *f, const char *at,
			 struct cron_set *set)
{
	unsigned n = 0, k = 0;

	set->floating = true;
	if (f->month_day && *at == 'L') {
		at++;
		if (*at == '-')
			return at++,
			       read_number(&at, &n) && *at == '\0' && n <= 30;
		return *at == '\0' || strcmp(at, "W") == 0;
	}
	if (f->weekday && strcmp(at, "L") == 0)
		return true;
	if (!read_value(f, &at, &n))
		return false;
	if (f->month_day) {
		set->floating = false;
		set_bit(set, n - f->min);
		return strcmp(at, "W") == 0;
	}
	if (strcmp(at, "L") == 0)
		return true;
	if (*at++ != '#')
		return false;
	return read_number(&at, &k) && *at == '\0' && k >= 1 && k <= 5;
}

/* One part between commas: star, value or range, then perhaps a step. */
static bool read_part(const struct cron_field *f, const char *at,
		      struct cron_set *set)
{
	const char *whole = at;
	unsigned from = f->min, to = f->max, step = 1;
	bool one = false;

	if (*at == '*') {
		at++;
	} else {
		if (!read_value(f, &at, &from))
			return (f->month_day || f->weekday) &&
			       read_special(f, whole, set);
		to = from;
		one = true;
		if (*at == '-') {
			at++;
			one = false;
			if (!read_value(f, &at, &to))
				return false;
		}
	}
	if (*at == '/') {
		at++;
		if (!read_number(&at, &step) || step == 0 ||
		    step > f->max - f->min + 1)
			return false;
		if (one)
			to = f->max;
	}
	if (*at != '\0')
		return (f->month_day || f->weekday) &&
		       read_special(f, whole, set);
	set_range(f, set, from, to, step);
	return true;
}

static bool read_field(const struct cron_field *f, char *text,
		       struct cron_set *set)
{
	char *next = text;

	if (strcmp(text, "?") == 0) {
		set->question = true;
		return f->question;
	}
	while (next != NULL) {
		char *part = strsep(&next, ",");

		if (!read_part(f, part, set))
			return false;
	}
	return true;
}

/* False only if no month that is allowed has any of the days. */
static bool some_day(const struct cron_set sets[FIELDS], bool years)
{
	static const unsigned days[] = {31, 29, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31};
	bool leap = !years;

	if (sets[DAY].question || sets[DAY].floating)
		return true;
	for (unsigned y = fields[YEAR].min; years && y <= fields[YEAR].max; y++)
		leap |= has_bit(&sets[YEAR], y - fields[YEAR].min) &&
			(y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
	for (unsigned m = 0; m < 12; m++) {
		const unsigned last = m == 1 && !leap ? 28 : days[m];

		for (unsigned d = 0; d < last; d++) {
			if (has_bit(&sets[MONTH], m) && has_bit(&sets[DAY], d))
				return true;
		}
	}
	return false;
}

enum window_verdict pkg_window_schedule(const char *cron)
{
	struct cron_set sets[FIELDS] = {0};
	char copy[256];
	char *next = copy;
	size_t n = 0;

	if (strlen(cron) >= sizeof(copy))
		return WINDOW_BAD;
	memcpy(copy, cron, strlen(cron) + 1);
	while (next != NULL) {
		char *word = strsep(&next, " \t");

		if (*word == '\0')
			continue; /* several blanks */
		if (n == FIELDS || !read_field(&fields[n], word, &sets[n]))
			return WINDOW_BAD;
		n++;
	}
	if (n < YEAR || sets[DAY].question == sets[WEEKDAY].question)
		return WINDOW_BAD;
	return some_day(sets, n == FIELDS) ? WINDOW_OK : WINDOW_NEVER;
}

/* Two digits up to @max. */
static bool two_digits(const char *text, unsigned max)
{
	return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' &&
	       text[1] <= '9' &&
	       (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0') <=
		   max;
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

/* ZoneOffset.of: Z, +h, +hh, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss; to 18:00. */
bool pkg_window_timezone(const char *text)
{
	char digits[8] = "";
	size_t len = strlen(text), n = 0;
	const bool colons = len == 6 || len == 9;

	if (strcmp(text, "Z") == 0)
		return true;
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
