/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/engine.h"
#include "packline/key.h"
#include "packline/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One run. */
struct run {
	struct engine engine;
	struct engine_pool pool;
	struct engine_block *blocks; /* ENGINE_BLOCKS of them */
	size_t filling;              /* the one that is filled */
	size_t group;                /* documents in a block */
	struct pkg_buf lines;        /* of one block */
	struct pkg_batch_outcome *outcome;
	uint64_t good; /* bytes of results.jsonl that count */
	int fd;        /* of it; -1 = not open */
};

static void run_fini(struct run *self)
{
	pkg_engine_pool_fini(&self->pool);
	for (size_t i = 0; self->blocks != NULL && i < ENGINE_BLOCKS; i++)
		for (size_t j = 0; j < ENGINE_BLOCK; j++)
			pkg_buf_fini(&self->blocks[i].items[j].line);
	free(self->blocks);
	pkg_buf_fini(&self->lines);
	pkg_map_fini(&self->engine.names);
	pkg_arena_free(self->engine.arena);
	if (self->fd >= 0)
		(void)close(self->fd);
}

/* -- what was done before -- */

static enum pkg_code count_result(void *context,
				  const struct pkg_batch_result *result,
				  struct pkg_err *err)
{
	struct pkg_batch_outcome *outcome = context;

	(void)err;
	outcome->before++;
	if (result->ok)
		outcome->succeeded++;
	else
		outcome->failed++;
	return PKG_OK;
}

static enum pkg_code read_results(struct run *self, struct pkg_err *err)
{
	struct pkg_batch *batch = self->engine.batch;

	self->outcome->documents = batch->state.documents;
	PKG_TRY(pkg_batch_results(batch, count_result, self->outcome,
				  &self->good, err));
	if (self->outcome->before <= self->outcome->documents)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "batch '%s' has more results than documents",
			  batch->record.id);
}

/* Open results.jsonl behind its last complete line; a torn one goes. */
static enum pkg_code open_results(struct run *self, struct pkg_err *err)
{
	const int dirfd = pkg_job_fd(self->engine.batch->job);
	struct stat st;

