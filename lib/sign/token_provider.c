/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkcs11-provider (https://github.com/latchset/pkcs11-provider), the
 * successor of the engine.  It is not in Debian 12, so it is looked for where
 * OpenSSL keeps its providers and used if it is there.
 *
 * It is told of the module by settings, which OpenSSL before 3.2 takes from a
 * configuration only: one is made in memory and read into the private
 * context.  The file openssl.cnf stays unread.
 */
#include "sign/token.h"

#include <openssl/conf.h>
#include <openssl/store.h>
#include <unistd.h>

SIGN_DEFINE_AUTO(CONF, NCONF_free)
SIGN_DEFINE_AUTO(OSSL_STORE_INFO, OSSL_STORE_INFO_free)

/* Characters that mean nothing to OpenSSL's configuration. */
static bool is_plain_path(const char *path)
{
	return path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789/._+-:@%")] == '\0';
}

/*
 * The default provider has to be named too: with the first that is named,
 * OpenSSL no longer loads it by itself.
 */
static enum pkg_code configure(const struct key_token *token,
			       struct pkg_err *err)
{
	PKG_AUTO(BIO) BIO *bio = BIO_new(BIO_s_mem());
	PKG_AUTO(CONF)
	CONF *conf = NCONF_new_ex(pkg_crypto_libctx(token->crypto), NULL);
	long line = 0;

	if (bio == NULL || conf == NULL)
		return pkg_fail_nomem(err);
	OPENSSL_load_builtin_modules();
	if (BIO_printf(bio,
		       "openssl_conf = packline\n"
		       "[packline]\n"
		       "providers = providers\n"
		       "[providers]\n"
		       "default = built_in\n"
		       "pkcs11 = loaded\n"
		       "[built_in]\n"
		       "activate = 1\n"
		       "[loaded]\n"
		       "module = %s\n"
		       "pkcs11-module-path = %s\n"
		       "pkcs11-module-load-behavior = early\n"
		       "pkcs11-module-cache-pins = none\n"
		       "activate = 1\n",
		       PKG_PROVIDER_FILE, token->module) <= 0 ||
	    NCONF_load_bio(conf, bio, &line) <= 0 ||
	    CONF_modules_load(conf, NULL, 0) <= 0)
		return pkg_crypto_fail(err, PKG_KEY,
				       "load OpenSSL's provider for PKCS#11");
	return PKG_OK;
}

static enum pkg_code load_key(EVP_PKEY **pkey, struct key_token *token,
			      const char *uri, struct pkg_err *err)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(
	    uri, pkg_crypto_libctx(token->crypto), "provider=pkcs11", token->ui,
	    token, NULL, NULL, NULL);

	if (store == NULL)
		return pkg_crypto_fail(err, PKG_KEY,
				       "open the token by OpenSSL's provider");
	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (*pkey == NULL && OSSL_STORE_eof(store) == 0) {
		PKG_AUTO(OSSL_STORE_INFO)
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL)
			break;
		*pkey = OSSL_STORE_INFO_get1_PKEY(info);
	}
	OSSL_STORE_close(store);
	if (*pkey == NULL)
		return pkg_crypto_fail(err, PKG_KEY,
				       "OpenSSL's provider for PKCS#11 does "
				       "not take the key");
	return PKG_OK;
}

enum pkg_code pkg_token_provider_load(EVP_PKEY **pkey, struct key_token *token,
				      const char *uri, struct pkg_err *err)
{
	*pkey = NULL;
	if (access(PKG_PROVIDER_FILE, R_OK) != 0 ||
	    !is_plain_path(token->module))
		return PKG_OK;
	PKG_TRY(configure(token, err));
	return load_key(pkey, token, uri, err);
}
