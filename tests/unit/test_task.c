/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "schema_file.h"
#include "unit.h"

#include "packline/crypto.h"
#include "packline/limits.h"
#include "packline/schema.h"

#include <string.h>

static const struct pkg_task_file files[] = {
    {.name = "a.bin", .size = 3, .sha256 = {1}},
    {.name = "b \"b\".bin",
     .size = 4,
     .sha256 = {2},
     .has_given = true,
     .given_sha256 = {2}},
};
static const struct pkg_task_vote votes[] = {
    {.decision = PKG_DECISION_REJECTED,
     .issued = "2026-12-01T02:00:00Z",
     .officer = "alice",
     .role = "product",
     .reason = "no"},
};

/* One that has everything a task can have. */
static struct pkg_task full(void)
{
	return (struct pkg_task){
	    .id = "t1",
	    .tenant = "acme",
	    .status = PKG_TASK_FAILED,
	    .created = "2026-12-01T02:00:00Z",
	    .changed = "2026-12-01T03:00:00Z",
	    .device_config = "ecu-a",
	    .device_config_sha256 = {3},
	    .kind = PKG_CONTAINER_SEALED,
	    .name = "gateway",
	    .version = "1.0",
	    .requester = "build",
	    .expires = "2027-12-01T02:00:00Z",
	    .sequence = 42,
	    .files = files,
	    .file_count = 2,
	    .metadata = &files[0],
	    .container_id = "29cacb4b-3729-47c8-87bc-eeed98dbeedd",
	    .manifest_sha256 = {4},
	    .approvals_needed = 2,
	    .votes = votes,
	    .vote_count = 1,
	    .draft = {5, {6}},
	    .result = {7, {8}},
	    .signer = {"CN=release", {9}},
	    .failure = {PKG_KEY, "pin-wrong", "the PIN is wrong", true},
	};
}

struct box {
	struct pkg_crypto *crypto;
	struct pkg_schema *schema;
	struct pkg_buf text;
};

static void box_init(struct box *box)
{
	struct pkg_err err = PKG_ERR_INIT;

	memset(box, 0, sizeof(*box));
	box->text.max = PKG_LIMIT_TASK_STATE;
	assert_ok(pkg_crypto_new(&box->crypto, &err));
	assert_ok(pkg_task_schema_new(&box->schema, &err));
}

static void box_fini(struct box *box)
{
	pkg_buf_fini(&box->text);
	pkg_schema_free(box->schema);
	pkg_crypto_free(box->crypto);
}

static void test_what_was_written_is_read(void **state)
{
	const struct pkg_task before = full();
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = 1u << 20};
	PKG_AUTO(pkg_task) struct pkg_task *after = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct box box;

	(void)state;
	box_init(&box);
	assert_ok(pkg_task_encode(&box.text, &before, box.crypto, &err));
	assert_ok(
	    pkg_task_decode(&after, box.schema, &box.text, box.crypto, &err));
	assert_int_equal(after->status, PKG_TASK_FAILED);
	assert_string_equal(after->files[1].name, files[1].name);
	assert_string_equal(after->votes[0].officer, "alice");
	assert_string_equal(after->failure.reason, "pin-wrong");
	assert_int_equal(after->sequence, 42);
	assert_ok(pkg_task_encode(&again, after, box.crypto, &err));
	assert_string_equal(pkg_buf_str(&again), pkg_buf_str(&box.text));
	box_fini(&box);
}

static void test_what_is_not_said_stays_so(void **state)
{
	struct pkg_task before = full();
	PKG_AUTO(pkg_task) struct pkg_task *after = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct box box;

	(void)state;
	box_init(&box);
	before.requester = before.expires = NULL;
	before.sequence = -1;
	before.metadata = NULL;
	before.vote_count = 0;
	before.result.size = 0;
	before.signer.subject = NULL;
	before.failure.code = PKG_OK;
	assert_ok(pkg_task_encode(&box.text, &before, box.crypto, &err));
	assert_ok(
	    pkg_task_decode(&after, box.schema, &box.text, box.crypto, &err));
	assert_null(after->requester);
	assert_null(after->expires);
	assert_int_equal(after->sequence, -1);
	assert_null(after->metadata);
	assert_int_equal(after->vote_count, 0);
	assert_int_equal(after->result.size, 0);
	assert_null(after->signer.subject);
	assert_int_equal(after->failure.code, PKG_OK);
	box_fini(&box);
}