	self->fd = openat(dirfd, BATCH_RESULTS,
			  O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (self->fd < 0 || fstat(self->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot open " BATCH_RESULTS);
	if ((uint64_t)st.st_size != self->good &&
	    ftruncate(self->fd, (off_t)self->good) != 0)
		return pkg_fail_os(err, errno, "cannot cut " BATCH_RESULTS);
	if (fsync(self->fd) != 0 || fsync(dirfd) != 0 ||
	    lseek(self->fd, 0, SEEK_END) != (off_t)self->good)
		return pkg_fail_os(err, errno, "cannot sync " BATCH_RESULTS);
	return PKG_OK;
}

/* -- writing -- */

/* Gather the lines up to the first document that has none. */
static enum pkg_code gather(struct run *self, const struct engine_block *block,
			    struct pkg_err *err)
{
	struct pkg_batch_outcome *outcome = self->outcome;

	pkg_buf_clear(&self->lines);
	for (size_t i = 0; i < block->count && block->items[i].made; i++) {
		const struct engine_item *item = &block->items[i];

		PKG_TRY(pkg_buf_add(&self->lines, item->line.data,
				    item->line.len, err));
		outcome->succeeded += item->ok;
		outcome->failed += !item->ok;
	}
	return PKG_OK;
}

static enum pkg_code append(struct run *self, struct pkg_err *err)
{
	struct pkg_sink_fd file;

	pkg_sink_fd_init(&file, self->fd, BATCH_RESULTS);
	PKG_TRY(
	    pkg_sink_write(&file.sink, self->lines.data, self->lines.len, err));
	if (fdatasync(self->fd) != 0)
		return pkg_fail_os(err, errno, "cannot sync " BATCH_RESULTS);
	return PKG_OK;
}

/* Wait for a block and write it; what it failed with comes after that. */
static enum pkg_code write_block(struct run *self, struct engine_block *block,
				 struct pkg_err *err)
{
	const struct pkg_batch_run_options *options = self->engine.options;
	const struct pkg_batch_outcome *outcome = self->outcome;

	if (block->count == 0)
		return PKG_OK;
	pkg_engine_pool_wait(&self->pool, block);
	PKG_TRY(gather(self, block, err));
	if (self->lines.len > 0)
		PKG_TRY(append(self, err));
	block->count = 0;
	if (block->code != PKG_OK) {
		*err = block->err;
		return pkg_failed_(block->code);
	}
	if (options->progress != NULL)
		options->progress(options->context,
				  outcome->succeeded + outcome->failed,
				  outcome->documents);
	return PKG_OK;
}

/* Have the full block worked on; the other one, older, is written meanwhile. */
static enum pkg_code rotate(struct run *self, struct pkg_err *err)
{
	const struct pkg_env *env = self->engine.batch->env;
	struct engine_block *block = &self->blocks[self->filling];

	block->next = block->done = 0;
	block->code = PKG_OK;
	block->err = PKG_ERR_INIT;
	block->time = env->has_source_date ? env->source_date : env->now(env);
	for (size_t i = 0; i < block->count; i++)
		block->items[i].made = false;
	pkg_engine_pool_submit(&self->pool, block);
	self->filling = (self->filling + 1) % ENGINE_BLOCKS;
	return write_block(self, &self->blocks[self->filling], err);
}

/* -- reading -- */

static enum pkg_code add_document(void *context,
				  const struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	struct run *self = context;
	struct engine_block *block = &self->blocks[self->filling];
	struct engine_item *item = NULL;

	if (document->id <= self->outcome->before)
		return PKG_OK;
	item = &block->items[block->count++];
	item->document = *document;
	/* The name lives as long as this call. */
	item->document.name = NULL;
	if (self->engine.process->action == PKG_PROCESS_VALIDATE)
		item->document =
		    *(const struct pkg_batch_document *)pkg_map_get(
			&self->engine.names, document->name);
	return block->count < self->group ? PKG_OK : rotate(self, err);
}

static enum pkg_code work(struct run *self, struct pkg_err *err)
{
	PKG_TRY(
	    pkg_batch_documents(self->engine.batch, add_document, self, err));
	if (self->blocks[self->filling].count > 0)
		PKG_TRY(rotate(self, err));
	for (size_t i = 0; i < ENGINE_BLOCKS; i++) {
		PKG_TRY(write_block(self, &self->blocks[self->filling], err));
		self->filling = (self->filling + 1) % ENGINE_BLOCKS;
	}
	return PKG_OK;
}

/* -- before the first document -- */

static enum pkg_code check_options(const struct engine *engine,
				   struct pkg_err *err)
{
	const struct pkg_batch_run_options *options = engine->options;
	const struct pkg_env *env = engine->batch->env;

	if (engine->process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"a batch is run without its process");
	if (engine->process->action == PKG_PROCESS_VALIDATE)
		return PKG_OK;
	if (options->key == NULL || options->certs == NULL ||
	    pkg_certs_count(options->certs) == 0) {
		(void)pkg_fail(err, PKG_USAGE,
			       "process '%s' signs: a key and its certificate "
			       "are needed",
			       engine->process->name);
		return pkg_hint(err, "name them with --key and --cert, or in "
				     "the process");
	}
	/* Now, whatever SOURCE_DATE_EPOCH says of the signing time. */
	return pkg_cert_check_signer(options->certs, 0, env->now(env), err);
}

static enum pkg_code start_engine(struct engine *engine, struct pkg_err *err)
{
	const struct pkg_process *process = engine->process;

	PKG_TRY(pkg_arena_new(&engine->arena, PKG_LIMIT_ARENA, err));
	engine->has_rules =
	    process->trust != NULL || process->action == PKG_PROCESS_VALIDATE;
	if (engine->has_rules)
		PKG_TRY(pkg_trust_document_rules(&engine->rules, process->trust,
						 engine->batch->env,
						 engine->arena, err));
	return process->action == PKG_PROCESS_VALIDATE
		   ? pkg_engine_index(engine, err)
		   : PKG_OK;
}

static unsigned choose_threads(const struct run *self)
{
	const struct pkg_batch_run_options *options = self->engine.options;
	const uint64_t left = self->outcome->documents - self->outcome->before;
	unsigned threads = options->threads;
	cpu_set_t cpus;

	if (options->key != NULL && pkg_key_is_token(options->key))
		return 1;
	if (threads == 0)
		threads = sched_getaffinity(0, sizeof(cpus), &cpus) != 0
			      ? 1
			      : (unsigned)CPU_COUNT(&cpus);
	if (threads > ENGINE_THREADS)
		threads = ENGINE_THREADS;
	/* A thread for a few documents costs more than it brings. */
	return left < 16 ? 1 : threads;
}

static enum pkg_code start(struct run *self, struct pkg_err *err)
{
	const struct pkg_key *key = self->engine.options->key;

	PKG_TRY(check_options(&self->engine, err));
	PKG_TRY(read_results(self, err));
	PKG_TRY(start_engine(&self->engine, err));
	self->group = key != NULL && pkg_key_is_token(key) ? ENGINE_BLOCK_TOKEN
							   : ENGINE_BLOCK;
	self->lines.max = (size_t)ENGINE_BLOCK * 4 * PKG_LIMIT_SIGNATURE;
	self->blocks = calloc(ENGINE_BLOCKS, sizeof(*self->blocks));
	if (self->blocks == NULL)
		return pkg_fail_nomem(err);
	return pkg_engine_pool_start(&self->pool, &self->engine,
				     choose_threads(self), err);
}

static enum pkg_code step(struct run *self, enum pkg_batch_status status,
			  struct pkg_err *err)
{
	struct pkg_batch_state state = self->engine.batch->state;

	if (state.status == status)
		return PKG_OK;
	state.status = status;
	if (status == PKG_BATCH_FINISHING) {
		state.succeeded = self->outcome->succeeded;
		state.failed = self->outcome->failed;
	}
	return pkg_batch_set_state(self->engine.batch, &state, err);
}

enum pkg_code pkg_batch_run(struct pkg_batch *batch,
			    const struct pkg_batch_run_options *options,
			    struct pkg_batch_outcome *outcome,
			    struct pkg_err *err)
{
	PKG_AUTO_FINI(run)
	struct run self = {
	    .engine = {.batch = batch,
		       .process = batch->process,
		       .options = options},
	    .outcome = outcome,
	    .fd = -1,
	};

	*outcome = (struct pkg_batch_outcome){0};
	if (batch->state.status != PKG_BATCH_READY &&
	    batch->state.status != PKG_BATCH_IN_PROGRESS)
		return pkg_refuse(err, PKG_NO, "batch-status",
				  "batch '%s' is %s: nothing is to be done",
				  batch->record.id,
				  pkg_batch_status_name(batch->state.status));
	PKG_TRY(start(&self, err));
	PKG_TRY(step(&self, PKG_BATCH_IN_PROGRESS, err));
	PKG_TRY(open_results(&self, err));
	PKG_TRY(work(&self, err));
	return step(&self, PKG_BATCH_FINISHING, err);
}
