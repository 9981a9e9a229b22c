/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/envelope.h"
#include "sign/kek_impl.h"
#include "sign/oid.h"

#include <stdio.h>
#include <string.h>

enum {
	ENVELOPE_VERSION = 2, /* there is a recipient that is not version 0 */
	KTRI_VERSION = 2,     /* named by subjectKeyIdentifier */
	KARI_VERSION = 3,
	KEKRI_VERSION = 4,
	CONTENT = 48, /* 32 bytes and a block of padding */
	IV = 16,
	WRAPPED = 40, /* 32 bytes, RFC 3394 */
	RSA_MIN_BYTES = 384,
	POINT_P256 = 1 + 1 + 64, /* unused bits, 04, x, y */
	POINT_P384 = 1 + 1 + 96,
};

struct walk {
	struct pkg_envelope_info *out;
	const char *why; /* NULL = nothing broken so far */
};

static void broken(struct walk *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
}

/* An AlgorithmIdentifier that must be @known, without parameters. */
static void expect_algorithm(struct der *der, const struct der_oid *known)
{
	const struct der_tlv oid = pkg_der_plain_algorithm(der);

	der->bad = der->bad || !pkg_der_oid_is(&oid, known);
}

static struct pkg_envelope_recipient *recipient_add(struct walk *w,
						    const char *kind)
{
	struct pkg_envelope_info *info = w->out;
	struct pkg_envelope_recipient *r = NULL;

	if (info->count == PKG_LIMIT_RECIPIENTS) {
		broken(w, "it has more than 64 recipients");
		return NULL;
	}
	r = &info->recipients[info->count++];
	(void)snprintf(r->kind, sizeof(r->kind), "%s", kind);
	return r;
}

static void recipient_add_ski(struct walk *w, const char *kind,
			      const struct der_tlv *ski)
{
	struct pkg_envelope_recipient *r = recipient_add(w, kind);

	if (r == NULL)
		return;
	if (ski->len == 0 || ski->len > sizeof(r->ski)) {
		broken(w, "a subject key identifier has a wrong length");
		return;
	}
	memcpy(r->ski, ski->body, ski->len);
	r->ski_len = ski->len;
}

static void recipient_add_kek(struct walk *w, const struct der_tlv *id)
{
	const char *text = (const char *)id->body;
	struct pkg_envelope_recipient *r = NULL;

	if (!pkg_kek_id_is_valid(text, id->len)) {
		broken(w, "the identifier of a key-encryption key is none");
		return;
	}
	r = recipient_add(w, pkg_kek_id_is_scrypt(text, id->len) ? "scrypt"
								 : "kek");
	if (r != NULL)
		memcpy(r->key_id, text, id->len);
}

/* RSAES-OAEP-params, RFC 4055 section 4.1: SHA-256 twice, no label. */
static void walk_oaep(struct der *algorithm)
{
	static const struct der_oid sha256 = OID_SHA256, mgf1 = OID_MGF1;
	struct der params = pkg_der_enter(algorithm, DER_SEQUENCE);
	struct der hash = pkg_der_enter(&params, DER_CONTEXT_0);

	expect_algorithm(&hash, &sha256);
	pkg_der_end(&params, &hash);
	struct der mask = pkg_der_enter(&params, DER_CONTEXT_1);
	struct der in = pkg_der_enter(&mask, DER_SEQUENCE);
	pkg_der_expect_oid(&in, &mgf1);
	expect_algorithm(&in, &sha256);
	pkg_der_end(&mask, &in);
	pkg_der_end(&params, &mask);
	pkg_der_end(algorithm, &params);
}

/* KeyTransRecipientInfo, RFC 5652 section 6.2.1 */
static void walk_ktri(struct walk *w, struct der *set)
{
	static const struct der_oid oaep = OID_RSA_OAEP;
	struct der in = pkg_der_enter(set, DER_SEQUENCE);
	const unsigned version = pkg_der_small(&in);
	const struct der_tlv ski = pkg_der_take(&in, DER_CONTEXT_0_PRIMITIVE);
	struct der algorithm = pkg_der_enter(&in, DER_SEQUENCE);

	/* PKCS#1 v1.5 would be an oracle: no implicit rejection in 3.0. */
	pkg_der_expect_oid(&algorithm, &oaep);
	walk_oaep(&algorithm);
	pkg_der_end(&in, &algorithm);
	const struct der_tlv key = pkg_der_take(&in, DER_OCTET_STRING);
	pkg_der_end(set, &in);
	if (set->bad || version != KTRI_VERSION || key.len < RSA_MIN_BYTES)
		broken(w, "an RSA recipient is not RSA-OAEP with SHA-256 and "
			  "a subject key identifier");
	recipient_add_ski(w, "rsa-oaep", &ski);
}

