/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_TOKEN_H
#define SIGN_TOKEN_H

#include "packline/secret.h"
#include "sign/cryptoki.h"
#include "sign/internal.h"
#include "sign/pkcs11_uri.h"

#include <openssl/ui.h>

/*
 * A private key in a token, and all that keeps it usable.  We find the token
 * and the key and log in ourselves, because neither OpenSSL's engine nor its
 * provider says what went wrong; one of those two then signs and decrypts.
 * Logging in holds for the process: they need no PIN of us.
 *
 * Reasons of a refusal (PKG_KEY), listed in pkg-seal(1):
 *
 *   key-uri, pin-in-uri                                  see pkcs11_uri.h
 *   module-missing, module-unsafe, module-broken         token_module.c
 *   token-missing, token-ambiguous                       token_find.c
 *   token-key-missing, token-key-ambiguous               token_key.c
 *   token-key-usage, token-ed25519, token-half-key       token_key.c
 *   pin-missing, pin-wrong, pin-locked, pin-unset        token_login.c
 *   token-busy                                           token_lock.c
 *   token-loader                                         token.c
 *   token-failed                                         any call of it
 */
struct token_name {
	char label[33], manufacturer[33], model[17], serial[17];
};

struct key_token {
	struct pkg_crypto *crypto; /* borrowed */
	/* The module. */
	char module[PKG_LIMIT_PATH]; /* absolute */
	void *library;
	const struct ck_functions *p11; /* NULL = not open */
	bool finalize;                  /* it was us who initialized it */
	/* The token. */
	struct token_name name;
	ck_ulong slot, flags;
	ck_ulong session;
	bool has_session, logged_in; /* by us */
	/* The key. */
	ck_ulong type; /* CKK_... */
	bool may_sign, may_decrypt, may_derive, wants_pin;
	bool has_edwards; /* there is a key of a type that libp11 dislikes */
	char label[PKG_LIMIT_PKCS11_NAME + 1];
	size_t label_len;
	uint8_t id[PKG_LIMIT_PKCS11_NAME];
	size_t id_len;
	struct pkg_certs *certs; /* of the same id */
	/* Kept after logging in if the key wants it before each use. */
	struct pkg_secret *pin;
	/* The lock that keeps other processes away; -1 = not held. */
	int lock_dir, lock_fd;
	char lock_name[80];
	/* Whoever uses the key. */
	UI_METHOD *ui;
	void *engine; /* NULL = it is the provider */
};

/* What a load is given. */
struct token_job {
	const struct pkcs11_uri *uri;
	const struct pkg_key_ask *ask; /* NULL = nothing */
	int dirfd;
};

/*
 * Open what the URI names.
 * @out   receives the token; freed by the caller with pkg_token_free(), after
 *        @pkey.
 * @pkey  receives the key, whose private half stays where it is.
 * Fails with PKG_KEY and a reason from the list above.
 */
PKG_MUST_CHECK enum pkg_code pkg_token_load(struct key_token **out,
					    EVP_PKEY **pkey,
					    struct pkg_crypto *crypto,
					    const struct token_job *job,
					    struct pkg_err *err);
void pkg_token_free(struct key_token *token); /* NULL is allowed */

/* After OpenSSL could not tell the public half; PKG_SYSTEM stays. */
PKG_MUST_CHECK enum pkg_code pkg_token_half_key(const struct key_token *token,
						struct pkg_err *err);

enum token_use { TOKEN_SIGN, TOKEN_DECRYPT };

/* Is the key allowed to?  PKG_KEY, reason "token-key-usage", if not. */
PKG_MUST_CHECK enum pkg_code pkg_token_may(const struct pkg_key *key,
					   enum token_use use,
					   struct pkg_err *err);
/*
 * After a failed use of @key: if the token is what failed, PKG_KEY, reason
 * "token-failed"; else PKG_OK.  Call before the queue of OpenSSL's errors is
 * emptied.
 * @use  a message that is not for this key makes it fail to decrypt, too:
 *       then only what cannot come from that is the token's.
 */
PKG_MUST_CHECK enum pkg_code pkg_token_blame(const struct pkg_key *key,
					     enum token_use use,
					     struct pkg_err *err);

/* -- the steps, in their order -- */

/* token_module.c: load the shared library and start it. */
PKG_MUST_CHECK enum pkg_code pkg_token_module_open(struct key_token *token,
						   int dirfd, const char *path,
						   struct pkg_err *err);
/* Start it once more; token->finalize must be true. */
PKG_MUST_CHECK enum pkg_code pkg_token_module_again(struct key_token *token,
						    struct pkg_err *err);
void pkg_token_module_close(struct key_token *token);
/* PKG_KEY, reason "token-failed", with what @rv of @what means. */
PKG_MUST_CHECK enum pkg_code pkg_token_failed(const struct key_token *token,
					      const char *what, ck_ulong rv,
					      struct pkg_err *err);
/* In words, or NULL. */
const char *pkg_token_rv_text(ck_ulong rv);

/* token_find.c: the one token that the URI allows. */
PKG_MUST_CHECK enum pkg_code pkg_token_find(struct key_token *token,
					    const struct pkcs11_uri *uri,
					    struct pkg_err *err);

/*
 * token_login.c: check that the PIN can be used, and ask for it if the token
 * wants one from us; before anybody has to wait for us.
 */
PKG_MUST_CHECK enum pkg_code pkg_token_pin(struct key_token *token,
					   const struct token_job *job,
					   struct pkg_err *err);

/* token_lock.c: wait until no other process uses it. */
PKG_MUST_CHECK enum pkg_code pkg_token_lock(struct key_token *token,
					    struct pkg_err *err);
void pkg_token_unlock(struct key_token *token);

/* token_login.c: open a session, and log in once if the token wants it. */
PKG_MUST_CHECK enum pkg_code pkg_token_login(struct key_token *token,
					     struct pkg_err *err);

/* token_key.c: the one private key that the URI allows. */
PKG_MUST_CHECK enum pkg_code pkg_token_find_key(struct key_token *token,
						const struct pkcs11_uri *uri,
						struct pkg_err *err);

/* token_ui.c: make token->ui, which answers for us when somebody asks. */
PKG_MUST_CHECK enum pkg_code pkg_token_ui_make(struct key_token *token,
					       struct pkg_err *err);

/*
 * token_engine.c, token_provider.c: hand the key at @uri to OpenSSL.  @pkey
 * stays NULL, with PKG_OK, if there is no such thing here.
 */
PKG_MUST_CHECK enum pkg_code pkg_token_engine_load(EVP_PKEY **pkey,
						   struct key_token *token,
						   const char *uri,
						   struct pkg_err *err);
void pkg_token_engine_free(struct key_token *token);
PKG_MUST_CHECK enum pkg_code pkg_token_provider_load(EVP_PKEY **pkey,
						     struct key_token *token,
						     const char *uri,
						     struct pkg_err *err);

#endif