/* Every byte of state.json, two ways, and every length. */
static void test_a_changed_byte_is_found(void **state)
{
	static const uint8_t flips[] = {0x01, 0x20};
	const struct pkg_task before = full();
	struct pkg_err err = PKG_ERR_INIT;
	struct box box;

	(void)state;
	box_init(&box);
	assert_ok(pkg_task_encode(&box.text, &before, box.crypto, &err));
	for (size_t i = 0; i < box.text.len * 3; i++) {
		PKG_AUTO(pkg_task) struct pkg_task *after = NULL;
		struct pkg_buf text = box.text;
		const size_t at = i / 3;

		if (i % 3 < 2)
			text.data[at] ^= flips[i % 3];
		else
			text.len = at;
		assert_int_equal(pkg_task_decode(&after, box.schema, &text,
						 box.crypto, &err),
				 PKG_INPUT);
		assert_string_equal(err.reason, "bad-task");
		assert_null(after);
		if (i % 3 < 2)
			text.data[at] ^= flips[i % 3];
	}
	box_fini(&box);
}

/* What may be done, by status: rows without a policy, with one, with retry. */
static void test_every_step_from_every_status(void **state)
{
	static const struct {
		enum pkg_task_status status;
		size_t needed;
		bool retry;
		bool approve, run, download;
		const char *hint;
	} rows[] = {
	    {PKG_TASK_CREATED, 0, false, false, true, false, "can be run"},
	    {PKG_TASK_CREATED, 2, false, true, false, false, "or rejected"},
	    {PKG_TASK_APPROVED, 2, false, true, true, false, "can be run"},
	    {PKG_TASK_REJECTED, 2, false, false, false, false, "nothing more"},
	    {PKG_TASK_RUNNING, 0, false, false, true, false, "interrupted"},
	    {PKG_TASK_RUNNING, 2, false, false, true, false, "interrupted"},
	    {PKG_TASK_DONE, 0, false, false, false, true, "downloaded"},
	    {PKG_TASK_DONE, 2, false, false, false, true, "downloaded"},
	    {PKG_TASK_FAILED, 2, false, false, false, false, "nothing more"},
	    {PKG_TASK_FAILED, 2, true, false, true, false, "run again"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pkg_task task = full();
		const bool legal[] = {rows[i].approve, rows[i].run,
				      rows[i].download};

		task.status = rows[i].status;
		task.approvals_needed = rows[i].needed;
		task.failure.retry = rows[i].retry;
		assert_int_equal(pkg_task_can_run(&task), rows[i].run);
		for (unsigned verb = 0; verb < 3; verb++) {
			struct pkg_err err = PKG_ERR_INIT;

			if (legal[verb]) {
				assert_ok(pkg_task_check_verb(
				    &task, (enum task_verb)verb, &err));
				continue;
			}
			assert_int_equal(pkg_task_check_verb(
					     &task, (enum task_verb)verb, &err),
					 PKG_NO);
			assert_string_equal(err.reason, "task-status");
			assert_non_null(strstr(err.hint, rows[i].hint));
		}
	}
}

static void test_names_of_statuses(void **state)
{
	enum pkg_task_status found = PKG_TASK_CREATED;

	(void)state;
	for (unsigned i = 0; i < PKG_TASK_STATUS_COUNT; i++) {
		assert_true(pkg_task_status_parse(
		    &found, pkg_task_status_name((enum pkg_task_status)i)));
		assert_int_equal(found, i);
	}
	assert_false(pkg_task_status_parse(&found, "created"));
}

static void test_schema(void **state)
{
	(void)state;
	schema_file_matches("task", pkg_task_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_written_is_read),
	    cmocka_unit_test(test_what_is_not_said_stays_so),
	    cmocka_unit_test(test_a_changed_byte_is_found),
	    cmocka_unit_test(test_every_step_from_every_status),
	    cmocka_unit_test(test_names_of_statuses),
	    cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
