/* SPDX-License-Identifier: Apache-2.0 */
/* Trust policies and device configs, and what they say to a claim. */
#include "schema_file.h"
#include "trust_box.h"

#include "packline/approval_policy.h"
#include "packline/cms.h"
#include "packline/state.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- reading a policy -- */

static void test_policy_is_read(void **state)
{
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded,
			 POLICY PINS "  tenants: [acme]\n"
				     "  deviceConfigs: [ecu-a]\n"
				     "  suites: [packline-1]\n"
				     "  time: at=2026-12-01T02:00:00Z\n"
				     "  allowUnsigned: true\n"
				     "  minSequence: 7\n");
	assert_int_equal(loaded.code, PKG_OK);
	assert_int_equal(loaded.diag.count, 0);
	assert_true(pkg_trust_allows_unsigned(loaded.trust));
	assert_int_equal(
	    pkg_trust_clock(loaded.trust, &(struct pkg_trust_demands){0}).at,
	    1796090400);
}

/* What must not be believed, or must not be passed over, and where it says. */
static const struct {
	const char *text, *rule;
	unsigned line;
} refused[] = {
    {"packline: 1\n", "missing-key", 1},
    {"packline: 2\ntrust: {signers: {pins: [" PIN "]}}\n", "out-of-range", 1},
    {"packline: 1\ntrust: {}\n", "trusts-nobody", 2},
    {"packline: 1\ntrust:\n  allowUnsigned: false\n", "trusts-nobody", 3},
    {POLICY, "trusts-nobody", 3},
    {POLICY "  allowUnsigned: true\n", "trusts-nobody", 3},
    {POLICY "  signers: {pins: []}\n", "too-short", 4},
    {POLICY "  signers: {threshold: 1}\n", "missing-key", 4},
    {POLICY "  signers:\n", "wrong-type", 4},
    {POLICY "  signers: {threshold: 0, pins: [" PIN "]}\n", "out-of-range", 4},
    {POLICY "  signers: {threshold: 2, pins: [" PIN "]}\n",
     "threshold-too-high", 4},
    {POLICY "  signers: {threshold: 2, pins: [" PIN ", " PIN2 "]}\n",
     "threshold-too-high", 4},
    {POLICY "  signers: {pins: [{id: a, spki: 'sha256:@1'},\n"
	    "    {id: b, spki: 'sha256:@1'}]}\n",
     "duplicate-pin", 5},
    {POLICY "  signers: {pins: [{id: a, spki: 'sha256:@1'},\n"
	    "    {id: A, spki: 'sha256:@2'}]}\n",
     "duplicate-pin", 5},
    {POLICY "  signers: {pins: [{id: a, spki: 'sha256:ABC'}]}\n", "wrong-form",
     4},
    {POLICY "  signers: {pins: [{id: a, spki: 'SHA256:@1'}]}\n", "wrong-form",
     4},
    {POLICY PINS "  tenants: []\n", "too-short", 5},
    {POLICY PINS "  tenants:\n", "wrong-type", 5},
    {POLICY PINS "  tenants: [a/b]\n", "wrong-form", 5},
    {POLICY PINS "  deviceConfigs: []\n", "too-short", 5},
    {POLICY PINS "  deviceConfigs: ~\n", "wrong-type", 5},
    {POLICY PINS "  suites: [packline-2]\n", "wrong-value", 5},
    {POLICY PINS "  suites: []\n", "too-short", 5},
    {POLICY PINS "  tenant: [acme]\n", "unknown-key", 5},
    {POLICY PINS "  allowUnsigned: maybe\n", "wrong-type", 5},
    {POLICY PINS "  minSequence: -1\n", "out-of-range", 5},
    {POLICY PINS "  time: at=yesterday\n", "wrong-form", 5},
    {POLICY PINS "  time: never\n", "wrong-form", 5},
    {POLICY PINS "  time: tsa\n", "tsa-missing", 5},
    {POLICY PINS "  approvals: []\n", "too-short", 5},
    {POLICY PINS "  crls: [ca.pem]\n", "bad-crl", 5},
    {POLICY PINS "  crlMaxAge: 30\n", "wrong-form", 5},
    {POLICY PINS "  crlMaxAge: 30y\n", "wrong-form", 5},
    {POLICY PINS "  crlMaxAge: 0d\n", "wrong-form", 5},
    {"packline: 1\ntrust:\n" PINS "  crls: [ca.pem]\n", "crls-without-roots",
     4},
    {"packline: 1\ntrust:\n" PINS "  roots: []\n", "too-short", 4},
    {"packline: 1\ntrust:\n" PINS "  roots: [trust.yaml]\n", "bad-root", 4},
    {"packline: 1\ntrust:\n" PINS "  roots: [leaf.pem]\n", "bad-root", 4},
};

