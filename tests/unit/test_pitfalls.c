/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CMS_verify() == 1 does not tell: twenty pitfalls, each met twice.  First
 * OpenSSL accepts (or, where it says so, refuses) as a program that just calls
 * it would see it; then the library refuses, with a reason.
 *
 * Longer than 500 lines: one table of attacks, to be read from 1 to 20.
 */
#include "sign_craft.h"
#include "trust_box.h"

#include "packline/limits.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* OpenSSL's answer, then ours: the reason, and words of the message. */
static void meet(const struct craft *craft, const struct craft_plain *how,
		 const char *reason, const char *text)
{
	struct pki_bytes der = craft_make(craft);

	if (!craft_plain(&der, how))
		fail_msg("OpenSSL refuses: the case is not the pitfall");
	craft_expect(der, reason, text);
}

static struct pki_cert cert_for(EVP_PKEY *key, const struct pki_cert *issuer,
				const char *name, const char *value)
{
	return pki_cert(
	    &(struct pki_spec){.name = "somebody",
			       .key = key,
			       .issuer = issuer,
			       .extensions = {name, value, NULL, NULL}});
}

/* A CA that nobody trusts, and a signer under it. */
static void strangers(struct pki_cert *ca, struct pki_cert *signer)
{
	EVP_PKEY *key = pki_ec("P-256");

	*ca = pki_cert(&(struct pki_spec){
	    .name = "Other CA",
	    .key = key,
	    .extensions = {"basicConstraints", "critical,CA:TRUE", NULL}});
	*signer = pki_cert(&(struct pki_spec){.name = "stranger",
					      .key = key,
					      .issuer = ca,
					      .extensions = PKI_CODE});
	EVP_PKEY_free(key);
}

/* Judge signature files by a policy; the number that count, or -1. */
static long count_signers(const char *policy, const struct pki_bytes *ders,
			  size_t count, struct pkg_err *err)
{
	PKG_AUTO_FINI(trust_box) struct trust_box loaded;
	struct pkg_signature_file files[4];
	const struct pkg_signature_set set = {
	    .content = craft_content.data,
	    .content_len = craft_content.len,
	    .files = files,
	    .count = count,
	};
	struct pkg_signers signers;

	trust_box_policy(&loaded, policy);
	assert_int_equal(loaded.code, PKG_OK);
	for (size_t i = 0; i < count; i++)
		files[i] = (struct pkg_signature_file){"sig", ders[i].data,
						       ders[i].len};
	*err = PKG_ERR_INIT;
	if (pkg_trust_signatures(loaded.trust, &loaded.env, &set, &signers,
				 loaded.arena, err) != PKG_OK)
		return -1;
	return (long)signers.count;
}

/* 1: the default purpose is e-mail, and without a check any will do. */
static void pitfall_01_purpose(void **state)
{
	static const char *const values[] = {NULL, "emailProtection"};
	const struct craft_plain by_default = {.purpose = -1};
	const struct craft_plain unchecked = {
	    .purpose = -1, .flags = CMS_NO_SIGNER_CERT_VERIFY};
	struct pki_bytes proper = craft_make(&(struct craft){0});
	struct pki_cert cert;

	(void)state;
	assert_false(craft_plain(&proper, &by_default)); /* code signing! */
	free(proper.data);
	for (size_t i = 0; i < 2; i++) {
		cert = cert_for(pki.p256, &pki.ca,
				values[i] == NULL ? NULL : "extendedKeyUsage",
				values[i]);
		meet(&(struct craft){.cert = &cert}, &by_default,
		     "certificate-purpose", "code signing");
		pki_cert_free(&cert);
	}
	cert = cert_for(pki.p256, &pki.ca, "extendedKeyUsage", "serverAuth");
	meet(&(struct craft){.cert = &cert}, &unchecked, "certificate-purpose",
	     "code signing");
	pki_cert_free(&cert);
	meet(&(struct craft){.cert = &pki.ca}, &unchecked,
	     "certificate-purpose", "CA certificate");
}

