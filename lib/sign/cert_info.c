/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "packline/text.h"
#include "sign/internal.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

SIGN_DEFINE_AUTO(BIGNUM, BN_free)

/*
 * The DER of a SubjectPublicKeyInfo up to its point, which is not compressed:
 * SEQUENCE, id-ecPublicKey, the name of the curve, BIT STRING, 04.
 */
static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
			       0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
			       0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
			       0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t p384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
			       0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
			       0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

/*
 * A key that is spelt in two ways (compressed, hybrid, with the parameters of
 * the curve written out) has two digests, so it could be pinned twice, count
 * twice, and be two officers.  RFC 5480 section 2.2 has the other forms as
 * optional; here there is one.
 */
static bool has_one_spelling(const EVP_PKEY *pkey, const uint8_t *head,
			     size_t head_len, size_t point_len)
{
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(pkey, &der);
	const bool same = len > 0 && (size_t)len == head_len + point_len &&
			  memcmp(der, head, head_len) == 0;

	OPENSSL_free(der);
	return same;
}

enum pkg_key_type pkg_sign_key_type(const EVP_PKEY *pkey, unsigned *bits)
{
	char group[32] = "";
	size_t len = 0;
	int n = EVP_PKEY_get_bits(pkey);

	*bits = n > 0 ? (unsigned)n : 0;
	/* RSA-PSS keys (restricted ones) are a type of their own: not here. */
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return *bits >= SIGN_RSA_MIN && *bits <= PKG_LIMIT_RSA_BITS
			   ? PKG_KEY_TYPE_RSA
			   : PKG_KEY_TYPE_OTHER;
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1)
		return PKG_KEY_TYPE_OTHER;
	if (strcmp(group, "prime256v1") == 0)
		return has_one_spelling(pkey, p256, sizeof(p256), 64)
			   ? PKG_KEY_TYPE_P256
			   : PKG_KEY_TYPE_OTHER;
	if (strcmp(group, "secp384r1") == 0)
		return has_one_spelling(pkey, p384, sizeof(p384), 96)
			   ? PKG_KEY_TYPE_P384
			   : PKG_KEY_TYPE_OTHER;
	return PKG_KEY_TYPE_OTHER;
}

enum pkg_code pkg_sign_spki(uint8_t out[static 32],
			    const struct pkg_crypto *crypto, EVP_PKEY *pkey,
			    struct pkg_err *err)
{
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(pkey, &der);
	enum pkg_code code = PKG_OK;

	if (len <= 0)
		return pkg_crypto_fail(err, PKG_KEY, "encode a public key");
	code = pkg_sign_sha256(out, crypto, der, (size_t)len, err);
	OPENSSL_free(der);
	return code;
}

bool pkg_sign_time(int64_t *out, const ASN1_TIME *time)
{
	struct tm tm = {0};

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*out = pkg_time_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
			     (unsigned)tm.tm_mday) *
		   86400 +
	       (int64_t)tm.tm_hour * 3600 + (int64_t)tm.tm_min * 60 + tm.tm_sec;
	return true;
}

enum pkg_code pkg_sign_x509_read(X509 **out, const struct pkg_crypto *crypto,
				 const void *der, size_t len,
				 struct pkg_err *err)
{
	PKG_AUTO(X509)
	X509 *x509 = X509_new_ex(pkg_crypto_libctx(crypto), NULL);
	const unsigned char *at = der;

	*out = NULL;
	if (x509 == NULL)
		return pkg_fail_nomem(err);
	if (len > PKG_LIMIT_KEY_FILE || d2i_X509(&x509, &at, (long)len) == NULL)
		return pkg_crypto_fail(err, PKG_KEY, "read a certificate");
	if (at != (const unsigned char *)der + len)
		return pkg_fail(err, PKG_KEY, "bytes after a certificate");
	*out = PKG_STEAL(x509);
	return PKG_OK;
}

/* The name as RFC 2253 text, with UTF-8 kept, then made safe to print. */
static enum pkg_code name_text(char out[static PKG_CERT_TEXT],
			       const X509_NAME *name, struct pkg_err *err)
{
	PKG_AUTO(BIO) BIO *bio = BIO_new(BIO_s_mem());
	const unsigned long flags =
	    (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) |
	    ASN1_STRFLGS_UTF8_CONVERT;
	char *text = NULL;
	long len = 0;

	if (bio == NULL)
		return pkg_fail_nomem(err);
	if (X509_NAME_print_ex(bio, name, 0, flags) < 0)
		return pkg_crypto_fail(err, PKG_KEY, "read a name");
	len = BIO_get_mem_data(bio, &text);
	pkg_text_quote_cut(out, PKG_CERT_TEXT, text, (size_t)len);
	return PKG_OK;
}

