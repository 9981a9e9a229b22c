/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CMS_decrypt() == 1 does not tell.  As in test_pitfalls.c: OpenSSL says
 * yes first, then the library no.
 */
#include "../fuzz/mend.h"
#include "mutants.h"

#include "packline/buf.h"
#include "packline/envelope.h"
#include "packline/secret.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 16, KEY = PKG_ENVELOPE_CEK };

static uint8_t content[KEY] = "0123456789abcdef0123456789abcdef";

/* Decrypt as a program that just calls OpenSSL; the bytes that come out. */
static long plain_decrypt(const void *der, size_t len, EVP_PKEY *key,
			  X509 *cert, uint8_t out[2 * KEY])
{
	BIO *in = BIO_new_mem_buf(der, (int)len), *to = BIO_new(BIO_s_mem());
	CMS_ContentInfo *ci = d2i_CMS_bio(in, NULL);
	long got = -1;
	char *data = NULL;

	if (ci != NULL &&
	    CMS_decrypt(ci, key, cert, NULL, to, CMS_BINARY) == 1) {
		got = BIO_get_mem_data(to, &data);
		memcpy(out, data, got > 2 * KEY ? 2 * KEY : (size_t)got);
	}
	ERR_clear_error();
	CMS_ContentInfo_free(ci);
	BIO_free(in);
	BIO_free(to);
	return got;
}

static struct pkg_buf seal_for(const struct pki_cert *const *to, size_t count)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_list(to, count);
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;
	struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_secret_new(&cek, KEY, &err));
	memcpy(pkg_secret_data(cek), content, KEY);
	assert_ok(pkg_envelope_seal(&der, pki.crypto,
				    &(struct pkg_envelope_to){.certs = certs},
				    cek, &err));
	return der;
}

/* The message is outside of the profile, without any key. */
static void refuse_profile(const void *der, size_t len)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(pkg_envelope_check(NULL, der, len, &err), PKG_INPUT);
	assert_string_equal(err.reason, "recipients-profile");
}

static struct pkg_buf encode(CMS_ContentInfo *ci)
{
	BIO *in = BIO_new_mem_buf(content, KEY);
	struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *made = NULL;
	int len = 0;

	CMS_set_detached(ci, 0);
	assert_int_equal(CMS_final(ci, in, NULL, CMS_BINARY), 1);
	len = i2d_CMS_ContentInfo(ci, &made);
	assert_true(len > 0);
	assert_ok(pkg_buf_add(&der, made, (size_t)len, &err));
	OPENSSL_free(made);
	BIO_free(in);
	CMS_ContentInfo_free(ci);
	return der;
}

/*
 * A wrong RSA key and no certificate: a key made of nothing, and now and then
 * its padding is right.  13 times in 3000; so far it never took 5000.
 */
static void pitfall_wrong_key_succeeds(void **state)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der =
	    seal_for((const struct pki_cert *[]){&pki.rsa_recipient}, 1);
	EVP_PKEY *wrong = pki_rsa(1024); /* any size: the padding fails */
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p256);
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t out[2 * KEY];
	long got = -1;

	(void)state;
	for (int i = 0; i < 5000 && got < 0; i++)
		got = plain_decrypt(der.data, der.len, wrong, NULL, out);
	assert_true(got >= 0);
	assert_true(got != KEY || memcmp(out, content, KEY) != 0);
	assert_int_equal(
	    pkg_envelope_open(&cek, der.data, der.len, key, NULL, &err),
	    PKG_NO);
	assert_string_equal(err.reason, "not-a-recipient");
	assert_null(cek);
	EVP_PKEY_free(wrong);
}

/* Change a byte of recipients.p7m in a container, and mend the framing. */
static void refuse_in_container(size_t from_end, bool keyed)
{
	struct sealed sealed =
	    sealed_make(&(struct sealed_spec){.kind = PKG_CONTAINER_SEALED});
	struct mend_box box = {.count = 0};
	uint8_t *made = malloc(MAX), *p7m = malloc(MAX);
	const struct pkg_verify_options options = {
	    .trust = mutants_trust,
	    .recipient = keyed ? mutants_recipient : NULL};
	struct pkg_verdict *verdict = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	size_t len = 0;

	assert_non_null(made);
	assert_non_null(p7m);
	mend_take_apart(&box, sealed.data, sealed.len);
	for (size_t i = 0; i < box.count; i++) {
		struct mend_member *m = &box.members[i];

		if (strcmp(m->name, "META-INF/recipients.p7m") != 0)
			continue;
		memcpy(p7m, m->data, m->len);
		p7m[m->len - from_end] ^= 1;
		m->data = p7m;
	}
	len = mend_put_together(&box, made, MAX);
	assert_int_equal(sealed_verify(&verdict, made, len, &options, &err),
			 PKG_NO);
	assert_string_equal(verdict->reason, "digest-mismatch");
	pkg_verdict_free(verdict);
	sealed_fini(&sealed);
	free(made);
	free(p7m);
}

/* CBC is malleable: a changed IV gives a changed key, and no error. */
static void pitfall_malleable_cbc(void **state)
{
	enum { IV_FROM_END = 16 + 2 + 48 };
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der =
	    seal_for((const struct pki_cert *[]){&pki.p256_recipient}, 1);
	uint8_t out[2 * KEY];

	(void)state;
	der.data[der.len - IV_FROM_END] ^= 1;
	assert_int_equal(plain_decrypt(der.data, der.len, pki.p256,
				       pki.p256_recipient.x509, out),
			 KEY);
	assert_int_equal(out[0], content[0] ^ 1);
	assert_memory_equal(out + 1, content + 1, KEY - 1);
	/* the list is in the signed manifest, and the key makes the MAC */
	refuse_in_container(IV_FROM_END, false);
	refuse_in_container(IV_FROM_END, true);
}

