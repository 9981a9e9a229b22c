/* SPDX-License-Identifier: Apache-2.0 */
#include "cron.h"

#include "packline/text.h"

enum { DAY_SECONDS = 86400, YEAR_MIN = 1970, YEAR_MAX = 2099 };

/* A month with its days as bits, bit 0 = the first. */
struct month {
	int64_t first; /* day since 1970-01-01 */
	unsigned length;
	unsigned weekday; /* of the first; 0 = Sunday */
};

static bool has(const struct cron *c, unsigned field, unsigned bit)
{
	return (c->sets[field][bit / 64] >> (bit % 64) & 1) != 0;
}

static struct month month_of(int64_t year, unsigned month)
{
	const int64_t next = month == 12 ? pkg_time_days(year + 1, 1, 1)
					 : pkg_time_days(year, month + 1, 1);
	struct month m = {.first = pkg_time_days(year, month, 1)};

	m.length = (unsigned)(next - m.first);
	m.weekday = (unsigned)((m.first + 4) % 7); /* 1970-01-01: Thursday */
	return m;
}

static unsigned weekday_of(const struct month *m, unsigned day)
{
	return (m->weekday + day - 1) % 7;
}

static uint32_t bit_of(unsigned day)
{
	return UINT32_C(1) << (day - 1);
}

/*
 * The working day next to day @n, never in another month; a Sunday at the end
 * of a month stays as it is.
 */
static unsigned nearest(const struct month *m, unsigned n)
{
	const unsigned weekday = weekday_of(m, n);

	if (weekday == 6)
		return n == 1 ? 3 : n - 1;
	return weekday == 0 && n < m->length ? n + 1 : n;
}

static uint32_t month_days(const struct cron *c, const struct month *m)
{
	const unsigned end = weekday_of(m, m->length);
	uint32_t days = (uint32_t)c->sets[CRON_DAY][0];

	if (c->floating == CRON_LAST && c->n < m->length)
		days |= bit_of(m->length - c->n);
	if (c->floating == CRON_WORKDAY)
		days |= bit_of(m->length - (end == 0 ? 2 : end == 6 ? 1 : 0));
	if (c->floating == CRON_NEAREST && c->n <= m->length)
		days |= bit_of(nearest(m, c->n));
	return days;
}

static uint32_t weekdays(const struct cron *c, const struct month *m)
{
	uint32_t days = 0;

	for (unsigned day = 1; day <= m->length; day++) {
		const unsigned w = weekday_of(m, day);
		const bool last = day + 7 > m->length;

		if (has(c, CRON_WEEKDAY, w) ||
		    (c->nth[(day - 1) / 7] >> w & 1) != 0 ||
		    (last && (c->last >> w & 1) != 0))
			days |= bit_of(day);
	}
	return days;
}

/* The first time of day at or after @from seconds; -1 = none. */
static int64_t time_of_day(const struct cron *c, int64_t from)
{
	for (unsigned h = 0; h < 24; h++) {
		if (!has(c, CRON_HOUR, h) || (h + 1) * INT64_C(3600) <= from)
			continue;
		for (unsigned m = 0; m < 60; m++) {
			const int64_t minute =
			    h * INT64_C(3600) + m * INT64_C(60);

			if (!has(c, CRON_MINUTE, m) || minute + 60 <= from)
				continue;
			for (unsigned s = 0; s < 60; s++) {
				if (has(c, CRON_SECOND, s) &&
				    minute + s >= from)
					return minute + s;
			}
		}
	}
	return -1;
}

static bool in_month(const struct cron *c, const struct month *m, int64_t from,
		     int64_t *out)
{
	const uint32_t days = c->by_weekday ? weekdays(c, m) : month_days(c, m);

	for (unsigned day = 1; day <= m->length; day++) {
		const int64_t start = (m->first + day - 1) * DAY_SECONDS;
		int64_t at;

		if ((days & bit_of(day)) == 0 || start + DAY_SECONDS <= from)
			continue;
		at = time_of_day(c, from - start);
		if (at >= 0) {
			*out = start + at;
			return true;
		}
	}
	return false;
}

bool pkg_cron_next(const struct cron *c, int64_t from, bool strict,
		   int64_t *out)
{
	for (unsigned i = 0; i < 12 * (YEAR_MAX - YEAR_MIN + 1); i++) {
		const struct month m =
		    month_of(YEAR_MIN + (int64_t)(i / 12), i % 12 + 1);

		if (!has(c, CRON_YEAR, i / 12) || !has(c, CRON_MONTH, i % 12) ||
		    (m.first + m.length) * DAY_SECONDS <= from)
			continue;
		if (strict && c->floating == CRON_NEAREST && c->n > m.length)
			return false;
		if (in_month(c, &m, from, out))
			return true;
	}
	return false;
}
