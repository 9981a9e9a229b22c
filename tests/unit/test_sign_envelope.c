/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_pki.h"

#include "packline/buf.h"
#include "packline/envelope.h"
#include "packline/secret.h"

#include <openssl/cms.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20 };

#define FOR(recipients) (&(struct pkg_envelope_to){.certs = (recipients)})

static struct pkg_secret *cek;

static int start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	pki_start(state);
	assert_ok(pkg_secret_random(&cek, pki.crypto, PKG_ENVELOPE_CEK, &err));
	return 0;
}

static int stop(void **state)
{
	pkg_secret_free(cek);
	return pki_stop(state);
}

static void seal(struct pkg_buf *out)
{
	PKG_AUTO(pkg_certs)
	struct pkg_certs *to = pki_list(
	    (const struct pki_cert *[]){&pki.rsa_recipient, &pki.p256_recipient,
					&pki.p384_recipient},
	    3);
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_envelope_seal(out, pki.crypto, FOR(to), cek, &err));
}

static enum pkg_code open_as(const struct pkg_buf *der, EVP_PKEY *pkey,
			     const struct pki_cert *cert, struct pkg_err *err)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pkey);
	PKG_AUTO(pkg_certs)
	struct pkg_certs *certs = cert == NULL ? NULL : pki_one(cert);
	PKG_AUTO(pkg_secret) struct pkg_secret *got = NULL;

	PKG_TRY(pkg_envelope_open(&got, der->data, der->len, key, certs, err));
	assert_int_equal(pkg_secret_len(got), PKG_ENVELOPE_CEK);
	if (memcmp(pkg_secret_data(got), pkg_secret_data(cek),
		   PKG_ENVELOPE_CEK) != 0)
		return pkg_fail(err, PKG_NO, "another key came out");
	return PKG_OK;
}

static void test_every_recipient_opens_it(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_envelope_info info;

	(void)state;
	seal(&der);
	assert_ok(pkg_envelope_check(&info, der.data, der.len, &err));
	assert_int_equal(info.count, 3);
	assert_ok(open_as(&der, pki.rsa, &pki.rsa_recipient, &err));
	assert_ok(open_as(&der, pki.p256, &pki.p256_recipient, &err));
	assert_ok(open_as(&der, pki.p384, &pki.p384_recipient, &err));
}

static void test_the_key_alone_is_enough(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	seal(&der);
	assert_ok(open_as(&der, pki.rsa, NULL, &err));
	assert_ok(open_as(&der, pki.p256, NULL, &err));
	assert_ok(open_as(&der, pki.p384, NULL, &err));
}

static void test_not_for_this_key(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs)
	struct pkg_certs *to = pki_one(&pki.p384_recipient);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_envelope_seal(&der, pki.crypto, FOR(to), cek, &err));
	assert_int_equal(open_as(&der, pki.p256, NULL, &err), PKG_NO);
	assert_string_equal(err.reason, "not-a-recipient");
	assert_int_equal(open_as(&der, pki.p256, &pki.p384_recipient, &err),
			 PKG_KEY);
}

/*
 * The right identifier and the wrong RSA key: without the certificate
 * CMS_decrypt() "succeeds" now and then (13 of 3000) and gives garbage.
 */
static void test_a_wrong_rsa_key_never_succeeds(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *to = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	EVP_PKEY *other = pki_rsa(3072);
	struct pki_cert decoy = pki_cert(&(struct pki_spec){
	    .name = "decoy", .key = other, .extensions = {PKI_SKI}});
	ASN1_OCTET_STRING *ski = X509_get_ext_d2i(
	    decoy.x509, NID_subject_key_identifier, NULL, NULL);
	struct pki_cert victim =
	    pki_cert(&(struct pki_spec){.name = "victim", .key = pki.rsa});

	(void)state;
	/* another key under the identifier of "decoy" */
	assert_int_equal(X509_add1_ext_i2d(victim.x509,
					   NID_subject_key_identifier, ski, 0,
					   0),
			 1);
	assert_true(X509_sign(victim.x509, pki.rsa, EVP_sha256()) > 0);
	to = pki_one(&victim);
	for (int i = 0; i < 20; i++) {
		pkg_buf_clear(&der);
		assert_ok(
		    pkg_envelope_seal(&der, pki.crypto, FOR(to), cek, &err));
		assert_int_equal(open_as(&der, other, &decoy, &err), PKG_NO);
		assert_string_equal(err.reason, "unwrap-failed");
	}
	ASN1_OCTET_STRING_free(ski);
	pki_cert_free(&decoy);
	pki_cert_free(&victim);
	EVP_PKEY_free(other);
}

