/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decrypting stream.  An input is a recipe: bytes 0-1 how long the
 * plaintext is, byte 2 what is done to the ciphertext, bytes 3-5 where, the
 * rest how it is cut into writes.
 */
#include "fuzz.h"

#include "packline/aead.h"
#include "packline/crypto.h"
#include "packline/secret.h"

#include <string.h>

enum { RECIPE = 6, MAX = 1 << 20, STORED = PKG_AEAD_SEGMENT + PKG_AEAD_TAG };

enum deed {
	LEAVE,
	FLIP,
	CUT,     /* fewer bytes come than were announced */
	SHORTER, /* fewer bytes, and announced so */
	LONGER,  /* more bytes than announced */
	SWAP,    /* two segments */
	FORGE,   /* the rest of the input is the ciphertext */
	DEEDS,
};

struct run {
	struct pkg_crypto *crypto;
	struct pkg_secret *key;
	const uint8_t *cuts; /* sizes of the writes */
	size_t cut_count;
};

/* Write @len bytes in pieces; the sizes repeat. */
static enum pkg_code feed(const struct run *run, struct pkg_sink *sink,
			  const uint8_t *data, size_t len, struct pkg_err *err)
{
	for (size_t at = 0, i = 0; at < len; i++) {
		size_t take = len;

		if (run->cut_count > 0)
			take = (size_t)run->cuts[i % run->cut_count] * 517 + 1;
		if (take > len - at)
			take = len - at;
		PKG_TRY(pkg_sink_write(sink, data + at, take, err));
		at += take;
	}
	return pkg_sink_finish(sink, err);
}

static void encrypt(const struct run *run, struct pkg_buf *out,
		    const uint8_t *plain, size_t len)
{
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;
	uint64_t stored = 0, again = 0;

	pkg_sink_buf_init(&sink, out);
	MUST(pkg_aead_encrypt_new(&aead, run->crypto, run->key, &sink.sink,
				  &err) == PKG_OK);
	MUST(feed(run, pkg_aead_sink(aead), plain, len, &err) == PKG_OK);
	MUST(pkg_aead_stored_size(&stored, len) && stored == out->len);
	MUST(pkg_aead_plain_size(&again, stored) && again == len);
}

/* What came out, whatever the end was, are segments of the plaintext. */
static enum pkg_code decrypt(const struct run *run, const uint8_t *data,
			     size_t len, size_t announced, const uint8_t *plain,
			     size_t plain_len)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;
	enum pkg_code code;

	pkg_sink_buf_init(&sink, &out);
	code = pkg_aead_decrypt_new(&aead, run->crypto, run->key, announced,
				    &sink.sink, &err);
	if (code == PKG_OK)
		code = feed(run, pkg_aead_sink(aead), data, len, &err);
	MUST(out.len <= plain_len);
	MUST(out.len == 0 || memcmp(out.data, plain, out.len) == 0);
	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		MUST(out.len % PKG_AEAD_SEGMENT == 0 || out.len == plain_len);
	} else {
		MUST(out.len == plain_len);
	}
	return code;
}

static void swap_segments(struct pkg_buf *box)
{
	uint8_t *second = box->data + STORED;
	const size_t len =
	    box->len - STORED < STORED ? box->len - STORED : STORED;

	for (size_t i = 0; i < len; i++) {
		const uint8_t byte = box->data[i];

		box->data[i] = second[i];
		second[i] = byte;
	}
}

static void spoil(const struct run *run, struct pkg_buf *box, enum deed deed,
		  size_t where, const uint8_t *plain, size_t plain_len)
{
	const size_t at = where % box->len;
	struct pkg_err err = PKG_ERR_INIT;
	size_t len = box->len, announced = box->len;
	enum pkg_code want = PKG_NO, code;

	if (deed == FLIP) {
		box->data[at] ^= (uint8_t)(1u << (where % 8));
	} else if (deed == CUT) {
		len = at;
		want = PKG_INPUT;
	} else if (deed == SHORTER) {
		len = announced = at;
	} else if (deed == LONGER) {
		MUST(pkg_buf_add(box, &where, 1 + where % 7, &err) == PKG_OK);
		len = box->len;
		want = PKG_INPUT;
	} else if (deed == SWAP && box->len > STORED) {
		swap_segments(box);
	} else {
		want = PKG_OK;
	}
	code = decrypt(run, box->data, len, announced, plain, plain_len);
	/* a length that no stream has is said at once */
	MUST(code == want || (deed == SHORTER && code == PKG_INPUT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	static uint8_t plain[3 * PKG_AEAD_SEGMENT];
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf box = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	size_t len = 0;

	if (size < RECIPE)
		return 0;
	if (run.crypto == NULL) {
		MUST(pkg_crypto_new(&run.crypto, &err) == PKG_OK);
		MUST(pkg_secret_new(&run.key, PKG_AEAD_KEY, &err) == PKG_OK);
		memset(pkg_secret_data(run.key), 7, PKG_AEAD_KEY);
		for (size_t i = 0; i < sizeof(plain); i++)
			plain[i] = (uint8_t)(i * 31 + i / 251);
	}
	run.cuts = data + RECIPE;
	run.cut_count = size - RECIPE;
	if (data[2] % DEEDS == FORGE) {
		MUST(decrypt(&run, run.cuts, run.cut_count, run.cut_count,
			     plain, 0) != PKG_OK);
		return 0;
	}
	/* near a border of segments: there is nothing else to get wrong */
	len = (size_t)(data[0] % 3) * PKG_AEAD_SEGMENT + data[1];
	len = len < 128 ? 0 : len - 128;
	encrypt(&run, &box, plain, len);
	spoil(&run, &box, (enum deed)(data[2] % DEEDS),
	      (size_t)data[3] << 16 | (size_t)data[4] << 8 | data[5], plain,
	      len);
	return 0;
}
