/* SPDX-License-Identifier: Apache-2.0 */
/* Longer than 500 lines: one scene serves every case. */
#include "sign_tsa.h"

#include "packline/cms.h"
#include "packline/timestamp.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20 };

/* A signature, and all that is needed to have it stamped. */
struct scene {
	struct pkg_buf der;
	struct pkg_cms *cms;
	struct pkg_buf query;
	struct pkg_certs *anchors;
	struct pkg_timestamp_rules rules;
	struct pkg_buf stamped; /* the last result of add() */
	struct pkg_timestamp stamp;
	uint8_t digest[64]; /* of the signature's value: SHA-256 */
};

static void take_digest(struct scene *s)
{
	const unsigned char *at = s->der.data;
	CMS_ContentInfo *ci = d2i_CMS_ContentInfo(NULL, &at, (long)s->der.len);
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(ci), 0));

	(void)SHA256(value->data, (size_t)value->length, s->digest);
	CMS_ContentInfo_free(ci);
}

static void scene_start(struct scene *s, const char *content)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p256);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_cms_sign_options options = {.key = key,
						     .certs = certs,
						     .content_type =
							 PKG_OID_MANIFEST,
						     .signing_time = PKI_NOW};

	*s = (struct scene){
	    .der.max = MAX, .query.max = MAX, .stamped.max = MAX};
	assert_ok(
	    pkg_cms_sign(&s->der, content, strlen(content), &options, &err));
	assert_ok(
	    pkg_cms_parse(&s->cms, pki.crypto, s->der.data, s->der.len, &err));
	s->anchors = pki_one(&pki.ca);
	s->rules.anchors = s->anchors;
	take_digest(s);
}

static void scene_stop(struct scene *s)
{
	pkg_buf_fini(&s->der);
	pkg_buf_fini(&s->query);
	pkg_buf_fini(&s->stamped);
	pkg_cms_free(s->cms);
	pkg_certs_free(s->anchors);
}

static void ask(struct scene *s, struct pkg_timestamp_ask words)
{
	struct pkg_err err = PKG_ERR_INIT;

	pkg_buf_clear(&s->query);
	assert_ok(pkg_timestamp_query(&s->query, s->cms, &words, &err));
}

/* Add a reply, and release it. */
static enum pkg_code add(struct scene *s, struct pki_bytes reply,
			 struct pkg_err *err)
{
	const struct pkg_timestamp_reply from = {reply.data, reply.len};
	enum pkg_code code = PKG_OK;

	pkg_buf_clear(&s->stamped);
	*err = PKG_ERR_INIT;
	code = pkg_timestamp_add(&s->stamped, s->cms, &from, &s->rules,
				 &s->stamp, err);
	assert_true(code == PKG_OK || s->stamped.len == 0);
	free(reply.data);
	return code;
}

static void expect(struct scene *s, struct pki_bytes reply, const char *reason,
		   const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(add(s, reply, &err), PKG_NO);
	assert_string_equal(err.reason, reason);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in '%s'", text, err.text);
}

static struct pki_bytes reply_of(struct scene *s, struct tsa tsa)
{
	return tsa_reply(&tsa, s->query.data, s->query.len);
}

/* The reply of an authority that says what it is told to. */
static struct pki_bytes forge(const struct scene *s, struct tsa_info info,
			      const struct tsa_wrap *wrap)
{
	if (info.digest_len == 0)
		info.digest_len = 32;
	info.digest = s->digest;
	return tsa_forge(&info, wrap);
}

static void test_a_stamped_signature(void **state)
{
	static const unsigned bits[] = {0, 256, 384, 512};
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	for (size_t i = 0; i < 4; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		PKG_AUTO(pkg_certs) struct pkg_certs *ca = pki_one(&pki.ca);
		struct pkg_timestamp again;

		ask(&s, (struct pkg_timestamp_ask){.digest_bits = bits[i],
						   .nonce = i % 2 != 0});
		s.rules.query = s.query.data;
		s.rules.query_len = s.query.len;
		assert_ok(
		    add(&s, reply_of(&s, (struct tsa){.seconds = 0}), &err));
		assert_int_equal(s.stamp.time, PKI_NOW);
		assert_string_equal(s.stamp.policy, TSA_POLICY);
		assert_string_equal(s.stamp.tsa.subject, "CN=tsa");
		/* It is the same signature, and it says that it is stamped. */
		assert_ok(pkg_cms_parse(&cms, pki.crypto, s.stamped.data,
					s.stamped.len, &err));
		assert_true(pkg_cms_claim(cms)->has_timestamp);
		assert_ok(pkg_cms_verify(cms, "{}", 2,
					 &(struct pkg_cms_verify_options){
					     .content_type = PKG_OID_MANIFEST,
					     .anchors = ca,
					     .at = PKI_NOW},
					 &err));
		assert_ok(pkg_timestamp_verify(&again, cms, &s.rules, &err));
		assert_int_equal(again.time, PKI_NOW);
	}
	scene_stop(&s);
}

