/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_pki.h"

#include "packline/buf.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct answer {
	const char *text;
	int asked;
};

static enum pkg_code give(void *context, struct pkg_buf *out, const char *what,
			  struct pkg_err *err)
{
	struct answer *answer = context;

	assert_non_null(strstr(what, "k."));
	answer->asked++;
	return pkg_buf_puts(out, answer->text, err);
}

/* Load the file of the folder; @passphrase NULL = nobody to ask. */
static enum pkg_code load(struct pkg_key **out, const char *word,
			  const char *passphrase, struct pkg_err *err)
{
	struct answer answer = {.text = passphrase};
	const struct pkg_key_ask ask = {.ask = give, .context = &answer};
	const enum pkg_code code =
	    pkg_key_load(out, pki.crypto, AT_FDCWD, word,
			 passphrase == NULL ? NULL : &ask, err);

	assert_true(answer.asked <= 1);
	return code;
}

static struct pki_bytes key_der(EVP_PKEY *key)
{
	struct pki_bytes out = {0};
	uint8_t *der = NULL;
	const int len = i2d_PrivateKey(key, &der);

	assert_true(len > 0);
	out.data = malloc((size_t)len);
	assert_non_null(out.data);
	memcpy(out.data, der, (size_t)len);
	out.len = (size_t)len;
	OPENSSL_free(der);
	return out;
}

static struct pki_bytes p12(const char *password)
{
	PKCS12 *made = PKCS12_create(password, "x", pki.p256, pki.signer.x509,
				     NULL, 0, 0, 0, 0, 0);
	struct pki_bytes out = {0};
	uint8_t *der = NULL;
	const int len = i2d_PKCS12(made, &der);

	assert_true(len > 0);
	out.data = malloc((size_t)len);
	assert_non_null(out.data);
	memcpy(out.data, der, (size_t)len);
	out.len = (size_t)len;
	OPENSSL_free(der);
	PKCS12_free(made);
	return out;
}