/* OriginatorPublicKey: a curve, or none named, and an uncompressed point. */
static size_t walk_point(struct der *in)
{
	static const struct der_oid ec = OID_EC_KEY;
	struct der originator = pkg_der_enter(in, DER_CONTEXT_0);
	struct der key = pkg_der_enter(&originator, DER_CONTEXT_1);
	struct der algorithm = pkg_der_enter(&key, DER_SEQUENCE);

	pkg_der_expect_oid(&algorithm, &ec);
	if (pkg_der_is_next(&algorithm, DER_OID))
		(void)pkg_der_oid(&algorithm);
	else if (pkg_der_more(&algorithm))
		(void)pkg_der_take(&algorithm, DER_NULL);
	pkg_der_end(&key, &algorithm);
	const struct der_tlv point = pkg_der_take(&key, DER_BIT_STRING);
	pkg_der_end(&originator, &key);
	pkg_der_end(in, &originator);
	if (point.len < 2 || point.body[0] != 0 || point.body[1] != 4)
		return 0;
	return point.len;
}

/* KeyAgreeRecipientInfo, RFC 5652 section 6.2.2, RFC 5753 section 3.1 */
static void walk_kari(struct walk *w, struct der *set)
{
	static const struct der_oid wrap = OID_AES256_WRAP;
	static const struct der_oid kdf256 = OID_ECDH_SHA256;
	static const struct der_oid kdf384 = OID_ECDH_SHA384;
	struct der in = pkg_der_enter(set, DER_CONTEXT_1);
	const unsigned version = pkg_der_small(&in);
	const size_t point = walk_point(&in);
	struct der algorithm = pkg_der_enter(&in, DER_SEQUENCE);
	const struct der_tlv kdf = pkg_der_oid(&algorithm);
	const bool p256 = point == POINT_P256 && pkg_der_oid_is(&kdf, &kdf256);
	const bool p384 = point == POINT_P384 && pkg_der_oid_is(&kdf, &kdf384);

	expect_algorithm(&algorithm, &wrap);
	pkg_der_end(&in, &algorithm);
	struct der keys = pkg_der_enter(&in, DER_SEQUENCE);
	struct der one = pkg_der_enter(&keys, DER_SEQUENCE);
	struct der id = pkg_der_enter(&one, DER_CONTEXT_0);
	const struct der_tlv ski = pkg_der_take(&id, DER_OCTET_STRING);
	pkg_der_end(&one, &id);
	const struct der_tlv key = pkg_der_take(&one, DER_OCTET_STRING);
	pkg_der_end(&keys, &one);
	pkg_der_end(&in, &keys);
	pkg_der_end(set, &in);
	if (set->bad || version != KARI_VERSION || key.len != WRAPPED ||
	    !(p256 || p384))
		broken(w, "an EC recipient is not ECDH of the suite with a "
			  "subject key identifier");
	recipient_add_ski(w, p384 ? "ecdh-p384" : "ecdh-p256", &ski);
}

/* KEKRecipientInfo, RFC 5652 section 6.2.3: no date, nothing of its own. */
static void walk_kekri(struct walk *w, struct der *set)
{
	static const struct der_oid wrap = OID_AES256_WRAP;
	struct der in = pkg_der_enter(set, DER_CONTEXT_2);
	const unsigned version = pkg_der_small(&in);
	struct der id = pkg_der_enter(&in, DER_SEQUENCE);
	const struct der_tlv name = pkg_der_take(&id, DER_OCTET_STRING);

	pkg_der_end(&in, &id);
	struct der algorithm = pkg_der_enter(&in, DER_SEQUENCE);
	pkg_der_expect_oid(&algorithm, &wrap);
	pkg_der_end(&in, &algorithm);
	const struct der_tlv key = pkg_der_take(&in, DER_OCTET_STRING);
	pkg_der_end(set, &in);
	if (set->bad || version != KEKRI_VERSION || key.len != WRAPPED) {
		broken(w, "a key-encryption key is not one of AES-256 with "
			  "an identifier only");
		return;
	}
	recipient_add_kek(w, &name);
}