static void test_without_a_stamp(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	assert_int_equal(pkg_timestamp_verify(&s.stamp, s.cms, &s.rules, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "timestamp-missing");
	scene_stop(&s);
}

static void test_a_second_stamp(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	assert_ok(add(&s, reply_of(&s, (struct tsa){0}), &err));
	pkg_cms_free(s.cms);
	assert_ok(pkg_cms_parse(&s.cms, pki.crypto, s.stamped.data,
				s.stamped.len, &err));
	assert_int_equal(add(&s, reply_of(&s, (struct tsa){0}), &err),
			 PKG_USAGE);
	scene_stop(&s);
}

static void test_the_accuracy_widens_the_time(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	assert_ok(add(&s, reply_of(&s, (struct tsa){.seconds = 2, .millis = 1}),
		      &err));
	assert_int_equal(s.stamp.earliest, PKI_NOW - 3);
	assert_int_equal(s.stamp.latest, PKI_NOW + 3);
	assert_ok(add(&s, reply_of(&s, (struct tsa){.seconds = 3600}), &err));
	expect(&s, reply_of(&s, (struct tsa){.seconds = 3601}), "timestamp-bad",
	       "worse than an hour");
	scene_stop(&s);
}

/* Many authorities still name their certificate by SHA-1. */
static void test_the_older_certificate_attribute(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	assert_ok(add(&s, reply_of(&s, (struct tsa){.ess_md = "SHA1"}), &err));
	scene_stop(&s);
}

static void test_of_another_signature(void **state)
{
	struct scene s, other;
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_bytes reply;
	struct pkg_timestamp_reply from;
	bool yes = true;

	(void)state;
	scene_start(&s, "{}");
	scene_start(&other, "{}");
	ask(&other, (struct pkg_timestamp_ask){0});
	reply = reply_of(&other, (struct tsa){0});
	from = (struct pkg_timestamp_reply){reply.data, reply.len};
	assert_ok(pkg_timestamp_is_about(&yes, s.cms, &from, &err));
	assert_false(yes);
	assert_ok(pkg_timestamp_is_about(&yes, other.cms, &from, &err));
	assert_true(yes);
	expect(&s, reply, "timestamp-bad", "another signature");
	scene_stop(&s);
	scene_stop(&other);
}

static void test_of_another_query(void **state)
{
	struct pkg_buf first = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){.nonce = true});
	assert_ok(pkg_buf_add(&first, s.query.data, s.query.len, &err));
	s.rules.query = first.data;
	s.rules.query_len = first.len;
	ask(&s, (struct pkg_timestamp_ask){.nonce = true});
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-bad", "nonce");
	ask(&s, (struct pkg_timestamp_ask){0});
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-bad", "nonce");
	s.rules.query_len -= 1;
	assert_int_equal(add(&s, reply_of(&s, (struct tsa){0}), &err),
			 PKG_INPUT);
	pkg_buf_fini(&first);
	scene_stop(&s);
}

static void test_a_policy_that_is_asked_for(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){.policy = TSA_POLICY});
	s.rules.policy = TSA_POLICY;
	assert_ok(add(&s, reply_of(&s, (struct tsa){0}), &err));
	s.rules.policy = "1.2.3.4.2";
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-untrusted",
	       "policy");
	/* OpenSSL's TSA knows no other policy than its own. */
	s.rules.policy = NULL;
	ask(&s, (struct pkg_timestamp_ask){.policy = "1.2.3.4.2"});
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-refused",
	       "Requested policy is not supported");
	assert_int_equal(
	    pkg_timestamp_query(&s.query, s.cms,
				&(struct pkg_timestamp_ask){.policy = "tsa"},
				&err),
	    PKG_USAGE);
	scene_stop(&s);
}

