/* SPDX-License-Identifier: Apache-2.0 */
/* time: tsa: signatures are judged at the time of their stamps. */
#include "sign_tsa.h"
#include "trust_box.h"

#include "packline/cms.h"
#include "packline/timestamp.h"

#include <stdlib.h>
#include <string.h>

static const char content[] = "{\"type\":\"manifest\"}";

#define TSA "  time: tsa\n  tsa: {roots: [ca.pem]}\n"

/* One case; all zero is a good signature, stamped when it was made. */
struct stamped {
	const struct pki_cert *signer; /* NULL = pki.signer */
	struct tsa tsa;
	bool without;       /* it has no stamp */
	int64_t now;        /* 0 = PKI_NOW + 1,000 days */
	const char *text;   /* policy; NULL = POLICY PINS TSA */
	bool by_clock;      /* --time system, whatever the policy says */
	const char *reason; /* NULL = accepted */
};

static void sign(struct pkg_buf *der, const struct pki_cert *cert)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(cert->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_cms_sign_options options = {.key = key,
						     .certs = certs,
						     .content_type =
							 PKG_OID_MANIFEST,
						     .signing_time = PKI_NOW};

	assert_ok(pkg_cms_sign(der, content, strlen(content), &options, &err));
}

static void judge(const struct stamped *one)
{
	PKG_AUTO_FINI(trust_box) struct trust_box loaded;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	struct pkg_env env = trust_box_env();
	struct pkg_signature_file file = {.name = "sig"};
	struct pkg_signature_set set = {.content = (const uint8_t *)content,
					.content_len = strlen(content),
					.files = &file,
					.count = 1};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_signers signers;
	enum pkg_code code = PKG_OK;

	trust_box_policy(&loaded,
			 one->text == NULL ? POLICY PINS TSA : one->text);
	assert_int_equal(loaded.code, PKG_OK);
	sign(&der, one->signer == NULL ? &pki.signer : one->signer);
	if (!one->without)
		tsa_stamp(&der, &one->tsa);
	env.fixed_now =
	    one->now == 0 ? PKI_NOW + INT64_C(1000) * 86400 : one->now;
	file.der = der.data;
	file.len = der.len;
	set.clock = pkg_trust_clock(
	    loaded.trust,
	    &(struct pkg_trust_demands){.has_clock = one->by_clock});
	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	code = pkg_trust_signatures(loaded.trust, &env, &set, &signers, arena,
				    &err);
	if (one->reason == NULL) {
		assert_ok(code);
		assert_int_equal(signers.stamp, one->by_clock ? 0
						: one->tsa.time == 0
						    ? PKI_NOW
						    : one->tsa.time);
		return;
	}
	assert_int_equal(code, PKG_NO);
	assert_string_equal(err.reason, one->reason);
}

/* A certificate of the pinned key, until a given time. */
static struct pki_cert until(int64_t not_after)
{
	return pki_cert(&(struct pki_spec){
	    .name = "signer",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	    .not_after = not_after,
	});
}

static void test_expired_now_and_valid_then(void **state)
{
	struct pki_cert old = until(PKI_NOW + 10);

	(void)state;
	judge(&(struct stamped){.signer = &old});
	judge(&(struct stamped){
	    .signer = &old, .by_clock = true, .reason = "certificate-expired"});
	judge(&(struct stamped){
	    .signer = &old, .by_clock = true, .now = PKI_NOW + 9});
	pki_cert_free(&old);
}

static void test_expired_when_it_was_stamped(void **state)
{
	struct pki_cert old = until(PKI_NOW - 1);

	(void)state;
	judge(
	    &(struct stamped){.signer = &old, .reason = "certificate-expired"});
	/* By its accuracy the signature may have been made too late. */
	pki_cert_free(&old);
	old = until(PKI_NOW + 10);
	judge(&(struct stamped){.signer = &old, .tsa.seconds = 9});
	judge(&(struct stamped){.signer = &old,
				.tsa.seconds = 10,
				.reason = "certificate-expired"});
	pki_cert_free(&old);
}

static void test_without_a_stamp(void **state)
{
	(void)state;
	judge(
	    &(struct stamped){.without = true, .reason = "timestamp-missing"});
	judge(&(struct stamped){
	    .without = true, .by_clock = true, .now = PKI_NOW});
}