/* 2: any subject under the root. */
static void pitfall_02_any_subject(void **state)
{
	struct pki_bytes other =
	    craft_make(&(struct craft){.cert = &pki.p384_signer});
	struct pkg_err err;

	(void)state;
	assert_true(craft_plain(&other, &(struct craft_plain){0}));
	assert_int_equal(count_signers(POLICY PINS, &other, 1, &err), -1);
	assert_string_equal(err.reason, "signer-untrusted");
	free(other.data);
}

/* 3: no signed attributes, and then CMS_CADES checks nothing. */
static void pitfall_03_no_signed_attributes(void **state)
{
	(void)state;
	meet(&(struct craft){.flags = CMS_NOATTR},
	     &(struct craft_plain){.flags = CMS_CADES}, "signature-profile",
	     "no signed attributes");
}

static int by_der(const void *a, const void *b)
{
	const struct pki_bytes *x = a, *y = b;
	const int order =
	    memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static uint8_t victim_value[512];
static int victim_len;
static uint8_t set_bytes[1024];
static struct pki_bytes victim_set;

/* Keep the signature's value and the DER SET that it was made over. */
static void keep_victim(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(si);
	struct pki_bytes items[8];
	const int count = CMS_signed_get_attr_count(si);
	uint8_t *at = set_bytes + 4;

	(void)ci;
	victim_len = ASN1_STRING_length(value);
	memcpy(victim_value, ASN1_STRING_get0_data(value), (size_t)victim_len);
	for (int i = 0; i < count; i++) {
		items[i].data = NULL;
		items[i].len = (size_t)i2d_X509_ATTRIBUTE(
		    CMS_signed_get_attr(si, i), &items[i].data);
	}
	qsort(items, (size_t)count, sizeof(items[0]), by_der);
	for (int i = 0; i < count; i++) {
		memcpy(at, items[i].data, items[i].len);
		at += items[i].len;
		OPENSSL_free(items[i].data);
	}
	victim_set.len = (size_t)(at - set_bytes);
	set_bytes[0] = 0x31;
	set_bytes[1] = 0x82;
	set_bytes[2] = (uint8_t)((victim_set.len - 4) >> 8);
	set_bytes[3] = (uint8_t)(victim_set.len - 4);
	victim_set.data = set_bytes;
	/* lengths below 256 have a shorter form */
	assert_true(victim_set.len - 4 < 256 && victim_set.len - 4 >= 128);
	memmove(set_bytes + 3, set_bytes + 4, victim_set.len - 4);
	set_bytes[1] = 0x81;
	set_bytes[2] = (uint8_t)(victim_set.len - 4);
	victim_set.len--;
}

static void put_victim(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(ASN1_STRING_set(CMS_SignerInfo_get0_signature(si),
					 victim_value, victim_len),
			 1);
}

/* 4: the victim's signature, on content that he never saw (EUF-CMA). */
static void pitfall_04_attributes_as_content(void **state)
{
	struct pki_bytes victim =
	    craft_make(&(struct craft){.change = keep_victim});
	struct pki_bytes forged = {0};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	free(victim.data);
	/* the forger needs the victim's certificate, not the key: what is
	   signed here is replaced */
	forged = craft_make(&(struct craft){
	    .flags = CMS_NOATTR, .over = &victim_set, .change = put_victim});
	assert_true(
	    craft_plain(&forged, &(struct craft_plain){.flags = CMS_CADES,
						       .over = &victim_set}));
	assert_int_equal(
	    pkg_cms_parse(&cms, pki.crypto, forged.data, forged.len, &err),
	    PKG_NO);
	assert_string_equal(err.reason, "signature-profile");
	free(forged.data);
}

static void exchange_type(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	ASN1_OBJECT *type = OBJ_txt2obj(PKG_OID_MANIFEST, 1);

	(void)si;
	assert_int_equal(CMS_set1_eContentType(ci, type), 1);
	ASN1_OBJECT_free(type);
}

/* 5: the type in the header is not compared with the signed one. */
static void pitfall_05_content_type(void **state)
{
	(void)state;
	meet(&(struct craft){.type = PKG_OID_APPROVAL, .change = exchange_type},
	     &(struct craft_plain){.flags = CMS_CADES}, "signature-profile",
	     "content type was exchanged");
}

/* 6: digests of the last century. */
static void pitfall_06_weak_digests(void **state)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA224"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		meet(&(struct craft){.md = names[i], .cert = &pki.rsa_signer},
		     &(struct craft_plain){0}, "algorithm-weak", "digest");
}

