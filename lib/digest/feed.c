/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/feed.h"

#include "packline/digest.h"

#include <pthread.h>
#include <stdlib.h>

/*
 * Together less than the second-level cache of a processor.  The reader, once
 * it found all chunks full, sleeps until half of them are free: to wake it for
 * each one costs more than what is saved.
 */
enum {
	CHUNKS = 4,
	CHUNK = 256 << 10, /* bytes */
};

struct pkg_feed {
	pthread_mutex_t lock; /* for all below but data */
	pthread_cond_t wake;
	unsigned threads;      /* that have not left */
	uint64_t filled, used; /* chunks since the start */
	bool holding;          /* chunk number @used is being hashed */
	size_t len[CHUNKS];
	uint8_t data[CHUNKS][CHUNK];
};

unsigned pkg_feed_half(unsigned set)
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

struct pkg_feed *pkg_feed_new(void)
{
	struct pkg_feed *feed = malloc(sizeof(*feed));

	if (feed == NULL)
		return NULL;
	/* Not the chunks: they are written before they are read. */
	feed->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	feed->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	feed->threads = 2;
	feed->filled = feed->used = 0;
	feed->holding = false;
	return feed;
}

uint8_t *pkg_feed_room(struct pkg_feed *feed, size_t *cap)
{
	bool alone;

	pthread_mutex_lock(&feed->lock);
	if (feed->filled - feed->used == CHUNKS) {
		while (feed->threads == 2 &&
		       feed->filled - feed->used > CHUNKS / 2)
			pthread_cond_wait(&feed->wake, &feed->lock);
	}
	alone = feed->threads != 2;
	pthread_mutex_unlock(&feed->lock);
	*cap = CHUNK;
	return alone ? NULL : feed->data[feed->filled % CHUNKS];
}

void pkg_feed_put(struct pkg_feed *feed, size_t len)
{
	pthread_mutex_lock(&feed->lock);
	feed->len[feed->filled % CHUNKS] = len;
	if (feed->filled++ == feed->used)
		pthread_cond_signal(&feed->wake);
	pthread_mutex_unlock(&feed->lock);
}

const uint8_t *pkg_feed_next(struct pkg_feed *feed, size_t *len)
{
	const uint8_t *chunk = NULL;

	pthread_mutex_lock(&feed->lock);
	if (feed->holding && feed->filled - ++feed->used == CHUNKS / 2)
		pthread_cond_signal(&feed->wake);
	while (feed->threads == 2 && feed->filled == feed->used)
		pthread_cond_wait(&feed->wake, &feed->lock);
	feed->holding = feed->filled != feed->used;
	if (feed->holding) {
		*len = feed->len[feed->used % CHUNKS];
		chunk = feed->data[feed->used % CHUNKS];
	}
	pthread_mutex_unlock(&feed->lock);
	return chunk;
}

void pkg_feed_leave(struct pkg_feed *feed)
{
	bool last;

	if (feed == NULL)
		return;
	pthread_mutex_lock(&feed->lock);
	last = --feed->threads == 0;
	pthread_cond_signal(&feed->wake);
	pthread_mutex_unlock(&feed->lock);
	if (!last)
		return;
	pthread_cond_destroy(&feed->wake);
	pthread_mutex_destroy(&feed->lock);
	free(feed);
}
