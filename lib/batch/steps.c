/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include <stdio.h>

/* The table of schemas/batch.md. */
#define STATUS(name) (1u << PKG_BATCH_##name)
#define VERB(name)   (1u << PKG_BATCH_##name)
#define STATUS_COUNT (PKG_BATCH_DELETED + 1)
#define VERB_COUNT   (PKG_BATCH_DELETE + 1)

static const struct {
	const char *name;
	unsigned verbs; /* legal ones */
	unsigned next;  /* states that may come */
} table[] = {
    [PKG_BATCH_NEW] = {"NEW",
		       VERB(UPLOAD) | VERB(ACCEPT) | VERB(EXPORT) |
			   VERB(IMPORT) | VERB(DELETE),
		       STATUS(ACCEPTED) | STATUS(DELETED)},
    [PKG_BATCH_ACCEPTED] = {"ACCEPTED", VERB(RUN) | VERB(EXPORT) | VERB(DELETE),
			    STATUS(READY) | STATUS(DELETED)},
    [PKG_BATCH_READY] = {"READY",
			 VERB(RUN) | VERB(EXPORT) | VERB(IMPORT) | VERB(DELETE),
			 STATUS(IN_PROGRESS) | STATUS(DELETED)},
    [PKG_BATCH_IN_PROGRESS] = {"IN_PROGRESS", VERB(RUN), STATUS(FINISHING)},
    [PKG_BATCH_FINISHING] = {"FINISHING", VERB(RUN) | VERB(TIMESTAMP),
			     STATUS(CLOSED)},
    [PKG_BATCH_CLOSED] = {"CLOSED",
			  VERB(EXPORT) | VERB(DOWNLOAD) | VERB(DELETE),
			  STATUS(DELETED)},
    [PKG_BATCH_DELETED] = {"DELETED", VERB(DELETE), 0},
};
_Static_assert(sizeof(table) / sizeof(table[0]) == STATUS_COUNT,
	       "every state has its row");

static const char *const verbs[] = {
    [PKG_BATCH_UPLOAD] = "upload",     [PKG_BATCH_ACCEPT] = "accept",
    [PKG_BATCH_RUN] = "run",           [PKG_BATCH_EXPORT] = "export",
    [PKG_BATCH_IMPORT] = "import",     [PKG_BATCH_TIMESTAMP] = "timestamp",
    [PKG_BATCH_DOWNLOAD] = "download", [PKG_BATCH_DELETE] = "delete",
};
_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == VERB_COUNT,
	       "every verb has its name");

const char *pkg_batch_status_name(enum pkg_batch_status status)
{
	return table[status].name;
}

int pkg_batch_status_id(enum pkg_batch_status status)
{
	return (int)status;
}

const char *pkg_batch_verb_name(enum pkg_batch_verb verb)
{
	return verbs[verb];
}

bool pkg_batch_may_step(enum pkg_batch_status from, enum pkg_batch_status to)
{
	return from == to || (table[from].next & (1u << to)) != 0;
}

/* Those of the table that what else is known of the batch does not forbid. */
static unsigned legal(const struct pkg_batch_state *state)
{
	unsigned set = table[state->status].verbs;

	if (state->listed)
		set &= ~VERB(UPLOAD);
	if (state->rejected)
		set &= ~(VERB(ACCEPT) | VERB(EXPORT) | VERB(IMPORT));
	set &= state->exported ? ~(VERB(ACCEPT) | VERB(RUN)) : ~VERB(IMPORT);
	return set;
}

static enum pkg_code hint_legal(const struct pkg_batch_state *state,
				struct pkg_err *err)
{
	const unsigned set = legal(state);
	char list[128] = "";
	size_t len = 0;

	for (unsigned i = 0; i < VERB_COUNT; i++) {
		if ((set & (1u << i)) != 0)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						"%s%s", len == 0 ? "" : ", ",
						verbs[i]);
	}
	return pkg_hint(err, "what can be done now: %s", list);
}

enum pkg_code pkg_batch_allows(const struct pkg_batch *batch,
			       enum pkg_batch_verb verb, struct pkg_err *err)
{
	const struct pkg_batch_state *state = &batch->state;
	const char *id = batch->record.id;

	if ((legal(state) & (1u << verb)) != 0)
		return PKG_OK;
	if (state->status == PKG_BATCH_NEW && state->rejected)
		(void)pkg_refuse(err, PKG_NO, "batch-rejected",
				 "%s: an officer has rejected batch '%s'",
				 verbs[verb], id);
	else if (state->status == PKG_BATCH_NEW && verb == PKG_BATCH_UPLOAD)
		(void)pkg_refuse(
		    err, PKG_NO, "batch-closed-list",
		    "%s: batch '%s' is being accepted, so its list "
		    "of documents is closed",
		    verbs[verb], id);
	else if (state->exported)
		(void)pkg_refuse(err, PKG_NO, "batch-status",
				 "%s: batch '%s' was exported, and a response "
				 "is awaited",
				 verbs[verb], id);
	else
		(void)pkg_refuse(err, PKG_NO, "batch-status",
				 "%s: batch '%s' is %s", verbs[verb], id,
				 table[state->status].name);
	return hint_legal(state, err);
}
