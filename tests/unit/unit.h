/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

/* What every unit test includes: cmocka needs these headers before its own. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "packline/err.h"

/* The call succeeds; its error text is shown if not. */
#define assert_ok(expr)                                                        \
	do {                                                                   \
		if ((expr) != PKG_OK)                                          \
			fail_msg("%s: %s", #expr, err.text);                   \
	} while (0)

#endif