static void test_policy_is_refused(void **state)
{
	struct pki_bytes pem = pki_cert_pem(&pki.signer);

	(void)state;
	(void)pki_file("leaf.pem", pem.data, pem.len);
	free(pem.data);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		PKG_AUTO_FINI(trust_box)
		struct trust_box loaded;

		trust_box_policy(&loaded, refused[i].text);
		if (loaded.code != PKG_INPUT || loaded.diag.first == NULL)
			fail_msg("%s: %d %s", refused[i].text, loaded.code,
				 loaded.err.text);
		assert_null(loaded.trust);
		assert_string_equal(loaded.err.reason, "config");
		assert_string_equal(loaded.diag.first->rule, refused[i].rule);
		assert_int_equal(loaded.diag.first->line, refused[i].line);
	}
}

static void test_no_trust_in_files_that_hold_none(void **state)
{
	static const struct {
		const char *text;
		enum pkg_code code;
	} files[] = {
	    {"", PKG_INPUT},
	    {"\n", PKG_INPUT},
	    {"just words\n", PKG_INPUT},
	    {"packline: [\n", PKG_INPUT},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	     PKG_INPUT},
	    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	     PKG_INPUT},
	    {"0\x82\x01", PKG_INPUT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		PKG_AUTO_FINI(trust_box)
		struct trust_box loaded;

		trust_box_bytes(&loaded, files[i].text, strlen(files[i].text));
		assert_int_equal(loaded.code, files[i].code);
		assert_null(loaded.trust);
	}
}

static void test_missing_root_is_an_error(void **state)
{
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, "packline: 1\ntrust:\n" PINS
				  "  roots: [missing.pem]\n");
	assert_int_equal(loaded.code, PKG_SYSTEM);
	assert_int_equal(loaded.err.line, 4);
	assert_null(loaded.trust);
}

static void test_one_certificate_is_a_trust(void **state)
{
	struct pki_bytes ca = pki_cert_pem(&pki.ca);
	struct pki_bytes leaf = pki_cert_pem(&pki.signer);
	char both[16384];
	struct trust_box loaded;

	(void)state;
	trust_box_bytes(&loaded, ca.data, ca.len);
	assert_int_equal(loaded.code, PKG_OK);
	trust_box_fini(&loaded);
	trust_box_bytes(&loaded, leaf.data, leaf.len);
	assert_int_equal(loaded.code, PKG_OK);
	trust_box_fini(&loaded);
	(void)snprintf(both, sizeof(both), "%.*s%.*s", (int)ca.len,
		       (const char *)ca.data, (int)leaf.len,
		       (const char *)leaf.data);
	trust_box_bytes(&loaded, both, strlen(both));
	assert_int_equal(loaded.code, PKG_INPUT);
	trust_box_fini(&loaded);
	free(ca.data);
	free(leaf.data);
}

/* -- claims of a manifest -- */

