/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { CHAIN_NAME = 16 + PKG_LIMIT_MEMBER_NAME }; /* bytes, NUL included */

/* No tenant, job or temporary file is called so. */
static void chain_name(char name[static CHAIN_NAME], const char *process,
		       const char *suffix)
{
	(void)snprintf(name, CHAIN_NAME, ".chain-%s.%s", process, suffix);
}

static enum pkg_code decode(struct batch_chain *out, struct pkg_arena *arena,
			    const struct pkg_buf *data, struct pkg_err *err)
{
	struct fields self = {.document = "the head of the chain",
			      .arena = arena};

	PKG_TRY(pkg_batch_fields(&self, arena, data->data, data->len, err));
	PKG_TRY(pkg_batch_fields_format(&self, err));
	if (pkg_fields_next_is(&self, "id"))
		PKG_TRY(pkg_fields_text(&self, "id", pkg_container_is_name, 0,
					&out->id, err));
	if (pkg_fields_next_is(&self, "next"))
		PKG_TRY(pkg_fields_text(&self, "next", pkg_container_is_name, 0,
					&out->next, err));
	if (out->id != NULL)
		PKG_TRY(pkg_fields_sha256(&self, "resultSha256", NULL,
					  out->result_sha256, err));
	PKG_TRY(pkg_fields_is(&self, "type", "batch-chain", err));
	return pkg_fields_end(&self, err);
}

enum pkg_code pkg_batch_chain_read(struct batch_chain *out, int tenant,
				   const char *name, struct pkg_arena *arena,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	char file[CHAIN_NAME];

	*out = (struct batch_chain){0};
	chain_name(file, name, "json");
	if (pkg_batch_slurp_at(tenant, file, &data, err) == PKG_OK)
		return decode(out, arena, &data, err);
	if (err->os_errno != ENOENT)
		return pkg_failed_(err->code);
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code write_chain(const struct batch_chain *chain, int tenant,
				 const char *name, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	char file[CHAIN_NAME];
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, &data);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "format", 1);
	if (chain->id != NULL)
		pkg_jsonw_str_member(&w, "id", chain->id);
	if (chain->next != NULL)
		pkg_jsonw_str_member(&w, "next", chain->next);
	if (chain->id != NULL)
		pkg_jsonw_hex_member(&w, "resultSha256", chain->result_sha256,
				     32);
	pkg_jsonw_str_member(&w, "type", "batch-chain");
	pkg_jsonw_object_end(&w);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	chain_name(file, name, "json");
	return pkg_batch_replace_at(tenant, file, &data, err);
}

static enum pkg_code judge(const struct pkg_batch *batch,
			   const struct batch_chain *chain, struct pkg_err *err)
{
	const struct pkg_batch_record *record = &batch->record;
	const bool has = chain->id != NULL;

	if (has && strcmp(chain->id, record->id) == 0)
		return PKG_OK; /* it is the last one itself */
	if (chain->next != NULL && strcmp(chain->next, record->id) != 0) {
		(void)pkg_refuse(err, PKG_NO, "batch-chain",
				 "batch '%s' of process '%s' is being run, and "
				 "'%s' does not come after it",
				 chain->next, record->process_name, record->id);
		return pkg_hint(err, "finish '%s', then create this one anew",
				chain->next);
	}
	if (has == record->has_previous &&
	    (!has ||
	     memcmp(chain->result_sha256, record->previous_sha256, 32) == 0))
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "batch-chain",
			 "the last batch of process '%s' is %s%s%s, and '%s' "
			 "does not name it as the one before",
			 record->process_name, has ? "'" : "",
			 has ? chain->id : "none", has ? "'" : "", record->id);
	return pkg_hint(err, "create it anew: each batch of a chain names the "
			     "result of the one before it");
}

