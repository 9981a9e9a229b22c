/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_RING_H
#define IO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A few chunks through which one thread hands bytes to another: the first
 * fills them, the second uses them, in order.  Neither runs far ahead: who
 * fills waits while all chunks are full, who uses them while all are empty.
 * Each calls pkg_ring_leave() when it goes, whatever the cause, and then the
 * other waits no more.
 */
struct pkg_ring;

/* For two threads; NULL if there is no memory. */
struct pkg_ring *pkg_ring_new(void);
/*
 * For who fills: the next chunk, of @cap bytes.  It may also read the chunk
 * until the next call.  NULL if the other thread has left.
 */
uint8_t *pkg_ring_room(struct pkg_ring *ring, size_t *cap);
/* The chunk of pkg_ring_room() has @len bytes now; 0 = the end. */
void pkg_ring_put(struct pkg_ring *ring, size_t len);
/*
 * For the other: the next chunk and its length (0 = the end), valid until the
 * next call.  NULL if the one who fills has left before the end.
 */
const uint8_t *pkg_ring_next(struct pkg_ring *ring, size_t *len);
/* The last one that leaves frees it; NULL is allowed. */
void pkg_ring_leave(struct pkg_ring *ring);

#endif
