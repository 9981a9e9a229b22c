/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/aead.h"

#include "packline/limits.h"
#include "packline/secret.h"
#include "sign/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { NONCE = 12, STORED = PKG_AEAD_SEGMENT + PKG_AEAD_TAG };
/* The counter of 11 bytes cannot wrap: a payload has at most 2^24 segments. */
_Static_assert(PKG_LIMIT_PAYLOAD / PKG_AEAD_SEGMENT == 1u << 24, "segments");

SIGN_DEFINE_AUTO(EVP_CIPHER, EVP_CIPHER_free)

struct pkg_aead {
	struct pkg_sink sink;
	struct pkg_sink *inner;
	EVP_CIPHER_CTX *ctx;
	uint64_t counter;    /* of the next segment */
	uint64_t left;       /* decryption: stored bytes still to come */
	size_t used;         /* bytes waiting in the input buffer */
	uint8_t in[STORED];  /* a segment that is not complete yet */
	uint8_t out[STORED]; /* the last segment made */
};

bool pkg_aead_stored_size(uint64_t *stored, uint64_t plain)
{
	uint64_t segments = (plain + PKG_AEAD_SEGMENT - 1) / PKG_AEAD_SEGMENT;

	if (plain > PKG_LIMIT_PAYLOAD)
		return false;
	if (segments == 0)
		segments = 1;
	*stored = plain + segments * PKG_AEAD_TAG;
	return true;
}

bool pkg_aead_plain_size(uint64_t *plain, uint64_t stored)
{
	const uint64_t segments = (stored + STORED - 1) / STORED;
	uint64_t again = 0;

	if (stored < PKG_AEAD_TAG || stored > PKG_LIMIT_PAYLOAD * 2)
		return false;
	*plain = stored - segments * PKG_AEAD_TAG;
	return pkg_aead_stored_size(&again, *plain) && again == stored;
}

/* Nonce of the next segment: 11-byte big-endian counter, then the flag. */
static void nonce_next(struct pkg_aead *self, uint8_t nonce[static NONCE],
		       bool last)
{
	uint64_t n = self->counter++;

	memset(nonce, 0, NONCE);
	for (size_t i = NONCE - 1; n != 0; n >>= 8)
		nonce[--i] = (uint8_t)n;
	nonce[NONCE - 1] = last;
}

