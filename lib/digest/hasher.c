/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/hasher.h"

#include "digest/half.h"
#include "digest/hash_file.h"
#include "io/ring.h"
#include "packline/limits.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * All threads do the same: take the next file, hash it, put the result into
 * the ring of slots, hand out what is due.  There is no queue and no leader;
 * the caller's thread is one of them, and others are started only when there
 * is a second file or a large one, because a thread costs more than a small
 * file.
 *
 * At the end of the input (or for a single file) threads become idle.  A busy
 * one then hands some of its algorithms over, with all they have seen so far,
 * and both hash the rest of the file: MD5 takes as long as the SHA-1 and
 * SHA-256 of a modern processor together.  The first two that share a large
 * file share the chunks too (io/ring.h); all others read for themselves.
 */
enum {
	MAX_THREADS = 64,
	SLOTS_PER_THREAD = 16,
	SPLIT_MIN = 1 << 20, /* bytes left: less is not worth waking a thread */
	FEED_MIN = 8 << 20,  /* bytes left: less is not worth the memory */
	ASK_EVERY = 16,      /* chunks between two questions for a token */
};

struct slot { /* one file between taking it and handing out its result */
	struct pkg_hasher_item item;
	struct pkg_buf path;
	struct pkg_hash_file file;
	struct pkg_artifact artifact;
	struct pkg_err failed; /* PKG_OK if it could be hashed */
	unsigned parts;        /* threads that are reading it */
	bool done;
	atomic_bool bad; /* failed: the other parts need not go on */
};

struct worker {
	struct hasher *h;
	pthread_t thread;
	struct slot *slot; /* what it is working on, or NULL */
	bool opened;       /* false: the file is still to be opened */
	bool splitting;    /* counted in hasher.splittable */
	bool waiting;      /* counted in hasher.idle */
	uint64_t at;       /* bytes of the file seen by digest */
	unsigned set;      /* algorithms of digest */
	struct pkg_digest *digest;
	struct pkg_digests result;
	struct pkg_ring *ring; /* chunks it shares, or NULL */
	bool fed;              /* gets them, instead of reading into them */
	uint8_t chunk[PKG_IO_CHUNK];
};

struct hasher {
	struct pkg_crypto *crypto;
	const struct pkg_hasher_options *options;
	const struct pkg_hasher_calls *calls;
	pthread_mutex_t lock; /* for all below, and for the callbacks */
	pthread_cond_t wake;  /* something below changed */
	struct slot *slots; /* a ring: file number n is in slots[n % nslots] */
	size_t nslots;
	uint64_t taken, emitted; /* files, since the start */
	bool ended;              /* no more input */
	atomic_bool stop;        /* err is set */
	struct pkg_err err;
	struct worker *workers[MAX_THREADS];
	unsigned count, max; /* threads */
	unsigned splittable; /* workers that would hand algorithms over */
	atomic_uint idle;    /* workers that would take some */
};

static void stop_run(struct hasher *h, const struct pkg_err *err)
{
	if (!atomic_load(&h->stop))
		h->err = *err;
	atomic_store(&h->stop, true);
	pthread_cond_broadcast(&h->wake);
}

static void worker_free(struct worker *w)
{
	if (w != NULL)
		pkg_digest_free(w->digest);
	free(w);
}

static struct worker *worker_new(struct hasher *h, struct pkg_err *err)
{
	struct worker *w = malloc(sizeof(*w));

	if (w == NULL) {
		(void)pkg_fail_nomem(err);
		return NULL;
	}
	/* Not the chunk: that would touch its memory for nothing. */
	memset(w, 0, offsetof(struct worker, chunk));
	w->h = h;
	if (pkg_digest_new(&w->digest, h->crypto, PKG_DIGEST_SHA256, err) !=
	    PKG_OK) {
		worker_free(w);
		return NULL;
	}
	return w;
}

static void *work(void *arg);

/*
 * Start one more thread if that is allowed.  That it could not be started is
 * no error: the others do its work.
 */