/* 7: RSA-1024 at the default level. */
static void pitfall_07_small_keys(void **state)
{
	static const unsigned sizes[] = {1024, 2048};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *key = pki_rsa(sizes[i]);
		struct pki_cert cert =
		    pki_cert(&(struct pki_spec){.name = "small",
						.key = key,
						.issuer = &pki.ca,
						.extensions = PKI_CODE});

		meet(&(struct craft){.cert = &cert}, &(struct craft_plain){0},
		     "algorithm-weak", "bits");
		pki_cert_free(&cert);
		EVP_PKEY_free(key);
	}
}

/* 8: bytes behind the DER, and BER that is none. */
static void pitfall_08_not_der(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){0});

	(void)state;
	memcpy(der.data + der.len, "#!/bin/sh\n", 10);
	der.len += 10;
	assert_true(craft_plain(&der, &(struct craft_plain){0}));
	craft_expect(der, "signature-profile", "definite-length DER");
	meet(&(struct craft){.stream = true, .no_flags = CMS_DETACHED},
	     &(struct craft_plain){.content_inside = true}, "signature-profile",
	     "definite-length DER");
}

static void add_crl(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, PKI_NOW - 60);
	ASN1_TIME *next = ASN1_TIME_set(NULL, PKI_NOW + 60);

	(void)si;
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki.ca.x509));
	X509_CRL_set1_lastUpdate(crl, time);
	X509_CRL_set1_nextUpdate(crl, next);
	assert_true(X509_CRL_sign(crl, pki.ca.key, EVP_sha256()) > 0);
	assert_int_equal(CMS_add1_crl(ci, crl), 1);
	X509_CRL_free(crl);
	ASN1_TIME_free(time);
	ASN1_TIME_free(next);
}

/* 9: the signer brings the CRL that does not list him. */
static void pitfall_09_crl_of_the_signer(void **state)
{
	const struct craft_plain checks_crls = {.store_flags =
						    X509_V_FLAG_CRL_CHECK};
	struct pki_bytes without = craft_make(&(struct craft){0});

	(void)state;
	assert_false(craft_plain(&without, &checks_crls));
	free(without.data);
	meet(&(struct craft){.add = add_crl}, &checks_crls, "signature-profile",
	     "revocation lists");
}

static const struct pki_cert *second;

static void add_second(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_non_null(
	    CMS_add1_signer(ci, second->x509, second->key, EVP_sha256(),
			    CRAFT_DETACHED | CMS_NOSMIMECAP | CMS_CADES));
}

/*
 * 10: all or nothing over the signers of a message, which others mend by not
 * checking certificates.  Here a signer has a file, and a stranger's is
 * ignored; what is pinned and broken is not.
 */
static void pitfall_10_all_or_nothing(void **state)
{
	struct pki_cert ca, stranger;
	struct pki_bytes both, files[2];
	struct pkg_err err;

	(void)state;
	strangers(&ca, &stranger);
	second = &stranger;
	both = craft_make(&(struct craft){.add = add_second});
	assert_false(craft_plain(&both, &(struct craft_plain){0}));
	craft_expect(both, "signature-profile", "more than one signer");
	files[0] = craft_make(&(struct craft){0});
	files[1] = craft_make(&(struct craft){.cert = &stranger});
	assert_int_equal(count_signers(POLICY PINS, files, 2, &err), 1);
	files[0].data[files[0].len - 1] ^= 1;
	assert_int_equal(count_signers(POLICY PINS, files, 2, &err), -1);
	assert_string_equal(err.reason, "signature-bad");
	free(files[0].data);
	free(files[1].data);
	pki_cert_free(&ca);
	pki_cert_free(&stranger);
}

