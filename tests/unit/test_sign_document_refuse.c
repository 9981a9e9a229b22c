/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier of documents refuses, above all when it knows the signer
   already and does not judge him again. */
#include "sign_document.h"

#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "Release 7 of the gateway";

/* The verdict of pkg_cms_verify(), which decodes and judges every time. */
static enum pkg_code plain_verdict(const struct desk *desk,
				   const struct pkg_buf *der)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	PKG_TRY(pkg_cms_parse(&cms, pki.crypto, der->data, der->len, &err));
	return pkg_cms_verify(
	    cms, text, strlen(text),
	    &(struct pkg_cms_verify_options){.content_type = PKG_OID_DATA,
					     .anchors = desk->anchors,
					     .at = PKI_NOW},
	    &err);
}

static void test_every_changed_byte(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_err err;

	(void)state;
	desk_sign(&desk, &der, text);
	assert_ok(desk_verify(&desk, &der, text, &err));
	for (size_t i = 0; i < der.len; i++) {
		for (unsigned bit = 0; bit < 8; bit += 3) {
			der.data[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(desk_verify(&desk, &der, text, &err),
					 PKG_NO);
			assert_non_null(err.reason);
			der.data[i] ^= (uint8_t)(1u << bit);
		}
		/* the long way has the same opinion */
		if (i % 16 == 0) {
			der.data[i] ^= 1;
			assert_int_equal(plain_verdict(&desk, &der), PKG_NO);
			der.data[i] ^= 1;
		}
	}
	assert_ok(desk_verify(&desk, &der, text, &err));
	desk_close(&desk);
}

static void test_every_length(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;
	size_t len = 0;

	(void)state;
	desk_sign(&desk, &der, text);
	assert_ok(desk_verify(&desk, &der, text, &err));
	len = der.len;
	for (der.len = 0; der.len < len; der.len++)
		desk_refuses(&desk, &der, text, "signature-profile");
	assert_ok(pkg_buf_add(&der, "", 1, &err));
	desk_refuses(&desk, &der, text, "signature-profile");
	desk_close(&desk);
}

static void test_every_changed_byte_of_a_raw_one(void **state)
{
	(void)state;
	for (size_t way = 0; way < way_count; way++) {
		struct desk desk = desk_open(&ways[way]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		struct pkg_err err = PKG_ERR_INIT;

		if (ways[way].form == PKG_DOCUMENT_RAW) {
			desk_sign(&desk, &der, text);
			for (size_t i = 0; i < der.len; i += 3) {
				der.data[i] ^= 1;
				desk_refuses(&desk, &der, text,
					     "signature-bad");
				der.data[i] ^= 1;
			}
			assert_ok(pkg_buf_add(&der, "", 1, &err));
			desk_refuses(&desk, &der, text, "signature-bad");
			der.len = 0;
			desk_refuses(&desk, &der, text, "signature-bad");
		}
		desk_close(&desk);
	}
}

/* A raw value of one kind is none of another. */
static void test_the_padding_counts(void **state)
{
	const struct way pss = {.cert = &pki.rsa_signer,
				.form = PKG_DOCUMENT_RAW};
	const struct way pkcs1 = {.cert = &pki.rsa_signer,
				  .form = PKG_DOCUMENT_RAW,
				  .padding = PKG_CMS_PKCS1};
	const struct way longer = {.cert = &pki.rsa_signer,
				   .form = PKG_DOCUMENT_RAW,
				   .digest = PKG_DIGEST_SHA512};
	struct desk a = desk_open(&pss), b = desk_open(&pkcs1);
	struct desk c = desk_open(&longer);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_err err;

	(void)state;
	desk_sign(&a, &der, text);
	assert_ok(desk_verify(&a, &der, text, &err));
	desk_refuses(&b, &der, text, "signature-bad");
	desk_refuses(&c, &der, text, "signature-bad");
	desk_sign(&b, &der, text);
	desk_refuses(&a, &der, text, "signature-bad");
	desk_close(&a);
	desk_close(&b);
	desk_close(&c);
}

/* -- a message that is properly signed, and not in DER -- */

struct piece {
	size_t at, len;
};

/* Where these bytes are. */
static size_t find(const struct pkg_buf *der, const void *bytes, size_t len)
{
	const uint8_t *found = memmem(der->data, der->len, bytes, len);

	assert_non_null(found);
	return (size_t)(found - der->data);
}

/* The first two signed attributes change places, and the result is signed
   again by the same key: what a decoder of BER would accept. */
static void test_attributes_out_of_order(void **state)
{
	static const uint8_t type[] = {0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48,
				       0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
	struct desk desk = desk_open(&ways[0]);
	const struct way raw = {.form = PKG_DOCUMENT_RAW};
	struct desk again = desk_open(&raw);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf value = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t swapped[64], set[512], digest[32];
	const size_t first_len = 26, second_len = 30; /* type, time */

	(void)state;
	desk_sign(&desk, &der, text);
	assert_ok(desk_verify(&desk, &der, text, &err));
	const size_t first = find(&der, type, sizeof(type));
	const size_t set_len = 3u + der.data[first - 1];

	assert_int_equal(der.data[first + first_len + 1], second_len - 2);
	assert_int_equal(der.data[first - 3], 0xa0);
	memcpy(swapped, der.data + first + first_len, second_len);
	memcpy(swapped + second_len, der.data + first, first_len);
	memcpy(der.data + first, swapped, first_len + second_len);
	memcpy(set, der.data + first - 3, set_len);
	set[0] = 0x31;
	assert_ok(pkg_digest_sha256(pki.crypto, set, set_len, digest, &err));
	/* until the value has the length of the one in the message */
	const size_t value_at = first - 3 + set_len + 14;

	do {
		pkg_buf_clear(&value);
		assert_ok(
		    pkg_document_sign(again.signer, &value, digest, 0, &err));
	} while (value.len != der.len - value_at);
	memcpy(der.data + value_at, value.data, value.len);
	desk_refuses(&desk, &der, text, "signature-profile");
	assert_int_equal(plain_verdict(&desk, &der), PKG_NO);
	/* in order, it is right: the value is not what was refused */
	desk_close(&desk);
	desk_close(&again);
}

/* -- who is believed -- */

static void expect(const struct pkg_cms_verify_options *trust,
		   const struct pkg_buf *der, const char *reason)
{
	const struct pkg_digests digests = digests_of(text);
	PKG_AUTO(pkg_document_verifier)
	struct pkg_document_verifier *verifier = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = PKG_OK;

	assert_ok(pkg_document_verifier_new(
	    &verifier,
	    &(struct pkg_document_verify_options){.crypto = pki.crypto,
						  .trust = *trust},
	    &err));
	for (int round = 0; round < 2; round++) {
		code = pkg_document_verify(verifier, NULL, der->data, der->len,
					   &digests, &err);
		assert_int_equal(code, reason == NULL ? PKG_OK : PKG_NO);
		if (reason != NULL)
			assert_string_equal(err.reason, reason);
	}
}

static void sign_as(struct pkg_buf *der, const struct pki_cert *cert)
{
	const struct way way = {.cert = cert};
	struct desk desk = desk_open(&way);

	desk_sign(&desk, der, text);
	desk_close(&desk);
}

static void test_who_is_trusted(void **state)
{
	struct pki_cert stranger = pki_cert(&(struct pki_spec){
	    .name = "Test CA", /* the same name, another key */
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"},
	});
	struct pki_cert old = pki_cert(&(struct pki_spec){
	    .name = "old",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	    .not_after = PKI_EXPIRED,
	});
	PKG_AUTO(pkg_certs) struct pkg_certs *ca = pki_one(&pki.ca);
	PKG_AUTO(pkg_certs) struct pkg_certs *other = pki_one(&stranger);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_cms_verify_options trust = {.at = PKI_NOW};

	(void)state;
	sign_as(&der, &old);
	expect(&trust, &der, "signer-untrusted");
	trust.anchors = other;
	expect(&trust, &der, "signer-untrusted");
	trust.anchors = ca;
	expect(&trust, &der, "certificate-expired");
	trust.at = PKI_EXPIRED - 1;
	expect(&trust, &der, NULL);
	trust.no_time = true;
	expect(&trust, &der, NULL);
	pki_cert_free(&stranger);
	pki_cert_free(&old);
}

/* One key, two certificates: the second one is judged for itself. */
static void test_the_certificate_counts_not_the_key(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	struct pki_cert old = pki_cert(&(struct pki_spec){
	    .name = "carol",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	    .not_after = PKI_EXPIRED,
	});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_err err;

	(void)state;
	desk_sign(&desk, &der, text);
	assert_ok(desk_verify(&desk, &der, text, &err));
	sign_as(&der, &old);
	desk_refuses(&desk, &der, text, "certificate-expired");
	pki_cert_free(&old);
	desk_close(&desk);
}

/* Content of another type is not a document: what an officer signed as a
   manifest must not pass for one. */
static void test_another_type_of_content(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf head = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;
	unsigned wants = 0;

	(void)state;
	assert_ok(pkg_cms_sign(
	    &der, text, strlen(text),
	    &(struct pkg_cms_sign_options){.key = desk.key,
					   .certs = desk.certs,
					   .content_type = PKG_OID_MANIFEST,
					   .signing_time = PKI_NOW},
	    &err));
	desk_refuses(&desk, &der, text, "signature-profile");
	assert_int_equal(
	    pkg_document_wants(desk.verifier, &wants, der.data, der.len, &err),
	    PKG_NO);
	assert_int_equal(
	    pkg_document_attach(&head, &head, der.data, der.len, 1, &err),
	    PKG_NO);
	desk_close(&desk);
}

static void test_a_digest_that_is_not_there(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_digests digests = digests_of(text);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	desk_sign(&desk, &der, text);
	digests.set &= ~(unsigned)PKG_DIGEST_SHA256;
	assert_int_equal(pkg_document_verify(desk.verifier, NULL, der.data,
					     der.len, &digests, &err),
			 PKG_USAGE);
	desk_close(&desk);
}

/* -- signers that cannot be made -- */

static enum pkg_code new_signer(const struct pki_cert *cert, EVP_PKEY *pkey,
				unsigned digest, struct pkg_err *err)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pkey);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	PKG_AUTO(pkg_document_signer) struct pkg_document_signer *signer = NULL;

	*err = PKG_ERR_INIT;
	return pkg_document_signer_new(
	    &signer,
	    &(struct pkg_document_sign_options){
		.key = key, .certs = certs, .digest = digest},
	    err);
}

static void test_signers_that_are_none(void **state)
{
	struct pki_cert tls = pki_cert(&(struct pki_spec){
	    .name = "tls",
	    .key = pki.p256,
	    .issuer = &pki.ca,
	    .extensions = {"extendedKeyUsage", "serverAuth"},
	});
	struct pkg_err err;

	(void)state;
	assert_int_equal(new_signer(&tls, pki.p256, 0, &err), PKG_KEY);
	assert_string_equal(err.reason, "certificate-purpose");
	assert_int_equal(new_signer(&pki.p384_signer, pki.p256, 0, &err),
			 PKG_KEY);
	assert_string_equal(err.reason, "certificate-mismatch");
	assert_int_equal(
	    new_signer(&pki.signer, pki.p256, PKG_DIGEST_SHA1, &err),
	    PKG_USAGE);
	assert_int_equal(
	    new_signer(&pki.signer, pki.p256, 3 * PKG_DIGEST_SHA256, &err),
	    PKG_USAGE);
	assert_int_equal(new_signer(&pki.signer, pki.p256, 0, &err), PKG_OK);
	pki_cert_free(&tls);
}

/* A key whose private half is not that of its public half. */
static EVP_PKEY *broken_key(void)
{
	EVP_PKEY *other = pki_ec("P-256"), *out = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *private = NULL;
	uint8_t public[65];
	size_t len = 0;

	assert_int_equal(
	    EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &private),
	    1);
	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(pki.p256, OSSL_PKEY_PARAM_PUB_KEY,
					    public, sizeof(public), &len),
	    1);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					"P-256", 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, private);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public,
					 len);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params),
			 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(private);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return out;
}

