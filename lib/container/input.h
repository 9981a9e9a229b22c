/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_INPUT_H
#define CONTAINER_INPUT_H

#include "packline/container_write.h"
#include "packline/source.h"

#include <sys/stat.h>

/* One file to be packed, measured. */
struct input {
	const struct pkg_container_input *spec;
	uint64_t size;
	bool spooled;
	int spool; /* a temporary file that holds it, if spooled */
};

/* The same, while it is read. */
struct input_reader {
	const struct input *input;
	struct pkg_source *source;
	union {
		struct pkg_source_fd fd;
		struct pkg_source_mem mem;
	} as;
	int opened; /* to be closed, -1 = none */
	struct stat before;
	uint64_t left;
};

/* How messages call it. */
const char *pkg_input_name(const struct input *input);
/*
 * Find out how long it is; what has no length is copied to a temporary file
 * in @tmpdir.  Fails with PKG_SYSTEM, PKG_USAGE for a directory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_input_measure(struct input *input, const char *tmpdir, struct pkg_err *err);
void pkg_input_fini(struct input *input);

PKG_MUST_CHECK enum pkg_code pkg_input_open(struct input_reader *reader,
					    const struct input *input,
					    struct pkg_err *err);
/*
 * Read up to @cap bytes; *got is 0 when exactly input->size bytes have come
 * and the file has not changed meanwhile.
 * Fails with PKG_SYSTEM, reason "changed".
 */
PKG_MUST_CHECK enum pkg_code pkg_input_read(struct input_reader *reader,
					    void *buf, size_t cap, size_t *got,
					    struct pkg_err *err);
void pkg_input_reader_fini(struct input_reader *reader);

#endif
