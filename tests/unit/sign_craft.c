/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_craft.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static uint8_t content[] = "{\"type\":\"manifest\"}";
const struct pki_bytes craft_content = {content, sizeof(content) - 1};

struct pki_bytes craft_make(const struct craft *craft)
{
	const struct pki_cert *cert =
	    craft->cert == NULL ? &pki.signer : craft->cert;
	const unsigned flags =
	    ((CRAFT_DETACHED | CMS_NOSMIMECAP | CMS_CADES) & ~craft->no_flags) |
	    craft->flags;
	CMS_ContentInfo *ci =
	    CMS_sign(NULL, NULL, NULL, NULL, flags & ~(unsigned)CMS_KEY_PARAM);
	ASN1_OBJECT *type = OBJ_txt2obj(
	    craft->type == NULL ? PKG_OID_MANIFEST : craft->type, 1);
	const struct pki_bytes *over =
	    craft->over == NULL ? &craft_content : craft->over;
	BIO *in = BIO_new_mem_buf(over->data, (int)over->len);
	BIO *out = BIO_new(BIO_s_mem());
	CMS_SignerInfo *si = NULL;
	struct pki_bytes made = {0};
	char *data = NULL;

	assert_non_null(ci);
	assert_int_equal(CMS_set1_eContentType(ci, type), 1);
	si = CMS_add1_signer(
	    ci, cert->x509, cert->key,
	    EVP_get_digestbyname(craft->md == NULL ? "SHA256" : craft->md),
	    flags);
	assert_non_null(si);
	if (craft->add != NULL)
		craft->add(ci, si);
	if (!craft->stream)
		assert_int_equal(CMS_final(ci, in, NULL, flags), 1);
	if (craft->change != NULL)
		craft->change(ci, si);
	if (craft->stream) {
		assert_int_equal(
		    i2d_CMS_bio_stream(out, ci, in, (int)(flags | CMS_STREAM)),
		    1);
	} else {
		assert_int_equal(i2d_CMS_bio(out, ci), 1);
	}
	made.len = (size_t)BIO_get_mem_data(out, &data);
	made.data = malloc(made.len + 16);
	assert_non_null(made.data);
	memcpy(made.data, data, made.len);
	BIO_free(in);
	BIO_free(out);
	ASN1_OBJECT_free(type);
	CMS_ContentInfo_free(ci);
	return made;
}

enum pkg_code craft_judge(const struct pki_bytes *der, struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);

	PKG_TRY(pkg_cms_parse(&cms, pki.crypto, der->data, der->len, err));
	return pkg_cms_verify(cms, craft_content.data, craft_content.len,
			      &(struct pkg_cms_verify_options){
				  .content_type = PKG_OID_MANIFEST,
				  .anchors = anchors,
				  .at = PKI_NOW,
			      },
			      err);
}

void craft_expect(struct pki_bytes der, const char *reason, const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_equal(craft_judge(&der, &err), PKG_NO);
	assert_string_equal(err.reason, reason);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in '%s'", text, err.text);
	free(der.data);
}

bool craft_plain(const struct pki_bytes *der, const struct craft_plain *how)
{
	const struct pki_bytes *over =
	    how->over == NULL ? &craft_content : how->over;
	BIO *in = BIO_new_mem_buf(der->data, (int)der->len);
	BIO *data = BIO_new_mem_buf(over->data, (int)over->len);
	BIO *out = BIO_new(BIO_s_null());
	CMS_ContentInfo *ci = d2i_CMS_bio(in, NULL);
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	bool yes = false;

	X509_VERIFY_PARAM_set_time(param, (time_t)PKI_NOW);
	if (how->purpose >= 0)
		X509_VERIFY_PARAM_set_purpose(
		    param, how->purpose == 0 ? X509_PURPOSE_ANY : how->purpose);
	X509_VERIFY_PARAM_set_flags(param, how->store_flags);
	assert_int_equal(X509_STORE_add_cert(store, pki.ca.x509), 1);
	if (ci != NULL)
		yes = CMS_verify(
			  ci, NULL, store, how->content_inside ? NULL : data,
			  out, how->flags | (how->text ? 0 : CMS_BINARY)) == 1;
	ERR_clear_error();
	X509_STORE_free(store);
	CMS_ContentInfo_free(ci);
	BIO_free(out);
	BIO_free(data);
	BIO_free(in);
	return yes;
}