static const char sha_a[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static void ask(const struct pkg_trust *trust,
		const struct pkg_trust_question *question,
		enum pkg_answer answer, const char *reason)
{
	const struct pkg_env env = trust_box_env();
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_answer given = PKG_ANSWER_SKIPPED;
	const enum pkg_code code =
	    pkg_trust_ask(trust, &env, question, &given, &err);

	if (reason == NULL) {
		assert_ok(code);
	} else {
		assert_int_not_equal(code, PKG_OK);
		assert_string_equal(err.reason, reason);
	}
	assert_int_equal(given, answer);
}

#define ASK(q, ...)                                                            \
	&(struct pkg_trust_question)                                           \
	{                                                                      \
		.about = (q), .claims = &claims,                               \
		.demands = &(struct pkg_trust_demands)                         \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

static void test_tenant_and_device(void **state)
{
	const struct pkg_trust_claims claims = {.tenant = "acme",
						.device_config = "ecu-a",
						.device_config_sha256 = sha_a};
	const struct pkg_trust_claims none = {.tenant = "acme"};
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY PINS "  tenants: [acme, b]\n"
					      "  deviceConfigs: [ecu-a]\n");
	ask(NULL, ASK(PKG_ASK_TENANT, 0), PKG_ANSWER_SKIPPED, NULL);
	ask(NULL, ASK(PKG_ASK_TENANT, .tenant = "acme"), PKG_ANSWER_YES, NULL);
	ask(NULL, ASK(PKG_ASK_TENANT, .tenant = "Acme"), PKG_ANSWER_NO,
	    "wrong-tenant");
	ask(loaded.trust, ASK(PKG_ASK_TENANT, 0), PKG_ANSWER_YES, NULL);
	/* Command line and policy both hold. */
	ask(loaded.trust, ASK(PKG_ASK_TENANT, .tenant = "b"), PKG_ANSWER_NO,
	    "wrong-tenant");
	ask(NULL, ASK(PKG_ASK_DEVICE_CONFIG, 0), PKG_ANSWER_SKIPPED, NULL);
	ask(loaded.trust,
	    ASK(PKG_ASK_DEVICE_CONFIG, .device_config_sha256 = sha_a),
	    PKG_ANSWER_YES, NULL);
	ask(loaded.trust,
	    ASK(PKG_ASK_DEVICE_CONFIG, .device_config = "ecu-a",
		.device_config_sha256 = sha_b),
	    PKG_ANSWER_NO, "wrong-device-config");
	ask(NULL, ASK(PKG_ASK_DEVICE_CONFIG, .device_config = "ecu-b"),
	    PKG_ANSWER_NO, "wrong-device-config");
	/* A container for no device is not for this one. */
	ask(loaded.trust,
	    &(struct pkg_trust_question){.about = PKG_ASK_DEVICE_CONFIG,
					 .claims = &none,
					 .demands =
					     &(struct pkg_trust_demands){0}},
	    PKG_ANSWER_NO, "wrong-device-config");
}

static void test_policy_refuses_other_tenants(void **state)
{
	const struct pkg_trust_claims claims = {.tenant = "evil",
						.device_config = "ecu-b"};
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY PINS "  tenants: [acme]\n"
					      "  deviceConfigs: [ecu-a]\n");
	ask(loaded.trust, ASK(PKG_ASK_TENANT, 0), PKG_ANSWER_NO,
	    "wrong-tenant");
	ask(loaded.trust, ASK(PKG_ASK_TENANT, .tenant = "evil"), PKG_ANSWER_NO,
	    "wrong-tenant");
	ask(loaded.trust, ASK(PKG_ASK_DEVICE_CONFIG, .device_config = "ecu-b"),
	    PKG_ANSWER_NO, "wrong-device-config");
}

static void test_sequence(void **state)
{
	struct pkg_trust_claims claims = {.has_sequence = true, .sequence = 7};
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY PINS "  minSequence: 7\n");
	ask(NULL, ASK(PKG_ASK_SEQUENCE, 0), PKG_ANSWER_SKIPPED, NULL);
	ask(loaded.trust, ASK(PKG_ASK_SEQUENCE, 0), PKG_ANSWER_YES, NULL);
	ask(loaded.trust,
	    ASK(PKG_ASK_SEQUENCE, .has_min_sequence = true, .min_sequence = 6),
	    PKG_ANSWER_YES, NULL);
	ask(loaded.trust,
	    ASK(PKG_ASK_SEQUENCE, .has_min_sequence = true, .min_sequence = 8),
	    PKG_ANSWER_NO, "sequence-too-low");
	claims.sequence = 6;
	ask(loaded.trust,
	    ASK(PKG_ASK_SEQUENCE, .has_min_sequence = true, .min_sequence = 6),
	    PKG_ANSWER_NO, "sequence-too-low");
	claims.has_sequence = false;
	ask(NULL,
	    ASK(PKG_ASK_SEQUENCE, .has_min_sequence = true, .min_sequence = 0),
	    PKG_ANSWER_NO, "sequence-too-low");
}

