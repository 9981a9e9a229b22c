/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/digest.h"
#include "sign/internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

enum pkg_code pkg_sign_scope_enter(struct sign_scope *scope,
				   struct pkg_crypto *crypto,
				   struct pkg_err *err)
{
	ERR_clear_error();
	errno = 0; /* see pkg_sign_settle() */
	scope->before = OSSL_LIB_CTX_set0_default(pkg_crypto_libctx(crypto));
	if (scope->before == NULL)
		return pkg_fail_nomem(err);
	return PKG_OK;
}

enum pkg_code pkg_sign_settle(enum pkg_code code, struct pkg_err *err)
{
	if (code == PKG_OK || code == PKG_SYSTEM || errno != ENOMEM)
		return code;
	return pkg_fail_nomem(err);
}

void pkg_sign_scope_fini(struct sign_scope *scope)
{
	if (scope->before == NULL)
		return;
	OSSL_LIB_CTX_set0_default(scope->before);
	scope->before = NULL;
	ERR_clear_error();
}

bool pkg_sign_pem_next(struct sign_pem *pem, BIO *bio)
{
	pkg_sign_pem_fini(pem);
	if (PEM_read_bio(bio, &pem->name, &pem->header, &pem->data,
			 &pem->len) == 1)
		return true;
	*pem = (struct sign_pem){0};
	return false;
}

enum pkg_code pkg_sign_pem_end(struct pkg_err *err)
{
	const unsigned long last = ERR_peek_last_error();

	if (ERR_GET_LIB(last) == ERR_LIB_PEM &&
	    ERR_GET_REASON(last) == PEM_R_NO_START_LINE)
		return PKG_OK;
	pkg_crypto_fail(err, PKG_KEY, "a block of it cannot be read");
	return pkg_hint(err, "it may have been cut off: copy it again");
}

void pkg_sign_pem_fini(struct sign_pem *pem)
{
	OPENSSL_free(pem->name);
	OPENSSL_free(pem->header);
	if (pem->len > 0)
		OPENSSL_clear_free(pem->data, (size_t)pem->len);
	*pem = (struct sign_pem){0};
}

enum pkg_code pkg_sign_sha256(uint8_t out[static 32],
			      const struct pkg_crypto *crypto, const void *data,
			      size_t len, struct pkg_err *err)
{
	const EVP_MD *md = pkg_crypto_md(crypto, PKG_DIGEST_SHA256);

	if (EVP_Digest(data, len, out, NULL, md, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "hash");
	return PKG_OK;
}
