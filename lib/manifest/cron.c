/* SPDX-License-Identifier: Apache-2.0 */
#include "cron.h"

#include <string.h>

struct cron_field {
	unsigned min, max;
	const char *names; /* three letters each, from min; NULL = none */
	bool question;     /* may be ? */
};

static const struct cron_field fields[CRON_FIELDS] = {
    [CRON_SECOND] = {0, 59, NULL, false},
    [CRON_MINUTE] = {0, 59, NULL, false},
    [CRON_HOUR] = {0, 23, NULL, false},
    [CRON_DAY] = {1, 31, NULL, true},
    [CRON_MONTH] = {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", false},
    [CRON_WEEKDAY] = {1, 7, "SUNMONTUEWEDTHUFRISAT", true},
    [CRON_YEAR] = {1970, 2099, NULL, false},
};

/* One field while it is read. */
struct reader {
	struct cron *cron;
	unsigned field;
	bool alone; /* no list */
};

static void set_bit(struct reader *r, unsigned value)
{
	const unsigned bit = value - fields[r->field].min;

	r->cron->sets[r->field][bit / 64] |= UINT64_C(1) << (bit % 64);
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

static bool read_value(const struct cron_field *f, const char **at,
		       unsigned *out)
{
	if (f->names != NULL && strlen(*at) >= 3) {
		for (unsigned v = f->min; v <= f->max; v++) {
			if (strncmp(*at, f->names + (size_t)(v - f->min) * 3,
				    3) == 0) {
				*at += 3;
				*out = v;
				return true;
			}
		}
	}
	return read_number(at, out) && *out >= f->min && *out <= f->max;
}

/* L, L-n, LW, nW: the server forgets them where there is a list. */
static bool read_floating_day(struct reader *r, const char *at)
{
	const struct cron_field *f = &fields[r->field];
	enum cron_floating kind = CRON_LAST;
	unsigned n = 0;

	if (*at == 'L') {
		at++;
		if (strcmp(at, "W") == 0)
			kind = CRON_WORKDAY;
		else if (*at != '\0' &&
			 (*at++ != '-' || !read_value(f, &at, &n) ||
			  *at != '\0'))
			return false;
	} else {
		kind = CRON_NEAREST;
		if (!read_value(f, &at, &n) || strcmp(at, "W") != 0)
			return false;
	}
	if (r->alone) {
		r->cron->floating = kind;
		r->cron->n = n;
		return true;
	}
	r->cron->ignored = true;
	if (kind == CRON_NEAREST)
		set_bit(r, n);
	return true;
}

/* nL, n#k; L alone is Saturday. The server takes no FRIL in a list, but 6L. */
static bool read_floating_weekday(struct reader *r, const char *at)
{
	const struct cron_field *f = &fields[r->field];
	const bool named = *at > '9';
	unsigned n = 0, k = 0;

	if (strcmp(at, "L") == 0) {
		set_bit(r, f->max);
		return true;
	}
	if (!read_value(f, &at, &n))
		return false;
	if (strcmp(at, "L") == 0) {
		r->cron->last |= (uint8_t)(1u << (n - 1));
		return r->alone || !named;
	}
	if (*at++ != '#' || !read_value(f, &at, &k) || *at != '\0')
		return false;
	if (k <= sizeof(r->cron->nth))
		r->cron->nth[k - 1] |= (uint8_t)(1u << (n - 1));
	return true;
}

static bool read_floating(struct reader *r, const char *at)
{
	if (r->field == CRON_DAY)
		return read_floating_day(r, at);
	return r->field == CRON_WEEKDAY && read_floating_weekday(r, at);
}

struct range {
	unsigned from, to, step;
	bool stepped;
};

/*
 * Only ranges of weekdays go around the end, without a step; of the others
 * that run backwards the server sees the first value, in a list nothing.
 */
static bool set_range(struct reader *r, const struct range *range)
{
	const struct cron_field *f = &fields[r->field];

	if (range->to >= range->from) {
		for (unsigned v = range->from; v <= range->to; v += range->step)
			set_bit(r, v);
		return true;
	}
	if (r->field == CRON_YEAR)
		return false;
	if (r->field == CRON_WEEKDAY) {
		for (unsigned v = f->min; v <= f->max; v++) {
			if (v >= range->from || v <= range->to)
				set_bit(r, v);
		}
		return !range->stepped;
	}
	r->cron->ignored = true;
	if (r->alone && !(range->stepped && range->from == f->max))
		set_bit(r, range->from);
	return true;
}

static bool read_step(const struct cron_field *f, const char **at,
		      struct range *range)
{
	range->stepped = true;
	(*at)++;
	return read_number(at, &range->step) && range->step > 0 &&
	       range->step <= f->max && range->step <= f->max - f->min + 1;
}

/* One part between commas: star, value or range, then perhaps a step. */
static bool read_part(struct reader *r, const char *at)
{
	const struct cron_field *f = &fields[r->field];
	const char *whole = at;
	struct range range = {f->min, f->max, 1, false};
	bool one = false;

	if (*at == '*') {
		at++;
	} else if (*at != '/' || at[1] == '\0') {
		one = true;
		if (!read_value(f, &at, &range.from))
			return read_floating(r, whole);
		range.to = range.from;
		if (*at == '-') {
			at++;
			one = false;
			if (!read_value(f, &at, &range.to))
				return false;
		}
	}
	if (*at == '/') {
		if (!read_step(f, &at, &range))
			return false;
		if (one)
			range.to = f->max;
	}
	if (*at != '\0')
		return one && !range.stepped && read_floating(r, whole);
	return set_range(r, &range);
}

static bool read_field(struct cron *out, unsigned field, char *text)
{
	struct reader r = {out, field, strchr(text, ',') == NULL};
	char *next = text;

	if (strcmp(text, "?") == 0) {
		if (field == CRON_DAY)
			out->by_weekday = true;
		return fields[field].question;
	}
	while (next != NULL) {
		if (!read_part(&r, strsep(&next, ",")))
			return false;
	}
	return true;
}

/* One of the two says which days, the other is ?. */
static bool read_words(struct cron *out, char *text)
{
	unsigned count = 0, questions = 0;
	char *next = text;

	while (next != NULL) {
		char *word = strsep(&next, " \t");

		if (*word == '\0')
			continue; /* several blanks */
		if (strcmp(word, "?") == 0)
			questions++;
		if (count == CRON_FIELDS || !read_field(out, count, word))
			return false;
		count++;
	}
	if (count == CRON_YEAR)
		memset(out->sets[CRON_YEAR], 0xFF, sizeof(out->sets[0]));
	return count >= CRON_YEAR && questions == 1;
}

bool pkg_cron_parse(struct cron *out, const char *text)
{
	char copy[256];
	size_t len = strlen(text);

	*out = (struct cron){0};
	if (len >= sizeof(copy))
		return false;
	for (size_t i = 0; i <= len; i++)
		copy[i] =
		    (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] & ~0x20
							    : text[i]);
	return read_words(out, copy);
}