/* What the key makes is verified by the certificate before it leaves. */
static void test_a_key_that_makes_bad_signatures(void **state)
{
	EVP_PKEY *bad = broken_key();
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(bad);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	const struct pkg_digests digests = digests_of(text);

	(void)state;
	for (int form = PKG_DOCUMENT_CMS; form <= PKG_DOCUMENT_RAW; form++) {
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf out = {.max = DOCUMENT_MAX};
		PKG_AUTO(pkg_document_signer)
		struct pkg_document_signer *signer = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		assert_ok(pkg_document_signer_new(
		    &signer,
		    &(struct pkg_document_sign_options){
			.key = key,
			.certs = certs,
			.form = (enum pkg_document_form)form},
		    &err));
		assert_int_equal(pkg_document_sign(signer, &out, digests.sha256,
						   PKI_NOW, &err),
				 PKG_KEY);
		assert_string_equal(err.reason, "signature-bad");
		assert_int_equal(out.len, 0);
	}
	EVP_PKEY_free(bad);
}

static void test_a_raw_verifier_needs_a_certificate(void **state)
{
	PKG_AUTO(pkg_document_verifier)
	struct pkg_document_verifier *verifier = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(
	    pkg_document_verifier_new(
		&verifier,
		&(struct pkg_document_verify_options){.crypto = pki.crypto,
						      .form = PKG_DOCUMENT_RAW},
		&err),
	    PKG_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_changed_byte),
	    cmocka_unit_test(test_every_length),
	    cmocka_unit_test(test_every_changed_byte_of_a_raw_one),
	    cmocka_unit_test(test_the_padding_counts),
	    cmocka_unit_test(test_attributes_out_of_order),
	    cmocka_unit_test(test_who_is_trusted),
	    cmocka_unit_test(test_the_certificate_counts_not_the_key),
	    cmocka_unit_test(test_another_type_of_content),
	    cmocka_unit_test(test_a_digest_that_is_not_there),
	    cmocka_unit_test(test_signers_that_are_none),
	    cmocka_unit_test(test_a_key_that_makes_bad_signatures),
	    cmocka_unit_test(test_a_raw_verifier_needs_a_certificate),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