static void test_recipients_that_cannot_receive(void **state)
{
	EVP_PKEY *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *small = pki_rsa(2048);
	const struct pki_spec specs[] = {
	    {.name = "x25519",
	     .key = x,
	     .issuer = &pki.ca,
	     .extensions = {PKI_SKI}},
	    {.name = "small",
	     .key = small,
	     .issuer = &pki.ca,
	     .extensions = {PKI_SKI}},
	    {.name = "no ski", .key = pki.p256, .issuer = &pki.ca},
	    {.name = "signs only",
	     .key = pki.p256,
	     .issuer = &pki.ca,
	     .extensions = {PKI_SKI, "keyUsage", "digitalSignature"}},
	};
	static const char *const reasons[] = {
	    "algorithm-weak", "algorithm-weak", "certificate-purpose",
	    "certificate-purpose"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pki_cert cert = pki_cert(&specs[i]);
		PKG_AUTO(pkg_certs) struct pkg_certs *to = pki_one(&cert);
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
		struct pkg_err err = PKG_ERR_INIT;

		assert_int_equal(
		    pkg_envelope_seal(&der, pki.crypto, FOR(to), cek, &err),
		    PKG_KEY);
		assert_string_equal(err.reason, reasons[i]);
		assert_int_equal(der.len, 0);
		pki_cert_free(&cert);
	}
	EVP_PKEY_free(x);
	EVP_PKEY_free(small);
}

static void test_numbers_of_recipients(void **state)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *none = NULL;
	PKG_AUTO(pkg_certs)
	struct pkg_certs *twice =
	    pki_list((const struct pki_cert *[]){&pki.p256_recipient,
						 &pki.p256_recipient},
		     2);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_certs_new(&none, pki.crypto, &err));
	assert_int_equal(
	    pkg_envelope_seal(&der, pki.crypto, FOR(none), cek, &err),
	    PKG_INPUT);
	assert_int_equal(
	    pkg_envelope_seal(&der, pki.crypto, FOR(twice), cek, &err),
	    PKG_KEY);
	assert_non_null(strstr(err.text, "same key"));
}

static void test_64_recipients_and_not_one_more(void **state)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *to = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_certs_new(&to, pki.crypto, &err));
	for (int i = 0; i <= 64; i++) {
		EVP_PKEY *key = pki_ec("P-256");
		struct pki_cert cert = pki_cert(&(struct pki_spec){
		    .name = "device", .key = key, .extensions = {PKI_SKI}});
		PKG_AUTO(pkg_certs) struct pkg_certs *one = pki_one(&cert);

		assert_ok(pkg_certs_add_cert(to, one, 0, &err));
		if (i == 63)
			assert_ok(pkg_envelope_seal(&der, pki.crypto, FOR(to),
						    cek, &err));
		pki_cert_free(&cert);
		EVP_PKEY_free(key);
	}
	assert_int_equal(
	    pkg_envelope_seal(&der, pki.crypto, FOR(to), cek, &err), PKG_INPUT);
}

/*
 * One changed bit anywhere: refused, or the same key comes out (other
 * people's rows), or another key does, which the manifest's MAC then finds.
 * The decoder never sees anything outside of the profile.
 */
static void test_every_changed_byte(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p256);
	PKG_AUTO(pkg_certs) struct pkg_certs *to = pki_one(&pki.p256_recipient);
	struct pkg_err err = PKG_ERR_INIT;
	size_t refused = 0;

	(void)state;
	assert_ok(pkg_envelope_seal(&der, pki.crypto, FOR(to), cek, &err));
	for (size_t at = 0; at < der.len; at++) {
		PKG_AUTO(pkg_secret) struct pkg_secret *got = NULL;

		der.data[at] ^= (uint8_t)(1 << at % 8);
		if (pkg_envelope_open(&got, der.data, der.len, key, NULL,
				      &err) != PKG_OK) {
			assert_non_null(err.reason);
			refused++;
		}
		der.data[at] ^= (uint8_t)(1 << at % 8);
	}
	/* What is left: the 16 bytes of the IV and the first 16 of the
	   content, whose bits come out flipped. */
	assert_in_range(refused, der.len - 40, der.len);
}

/* Places in our writable memory that hold what @masked is, bit by bit. */
static size_t copies_in_memory(const uint8_t masked[32])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	FILE *mem = fopen("/proc/self/mem", "r");
	static uint8_t page[1 << 16];
	size_t found = 0;
	char line[512];

	assert_non_null(maps);
	assert_non_null(mem);
	/* its buffer would be a copy that we make ourselves */
	assert_int_equal(setvbuf(mem, NULL, _IONBF, 0), 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *end = NULL;
		const unsigned long from = strtoul(line, &end, 16);
		const unsigned long to = strtoul(end + 1, &end, 16);

		/* a sanitizer's shadow is terabytes */
		if (strncmp(end, " rw", 3) != 0 || to - from > 1ul << 30)
			continue;
		for (unsigned long at = from; at < to;
		     at += sizeof(page) - 31) { /* no place twice */
			/* nor in the map that may follow at once */
			const size_t len =
			    to - at < sizeof(page) ? to - at : sizeof(page);
			size_t got = 0;

			if (fseek(mem, (long)at, SEEK_SET) != 0)
				break;
			got = fread(page, 1, len, mem);
			for (size_t i = 0; i + 32 <= got; i++) {
				size_t k = 0;

				while (k < 32 &&
				       (page[i + k] ^ masked[k]) == 0xff)
					k++;
				found += k == 32;
			}
			memset(page, 0, sizeof(page));
		}
	}
	fclose(maps);
	fclose(mem);
	return found;
}

