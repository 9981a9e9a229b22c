/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/engine.h"

#include <signal.h>
#include <stdlib.h>

/* The next document of the older block that has one left. */
static struct engine_item *take(const struct engine_pool *pool,
				struct engine_block **out)
{
	for (size_t i = 0; i < ENGINE_BLOCKS; i++) {
		struct engine_block *block = pool->queue[i];

		if (block == NULL || block->next == block->count)
			continue;
		*out = block;
		return &block->items[block->next++];
	}
	return NULL;
}

/* One document less; the first failure ends its block. */
static void give(struct engine_pool *pool, struct engine_block *block,
		 enum pkg_code code, const struct pkg_err *err)
{
	block->done++;
	if (code != PKG_OK) {
		if (block->code == PKG_OK) {
			block->code = code;
			block->err = *err;
		}
		block->done += block->count - block->next;
		block->next = block->count;
	}
	if (block->done == block->count)
		pthread_cond_broadcast(&pool->done);
}

static void *run(void *context)
{
	struct engine_worker *self = context;
	struct engine_pool *pool = self->pool;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		struct engine_block *block = NULL;
		struct engine_item *item = take(pool, &block);
		struct pkg_err err = PKG_ERR_INIT;
		enum pkg_code code = PKG_OK;

		if (item == NULL) {
			pthread_cond_wait(&pool->more, &pool->lock);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		code = pkg_engine_work(self, item, block->time, &err);
		item->made = code == PKG_OK;
		pthread_mutex_lock(&pool->lock);
		give(pool, block, code, &err);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static enum pkg_code start_threads(struct engine_pool *pool,
				   struct pkg_err *err)
{
	sigset_t all, old;
	int failed = 0;

	/* Signals are for the thread that installed the handlers. */
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return pkg_fail(err, PKG_SYSTEM, "cannot block signals");
	while (failed == 0 && pool->running < pool->count) {
		struct engine_worker *worker = &pool->workers[pool->running];

		failed = pthread_create(&worker->thread, NULL, run, worker);
		if (failed == 0)
			pool->running++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	/* One thread is enough, if the system does not give more. */
	return pool->running > 0
		   ? PKG_OK
		   : pkg_fail_os(err, failed, "cannot start a thread");
}

enum pkg_code pkg_engine_pool_start(struct engine_pool *pool,
				    const struct engine *engine,
				    unsigned threads, struct pkg_err *err)
{
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->more, NULL);
	pthread_cond_init(&pool->done, NULL);
	pool->workers = calloc(threads, sizeof(*pool->workers));
	if (pool->workers == NULL)
		return pkg_fail_nomem(err);
	while (pool->count < threads) {
		struct engine_worker *worker = &pool->workers[pool->count++];

		worker->pool = pool;
		PKG_TRY(pkg_engine_worker_init(worker, engine, err));
	}
	return threads == 1 ? PKG_OK : start_threads(pool, err);
}

/* The caller is the only worker. */
static void work_here(struct engine_pool *pool, struct engine_block *block)
{
	while (block->done < block->count) {
		struct engine_item *item = &block->items[block->next++];

		block->code = pkg_engine_work(&pool->workers[0], item,
					      block->time, &block->err);
		item->made = block->code == PKG_OK;
		block->done++;
		if (!item->made)
			return;
	}
}

void pkg_engine_pool_submit(struct engine_pool *pool,
			    struct engine_block *block)
{
	size_t at = 0;

	if (pool->running == 0) {
		work_here(pool, block);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	while (pool->queue[at] != NULL)
		at++;
	pool->queue[at] = block;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
}

void pkg_engine_pool_wait(struct engine_pool *pool,
			  const struct engine_block *block)
{
	size_t at = 0;

	if (pool->running == 0)
		return;
	pthread_mutex_lock(&pool->lock);
	while (block->done < block->count)
		pthread_cond_wait(&pool->done, &pool->lock);
	while (pool->queue[at] != block)
		at++;
	/* What is left is older than what comes. */
	for (; at + 1 < ENGINE_BLOCKS; at++)
		pool->queue[at] = pool->queue[at + 1];
	pool->queue[at] = NULL;
	pthread_mutex_unlock(&pool->lock);
}

void pkg_engine_pool_fini(struct engine_pool *pool)
{
	if (pool->workers == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->running; i++)
		(void)pthread_join(pool->workers[i].thread, NULL);
	for (unsigned i = 0; i < pool->count; i++)
		pkg_engine_worker_fini(&pool->workers[i]);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->more);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	pool->workers = NULL;
}
