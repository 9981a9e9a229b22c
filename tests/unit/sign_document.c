/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct way ways[] = {
    {NULL, PKG_DOCUMENT_CMS, PKG_CMS_PSS, 0, "ecdsa-p256"},
    {NULL, PKG_DOCUMENT_CMS, PKG_CMS_PSS, PKG_DIGEST_SHA512, "ecdsa-p256"},
    {&pki.p384_signer, PKG_DOCUMENT_CMS, PKG_CMS_PSS, 0, "ecdsa-p384"},
    {&pki.rsa_signer, PKG_DOCUMENT_CMS, PKG_CMS_PSS, 0, "rsa-pss"},
    {&pki.rsa_signer, PKG_DOCUMENT_CMS, PKG_CMS_PSS, PKG_DIGEST_SHA512,
     "rsa-pss"},
    {&pki.rsa_signer, PKG_DOCUMENT_CMS, PKG_CMS_PKCS1, 0, "rsa-pkcs1"},
    {&pki.rsa_signer, PKG_DOCUMENT_CMS, PKG_CMS_PKCS1, PKG_DIGEST_SHA384,
     "rsa-pkcs1"},
    {NULL, PKG_DOCUMENT_RAW, PKG_CMS_PSS, 0, "ecdsa-p256"},
    {&pki.p384_signer, PKG_DOCUMENT_RAW, PKG_CMS_PSS, 0, "ecdsa-p384"},
    {&pki.rsa_signer, PKG_DOCUMENT_RAW, PKG_CMS_PSS, PKG_DIGEST_SHA384,
     "rsa-pss"},
    {&pki.rsa_signer, PKG_DOCUMENT_RAW, PKG_CMS_PKCS1, 0, "rsa-pkcs1"},
};
const size_t way_count = sizeof(ways) / sizeof(ways[0]);

const struct pki_cert *way_cert(const struct way *way)
{
	return way->cert == NULL ? &pki.signer : way->cert;
}

struct desk desk_open(const struct way *way)
{
	const struct pki_cert *cert = way_cert(way);
	struct desk desk = {
	    .key = pki_load_key(cert->key),
	    .certs = pki_one(cert),
	    .anchors = pki_one(&pki.ca),
	};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_document_signer_new(
	    &desk.signer,
	    &(struct pkg_document_sign_options){.key = desk.key,
						.certs = desk.certs,
						.form = way->form,
						.padding = way->padding,
						.digest = way->digest},
	    &err));
	assert_ok(pkg_document_verifier_new(
	    &desk.verifier,
	    &(struct pkg_document_verify_options){
		.crypto = pki.crypto,
		.trust = {.anchors = desk.anchors, .at = PKI_NOW},
		.form = way->form,
		.certs = desk.certs,
		.padding = way->padding,
		.digest = way->digest,
	    },
	    &err));
	return desk;
}

void desk_close(struct desk *desk)
{
	pkg_document_signer_free(desk->signer);
	pkg_document_verifier_free(desk->verifier);
	pkg_certs_free(desk->anchors);
	pkg_certs_free(desk->certs);
	pkg_key_free(desk->key);
}

struct pkg_digests digests_of(const char *text)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests out;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_digest_new(
	    &digest, pki.crypto,
	    PKG_DIGEST_SHA256 | PKG_DIGEST_SHA384 | PKG_DIGEST_SHA512, &err));
	assert_ok(pkg_digest_update(digest, text, strlen(text), &err));
	assert_ok(pkg_digest_finish(digest, &out, &err));
	return out;
}

void desk_sign(const struct desk *desk, struct pkg_buf *out, const char *text)
{
	const struct pkg_digests digests = digests_of(text);
	struct pkg_err err = PKG_ERR_INIT;

	pkg_buf_clear(out);
	assert_ok(pkg_document_sign(
	    desk->signer, out,
	    pkg_digests_get(&digests, pkg_document_signer_digest(desk->signer)),
	    PKI_NOW, &err));
}

enum pkg_code desk_verify(const struct desk *desk, const struct pkg_buf *der,
			  const char *text, struct pkg_err *err)
{
	const struct pkg_digests digests = digests_of(text);

	*err = PKG_ERR_INIT;
	return pkg_document_verify(desk->verifier, NULL, der->data, der->len,
				   &digests, err);
}

void desk_refuses(const struct desk *desk, const struct pkg_buf *der,
		  const char *text, const char *reason)
{
	struct pkg_err err;

	assert_int_equal(desk_verify(desk, der, text, &err), PKG_NO);
	assert_string_equal(err.reason, reason);
}

int in_folder(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd '%s' && { %s; } >out 2>&1", pki.folder,
		 command);
	return system(line);
}