static void expect_key(struct pki_bytes file, const char *passphrase,
		       enum pkg_key_type type, unsigned bits)
{
	const char *path = pki_file("k.pem", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(load(&key, path, passphrase, &err));
	assert_int_equal(pkg_key_type(key), type);
	assert_int_equal(pkg_key_bits(key), bits);
	unlink(path);
	free(file.data);
}

static void expect_refused(struct pki_bytes file, const char *passphrase,
			   const char *text)
{
	const char *path = pki_file("k.pem", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(load(&key, path, passphrase, &err), PKG_KEY);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_null(key);
	unlink(path);
	free(file.data);
}

static void test_formats(void **state)
{
	(void)state;
	expect_key(pki_key_pem(pki.p256, NULL), NULL, PKG_KEY_TYPE_P256, 256);
	expect_key(pki_key_pem(pki.p384, NULL), NULL, PKG_KEY_TYPE_P384, 384);
	expect_key(pki_key_pem(pki.rsa, NULL), NULL, PKG_KEY_TYPE_RSA, 3072);
	expect_key(pki_key_pem(pki.p256, "correct horse"), "correct horse",
		   PKG_KEY_TYPE_P256, 256);
	expect_key(key_der(pki.p256), NULL, PKG_KEY_TYPE_P256, 256);
	expect_key(key_der(pki.rsa), NULL, PKG_KEY_TYPE_RSA, 3072);
	expect_key(p12("correct horse"), "correct horse", PKG_KEY_TYPE_P256,
		   256);
	expect_key(p12(""), NULL, PKG_KEY_TYPE_P256, 256);
}

static struct pki_bytes traditional(EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct pki_bytes out = {0};
	char *data = NULL;

	assert_int_equal(
	    PEM_write_bio_PrivateKey_traditional(
		bio, key, passphrase == NULL ? NULL : EVP_aes_256_cbc(),
		(const unsigned char *)passphrase,
		passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL),
	    1);
	out.len = (size_t)BIO_get_mem_data(bio, &data);
	out.data = malloc(out.len);
	assert_non_null(out.data);
	memcpy(out.data, data, out.len);
	BIO_free(bio);
	return out;
}

static void test_traditional_pem(void **state)
{
	(void)state;
	expect_key(traditional(pki.rsa, NULL), NULL, PKG_KEY_TYPE_RSA, 3072);
	expect_key(traditional(pki.p256, "correct horse"), "correct horse",
		   PKG_KEY_TYPE_P256, 256);
	expect_refused(traditional(pki.p256, "correct horse"), "wrong one",
		       "wrong passphrase");
}

static void test_wrong_or_missing_passphrase(void **state)
{
	(void)state;
	expect_refused(pki_key_pem(pki.p256, "correct horse"), "wrong one",
		       "wrong passphrase");
	expect_refused(pki_key_pem(pki.p256, "correct horse"), "",
		       "wrong passphrase");
	expect_refused(p12("correct horse"), "wrong one", "wrong passphrase");
	expect_refused(pki_key_pem(pki.p256, "correct horse"), NULL,
		       "no passphrase was given");
	expect_refused(p12("correct horse"), NULL, "no passphrase was given");
}

static void test_keys_outside_the_suite(void **state)
{
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *p521 = pki_ec("P-521");
	EVP_PKEY *small = pki_rsa(2048);

	(void)state;
	expect_refused(pki_key_pem(ed, NULL), NULL, "ED25519");
	expect_refused(pki_key_pem(x, NULL), NULL, "X25519");
	expect_refused(pki_key_pem(p521, NULL), NULL, "521 bits");
	expect_refused(pki_key_pem(small, NULL), NULL, "RSA with 2048 bits");
	EVP_PKEY_free(ed);
	EVP_PKEY_free(x);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(small);
}

static struct pki_bytes literal(const char *text)
{
	struct pki_bytes out = {.data = (uint8_t *)strdup(text),
				.len = strlen(text)};

	assert_non_null(out.data);
	return out;
}

static struct pki_bytes join(struct pki_bytes a, struct pki_bytes b)
{
	struct pki_bytes out = {.data = malloc(a.len + b.len),
				.len = a.len + b.len};

	assert_non_null(out.data);
	memcpy(out.data, a.data, a.len);
	memcpy(out.data + a.len, b.data, b.len);
	free(a.data);
	free(b.data);
	return out;
}

static void test_files_that_are_no_key(void **state)
{
	(void)state;
	expect_refused(literal(""), NULL, "empty");
	expect_refused(literal("hello\n"), NULL, "no private key in it");
	expect_refused(literal("0hello\n"), NULL, "no private key can be read");
	expect_refused(pki_cert_pem(&pki.signer), NULL, "no private key in it");
	expect_refused(
	    join(pki_key_pem(pki.p256, NULL), pki_key_pem(pki.p384, NULL)),
	    NULL, "more than one private key");
}

/* What is behind a broken block was not read: say that, and not another. */
static void test_files_that_were_cut_off(void **state)
{
	struct pki_bytes key = pki_key_pem(pki.p256, NULL);
	struct pki_bytes cert = pki_cert_pem(&pki.signer);

	(void)state;
	key.len -= 30;
	expect_refused(key, NULL, "cannot be read");
	cert.len -= 30;
	expect_refused(join(cert, pki_key_pem(pki.p256, NULL)), NULL,
		       "cannot be read");
	cert = pki_cert_pem(&pki.signer);
	cert.len -= 30;
	expect_refused(join(pki_key_pem(pki.p256, NULL), cert), NULL,
		       "cannot be read");
}

/* "openssl ecparam -genkey" writes the curve in front of the key. */
static void test_parameters_in_front_of_the_key(void **state)
{
	static const char params[] = "-----BEGIN EC PARAMETERS-----\n"
				     "BggqhkjOPQMBBw==\n"
				     "-----END EC PARAMETERS-----\n";

	(void)state;
	expect_key(join(literal(params), traditional(pki.p256, NULL)), NULL,
		   PKG_KEY_TYPE_P256, 256);
}

static void test_certificates_come_with_the_key(void **state)
{
	struct pki_bytes file =
	    join(pki_cert_pem(&pki.ca),
		 join(pki_key_pem(pki.p256, NULL), pki_cert_pem(&pki.signer)));
	const char *path = pki_file("k.pem", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const struct pkg_certs *certs = NULL;

	(void)state;
	assert_ok(load(&key, path, NULL, &err));
	certs = pkg_key_certs(key);
	assert_non_null(certs);
	assert_int_equal(pkg_certs_count(certs), 2);
	assert_string_equal(pkg_certs_info(certs, 0)->subject, "CN=carol");
	assert_memory_equal(pkg_certs_info(certs, 0)->spki, pkg_key_spki(key),
			    32);
	assert_ok(pkg_cert_check_key(certs, key, &err));
	unlink(path);
	free(file.data);
}

static void test_pkcs12_brings_its_certificate(void **state)
{
	struct pki_bytes file = p12("correct horse");
	const char *path = pki_file("k.p12", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(load(&key, path, "correct horse", &err));
	assert_non_null(pkg_key_certs(key));
	assert_ok(pkg_cert_check_key(pkg_key_certs(key), key, &err));
	unlink(path);
	free(file.data);
}

static void test_a_certificate_of_another_key(void **state)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(pki.p384);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.signer);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(pkg_cert_check_key(certs, key, &err), PKG_KEY);
	assert_non_null(strstr(err.text, "'CN=carol' is not that of key"));
}

static void test_a_key_that_others_can_read(void **state)
{
	struct pki_bytes file = pki_key_pem(pki.p256, NULL);
	const char *path = pki_file("k.pem", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(load(&key, path, NULL, &err), PKG_KEY);
	assert_non_null(strstr(err.hint, "chmod 600"));
	unlink(path);
	free(file.data);
}

static void test_words(void **state)
{
	struct pki_bytes file = pki_key_pem(pki.p256, NULL);
	const char *path = pki_file("k.pem", file.data, file.len);
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	char word[200] = "file:";

	(void)state;
	strncat(word, path, sizeof(word) - strlen(word) - 1);
	assert_ok(load(&key, word, NULL, &err));
	assert_string_equal(pkg_key_name(key), word);
	pkg_key_free(PKG_STEAL(key));
	assert_int_equal(
	    load(&key, "pkcs11:token=acme?pin-value=4711", NULL, &err),
	    PKG_KEY);
	assert_string_equal(
	    err.text, "key 'pkcs11:token=acme': a PIN is never part of a URI");
	unlink(path);
	free(file.data);
}

static void test_what_a_certificate_says(void **state)
{
	PKG_AUTO(pkg_certs)
	struct pkg_certs *certs =
	    pki_list((const struct pki_cert *[]){&pki.signer, &pki.ca,
						 &pki.rsa_recipient},
		     3);
	const struct pkg_cert_info *info = pkg_certs_info(certs, 0);

	(void)state;
	assert_string_equal(info->subject, "CN=carol");
	assert_string_equal(info->issuer, "CN=Test CA");
	assert_int_equal(info->key_type, PKG_KEY_TYPE_P256);
	assert_int_equal(info->not_before, 946684800);
	assert_int_equal(info->not_after, 2114380800);
	assert_true(info->can_sign_code && !info->is_ca && !info->self_issued);
	assert_false(info->can_receive); /* no subject key identifier */
	info = pkg_certs_info(certs, 1);
	assert_true(info->is_ca && info->self_issued && !info->can_sign_code);
	info = pkg_certs_info(certs, 2);
	assert_true(info->can_receive && !info->can_sign_code);
	assert_int_equal(info->key_bits, 3072);
}

/* A subject must not be able to write to the terminal of an officer. */
static void test_a_subject_with_an_escape_sequence(void **state)
{
	struct pki_cert evil = pki_cert(&(struct pki_spec){
	    .name = "carol\033[2J\u202e",
	    .key = pki.p256,
	});
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&evil);
	const char *subject = pkg_certs_info(certs, 0)->subject;

	(void)state;
	assert_null(strchr(subject, '\033'));
	assert_null(strstr(subject, "\u202e"));
	assert_non_null(strstr(subject, "CN=carol"));
	pki_cert_free(&evil);
}

static enum pkg_code judge(const struct pki_spec *spec, int64_t now,
			   struct pkg_err *err)
{
	struct pki_cert cert = pki_cert(spec);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&cert);

	pki_cert_free(&cert);
	return pkg_cert_check_signer(certs, 0, now, err);
}

static void expect_unfit(const struct pki_spec *spec, const char *reason)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(judge(spec, PKI_NOW, &err), PKG_KEY);
	assert_string_equal(err.reason, reason);
}

