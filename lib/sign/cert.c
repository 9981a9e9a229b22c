/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/cert.h"

#include "packline/limits.h"
#include "packline/num.h"
#include "packline/path.h"
#include "sign/internal.h"

#include <assert.h>
#include <stdlib.h>

enum { CERTS_MAX = 4096 }; /* of one list: 64 recipients, roots, pins */

enum pkg_code pkg_certs_new(struct pkg_certs **out, struct pkg_crypto *crypto,
			    struct pkg_err *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return pkg_fail_nomem(err);
	(*out)->crypto = crypto;
	return PKG_OK;
}

enum pkg_code pkg_sign_certs_push(struct pkg_certs *certs, X509 *x509,
				  struct pkg_err *err)
{
	struct pkg_cert_info info;

	if (certs->count == CERTS_MAX)
		return pkg_fail(err, PKG_KEY, "more than %d certificates",
				CERTS_MAX);
	PKG_TRY(pkg_sign_x509_info(&info, certs->crypto, x509, err));
	if (certs->count == certs->cap) {
		const size_t cap = certs->cap == 0 ? 4 : certs->cap * 2;
		void *p =
		    reallocarray(certs->entries, cap, sizeof(*certs->entries));

		if (p == NULL)
			return pkg_fail_nomem(err);
		certs->entries = p;
		certs->cap = cap;
	}
	if (X509_up_ref(x509) != 1)
		return pkg_fail_nomem(err);
	certs->entries[certs->count++] =
	    (struct cert_entry){.x509 = x509, .info = info};
	return PKG_OK;
}

static enum pkg_code add_der(struct pkg_certs *certs, const void *der,
			     size_t len, struct pkg_err *err)
{
	PKG_AUTO(X509) X509 *x509 = NULL;

	PKG_TRY(pkg_sign_x509_read(&x509, certs->crypto, der, len, err));
	return pkg_sign_certs_push(certs, x509, err);
}

static enum pkg_code add_pem(struct pkg_certs *certs, BIO *bio,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_pem) struct sign_pem pem = {0};
	size_t found = 0;

	while (pkg_sign_pem_next(&pem, bio)) {
		if (strcmp(pem.name, "CERTIFICATE") != 0 &&
		    strcmp(pem.name, "X509 CERTIFICATE") != 0)
			continue;
		PKG_TRY(add_der(certs, pem.data, (size_t)pem.len, err));
		found++;
	}
	PKG_TRY(pkg_sign_pem_end(err));
	if (found == 0) {
		pkg_fail(err, PKG_KEY, "no certificate in it");
		return pkg_hint(err, "a PEM file with a line -----BEGIN "
				     "CERTIFICATE-----, or DER, is wanted");
	}
	return PKG_OK;
}

static enum pkg_code add_data(struct pkg_certs *certs, const void *data,
			      size_t len, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO(BIO) BIO *bio = NULL;
	const uint8_t sequence = 0x30;

	if (len > PKG_LIMIT_KEY_FILE)
		return pkg_fail(err, PKG_KEY, "more than %u bytes",
				PKG_LIMIT_KEY_FILE);
	PKG_TRY(pkg_sign_scope_enter(&scope, certs->crypto, err));
	if (len > 0 && memcmp(data, &sequence, 1) == 0)
		return add_der(certs, data, len, err);
	bio = BIO_new_mem_buf(len == 0 ? "" : data, (int)len);
	if (bio == NULL)
		return pkg_fail_nomem(err);
	return add_pem(certs, bio, err);
}

enum pkg_code pkg_certs_add_data(struct pkg_certs *certs, const void *data,
				 size_t len, const char *name,
				 struct pkg_err *err)
{
	if (pkg_sign_settle(add_data(certs, data, len, err), err) != PKG_OK)
		return pkg_wrap(err, "certificate '%s'", name);
	return PKG_OK;
}

enum pkg_code pkg_certs_add_file(struct pkg_certs *certs, int dirfd,
				 const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = PKG_LIMIT_KEY_FILE};
	const enum pkg_code code = pkg_path_slurp(&buf, dirfd, path, err);

	/* Too large for a certificate is not one: not a matter of format. */
	if (code == PKG_INPUT)
		return pkg_fail(err, PKG_KEY,
				"certificate '%s': more than %u bytes", path,
				PKG_LIMIT_KEY_FILE);
	PKG_TRY(code);
	return pkg_certs_add_data(certs, buf.data, buf.len, path, err);
}

enum pkg_code pkg_certs_add_cert(struct pkg_certs *certs,
				 const struct pkg_certs *from, size_t index,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	uint8_t *der = NULL;
	enum pkg_code code = PKG_OK;
	int len = 0;

	assert(index < from->count);
	PKG_TRY(pkg_sign_scope_enter(&scope, certs->crypto, err));
	len = i2d_X509(from->entries[index].x509, &der);
	if (len <= 0)
		return pkg_crypto_fail(err, PKG_KEY, "encode a certificate");
	code = add_der(certs, der, (size_t)len, err);
	OPENSSL_free(der);
	return pkg_sign_settle(code, err);
}

size_t pkg_certs_count(const struct pkg_certs *certs)
{
	return certs->count;
}

const struct pkg_cert_info *pkg_certs_info(const struct pkg_certs *certs,
					   size_t index)
{
	assert(index < certs->count);
	return &certs->entries[index].info;
}

long pkg_certs_find_spki(const struct pkg_certs *certs,
			 const uint8_t spki[static 32])
{
	for (size_t i = 0; i < certs->count; i++)
		if (memcmp(certs->entries[i].info.spki, spki, 32) == 0)
			return (long)i;
	return -1;
}

void pkg_certs_free(struct pkg_certs *certs)
{
	if (certs == NULL)
		return;
	for (size_t i = 0; i < certs->count; i++)
		X509_free(certs->entries[i].x509);
	free(certs->entries);
	free(certs);
}