static enum pkg_code segment_encrypt(struct pkg_aead *self, const uint8_t *in,
				     size_t len, bool last, struct pkg_err *err)
{
	uint8_t nonce[NONCE];
	int got = 0, rest = 0;

	nonce_next(self, nonce, last);
	if (EVP_EncryptInit_ex2(self->ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(self->ctx, self->out, &got, in, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(self->ctx, self->out + got, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(self->ctx, EVP_CTRL_AEAD_GET_TAG, PKG_AEAD_TAG,
				self->out + len) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "encrypt");
	assert((size_t)got == len && rest == 0);
	return pkg_sink_write(self->inner, self->out, len + PKG_AEAD_TAG, err);
}

static enum pkg_code encrypt_write(struct pkg_sink *sink, const void *buf,
				   size_t len, struct pkg_err *err)
{
	struct pkg_aead *self = (struct pkg_aead *)sink;
	const uint8_t *at = buf;

	if (len > PKG_LIMIT_PAYLOAD - sink->total)
		return pkg_fail(err, PKG_INPUT,
				"more than %" PRIu64 " bytes to encrypt",
				(uint64_t)PKG_LIMIT_PAYLOAD);
	while (len > 0) {
		/* Full segments are held back until it is known that they are
		   not the last one. */
		if (self->used == PKG_AEAD_SEGMENT) {
			PKG_TRY(segment_encrypt(self, self->in,
						PKG_AEAD_SEGMENT, false, err));
			self->used = 0;
		}
		if (self->used == 0 && len > PKG_AEAD_SEGMENT) {
			PKG_TRY(segment_encrypt(self, at, PKG_AEAD_SEGMENT,
						false, err));
			at += PKG_AEAD_SEGMENT;
			len -= PKG_AEAD_SEGMENT;
			continue;
		}
		size_t take = PKG_AEAD_SEGMENT - self->used;
		if (take > len)
			take = len;
		memcpy(self->in + self->used, at, take);
		self->used += take;
		at += take;
		len -= take;
	}
	return PKG_OK;
}

static enum pkg_code encrypt_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	struct pkg_aead *self = (struct pkg_aead *)sink;

	return segment_encrypt(self, self->in, self->used, true, err);
}

static enum pkg_code segment_decrypt(struct pkg_aead *self, const uint8_t *in,
				     size_t len, bool last, struct pkg_err *err)
{
	const uint64_t number = self->counter;
	const size_t plain = len - PKG_AEAD_TAG;
	uint8_t nonce[NONCE], tag[PKG_AEAD_TAG];
	int got = 0, rest = 0;

	nonce_next(self, nonce, last);
	memcpy(tag, in + plain, sizeof(tag));
	if (EVP_DecryptInit_ex2(self->ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(self->ctx, EVP_CTRL_AEAD_SET_TAG, PKG_AEAD_TAG,
				tag) != 1 ||
	    EVP_DecryptUpdate(self->ctx, self->out, &got, in, (int)plain) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "decrypt");
	if (EVP_DecryptFinal_ex(self->ctx, self->out + got, &rest) != 1) {
		/* Not one byte of it may be seen (openssl#31629). */
		pkg_crypto_wipe(self->out, sizeof(self->out));
		return pkg_refuse(err, PKG_NO, "tag-mismatch",
				  "segment %" PRIu64 " is not authentic: "
				  "changed, or encrypted with another key",
				  number);
	}
	assert((size_t)got == plain && rest == 0);
	return pkg_sink_write(self->inner, self->out, plain, err);
}

static enum pkg_code decrypt_write(struct pkg_sink *sink, const void *buf,
				   size_t len, struct pkg_err *err)
{
	struct pkg_aead *self = (struct pkg_aead *)sink;
	const uint8_t *at = buf;

	if (len > self->left - self->used)
		return pkg_refuse(err, PKG_INPUT, "trailing-data",
				  "bytes after the last segment");
	while (len > 0) {
		const bool last = self->left <= STORED;
		const size_t size = last ? (size_t)self->left : STORED;
		const uint8_t *segment = at;
		size_t take = size - self->used;

		if (take > len)
			take = len;
		if (self->used != 0 || take < size) {
			memcpy(self->in + self->used, at, take);
			self->used += take;
			segment = self->in;
		}
		at += take;
		len -= take;
		if (segment == self->in && self->used < size)
			break;
		self->used = 0;
		self->left -= size;
		PKG_TRY(segment_decrypt(self, segment, size, last, err));
	}
	return PKG_OK;
}

static enum pkg_code decrypt_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	const struct pkg_aead *self = (struct pkg_aead *)sink;

	if (self->left != 0)
		return pkg_refuse(err, PKG_INPUT, "truncated",
				  "%" PRIu64 " bytes of ciphertext are missing",
				  self->left - self->used);
	return PKG_OK;
}

static enum pkg_code aead_new(struct pkg_aead **out, struct pkg_crypto *crypto,
			      const struct pkg_secret *key, bool encrypt,
			      struct pkg_sink *inner, struct pkg_err *err)
{
	PKG_AUTO(pkg_aead) struct pkg_aead *self = calloc(1, sizeof(*self));
	PKG_AUTO(EVP_CIPHER) EVP_CIPHER *cipher = NULL;

	assert(pkg_secret_len(key) == PKG_AEAD_KEY);
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->inner = inner;
	self->ctx = EVP_CIPHER_CTX_new();
	cipher =
	    EVP_CIPHER_fetch(pkg_crypto_libctx(crypto), "AES-256-GCM", NULL);
	if (self->ctx == NULL || cipher == NULL ||
	    EVP_CipherInit_ex2(self->ctx, cipher, pkg_secret_data(key), NULL,
			       encrypt, NULL) != 1)
		return pkg_crypto_fail(err, PKG_SYSTEM, "set up the cipher");
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_aead_encrypt_new(struct pkg_aead **out,
				   struct pkg_crypto *crypto,
				   const struct pkg_secret *key,
				   struct pkg_sink *inner, struct pkg_err *err)
{
	*out = NULL;
	PKG_TRY(aead_new(out, crypto, key, true, inner, err));
	(*out)->sink.write = encrypt_write;
	(*out)->sink.finish = encrypt_finish;
	return PKG_OK;
}

enum pkg_code pkg_aead_decrypt_new(struct pkg_aead **out,
				   struct pkg_crypto *crypto,
				   const struct pkg_secret *key,
				   uint64_t stored, struct pkg_sink *inner,
				   struct pkg_err *err)
{
	uint64_t plain = 0;

	*out = NULL;
	if (!pkg_aead_plain_size(&plain, stored))
		return pkg_refuse(err, PKG_INPUT, "truncated",
				  "no ciphertext is %" PRIu64 " bytes long",
				  stored);
	PKG_TRY(aead_new(out, crypto, key, false, inner, err));
	(*out)->left = stored;
	(*out)->sink.write = decrypt_write;
	(*out)->sink.finish = decrypt_finish;
	return PKG_OK;
}

struct pkg_sink *pkg_aead_sink(struct pkg_aead *aead)
{
	return &aead->sink;
}

void pkg_aead_free(struct pkg_aead *aead)
{
	if (aead == NULL)
		return;
	EVP_CIPHER_CTX_free(aead->ctx); /* wipes the key */
	pkg_crypto_wipe(aead, sizeof(*aead));
	free(aead);
}
