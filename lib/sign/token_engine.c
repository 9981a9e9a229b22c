/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that uses OpenSSL's engines.  They are deprecated, because
 * OpenSSL 3 has providers; but the provider for PKCS#11 is not part of Debian
 * 12, and libp11's engine is (libengine-pkcs11-openssl).  It goes when that
 * has changed, with PKG_ENGINE=OFF before that, and it leaves itself out
 * where OpenSSL has been built without engines.
 *
 * An engine knows no OSSL_LIB_CTX: here alone something is not private.  What
 * can be kept apart is: each key has an ENGINE object of its own, which is
 * not put into the process's list of engines; it is loaded from a path that
 * was fixed when Packline was built, not from OPENSSL_ENGINES; no openssl.cnf
 * is read.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sign/token.h"

#include <openssl/crypto.h>

#if defined(PKG_ENGINE_FILE) && !defined(OPENSSL_NO_ENGINE)

#	include <openssl/engine.h>
#	include <unistd.h>

static bool set(ENGINE *engine, const char *name, const char *value)
{
	return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1;
}

/* NULL if it cannot be loaded. */
static ENGINE *load_engine(void)
{
	ENGINE *engine = NULL;

	if (OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC |
				    OPENSSL_INIT_NO_LOAD_CONFIG,
				NULL) != 1)
		return NULL;
	engine = ENGINE_by_id("dynamic");
	if (engine != NULL && set(engine, "SO_PATH", PKG_ENGINE_FILE) &&
	    set(engine, "ID", "pkcs11") && set(engine, "LIST_ADD", "0") &&
	    set(engine, "DIR_LOAD", "0") && set(engine, "LOAD", NULL))
		return engine;
	ENGINE_free(engine);
	return NULL;
}

static bool start(struct key_token *token, ENGINE *engine)
{
	/* QUIET: our message is to be the only one. */
	return set(engine, "QUIET", NULL) &&
	       set(engine, "MODULE_PATH", token->module) &&
	       ENGINE_ctrl(engine, ENGINE_CTRL_SET_USER_INTERFACE, 0, token->ui,
			   NULL) == 1 &&
	       ENGINE_ctrl(engine, ENGINE_CTRL_SET_CALLBACK_DATA, 0, token,
			   NULL) == 1 &&
	       ENGINE_init(engine) == 1;
}

enum pkg_code pkg_token_engine_load(EVP_PKEY **pkey, struct key_token *token,
				    const char *uri, struct pkg_err *err)
{
	ENGINE *engine = NULL;

	*pkey = NULL;
	if (access(PKG_ENGINE_FILE, R_OK) != 0)
		return PKG_OK;
	engine = load_engine();
	if (engine == NULL)
		return pkg_crypto_fail(err, PKG_KEY,
				       "load OpenSSL's engine for PKCS#11");
	if (!start(token, engine)) {
		ENGINE_free(engine);
		return pkg_crypto_fail(err, PKG_KEY,
				       "start OpenSSL's engine for PKCS#11");
	}
	token->engine = engine;
	*pkey = ENGINE_load_private_key(engine, uri, token->ui, token);
	if (*pkey == NULL)
		return pkg_crypto_fail(err, PKG_KEY,
				       "OpenSSL's engine for PKCS#11 does not "
				       "take the key");
	return PKG_OK;
}

void pkg_token_engine_free(struct key_token *token)
{
	if (token->engine != NULL) {
		ENGINE_finish(token->engine);
		ENGINE_free(token->engine);
	}
	token->engine = NULL;
}

#else

enum pkg_code pkg_token_engine_load(EVP_PKEY **pkey, struct key_token *token,
				    const char *uri, struct pkg_err *err)
{
	(void)token, (void)uri, (void)err;
	*pkey = NULL;
	return PKG_OK;
}

void pkg_token_engine_free(struct key_token *token)
{
	(void)token;
}

#endif
