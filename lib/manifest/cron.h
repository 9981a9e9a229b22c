/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_CRON_H
#define MANIFEST_CRON_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Quartz cron expressions as the server's library (cron-utils 9) reads them,
 * what it gets wrong included: its answer is what counts.
 */
enum {
	CRON_SECOND,
	CRON_MINUTE,
	CRON_HOUR,
	CRON_DAY,
	CRON_MONTH,
	CRON_WEEKDAY,
	CRON_YEAR,
	CRON_FIELDS
};

/* A day of the month that is not the same number each month. */
enum cron_floating {
	CRON_FIXED,   /* there is none */
	CRON_LAST,    /* L, L-n */
	CRON_WORKDAY, /* LW */
	CRON_NEAREST, /* nW */
};

struct cron {
	uint64_t sets[CRON_FIELDS][3]; /* values from the field's minimum */
	bool by_weekday;               /* the day of the month is ? */
	enum cron_floating floating;   /* beside sets[CRON_DAY] */
	unsigned n;                    /* its n; 0 = none */
	uint8_t nth[5];                /* weekdays with #1 to #5, bit 0 = SUN */
	uint8_t last;                  /* weekdays with L */
	bool ignored;                  /* a part means nothing to the server */
};

/* False if @text is no expression that the server takes. */
bool pkg_cron_parse(struct cron *out, const char *text);
/*
 * The first execution at or after @from; both are seconds since 1970 in the
 * expression's own time zone.
 * @strict  as the server: it gives up at a month that lacks the n of nW.
 * False if there is none until the end of 2099.
 */
bool pkg_cron_next(const struct cron *c, int64_t from, bool strict,
		   int64_t *out);

#endif