static void test_who_may_sign(void **state)
{
	EVP_PKEY *small = pki_rsa(2048);
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_spec spec = {
	    .name = "x", .key = pki.p256, .extensions = PKI_CODE};

	(void)state;
	assert_ok(judge(&spec, PKI_NOW, &err));
	spec.not_after = PKI_EXPIRED;
	expect_unfit(&spec, "certificate-expired");
	assert_int_equal(judge(&spec, 900000000, &err), PKG_KEY);
	assert_non_null(strstr(err.text, "not valid before"));
	expect_unfit(&(struct pki_spec){.name = "x", .key = pki.p256},
		     "certificate-purpose");
	expect_unfit(
	    &(struct pki_spec){
		.name = "x",
		.key = pki.p256,
		.extensions = {"extendedKeyUsage", "serverAuth,clientAuth"}},
	    "certificate-purpose");
	expect_unfit(
	    &(struct pki_spec){.name = "x",
			       .key = pki.p256,
			       .extensions = {"keyUsage", "keyEncipherment",
					      "extendedKeyUsage",
					      "codeSigning"}},
	    "certificate-purpose");
	expect_unfit(
	    &(struct pki_spec){.name = "x",
			       .key = pki.p256,
			       .extensions = {"basicConstraints", "CA:TRUE",
					      "extendedKeyUsage",
					      "codeSigning"}},
	    "certificate-purpose");
	spec.key = small;
	expect_unfit(&spec, "algorithm-weak");
	EVP_PKEY_free(small);
}

