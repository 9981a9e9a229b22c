/* SPDX-License-Identifier: Apache-2.0 */
#include "sign_tsa.h"

#include "packline/cms.h"
#include "packline/timestamp.h"

#include <openssl/objects.h>
#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>

struct pki_cert tsa_good;

struct pki_cert tsa_cert(const char *usage, const struct pki_cert *issuer,
			 int64_t not_after)
{
	return pki_cert(&(struct pki_spec){
	    .name = "tsa",
	    .key = pki.p256,
	    .issuer = issuer,
	    .extensions = {"keyUsage", "critical,digitalSignature",
			   "extendedKeyUsage", usage},
	    .not_after = not_after,
	});
}

int tsa_start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	tsa_good = tsa_cert("critical,timeStamping", &pki.ca, 0);
	return 0;
}

int tsa_stop(void **state)
{
	pki_cert_free(&tsa_good);
	return pki_stop(state);
}

static ASN1_INTEGER *serial(TS_RESP_CTX *ctx, void *data)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	(void)ctx;
	(void)data;
	ASN1_INTEGER_set(number, 42);
	return number;
}

static int the_time(TS_RESP_CTX *ctx, void *data, long *seconds, long *micros)
{
	const struct tsa *tsa = data;

	(void)ctx;
	*seconds = (long)(tsa->time == 0 ? PKI_NOW : tsa->time);
	*micros = 0;
	return 1;
}

static struct pki_bytes copy(const unsigned char *der, int len)
{
	struct pki_bytes out = {.data = malloc((size_t)len),
				.len = (size_t)len};

	assert_true(len > 0);
	assert_non_null(out.data);
	memcpy(out.data, der, out.len);
	return out;
}

struct pki_bytes tsa_reply(const struct tsa *tsa, const uint8_t *query,
			   size_t len)
{
	const struct pki_cert *cert = tsa->cert == NULL ? &tsa_good : tsa->cert;
	struct tsa words = *tsa;
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	ASN1_OBJECT *policy = OBJ_txt2obj(TSA_POLICY, 1);
	BIO *in = BIO_new_mem_buf(query, (int)len);
	TS_RESP *response = NULL;
	unsigned char *der = NULL;
	struct pki_bytes out;

	assert_int_equal(TS_RESP_CTX_set_signer_cert(ctx, cert->x509), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_key(ctx, cert->key), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()), 1);
	assert_int_equal(TS_RESP_CTX_set_def_policy(ctx, policy), 1);
	TS_RESP_CTX_add_md(ctx, EVP_sha256());
	TS_RESP_CTX_add_md(ctx, EVP_sha384());
	TS_RESP_CTX_add_md(ctx, EVP_sha512());
	TS_RESP_CTX_set_ess_cert_id_digest(
	    ctx,
	    EVP_get_digestbyname(tsa->ess_md == NULL ? "SHA256" : tsa->ess_md));
	TS_RESP_CTX_set_accuracy(ctx, tsa->seconds, tsa->millis, tsa->micros);
	TS_RESP_CTX_set_serial_cb(ctx, serial, NULL);
	TS_RESP_CTX_set_time_cb(ctx, the_time, &words);
	response = TS_RESP_create_response(ctx, in);
	assert_non_null(response);
	out = copy(der, i2d_TS_RESP(response, &der));
	OPENSSL_free(der);
	TS_RESP_free(response);
	BIO_free(in);
	ASN1_OBJECT_free(policy);
	TS_RESP_CTX_free(ctx);
	return out;
}

/* Bytes that grow at their front: DER is put together from the inside. */
struct stack {
	uint8_t data[8192];
	size_t at;
};

static void push(struct stack *s, const void *data, size_t len)
{
	assert_true(len <= s->at);
	if (len == 0)
		return;
	s->at -= len;
	memcpy(s->data + s->at, data, len);
}

/* The tag and length of what was pushed since the stack was at @end. */
static void push_head(struct stack *s, uint8_t tag, size_t end)
{
	const size_t len = end - s->at;
	const uint8_t longer[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
	const uint8_t middle[] = {tag, 0x81, (uint8_t)len};
	const uint8_t shorter[] = {tag, (uint8_t)len};

	if (len > 255)
		push(s, longer, sizeof(longer));
	else if (len > 127)
		push(s, middle, sizeof(middle));
	else
		push(s, shorter, sizeof(shorter));
}

static void push_oid(struct stack *s, const char *name)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(name, 0);
	unsigned char *der = NULL;
	const int len = i2d_ASN1_OBJECT(oid, &der);

	assert_true(len > 0);
	push(s, der, (size_t)len);
	OPENSSL_free(der);
	ASN1_OBJECT_free(oid);
}

