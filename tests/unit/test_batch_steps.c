/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done with a batch in which state, and what may come next. */
#include "batch_box.h"

#include <stdio.h>
#include <string.h>

#define PROCESS "  action: sign\n  form: cms-detached\n"

enum { STATES = PKG_BATCH_DELETED + 1, VERBS = PKG_BATCH_DELETE + 1 };

/* The table of schemas/batch.md: rows are states, columns what comes next. */
static const char *const steps[STATES] = {
    /*             N A R I F C D */
    [PKG_BATCH_NEW] = "=x....x",       [PKG_BATCH_ACCEPTED] = ".=x...x",
    [PKG_BATCH_READY] = "..=x..x",     [PKG_BATCH_IN_PROGRESS] = "...=x..",
    [PKG_BATCH_FINISHING] = "....=x.", [PKG_BATCH_CLOSED] = ".....=x",
    [PKG_BATCH_DELETED] = "......=",
};

/* What is legal: u(pload) a(ccept) r(un) e(xport) i(mport) t(imestamp)
   d(ownload) D(elete). */
static const struct {
	struct pkg_batch_state state;
	const char *legal, *reason; /* of a verb that is not */
} legal[] = {
    {{.status = PKG_BATCH_NEW}, "uaeD", "batch-status"},
    {{.status = PKG_BATCH_NEW, .listed = true}, "aeD", NULL},
    {{.status = PKG_BATCH_NEW, .listed = true, .rejected = true}, "D", NULL},
    {{.status = PKG_BATCH_NEW, .listed = true, .exported = true}, "eiD", NULL},
    {{.status = PKG_BATCH_ACCEPTED, .listed = true}, "reD", "batch-status"},
    {{.status = PKG_BATCH_READY, .listed = true}, "reD", "batch-status"},
    {{.status = PKG_BATCH_READY, .listed = true, .exported = true},
     "eiD",
     "batch-status"},
    {{.status = PKG_BATCH_IN_PROGRESS, .listed = true}, "r", "batch-status"},
    {{.status = PKG_BATCH_FINISHING, .listed = true}, "rt", "batch-status"},
    {{.status = PKG_BATCH_CLOSED, .listed = true}, "edD", "batch-status"},
    {{.status = PKG_BATCH_DELETED, .listed = true}, "D", "batch-status"},
};

static const char letters[] = "uareitdD";

/* The state of the batch is set as a file that was written so: whole. */
static void become(struct batch_box *box, const struct pkg_batch_state *state)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"approvals\":0,\"bytes\":%d,\"documents\":1,\"exported\":"
		 "%s,\"failed\":0,\"format\":1,\"listed\":%s,\"rejected\":%s,"
		 "\"status\":\"%s\",\"succeeded\":0,\"type\":\"batch-state\","
		 "\"updated\":\"2027-01-15T08:00:00Z\",\"uploads\":1}",
		 (int)strlen("document 1"), state->exported ? "true" : "false",
		 state->listed ? "true" : "false",
		 state->rejected ? "true" : "false",
		 pkg_batch_status_name(state->status));
	batch_box_write("state.json", text, strlen(text));
	batch_box_again(box);
	assert_int_equal(pkg_batch_state(box->batch)->status, state->status);
}

static void test_every_verb_in_every_state(void **state)
{
	struct batch_box box;

	(void)state;
	batch_box_open(&box,
		       &(struct box_spec){.process = PROCESS, .count = 1});
	for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++) {
		become(&box, &legal[i].state);
		for (int verb = 0; verb < VERBS; verb++) {
			struct pkg_err err = PKG_ERR_INIT;
			const bool yes =
			    strchr(legal[i].legal, letters[verb]) != NULL;
			const enum pkg_code code = pkg_batch_allows(
			    box.batch, (enum pkg_batch_verb)verb, &err);

			if (code != (yes ? PKG_OK : PKG_NO))
				fail_msg("row %zu, %s: %d", i,
					 pkg_batch_verb_name(
					     (enum pkg_batch_verb)verb),
					 code);
			if (yes)
				continue;
			/* The hint names each that is legal. */
			for (int other = 0; other < VERBS; other++)
				assert_int_equal(
				    strchr(legal[i].legal, letters[other]) !=
					NULL,
				    strstr(err.hint,
					   pkg_batch_verb_name(
					       (enum pkg_batch_verb)other)) !=
					NULL);
			if (legal[i].reason != NULL)
				assert_string_equal(err.reason,
						    legal[i].reason);
		}
	}
	batch_box_close(&box);
}

static void test_every_step(void **state)
{
	struct batch_box box;

	(void)state;
	batch_box_open(&box,
		       &(struct box_spec){.process = PROCESS, .count = 1});
	for (int from = 0; from < STATES; from++) {
		for (int to = 0; to < STATES; to++) {
			struct pkg_err err = PKG_ERR_INIT;
			struct pkg_batch_state next;
			const bool yes = steps[from][to] != '.';

			become(&box, &(struct pkg_batch_state){
					 .status = (enum pkg_batch_status)from,
					 .listed = true});
			next = *pkg_batch_state(box.batch);
			next.status = (enum pkg_batch_status)to;
			assert_int_equal(
			    pkg_batch_set_state(box.batch, &next, &err),
			    yes ? PKG_OK : PKG_INTERNAL);
			batch_box_again(&box);
			assert_int_equal(pkg_batch_state(box.batch)->status,
					 yes ? to : from);
		}
	}
	batch_box_close(&box);
}

static void test_numbers_are_those_of_the_service(void **state)
{
	static const char *const names[] = {
	    "NEW",       "ACCEPTED", "READY",  "IN_PROGRESS",
	    "FINISHING", "CLOSED",   "DELETED"};

	(void)state;
	for (int i = 0; i < STATES; i++) {
		assert_string_equal(
		    pkg_batch_status_name((enum pkg_batch_status)i), names[i]);
		assert_int_equal(pkg_batch_status_id((enum pkg_batch_status)i),
				 i);
	}
}

/* A state that nobody wrote so is refused. */
static void test_damaged_states(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{}",
	    "null",
	    "{\"approvals\":0,\"bytes\":-1}",
	    "{\"approvals\":17,\"bytes\":0}",
	};
	struct batch_box box;

	(void)state;
	batch_box_open(&box,
		       &(struct box_spec){.process = PROCESS, .count = 1});
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct pkg_batch_open which = {.spool = box.spool,
						     .tenant = "acme",
						     .id = "b1",
						     .mode = PKG_JOB_READ};
		PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		batch_box_write("state.json", texts[i], strlen(texts[i]));
		assert_int_equal(pkg_batch_open(&batch, &box.env, &which, &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, "batch-damaged");
	}
	batch_box_close(&box);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_verb_in_every_state),
	    cmocka_unit_test(test_every_step),
	    cmocka_unit_test(test_numbers_are_those_of_the_service),
	    cmocka_unit_test(test_damaged_states),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
