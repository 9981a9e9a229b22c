/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_craft.h"

#include "packline/limits.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const struct craft *craft, const char *text)
{
	craft_expect(craft_make(craft), "signature-profile", text);
}

static void test_as_it_should_be(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(craft_judge(&der, &err));
	free(der.data);
	/* named by its key instead of issuer and serial: allowed too */
	struct pki_cert cert = pki_cert(&(struct pki_spec){
	    .name = "ski",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = {PKI_SKI, "keyUsage", "digitalSignature",
			   "extendedKeyUsage", "codeSigning"},
	});
	der =
	    craft_make(&(struct craft){.cert = &cert, .flags = CMS_USE_KEYID});
	assert_ok(craft_judge(&der, &err));
	free(der.data);
	pki_cert_free(&cert);
}

/* Without signed attributes DER(signedAttrs) of another message could be
   passed off as signed content. */
static void test_no_signed_attributes(void **state)
{
	(void)state;
	refuse(&(struct craft){.flags = CMS_NOATTR}, "no signed attributes");
}

static void test_no_signing_certificate(void **state)
{
	(void)state;
	refuse(&(struct craft){.no_flags = CMS_CADES}, "lacks one");
}

static void test_smime_capabilities(void **state)
{
	(void)state;
	refuse(&(struct craft){.no_flags = CMS_NOSMIMECAP},
	       "not in the profile");
}

static void test_weak_digests(void **state)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA224"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		craft_expect(craft_make(&(struct craft){
				 .md = names[i], .cert = &pki.rsa_signer}),
			     "algorithm-weak", "digest");
}

static void test_a_small_rsa_key(void **state)
{
	EVP_PKEY *small = pki_rsa(2048);
	struct pki_cert cert =
	    pki_cert(&(struct pki_spec){.name = "small",
					.key = small,
					.issuer = &pki.ca,
					.extensions = PKI_CODE});

	(void)state;
	craft_expect(craft_make(&(struct craft){.cert = &cert}),
		     "algorithm-weak", "2048 bits");
	pki_cert_free(&cert);
	EVP_PKEY_free(small);
}

static void use_pss(CMS_SignerInfo *si, int salt)
{
	EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);

	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, 6), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 1);
}

static void long_salt(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	use_pss(si, 64);
}

static void other_mgf(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	use_pss(si, 32);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(
			     CMS_SignerInfo_get0_pkey_ctx(si), EVP_sha1()),
			 1);
}

static void test_pss_parameters(void **state)
{
	(void)state;
	refuse(&(struct craft){.cert = &pki.rsa_signer,
			       .flags = CMS_KEY_PARAM,
			       .add = long_salt},
	       "PSS");
	refuse(&(struct craft){.cert = &pki.rsa_signer,
			       .flags = CMS_KEY_PARAM,
			       .add = other_mgf},
	       "PSS");
}

/* What CMS_verify() with its default purpose, smimesign, would accept. */
static void test_certificates_for_other_purposes(void **state)
{
	static const char *const extensions[][4] = {
	    {NULL, NULL, NULL, NULL}, /* no extendedKeyUsage at all */
	    {"extendedKeyUsage", "emailProtection", NULL, NULL},
	    {"extendedKeyUsage", "serverAuth,clientAuth", NULL, NULL},
	    {"extendedKeyUsage", "critical,timeStamping", NULL, NULL},
	    {"extendedKeyUsage", "codeSigning", "keyUsage", "keyEncipherment"},
	    {"extendedKeyUsage", "codeSigning", "basicConstraints", "CA:TRUE"},
	    {"extendedKeyUsage", "anyExtendedKeyUsage", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]);
	     i++) {
		struct pki_spec spec = {
		    .name = "x", .key = pki.p256, .issuer = &pki.ca};
		struct pki_cert cert;

		memcpy(spec.extensions, extensions[i], sizeof(extensions[i]));
		cert = pki_cert(&spec);
		craft_expect(craft_make(&(struct craft){.cert = &cert}),
			     "certificate-purpose", "code signing");
		pki_cert_free(&cert);
	}
}

static void second_signer(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_non_null(
	    CMS_add1_signer(ci, pki.p384_signer.x509, pki.p384, EVP_sha256(),
			    CRAFT_DETACHED | CMS_NOSMIMECAP | CMS_CADES));
}

static X509 *sub_ca; /* goes along with the next message */

static void add_sub_ca(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_int_equal(CMS_add1_cert(ci, sub_ca), 1);
}