static void test_expiry(void **state)
{
	struct pkg_trust_claims claims = {.expires = "2027-01-15T08:00:00Z"};
	struct pkg_trust_question question = {
	    .about = PKG_ASK_EXPIRY,
	    .claims = &claims,
	    .demands = &(struct pkg_trust_demands){0}};

	(void)state; /* the clock of the tests says exactly that */
	ask(NULL, &question, PKG_ANSWER_NO, "expired");
	question.clock =
	    (struct pkg_clock){.mode = PKG_CLOCK_AT, .at = PKI_NOW - 1};
	ask(NULL, &question, PKG_ANSWER_YES, NULL);
	question.clock = (struct pkg_clock){.mode = PKG_CLOCK_NONE};
	ask(NULL, &question, PKG_ANSWER_SKIPPED, NULL);
	claims.expires = NULL;
	ask(NULL, &question, PKG_ANSWER_YES, NULL);
}

static void test_clock_words(void **state)
{
	struct pkg_clock clock;

	(void)state;
	assert_true(pkg_clock_parse(&clock, "system"));
	assert_int_equal(clock.mode, PKG_CLOCK_SYSTEM);
	assert_true(pkg_clock_parse(&clock, "none"));
	assert_int_equal(clock.mode, PKG_CLOCK_NONE);
	assert_true(pkg_clock_parse(&clock, "at=1970-01-01T01:00:00+01:00"));
	assert_int_equal(clock.mode, PKG_CLOCK_AT);
	assert_int_equal(clock.at, 0);
	assert_false(pkg_clock_parse(&clock, ""));
	assert_false(pkg_clock_parse(&clock, "at="));
	assert_false(pkg_clock_parse(&clock, "at=1970-01-01"));
	assert_false(pkg_clock_parse(&clock, "None"));
	assert_true(pkg_clock_parse(&clock, "tsa"));
	assert_int_equal(clock.mode, PKG_CLOCK_TSA);
	assert_false(pkg_clock_parse(&clock, "tsa="));
}

/* -- device configs -- */

static void load_config(struct trust_box *loaded, const char *text)
{
	const char *path = pki_file("device.yaml", text, strlen(text));

	trust_box_start(loaded);
	loaded->code =
	    pkg_device_config_load(&loaded->config, pki.crypto, &loaded->diag,
				   AT_FDCWD, path, &loaded->err);
}

#define CONFIG "packline: 1\ndeviceConfig: ecu-a\ntenant: acme\n"

static void test_device_config_is_read(void **state)
{
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;
	const struct pkg_device_config *config = NULL;
	char expected[128];

	(void)state;
	load_config(&loaded,
		    CONFIG "kind: sealed\nsuite: packline-1\n"
			   "recipients: [ecu-a.pem, /etc/b.pem]\n"
			   "signing: {key: 'pkcs11:token=acme', cert: -c.pem}\n"
			   "acl: {use: [build, alice], sign: [carol]}\n");
	assert_int_equal(loaded.code, PKG_OK);
	config = loaded.config;
	assert_string_equal(config->id, "ecu-a");
	assert_string_equal(config->tenant, "acme");
	assert_int_equal(config->kind, PKG_CONTAINER_SEALED);
	assert_string_equal(config->suite, "packline-1");
	assert_int_equal(config->recipients.count, 2);
	(void)snprintf(expected, sizeof(expected), "%s/ecu-a.pem", pki.folder);
	assert_string_equal(config->recipients.items[0], expected);
	assert_string_equal(config->recipients.items[1], "/etc/b.pem");
	assert_string_equal(config->signing_key, "pkcs11:token=acme");
	(void)snprintf(expected, sizeof(expected), "%s/-c.pem", pki.folder);
	assert_string_equal(config->signing_cert, expected);
	assert_true(config->acl.has_use && config->acl.has_sign);
	assert_int_equal(config->acl.use.count, 2);
	assert_false(config->acl.has_approve);
	assert_string_equal(config->acl.sign.items[0], "carol");
}

