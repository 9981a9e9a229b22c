/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_pki.h"

#include "packline/cms.h"

#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 1 << 20 };

static const char content[] = "{\"type\":\"manifest\"}";
static const size_t len = sizeof(content) - 1;

/* Sign as @cert with what is set in @options. */
static enum pkg_code sign_as(struct pkg_buf *der, const struct pki_cert *cert,
			     struct pkg_cms_sign_options options,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(cert->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);

	options.key = key;
	if (options.certs == NULL)
		options.certs = certs;
	if (options.content_type == NULL)
		options.content_type = PKG_OID_MANIFEST;
	if (options.signing_time == 0)
		options.signing_time = PKI_NOW;
	return pkg_cms_sign(der, content, len, &options, err);
}

static void sign(struct pkg_buf *der, const struct pki_cert *cert)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(sign_as(der, cert, (struct pkg_cms_sign_options){0}, &err));
}

/* Verify with @anchor trusted; what is not in @options is as usual. */
static enum pkg_code verify(const struct pkg_buf *der,
			    const struct pki_cert *anchor,
			    struct pkg_cms_verify_options options,
			    struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs)
	struct pkg_certs *anchors = anchor == NULL ? NULL : pki_one(anchor);

	options.anchors = anchors;
	if (options.content_type == NULL)
		options.content_type = PKG_OID_MANIFEST;
	if (options.at == 0)
		options.at = PKI_NOW;
	PKG_TRY(pkg_cms_parse(&cms, pki.crypto, der->data, der->len, err));
	return pkg_cms_verify(cms, content, len, &options, err);
}

static void expect_refused(const struct pkg_buf *der,
			   const struct pki_cert *anchor,
			   struct pkg_cms_verify_options options,
			   const char *reason)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(verify(der, anchor, options, &err), PKG_NO);
	assert_string_equal(err.reason, reason);
}

static const struct pkg_cms_verify_options usual = {0};

static void test_every_algorithm(void **state)
{
	const struct {
		const struct pki_cert *cert;
		struct pkg_cms_sign_options options;
		const char *digest, *algorithm;
	} cases[] = {
	    {&pki.rsa_signer, {0}, "sha256", "rsa-pss"},
	    {&pki.rsa_signer, {.digest_bits = 512}, "sha512", "rsa-pss"},
	    {&pki.rsa_signer,
	     {.padding = PKG_CMS_PKCS1},
	     "sha256",
	     "rsa-pkcs1"},
	    {&pki.rsa_signer,
	     {.padding = PKG_CMS_PKCS1, .digest_bits = 384},
	     "sha384",
	     "rsa-pkcs1"},
	    {&pki.signer, {0}, "sha256", "ecdsa-p256"},
	    {&pki.signer, {.digest_bits = 384}, "sha384", "ecdsa-p256"},
	    {&pki.p384_signer, {0}, "sha384", "ecdsa-p384"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		struct pkg_err err = PKG_ERR_INIT;
		const struct pkg_cms_signer *claim = NULL;

		assert_ok(sign_as(&der, cases[i].cert, cases[i].options, &err));
		assert_ok(verify(&der, &pki.ca, usual, &err));
		assert_ok(
		    pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
		claim = pkg_cms_claim(cms);
		assert_string_equal(claim->digest, cases[i].digest);
		assert_string_equal(claim->algorithm, cases[i].algorithm);
		assert_int_equal(claim->signing_time, PKI_NOW);
		assert_false(claim->has_timestamp);
		assert_int_equal(claim->cert.not_before, 946684800);
	}
}

static void test_pkcs1_gives_the_same_bytes(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf b = {.max = MAX};
	const struct pkg_cms_sign_options pkcs1 = {.padding = PKG_CMS_PKCS1};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(sign_as(&a, &pki.rsa_signer, pkcs1, &err));
	assert_ok(sign_as(&b, &pki.rsa_signer, pkcs1, &err));
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static void test_signing_time_may_be_old(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	/* 1973: before the certificate; 2100: GeneralizedTime */
	assert_ok(sign_as(
	    &der, &pki.signer,
	    (struct pkg_cms_sign_options){.signing_time = 100000000}, &err));
	assert_ok(verify(&der, &pki.ca, usual, &err));
	pkg_buf_clear(&der);
	assert_ok(sign_as(
	    &der, &pki.signer,
	    (struct pkg_cms_sign_options){.signing_time = 4102444800}, &err));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_int_equal(pkg_cms_claim(cms)->signing_time, 4102444800);
}

static void test_other_content(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);
	const struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_MANIFEST,
	    .anchors = anchors,
	    .at = PKI_NOW,
	};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&der, &pki.signer);
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_int_equal(pkg_cms_verify(cms, content, len - 1, &options, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "signature-bad");
	assert_int_equal(pkg_cms_verify(cms, "", 0, &options, &err), PKG_NO);
	assert_string_equal(err.reason, "signature-bad");
	/* and the right one afterwards, with the same object */
	assert_ok(pkg_cms_verify(cms, content, len, &options, &err));
}

/* Without CMS_BINARY a text with LF and one with CRLF would sign alike. */
static void test_line_ends_count(void **state)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p256);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_DATA, .anchors = certs, .no_time = true};

	(void)state;
	assert_ok(pkg_cms_sign(
	    &der, "a\n", 2,
	    &(struct pkg_cms_sign_options){.key = key,
					   .certs = certs,
					   .content_type = PKG_OID_DATA,
					   .signing_time = PKI_NOW},
	    &err));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_ok(pkg_cms_verify(cms, "a\n", 2, &options, &err));
	assert_int_equal(pkg_cms_verify(cms, "a\r\n", 3, &options, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "signature-bad");
}