static void test_certificates_that_are_no_tsa(void **state)
{
	static const char *const usages[] = {
	    "timeStamping", /* not critical */
	    "critical,timeStamping,codeSigning",
	    "critical,codeSigning",
	};
	struct pki_cert other_ca = pki_cert(&(struct pki_spec){
	    .name = "other",
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"}});
	struct pki_cert stranger =
	    tsa_cert("critical,timeStamping", &other_ca, 0);
	struct pki_cert expired =
	    tsa_cert("critical,timeStamping", &pki.ca, PKI_NOW - 1);
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	for (size_t i = 0; i < 3; i++) {
		struct pki_cert cert = tsa_cert(usages[i], &pki.ca, 0);

		expect(&s,
		       forge(&s, (struct tsa_info){0},
			     &(struct tsa_wrap){.cert = &cert}),
		       "timestamp-untrusted", "purpose");
		pki_cert_free(&cert);
	}
	expect(&s, reply_of(&s, (struct tsa){.cert = &stranger}),
	       "timestamp-untrusted", "issuer");
	expect(&s,
	       forge(&s, (struct tsa_info){0},
		     &(struct tsa_wrap){.cert = &expired}),
	       "timestamp-untrusted", "expired");
	pki_cert_free(&other_ca);
	pki_cert_free(&stranger);
	pki_cert_free(&expired);
	scene_stop(&s);
}

static void test_who_may_stamp(void **state)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *itself = NULL;
	uint8_t pins[2][32] = {{0}};
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	s.rules.pins = (const uint8_t(*)[32])pins;
	s.rules.pin_count = 2;
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-untrusted",
	       "pinned");
	itself = pki_one(&tsa_good);
	memcpy(pins[1], pkg_certs_info(itself, 0)->spki, 32);
	assert_ok(add(&s, reply_of(&s, (struct tsa){0}), &err));
	/* The authority's own certificate is an anchor, too. */
	s.rules.anchors = itself;
	assert_ok(add(&s, reply_of(&s, (struct tsa){0}), &err));
	s.rules.anchors = NULL;
	expect(&s, reply_of(&s, (struct tsa){0}), "timestamp-untrusted",
	       "no authority");
	scene_stop(&s);
}

static void test_contents_outside_the_profile(void **state)
{
	static const struct {
		struct tsa_info info;
		const char *text;
	} cases[] = {
	    {{.version = 2}, "version"},
	    {{.hash = "sha1", .digest_len = 20}, "SHA-256"},
	    {{.hash = "sha256", .digest_len = 20}, "SHA-256"},
	    {{.hash = "sha512", .digest_len = 32}, "SHA-256"},
	    {{.time = "20270115080000"}, "time"},
	    {{.time = "20270115090000+0100"}, "time"},
	    {{.time = "202701150800Z"}, "time"},
	    {{.time = "20270115080000.0Z"}, "time"},
	    {{.time = "20270115080000.50Z"}, "time"},
	    {{.time = "20270115080000,5Z"}, "time"},
	    {{.time = "20270115080000.Z"}, "time"},
	    {{.time = "20270115080000.1234567891Z"}, "time"},
	    {{.time = "20270230080000Z"}, "time"},
	    {{.time = "20271315080000Z"}, "time"},
	    {{.time = "20270015080000Z"}, "time"},
	    {{.time = "20270115240000Z"}, "time"},
	    {{.time = "20270115085960Z"}, "time"},
	    {{.time = "19691231235959Z"}, "time"},
	    {{.tail = "30030201ff"}, "accuracy"},
	    {{.tail = "300480020400"}, "accuracy"}, /* 1024 ms */
	    {{.tail = "3000"
		      "010100"},
	     "canonical DER"}, /* ordering FALSE, written out */
	    {{.tail = "a003820161"}, "another authority"}, /* dNSName "a" */
	    {{.tail = "a10d300b06032a03040101ff040130"}, "critical"},
	    {{.tail = "0500"}, "TSTInfo"},
	};
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	assert_ok(add(&s, forge(&s, (struct tsa_info){0}, NULL), &err));
	assert_int_equal(s.stamp.time, PKI_NOW);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&s, forge(&s, cases[i].info, NULL), "timestamp-bad",
		       cases[i].text);
	scene_stop(&s);
}

static void test_fractions_of_a_second(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	assert_ok(add(
	    &s, forge(&s, (struct tsa_info){.time = "20270115080000.5Z"}, NULL),
	    &err));
	assert_int_equal(s.stamp.time, PKI_NOW);
	assert_int_equal(s.stamp.earliest, PKI_NOW);
	assert_int_equal(s.stamp.latest, PKI_NOW + 1);
	/* 0.123456789 s, 600 ms */
	assert_ok(add(&s,
		      forge(&s,
			    (struct tsa_info){.time = "20270115080000."
						      "123456789Z",
					      .tail = "300480020258"},
			    NULL),
		      &err));
	assert_int_equal(s.stamp.earliest, PKI_NOW - 1);
	assert_int_equal(s.stamp.latest, PKI_NOW + 1);
	scene_stop(&s);
}

