/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures by a key that is out of reach: attributes out, bytes back. */
#include "sign_pki.h"

#include "packline/cms.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20 };

static const char content[] = "{\"type\":\"manifest\"}";
static const size_t len = sizeof(content) - 1;

/* How the distant key signs. */
struct how {
	const struct pki_cert *cert;
	const char *digest;
	int salt; /* RSA: 0 = PKCS#1 v1.5, else bytes, PSS */
	bool r_and_s;
};

static struct pkg_cms_sign_options options_of(const struct pkg_certs *certs)
{
	return (struct pkg_cms_sign_options){
	    .certs = certs,
	    .content_type = PKG_OID_MANIFEST,
	    .signing_time = PKI_NOW,
	};
}

static void raw_sign(struct pkg_buf *out, const struct pkg_buf *tbs,
		     const struct how *how)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	uint8_t made[1024];
	size_t size = sizeof(made);
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, how->digest, NULL,
					       NULL, how->cert->key, NULL),
			 1);
	if (how->salt > 0) {
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING),
		    1);
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, how->salt), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, made, &size, tbs->data, tbs->len),
			 1);
	EVP_MD_CTX_free(ctx);
	if (how->r_and_s) {
		const unsigned char *at = made;
		ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
		const int half = EVP_PKEY_get_bits(how->cert->key) / 8;

		assert_int_equal(
		    BN_bn2binpad(ECDSA_SIG_get0_r(sig), made, half), half);
		assert_int_equal(
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), made + half, half),
		    half);
		ECDSA_SIG_free(sig);
		size = 2 * (size_t)half;
	}
	assert_ok(pkg_buf_add(out, made, size, &err));
}

static enum pkg_code assemble(struct pkg_buf *der, const struct pkg_buf *tbs,
			      const struct pkg_buf *signature,
			      const struct pki_cert *cert, struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	const struct pkg_cms_raw raw = {
	    .tbs = tbs->data,
	    .tbs_len = tbs->len,
	    .signature = signature->data,
	    .signature_len = signature->len,
	    .certs = certs,
	    .content_type = PKG_OID_MANIFEST,
	};

	*err = PKG_ERR_INIT;
	return pkg_cms_assemble(der, content, len, &raw, err);
}

static void make_tbs_of(struct pkg_buf *tbs, const struct pki_cert *cert,
			const char *text, unsigned bits)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	struct pkg_cms_sign_options options = options_of(certs);
	struct pkg_err err = PKG_ERR_INIT;

	options.digest_bits = bits;
	assert_ok(pkg_cms_tbs(tbs, text, strlen(text), &options, &err));
}

static void make_tbs(struct pkg_buf *tbs, const struct pki_cert *cert,
		     const char *text)
{
	make_tbs_of(tbs, cert, text, 0);
}

/* Both halves; what comes out is what was asked for. */
static void both_halves(const struct how *how, const char *algorithm)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tbs = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf raw = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	make_tbs_of(&tbs, how->cert, content,
		    (unsigned)strtoul(how->digest + 3, NULL, 10));
	assert_int_equal(tbs.data[0], 0x31);
	raw_sign(&raw, &tbs, how);
	assert_ok(assemble(&der, &tbs, &raw, how->cert, &err));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_string_equal(pkg_cms_claim(cms)->algorithm, algorithm);
	assert_int_equal(pkg_cms_claim(cms)->signing_time, PKI_NOW);
}

static void every_algorithm(void **state)
{
	(void)state;
	both_halves(&(struct how){&pki.rsa_signer, "SHA256", 32, false},
		    "rsa-pss");
	both_halves(&(struct how){&pki.rsa_signer, "SHA256", 0, false},
		    "rsa-pkcs1");
	both_halves(&(struct how){&pki.rsa_signer, "SHA384", 48, false},
		    "rsa-pss");
	both_halves(&(struct how){&pki.rsa_signer, "SHA512", 64, false},
		    "rsa-pss");
	both_halves(&(struct how){&pki.signer, "SHA256", 0, false},
		    "ecdsa-p256");
	both_halves(&(struct how){&pki.p384_signer, "SHA384", 0, false},
		    "ecdsa-p384");
	/* As PKCS#11 tokens give it. */
	both_halves(&(struct how){&pki.signer, "SHA256", 0, true},
		    "ecdsa-p256");
	both_halves(&(struct how){&pki.p384_signer, "SHA384", 0, true},
		    "ecdsa-p384");
}

/* PKCS#1 v1.5 is not random: both ways give the same bytes. */
static void it_is_what_signing_at_once_gives(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tbs = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf raw = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf direct = {.max = MAX};
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(&pki.rsa_signer);
	PKG_AUTO(pkg_key)
	struct pkg_key *key = pki_load_key(pki.rsa_signer.key);
	struct pkg_cms_sign_options options = options_of(certs);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make_tbs(&tbs, &pki.rsa_signer, content);
	raw_sign(&raw, &tbs,
		 &(struct how){&pki.rsa_signer, "SHA256", 0, false});
	assert_ok(assemble(&der, &tbs, &raw, &pki.rsa_signer, &err));
	options.key = key;
	options.padding = PKG_CMS_PKCS1;
	assert_ok(pkg_cms_sign(&direct, content, len, &options, &err));
	assert_int_equal(direct.len, der.len);
	assert_memory_equal(direct.data, der.data, der.len);
}