static void spawn(struct hasher *h)
{
	struct pkg_err ignored = PKG_ERR_INIT;
	struct worker *w;
	sigset_t all, old;
	int failed;

	if (h->count >= h->max || atomic_load(&h->idle) > 0 || h->stop)
		return;
	if (h->options->take != NULL &&
	    !h->options->take(h->options->token_ctx))
		return;
	w = worker_new(h, &ignored);
	/* Signals are for the thread that installed the handlers. */
	sigfillset(&all);
	failed = w == NULL || pthread_sigmask(SIG_SETMASK, &all, &old) != 0;
	if (!failed) {
		failed = pthread_create(&w->thread, NULL, work, w);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (!failed) {
		h->workers[h->count++] = w;
		return;
	}
	h->max = h->count;
	worker_free(w);
	if (h->options->give != NULL)
		h->options->give(h->options->token_ctx);
}

/* Hand out all results that are due. */
static void emit(struct hasher *h)
{
	while (!h->stop && h->emitted < h->taken) {
		struct slot *slot = &h->slots[h->emitted % h->nslots];
		struct pkg_err err = PKG_ERR_INIT;

		if (!slot->done)
			break;
		if (h->calls->result(
			h->calls->ctx, &slot->artifact, slot->item.user,
			slot->failed.code == PKG_OK ? NULL : &slot->failed,
			&err) != PKG_OK)
			stop_run(h, &err);
		h->emitted++;
		pthread_cond_broadcast(&h->wake);
	}
}

/* Take the next file of the input for @w. */
static enum pkg_code take_next(struct hasher *h, struct worker *w,
			       struct pkg_err *err)
{
	struct slot *slot = &h->slots[h->taken % h->nslots];
	bool more = true;

	slot->item = (struct pkg_hasher_item){.fd = -1};
	PKG_TRY(h->calls->next(h->calls->ctx, &slot->item, &more, err));
	if (!more) {
		h->ended = true;
		pthread_cond_broadcast(&h->wake);
		return PKG_OK;
	}
	pkg_buf_clear(&slot->path);
	slot->path.max = PKG_LIMIT_PATH - 1;
	if (pkg_buf_puts(&slot->path, slot->item.path, err) != PKG_OK)
		return pkg_wrap(err, "the path '%.60s...'", slot->item.path);
	slot->item.path = pkg_buf_str(&slot->path);
	slot->artifact = (struct pkg_artifact){.path = slot->item.path};
	slot->failed.code = PKG_OK;
	slot->done = false;
	slot->parts = 1;
	atomic_store(&slot->bad, false);
	h->taken++;
	w->slot = slot;
	w->opened = false;
	w->set = slot->item.set;
	w->at = 0;
	if (h->taken > 1)
		spawn(h);
	return PKG_OK;
}

/* May @w go home?  The caller's thread waits for the last result. */
static bool may_leave(const struct hasher *h, const struct worker *w)
{
	if (w == h->workers[0])
		return h->ended && h->emitted == h->taken;
	return h->ended && h->splittable == 0;
}

/* Find something to do for @w, waiting if need be; false = go home. */
static bool get_work(struct hasher *h, struct worker *w)
{
	while (w->slot == NULL) {
		struct pkg_err err = PKG_ERR_INIT;

		if (h->stop || may_leave(h, w))
			return false;
		if (!h->ended && h->taken - h->emitted < h->nslots) {
			if (take_next(h, w, &err) != PKG_OK)
				stop_run(h, &err);
			continue;
		}
		w->waiting = true;
		atomic_fetch_add(&h->idle, 1);
		pthread_cond_wait(&h->wake, &h->lock);
		if (w->waiting)
			atomic_fetch_sub(&h->idle, 1);
		w->waiting = false;
	}
	return true;
}

static void set_splitting(struct worker *w, bool on)
{
	if (w->splitting == on)
		return;
	w->splitting = on;
	if (on)
		w->h->splittable++;
	else
		w->h->splittable--;
	pthread_cond_broadcast(&w->h->wake); /* the idle may leave now */
}

/* Is there enough left of the work of @w for two? */
static bool worth_splitting(const struct worker *w)
{
	const struct pkg_hash_file *file = &w->slot->file;

	return file->regular && file->size - w->at >= SPLIT_MIN &&
	       (w->set & (w->set - 1)) != 0;
}

/* Hand some algorithms of @w to a thread that has nothing to do. */
static enum pkg_code hand_over(struct worker *w, struct pkg_err *err)
{
	struct hasher *h = w->h;
	const unsigned half = pkg_digest_half(w->set);

	for (unsigned i = 0; i < h->count; i++) {
		struct worker *v = h->workers[i];

		if (!v->waiting)
			continue;
		PKG_TRY(pkg_digest_split(w->digest, v->digest, half, err));
		w->set &= ~half;
		w->slot->parts++;
		v->slot = w->slot;
		v->opened = true;
		v->set = half;
		v->at = w->at;
		if (w->ring == NULL && w->slot->file.size - w->at >= FEED_MIN) {
			w->fed = false;
			w->ring = v->ring = pkg_ring_new();
			v->fed = true;
		}
		v->waiting = false;
		atomic_fetch_sub(&h->idle, 1);
		set_splitting(w, worth_splitting(w));
		set_splitting(v, worth_splitting(v));
		pthread_cond_broadcast(&h->wake);
		break;
	}
	return PKG_OK;
}

/* Once a chunk: is there somebody to share with? */
static enum pkg_code share(struct worker *w, unsigned chunks,
			   struct pkg_err *err)
{
	struct hasher *h = w->h;
	const bool ask = h->options->take != NULL && chunks % ASK_EVERY == 0;
	enum pkg_code code = PKG_OK;

	if (atomic_load(&h->idle) == 0 && !ask)
		return PKG_OK;
	pthread_mutex_lock(&h->lock);
	if (!worth_splitting(w))
		set_splitting(w, false);
	else if (atomic_load(&h->idle) > 0)
		code = hand_over(w, err);
	else
		spawn(h);
	pthread_mutex_unlock(&h->lock);
	return code;
}

static enum pkg_code open_file(struct worker *w, struct pkg_err *err)
{
	struct hasher *h = w->h;
	struct slot *slot = w->slot;

	PKG_TRY(pkg_hash_file_open(&slot->file, h->options->dirfd, &slot->item,
				   err));
	PKG_TRY(pkg_digest_reset(w->digest, w->set, err));
	if (h->max == 1 || !worth_splitting(w))
		return PKG_OK;
	pthread_mutex_lock(&h->lock);
	set_splitting(w, true);
	spawn(h);
	pthread_mutex_unlock(&h->lock);
	return PKG_OK;
}

/* The next chunk; @data is NULL if the thread to share it with has left. */
static enum pkg_code get_chunk(struct worker *w, const uint8_t **data,
			       size_t *got, struct pkg_err *err)
{
	size_t cap = sizeof(w->chunk);
	uint8_t *room = w->chunk;

	if (w->ring != NULL && w->fed) {
		*data = pkg_ring_next(w->ring, got);
		return PKG_OK;
	}
	if (w->ring != NULL)
		room = pkg_ring_room(w->ring, &cap);
	*data = room;
	if (room == NULL)
		return PKG_OK;
	PKG_TRY(pkg_hash_file_read(&w->slot->file, w->at, room, cap, got, err));
	if (w->ring != NULL)
		pkg_ring_put(w->ring, *got);
	return PKG_OK;
}

/* Read a file, or the rest of it, with the algorithms of @w. */
static enum pkg_code hash_part(struct worker *w, struct pkg_err *err)
{
	struct slot *slot = w->slot;

	w->result.set = 0;
	if (!w->opened)
		PKG_TRY(open_file(w, err));
	for (unsigned chunks = 1;; chunks++) {
		const uint8_t *data = NULL;
		size_t got = 0;

		if (atomic_load(&w->h->stop) || atomic_load(&slot->bad))
			return PKG_OK; /* nobody wants the result */
		if (w->splitting)
			PKG_TRY(share(w, chunks, err));
		PKG_TRY(get_chunk(w, &data, &got, err));
		if (data == NULL)
			return PKG_OK; /* the other part says why */
		if (got == 0)
			break;
		PKG_TRY(pkg_digest_update(w->digest, data, got, err));
		w->at += got;
	}
	return pkg_digest_finish(w->digest, &w->result, err);
}

/* The last part of a file is done: was it one file all the time? */
static void finish_file(struct worker *w)
{
	struct slot *slot = w->slot;

	if (slot->failed.code == PKG_OK &&
	    pkg_hash_file_check(&slot->file, w->at, &slot->artifact,
				&slot->failed) != PKG_OK)
		atomic_store(&slot->bad, true);
	pkg_hash_file_close(&slot->file);
}

static void finish_part(struct worker *w, const struct pkg_err *err)
{
	struct hasher *h = w->h;
	struct slot *slot = w->slot;

	set_splitting(w, false);
	if (err->code != PKG_OK && slot->failed.code == PKG_OK) {
		slot->failed = *err;
		atomic_store(&slot->bad, true);
	}
	for (unsigned bit = 1; bit < PKG_DIGEST_ALL; bit <<= 1) {
		if ((w->result.set & bit) != 0)
			pkg_digests_put(&slot->artifact.digests, bit,
					pkg_digests_get(&w->result, bit));
	}
	if (--slot->parts == 0) {
		pthread_mutex_unlock(&h->lock);
		finish_file(w);
		pthread_mutex_lock(&h->lock);
		slot->done = true;
		emit(h);
	}
	w->slot = NULL;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct hasher *h = w->h;

	pthread_mutex_lock(&h->lock);
	while (get_work(h, w)) {
		struct pkg_err err = PKG_ERR_INIT;

		pthread_mutex_unlock(&h->lock);
		(void)hash_part(w, &err);
		pkg_ring_leave(w->ring);
		w->ring = NULL;
		pthread_mutex_lock(&h->lock);
		finish_part(w, &err);
	}
	if (w != h->workers[0] && h->options->give != NULL)
		h->options->give(h->options->token_ctx);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

static unsigned processors(void)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&cpus);
}

