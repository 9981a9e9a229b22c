/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One input; it must not crash, whatever it holds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * libFuzzer's own change of @size bytes of @data, of which @max_size can be
 * written; and the one of a fuzzer that knows the form of its input.  Only
 * where PKG_LIBFUZZER is defined: a replay changes nothing.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

/* What must hold for every input; kept in release builds too. */
#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond)) {                                                 \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__,         \
				      __LINE__, #cond);                        \
			abort();                                               \
		}                                                              \
	} while (0)

/* An error that a user can act on: a code of his, and a reason. */
#define MUST_REFUSE(code, err)                                                 \
	MUST(((code) == PKG_INPUT || (code) == PKG_NO) &&                      \
	     (err)->code == (code) && (err)->reason != NULL)

#endif
