/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/batch_life.h"

/* What stays: all that counts, but the documents. */
static enum pkg_code list_kept(const char ***out, const struct pkg_batch *batch,
			       struct pkg_arena *arena, struct pkg_err *err)
{
	static const char *const always[] = {
	    BATCH_RECORD, BATCH_PROCESS, BATCH_PROCESS_PATH,
	    BATCH_ACCEPT, BATCH_REQUEST, BATCH_RESULTS,
	    BATCH_RESULT, BATCH_STAMPS,  BATCH_EXCHANGE};
	const size_t fixed = sizeof(always) / sizeof(always[0]);
	const struct pkg_batch_state *state = &batch->state;
	const size_t most =
	    fixed + state->uploads + (size_t)2 * state->approvals + 1;
	const char **names = pkg_arena_array(arena, most, sizeof(*names), err);
	char(*texts)[BATCH_FILE_NAME] =
	    pkg_arena_array(arena, most, sizeof(*texts), err);
	size_t count = 0;

	if (names == NULL || texts == NULL)
		return err->code;
	for (; count < fixed; count++)
		names[count] = always[count];
	for (unsigned i = 1; i <= state->uploads; i++, count++)
		pkg_batch_file_name(texts[count], BATCH_DOCUMENTS, i);
	for (unsigned i = 1; i <= state->approvals; i++, count += 2) {
		pkg_batch_file_name(texts[count], BATCH_APPROVAL_JSON, i);
		pkg_batch_file_name(texts[count + 1], BATCH_APPROVAL_P7S, i);
	}
	for (size_t i = fixed; i < count; i++)
		names[i] = texts[i];
	*out = names;
	return PKG_OK;
}

enum pkg_code pkg_batch_delete(struct pkg_batch *batch, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_batch_state state = batch->state;
	const char **kept = NULL;

	PKG_TRY(pkg_batch_allows(batch, PKG_BATCH_DELETE, err));
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(list_kept(&kept, batch, arena, err));
	state.status = PKG_BATCH_DELETED;
	/* Who died over it left a batch that is deleted, and its content. */
	if (batch->state.status != PKG_BATCH_DELETED)
		PKG_TRY(pkg_batch_set_state(batch, &state, err));
	return pkg_job_purge(batch->job, kept, err);
}