/* Which CA may stand between the anchor and a signer. */
static void test_intermediates(void **state)
{
	static const struct {
		const char *extensions[4];
		bool fit;
	} cases[] = {
	    {{"basicConstraints", "critical,CA:TRUE", "keyUsage",
	      "keyCertSign"},
	     true},
	    {{"basicConstraints", "critical,CA:TRUE", "extendedKeyUsage",
	      "codeSigning"},
	     true},
	    {{"basicConstraints", "critical,CA:TRUE", "extendedKeyUsage",
	      "serverAuth"},
	     false},
	    {{"basicConstraints", "critical,CA:FALSE", NULL, NULL}, false},
	    {{"basicConstraints", "critical,CA:TRUE", "keyUsage",
	      "digitalSignature"},
	     false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pki_spec spec = {
		    .name = "Sub CA", .key = pki.p384, .issuer = &pki.ca};
		struct pki_cert ca, leaf;
		struct pki_bytes der;
		struct pkg_err err = PKG_ERR_INIT;

		memcpy(spec.extensions, cases[i].extensions,
		       sizeof(cases[i].extensions));
		ca = pki_cert(&spec);
		leaf = pki_cert(&(struct pki_spec){.name = "leaf",
						   .key = pki.p256,
						   .issuer = &ca,
						   .extensions = PKI_CODE});
		sub_ca = ca.x509;
		der = craft_make(
		    &(struct craft){.cert = &leaf, .change = add_sub_ca});
		if (cases[i].fit) {
			assert_ok(craft_judge(&der, &err));
			free(der.data);
		} else {
			craft_expect(der, "certificate-purpose", "");
		}
		pki_cert_free(&ca);
		pki_cert_free(&leaf);
	}
}

static void test_two_signers(void **state)
{
	(void)state;
	refuse(&(struct craft){.add = second_signer}, "more than one signer");
}

static void test_no_signer(void **state)
{
	CMS_ContentInfo *ci = CMS_sign(NULL, NULL, NULL, NULL, CRAFT_DETACHED);
	struct pki_bytes der = {0};
	uint8_t *made = NULL;

	(void)state;
	assert_non_null(ci);
	der.len = (size_t)i2d_CMS_ContentInfo(ci, &made);
	der.data = malloc(der.len);
	assert_non_null(der.data);
	memcpy(der.data, made, der.len);
	OPENSSL_free(made);
	CMS_ContentInfo_free(ci);
	craft_expect(der, "signature-profile", "");
}

static void test_no_certificate(void **state)
{
	(void)state;
	refuse(&(struct craft){.flags = CMS_NOCERTS}, "certificate is not in");
}

static void other_certificate(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_int_equal(CMS_add1_cert(ci, pki.p384_signer.x509), 1);
}

static void test_only_other_certificates(void **state)
{
	(void)state;
	refuse(
	    &(struct craft){.flags = CMS_NOCERTS, .change = other_certificate},
	    "certificate is not in");
}

/* A CRL chosen by the signer would satisfy the verifier's check. */
static void add_crl(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, PKI_NOW);

	(void)si;
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki.ca.x509));
	X509_CRL_set1_lastUpdate(crl, time);
	assert_true(X509_CRL_sign(crl, pki.ca.key, EVP_sha256()) > 0);
	assert_int_equal(CMS_add1_crl(ci, crl), 1);
	X509_CRL_free(crl);
	ASN1_TIME_free(time);
}

static void test_revocation_lists_inside(void **state)
{
	(void)state;
	refuse(&(struct craft){.add = add_crl}, "revocation lists");
}

static void test_content_inside(void **state)
{
	(void)state;
	refuse(&(struct craft){.no_flags = CMS_DETACHED}, "not detached");
}

/* The header's type changed after signing: CMS_verify() does not look. */
static void exchange_type(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	ASN1_OBJECT *type = OBJ_txt2obj(PKG_OID_MANIFEST, 1);

	(void)si;
	assert_int_equal(CMS_set1_eContentType(ci, type), 1);
	ASN1_OBJECT_free(type);
}

static void test_an_approval_passed_off_as_a_manifest(void **state)
{
	(void)state;
	refuse(
	    &(struct craft){.type = PKG_OID_APPROVAL, .change = exchange_type},
	    "content type was exchanged");
}

static void add_unsigned(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(CMS_unsigned_add1_attr_by_txt(
			     si, "1.2.3.4", V_ASN1_OCTET_STRING, "x", 1),
			 1);
}

static void test_unsigned_attributes(void **state)
{
	(void)state;
	refuse(&(struct craft){.change = add_unsigned}, "unsigned attribute");
}

static void empty(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(
	    ASN1_STRING_set(CMS_SignerInfo_get0_signature(si), "", 0), 1);
}

/* A time stamp would be about nothing. */
static void test_an_empty_signature(void **state)
{
	(void)state;
	refuse(&(struct craft){.change = empty}, "signature is empty");
}

