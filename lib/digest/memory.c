/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/crypto.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * OpenSSL 3.0 often tells a failed allocation as something else: a decoder
 * says "unsupported", a certificate is "not found".  Its allocator is
 * process-wide, and so is what we learn from it.
 */
static atomic_bool out_of_memory;

static void *watched(void *p, size_t size)
{
	if (p == NULL && size > 0)
		atomic_store(&out_of_memory, true);
	return p;
}

static void *watched_malloc(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return watched(malloc(size), size);
}

static void *watched_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return watched(realloc(old, size), size);
}

static void watched_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

void pkg_crypto_watch_memory(void)
{
	/* Refused once OpenSSL has allocated: then we know less, no more. */
	(void)CRYPTO_set_mem_functions(watched_malloc, watched_realloc,
				       watched_free);
}

bool pkg_crypto_out_of_memory(void)
{
	return atomic_load(&out_of_memory);
}