/* The length is known before the key is used. */
static void lengths_are_foreseen(void **state)
{
	const struct {
		const struct pki_cert *cert;
		enum pkg_cms_padding padding;
		unsigned bits;
		int off; /* bytes that it may be off */
	} cases[] = {
	    {&pki.rsa_signer, PKG_CMS_PSS, 0, 0},
	    {&pki.rsa_signer, PKG_CMS_PSS, 512, 0},
	    {&pki.rsa_signer, PKG_CMS_PKCS1, 384, 0},
	    {&pki.signer, PKG_CMS_PSS, 0, 4},
	    {&pki.p384_signer, PKG_CMS_PSS, 0, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
		PKG_AUTO(pkg_certs)
		struct pkg_certs *certs = pki_one(cases[i].cert);
		PKG_AUTO(pkg_key)
		struct pkg_key *key = pki_load_key(cases[i].cert->key);
		struct pkg_cms_sign_options options = options_of(certs);
		struct pkg_err err = PKG_ERR_INIT;
		size_t size = 0;

		options.padding = cases[i].padding;
		options.digest_bits = cases[i].bits;
		assert_ok(pkg_cms_sign_size(&size, &options, &err));
		options.key = key;
		assert_ok(pkg_cms_sign(&der, content, len, &options, &err));
		assert_in_range(der.len, size - (size_t)cases[i].off,
				size + (size_t)cases[i].off);
	}
}

static void refuse(const struct pkg_buf *tbs, const struct pkg_buf *raw,
		   const struct pki_cert *cert, enum pkg_code code,
		   const char *reason)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(assemble(&der, tbs, raw, cert, &err), code);
	assert_string_equal(err.reason, reason);
	assert_int_equal(der.len, 0);
}

static void what_does_not_belong_together(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tbs = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf other = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf raw = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf salty = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf wrong = {.max = MAX};
	const struct how how = {&pki.rsa_signer, "SHA256", 32, false};

	(void)state;
	make_tbs(&tbs, &pki.rsa_signer, content);
	make_tbs(&other, &pki.rsa_signer, "{}");
	raw_sign(&raw, &tbs, &how);
	refuse(&other, &raw, &pki.rsa_signer, PKG_NO, "unexpected-manifest");
	/* A salt of its own length, another digest, another key. */
	raw_sign(&salty, &tbs,
		 &(struct how){&pki.rsa_signer, "SHA256", 20, false});
	refuse(&tbs, &salty, &pki.rsa_signer, PKG_NO, "signature-profile");
	raw_sign(&wrong, &tbs,
		 &(struct how){&pki.rsa_signer, "SHA384", 48, false});
	refuse(&tbs, &wrong, &pki.rsa_signer, PKG_NO, "signature-bad");
	refuse(&tbs, &raw, &pki.signer, PKG_NO, "signature-bad");
	refuse(&tbs, &tbs, &pki.rsa_signer, PKG_NO, "signature-bad");
	refuse(&raw, &raw, &pki.rsa_signer, PKG_INPUT, "signature-profile");
	/* A CA does not sign code. */
	refuse(&tbs, &raw, &pki.ca, PKG_KEY, "certificate-purpose");
}

/* Attributes of another certificate of the same key. */
static void the_certificate_is_in_what_is_signed(void **state)
{
	struct pki_cert twin = pki_cert(&(struct pki_spec){
	    .name = "twin",
	    .key = pki.rsa,
	    .issuer = &pki.ca,
	    .extensions = PKI_CODE,
	});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tbs = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf raw = {.max = MAX};

	(void)state;
	make_tbs(&tbs, &pki.rsa_signer, content);
	raw_sign(&raw, &tbs,
		 &(struct how){&pki.rsa_signer, "SHA256", 32, false});
	refuse(&tbs, &raw, &twin, PKG_NO, "signature-bad");
	pki_cert_free(&twin);
}

/* Each byte of what was signed and of the signature counts. */
static void no_flipped_byte_is_accepted(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tbs = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf raw = {.max = MAX};
	struct pkg_buf *const bufs[] = {&tbs, &raw};

	(void)state;
	make_tbs(&tbs, &pki.signer, content);
	raw_sign(&raw, &tbs, &(struct how){&pki.signer, "SHA256", 0, false});
	for (size_t b = 0; b < 2; b++) {
		for (size_t i = 0; i < bufs[b]->len; i++) {
			PKG_AUTO_FINI(pkg_buf)
			struct pkg_buf der = {.max = MAX};
			struct pkg_err err = PKG_ERR_INIT;

			bufs[b]->data[i] ^= 1;
			assert_int_not_equal(
			    assemble(&der, &tbs, &raw, &pki.signer, &err),
			    PKG_OK);
			assert_non_null(err.reason);
			bufs[b]->data[i] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_algorithm),
	    cmocka_unit_test(it_is_what_signing_at_once_gives),
	    cmocka_unit_test(lengths_are_foreseen),
	    cmocka_unit_test(what_does_not_belong_together),
	    cmocka_unit_test(the_certificate_is_in_what_is_signed),
	    cmocka_unit_test(no_flipped_byte_is_accepted),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
