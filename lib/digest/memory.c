/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/crypto.h"

#include "digest/openssl.h"

#include <openssl/crypto.h>
#include <stdlib.h>

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

static void *resize(void *old, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return or_give_up(realloc(old, size), size);
}

static void put(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
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
