/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_ENGINE_H
#define BATCH_ENGINE_H

#include "batch/impl.h"
#include "packline/batch_run.h"
#include "packline/document.h"
#include "packline/map.h"

#include <pthread.h>

/*
 * The work of pkg_batch_run().  The calling thread reads the documents into
 * blocks and writes the lines of finished blocks; the threads of the pool
 * take documents from two blocks, so that one is worked on while the other is
 * written and synced.
 */
enum {
	ENGINE_BLOCK = 256,     /* documents that are synced together */
	ENGINE_BLOCK_TOKEN = 8, /* a token takes its time for each */
	ENGINE_BLOCKS = 2,
	ENGINE_THREADS = 64,
};

/* One document and what became of it. */
struct engine_item {
	struct pkg_batch_document document; /* its name only if validated */
	struct pkg_buf line;
	bool made, ok;
};

struct engine_block {
	struct engine_item items[ENGINE_BLOCK];
	size_t count;
	int64_t time; /* of its signatures */
	/* Under the lock of the pool while they work on it. */
	size_t next, done;
	enum pkg_code code; /* of the first that failed */
	struct pkg_err err;
};

/* What all threads know; none changes it. */
struct engine {
	struct pkg_batch *batch;
	const struct pkg_process *process;
	const struct pkg_batch_run_options *options;
	struct pkg_arena *arena; /* of what follows */
	bool has_rules;          /* the process says who signs */
	struct pkg_cms_verify_options rules;
	/* Action validate: name -> struct pkg_batch_document. */
	struct pkg_map names;
};

/* One thread's own. */
struct engine_worker {
	const struct engine *engine;
	struct pkg_document_signer *signer;
	struct pkg_document_verifier *verifier; /* by the rules */
	bool judged; /* the first signature was acceptable by the rules */
	struct pkg_buf made;
	pthread_t thread;
	struct engine_pool *pool;
};

struct engine_pool {
	struct engine_worker *workers;
	unsigned count;   /* of workers that are prepared */
	unsigned running; /* of threads; 0 = the caller works himself */
	pthread_mutex_t lock;
	pthread_cond_t more, done;
	struct engine_block *queue[ENGINE_BLOCKS];
	bool stop;
};

/* -- engine_pool.c -- */

/*
 * Prepare so many workers, and start their threads if there are several.
 * Released by the caller with pkg_engine_pool_fini(), in any case.
 */
PKG_MUST_CHECK enum pkg_code pkg_engine_pool_start(struct engine_pool *pool,
						   const struct engine *engine,
						   unsigned threads,
						   struct pkg_err *err);
/* Have a block worked on: at once, or by the threads. */
void pkg_engine_pool_submit(struct engine_pool *pool,
			    struct engine_block *block);
/* Wait until nobody works on it any more. */
void pkg_engine_pool_wait(struct engine_pool *pool,
			  const struct engine_block *block);
void pkg_engine_pool_fini(struct engine_pool *pool);

/* -- engine_work.c, engine_validate.c -- */

/* Fails with PKG_KEY if key and certificate are not fit. */
PKG_MUST_CHECK enum pkg_code pkg_engine_worker_init(struct engine_worker *self,
						    const struct engine *engine,
						    struct pkg_err *err);
void pkg_engine_worker_fini(struct engine_worker *self);
/* Make the line of a document; what fails here ends the run. */
PKG_MUST_CHECK enum pkg_code pkg_engine_work(struct engine_worker *self,
					     struct engine_item *item,
					     int64_t time, struct pkg_err *err);
/* Is the signature good?  PKG_NO and PKG_INPUT are verdicts. */
PKG_MUST_CHECK enum pkg_code
pkg_engine_validate(struct engine_worker *self, struct pkg_cms_signer *signer,
		    const struct pkg_batch_document *document,
		    struct pkg_err *err);
/* Remember all documents by their names. */
PKG_MUST_CHECK enum pkg_code pkg_engine_index(struct engine *engine,
					      struct pkg_err *err);

#endif