/* 11: one key with two certificates is two signers. */
static void pitfall_11_one_key_twice(void **state)
{
	struct pki_cert twin =
	    pki_cert(&(struct pki_spec){.name = "twin",
					.key = pki.signer.key,
					.issuer = &pki.ca,
					.extensions = PKI_CODE});
	struct pki_bytes files[2] = {
	    craft_make(&(struct craft){0}),
	    craft_make(&(struct craft){.cert = &twin}),
	};
	struct pki_bytes both;
	struct pkg_err err;

	(void)state;
	second = &twin;
	both = craft_make(&(struct craft){.add = add_second});
	assert_true(craft_plain(&both, &(struct craft_plain){0}));
	free(both.data);
	assert_int_equal(count_signers(POLICY
				       "  signers: {threshold: 2, pins: [" PIN
				       ", {id: dave, spki: 'sha256:@2'}]}\n",
				       files, 2, &err),
			 -1);
	assert_string_equal(err.reason, "threshold");
	/* and one person with two keys is one person */
	free(files[1].data);
	files[1] = craft_make(&(struct craft){.cert = &pki.rsa_signer});
	assert_int_equal(
	    count_signers(POLICY "  signers: {threshold: 2, pins: [" PIN
				 ", " PIN2 ", {id: dave, spki: 'sha256:@3'}"
				 "]}\n",
			  files, 2, &err),
	    -1);
	assert_string_equal(err.reason, "threshold");
	free(files[0].data);
	free(files[1].data);
	pki_cert_free(&twin);
}

/* 12: setting a time cancels NO_CHECK_TIME, in any order. */
static void pitfall_12_no_check_time(void **state)
{
	struct pki_cert expired =
	    pki_cert(&(struct pki_spec){.name = "old",
					.key = pki.p256,
					.issuer = &pki.ca,
					.extensions = PKI_CODE,
					.not_after = PKI_EXPIRED});
	struct pki_bytes der = craft_make(&(struct craft){.cert = &expired});
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_MANIFEST, .anchors = anchors};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	/* the flag is set, and does not hold: craft_plain() sets a time */
	assert_false(craft_plain(
	    &der,
	    &(struct craft_plain){.store_flags = X509_V_FLAG_NO_CHECK_TIME}));
	/* here "no time" and "at" exclude each other, and both hold */
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	options.no_time = true;
	options.at = PKI_NOW;
	assert_ok(pkg_cms_verify(cms, craft_content.data, craft_content.len,
				 &options, &err));
	options.no_time = false;
	assert_int_equal(pkg_cms_verify(cms, craft_content.data,
					craft_content.len, &options, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "certificate-expired");
	free(der.data);
	pki_cert_free(&expired);
}

/* Replace s by n - s. */
static void mirror(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(si);
	const unsigned char *at = ASN1_STRING_get0_data(value);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(value));
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(sig)), *s = BN_new();
	unsigned char *made = NULL;
	int len = 0;

	(void)ci;
	assert_int_equal(
	    BN_sub(s, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(sig)), 1);
	assert_int_equal(ECDSA_SIG_set0(sig, r, s), 1);
	len = i2d_ECDSA_SIG(sig, &made);
	assert_int_equal(ASN1_STRING_set(value, made, len), 1);
	OPENSSL_free(made);
	EC_GROUP_free(group);
	ECDSA_SIG_free(sig);
}

/*
 * 13: (r, n - s) is a second signature that its maker never made.  It is
 * accepted, by us too: so nothing is ever told apart by a signature's bytes,
 * and two of one key count once.
 */
