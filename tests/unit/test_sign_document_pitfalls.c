/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that CMS_verify() accepts, or that a reader of one kind accepts, as
 * signatures of documents.  Each is shown to a verifier that knows the signer
 * already: nothing may slip by because he was judged before.
 */
#include "sign_craft.h"
#include "sign_document.h"

#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

static const struct pki_cert *second;

static void add_second(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)si;
	assert_non_null(
	    CMS_add1_signer(ci, second->x509, second->key, EVP_sha256(),
			    CRAFT_DETACHED | CMS_NOSMIMECAP | CMS_CADES));
}

/* A list that revokes nobody, chosen by the signer. */
static void add_crl(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, PKI_NOW - 60);

	(void)si;
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki.ca.x509));
	X509_CRL_set1_lastUpdate(crl, time);
	assert_true(X509_CRL_sign(crl, pki.ca.key, EVP_sha256()) > 0);
	assert_int_equal(CMS_add1_crl(ci, crl), 1);
	X509_CRL_free(crl);
	ASN1_TIME_free(time);
}

/* The type in the header is exchanged after signing. */
static void retype(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	ASN1_OBJECT *type = OBJ_txt2obj(PKG_OID_APPROVAL, 1);

	(void)si;
	assert_int_equal(CMS_set1_eContentType(ci, type), 1);
	ASN1_OBJECT_free(type);
}

/* An attribute that the profile does not have. */
static void add_attribute(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(CMS_signed_add1_attr_by_txt(si, "description",
						     V_ASN1_UTF8STRING, "x", 1),
			 1);
}

static void add_unsigned(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	assert_int_equal(CMS_unsigned_add1_attr_by_txt(
			     si, "description", V_ASN1_UTF8STRING, "x", 1),
			 1);
}

static const struct {
	const char *name;
	struct craft craft;
	const char *reason;
} cases[] = {
    {"no signed attributes", {.flags = CMS_NOATTR}, "signature-profile"},
    {"no signingCertificateV2", {.no_flags = CMS_CADES}, "signature-profile"},
    {"no certificate", {.flags = CMS_NOCERTS}, "signature-profile"},
    {"S/MIME capabilities", {.no_flags = CMS_NOSMIMECAP}, "signature-profile"},
    {"SHA-1", {.md = "SHA1"}, "algorithm-weak"},
    {"SHA-224", {.md = "SHA224"}, "algorithm-weak"},
    {"another type", {.type = PKG_OID_MANIFEST}, "signature-profile"},
    {"exchanged type", {.change = retype}, "signature-profile"},
    {"two signers", {.add = add_second}, "signature-profile"},
    {"a list inside", {.add = add_crl}, "signature-profile"},
    {"one attribute more", {.add = add_attribute}, "signature-profile"},
    {"one unsigned attribute", {.change = add_unsigned}, "signature-profile"},
    {"content inside", {.no_flags = CMS_DETACHED}, "signature-profile"},
    {"BER", {.stream = true, .no_flags = CMS_DETACHED}, "signature-profile"},
};

static enum pkg_code judge(const struct desk *desk, struct craft craft,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pki_bytes made;

	if (craft.type == NULL)
		craft.type = PKG_OID_DATA;
	made = craft_make(&craft);
	assert_int_equal(pkg_buf_add(&der, made.data, made.len, err), PKG_OK);
	free(made.data);
	return desk_verify(desk, &der, (const char *)craft_content.data, err);
}

static void test_pitfalls(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	const char *text = (const char *)craft_content.data;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	second = &pki.rsa_signer;
	desk_sign(&desk, &der, text);
	assert_ok(desk_verify(&desk, &der, text, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (judge(&desk, cases[i].craft, &err) != PKG_NO)
			fail_msg("%s: %s", cases[i].name, err.text);
		if (strcmp(err.reason, cases[i].reason) != 0)
			fail_msg("%s: %s", cases[i].name, err.reason);
	}
	/* that it is a craft is not what is refused */
	assert_ok(judge(&desk, (struct craft){0}, &err));
	desk_close(&desk);
}

/* -- the signed attributes of a victim as somebody's document -- */

static struct pki_bytes victim_set, victim_value;

static void put_victim(CMS_ContentInfo *ci, CMS_SignerInfo *si)
{
	(void)ci;
	ASN1_STRING_set(CMS_SignerInfo_get0_signature(si), victim_value.data,
			(int)victim_value.len);
}

/* Cut what was signed, and the value, out of a signature by ECDSA. */
static void cut_victim(struct pkg_buf *der)
{
	static const uint8_t type[] = {0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48,
				       0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
	uint8_t *set = memmem(der->data, der->len, type, sizeof(type));

	assert_non_null(set);
	set -= 3;
	assert_int_equal(set[0], 0xa0);
	set[0] = 0x31;
	victim_set = (struct pki_bytes){set, 3u + set[2]};
	victim_value.data = set + victim_set.len + 14;
	victim_value.len = (size_t)(der->data + der->len - victim_value.data);
}

/*
 * The trick of draft-ietf-lamps-cms-euf-cma-signeddata, which CMS_verify()
 * takes.  A raw signature knows no attributes: somebody who has documents of
 * his choice signed raw could get the signature of anything else by that key,
 * which is why one key must not make both kinds (schemas/batch.md).
 */
static void test_attributes_as_a_document(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	struct desk raw = desk_open(&(struct way){.form = PKG_DOCUMENT_RAW});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_digests digests = {.set = PKG_DIGEST_SHA256};
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_bytes forged;

	(void)state;
	desk_sign(&desk, &der, "what the victim signed");
	assert_ok(desk_verify(&desk, &der, "what the victim signed", &err));
	cut_victim(&der);
	forged = craft_make(&(struct craft){.type = PKG_OID_DATA,
					    .flags = CMS_NOATTR,
					    .over = &victim_set,
					    .change = put_victim});
	assert_true(
	    craft_plain(&forged, &(struct craft_plain){.over = &victim_set}));
	assert_ok(pkg_digest_sha256(pki.crypto, victim_set.data, victim_set.len,
				    digests.sha256, &err));
	assert_int_equal(pkg_document_verify(desk.verifier, NULL, forged.data,
					     forged.len, &digests, &err),
			 PKG_NO);
	assert_string_equal(err.reason, "signature-profile");
	/* the reason for the rule */
	assert_ok(pkg_document_verify(raw.verifier, NULL, victim_value.data,
				      victim_value.len, &digests, &err));
	free(forged.data);
	desk_close(&desk);
	desk_close(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pitfalls),
	    cmocka_unit_test(test_attributes_as_a_document),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}
