/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/batch_life.h"
#include "packline/crypto.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

/* By time, so that lists are in the order of making; and not to be guessed. */
enum pkg_code pkg_batch_make_id(char id[static BATCH_ID],
				const struct pkg_env *env, struct pkg_err *err)
{
	uint8_t random[4];
	char hex[2 * sizeof(random) + 1], created[21];
	size_t len = 0;

	if (!pkg_time_format(created, env->now(env)))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	PKG_TRY(pkg_crypto_random(env->crypto, random, sizeof(random), err));
	pkg_hex_encode(hex, random, sizeof(random));
	for (const char *c = created; *c != '\0'; c++) {
		if (*c != '-' && *c != ':')
			id[len++] = *c;
	}
	(void)snprintf(id + len, BATCH_ID - len, "-%s", hex);
	return PKG_OK;
}

enum pkg_code pkg_batch_check_requester(const struct pkg_process *process,
					const char *requester,
					struct pkg_err *err)
{
	if (requester != NULL && !pkg_container_is_text(requester))
		return pkg_fail(err, PKG_USAGE,
				"a requester has 1 to %u bytes of UTF-8, "
				"without control characters",
				PKG_LIMIT_TEXT_FIELD);
	if (process->approval_policy != NULL)
		PKG_TRY(pkg_approval_policy_needs_requester(requester, err));
	return pkg_process_may_create(process, requester, err);
}

/* What it comes after. */
static enum pkg_code take_previous(struct pkg_batch_record *record, int tenant,
				   struct pkg_arena *arena, struct pkg_err *err)
{
	struct batch_chain chain;

	PKG_TRY(pkg_batch_chain_read(&chain, tenant, record->process_name,
				     arena, err));
	if (chain.next != NULL) {
		(void)pkg_refuse(
		    err, PKG_NO, "batch-chain",
		    "batch '%s' of process '%s' is being run: what "
		    "comes after it is not known yet",
		    chain.next, record->process_name);
		return pkg_hint(err, "finish it first");
	}
	record->has_previous = chain.id != NULL;
	memcpy(record->previous_sha256, chain.result_sha256, 32);
	return PKG_OK;
}

static enum pkg_code make(const struct pkg_batch_create *create,
			  struct pkg_batch_record *record,
			  const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_batch_state state = {.status = PKG_BATCH_NEW};
	const struct pkg_batch_begin begin = {
	    .spool = create->spool,
	    .record = record,
	    .process = create->process,
	    .dirfd = create->dirfd,
	    .state = &state,
	};
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_job_begin(&folder, create->spool, record->tenant,
			      record->id, err));
	if (create->process->chain)
		PKG_TRY(take_previous(record, pkg_outdir_parent_fd(folder),
				      arena, err));
	PKG_TRY(pkg_batch_put_files(folder, &begin, env, err));
	return pkg_job_commit(folder, err);
}

/* Is what is there what was asked for? */
static enum pkg_code look(const struct pkg_batch_create *create,
			  const struct pkg_batch_record *wanted,
			  const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_batch_open which = {
	    .spool = create->spool,
	    .tenant = wanted->tenant,
	    .id = wanted->id,
	    .mode = PKG_JOB_READ,
	};
	PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
	const struct pkg_batch_record *record = NULL;
	const char *other = NULL;

	PKG_TRY(pkg_batch_open(&batch, env, &which, err));
	record = pkg_batch_record(batch);
	if (memcmp(record->process_sha256, wanted->process_sha256, 32) != 0)
		other = "for another process, or another edition of it";
	else if ((record->requester == NULL) != (wanted->requester == NULL) ||
		 (record->requester != NULL &&
		  strcmp(record->requester, wanted->requester) != 0))
		other = "by another requester";
	if (other == NULL)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_USAGE, "job-exists",
			 "there is a batch '%s' already, which was created %s",
			 wanted->id, other);
	return pkg_hint(err, "choose another id");
}

enum pkg_code pkg_batch_create(char id[static PKG_LIMIT_MEMBER_NAME + 1],
			       bool *existed, const struct pkg_env *env,
			       const struct pkg_batch_create *create,
			       struct pkg_err *err)
{
	const struct pkg_process *process = create->process;
	char created[21], made_up[BATCH_ID];
	struct pkg_batch_record record = {
	    .id = create->id,
	    .tenant = process->tenant,
	    .created = created,
	    .requester = create->requester,
	    .process_id = process->id,
	    .process_name = process->name,
	    .provider_settings_id = process->provider_settings_id,
	    .tsa_id = process->has_tsa ? process->tsa.id : -1,
	    .has_policy = process->approval_policy != NULL,
	};

	*existed = false;
	PKG_TRY(pkg_batch_check_requester(process, create->requester, err));
	if (!pkg_time_format(created, env->now(env)))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	if (record.id == NULL) {
		PKG_TRY(pkg_batch_make_id(made_up, env, err));
		record.id = made_up;
	}
	memcpy(record.process_sha256, process->sha256, 32);
	if (record.has_policy)
		memcpy(record.policy_sha256, process->approval_policy->sha256,
		       32);
	if (make(create, &record, env, err) != PKG_OK) {
		if (err->reason == NULL ||
		    strcmp(err->reason, "job-exists") != 0)
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT;
		PKG_TRY(look(create, &record, env, err));
		*existed = true;
	}
	(void)snprintf(id, PKG_LIMIT_MEMBER_NAME + 1, "%s", record.id);
	return PKG_OK;
}
