/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_MEND_H
#define FUZZ_MEND_H

#include "packline/zip.h"

#include <stddef.h>
#include <stdint.h>

/* The members of a small ZIP; contents are borrowed. */
enum { MEND_MEMBERS = 64 };

struct mend_member {
	char name[PKG_ZIP_NAME_MAX + 1];
	const uint8_t *data;
	size_t len;
};

struct mend_box {
	struct mend_member members[MEND_MEMBERS];
	size_t count;
};

/* The members that can be made out in @data[@size], and point into it. */
void mend_take_apart(struct mend_box *box, const uint8_t *data, size_t size);
/* The only framing of these members, into @out; 0 if @max has no room. */
size_t mend_put_together(const struct mend_box *box, uint8_t *out, size_t max);

/*
 * A change of a ZIP that leaves its sizes, CRC-32 and digests as they were
 * says nothing about what comes behind those checks.  These put right what
 * follows from the members: half of the mutants are mended, half are not.
 */

/*
 * Write the ZIP @data[@size] of the profile again: its framing follows from
 * the local headers that can be made out.  @data has room for @max bytes.
 * Returns the new size; @size if nothing can be made of it.
 */
size_t mend_zip(uint8_t *data, size_t size, size_t max);
/*
 * The same for a container: first the request is made to list its files, and
 * the manifest to list all members.
 */
size_t mend_container(uint8_t *data, size_t size, size_t max);

#endif
