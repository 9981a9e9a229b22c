/* SPDX-License-Identifier: Apache-2.0 */
#include "approvals.h"
#include "impl.h"
#include "names.h"

#include "packline/text.h"
#include "packline/trust.h"

#include <string.h>

static enum pkg_code check_process(const struct pkg_batch *batch,
				   struct pkg_err *err)
{
	const struct pkg_batch_record *record = &batch->record;
	const struct pkg_process *process = batch->process;

	if (process == NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"a batch is validated without its process");
	if (record->process_id == process->id &&
	    strcmp(record->process_name, process->name) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "batch '%s' calls its process '%s' (%lld), but it is "
			  "'%s' (%lld)",
			  record->id, record->process_name,
			  (long long)record->process_id, process->name,
			  (long long)process->id);
}

/*
 * What is being worked on, here or elsewhere, was asked before: time that has
 * gone by since then does not make it undone.
 */
static bool is_begun(const struct pkg_batch *batch)
{
	return batch->state.status >= PKG_BATCH_IN_PROGRESS ||
	       batch->state.exported;
}

/* A batch may not lie about and be run some other day. */
enum pkg_code pkg_batch_check_horizon(const struct pkg_batch *batch,
				      struct pkg_err *err)
{
	const char *text = batch->record.created;
	const int64_t now = batch->env->now(batch->env);
	int64_t created = 0;
	char until[21] = "";

	if (batch->process->horizon == 0 || is_begun(batch))
		return PKG_OK;
	if (!pkg_time_parse(&created, text, strlen(text)))
		return pkg_fail(err, PKG_INTERNAL, "not a time");
	if (created - PKG_LIMIT_CLOCK_SKEW > now)
		return pkg_refuse(err, PKG_NO, "batch-expired",
				  "batch '%s' was created at %s, which is "
				  "still to come",
				  batch->record.id, text);
	if (now < created + batch->process->horizon)
		return PKG_OK;
	(void)pkg_time_format(until, created + batch->process->horizon);
	(void)pkg_refuse(err, PKG_NO, "batch-expired",
			 "batch '%s' could be run until %s", batch->record.id,
			 until);
	return pkg_hint(err, "create it anew");
}

static enum pkg_code check_document(void *context,
				    const struct pkg_batch_document *document,
				    struct pkg_err *err)
{
	return pkg_batch_names_add(context, document->name, err);
}

static enum pkg_code check_documents(const struct pkg_batch *batch,
				     struct pkg_err *err)
{
	const struct pkg_batch_state *state = &batch->state;
	PKG_AUTO_FINI(pkg_batch_names)
	struct pkg_batch_names names = {.process = batch->process};

	if (state->documents == 0)
		return pkg_batch_refuse_empty(batch, err);
	PKG_TRY(pkg_batch_check_limits(batch->process, state->documents,
				       state->bytes, err));
	return pkg_batch_documents(batch, check_document, &names, err);
}

enum pkg_code pkg_batch_refuse_empty(const struct pkg_batch *batch,
				     struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "batch-empty",
			 "there is no document in batch '%s'",
			 batch->record.id);
	return pkg_hint(err, "pkg-batch upload puts some in");
}

enum pkg_code pkg_batch_check_request(const struct pkg_batch *batch,
				      uint8_t sha256[static 32],
				      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf said = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf made = {.max = PKG_LIMIT_BATCH_RECORD};

	PKG_TRY(pkg_batch_request(batch, &said, sha256, err));
	PKG_TRY(pkg_batch_request_make(batch, &made, err));
	if (said.len == made.len && memcmp(said.data, made.data, said.len) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "batch-request",
			  "batch '%s': " BATCH_REQUEST ", which was accepted, "
			  "is not about these documents and this process",
			  batch->record.id);
}

static enum pkg_code check_accept(const struct pkg_batch *batch,
				  const uint8_t sha256[static 32],
				  struct pkg_arena *arena, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	struct batch_accept accept;

	if (batch->state.status == PKG_BATCH_NEW)
		return pkg_refuse(err, PKG_NO, "too-few-approvals",
				  "nobody has accepted batch '%s'",
				  batch->record.id);
	PKG_TRY(pkg_batch_slurp(batch, BATCH_ACCEPT, &data, err));
	PKG_TRY(pkg_batch_accept_decode(&accept, arena, &data, err));
	if (accept.approved && memcmp(accept.request_sha256, sha256, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO,
			  accept.approved ? "approval-request"
					  : "approval-rejected",
			  "batch '%s': " BATCH_ACCEPT " does not accept this "
			  "request",
			  batch->record.id);
}

enum pkg_code pkg_batch_judge(const struct pkg_batch *batch,
			      const uint8_t sha256[static 32],
			      struct pkg_approvals *out,
			      struct pkg_arena *arena, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_batch_approvals)
	struct pkg_batch_approvals approvals = {0};
	struct batch_subject about;
	struct pkg_approval_set set = {
	    .subject = &about.subject,
	    .clock = {.mode =
			  is_begun(batch) ? PKG_CLOCK_NONE : PKG_CLOCK_SYSTEM},
	};

	PKG_TRY(pkg_batch_approvals_read(&approvals, batch, err));
	pkg_batch_subject(&about, batch, sha256);
	set.items = approvals.items;
	set.count = approvals.count;
	if (pkg_approvals_judge(batch->process->approval_policy, batch->env,
				&set, out, arena, err) == PKG_OK)
		return PKG_OK;
	return err->reason != NULL &&
		       strcmp(err->reason, "too-few-approvals") == 0
		   ? pkg_hint(err, "officers accept with: pkg-batch accept")
		   : pkg_failed_(err->code);
}

enum pkg_code pkg_batch_validate(const struct pkg_batch *batch,
				 struct pkg_approvals *approvals,
				 struct pkg_arena *arena, struct pkg_err *err)
{
	struct pkg_approvals said = {0};
	uint8_t sha256[32];
	enum pkg_code code = PKG_OK;

	PKG_TRY(check_process(batch, err));
	if (batch->process->trust != NULL)
		PKG_TRY(pkg_trust_document_tenant(batch->process->trust,
						  batch->record.tenant, err));
	PKG_TRY(pkg_process_may_create(batch->process, batch->record.requester,
				       err));
	PKG_TRY(pkg_batch_check_horizon(batch, err));
	PKG_TRY(pkg_batch_chain_check(batch, err));
	PKG_TRY(check_documents(batch, err));
	PKG_TRY(pkg_batch_check_request(batch, sha256, err));
	if (batch->record.has_policy)
		code = pkg_batch_judge(batch, sha256, &said, arena, err);
	else
		code = check_accept(batch, sha256, arena, err);
	if (approvals != NULL)
		*approvals = said;
	return code;
}
