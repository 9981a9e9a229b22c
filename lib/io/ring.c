/* SPDX-License-Identifier: Apache-2.0 */
#include "io/ring.h"

#include <pthread.h>
#include <stdlib.h>

/*
 * Together less than the second-level cache of a processor.  Who fills them,
 * having found all full, sleeps until half of them are free: to wake it for
 * each one costs more than what is saved.
 */
enum {
	CHUNKS = 4,
	CHUNK = 256 << 10, /* bytes */
};

struct pkg_ring {
	pthread_mutex_t lock; /* for all below but data */
	pthread_cond_t wake;
	unsigned threads;      /* that have not left */
	uint64_t filled, used; /* chunks since the start */
	bool holding;          /* chunk number @used is in use */
	size_t len[CHUNKS];
	uint8_t data[CHUNKS][CHUNK];
};

struct pkg_ring *pkg_ring_new(void)
{
	struct pkg_ring *ring = malloc(sizeof(*ring));

	if (ring == NULL)
		return NULL;
	/* Not the chunks: they are written before they are read. */
	ring->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	ring->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	ring->threads = 2;
	ring->filled = ring->used = 0;
	ring->holding = false;
	return ring;
}

uint8_t *pkg_ring_room(struct pkg_ring *ring, size_t *cap)
{
	bool alone;

	pthread_mutex_lock(&ring->lock);
	if (ring->filled - ring->used == CHUNKS) {
		while (ring->threads == 2 &&
		       ring->filled - ring->used > CHUNKS / 2)
			pthread_cond_wait(&ring->wake, &ring->lock);
	}
	alone = ring->threads != 2;
	pthread_mutex_unlock(&ring->lock);
	*cap = CHUNK;
	return alone ? NULL : ring->data[ring->filled % CHUNKS];
}

void pkg_ring_put(struct pkg_ring *ring, size_t len)
{
	pthread_mutex_lock(&ring->lock);
	ring->len[ring->filled % CHUNKS] = len;
	if (ring->filled++ == ring->used)
		pthread_cond_signal(&ring->wake);
	pthread_mutex_unlock(&ring->lock);
}

const uint8_t *pkg_ring_next(struct pkg_ring *ring, size_t *len)
{
	const uint8_t *chunk = NULL;

	pthread_mutex_lock(&ring->lock);
	if (ring->holding && ring->filled - ++ring->used == CHUNKS / 2)
		pthread_cond_signal(&ring->wake);
	while (ring->threads == 2 && ring->filled == ring->used)
		pthread_cond_wait(&ring->wake, &ring->lock);
	ring->holding = ring->filled != ring->used;
	if (ring->holding) {
		*len = ring->len[ring->used % CHUNKS];
		chunk = ring->data[ring->used % CHUNKS];
	}
	pthread_mutex_unlock(&ring->lock);
	return chunk;
}

void pkg_ring_leave(struct pkg_ring *ring)
{
	bool last;

	if (ring == NULL)
		return;
	pthread_mutex_lock(&ring->lock);
	last = --ring->threads == 0;
	pthread_cond_signal(&ring->wake);
	pthread_mutex_unlock(&ring->lock);
	if (!last)
		return;
	pthread_cond_destroy(&ring->wake);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}
