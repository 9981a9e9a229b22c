/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/token.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIND_TRIES = 5 };
enum { URI_MAX = 4096 }; /* bytes: every one of 32+32+16+16+200+200 as %XX */

/* Everything that tells this key from all others, for OpenSSL. */
static enum pkg_code exact_uri(struct pkg_buf *out,
			       const struct key_token *token,
			       struct pkg_err *err)
{
	const struct token_name *name = &token->name;
	const struct {
		const char *name;
		const void *data;
		size_t len;
	} rows[] = {
	    {"token", name->label, strlen(name->label)},
	    {"manufacturer", name->manufacturer, strlen(name->manufacturer)},
	    {"model", name->model, strlen(name->model)},
	    {"serial", name->serial, strlen(name->serial)},
	    {"id", token->id, token->id_len},
	    {"object", token->label, token->label_len},
	};
	char separator = ':';

	PKG_TRY(pkg_buf_puts(out, "pkcs11", err));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].len == 0)
			continue;
		PKG_TRY(pkg_pkcs11_uri_put(out, separator, rows[i].name,
					   rows[i].data, rows[i].len, err));
		separator = ';';
	}
	return pkg_buf_printf(out, err, "%ctype=private", separator);
}

/* Its own message says little; what we know of the token may say more. */
static enum pkg_code not_taken(const struct key_token *token,
			       struct pkg_err *err)
{
	char text[PKG_ERR_TEXT];

	if (err->code == PKG_SYSTEM)
		return err->code;
	if (token->has_edwards) {
		pkg_refuse(err, PKG_KEY, "token-ed25519",
			   "there is a key in token '%s' that is neither RSA "
			   "nor EC, perhaps Ed25519, and OpenSSL's engine can "
			   "read no key of such a token",
			   token->name.label);
		return pkg_hint(err, "keep it in a token of its own, or "
				     "install pkcs11-provider");
	}
	memcpy(text, err->text, sizeof(text));
	pkg_refuse(err, PKG_KEY, "token-loader", "%.400s", text);
	return pkg_hint(err, "try another program: openssl pkey -engine "
			     "pkcs11 -inform engine -in URI -pubout");
}

enum pkg_code pkg_token_half_key(const struct key_token *token,
				 struct pkg_err *err)
{
	if (err->code == PKG_SYSTEM)
		return err->code;
	pkg_refuse(err, PKG_KEY, "token-half-key",
		   "the public half of the key is not in token '%s'",
		   token->name.label);
	return pkg_hint(err, "put it there under the same id: pkcs11-tool "
			     "--write-object FILE --type pubkey --id ID");
}

static enum pkg_code hand_over(EVP_PKEY **pkey, struct key_token *token,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf uri = {.max = URI_MAX};
	struct pkg_err provider = PKG_ERR_INIT;

	PKG_TRY(exact_uri(&uri, token, err));
	PKG_TRY(pkg_token_ui_make(token, err));
	if (pkg_token_provider_load(pkey, token, pkg_buf_str(&uri),
				    &provider) == PKG_OK &&
	    *pkey != NULL)
		return PKG_OK;
	if (pkg_token_engine_load(pkey, token, pkg_buf_str(&uri), err) !=
	    PKG_OK)
		return not_taken(token, err);
	if (*pkey != NULL)
		return PKG_OK;
	if (provider.code != PKG_OK) {
		*err = provider;
		return not_taken(token, err);
	}
	pkg_refuse(err, PKG_KEY, "token-loader",
		   "OpenSSL has neither a provider nor an engine for PKCS#11");
	return pkg_hint(err, "install libengine-pkcs11-openssl or "
			     "pkcs11-provider");
}

/*
 * A module may miss a token for a moment: SoftHSM, when it starts while another
 * process logs in and so writes the token's file.  Then it is started again.
 */
static enum pkg_code find(struct key_token *token, const struct pkcs11_uri *uri,
			  struct pkg_err *err)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	for (int tries = 1;; tries++) {
		const enum pkg_code code = pkg_token_find(token, uri, err);

		if (code == PKG_OK || tries == FIND_TRIES || !token->finalize ||
		    err->reason == NULL ||
		    strcmp(err->reason, "token-missing") != 0)
			return code;
		*err = PKG_ERR_INIT;
		(void)nanosleep(&pause, NULL);
		PKG_TRY(pkg_token_module_again(token, err));
	}
}

static enum pkg_code load(struct key_token *token, EVP_PKEY **pkey,
			  const struct token_job *job, struct pkg_err *err)
{
	const char *module = job->ask == NULL ? NULL : job->ask->pkcs11_module;

	PKG_TRY(pkg_token_module_open(
	    token, job->dirfd, module == NULL ? PKG_PKCS11_MODULE : module,
	    err));
	PKG_TRY(find(token, job->uri, err));
	PKG_TRY(pkg_token_pin(token, job, err));
	PKG_TRY(pkg_token_lock(token, err));
	PKG_TRY(pkg_token_login(token, err));
	PKG_TRY(pkg_token_find_key(token, job->uri, err));
	if (!token->wants_pin) {
		pkg_secret_free(token->pin);
		token->pin = NULL;
	}
	return hand_over(pkey, token, err);
}

enum pkg_code pkg_token_load(struct key_token **out, EVP_PKEY **pkey,
			     struct pkg_crypto *crypto,
			     const struct token_job *job, struct pkg_err *err)
{
	struct key_token *token = calloc(1, sizeof(*token));
	enum pkg_code code = PKG_OK;

	*out = NULL;
	*pkey = NULL;
	if (token == NULL)
		return pkg_fail_nomem(err);
	token->crypto = crypto;
	token->lock_dir = -1;
	token->lock_fd = -1;
	code = load(token, pkey, job, err);
	if (code != PKG_OK) {
		pkg_token_free(token);
		return code;
	}
	*out = token;
	return PKG_OK;
}

enum pkg_code pkg_token_blame(const struct pkg_key *key, enum token_use use,
			      struct pkg_err *err)
{
	const unsigned long first = key->token == NULL ? 0 : ERR_peek_error();
	const char *why = NULL;

	/* Libraries that are not OpenSSL's own get numbers from 128 on. */
	if (first == 0 || ERR_GET_LIB(first) < ERR_LIB_USER)
		return PKG_OK;
	why = pkg_token_rv_text((ck_ulong)ERR_GET_REASON(first));
	if (why == NULL && use == TOKEN_DECRYPT)
		return PKG_OK;
	if (why == NULL)
		why = ERR_reason_error_string(first);
	pkg_refuse(err, PKG_KEY, "token-failed",
		   "key '%s': the token does not use it: %s", key->name,
		   why == NULL ? "it does not say why" : why);
	return pkg_hint(err, "the module is '%s'; its own log may tell more",
			key->token->module);
}

/* From the user inwards: what uses the token, our login, the lock. */
void pkg_token_free(struct key_token *token)
{
	if (token == NULL)
		return;
	if (token->logged_in)
		(void)token->p11->logout(token->session);
	if (token->has_session)
		(void)token->p11->close_session(token->session);
	pkg_token_engine_free(token);
	UI_destroy_method(token->ui);
	pkg_token_module_close(token);
	pkg_token_unlock(token);
	pkg_certs_free(token->certs);
	pkg_secret_free(token->pin);
	free(token);
}
