/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"

#include <string.h>

enum { WORD_MAX = 64 };

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance (insert, delete, replace, swap of neighbours = 1 each). */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1] = {{0}};

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = rows[i % 3];
		const size_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

			best = least_of(best, up[j] + 1);
			best = least_of(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = least_of(best, up2[j - 2] + 1);
			now[j] = best;
		}
	}
	return rows[na % 3][nb];
}

const char *pkg_text_suggest(const char *typed, const char *const *words,
			     size_t count)
{
	size_t len = strlen(typed), most = len / 3 + 1;
	const char *best = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(words[i]), d;

		if (n > WORD_MAX)
			continue;
		d = distance(typed, len, words[i], n);
		if (d <= most && d < len) {
			most = d - (d > 0);
			best = words[i];
		}
	}
	return best;
}
