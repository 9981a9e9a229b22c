/* SPDX-License-Identifier: Apache-2.0 */
/* Yes or no about containers in memory, and why. */
#include "verify_box.h"

#include "packline/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_yes(void **state)
{
	(void)state;
	verify_box_expect(SPEC(0), OPT(.trust = verify_box_ca), PKG_OK, NULL);
	verify_box_expect(SPEC(.metadata = true), OPT(.trust = verify_box_ca),
			  PKG_OK, NULL);
	verify_box_expect(SPEC(.bundle = true), OPT(.trust = verify_box_ca),
			  PKG_OK, NULL);
	verify_box_expect(SPEC(.kind = PKG_CONTAINER_SEALED),
			  OPT(.trust = verify_box_ca), PKG_OK, NULL);
	verify_box_expect(
	    SPEC(.kind = PKG_CONTAINER_SEALED),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key), PKG_OK,
	    NULL);
	verify_box_expect(
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key), PKG_OK,
	    NULL);
	/* A key where nothing is encrypted does not hurt. */
	verify_box_expect(
	    SPEC(0), OPT(.trust = verify_box_ca, .recipient = verify_box_key),
	    PKG_OK, NULL);
}

/* What a yes without a key does not say is listed as not checked. */
static void test_not_checked_without_a_key(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box locked =
	    verify_box_ask(SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
			   OPT(.trust = verify_box_ca));
	PKG_AUTO_FINI(verify_box)
	struct verify_box open = verify_box_ask(
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key));
	static const enum pkg_verify_check_id keyed[] = {
	    PKG_VERIFY_MAC, PKG_VERIFY_PLAINTEXT, PKG_VERIFY_CONTENT};
	static const enum pkg_verify_check_id always[] = {
	    PKG_VERIFY_MANIFEST, PKG_VERIFY_SIGNATURES, PKG_VERIFY_SUITE,
	    PKG_VERIFY_EXPIRY,   PKG_VERIFY_CLOCK,      PKG_VERIFY_RECIPIENTS,
	    PKG_VERIFY_REQUEST,  PKG_VERIFY_PAYLOAD,    PKG_VERIFY_FRAMING};

	(void)state;
	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		assert_int_equal(verify_box_state(&locked, keyed[i]),
				 PKG_VERIFY_NOT_CHECKED);
		assert_int_equal(verify_box_state(&open, keyed[i]),
				 PKG_VERIFY_PASSED);
	}
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		assert_int_equal(verify_box_state(&locked, always[i]),
				 PKG_VERIFY_PASSED);
		assert_int_equal(verify_box_state(&open, always[i]),
				 PKG_VERIFY_PASSED);
	}
	assert_int_equal(verify_box_state(&open, PKG_VERIFY_TENANT),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(verify_box_state(&open, PKG_VERIFY_DEVICE_CONFIG),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(verify_box_state(&open, PKG_VERIFY_REVOCATION),
			 PKG_VERIFY_NOT_CHECKED);
}

static void test_facts(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box yes =
	    verify_box_ask(SPEC(.sequence = 42), OPT(.trust = verify_box_ca));
	const struct pkg_verdict *verdict = yes.verdict;

	(void)state;
	assert_string_equal(verdict->kind, "signed");
	assert_string_equal(verdict->content, "files");
	assert_string_equal(verdict->name, "demo");
	assert_string_equal(verdict->version, "1.0");
	assert_string_equal(verdict->tenant, "acme");
	assert_string_equal(verdict->device_config, "ecu-a");
	assert_true(verdict->has_sequence);
	assert_int_equal(verdict->sequence, 42);
	assert_int_equal(verdict->signers.count, 1);
	assert_non_null(strstr(verdict->signers.items[0].subject, "CN="));
}

/* -- no -- */

static void test_no_trust_is_no(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box no =
	    verify_box_ask(SPEC(.kind = PKG_CONTAINER_SEALED),
			   OPT(.recipient = verify_box_key));

	(void)state;
	verify_box_expect(SPEC(0), OPT(0), PKG_NO, "no-trust");
	verify_box_expect(SPEC(.bundle = true), OPT(0), PKG_NO, "no-trust");
	verify_box_expect(SPEC(.kind = PKG_CONTAINER_ENCRYPTED), OPT(0), PKG_NO,
			  "no-trust");
	verify_box_expect(SPEC(.kind = PKG_CONTAINER_ENCRYPTED),
			  OPT(.recipient = verify_box_key), PKG_NO, "no-trust");
	/* All that needs no belief was checked; nothing was decrypted. */
	assert_string_equal(no.verdict->reason, "no-trust");
	assert_int_equal(verify_box_state(&no, PKG_VERIFY_PAYLOAD),
			 PKG_VERIFY_PASSED);
	assert_int_equal(verify_box_state(&no, PKG_VERIFY_FRAMING),
			 PKG_VERIFY_PASSED);
	assert_int_equal(verify_box_state(&no, PKG_VERIFY_MAC),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(verify_box_state(&no, PKG_VERIFY_PLAINTEXT),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(verify_box_state(&no, PKG_VERIFY_SIGNATURES),
			 PKG_VERIFY_FAILED);
}

static void test_draft_is_no(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box no =
	    verify_box_ask(SPEC(.draft = true), OPT(.trust = verify_box_ca));

	(void)state;
	assert_int_equal(no.code, PKG_NO);
	assert_string_equal(no.verdict->reason, "draft");
	assert_true(no.verdict->draft);
	verify_box_expect(SPEC(.draft = true), OPT(0), PKG_NO, "draft");
	verify_box_expect(
	    SPEC(.draft = true, .kind = PKG_CONTAINER_SEALED),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key), PKG_NO,
	    "draft");
}

static void test_unsigned(void **state)
{
	struct pkg_trust *lax =
	    sealed_policy("packline: 1\ntrust: {allowUnsigned: true}\n");
	const struct sealed_spec *spec = SPEC(.kind = PKG_CONTAINER_ENCRYPTED);

	(void)state;
	verify_box_expect(spec, OPT(.trust = verify_box_ca), PKG_NO,
			  "unsigned");
	verify_box_expect(
	    spec, OPT(.trust = verify_box_ca, .recipient = verify_box_key),
	    PKG_NO, "unsigned");
	verify_box_expect(spec, OPT(.trust = lax), PKG_NO, "unsigned");
	verify_box_expect(spec, OPT(.trust = lax, .recipient = verify_box_key),
			  PKG_OK, NULL);
	/* Allowing unsigned ones does not make signed ones trusted. */
	verify_box_expect(SPEC(0), OPT(.trust = lax), PKG_NO,
			  "signer-untrusted");
	verify_box_expect(SPEC(.kind = PKG_CONTAINER_SEALED),
			  OPT(.trust = lax, .recipient = verify_box_key),
			  PKG_NO, "signer-untrusted");
	verify_box_expect(SPEC(.draft = true, .kind = PKG_CONTAINER_SEALED),
			  OPT(.trust = lax, .recipient = verify_box_key),
			  PKG_NO, "draft");
	pkg_trust_free(lax);
}

/* No decryption code sees what nobody trusted has signed. */
static void test_nothing_is_decrypted_for_a_stranger(void **state)
{
	struct pkg_trust *other = sealed_trust(&pki.rsa_signer);
	PKG_AUTO_FINI(verify_box)
	struct verify_box no =
	    verify_box_ask(SPEC(.kind = PKG_CONTAINER_SEALED),
			   OPT(.trust = other, .recipient = verify_box_key));

	(void)state;
	assert_string_equal(no.verdict->reason, "signer-untrusted");
	assert_non_null(strstr(no.verdict->text, "CN="));
	for (int i = PKG_VERIFY_RECIPIENTS; i <= PKG_VERIFY_CONTENT; i++)
		assert_int_equal(
		    verify_box_state(&no, (enum pkg_verify_check_id)i),
		    PKG_VERIFY_NOT_CHECKED);
	pkg_trust_free(other);
}

static void test_another_recipient(void **state)
{
	struct pkg_key *other = pki_load_key(pki.rsa_recipient.key);
	struct pkg_certs *cert = pki_one(&pki.rsa_recipient);

	(void)state;
	verify_box_expect(SPEC(.kind = PKG_CONTAINER_SEALED),
			  OPT(.trust = verify_box_ca, .recipient = other,
			      .recipient_cert = cert),
			  PKG_NO, "not-a-recipient");
	pkg_certs_free(cert);
	pkg_key_free(other);
}

static void test_demands(void **state)
{
	(void)state;
	verify_box_expect(SPEC(0),
			  OPT(.trust = verify_box_ca, .demands.tenant = "acme",
			      .demands.device_config = "ecu-a"),
			  PKG_OK, NULL);
	verify_box_expect(
	    SPEC(0), OPT(.trust = verify_box_ca, .demands.tenant = "other"),
	    PKG_NO, "wrong-tenant");
	verify_box_expect(
	    SPEC(0),
	    OPT(.trust = verify_box_ca, .demands.device_config = "ecu-b"),
	    PKG_NO, "wrong-device-config");
	verify_box_expect(SPEC(.sequence = 5),
			  OPT(.trust = verify_box_ca,
			      .demands.has_min_sequence = true,
			      .demands.min_sequence = 6),
			  PKG_NO, "sequence-too-low");
	verify_box_expect(SPEC(.expires = "2027-01-15T07:59:59Z"),
			  OPT(.trust = verify_box_ca), PKG_NO, "expired");
	verify_box_expect(SPEC(.expires = "2027-01-15T08:00:01Z"),
			  OPT(.trust = verify_box_ca), PKG_OK, NULL);
	verify_box_expect(SPEC(.expires = "2027-01-15T07:59:59Z"),
			  OPT(.trust = verify_box_ca, .demands.has_clock = true,
			      .demands.clock.mode = PKG_CLOCK_NONE),
			  PKG_OK, NULL);
	/* Being of the wrong tenant outweighs that nobody is trusted. */
	verify_box_expect(SPEC(0), OPT(.demands.tenant = "other"), PKG_NO,
			  "wrong-tenant");
}

static void test_no_clock_is_said(void **state)
{
	PKG_AUTO_FINI(verify_box)
	struct verify_box yes = verify_box_ask(
	    SPEC(.expires = "2001-01-01T00:00:00Z"),
	    OPT(.trust = verify_box_ca, .demands.has_clock = true,
		.demands.clock.mode = PKG_CLOCK_NONE));

	(void)state;
	assert_true(yes.verdict->ok);
	assert_int_equal(verify_box_state(&yes, PKG_VERIFY_CLOCK),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(verify_box_state(&yes, PKG_VERIFY_EXPIRY),
			 PKG_VERIFY_NOT_CHECKED);
}

/* -- bundles -- */

#define ABSENT                                                                 \
	"7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"

static void test_plan_and_blobs_fit_together(void **state)
{
	static const char *const bad[] = {
	    "{\"steps\":[],\"type\":\"plan\"}", /* names no blob */
	    "{\"steps\":[{\"blob\":\"" ABSENT "\"}],\"type\":\"plan\"}",
	    "{\"steps\":[{\"blob\":null}],\"type\":\"plan\"}",
	    "{\"steps\":[{\"blob\":[\"x\"]}],\"type\":\"plan\"}",
	    "{\"type\":\"manifest\"}",
	    "[]",
	    "\"plan\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		verify_box_expect(SPEC(.bundle = true, .plan = bad[i]),
				  OPT(.trust = verify_box_ca), PKG_INPUT,
				  "malformed-bundle");
	verify_box_expect(
	    SPEC(.bundle = true, .plan = "{\"type\":\"plan\", \"a\":1}"),
	    OPT(.trust = verify_box_ca), PKG_INPUT, "not-canonical");
	verify_box_expect(SPEC(.bundle = true, .plan = "{\"type\":\"plan\"} "),
			  OPT(.trust = verify_box_ca), PKG_INPUT,
			  "not-canonical");
	verify_box_expect(SPEC(.bundle = true, .plan = "{"),
			  OPT(.trust = verify_box_ca), PKG_INPUT,
			  "malformed-json");
	verify_box_expect(
	    SPEC(.bundle = true, .plan = bad[0], .kind = PKG_CONTAINER_SEALED),
	    OPT(.trust = verify_box_ca, .recipient = verify_box_key), PKG_INPUT,
	    "malformed-bundle");
}

/* -- the order of events -- */

/* Gives one byte at a time, counts them, and can break. */
struct drip {
	struct pkg_source source;
	const uint8_t *data;
	size_t len, at;
	size_t break_at; /* an I/O error there; 0 = never */
};

static enum pkg_code drip_read(struct pkg_source *source, void *buf, size_t cap,
			       size_t *got, struct pkg_err *err)
{
	struct drip *drip = (struct drip *)source;

	assert_true(cap > 0);
	*got = 0;
	if (drip->break_at > 0 && drip->at == drip->break_at)
		return pkg_fail_os(err, EIO, "cannot read");
	if (drip->at == drip->len)
		return PKG_OK;
	memcpy(buf, drip->data + drip->at++, 1);
	*got = 1;
	return PKG_OK;
}

struct staged {
	const struct drip *drip;
	int calls;
	size_t at; /* bytes read when it was called */
};

static enum pkg_code count_stage(void *context,
				 const struct pkg_verdict *verdict,
				 struct pkg_err *err)
{
	struct staged *staged = context;

	(void)err;
	assert_false(verdict->ok);
	assert_int_equal(verdict->checks[PKG_VERIFY_SIGNATURES].state,
			 PKG_VERIFY_PASSED);
	assert_int_equal(verdict->checks[PKG_VERIFY_PAYLOAD].state,
			 PKG_VERIFY_NOT_CHECKED);
	staged->calls++;
	staged->at = staged->drip->at;
	return PKG_OK;
}

static struct verify_box drip_through(const struct sealed *sealed,
				      const struct pkg_trust *trust,
				      size_t break_at, struct staged *staged)
{
	const struct pkg_env env = sealed_env();
	struct drip drip = {.source = {.read = drip_read, .name = "drip"},
			    .data = sealed->data,
			    .len = sealed->len,
			    .break_at = break_at};
	struct pkg_verify_options options = {
	    .trust = trust, .stage = count_stage, .context = staged};
	struct verify_box outcome = {.err = PKG_ERR_INIT};

	*staged = (struct staged){.drip = &drip};
	outcome.code = pkg_verify(&outcome.verdict, &drip.source, &options,
				  &env, &outcome.err);
	return outcome;
}

/* Where the content of the file begins. */
static size_t payload_offset(const struct sealed *sealed)
{
	const uint8_t *found =
	    memmem(sealed->data, sealed->len, "hello\n", strlen("hello\n"));

	assert_non_null(found);
	return (size_t)(found - sealed->data);
}

static void test_stage_comes_before_the_payload(void **state)
{
	struct sealed sealed = sealed_make(SPEC(0));
	const size_t payload = payload_offset(&sealed);
	struct staged staged;
	struct verify_box outcome =
	    drip_through(&sealed, verify_box_ca, 0, &staged);

	(void)state;
	assert_int_equal(outcome.code, PKG_OK);
	assert_int_equal(staged.calls, 1);
	assert_true(staged.at <= payload);
	verify_box_fini(&outcome);
	/* Where nothing was accepted there is no stage. */
	outcome = drip_through(&sealed, NULL, 0, &staged);
	assert_int_equal(outcome.code, PKG_NO);
	assert_int_equal(staged.calls, 0);
	verify_box_fini(&outcome);
	sealed_fini(&sealed);
}

/* A broken disk is not the container's fault, and never a yes. */
static void test_read_errors(void **state)
{
	struct sealed sealed = sealed_make(SPEC(0));
	struct staged staged;

	(void)state;
	for (size_t at = 1; at < sealed.len; at += 97) {
		PKG_AUTO_FINI(verify_box)
		struct verify_box broken =
		    drip_through(&sealed, verify_box_ca, at, &staged);

		assert_int_equal(broken.code, PKG_SYSTEM);
		assert_false(broken.verdict->ok);
		assert_string_equal(broken.verdict->reason, "system");
		for (int i = 0; i < PKG_VERIFY_CHECK_COUNT; i++)
			assert_int_not_equal(
			    verify_box_state(&broken,
					     (enum pkg_verify_check_id)i),
			    PKG_VERIFY_FAILED);
	}
	sealed_fini(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_yes),
	    cmocka_unit_test(test_not_checked_without_a_key),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_no_trust_is_no),
	    cmocka_unit_test(test_draft_is_no),
	    cmocka_unit_test(test_unsigned),
	    cmocka_unit_test(test_nothing_is_decrypted_for_a_stranger),
	    cmocka_unit_test(test_another_recipient),
	    cmocka_unit_test(test_demands),
	    cmocka_unit_test(test_no_clock_is_said),
	    cmocka_unit_test(test_plan_and_blobs_fit_together),
	    cmocka_unit_test(test_stage_comes_before_the_payload),
	    cmocka_unit_test(test_read_errors),
	};

	return cmocka_run_group_tests_name("verify", tests, verify_box_start,
					   verify_box_stop);
}
