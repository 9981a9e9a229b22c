/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/secret.h"

#include "packline/crypto.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum { ARENA = 65536, ARENA_MIN_BLOCK = 16, SECRET_MAX = 4096 };

struct pkg_secret {
	size_t len;
	uint8_t *data;
};

static CRYPTO_ONCE arena_once = CRYPTO_ONCE_STATIC_INIT;

/*
 * Failure is not fatal: RLIMIT_MEMLOCK may forbid locking, and
 * OPENSSL_secure_malloc() then gives plain memory, which is wiped all the
 * same.
 */
static void arena_start(void)
{
	if (!CRYPTO_secure_malloc_initialized())
		(void)CRYPTO_secure_malloc_init(ARENA, ARENA_MIN_BLOCK);
}

enum pkg_code pkg_secret_new(struct pkg_secret **out, size_t len,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *self = NULL;

	*out = NULL;
	assert(len >= 1 && len <= SECRET_MAX);
	if (!CRYPTO_THREAD_run_once(&arena_once, arena_start))
		return pkg_fail_nomem(err);
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->data = OPENSSL_secure_zalloc(len);
	if (self->data == NULL)
		return pkg_fail_nomem(err);
	self->len = len;
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_secret_random(struct pkg_secret **out,
				struct pkg_crypto *crypto, size_t len,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *self = NULL;

	*out = NULL;
	PKG_TRY(pkg_secret_new(&self, len, err));
	PKG_TRY(pkg_crypto_random(crypto, self->data, len, err));
	*out = PKG_STEAL(self);
	return PKG_OK;
}

uint8_t *pkg_secret_data(const struct pkg_secret *secret)
{
	return secret->data;
}

size_t pkg_secret_len(const struct pkg_secret *secret)
{
	return secret->len;
}

void pkg_secret_free(struct pkg_secret *secret)
{
	if (secret == NULL)
		return;
	OPENSSL_secure_clear_free(secret->data, secret->len);
	free(secret);
}
