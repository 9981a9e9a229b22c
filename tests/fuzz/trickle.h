/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_TRICKLE_H
#define FUZZ_TRICKLE_H

#include "packline/source.h"

#include <string.h>

/* Bytes in memory that come in pieces, as from a pipe. */
struct trickle {
	struct pkg_source source;
	const uint8_t *data;
	size_t len, step;
};

static inline enum pkg_code trickle_read(struct pkg_source *source, void *buf,
					 size_t cap, size_t *got,
					 struct pkg_err *err)
{
	struct trickle *self = (struct trickle *)source;
	size_t take = self->step < cap ? self->step : cap;

	(void)err;
	if (take > self->len)
		take = self->len;
	if (take > 0)
		memcpy(buf, self->data, take);
	self->data += take;
	self->len -= take;
	*got = take;
	return PKG_OK;
}

/* @step bytes at a time; 0 = all that is asked for. */
static inline void trickle_init(struct trickle *self, const void *data,
				size_t len, size_t step)
{
	*self = (struct trickle){
	    .source = {.read = trickle_read, .name = "fuzz"},
	    .data = data,
	    .len = len,
	    .step = step == 0 ? SIZE_MAX : step,
	};
}

#endif
