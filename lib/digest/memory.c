/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/crypto.h"

#include "digest/openssl.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECURE_HEAP =
	    256 << 10,     /* bytes: an RSA key of 8192 bits takes 5 KiB */
	SECURE_PIECE = 16, /* bytes, the smallest that is handed out */
};

/* OpenSSL's allocator is process-wide, and so is what replaces it. */
static void (*give_up)(void);
/* This thread is where OpenSSL is known to do without. */
static _Thread_local bool can_do_without;

static void *or_give_up(void *p, size_t size)
{
	if (p == NULL && size > 0 && !can_do_without)
		give_up();
	return p;
}

static void *get(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return or_give_up(malloc(size), size);
}

/*
 * OpenSSL frees some buffers that held a key without wiping them: those of PEM
 * and of decoders.  It cannot know which do, so all are wiped.
 */
static void put(void *p, const char *file, int line)
{
	(void)file, (void)line;
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

/* realloc() may leave the old bytes behind. */
static void *resize(void *old, size_t size, const char *file, int line)
{
	const size_t had = old == NULL ? 0 : malloc_usable_size(old);
	void *new = NULL;

	if (size == 0) {
		put(old, file, line);
		return NULL;
	}
	if (size <= had && size >= had / 2)
		return old;
	new = get(size, file, line);
	if (new == NULL)
		return NULL;
	if (old != NULL)
		memcpy(new, old, size < had ? size : had);
	put(old, file, line);
	return new;
}

void pkg_crypto_does_without_memory(bool yes)
{
	can_do_without = yes;
}

void pkg_crypto_on_no_memory(void (*ends_the_process)(void))
{
	give_up = ends_the_process;
	/* Refused once OpenSSL has allocated: then it is as it was. */
	(void)CRYPTO_set_mem_functions(get, resize, put);
}

void pkg_crypto_keep_secrets(void)
{
	/* If there is no memory to be locked they are where they were. */
	(void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_PIECE);
}