static enum pkg_code open_tenant(int *out, const struct pkg_batch *batch,
				 struct pkg_err *err)
{
	*out = openat(pkg_job_fd(batch->job), "..",
		      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 ? PKG_OK
			 : pkg_fail_os(err, errno,
				       "cannot open the folder of "
				       "the tenant");
}

static bool is_chained(const struct pkg_batch *batch)
{
	return batch->process != NULL && batch->process->chain;
}

/* What happens to a chain while its folder is open. */
typedef enum pkg_code step(const struct pkg_batch *batch, int tenant,
			   struct pkg_arena *arena, struct pkg_err *err);

static enum pkg_code with_tenant(const struct pkg_batch *batch, step *what,
				 struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	enum pkg_code code = PKG_OK;
	int tenant = -1;

	if (!is_chained(batch))
		return PKG_OK;
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(open_tenant(&tenant, batch, err));
	code = what(batch, tenant, arena, err);
	(void)close(tenant);
	return code;
}

/* Two batches may want to be the next one, or the head, at the same time. */
static enum pkg_code lock(int *out, int tenant, const char *process,
			  struct pkg_err *err)
{
	char name[CHAIN_NAME];
	enum pkg_code code;

	chain_name(name, process, "lock");
	*out = openat(tenant, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (*out < 0)
		return pkg_fail_os(err, errno, "cannot open '%s'", name);
	while (flock(*out, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		code = pkg_fail_os(err, errno, "cannot lock '%s'", name);
		(void)close(*out);
		return code;
	}
	return PKG_OK;
}

static enum pkg_code locked(const struct pkg_batch *batch, int tenant,
			    step *what, struct pkg_arena *arena,
			    struct pkg_err *err)
{
	enum pkg_code code;
	int fd = -1;

	PKG_TRY(lock(&fd, tenant, batch->process->name, err));
	code = what(batch, tenant, arena, err);
	(void)close(fd);
	return code;
}

static enum pkg_code check(const struct pkg_batch *batch, int tenant,
			   struct pkg_arena *arena, struct pkg_err *err)
{
	struct batch_chain chain;

	PKG_TRY(pkg_batch_chain_read(&chain, tenant, batch->process->name,
				     arena, err));
	return judge(batch, &chain, err);
}

enum pkg_code pkg_batch_chain_check(const struct pkg_batch *batch,
				    struct pkg_err *err)
{
	return batch->state.status >= PKG_BATCH_CLOSED
		   ? PKG_OK
		   : with_tenant(batch, check, err);
}

static enum pkg_code do_claim(const struct pkg_batch *batch, int tenant,
			      struct pkg_arena *arena, struct pkg_err *err)
{
	const char *name = batch->process->name;
	struct batch_chain chain;

	PKG_TRY(pkg_batch_chain_read(&chain, tenant, name, arena, err));
	PKG_TRY(judge(batch, &chain, err));
	chain.next = batch->record.id;
	return write_chain(&chain, tenant, name, err);
}

static enum pkg_code claim(const struct pkg_batch *batch, int tenant,
			   struct pkg_arena *arena, struct pkg_err *err)
{
	return locked(batch, tenant, do_claim, arena, err);
}

enum pkg_code pkg_batch_chain_claim(const struct pkg_batch *batch,
				    struct pkg_err *err)
{
	return with_tenant(batch, claim, err);
}

static enum pkg_code do_move(const struct pkg_batch *batch, int tenant,
			     struct pkg_arena *arena, struct pkg_err *err)
{
	const char *name = batch->process->name;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf result = {.max = PKG_LIMIT_BATCH_RECORD};
	struct batch_chain chain = {.id = batch->record.id};

	PKG_TRY(check(batch, tenant, arena, err));
	PKG_TRY(pkg_batch_slurp(batch, BATCH_RESULT, &result, err));
	PKG_TRY(pkg_digest_sha256(batch->env->crypto, result.data, result.len,
				  chain.result_sha256, err));
	return write_chain(&chain, tenant, name, err);
}

static enum pkg_code move(const struct pkg_batch *batch, int tenant,
			  struct pkg_arena *arena, struct pkg_err *err)
{
	return locked(batch, tenant, do_move, arena, err);
}

enum pkg_code pkg_batch_chain_move(const struct pkg_batch *batch,
				   struct pkg_err *err)
{
	return with_tenant(batch, move, err);
}