/* CMS_decrypt() alone leaves the key on the stack, in a buffer of its own. */
static void test_no_copy_of_the_key_stays_in_memory(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *to = pki_one(&pki.rsa_recipient);
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.rsa);
	PKG_AUTO(pkg_secret) struct pkg_secret *fresh = NULL;
	PKG_AUTO(pkg_secret) struct pkg_secret *got = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t masked[32];

	(void)state;
	assert_ok(pkg_secret_random(&fresh, pki.crypto, 32, &err));
	for (size_t i = 0; i < 32; i++)
		masked[i] = (uint8_t)~pkg_secret_data(fresh)[i];
	assert_ok(pkg_envelope_seal(&der, pki.crypto, FOR(to), fresh, &err));
	pkg_secret_free(PKG_STEAL(fresh));
	assert_ok(pkg_envelope_open(&got, der.data, der.len, key, NULL, &err));
	/* the one that we hold, and no other */
	assert_int_equal(copies_in_memory(masked), 1);
	pkg_secret_free(PKG_STEAL(got));
	assert_int_equal(copies_in_memory(masked), 0);
}

/* -- messages that OpenSSL makes and the profile does not admit -- */

struct shape {
	unsigned flags; /* of CMS_add1_recipient_cert() */
	bool oaep;
	const char *cipher;
	size_t len; /* of the content */
};

static void expect_off_profile(const struct shape *shape)
{
	CMS_ContentInfo *ci =
	    CMS_EnvelopedData_create(EVP_get_cipherbyname(shape->cipher));
	CMS_RecipientInfo *ri = NULL;
	uint8_t content[64] = {0};
	BIO *in = BIO_new_mem_buf(content, (int)shape->len);
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *der = NULL;
	int len = 0;

	assert_non_null(ci);
	CMS_set_detached(ci, 0);
	ri = CMS_add1_recipient_cert(ci, pki.rsa_recipient.x509,
				     shape->flags | CMS_KEY_PARAM);
	assert_non_null(ri);
	if (shape->oaep) {
		EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

		EVP_PKEY_CTX_set_rsa_padding(ctx, 4);
		EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256());
		EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256());
	}
	assert_int_equal(CMS_final(ci, in, NULL, CMS_BINARY), 1);
	len = i2d_CMS_ContentInfo(ci, &der);
	assert_true(len > 0);
	assert_int_equal(pkg_envelope_check(NULL, der, (size_t)len, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "recipients-profile");
	OPENSSL_free(der);
	BIO_free(in);
	CMS_ContentInfo_free(ci);
}

static void test_other_shapes(void **state)
{
	const struct shape shapes[] = {
	    {CMS_USE_KEYID, false, "aes-256-cbc", 32}, /* PKCS#1 v1.5 */
	    {0, true, "aes-256-cbc", 32},              /* issuer and serial */
	    {CMS_USE_KEYID, true, "aes-128-cbc", 32},
	    {CMS_USE_KEYID, true, "aes-256-cbc", 31},
	    {CMS_USE_KEYID, true, "aes-256-cbc", 48},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		expect_off_profile(&shapes[i]);
}

static void test_bytes_that_are_no_envelope(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	seal(&der);
	assert_int_equal(pkg_envelope_check(NULL, "", 0, &err), PKG_INPUT);
	for (size_t len = 1; len < der.len; len += 7)
		assert_int_equal(pkg_envelope_check(NULL, der.data, len, &err),
				 PKG_INPUT);
	assert_ok(pkg_buf_add(&der, "", 1, &err));
	assert_int_equal(pkg_envelope_check(NULL, der.data, der.len, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "recipients-profile");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_recipient_opens_it),
	    cmocka_unit_test(test_the_key_alone_is_enough),
	    cmocka_unit_test(test_not_for_this_key),
	    cmocka_unit_test(test_a_wrong_rsa_key_never_succeeds),
	    cmocka_unit_test(test_recipients_that_cannot_receive),
	    cmocka_unit_test(test_numbers_of_recipients),
	    cmocka_unit_test(test_64_recipients_and_not_one_more),
	    cmocka_unit_test(test_every_changed_byte),
	    cmocka_unit_test(test_no_copy_of_the_key_stays_in_memory),
	    cmocka_unit_test(test_other_shapes),
	    cmocka_unit_test(test_bytes_that_are_no_envelope),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
