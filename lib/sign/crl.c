/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"
#include "sign/internal.h"

#include <stdlib.h>
#include <string.h>

SIGN_DEFINE_AUTO(X509_CRL, X509_CRL_free)

static enum pkg_code add_der(struct pkg_crls *crls, const void *der, size_t len,
			     struct pkg_err *err)
{
	PKG_AUTO(X509_CRL)
	X509_CRL *crl = X509_CRL_new_ex(pkg_crypto_libctx(crls->crypto), NULL);
	const unsigned char *at = der;

	if (crl == NULL)
		return pkg_fail_nomem(err);
	if (d2i_X509_CRL(&crl, &at, (long)len) == NULL)
		return pkg_crypto_fail(err, PKG_KEY, "read it");
	if (at != (const unsigned char *)der + len)
		return pkg_fail(err, PKG_KEY, "bytes after its end");
	if (sk_X509_CRL_push(crls->list, crl) <= 0)
		return pkg_fail_nomem(err);
	(void)PKG_STEAL(crl);
	return PKG_OK;
}

static enum pkg_code add_data(struct pkg_crls *crls, const struct pkg_buf *buf,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_sign_pem) struct sign_pem pem = {0};
	PKG_AUTO(BIO) BIO *bio = NULL;
	size_t found = 0;

	PKG_TRY(pkg_sign_scope_enter(&scope, crls->crypto, err));
	if (buf->len > 0 && buf->data[0] == 0x30)
		return add_der(crls, buf->data, buf->len, err);
	bio = BIO_new_mem_buf(pkg_buf_str(buf), (int)buf->len);
	if (bio == NULL)
		return pkg_fail_nomem(err);
	while (pkg_sign_pem_next(&pem, bio)) {
		if (strcmp(pem.name, "X509 CRL") != 0)
			continue;
		PKG_TRY(add_der(crls, pem.data, (size_t)pem.len, err));
		found++;
	}
	/* The list that is missing may be the one that revokes. */
	PKG_TRY(pkg_sign_pem_end(err));
	if (found == 0)
		return pkg_fail(err, PKG_KEY, "no revocation list in it");
	return PKG_OK;
}

enum pkg_code pkg_crls_add_file(struct pkg_crls **crls,
				struct pkg_crypto *crypto, int dirfd,
				const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = PKG_LIMIT_KEY_FILE};

	PKG_TRY(pkg_path_slurp(&buf, dirfd, path, err));
	if (*crls == NULL) {
		PKG_AUTO(pkg_crls)
		struct pkg_crls *fresh = calloc(1, sizeof(*fresh));

		if (fresh == NULL)
			return pkg_fail_nomem(err);
		fresh->crypto = crypto;
		fresh->list = sk_X509_CRL_new_null();
		if (fresh->list == NULL)
			return pkg_fail_nomem(err);
		*crls = PKG_STEAL(fresh);
	}
	if (pkg_sign_settle(add_data(*crls, &buf, err), err) != PKG_OK)
		return pkg_wrap(err, "revocation list '%s'", path);
	return PKG_OK;
}

size_t pkg_crls_count(const struct pkg_crls *crls)
{
	return crls == NULL ? 0 : (size_t)sk_X509_CRL_num(crls->list);
}

static const ASN1_OCTET_STRING *extension(const X509_CRL *crl, int nid)
{
	const int at = X509_CRL_get_ext_by_NID(crl, nid, -1);

	return at < 0 ? NULL
		      : X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at));
}

static bool same_extension(const X509_CRL *a, const X509_CRL *b, int nid)
{
	const ASN1_OCTET_STRING *one = extension(a, nid);
	const ASN1_OCTET_STRING *other = extension(b, nid);

	if (one == NULL || other == NULL)
		return one == other;
	return ASN1_OCTET_STRING_cmp(one, other) == 0;
}

/*
 * Are both about the same certificates?  A CA may split its list in parts (RFC
 * 5280 section 5.2.5), sign with an old and a new key, and list only changes:
 * none of these stands for another one.
 */
static bool same_scope(const X509_CRL *a, const X509_CRL *b)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(a), X509_CRL_get_issuer(b)) ==
		   0 &&
	       same_extension(a, b, NID_issuing_distribution_point) &&
	       same_extension(a, b, NID_authority_key_identifier) &&
	       same_extension(a, b, NID_delta_crl);
}

/* Is there a list for the same certificates that is newer than @crl? */
static bool has_newer(const struct pkg_crls *crls, const X509_CRL *crl)
{
	for (int i = 0; i < sk_X509_CRL_num(crls->list); i++) {
		const X509_CRL *other = sk_X509_CRL_value(crls->list, i);

		if (same_scope(crl, other) &&
		    ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl),
				      X509_CRL_get0_lastUpdate(other)) == -1)
			return true;
	}
	return false;
}

/*
 * One that is too old goes if there is a newer one: nobody has looked at the
 * signature of that one yet, or at its other date, and if it turns out to be
 * no good, the old one must not be what is left.
 */
enum pkg_code pkg_crls_check_age(struct pkg_crls *crls, int64_t max_age,
				 int64_t now, struct pkg_err *err)
{
	for (int i = sk_X509_CRL_num(crls->list) - 1; i >= 0; i--) {
		X509_CRL *crl = sk_X509_CRL_value(crls->list, i);
		char raw[PKG_CERT_TEXT] = "", issuer[PKG_CERT_TEXT];
		char at[21] = "?";
		int64_t then = 0;

		if (!pkg_sign_time(&then, X509_CRL_get0_lastUpdate(crl)))
			return pkg_fail(err, PKG_KEY,
					"a revocation list has "
					"no thisUpdate");
		if (now - then <= max_age)
			continue;
		if (has_newer(crls, crl)) {
			X509_CRL_free(sk_X509_CRL_delete(crls->list, i));
			continue;
		}
		X509_NAME_oneline(X509_CRL_get_issuer(crl), raw, sizeof(raw));
		pkg_text_quote_cut(issuer, sizeof(issuer), raw, strlen(raw));
		(void)pkg_time_format(at, then);
		(void)pkg_refuse(err, PKG_NO, "crl-too-old",
				 "the revocation list of '%s' is of %s, which "
				 "is too old",
				 issuer, at);
		return pkg_hint(err, "get the CA's newest list");
	}
	return PKG_OK;
}

void pkg_crls_free(struct pkg_crls *crls)
{
	if (crls == NULL)
		return;
	sk_X509_CRL_pop_free(crls->list, X509_CRL_free);
	free(crls);
}
