/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/relay.h"

#include "io/ring.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct pkg_relay {
	struct pkg_sink sink;
	struct pkg_sink *inner;
	struct pkg_ring *ring; /* NULL = there is no thread */
	pthread_t thread;
	struct pkg_err err; /* of the thread; read when it has ended */
	uint8_t *chunk;     /* being filled, NULL = none */
	size_t used, cap;   /* of chunk */
};

/* The thread. */
static void *work(void *arg)
{
	struct pkg_relay *self = arg;
	const uint8_t *data;
	size_t len = 0;

	while ((data = pkg_ring_next(self->ring, &len)) != NULL && len > 0) {
		if (pkg_sink_write(self->inner, data, len, &self->err) !=
		    PKG_OK)
			break;
	}
	pkg_ring_leave(self->ring);
	return NULL;
}

static void join(struct pkg_relay *self)
{
	if (self->ring == NULL)
		return;
	pkg_ring_leave(self->ring);
	(void)pthread_join(self->thread, NULL);
	self->ring = NULL;
}

/* The thread has left before its time: the cause. */
static enum pkg_code left_early(struct pkg_relay *self, struct pkg_err *err)
{
	join(self);
	if (self->err.code == PKG_OK)
		return pkg_fail(err, PKG_INTERNAL, "a thread ended early");
	*err = self->err;
	return err->code;
}

static enum pkg_code relay_write(struct pkg_sink *sink, const void *buf,
				 size_t len, struct pkg_err *err)
{
	struct pkg_relay *self = (struct pkg_relay *)sink;
	const uint8_t *at = buf;

	if (self->ring == NULL)
		return pkg_sink_write(self->inner, buf, len, err);
	while (len > 0) {
		size_t take = len;

		if (self->chunk == NULL)
			self->chunk = pkg_ring_room(self->ring, &self->cap);
		if (self->chunk == NULL)
			return left_early(self, err);
		if (take > self->cap - self->used)
			take = self->cap - self->used;
		memcpy(self->chunk + self->used, at, take);
		self->used += take;
		at += take;
		len -= take;
		if (self->used < self->cap)
			continue;
		pkg_ring_put(self->ring, self->used);
		self->chunk = NULL;
		self->used = 0;
	}
	return PKG_OK;
}

static enum pkg_code relay_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	struct pkg_relay *self = (struct pkg_relay *)sink;

	if (self->ring == NULL)
		return PKG_OK;
	if (self->used > 0) {
		pkg_ring_put(self->ring, self->used);
		self->used = 0;
	}
	self->chunk = pkg_ring_room(self->ring, &self->cap);
	if (self->chunk != NULL)
		pkg_ring_put(self->ring, 0);
	self->chunk = NULL;
	join(self);
	*err = self->err;
	return err->code;
}

static bool second_processor(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) != 0 ||
	       CPU_COUNT(&set) > 1;
}

/* That it could not be started is no error: then there is none. */
static void start(struct pkg_relay *self)
{
	sigset_t all, old;
	int failed;

	self->ring = pkg_ring_new();
	if (self->ring == NULL)
		return;
	/* Signals are for the thread that installed the handlers. */
	sigfillset(&all);
	failed = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (failed == 0) {
		failed = pthread_create(&self->thread, NULL, work, self);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (failed == 0)
		return;
	pkg_ring_leave(self->ring);
	pkg_ring_leave(self->ring);
	self->ring = NULL;
}

enum pkg_code pkg_relay_new(struct pkg_relay **out, struct pkg_sink *inner,
			    uint64_t size, struct pkg_err *err)
{
	struct pkg_relay *self = calloc(1, sizeof(*self));

	*out = NULL;
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->sink.write = relay_write;
	self->sink.finish = relay_finish;
	self->inner = inner;
	if (size >= PKG_RELAY_MIN && second_processor())
		start(self);
	*out = self;
	return PKG_OK;
}

struct pkg_sink *pkg_relay_sink(struct pkg_relay *relay)
{
	return &relay->sink;
}

enum pkg_code pkg_relay_finish(struct pkg_relay *relay, enum pkg_code code,
			       struct pkg_err *err)
{
	struct pkg_err earlier = PKG_ERR_INIT;

	if (relay->sink.stuck != PKG_OK ||
	    pkg_sink_finish(&relay->sink, &earlier) == PKG_OK)
		return code;
	*err = earlier;
	return err->code;
}

void pkg_relay_free(struct pkg_relay *relay)
{
	if (relay == NULL)
		return;
	join(relay);
	free(relay);
}
