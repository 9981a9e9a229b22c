/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures and envelopes: the profile's walk, and OpenSSL's decoders behind
 * it; documents that are put into signatures and taken out again.  The mutator
 * keeps lengths right, or nearly nothing would come further than the first of
 * them.
 */
#include "fuzz.h"

#include "packline/cms.h"
#include "packline/crypto.h"
#include "packline/document.h"
#include "packline/envelope.h"
#include "packline/timestamp.h"

#include <openssl/cms.h>
#include <string.h>

static void try_signature(struct pkg_crypto *crypto, const uint8_t *data,
			  size_t size)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code =
	    pkg_cms_parse(&cms, crypto, data, size, &err);
	const struct pkg_cms_signer *claim = NULL;
	const struct pkg_timestamp_rules nobody = {0};
	struct pkg_timestamp stamp;

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		MUST(cms == NULL);
		return;
	}
	claim = pkg_cms_claim(cms);
	MUST(claim->algorithm != NULL && claim->digest != NULL);
	MUST(strlen(claim->cert.subject) < sizeof(claim->cert.subject));
	/* the token in it is read, and not believed */
	if (claim->has_timestamp)
		MUST(pkg_timestamp_verify(&stamp, cms, &nobody, &err) ==
		     PKG_NO);
}

/* What the walk lets through does not upset the decoder. */
static void try_envelope(const uint8_t *data, size_t size)
{
	struct pkg_envelope_info info;
	struct pkg_err err = PKG_ERR_INIT;
	const unsigned char *at = data;
	const enum pkg_code code = pkg_envelope_check(&info, data, size, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return;
	}
	MUST(info.count >= 1 && info.count <= PKG_LIMIT_RECIPIENTS);
	CMS_ContentInfo_free(d2i_CMS_ContentInfo(NULL, &at, (long)size));
}

/* What can be attached comes out again as it was. */
static void try_detached(const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf head = {.max = 1024};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tail = {.max = 1u << 17};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf back = {.max = 1u << 17};
	struct pkg_document_parts parts;
	struct pkg_err err = PKG_ERR_INIT;
	enum { CONTENT = 300 };
	const enum pkg_code code =
	    pkg_document_attach(&head, &tail, data, size, CONTENT, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return;
	}
	MUST(head.len <= PKG_DOCUMENT_HEAD);
	MUST(pkg_document_find(&parts, head.data, head.len,
			       head.len + CONTENT + tail.len, &err) == PKG_OK);
	MUST(parts.head == head.len && parts.content == CONTENT &&
	     parts.tail == tail.len);
	MUST(pkg_document_detach(&back, &parts, head.data, tail.data, &err) ==
	     PKG_OK);
	MUST(back.len == size && memcmp(back.data, data, size) == 0);
}

/* And what can be taken apart is what it is made to again. */
static void try_attached(const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = 1u << 17};
	struct pkg_document_parts parts;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = pkg_document_find(
	    &parts, data, size < PKG_DOCUMENT_HEAD ? size : PKG_DOCUMENT_HEAD,
	    size, &err);

	if (code == PKG_OK) {
		MUST(parts.head + parts.content + parts.tail == size);
		code = pkg_document_detach(&der, &parts, data,
					   data + parts.head + parts.content,
					   &err);
	}
	if (code != PKG_OK)
		MUST_REFUSE(code, &err);
	else
		try_detached(der.data, der.len);
}

