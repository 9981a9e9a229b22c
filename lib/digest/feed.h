/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIGEST_FEED_H
#define DIGEST_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A few chunks that two threads of lib/digest/hasher.c share: one reads a file
 * into them, both hash them.  So the other, which has the slower algorithms,
 * need not read at all.  It waits for the reader, and the reader for it when
 * all chunks are full; each calls pkg_feed_leave() when it goes, whatever the
 * cause, and then the other waits no more.
 */
struct pkg_feed;

/*
 * The algorithms (PKG_DIGEST_*) of @set that make about half of the work, by
 * the time each takes: those for the thread that does not read.
 */
unsigned pkg_feed_half(unsigned set);
/* For two threads; NULL if there is no memory. */
struct pkg_feed *pkg_feed_new(void);
/*
 * For the reader: the chunk to fill next, of @cap bytes.  It may also read the
 * chunk until the next call.  NULL if the other thread has left.
 */
uint8_t *pkg_feed_room(struct pkg_feed *feed, size_t *cap);
/* The chunk of pkg_feed_room() has @len bytes now; 0 = the end of the file. */
void pkg_feed_put(struct pkg_feed *feed, size_t len);
/*
 * For the other: the next chunk and its length (0 = the end of the file), valid
 * until the next call.  NULL if the reader has left before the end.
 */
const uint8_t *pkg_feed_next(struct pkg_feed *feed, size_t *len);
/* The last one that leaves frees it; NULL is allowed. */
void pkg_feed_leave(struct pkg_feed *feed);

#endif