static void add_unsigned(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(CMS_unsigned_add1_attr_by_txt(
			     si, "1.2.3.4", V_ASN1_OCTET_STRING, "x", 1),
			 1);
}

static void add_signer(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_non_null(
	    CMS_add1_signer(ci, pki.signer.x509, pki.signer.key, EVP_sha256(),
			    CMS_BINARY | CMS_REUSE_DIGEST | CMS_CADES));
}

static void detach(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_int_equal(CMS_set_detached(ci, 1), 1);
}

static void test_messages_outside_the_profile(void **state)
{
	static const struct {
		struct tsa_wrap wrap;
		const char *text;
	} cases[] = {
	    {{.type = PKG_OID_DATA}, "TSTInfo"},
	    {{.type = PKG_OID_MANIFEST}, "TSTInfo"},
	    {{.md = "SHA1"}, "digest"},
	    {{.no_flags = CMS_CADES}, "lacks one of the signed attributes"},
	    {{.change = add_unsigned}, "unsigned attributes"},
	    {{.change = add_signer}, "more than one signer"},
	    {{.change = detach}, "time stamp"},
	    {{.stream = true}, "DER"},
	};
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&s, forge(&s, (struct tsa_info){0}, &cases[i].wrap),
		       "timestamp-bad", cases[i].text);
	scene_stop(&s);
}

static void test_replies_that_are_none(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_bytes reply;
	struct scene s;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){0});
	reply = reply_of(&s, (struct tsa){0});
	reply.data = realloc(reply.data, reply.len + 1);
	reply.data[reply.len++] = 0;
	expect(&s, reply, "timestamp-bad", "TimeStampResp");
	reply = reply_of(&s, (struct tsa){0});
	reply.len -= 1;
	expect(&s, reply, "timestamp-bad", "TimeStampResp");
	reply = (struct pki_bytes){calloc(1, 70000), 70000};
	assert_int_equal(add(&s, reply, &err), PKG_INPUT);
	/* granted, but without a token */
	reply = (struct pki_bytes){malloc(7), 7};
	memcpy(reply.data, "\x30\x05\x30\x03\x02\x01\x00", 7);
	expect(&s, reply, "timestamp-bad", "no token");
	/* a no, in words that would clear the screen */
	reply = (struct pki_bytes){malloc(15), 15};
	memcpy(reply.data,
	       "\x30\x0d\x30\x0b\x02\x01\x02\x30\x06\x0c\x04\x1b[2J", 15);
	expect(&s, reply, "timestamp-refused", "status 2: \\x1b[2J");
	scene_stop(&s);
}

/* Whatever byte of a reply is changed, it is not another good reply. */
static void test_no_changed_byte_is_accepted(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_bytes reply;
	struct scene s;
	size_t accepted = 0;

	(void)state;
	scene_start(&s, "{}");
	ask(&s, (struct pkg_timestamp_ask){.nonce = true});
	s.rules.query = s.query.data;
	s.rules.query_len = s.query.len;
	reply = reply_of(&s, (struct tsa){.seconds = 1});
	for (size_t i = 0; i < reply.len; i++) {
		struct pki_bytes other = {malloc(reply.len), reply.len};
		bool status;

		memcpy(other.data, reply.data, reply.len);
		other.data[i] ^= 1;
		/* The status may be granted or grantedWithMods. */
		status = i == 8 && reply.data[i] == 0;
		accepted += add(&s, other, &err) == PKG_OK && !status;
	}
	assert_int_equal(accepted, 0);
	free(reply.data);
	scene_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stamped_signature),
	    cmocka_unit_test(test_without_a_stamp),
	    cmocka_unit_test(test_a_second_stamp),
	    cmocka_unit_test(test_the_accuracy_widens_the_time),
	    cmocka_unit_test(test_the_older_certificate_attribute),
	    cmocka_unit_test(test_of_another_signature),
	    cmocka_unit_test(test_of_another_query),
	    cmocka_unit_test(test_a_policy_that_is_asked_for),
	    cmocka_unit_test(test_certificates_that_are_no_tsa),
	    cmocka_unit_test(test_who_may_stamp),
	    cmocka_unit_test(test_contents_outside_the_profile),
	    cmocka_unit_test(test_fractions_of_a_second),
	    cmocka_unit_test(test_messages_outside_the_profile),
	    cmocka_unit_test(test_replies_that_are_none),
	    cmocka_unit_test(test_no_changed_byte_is_accepted),
	};

	return cmocka_run_group_tests(tests, tsa_start, tsa_stop);
}