/* Nobody is trusted: no answer but a no. */
static void try_verifier(struct pkg_crypto *crypto, const uint8_t *data,
			 size_t size)
{
	static struct pkg_document_verifier *verifier;
	const struct pkg_digests digests = {
	    .set = PKG_DIGEST_SHA256 | PKG_DIGEST_SHA384 | PKG_DIGEST_SHA512};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = PKG_OK;

	if (verifier == NULL)
		MUST(
		    pkg_document_verifier_new(
			&verifier,
			&(struct pkg_document_verify_options){.crypto = crypto},
			&err) == PKG_OK);
	code = pkg_document_verify(verifier, NULL, data, size, &digests, &err);
	MUST_REFUSE(code, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkg_crypto *crypto;
	struct pkg_err err = PKG_ERR_INIT;

	if (crypto == NULL)
		MUST(pkg_crypto_new(&crypto, &err) == PKG_OK);
	try_signature(crypto, data, size);
	try_envelope(data, size);
	try_detached(data, size);
	try_attached(data, size);
	try_verifier(crypto, data, size);
	return 0;
}

#ifdef PKG_LIBFUZZER
enum { MAX_DEPTH = 24, HEADER = 4, CONSTRUCTED = 0x20 };

struct change {
	unsigned target, seen, seed;
};

/* Read one element's header; 0 if there is none. */
static size_t header_read(const uint8_t *in, size_t len, size_t *body)
{
	size_t n = 0, value = 0;

	if (len < 2)
		return 0;
	if (in[1] < 0x80) {
		*body = in[1];
		return *body <= len - 2 ? 2 : 0;
	}
	n = in[1] & 0x7fu;
	if (n == 0 || n > 3 || len < 2 + n)
		return 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | in[2 + i];
	*body = value;
	return value <= len - 2 - n ? 2 + n : 0;
}

static size_t header_write(uint8_t *out, uint8_t tag, size_t body)
{
	size_t n = 0;

	out[n++] = tag;
	if (body >= 0x80) {
		out[n++] = body >= 0x100 ? 0x82 : 0x81;
		if (body >= 0x100)
			out[n++] = (uint8_t)(body >> 8);
	}
	out[n++] = (uint8_t)body;
	return n;
}

/* Change one element that was written at @out; returns its new length. */
static size_t change_one(uint8_t *out, size_t len, size_t room, unsigned seed)
{
	size_t body = 0;
	const size_t head = header_read(out, len, &body);

	switch (seed % 6) {
	case 0:
		return 0; /* leave it out */
	case 1:
		if (2 * len > room)
			return len;
		memcpy(out + len, out, len); /* twice */
		return 2 * len;
	case 2:
		out[0] ^= (uint8_t)(1u << (seed / 6 % 8)); /* another tag */
		return len;
	case 3:
		out[1] = 0; /* empty */
		return 2;
	default:
		if (head == 0 || body == 0)
			return len;
		/* another content of the same length */
		(void)LLVMFuzzerMutate(out + head, body, body);
		return len;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): to MAX_DEPTH */
static size_t rewrite(struct change *c, const uint8_t *in, size_t len,
		      uint8_t *out, size_t room, unsigned depth)
{
	size_t at = 0, used = 0;

	while (at < len) {
		size_t body = 0, made = 0;
		const size_t head = header_read(in + at, len - at, &body);
		uint8_t *to = out + used;

		if (head == 0 || body > 0xffff ||
		    room - used < head + body + HEADER) {
			made = len - at < room - used ? len - at : room - used;
			memcpy(to, in + at, made);
			return used + made;
		}
		if ((in[at] & CONSTRUCTED) != 0 && depth < MAX_DEPTH) {
			const size_t in_it =
			    rewrite(c, in + at + head, body, to + HEADER,
				    room - used - HEADER, depth + 1);
			uint8_t header[HEADER];
			const size_t n = header_write(
			    header, in[at], in_it > 0xffff ? 0xffff : in_it);

			memmove(to + n, to + HEADER, in_it);
			memcpy(to, header, n);
			made = n + in_it;
		} else {
			memcpy(to, in + at, head + body);
			made = head + body;
		}
		if (c->seen++ == c->target)
			made = change_one(to, made, room - used, c->seed);
		used += made;
		at += head + body;
	}
	return used;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	struct change c = {.target = UINT32_MAX};
	uint8_t *made = NULL;
	size_t len = 0;

	if (seed % 8 == 0 || size < 4)
		return LLVMFuzzerMutate(data, size, max_size);
	made = malloc(max_size + HEADER);
	MUST(made != NULL);
	(void)rewrite(&c, data, size, made, max_size, 0); /* count */
	c = (struct change){.target = seed / 8 % (c.seen + 1),
			    .seed = seed / 64};
	len = rewrite(&c, data, size, made, max_size, 0);
	memcpy(data, made, len);
	free(made);
	return len > 0 ? len : size;
}
#endif
