/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_DER_H
#define SIGN_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A walker over DER (X.690 chapter 10): definite lengths in their shortest
 * form, one-byte tags.  It exists so that what reaches OpenSSL's decoders has
 * the one shape that we know.
 *
 * A cursor remembers that it failed: a profile is walked to its end and asked
 * once.
 */
struct der {
	const uint8_t *at, *end;
	bool bad;
};

struct der_tlv {
	const uint8_t *start; /* of the tag */
	const uint8_t *body;
	size_t len; /* of the body */
	uint8_t tag;
};

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0, /* constructed */
	DER_CONTEXT_1 = 0xa1,
	DER_CONTEXT_2 = 0xa2,
	DER_CONTEXT_0_PRIMITIVE = 0x80,
	DER_CONTEXT_1_PRIMITIVE = 0x81,
};

/* An object identifier's body, for comparing. */
struct der_oid {
	uint8_t len;
	uint8_t body[31];
};

/* All of @data, from its first to its last byte. */
struct der pkg_der_all(const void *data, size_t len);
/* Is there another element, with that tag? */
bool pkg_der_more(const struct der *der);
bool pkg_der_is_next(const struct der *der, uint8_t tag);
/* Take the next element, whatever it is, or with the tag; else go bad. */
struct der_tlv pkg_der_any(struct der *der);
struct der_tlv pkg_der_take(struct der *der, uint8_t tag);
/* Take it and go inside: the caller walks it to its pkg_der_end(). */
struct der pkg_der_enter(struct der *der, uint8_t tag);
/* Take its tag and length only, and stand in front of its body, which may end
   behind what is at hand; returns the body's length. */
size_t pkg_der_open(struct der *der, uint8_t tag);
/* Nothing may follow in @inner; what went wrong inside went wrong outside. */
void pkg_der_end(struct der *outer, const struct der *inner);

/* Take an INTEGER of one byte, 0..127; anything else goes bad. */
unsigned pkg_der_small(struct der *der);
/* Take an OBJECT IDENTIFIER. */
struct der_tlv pkg_der_oid(struct der *der);
bool pkg_der_oid_is(const struct der_tlv *oid, const struct der_oid *known);
/* Take an OBJECT IDENTIFIER that must be that one. */
void pkg_der_expect_oid(struct der *der, const struct der_oid *known);
bool pkg_der_same(const struct der_tlv *a, const struct der_tlv *b);
/* Take an AlgorithmIdentifier with NULL or no parameters. */
struct der_tlv pkg_der_plain_algorithm(struct der *der);

/*
 * The other way: write the tag and the length of an element of @len bytes,
 * at most UINT32_MAX, to @out; returns how many bytes that takes.
 */
enum { DER_HEADER = 6 };
size_t pkg_der_header(uint8_t out[static DER_HEADER], uint8_t tag, size_t len);

/*
 * True if @len bytes of @data are one element and everything constructed in
 * it, at most 32 deep, is DER too: tags, lengths, INTEGERs and BOOLEANs in
 * their only form.  Octet strings are not looked into.
 */
bool pkg_der_valid(const void *data, size_t len);

#endif
