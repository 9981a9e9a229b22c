/* SPDX-License-Identifier: Apache-2.0 */
/* Approvals by the clock of time stamps: those of signatures do not cover them.
 */
#include "sign_tsa.h"
#include "trust_box.h"

#include "packline/approval_policy.h"
#include "packline/cms.h"
#include "packline/text.h"

#include <string.h>

#define DAY INT64_C(86400)
#define TSA "  time: tsa\n  tsa: {roots: [ca.pem]}\n"
#define ID  "00000000-0000-8000-8000-000000000000"

/*
 * An officer approves a request, and somebody signs it at PKI_NOW, as a stamp
 * shows.  All zero: the officer's certificate is good, and his approval is
 * issued then and looked at 1,000 days later.
 */
struct approved {
	const struct pki_cert *officer; /* NULL = pki.signer */
	const struct tsa *stamp; /* of the approval itself; NULL = none */
	int64_t issued, expires; /* after PKI_NOW; expires 0 = never */
	int64_t now;             /* after PKI_NOW; 0 = 1,000 days */
	bool by_clock;           /* --time system */
	const char *reason;      /* NULL = it counts */
};

static const uint8_t digest[32] = {1, 2, 3};

static void write_approval(struct pkg_buf *json, const struct approved *one)
{
	char issued[21], expires[21];
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_approval approval = {
	    .decision = PKG_DECISION_APPROVED,
	    .reason = "tested",
	    .request_id = ID,
	    .tenant = "acme",
	    .officer_id = "alice",
	    .officer_role = "product",
	    .issued = issued,
	};

	memcpy(approval.request_sha256, digest, 32);
	memcpy(approval.policy_sha256, digest, 32);
	assert_true(pkg_time_format(issued, PKI_NOW + one->issued));
	if (one->expires != 0) {
		assert_true(pkg_time_format(expires, PKI_NOW + one->expires));
		approval.expires = expires;
	}
	assert_ok(pkg_approval_encode(json, &approval, &err));
}

static void sign(struct pkg_buf *der, const struct pkg_buf *json,
		 const struct approved *one)
{
	const struct pki_cert *cert =
	    one->officer == NULL ? &pki.signer : one->officer;
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(cert->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_cms_sign_options options = {.key = key,
						     .certs = certs,
						     .content_type =
							 PKG_OID_APPROVAL,
						     .signing_time = PKI_NOW};

	assert_ok(pkg_cms_sign(der, json->data, json->len, &options, &err));
	if (one->stamp != NULL)
		tsa_stamp(der, one->stamp);
}

/* The policy asks for one officer, who has the key of pki.signer. */
static void judge(const struct approved *one)
{
	PKG_AUTO_FINI(trust_box) struct trust_box loaded;
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf json = {.max = 8192};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	struct pkg_officer officer = {.id = "alice", .role = "product"};
	struct pkg_approval_policy policy = {.path = "release.yaml",
					     .required = 1,
					     .officers = &officer,
					     .officer_count = 1};
	const struct pkg_approval_subject subject = {.request_sha256 = digest,
						     .request_id = ID,
						     .tenant = "acme",
						     .policy_sha256 = digest};
	struct pkg_container_approval file;
	struct pkg_approval_set set = {
	    .items = &file, .count = 1, .subject = &subject};
	struct pkg_env env = trust_box_env();
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_approvals out;
	enum pkg_code code = PKG_OK;

	trust_box_policy(&loaded, POLICY PINS TSA);
	assert_int_equal(loaded.code, PKG_OK);
	memcpy(policy.sha256, digest, 32);
	memcpy(officer.spki, pkg_certs_info(certs, 0)->spki, 32);
	write_approval(&json, one);
	sign(&der, &json, one);
	file.json = (struct pkg_container_bytes){json.data, json.len};
	file.p7s = (struct pkg_container_bytes){der.data, der.len};
	set.trust = loaded.trust;
	set.clock.mode = one->by_clock ? PKG_CLOCK_SYSTEM : PKG_CLOCK_TSA;
	set.clock.at = one->by_clock ? 0 : PKI_NOW;
	env.fixed_now = PKI_NOW + (one->now == 0 ? 1000 * DAY : one->now);
	code =
	    pkg_approvals_judge(&policy, &env, &set, &out, loaded.arena, &err);
	if (one->reason == NULL) {
		assert_ok(code);
		assert_int_equal(out.count, 1);
		return;
	}
	assert_int_equal(code, PKG_NO);
	assert_string_equal(err.reason, one->reason);
}

/* A certificate of the officer's key, until a given time. */
static struct pki_cert until(int64_t not_after)
{
	return pki_cert(&(struct pki_spec){
	    .name = "alice",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	    .not_after = PKI_NOW + not_after,
	});
}

/* Was it made with the key before that was thrown away, or after?  Nobody
   knows, so it does not count. */
static void test_officer_whose_certificate_has_expired(void **state)
{
	struct pki_cert old = until(10);

	(void)state;
	judge(&(struct approved){.officer = &old, .now = 9});
	judge(&(struct approved){
	    .officer = &old, .now = 11, .reason = "certificate-expired"});
	judge(&(struct approved){.officer = &old,
				 .by_clock = true,
				 .reason = "certificate-expired"});
	pki_cert_free(&old);
}

static void test_approval_with_a_stamp_of_its_own(void **state)
{
	struct pki_cert old = until(10);
	const struct tsa then = {.time = PKI_NOW};
	const struct tsa later = {.time = PKI_NOW + 11};
	const struct tsa vague = {.time = PKI_NOW, .seconds = 10};

	(void)state;
	judge(&(struct approved){.officer = &old, .stamp = &then});
	judge(&(struct approved){
	    .officer = &old, .stamp = &later, .reason = "certificate-expired"});
	judge(&(struct approved){
	    .officer = &old, .stamp = &vague, .reason = "certificate-expired"});
	/* By another clock the stamp does not count. */
	judge(&(struct approved){.officer = &old,
				 .stamp = &then,
				 .by_clock = true,
				 .reason = "certificate-expired"});
	pki_cert_free(&old);
}

static void test_stamp_of_whom_nobody_knows(void **state)
{
	struct pki_cert other = pki_cert(&(struct pki_spec){
	    .name = "other",
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"}});
	struct pki_cert stranger = tsa_cert("critical,timeStamping", &other, 0);
	const struct tsa tsa = {.cert = &stranger};

	(void)state;
	judge(
	    &(struct approved){.stamp = &tsa, .reason = "timestamp-untrusted"});
	pki_cert_free(&other);
	pki_cert_free(&stranger);
}

/* Its dates say until when somebody may sign on its word; and the stamp of the
   signature shows when he did. */
static void test_dates_of_the_approval(void **state)
{
	(void)state;
	judge(&(struct approved){.issued = -DAY, .expires = 1});
	judge(&(struct approved){
	    .issued = -DAY, .expires = -1, .reason = "approval-expired"});
	judge(&(struct approved){.issued = DAY, .reason = "approval-expired"});
	judge(&(struct approved){.issued = -DAY,
				 .expires = 1,
				 .by_clock = true,
				 .reason = "approval-expired"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_officer_whose_certificate_has_expired),
	    cmocka_unit_test(test_approval_with_a_stamp_of_its_own),
	    cmocka_unit_test(test_stamp_of_whom_nobody_knows),
	    cmocka_unit_test(test_dates_of_the_approval),
	};

	return cmocka_run_group_tests(tests, tsa_start, tsa_stop);
}
