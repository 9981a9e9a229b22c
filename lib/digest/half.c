/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/half.h"

#include "packline/digest.h"

#include <stddef.h>

unsigned pkg_digest_half(unsigned set)
{
	static const struct {
		unsigned algorithm, cost;
	} table[] = {
	    {PKG_DIGEST_MD5, 13},    {PKG_DIGEST_SHA512, 12},
	    {PKG_DIGEST_SHA384, 12}, {PKG_DIGEST_SHA256, 6},
	    {PKG_DIGEST_SHA1, 5},
	};
	unsigned total = 0, cost = 0, half = 0;

	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if ((set & table[i].algorithm) != 0)
			total += table[i].cost;
	}
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if ((set & table[i].algorithm) == 0)
			continue;
		if (half != 0 && cost + table[i].cost > total / 2)
			continue;
		half |= table[i].algorithm;
		cost += table[i].cost;
	}
	return half;
}