static void add_token(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	static const uint8_t token[] = {0x30, 0x00};

	(void)ci;
	assert_int_equal(CMS_unsigned_add1_attr_by_txt(
			     si, "1.2.840.113549.1.9.16.2.14", V_ASN1_SEQUENCE,
			     token, sizeof(token)),
			 1);
}

static void test_a_time_stamp_is_noted(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){.change = add_token});
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_true(pkg_cms_claim(cms)->has_timestamp);
	free(der.data);
}

/* Another certificate of the same key: ESS names the one that was meant. */
static void test_an_exchanged_certificate(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});
	X509 *twin = X509_dup(pki.signer.x509);
	uint8_t *old = NULL, *new = NULL, *at = NULL;
	const int n = i2d_X509(pki.signer.x509, &old);

	(void)state;
	/* same issuer and serial, another subject of the same length */
	X509_NAME *name = X509_NAME_new();
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				   (const unsigned char *)"mallo", -1, -1, 0);
	X509_set_subject_name(twin, name);
	/* ECDSA signatures vary in length: until it fits, and one in 500 has
	 * a length that one in 500 has */
	do {
		OPENSSL_free(new);
		new = NULL;
		X509_sign(twin, pki.ca.key, EVP_sha256());
	} while (i2d_X509(twin, &new) != n);
	at = memmem(der.data, der.len, old, (size_t)n);
	assert_non_null(at);
	memcpy(at, new, (size_t)n);
	craft_expect(der, "signature-bad", "mallo");
	X509_NAME_free(name);
	X509_free(twin);
	OPENSSL_free(old);
	OPENSSL_free(new);
}

static void test_indefinite_lengths(void **state)
{
	(void)state;
	refuse(&(struct craft){.stream = true, .no_flags = CMS_DETACHED},
	       "definite-length");
}

static void test_trailing_bytes(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});

	(void)state;
	der.data[der.len++] = 0;
	craft_expect(der, "signature-profile", "definite-length");
	der = craft_make(&(struct craft){0});
	memcpy(der.data + der.len, "\x30\x00", 2);
	der.len += 2;
	craft_expect(der, "signature-profile", "");
}

static void test_cut_short(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});

	(void)state;
	for (size_t n = 0; n < der.len; n += 3) {
		struct pkg_err err = PKG_ERR_INIT;

		assert_int_equal(
		    craft_judge(&(struct pki_bytes){.data = der.data, .len = n},
				&err),
		    PKG_NO);
		assert_string_equal(err.reason, "signature-profile");
	}
	free(der.data);
}

/*
 * Every bit of the message counts: there is no second spelling of a
 * signature, apart from ECDSA's (r, n - s), which is no single bit away.
 */
static void test_every_changed_bit(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});

	(void)state;
	for (size_t at = 0; at < der.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct pkg_err err = PKG_ERR_INIT;

			der.data[at] ^= (uint8_t)(1u << bit);
			if (craft_judge(&der, &err) == PKG_OK)
				fail_msg("bit %u of byte %zu does not count",
					 bit, at);
			assert_non_null(err.reason);
			der.data[at] ^= (uint8_t)(1u << bit);
		}
	}
	free(der.data);
}

static void test_too_long(void **state)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *data = calloc(1, PKG_LIMIT_SIGNATURE + 1);

	(void)state;
	assert_non_null(data);
	assert_int_equal(pkg_cms_parse(&cms, pki.crypto, data,
				       PKG_LIMIT_SIGNATURE + 1, &err),
			 PKG_INPUT);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_it_should_be),
	    cmocka_unit_test(test_no_signed_attributes),
	    cmocka_unit_test(test_no_signing_certificate),
	    cmocka_unit_test(test_smime_capabilities),
	    cmocka_unit_test(test_weak_digests),
	    cmocka_unit_test(test_a_small_rsa_key),
	    cmocka_unit_test(test_pss_parameters),
	    cmocka_unit_test(test_certificates_for_other_purposes),
	    cmocka_unit_test(test_intermediates),
	    cmocka_unit_test(test_two_signers),
	    cmocka_unit_test(test_no_signer),
	    cmocka_unit_test(test_no_certificate),
	    cmocka_unit_test(test_only_other_certificates),
	    cmocka_unit_test(test_revocation_lists_inside),
	    cmocka_unit_test(test_content_inside),
	    cmocka_unit_test(test_an_approval_passed_off_as_a_manifest),
	    cmocka_unit_test(test_unsigned_attributes),
	    cmocka_unit_test(test_an_empty_signature),
	    cmocka_unit_test(test_a_time_stamp_is_noted),
	    cmocka_unit_test(test_an_exchanged_certificate),
	    cmocka_unit_test(test_indefinite_lengths),
	    cmocka_unit_test(test_trailing_bytes),
	    cmocka_unit_test(test_cut_short),
	    cmocka_unit_test(test_every_changed_bit),
	    cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