static void push_info(struct stack *s, const struct tsa_info *info)
{
	const size_t end = s->at;
	const uint8_t number[] = {
	    0x02, 1, (uint8_t)(info->version == 0 ? 1 : info->version)};
	const char *time = info->time == NULL ? "20270115080000Z" : info->time;
	long tail_len = 0;
	uint8_t *tail = info->tail == NULL
			    ? NULL
			    : OPENSSL_hexstr2buf(info->tail, &tail_len);
	size_t at = 0;

	push(s, tail, (size_t)tail_len);
	OPENSSL_free(tail);
	at = s->at;
	push(s, time, strlen(time));
	push_head(s, 0x18, at);
	push(s, (const uint8_t[]){0x02, 1, 7}, 3); /* serial number */
	at = s->at;
	push(s, info->digest, info->digest_len);
	push_head(s, 0x04, at);
	{
		const size_t algorithm = s->at;

		push(s, (const uint8_t[]){0x05, 0}, 2);
		push_oid(s, info->hash == NULL ? "sha256" : info->hash);
		push_head(s, 0x30, algorithm);
	}
	push_head(s, 0x30, at);
	push_oid(s, TSA_POLICY);
	push(s, number, sizeof(number));
	push_head(s, 0x30, end);
}

/* Sign what the stack holds and let the stack hold that instead. */
static void push_wrap(struct stack *s, const struct tsa_wrap *wrap)
{
	const unsigned flags =
	    (CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_CADES) &
	    ~wrap->no_flags;
	const struct pki_cert *cert =
	    wrap->cert == NULL ? &tsa_good : wrap->cert;
	BIO *in =
	    BIO_new_mem_buf(s->data + s->at, (int)(sizeof(s->data) - s->at));
	BIO *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *ci = CMS_sign(NULL, NULL, NULL, NULL, flags);
	ASN1_OBJECT *type = OBJ_txt2obj(
	    wrap->type == NULL ? "1.2.840.113549.1.9.16.1.4" : wrap->type, 1);
	CMS_SignerInfo *si = NULL;
	char *data = NULL;
	long len = 0;

	assert_int_equal(CMS_set1_eContentType(ci, type), 1);
	CMS_set_detached(ci, 0);
	si = CMS_add1_signer(
	    ci, cert->x509, cert->key,
	    EVP_get_digestbyname(wrap->md == NULL ? "SHA256" : wrap->md),
	    flags);
	assert_non_null(si);
	if (wrap->stream) {
		assert_int_equal(
		    i2d_CMS_bio_stream(out, ci, in, (int)(flags | CMS_STREAM)),
		    1);
	} else {
		assert_int_equal(CMS_final(ci, in, NULL, flags), 1);
		if (wrap->change != NULL)
			wrap->change(ci, si);
		assert_int_equal(i2d_CMS_bio(out, ci), 1);
	}
	len = BIO_get_mem_data(out, &data);
	s->at = sizeof(s->data);
	push(s, data, (size_t)len);
	BIO_free(in);
	BIO_free(out);
	ASN1_OBJECT_free(type);
	CMS_ContentInfo_free(ci);
}

struct pki_bytes tsa_forge(const struct tsa_info *info,
			   const struct tsa_wrap *wrap)
{
	static const struct tsa_wrap usual;
	struct stack s = {.at = sizeof(s.data)};

	push_info(&s, info);
	push_wrap(&s, wrap == NULL ? &usual : wrap);
	push(&s, (const uint8_t[]){0x30, 3, 0x02, 1, 0}, 5); /* granted */
	push_head(&s, 0x30, sizeof(s.data));
	return copy(s.data + s.at, (int)(sizeof(s.data) - s.at));
}

void tsa_stamp(struct pkg_buf *der, const struct tsa *tsa)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	PKG_AUTO(pkg_certs)
	struct pkg_certs *anchors =
	    pki_one(tsa->cert == NULL ? &tsa_good : tsa->cert);
	const struct pkg_timestamp_rules rules = {.anchors = anchors};
	const struct pkg_timestamp_ask ask = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf query = {.max = 4096};
	struct pkg_err err = PKG_ERR_INIT;
	struct pki_bytes reply;

	assert_ok(pkg_cms_parse(&cms, pki.crypto, der->data, der->len, &err));
	assert_ok(pkg_timestamp_query(&query, cms, &ask, &err));
	reply = tsa_reply(tsa, query.data, query.len);
	pkg_buf_clear(der);
	assert_ok(pkg_timestamp_add(
	    der, cms, &(struct pkg_timestamp_reply){reply.data, reply.len},
	    &rules, NULL, &err));
	free(reply.data);
}