/* Which of two was meant, if both have the same name? */
static void check_names(struct walk *w)
{
	const struct pkg_envelope_info *info = w->out;

	for (size_t i = 0; i < info->count; i++) {
		const struct pkg_envelope_recipient *a = &info->recipients[i];

		for (size_t k = 0; k < i; k++) {
			const struct pkg_envelope_recipient *b =
			    &info->recipients[k];

			if (a->ski_len == b->ski_len &&
			    memcmp(a->ski, b->ski, a->ski_len) == 0 &&
			    strcmp(a->key_id, b->key_id) == 0)
				broken(w, "two recipients have the same "
					  "identifier");
		}
	}
}

static void walk_content(struct walk *w, struct der *data)
{
	static const struct der_oid id_data = OID_DATA;
	static const struct der_oid cbc = OID_AES256_CBC;
	struct der in = pkg_der_enter(data, DER_SEQUENCE);

	pkg_der_expect_oid(&in, &id_data);
	struct der algorithm = pkg_der_enter(&in, DER_SEQUENCE);
	pkg_der_expect_oid(&algorithm, &cbc);
	const struct der_tlv iv = pkg_der_take(&algorithm, DER_OCTET_STRING);
	pkg_der_end(&in, &algorithm);
	const struct der_tlv content =
	    pkg_der_take(&in, DER_CONTEXT_0_PRIMITIVE);
	pkg_der_end(data, &in);
	if (data->bad || iv.len != IV || content.len != CONTENT)
		broken(w, "its content is not 48 bytes of AES-256-CBC");
}

static void walk_data(struct walk *w, struct der *data)
{
	if (pkg_der_small(data) != ENVELOPE_VERSION)
		broken(w, "it has a wrong version");
	struct der set = pkg_der_enter(data, DER_SET);
	if (!data->bad && !pkg_der_more(&set))
		broken(w, "it has no recipient");
	while (pkg_der_more(&set) && w->why == NULL) {
		if (pkg_der_is_next(&set, DER_CONTEXT_1))
			walk_kari(w, &set);
		else if (pkg_der_is_next(&set, DER_CONTEXT_2))
			walk_kekri(w, &set);
		else
			walk_ktri(w, &set);
	}
	if (w->why != NULL)
		return;
	pkg_der_end(data, &set);
	check_names(w);
	walk_content(w, data);
	if (pkg_der_more(data))
		broken(w, "it has attributes");
}

enum pkg_code pkg_envelope_check(struct pkg_envelope_info *info,
				 const void *der, size_t len,
				 struct pkg_err *err)
{
	static const struct der_oid enveloped = OID_ENVELOPED_DATA;
	struct pkg_envelope_info own;
	struct walk w = {.out = info == NULL ? &own : info};
	struct der all = pkg_der_all(der, len);
	struct der outer = pkg_der_enter(&all, DER_SEQUENCE);

	*w.out = (struct pkg_envelope_info){0};
	if (len > PKG_LIMIT_RECIPIENTS_DER || !pkg_der_valid(der, len))
		broken(&w, "it is not one definite-length DER EnvelopedData");
	pkg_der_expect_oid(&outer, &enveloped);
	struct der content = pkg_der_enter(&outer, DER_CONTEXT_0);
	struct der data = pkg_der_enter(&content, DER_SEQUENCE);
	if (data.bad)
		broken(&w, "it is not a CMS EnvelopedData");
	walk_data(&w, &data);
	pkg_der_end(&content, &data);
	pkg_der_end(&outer, &content);
	pkg_der_end(&all, &outer);
	if (all.bad || pkg_der_more(&all))
		broken(&w, "it is not a CMS EnvelopedData");
	if (w.why == NULL)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "recipients-profile",
			  "the list of recipients cannot be accepted: %s",
			  w.why);
}