static void test_of_whom_nobody_knows(void **state)
{
	struct pki_cert other = pki_cert(&(struct pki_spec){
	    .name = "other",
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"}});
	struct pki_cert stranger = tsa_cert("critical,timeStamping", &other, 0);

	(void)state;
	judge(&(struct stamped){.tsa.cert = &stranger,
				.reason = "timestamp-untrusted"});
	pki_cert_free(&other);
	pki_cert_free(&stranger);
}

static void test_pinned_authorities_and_policies(void **state)
{
	(void)state;
	/* tsa_good has the key of pki.signer, @1. */
	judge(&(struct stamped){.text = POLICY PINS
				"  time: tsa\n  tsa: {roots: [ca.pem], "
				"pins: ['sha256:@1'], policy: " TSA_POLICY
				"}\n"});
	judge(&(struct stamped){.text = POLICY PINS
				"  time: tsa\n  tsa: {roots: [ca.pem], "
				"pins: ['sha256:@2']}\n",
				.reason = "timestamp-untrusted"});
	judge(&(struct stamped){.text = POLICY PINS
				"  time: tsa\n  tsa: {roots: [ca.pem], "
				"policy: 1.2.3}\n",
				.reason = "timestamp-untrusted"});
}

/* Who is not trusted at all is told so, stamped or not. */
static void test_a_stranger(void **state)
{
	(void)state;
	judge(&(struct stamped){.signer = &pki.rsa_signer,
				.without = true,
				.reason = "signer-untrusted"});
}

static void test_policies_that_are_wrong(void **state)
{
	static const char *const wrong[] = {
	    POLICY PINS "  tsa: {}\n",
	    POLICY PINS "  time: tsa\n  tsa: {}\n",
	    POLICY PINS "  tsa: {roots: []}\n",
	    POLICY PINS "  tsa: {roots: [ca.pem], pins: ['sha256:00']}\n",
	    POLICY PINS "  tsa: {roots: [ca.pem], policy: 1.2.x}\n",
	    POLICY PINS "  tsa: {roots: [ca.pem], policy: '9.9.9'}\n",
	    POLICY PINS "  tsa: {roots: [ca.pem], more: 1}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		PKG_AUTO_FINI(trust_box) struct trust_box loaded;

		trust_box_policy(&loaded, wrong[i]);
		assert_int_equal(loaded.code, PKG_INPUT);
	}
}

/* `expires` goes by the clock, or by the stamp if that is later. */
static void test_expiry(void **state)
{
	static const struct pkg_trust_demands none;
	static const struct pkg_trust_claims claims = {
	    .expires = "2027-01-15T08:00:00Z"}; /* PKI_NOW */
	const struct {
		int64_t now, stamp;
		enum pkg_answer answer;
	} cases[] = {
	    {PKI_NOW - 1, PKI_NOW - 1000, PKG_ANSWER_YES},
	    {PKI_NOW, PKI_NOW - 1000, PKG_ANSWER_NO},
	    {0, PKI_NOW - 1, PKG_ANSWER_YES},
	    {0, PKI_NOW, PKG_ANSWER_NO},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pkg_env env = trust_box_env();
		struct pkg_err err = PKG_ERR_INIT;
		enum pkg_answer answer;

		env.fixed_now = cases[i].now;
		(void)!pkg_trust_ask(
		    NULL, &env,
		    &(struct pkg_trust_question){
			.about = PKG_ASK_EXPIRY,
			.claims = &claims,
			.demands = &none,
			.clock = {PKG_CLOCK_TSA, cases[i].stamp}},
		    &answer, &err);
		assert_int_equal(answer, cases[i].answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_expired_now_and_valid_then),
	    cmocka_unit_test(test_expired_when_it_was_stamped),
	    cmocka_unit_test(test_without_a_stamp),
	    cmocka_unit_test(test_of_whom_nobody_knows),
	    cmocka_unit_test(test_pinned_authorities_and_policies),
	    cmocka_unit_test(test_a_stranger),
	    cmocka_unit_test(test_policies_that_are_wrong),
	    cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, tsa_start, tsa_stop);
}
