/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_box.h"

#include <string.h>

struct pkg_trust *verify_box_ca;
struct pkg_key *verify_box_key;

void verify_box_fini(struct verify_box *outcome)
{
	pkg_verdict_free(outcome->verdict);
}

struct verify_box verify_box_ask(const struct sealed_spec *spec,
				 const struct pkg_verify_options *options)
{
	struct sealed sealed = sealed_make(spec);
	struct verify_box outcome = {.err = PKG_ERR_INIT};

	outcome.code = sealed_verify(&outcome.verdict, sealed.data, sealed.len,
				     options, &outcome.err);
	assert_non_null(outcome.verdict);
	assert_int_equal(outcome.verdict->ok, outcome.code == PKG_OK);
	assert_true(outcome.verdict->size <= sealed.len);
	if (outcome.code == PKG_OK)
		assert_int_equal(outcome.verdict->size, sealed.len);
	sealed_fini(&sealed);
	return outcome;
}

void verify_box_expect(const struct sealed_spec *spec,
		       const struct pkg_verify_options *options,
		       enum pkg_code code, const char *reason)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box outcome = verify_box_ask(spec, options);

	if (outcome.code != code)
		fail_msg("%d: %s", (int)outcome.code, outcome.err.text);
	if (reason == NULL) {
		assert_null(outcome.verdict->reason);
		assert_null(outcome.verdict->text);
		return;
	}
	assert_string_equal(outcome.verdict->reason, reason);
	assert_string_equal(outcome.verdict->text, outcome.err.text);
}

enum pkg_verify_state verify_box_state(const struct verify_box *outcome,
				       enum pkg_verify_check_id id)
{
	return outcome->verdict->checks[id].state;
}

int verify_box_start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	verify_box_ca = sealed_trust(&pki.ca);
	verify_box_key = sealed_recipient();
	return 0;
}

int verify_box_stop(void **state)
{
	pkg_key_free(verify_box_key);
	pkg_trust_free(verify_box_ca);
	return pki_stop(state);
}