static void test_another_type_of_content(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};

	(void)state;
	sign(&der, &pki.signer);
	expect_refused(
	    &der, &pki.ca,
	    (struct pkg_cms_verify_options){.content_type = PKG_OID_APPROVAL},
	    "signature-profile");
}

static void test_who_is_trusted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pki_cert stranger = pki_cert(&(struct pki_spec){
	    .name = "Test CA", /* the same name, another key */
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"},
	});
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&der, &pki.signer);
	expect_refused(&der, NULL, usual, "signer-untrusted");
	expect_refused(&der, &stranger, usual, "signer-untrusted");
	expect_refused(&der, &pki.rsa_signer, usual, "signer-untrusted");
	/* the signer himself as the anchor */
	assert_ok(verify(&der, &pki.signer, usual, &err));
	pki_cert_free(&stranger);
}

static void test_a_pinned_key_needs_no_chain(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	uint8_t pins[2][32] = {{0}};
	struct pkg_cms_verify_options options = {
	    .anchor_keys = (const uint8_t(*)[32])pins, .anchor_key_count = 2};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&der, &pki.signer);
	expect_refused(&der, NULL, options, "signer-untrusted");
	memcpy(pins[1], pkg_certs_info(certs, 0)->spki, 32);
	assert_ok(verify(&der, NULL, options, &err));
}

static void test_times(void **state)
{
	struct pki_cert old = pki_cert(&(struct pki_spec){
	    .name = "old",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	    .not_after = PKI_EXPIRED,
	});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&der, &old);
	expect_refused(&der, &pki.ca, usual, "certificate-expired");
	expect_refused(&der, &pki.ca,
		       (struct pkg_cms_verify_options){.at = 900000000},
		       "certificate-expired");
	assert_ok(verify(&der, &pki.ca,
			 (struct pkg_cms_verify_options){.at = 999999999},
			 &err));
	assert_ok(verify(&der, &pki.ca,
			 (struct pkg_cms_verify_options){.no_time = true},
			 &err));
	pki_cert_free(&old);
}

static void test_signing_with_an_unfit_certificate(void **state)
{
	struct pki_cert tls = pki_cert(&(struct pki_spec){
	    .name = "tls",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = {"extendedKeyUsage", "serverAuth"},
	});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *other = pki_one(&pki.p384_signer);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(
	    sign_as(&der, &tls, (struct pkg_cms_sign_options){0}, &err),
	    PKG_KEY);
	assert_string_equal(err.reason, "certificate-purpose");
	assert_int_equal(
	    sign_as(&der, &pki.ca, (struct pkg_cms_sign_options){0}, &err),
	    PKG_KEY);
	assert_int_equal(sign_as(&der, &pki.signer,
				 (struct pkg_cms_sign_options){.certs = other},
				 &err),
			 PKG_KEY);
	assert_non_null(strstr(err.text, "not that of key"));
	assert_int_equal(der.len, 0);
	pki_cert_free(&tls);
}

/* A CA below the root with @extensions, and a signer below that. */
static void chain_of(const char *const extensions[4], struct pki_cert out[2])
{
	struct pki_spec ca = {
	    .name = "Sub CA", .key = pki.p384, .issuer = &pki.ca};

	memcpy(ca.extensions, extensions, 4 * sizeof(extensions[0]));
	out[0] = pki_cert(&ca);
	out[1] = pki_cert(&(struct pki_spec){
	    .name = "leaf",
	    .key = pki.p256,
	    .issuer = &out[0],
	    .extensions = PKI_CODE,
	});
}

/* A signature that nobody would accept does not leave the house. */
static void test_signing_with_an_unfit_chain(void **state)
{
	static const char *const tls[4] = {"basicConstraints",
					   "critical,CA:TRUE",
					   "extendedKeyUsage", "serverAuth"};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_cert pair[2];

	(void)state;
	chain_of(tls, pair);
	certs = pki_list((const struct pki_cert *[]){&pair[1], &pair[0]}, 2);
	assert_int_equal(sign_as(&der, &pair[1],
				 (struct pkg_cms_sign_options){.certs = certs},
				 &err),
			 PKG_KEY);
	assert_string_equal(err.reason, "certificate-purpose");
	assert_int_equal(der.len, 0);
	pki_cert_free(&pair[0]);
	pki_cert_free(&pair[1]);
}