static void pitfall_13_mirrored_ecdsa(void **state)
{
	struct pki_bytes files[2] = {
	    craft_make(&(struct craft){0}),
	    craft_make(&(struct craft){.change = mirror}),
	};
	struct pkg_err err;

	(void)state;
	assert_true(craft_plain(&files[1], &(struct craft_plain){0}));
	assert_int_equal(count_signers(POLICY PINS, &files[1], 1, &err), 1);
	assert_int_equal(count_signers(POLICY PINS, files, 2, &err), 1);
	assert_int_equal(count_signers(POLICY
				       "  signers: {threshold: 2, pins: [" PIN
				       ", {id: dave, spki: 'sha256:@2'}]}\n",
				       files, 2, &err),
			 -1);
	assert_string_equal(err.reason, "threshold");
	free(files[0].data);
	free(files[1].data);
}

/* 14: without CMS_BINARY, LF and CRLF are the same. */
static void pitfall_14_line_ends(void **state)
{
	uint8_t lf[] = "{\"a\":1}\n", crlf[] = "{\"a\":1}\r\n";
	const struct pki_bytes one = {lf, sizeof(lf) - 1};
	const struct pki_bytes other = {crlf, sizeof(crlf) - 1};
	struct pki_bytes der = craft_make(&(struct craft){.over = &other});
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);
	const struct pkg_cms_verify_options options = {.content_type =
							   PKG_OID_MANIFEST,
						       .anchors = anchors,
						       .at = PKI_NOW};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_true(craft_plain(
	    &der, &(struct craft_plain){.text = true, .over = &one}));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_int_equal(pkg_cms_verify(cms, lf, one.len, &options, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "signature-bad");
	assert_ok(pkg_cms_verify(cms, crlf, other.len, &options, &err));
	free(der.data);
}

/* 15: the content is inside: whose is it, that one or the file beside? */
static void pitfall_15_content_inside(void **state)
{
	(void)state;
	meet(&(struct craft){.no_flags = CMS_DETACHED},
	     &(struct craft_plain){.content_inside = true}, "signature-profile",
	     "content is inside");
}

static void signed_long_ago(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	ASN1_TIME *then = ASN1_TIME_set(NULL, PKI_EXPIRED - 60);

	(void)ci;
	assert_int_equal(CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime,
						     then->type, then, -1),
			 1);
	ASN1_TIME_free(then);
}

/* 16: the signing time is what the signer says it is. */
static void pitfall_16_signing_time(void **state)
{
	struct pki_cert expired =
	    pki_cert(&(struct pki_spec){.name = "old",
					.key = pki.p256,
					.issuer = &pki.ca,
					.extensions = PKI_CODE,
					.not_after = PKI_EXPIRED});
	struct pki_bytes der = craft_make(
	    &(struct craft){.cert = &expired, .add = signed_long_ago});
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_true(craft_plain(
	    &der, &(struct craft_plain){.flags = CMS_NO_SIGNER_CERT_VERIFY}));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_int_equal(pkg_cms_claim(cms)->signing_time, PKI_EXPIRED - 60);
	craft_expect(der, "certificate-expired", "expired");
	pki_cert_free(&expired);
}