/* The digest is over the bytes: a comment makes another config. */
static void test_device_config_digest(void **state)
{
	struct trust_box a, b;

	(void)state;
	load_config(&a, CONFIG "kind: signed\n");
	load_config(&b, CONFIG "kind: signed\n# x\n");
	/* printf '...' | sha256sum */
	assert_string_equal(
	    a.config->sha256,
	    "3750343e94a69629b175e2c2f7d1fffd5c9c5f4b5d656fb6ca6469e099fd98bd");
	assert_string_not_equal(a.config->sha256, b.config->sha256);
	trust_box_fini(&a);
	trust_box_fini(&b);
}

static void test_device_config_is_refused(void **state)
{
	static const struct {
		const char *text, *rule;
		unsigned line;
	} cases[] = {
	    {"packline: 1\n", "missing-key", 1},
	    {CONFIG "kind: sealed\n", "missing-key", 1},
	    {CONFIG "kind: encrypted\n", "missing-key", 1},
	    {CONFIG "kind: signed\nrecipients: [a.pem]\n", "conflicting-keys",
	     5},
	    {CONFIG "kind: sealed\nrecipients: []\n", "too-short", 5},
	    {CONFIG "kind: Signed\n", "wrong-value", 4},
	    {CONFIG "kind: signed\nsuite: packline-0\n", "wrong-value", 5},
	    {CONFIG "kind: signed\nsigned: yes\n", "unknown-key", 5},
	    {CONFIG "kind: signed\nsigning: {key: a.pem}\n", "missing-key", 5},
	    {CONFIG "kind: sealed\nrecipients: [\"kek:\"]\n", "wrong-form", 5},
	    {CONFIG "kind: sealed\nrecipients: [\"kek:site=\"]\n", "wrong-form",
	     5},
	    {CONFIG "kind: sealed\nrecipients: [\"password:secret\"]\n",
	     "wrong-form", 5},
	    {"packline: 1\ndeviceConfig: CON\ntenant: acme\nkind: signed\n",
	     "wrong-form", 2},
	    {"packline: 1\ndeviceConfig: ../a\ntenant: acme\nkind: signed\n",
	     "wrong-form", 2},
	    {"packline: 1\ndeviceConfig: a\ntenant: acme.\nkind: signed\n",
	     "wrong-form", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PKG_AUTO_FINI(trust_box)
		struct trust_box loaded;

		load_config(&loaded, cases[i].text);
		if (loaded.code != PKG_INPUT || loaded.diag.first == NULL)
			fail_msg("%s: %d %s", cases[i].text, (int)loaded.code,
				 loaded.err.text);
		assert_null(loaded.config);
		assert_string_equal(loaded.diag.first->rule, cases[i].rule);
		assert_int_equal(loaded.diag.first->line, cases[i].line);
	}
}

static void test_schemas(void **state)
{
	(void)state;
	schema_file_matches("trust-policy", pkg_trust_schema);
	schema_file_matches("device-config", pkg_device_config_schema);
	schema_file_matches("approval-policy", pkg_approval_policy_schema);
	schema_file_matches("state", pkg_state_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_policy_is_read),
	    cmocka_unit_test(test_policy_is_refused),
	    cmocka_unit_test(test_no_trust_in_files_that_hold_none),
	    cmocka_unit_test(test_missing_root_is_an_error),
	    cmocka_unit_test(test_one_certificate_is_a_trust),
	    cmocka_unit_test(test_tenant_and_device),
	    cmocka_unit_test(test_policy_refuses_other_tenants),
	    cmocka_unit_test(test_sequence),
	    cmocka_unit_test(test_expiry),
	    cmocka_unit_test(test_clock_words),
	    cmocka_unit_test(test_device_config_is_read),
	    cmocka_unit_test(test_device_config_digest),
	    cmocka_unit_test(test_device_config_is_refused),
	    cmocka_unit_test(test_schemas),
	};

	return cmocka_run_group_tests_name("trust", tests, pki_start, pki_stop);
}
