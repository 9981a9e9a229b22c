/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/text.h"
#include "sign/oid.h"
#include "sign/timestamp.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* What the walk over a TSTInfo found, pointing into it. */
struct found {
	struct der_tlv algorithm, imprint, time;
	int64_t accuracy; /* microseconds */
};

static unsigned imprint_bits(const struct found *found)
{
	static const struct {
		struct der_oid oid;
		unsigned bits;
	} digests[] = {{OID_SHA256, 256}, {OID_SHA384, 384}, {OID_SHA512, 512}};

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (pkg_der_oid_is(&found->algorithm, &digests[i].oid))
			return found->imprint.len * 8 == digests[i].bits
				   ? digests[i].bits
				   : 0;
	return 0;
}

/* An INTEGER's body of 0 to @max; -1 if it is another. */
static int64_t small_body(const struct der_tlv *tlv, int64_t max)
{
	int64_t n = 0;

	if (tlv->len < 1 || tlv->len > 4 || tlv->body[0] > 127)
		return -1;
	for (size_t i = 0; i < tlv->len; i++)
		n = n << 8 | tlv->body[i];
	return n <= max ? n : -1;
}

/* Accuracy, RFC 3161 section 2.4.2: each part 1..999 but for the seconds. */
static int64_t walk_accuracy(struct der *der)
{
	struct der in = pkg_der_enter(der, DER_SEQUENCE);
	struct der_tlv tlv;
	int64_t seconds = 0, millis = 0, micros = 0;

	if (pkg_der_is_next(&in, DER_INTEGER)) {
		tlv = pkg_der_take(&in, DER_INTEGER);
		seconds = small_body(&tlv, PKG_LIMIT_TSA_ACCURACY);
	}
	if (pkg_der_is_next(&in, DER_CONTEXT_0_PRIMITIVE)) {
		tlv = pkg_der_take(&in, DER_CONTEXT_0_PRIMITIVE);
		millis = small_body(&tlv, 999);
	}
	if (pkg_der_is_next(&in, DER_CONTEXT_1_PRIMITIVE)) {
		tlv = pkg_der_take(&in, DER_CONTEXT_1_PRIMITIVE);
		micros = small_body(&tlv, 999);
	}
	pkg_der_end(der, &in);
	if (seconds < 0 || millis < 0 || micros < 0)
		return -1;
	return seconds * 1000000 + millis * 1000 + micros;
}

/* The front of it, up to the accuracy; OpenSSL reads the rest. */
static const char *walk(struct found *out, const struct der_tlv *all)
{
	struct der der = pkg_der_all(all->body, all->len);
	struct der info = pkg_der_enter(&der, DER_SEQUENCE);

	if (!pkg_der_valid(all->body, all->len))
		return "its content is not one definite-length DER TSTInfo";
	if (pkg_der_small(&info) != 1)
		return "it has another version than 1";
	(void)pkg_der_oid(&info);
	struct der imprint = pkg_der_enter(&info, DER_SEQUENCE);
	out->algorithm = pkg_der_plain_algorithm(&imprint);
	out->imprint = pkg_der_take(&imprint, DER_OCTET_STRING);
	pkg_der_end(&info, &imprint);
	if (pkg_der_take(&info, DER_INTEGER).len > 20)
		return "its serial number is longer than 160 bits";
	out->time = pkg_der_take(&info, DER_GENERALIZED_TIME);
	if (pkg_der_is_next(&info, DER_SEQUENCE))
		out->accuracy = walk_accuracy(&info);
	if (info.bad)
		return "its content is not a TSTInfo";
	if (out->accuracy < 0)
		return "its accuracy is malformed, or worse than an hour";
	return NULL;
}

static bool digits(int64_t *out, const uint8_t *at, size_t count)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*out = *out * 10 + (at[i] - '0');
	}
	return true;
}

/* The fraction ".f" of a second in microseconds, cut; -1 if malformed. */
static int64_t fraction(const uint8_t *at, size_t len)
{
	int64_t micros = 0;

	if (len == 0)
		return 0;
	/* X.690 section 11.7: a point, and no zero at the end. */
	if (len < 2 || len > 10 || at[0] != '.' || at[len - 1] == '0')
		return -1;
	for (size_t i = 1; i < 7; i++) {
		const unsigned digit = i < len ? (unsigned)at[i] - '0' : 0u;

		if (digit > 9)
			return -1;
		micros = micros * 10 + (int64_t)digit;
	}
	for (size_t i = 7; i < len; i++)
		if (at[i] < '0' || at[i] > '9')
			return -1;
	return micros;
}