static void join_and_fini(struct hasher *h)
{
	for (unsigned i = 1; i < h->count; i++)
		(void)pthread_join(h->workers[i]->thread, NULL);
	for (unsigned i = 0; i < h->count; i++)
		worker_free(h->workers[i]);
	for (size_t i = 0; i < h->nslots; i++)
		pkg_buf_fini(&h->slots[i].path);
	free(h->slots);
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
}

enum pkg_code pkg_hasher_run(struct pkg_crypto *crypto,
			     const struct pkg_hasher_options *options,
			     const struct pkg_hasher_calls *calls,
			     struct pkg_err *err)
{
	static const struct pkg_hasher_options defaults = {.dirfd = AT_FDCWD};
	struct hasher h = {
	    .crypto = crypto,
	    .options = options != NULL ? options : &defaults,
	    .calls = calls,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .wake = PTHREAD_COND_INITIALIZER,
	};
	struct worker *self = worker_new(&h, err);

	if (self == NULL)
		return err->code;
	h.max = h.options->threads != 0 ? h.options->threads : processors();
	if (h.max > MAX_THREADS)
		h.max = MAX_THREADS;
	h.nslots = (size_t)h.max * SLOTS_PER_THREAD;
	h.slots = calloc(h.nslots, sizeof(*h.slots));
	if (h.slots == NULL) {
		worker_free(self);
		return pkg_fail_nomem(err);
	}
	h.workers[h.count++] = self;
	(void)work(self);
	join_and_fini(&h);
	if (h.stop)
		*err = h.err;
	return h.stop ? h.err.code : PKG_OK;
}