/* A name that was cut would be another name: none, then. */
static enum pkg_code common_name(char out[static PKG_CERT_TEXT],
				 const X509_NAME *name, struct pkg_err *err)
{
	const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	int len = 0;

	out[0] = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return PKG_OK;
	len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len < 0)
		return pkg_crypto_fail(err, PKG_KEY, "read a name");
	if (len < PKG_CERT_TEXT / 4)
		pkg_text_quote_cut(out, PKG_CERT_TEXT, (const char *)text,
				   (size_t)len);
	OPENSSL_free(text);
	return PKG_OK;
}

static enum pkg_code serial_text(struct pkg_cert_info *info, const X509 *x509,
				 struct pkg_err *err)
{
	PKG_AUTO(BIGNUM)
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *hex = n == NULL ? NULL : BN_bn2hex(n);

	if (hex == NULL)
		return pkg_crypto_fail(err, PKG_KEY, "read a serial number");
	/* RFC 5280 allows 20 bytes; a longer one is cut, it is display only. */
	snprintf(info->serial, sizeof(info->serial), "%.40s", hex);
	for (char *p = info->serial; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	OPENSSL_free(hex);
	return PKG_OK;
}

static bool usage_has(X509 *x509, uint32_t bits)
{
	/* All bits set if there is no keyUsage extension. */
	return (X509_get_key_usage(x509) & bits) != 0;
}

static void info_uses(struct pkg_cert_info *info, X509 *x509)
{
	const uint32_t flags = X509_get_extension_flags(x509);
	const bool broken = (flags & EXFLAG_INVALID) != 0;

	info->is_ca = X509_check_ca(x509) != 0;
	info->self_issued = (flags & EXFLAG_SI) != 0;
	info->can_sign_code =
	    !broken && !info->is_ca && (flags & EXFLAG_XKUSAGE) != 0 &&
	    (X509_get_extended_key_usage(x509) & XKU_CODE_SIGN) != 0 &&
	    usage_has(x509, KU_DIGITAL_SIGNATURE);
	info->can_receive = !broken && info->key_type != PKG_KEY_TYPE_OTHER &&
			    X509_get0_subject_key_id(x509) != NULL &&
			    usage_has(x509, info->key_type == PKG_KEY_TYPE_RSA
						? KU_KEY_ENCIPHERMENT
						: KU_KEY_AGREEMENT);
}

enum pkg_code pkg_sign_x509_info(struct pkg_cert_info *info,
				 const struct pkg_crypto *crypto, X509 *x509,
				 struct pkg_err *err)
{
	EVP_PKEY *pkey = X509_get0_pubkey(x509);
	uint8_t *der = NULL;
	int len = 0;
	enum pkg_code code = PKG_OK;

	*info = (struct pkg_cert_info){0};
	if (pkey == NULL)
		return pkg_crypto_fail(err, PKG_KEY,
				       "read a certificate's public key");
	info->key_type = pkg_sign_key_type(pkey, &info->key_bits);
	PKG_TRY(pkg_sign_spki(info->spki, crypto, pkey, err));
	PKG_TRY(name_text(info->subject, X509_get_subject_name(x509), err));
	PKG_TRY(name_text(info->issuer, X509_get_issuer_name(x509), err));
	PKG_TRY(
	    common_name(info->common_name, X509_get_subject_name(x509), err));
	PKG_TRY(serial_text(info, x509, err));
	if (!pkg_sign_time(&info->not_before, X509_get0_notBefore(x509)) ||
	    !pkg_sign_time(&info->not_after, X509_get0_notAfter(x509)))
		return pkg_fail(err, PKG_KEY,
				"a certificate's validity is malformed");
	len = i2d_X509(x509, &der);
	if (len <= 0)
		return pkg_crypto_fail(err, PKG_KEY, "encode a certificate");
	code = pkg_sign_sha256(info->sha256, crypto, der, (size_t)len, err);
	OPENSSL_free(der);
	info_uses(info, x509);
	/* Those questions answer no when there is no memory. */
	if (errno == ENOMEM)
		return pkg_fail_nomem(err);
	return code;
}