/* 17: a length that is cut to an int (CVE-2026-34155). */
static void pitfall_17_int_lengths(void **state)
{
	const size_t huge = ((size_t)1 << 32) + craft_content.len;
	struct pki_bytes der = craft_make(&(struct craft){0});
	uint8_t *all = mmap(NULL, huge, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct pki_bytes over = {all, huge};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ptr_not_equal(all, MAP_FAILED);
	memcpy(all, craft_content.data, craft_content.len);
	/* the signature covers the first 19 bytes of 4 GiB */
	assert_true(craft_plain(&der, &(struct craft_plain){.over = &over}));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_int_equal(pkg_cms_verify(cms, all, huge,
					&(struct pkg_cms_verify_options){
					    .content_type = PKG_OID_MANIFEST,
					    .anchors = anchors,
					    .at = PKI_NOW},
					&err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	(void)munmap(all, huge);
	free(der.data);
}

static void add_pinned_cert(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_int_equal(CMS_add1_cert(ci, pki.signer.x509), 1);
}

/* 18: the first certificate in the message need not be the signer's. */
static void pitfall_18_whose_certificate(void **state)
{
	struct pki_bytes der = craft_make(&(struct craft){
	    .cert = &pki.p384_signer, .change = add_pinned_cert});
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_true(craft_plain(&der, &(struct craft_plain){0}));
	assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
	assert_non_null(strstr(pkg_cms_claim(cms)->algorithm, "ecdsa-p384"));
	assert_int_equal(count_signers(POLICY PINS, &der, 1, &err), -1);
	assert_string_equal(err.reason, "signer-untrusted");
	free(der.data);
}

/* 19: nobody signed; 3.0 refuses, and so do we. */
static void pitfall_19_no_signer(void **state)
{
	CMS_ContentInfo *ci = CMS_sign(NULL, NULL, NULL, NULL, CRAFT_DETACHED);
	struct pki_bytes der = {0};
	struct pkg_err err;

	(void)state;
	der.len = (size_t)i2d_CMS_ContentInfo(ci, &der.data);
	assert_false(craft_plain(&der, &(struct craft_plain){0}));
	assert_int_equal(count_signers(POLICY PINS, &der, 1, &err), -1);
	assert_string_equal(err.reason, "signature-profile");
	assert_int_equal(count_signers(POLICY PINS, NULL, 0, &err), -1);
	assert_string_equal(err.reason, "signer-untrusted");
	OPENSSL_free(der.data);
	CMS_ContentInfo_free(ci);
}

/* What a process with an unfriendly environment can do: 1 plain, 2 ours. */
static int in_environment(void)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	struct pkg_crypto *crypto = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	int can = md != NULL ? 1 : 0;

	if (pkg_crypto_new(&crypto, &err) == PKG_OK)
		can |= 2;
	EVP_MD_free(md);
	pkg_crypto_free(crypto);
	return can;
}

/* 20: the environment chooses algorithms, and loads code. */
static void pitfall_20_environment(void **state)
{
	static const char config[] = "openssl_conf = init\n"
				     "[init]\nalg_section = algorithms\n"
				     "[algorithms]\n"
				     "default_properties = provider=none\n";
	const char *path = pki_file("openssl.cnf", config, strlen(config));
	char setting[160], modules[160];
	char *const argv[] = {(char[]){"pitfalls"}, (char[]){"--child"}, NULL};
	char *const environment[] = {setting, modules, NULL};
	int status = 0;
	pid_t pid;

	(void)state;
	(void)snprintf(setting, sizeof(setting), "OPENSSL_CONF=%s", path);
	(void)snprintf(modules, sizeof(modules), "OPENSSL_MODULES=%s",
		       pki.folder);
	pid = fork();
	if (pid == 0) {
		(void)execve("/proc/self/exe", argv, environment);
		_exit(99);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pitfall_01_purpose),
	    cmocka_unit_test(pitfall_02_any_subject),
	    cmocka_unit_test(pitfall_03_no_signed_attributes),
	    cmocka_unit_test(pitfall_04_attributes_as_content),
	    cmocka_unit_test(pitfall_05_content_type),
	    cmocka_unit_test(pitfall_06_weak_digests),
	    cmocka_unit_test(pitfall_07_small_keys),
	    cmocka_unit_test(pitfall_08_not_der),
	    cmocka_unit_test(pitfall_09_crl_of_the_signer),
	    cmocka_unit_test(pitfall_10_all_or_nothing),
	    cmocka_unit_test(pitfall_11_one_key_twice),
	    cmocka_unit_test(pitfall_12_no_check_time),
	    cmocka_unit_test(pitfall_13_mirrored_ecdsa),
	    cmocka_unit_test(pitfall_14_line_ends),
	    cmocka_unit_test(pitfall_15_content_inside),
	    cmocka_unit_test(pitfall_16_signing_time),
	    cmocka_unit_test(pitfall_17_int_lengths),
	    cmocka_unit_test(pitfall_18_whose_certificate),
	    cmocka_unit_test(pitfall_19_no_signer),
	    cmocka_unit_test(pitfall_20_environment),
	};

	if (argc == 2 && strcmp(argv[1], "--child") == 0)
		return in_environment();
	return cmocka_run_group_tests_name("pitfalls", tests, pki_start,
					   pki_stop);
}