/* Nobody looks at what is there for the others. */
static void pitfall_recipients_of_others(void **state)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der =
	    seal_for((const struct pki_cert *[]){&pki.p256_recipient,
						 &pki.rsa_recipient},
		     2);
	uint8_t out[2 * KEY];
	size_t unnoticed = 0;

	(void)state;
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= 1;
		unnoticed +=
		    plain_decrypt(der.data, der.len, pki.p256,
				  pki.p256_recipient.x509, out) == KEY &&
		    memcmp(out, content, KEY) == 0;
		der.data[i] ^= 1;
	}
	assert_true(unnoticed > 384); /* an RSA-3072 ciphertext at least */
	/* test_verify_mended.c changes every byte of such a list */
	refuse_in_container(100, true);
}

/* Shorten the tag at the end of an AuthEnvelopedData to 4 bytes. */
static void shorten_tag(struct pkg_buf *der)
{
	enum { CUT = 12, OID = 2 + 11 };
	uint8_t *at = der->data;
	uint8_t *const mac = der->data + der->len - 18;

	assert_int_equal(mac[0], 0x04);
	assert_int_equal(mac[1], 16);
	mac[1] = 4;
	der->len -= CUT;
	/* SEQUENCE, [0], SEQUENCE: lengths of two bytes each */
	for (int i = 0; i < 3; i++) {
		unsigned len = 0;

		assert_int_equal(at[1], 0x82);
		len = (unsigned)(at[2] << 8 | at[3]) - CUT;
		at[2] = (uint8_t)(len >> 8);
		at[3] = (uint8_t)len;
		at += 4 + (i == 0 ? OID : 0);
	}
}

/* GCM in CMS: four bytes of its tag are enough. */
static void pitfall_short_gcm_tags(void **state)
{
	CMS_ContentInfo *ci = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
	struct pkg_buf der = {0};
	uint8_t out[2 * KEY];

	(void)state;
	assert_non_null(ci);
	assert_non_null(
	    CMS_add1_recipient_cert(ci, pki.rsa_recipient.x509, CMS_USE_KEYID));
	der = encode(ci);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(plain_decrypt(der.data, der.len, pki.rsa,
					       pki.rsa_recipient.x509, out),
				 KEY);
		refuse_profile(der.data, der.len);
		if (i == 0)
			shorten_tag(&der);
	}
	pkg_buf_fini(&der);
}

/* Passwords: PBKDF2 with HMAC-SHA-1, and iterations that nobody can bound. */
static void pitfall_password_recipients(void **state)
{
	static unsigned char password[] = "correct horse";
	CMS_ContentInfo *ci = CMS_EnvelopedData_create(EVP_aes_256_cbc());
	struct pkg_buf der = {0};
	BIO *in = NULL;

	(void)state;
	assert_non_null(ci);
	assert_non_null(CMS_add0_recipient_password(
	    ci, 1, NID_id_alg_PWRI_KEK, NID_undef,
	    (unsigned char *)OPENSSL_strdup((char *)password), -1, NULL));
	der = encode(ci);
	in = BIO_new_mem_buf(der.data, (int)der.len);
	ci = d2i_CMS_bio(in, NULL);
	assert_int_equal(CMS_decrypt_set1_password(ci, password, -1), 1);
	CMS_ContentInfo_free(ci);
	BIO_free(in);
	refuse_profile(der.data, der.len);
	pkg_buf_fini(&der);
}

/* PKCS#1 v1.5: an oracle for whoever may ask often. */
static void pitfall_pkcs1_recipients(void **state)
{
	CMS_ContentInfo *ci = CMS_EnvelopedData_create(EVP_aes_256_cbc());
	struct pkg_buf der = {0};
	uint8_t out[2 * KEY];

	(void)state;
	assert_non_null(ci);
	assert_non_null(
	    CMS_add1_recipient_cert(ci, pki.rsa_recipient.x509, CMS_USE_KEYID));
	der = encode(ci);
	assert_int_equal(plain_decrypt(der.data, der.len, pki.rsa,
				       pki.rsa_recipient.x509, out),
			 KEY);
	refuse_profile(der.data, der.len);
	pkg_buf_fini(&der);
}

/* X25519 is taken as a recipient, and fails when all is nearly done. */
static void pitfall_x25519_recipients(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	struct pki_cert cert = pki_cert(&(struct pki_spec){
	    .name = "x25519",
	    .key = key,
	    .issuer = &pki.ca,
	    .extensions = {PKI_SKI, "keyUsage", "keyAgreement", NULL}});
	CMS_ContentInfo *ci = CMS_EnvelopedData_create(EVP_aes_256_cbc());
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&cert);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_non_null(CMS_add1_recipient_cert(ci, cert.x509, CMS_USE_KEYID));
	ERR_clear_error();
	assert_int_equal(pkg_cert_check_recipient(certs, 0, PKI_NOW, &err),
			 PKG_KEY);
	CMS_ContentInfo_free(ci);
	pki_cert_free(&cert);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pitfall_wrong_key_succeeds),
	    cmocka_unit_test(pitfall_malleable_cbc),
	    cmocka_unit_test(pitfall_recipients_of_others),
	    cmocka_unit_test(pitfall_short_gcm_tags),
	    cmocka_unit_test(pitfall_password_recipients),
	    cmocka_unit_test(pitfall_pkcs1_recipients),
	    cmocka_unit_test(pitfall_x25519_recipients),
	};

	return cmocka_run_group_tests_name("pitfalls_decrypt", tests,
					   mutants_start, mutants_stop);
}