static void test_a_missing_intermediate(void **state)
{
	static const char *const ca[4] = {"basicConstraints",
					  "critical,CA:TRUE", NULL, NULL};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_cert pair[2];

	(void)state;
	chain_of(ca, pair);
	sign(&der, &pair[1]);
	expect_refused(&der, &pki.ca, usual, "signer-untrusted");
	/* the intermediate as the anchor is enough */
	assert_ok(verify(&der, &pair[0], usual, &err));
	pki_cert_free(&pair[0]);
	pki_cert_free(&pair[1]);
}

static void test_a_weak_chain(void **state)
{
	EVP_PKEY *small = pki_rsa(1024);
	struct pki_cert ca = pki_cert(&(struct pki_spec){
	    .name = "Small CA",
	    .key = small,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"},
	});
	struct pki_cert below =
	    pki_cert(&(struct pki_spec){.name = "x",
					.key = pki.p256,
					.issuer = &ca,
					.extensions = PKI_CODE});
	struct pki_cert sha1 =
	    pki_cert(&(struct pki_spec){.name = "x",
					.key = pki.p256,
					.issuer = &pki.ca,
					.extensions = PKI_CODE,
					.md = "SHA1"});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};

	(void)state;
	sign(&der, &below);
	expect_refused(&der, &ca, usual, "algorithm-weak");
	pkg_buf_clear(&der);
	sign(&der, &sha1);
	expect_refused(&der, &pki.ca, usual, "algorithm-weak");
	pki_cert_free(&ca);
	pki_cert_free(&below);
	pki_cert_free(&sha1);
	EVP_PKEY_free(small);
}

/* A CRL of the test CA that lists @revoked (NULL = nobody). */
static struct pkg_crls *crl(const struct pki_cert *revoked)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, PKI_NOW - 3600);
	struct pkg_crls *out = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *der = NULL;
	int n = 0;

	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(pki.ca.x509));
	X509_CRL_set1_lastUpdate(list, time);
	ASN1_TIME_set(time, PKI_NOW + 3600);
	X509_CRL_set1_nextUpdate(list, time);
	if (revoked != NULL) {
		X509_REVOKED *row = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(
		    row, X509_get_serialNumber(revoked->x509));
		ASN1_TIME_set(time, PKI_NOW - 7200);
		X509_REVOKED_set_revocationDate(row, time);
		X509_CRL_add0_revoked(list, row);
	}
	assert_true(X509_CRL_sign(list, pki.ca.key, EVP_sha256()) > 0);
	n = i2d_X509_CRL(list, &der);
	assert_true(n > 0);
	assert_ok(pkg_crls_add_file(&out, pki.crypto, AT_FDCWD,
				    pki_file("crl", der, (size_t)n), &err));
	unlink(pki_file("crl", "", 0));
	OPENSSL_free(der);
	ASN1_TIME_free(time);
	X509_CRL_free(list);
	return out;
}

static void test_revocation(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_crls) struct pkg_crls *clean = crl(NULL);
	PKG_AUTO(pkg_crls) struct pkg_crls *revoked = crl(&pki.signer);
	struct pkg_cms_verify_options options = {.crls = clean};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	sign(&der, &pki.signer);
	assert_ok(verify(&der, &pki.ca, options, &err));
	options.at = PKI_NOW + 7200; /* a CRL that is too old is none */
	expect_refused(&der, &pki.ca, options, "certificate-revoked");
	options = (struct pkg_cms_verify_options){.crls = revoked};
	expect_refused(&der, &pki.ca, options, "certificate-revoked");
}

static void test_at_most_8_certificates(void **state)
{
	const struct pki_cert *nine[9] = {
	    &pki.signer,        &pki.ca,
	    &pki.rsa_signer,    &pki.p384_signer,
	    &pki.rsa_recipient, &pki.p256_recipient,
	    &pki.p384_recipient};
	struct pki_cert extra =
	    pki_cert(&(struct pki_spec){.name = "extra", .key = pki.p256});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *eight = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *too_many = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	nine[7] = nine[8] = &extra;
	eight = pki_list(nine, 8);
	too_many = pki_list(nine, 9);
	assert_ok(sign_as(&der, &pki.signer,
			  (struct pkg_cms_sign_options){.certs = eight}, &err));
	assert_ok(verify(&der, &pki.ca, usual, &err));
	assert_int_equal(
	    sign_as(&der, &pki.signer,
		    (struct pkg_cms_sign_options){.certs = too_many}, &err),
	    PKG_KEY);
	pki_cert_free(&extra);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_algorithm),
	    cmocka_unit_test(test_pkcs1_gives_the_same_bytes),
	    cmocka_unit_test(test_signing_time_may_be_old),
	    cmocka_unit_test(test_other_content),
	    cmocka_unit_test(test_line_ends_count),
	    cmocka_unit_test(test_another_type_of_content),
	    cmocka_unit_test(test_who_is_trusted),
	    cmocka_unit_test(test_a_pinned_key_needs_no_chain),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_signing_with_an_unfit_certificate),
	    cmocka_unit_test(test_signing_with_an_unfit_chain),
	    cmocka_unit_test(test_a_missing_intermediate),
	    cmocka_unit_test(test_a_weak_chain),
	    cmocka_unit_test(test_revocation),
	    cmocka_unit_test(test_at_most_8_certificates),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