static void test_certificate_files(void **state)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = NULL;
	struct pki_bytes pem =
	    join(pki_cert_pem(&pki.signer), pki_cert_pem(&pki.ca));
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *der = NULL;
	const int len = i2d_X509(pki.ca.x509, &der);

	(void)state;
	assert_ok(pkg_certs_new(&certs, pki.crypto, &err));
	assert_ok(pkg_certs_add_file(
	    certs, AT_FDCWD, pki_file("c.pem", pem.data, pem.len), &err));
	assert_int_equal(pkg_certs_count(certs), 2);
	unlink(pki_file("c.pem", "", 0));
	assert_ok(pkg_certs_add_data(certs, der, (size_t)len, "ca", &err));
	assert_ok(pkg_certs_add_cert(certs, certs, 1, &err));
	assert_int_equal(pkg_certs_count(certs), 4);
	assert_int_equal(
	    pkg_certs_find_spki(certs, pkg_certs_info(certs, 3)->spki), 1);
	/* trailing bytes, nothing, a key, a broken block */
	assert_int_equal(
	    pkg_certs_add_data(certs, der, (size_t)len - 1, "x", &err),
	    PKG_KEY);
	assert_int_equal(pkg_certs_add_data(certs, "", 0, "x", &err), PKG_KEY);
	assert_int_equal(
	    pkg_certs_add_data(certs,
			       "-----BEGIN CERTIFICATE-----\nAAAA\n"
			       "-----END CERTIFICATE-----\n",
			       58, "x", &err),
	    PKG_KEY);
	assert_int_equal(pkg_certs_count(certs), 4);
	OPENSSL_free(der);
	free(pem.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formats),
	    cmocka_unit_test(test_traditional_pem),
	    cmocka_unit_test(test_wrong_or_missing_passphrase),
	    cmocka_unit_test(test_keys_outside_the_suite),
	    cmocka_unit_test(test_files_that_are_no_key),
	    cmocka_unit_test(test_files_that_were_cut_off),
	    cmocka_unit_test(test_parameters_in_front_of_the_key),
	    cmocka_unit_test(test_certificates_come_with_the_key),
	    cmocka_unit_test(test_pkcs12_brings_its_certificate),
	    cmocka_unit_test(test_a_certificate_of_another_key),
	    cmocka_unit_test(test_a_key_that_others_can_read),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_what_a_certificate_says),
	    cmocka_unit_test(test_a_subject_with_an_escape_sequence),
	    cmocka_unit_test(test_who_may_sign),
	    cmocka_unit_test(test_certificate_files),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
