/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/secret.h"

#include "packline/crypto.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	SECRET_MAX = 4096,
	SCRUB = 127 << 10, /* bytes: deeper than CMS_decrypt() goes */
};

/* Whole pages, so that locking one secret does not unlock another. */
struct pkg_secret {
	size_t len;
	uint8_t *data;
};

enum pkg_code pkg_secret_new(struct pkg_secret **out, size_t len,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *self = NULL;
	void *pages = NULL;

	*out = NULL;
	assert(len >= 1 && len <= SECRET_MAX);
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return pkg_fail_nomem(err);
	/* Not OPENSSL_secure_malloc(): it aborts when it is out of memory. */
	pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return pkg_fail_nomem(err);
	self->data = pages;
	self->len = len;
	/* RLIMIT_MEMLOCK may forbid it: it is wiped all the same. */
	(void)mlock(pages, len);
	(void)madvise(pages, len, MADV_DONTDUMP);
	(void)madvise(pages, len, MADV_WIPEONFORK);
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
	if (secret->data != NULL) {
		pkg_crypto_wipe(secret->data, secret->len);
		(void)munmap(secret->data, secret->len);
	}
	free(secret);
}

__attribute__((noinline)) void pkg_secret_scrub_stack(void)
{
	uint8_t below[SCRUB];

	pkg_crypto_wipe(below, sizeof(below));
}