/* Is "2026-12-01T02:00:00Z" what YYYYMMDDhhmmss at @at says? */
static bool same_time(const char *iso, const uint8_t *at)
{
	static const size_t places[] = {0, 1,  2,  3,  5,  6,  8,
					9, 11, 12, 14, 15, 17, 18};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if ((uint8_t)iso[places[i]] != at[i])
			return false;
	return true;
}

/* GeneralizedTime as RFC 3161 allows it: YYYYMMDDhhmmss[.f]Z. */
static bool read_time(struct timestamp_info *info, const struct found *found)
{
	const uint8_t *at = found->time.body;
	const size_t len = found->time.len;
	int64_t date = 0, clock = 0, days = 0, micros = 0;
	char iso[21];

	if (len < 15 || at[len - 1] != 'Z' || !digits(&date, at, 8) ||
	    !digits(&clock, at + 8, 6) || date / 100 % 100 < 1 ||
	    date / 100 % 100 > 12)
		return false;
	micros = fraction(at + 14, len - 15);
	days = pkg_time_days(date / 10000, (unsigned)(date / 100 % 100),
			     (unsigned)(date % 100));
	info->time = days * 86400 + clock / 10000 * 3600 +
		     clock / 100 % 100 * 60 + clock % 100;
	/* A date that there is, says the way back: no 30th of February. */
	if (micros < 0 || !pkg_time_format(iso, info->time))
		return false;
	info->earliest =
	    info->time - (found->accuracy - micros + 999999) / 1000000;
	info->latest =
	    info->time + (found->accuracy + micros + 999999) / 1000000;
	return same_time(iso, at);
}

/* Encoding must give the same bytes: no default is written out. */
static enum pkg_code decode(struct timestamp_info *info,
			    const struct der_tlv *der, struct pkg_err *err)
{
	const unsigned char *at = der->body;
	unsigned char *again = NULL;
	bool same = false;
	int got = 0;

	info->tst = d2i_TS_TST_INFO(NULL, &at, (long)der->len);
	if (info->tst == NULL) {
		if (pkg_crypto_fail(err, PKG_NO, "decode") != PKG_NO)
			return err->code;
		return timestamp_bad(err, "its content is not a TSTInfo");
	}
	got = i2d_TS_TST_INFO(info->tst, &again);
	same = got > 0 && (size_t)got == der->len &&
	       memcmp(again, der->body, der->len) == 0;
	OPENSSL_free(again);
	if (!same || at != der->body + der->len)
		return timestamp_bad(err, "its content is not canonical DER");
	if (TS_TST_INFO_get_ext_by_critical(info->tst, 1, -1) >= 0)
		return timestamp_bad(err, "it has a critical extension");
	return PKG_OK;
}

enum pkg_code pkg_timestamp_info_read(struct timestamp_info *info,
				      const struct der_tlv *der,
				      struct pkg_err *err)
{
	struct found found = {.accuracy = 0};
	const char *why = walk(&found, der);
	int n = 0;

	if (why != NULL)
		return timestamp_bad(err, why);
	info->digest_bits = imprint_bits(&found);
	info->imprint = found.imprint;
	if (info->digest_bits == 0)
		return timestamp_bad(err, "it is not over a digest of SHA-256, "
					  "SHA-384 or SHA-512");
	if (!read_time(info, &found))
		return timestamp_bad(err, "its time is not one in UTC, in "
					  "DER's only spelling");
	PKG_TRY(decode(info, der, err));
	n = OBJ_obj2txt(info->policy, sizeof(info->policy),
			TS_TST_INFO_get_policy_id(info->tst), 1);
	if (n <= 0 || n >= (int)sizeof(info->policy))
		return timestamp_bad(err, "its policy's name is too long");
	return PKG_OK;
}

void pkg_timestamp_info_fini(struct timestamp_info *info)
{
	TS_TST_INFO_free(info->tst);
	info->tst = NULL;
}
