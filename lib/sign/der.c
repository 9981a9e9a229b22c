/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/der.h"

#include <assert.h>
#include <string.h>

enum {
	DEPTH = 32,
	CLASS = 0xc0,
	CONSTRUCTED = 0x20,
	TAG_LONG = 0x1f,
	LEN_LONG = 0x80
};

struct der pkg_der_all(const void *data, size_t len)
{
	const uint8_t *at = data;

	return (struct der){.at = at, .end = at + len};
}

static struct der_tlv go_bad(struct der *der)
{
	der->bad = true;
	der->at = der->end;
	/* A body that can be compared, so that callers need no check. */
	return (struct der_tlv){.start = der->end, .body = der->end};
}

/* The length octets at @at: 1..5 bytes in all, shortest form only. */
static bool length_read(const uint8_t **at, const uint8_t *end, size_t *len)
{
	size_t n = 0, value = 0;

	if (*at == end)
		return false;
	n = *(*at)++;
	if (n < LEN_LONG) {
		*len = n;
		return true;
	}
	n &= ~(size_t)LEN_LONG;
	/* 0 would be the indefinite form; 4 bytes reach 4 GiB. */
	if (n == 0 || n > 4 || (size_t)(end - *at) < n || **at == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | *(*at)++;
	*len = value;
	return value >= LEN_LONG;
}

bool pkg_der_more(const struct der *der)
{
	return !der->bad && der->at != der->end;
}

bool pkg_der_is_next(const struct der *der, uint8_t tag)
{
	return pkg_der_more(der) && *der->at == tag;
}

struct der_tlv pkg_der_any(struct der *der)
{
	struct der_tlv tlv = {.start = der->at};
	const uint8_t *at = der->at;

	if (!pkg_der_more(der))
		return go_bad(der);
	tlv.tag = *at++;
	if ((tlv.tag & TAG_LONG) == TAG_LONG ||
	    !length_read(&at, der->end, &tlv.len) ||
	    tlv.len > (size_t)(der->end - at))
		return go_bad(der);
	tlv.body = at;
	der->at = at + tlv.len;
	return tlv;
}

struct der_tlv pkg_der_take(struct der *der, uint8_t tag)
{
	if (!pkg_der_is_next(der, tag))
		return go_bad(der);
	return pkg_der_any(der);
}

size_t pkg_der_open(struct der *der, uint8_t tag)
{
	size_t len = 0;

	if (!pkg_der_is_next(der, tag)) {
		go_bad(der);
		return 0;
	}
	der->at++;
	if (!length_read(&der->at, der->end, &len))
		go_bad(der);
	return der->bad ? 0 : len;
}

struct der pkg_der_enter(struct der *der, uint8_t tag)
{
	const struct der_tlv tlv = pkg_der_take(der, tag);

	return (struct der){
	    .at = tlv.body,
	    .end = tlv.body + tlv.len,
	    .bad = der->bad,
	};
}

void pkg_der_end(struct der *outer, const struct der *inner)
{
	if (inner->bad || inner->at != inner->end)
		go_bad(outer);
}

unsigned pkg_der_small(struct der *der)
{
	const struct der_tlv tlv = pkg_der_take(der, DER_INTEGER);

	if (der->bad || tlv.len != 1 || tlv.body[0] > 127) {
		go_bad(der);
		return 0;
	}
	return tlv.body[0];
}

struct der_tlv pkg_der_oid(struct der *der)
{
	const struct der_tlv tlv = pkg_der_take(der, DER_OID);

	return tlv.len == 0 ? go_bad(der) : tlv;
}

bool pkg_der_oid_is(const struct der_tlv *oid, const struct der_oid *known)
{
	return oid->len == known->len &&
	       memcmp(oid->body, known->body, known->len) == 0;
}

void pkg_der_expect_oid(struct der *der, const struct der_oid *known)
{
	const struct der_tlv oid = pkg_der_oid(der);

	if (!pkg_der_oid_is(&oid, known))
		go_bad(der);
}

bool pkg_der_same(const struct der_tlv *a, const struct der_tlv *b)
{
	return a->len == b->len && memcmp(a->body, b->body, a->len) == 0;
}

struct der_tlv pkg_der_plain_algorithm(struct der *der)
{
	struct der in = pkg_der_enter(der, DER_SEQUENCE);
	const struct der_tlv oid = pkg_der_oid(&in);

	if (pkg_der_more(&in) && pkg_der_take(&in, DER_NULL).len != 0)
		go_bad(der);
	pkg_der_end(der, &in);
	return oid;
}

size_t pkg_der_header(uint8_t out[static DER_HEADER], uint8_t tag, size_t len)
{
	size_t octets = 0, n = 0;

	assert(len <= UINT32_MAX);
	out[n++] = tag;
	if (len < LEN_LONG) {
		out[n++] = (uint8_t)len;
		return n;
	}
	while (len >> (8 * octets) != 0)
		octets++;
	out[n++] = (uint8_t)(LEN_LONG | octets);
	while (octets-- > 0)
		out[n++] = (uint8_t)(len >> (8 * octets));
	return n;
}

/* What is not just a matter of lengths. */
static bool element_valid(const struct der_tlv *tlv)
{
	const bool universal = (tlv->tag & CLASS) == 0;
	const bool list = (tlv->tag & TAG_LONG) == (DER_SEQUENCE & TAG_LONG) ||
			  (tlv->tag & TAG_LONG) == (DER_SET & TAG_LONG);

	/* Lists are constructed, all else is primitive. */
	if (universal && list != ((tlv->tag & CONSTRUCTED) != 0))
		return false;
	if (tlv->tag == DER_BOOLEAN)
		return tlv->len == 1 &&
		       (tlv->body[0] == 0 || tlv->body[0] == 0xff);
	if (tlv->tag != DER_INTEGER)
		return true;
	if (tlv->len == 0)
		return false;
	if (tlv->len == 1)
		return true;
	return !(tlv->body[0] == 0 && tlv->body[1] < 0x80) &&
	       !(tlv->body[0] == 0xff && tlv->body[1] >= 0x80);
}

bool pkg_der_valid(const void *data, size_t len)
{
	struct der open[DEPTH] = {pkg_der_all(data, len)};
	size_t depth = 1;

	if (!pkg_der_more(&open[0]))
		return false;
	while (depth > 0) {
		struct der *top = &open[depth - 1];
		struct der_tlv tlv;

		if (!pkg_der_more(top)) {
			depth--;
			continue;
		}
		tlv = pkg_der_any(top);
		if (top->bad || !element_valid(&tlv))
			return false;
		/* One element only at the top. */
		if (depth == 1 && pkg_der_more(top))
			return false;
		if ((tlv.tag & CONSTRUCTED) == 0)
			continue;
		if (depth == DEPTH)
			return false;
		open[depth++] = pkg_der_all(tlv.body, tlv.len);
	}
	return true;
}
