/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/cms_profile.h"

#include "packline/limits.h"
#include "sign/oid.h"

/*
 * The walk notes the first rule that is broken in .why and goes on: the
 * cursors remember that they went bad.
 */
struct walk {
	struct cms_profile out;
	const char *why;      /* NULL = nothing broken so far */
	bool weak;            /* what is broken is an algorithm */
	unsigned header_bits; /* of digestAlgorithms */
	unsigned signer_version;
	enum cms_use use;
};

static void broken(struct walk *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
}

static void weak(struct walk *w, const char *why)
{
	w->weak = w->weak || w->why == NULL;
	broken(w, why);
}

/* The element that comes next; the cursor stays in front of it. */
static struct der_tlv peek(const struct der *der)
{
	struct der copy = *der;

	return pkg_der_any(&copy);
}

/* 0 if it is not on the list: MD5, SHA-1, SHA-224 and the unknown ones. */
static unsigned digest_bits(const struct der_tlv *oid)
{
	static const struct {
		struct der_oid oid;
		unsigned bits;
	} digests[] = {{OID_SHA256, 256}, {OID_SHA384, 384}, {OID_SHA512, 512}};

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (pkg_der_oid_is(oid, &digests[i].oid))
			return digests[i].bits;
	return 0;
}

static unsigned walk_digest(struct walk *w, struct der *der)
{
	const struct der_tlv oid = pkg_der_plain_algorithm(der);
	const unsigned bits = digest_bits(&oid);

	if (!der->bad && bits == 0)
		weak(w, "its digest is not SHA-256, SHA-384 or SHA-512");
	return bits;
}

/* RSASSA-PSS-params, RFC 4055 section 3.1: nothing left to its default. */
static void walk_pss(struct walk *w, struct der *der)
{
	static const struct der_oid mgf1 = OID_MGF1;
	struct der params = pkg_der_enter(der, DER_SEQUENCE);
	struct der hash = pkg_der_enter(&params, DER_CONTEXT_0);
	struct der_tlv oid = pkg_der_plain_algorithm(&hash);
	bool same = digest_bits(&oid) == w->out.digest_bits;

	pkg_der_end(&params, &hash);
	struct der mask = pkg_der_enter(&params, DER_CONTEXT_1);
	struct der algorithm = pkg_der_enter(&mask, DER_SEQUENCE);
	pkg_der_expect_oid(&algorithm, &mgf1);
	oid = pkg_der_plain_algorithm(&algorithm);
	same = same && digest_bits(&oid) == w->out.digest_bits;
	pkg_der_end(&mask, &algorithm);
	pkg_der_end(&params, &mask);
	struct der salt = pkg_der_enter(&params, DER_CONTEXT_2);
	same = same && pkg_der_small(&salt) * 8 == w->out.digest_bits;
	pkg_der_end(&params, &salt);
	pkg_der_end(der, &params);
	if (der->bad || !same)
		broken(w, "its PSS parameters are not those of the digest");
}

static void walk_algorithm(struct walk *w, struct der *signer)
{
	static const struct {
		struct der_oid oid;
		enum cms_algorithm algorithm;
		unsigned bits; /* of the digest it implies; 0 = none */
	} known[] = {
	    {OID_RSA_PSS, CMS_RSA_PSS, 0},
	    {OID_RSA, CMS_RSA_PKCS1, 0},
	    {OID_RSA_SHA256, CMS_RSA_PKCS1, 256},
	    {OID_RSA_SHA384, CMS_RSA_PKCS1, 384},
	    {OID_RSA_SHA512, CMS_RSA_PKCS1, 512},
	    {OID_ECDSA_SHA256, CMS_ECDSA, 256},
	    {OID_ECDSA_SHA384, CMS_ECDSA, 384},
	    {OID_ECDSA_SHA512, CMS_ECDSA, 512},
	};
	w->out.algorithm_id = peek(signer);
	struct der in = pkg_der_enter(signer, DER_SEQUENCE);
	const struct der_tlv oid = pkg_der_oid(&in);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!pkg_der_oid_is(&oid, &known[i].oid))
			continue;
		w->out.algorithm = known[i].algorithm;
		if (known[i].bits != 0 && known[i].bits != w->out.digest_bits)
			broken(w, "its digest and its signature algorithm "
				  "differ");
	}
	if (!in.bad && w->out.algorithm == 0)
		weak(w, "its signature algorithm is not in the suite");
	if (w->out.algorithm == CMS_RSA_PSS)
		walk_pss(w, &in);
	else if (pkg_der_more(&in) && pkg_der_take(&in, DER_NULL).len != 0)
		broken(w, "its signature algorithm has parameters");
	pkg_der_end(signer, &in);
}

enum {
	SEEN_CONTENT_TYPE = 1 << 0,
	SEEN_DIGEST = 1 << 1,
	SEEN_TIME = 1 << 2,
	SEEN_CERTIFICATE = 1 << 3,
	SEEN_PROTECTION = 1 << 4,
	/* The older attribute, by SHA-1, is what many TSAs still write; whom
	   to believe does not rest on it. */
	SEEN_CERTIFICATE_V1 = 1 << 5,
};

static unsigned attribute_bit(const struct walk *w, const struct der_tlv *oid)
{
	static const struct {
		struct der_oid oid;
		unsigned bit;
	} known[] = {
	    {OID_CONTENT_TYPE, SEEN_CONTENT_TYPE},
	    {OID_MESSAGE_DIGEST, SEEN_DIGEST},
	    {OID_SIGNING_TIME, SEEN_TIME},
	    {OID_SIGNING_CERT_V2, SEEN_CERTIFICATE},
	    {OID_PROTECTION, SEEN_PROTECTION},
	};
	static const struct der_oid v1 = OID_SIGNING_CERT;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pkg_der_oid_is(oid, &known[i].oid))
			return known[i].bit;
	if (w->use == CMS_USE_TOKEN && pkg_der_oid_is(oid, &v1))
		return SEEN_CERTIFICATE_V1;
	return 0;
}

static bool has_required(const struct walk *w, unsigned seen)
{
	const unsigned always = SEEN_CONTENT_TYPE | SEEN_DIGEST;

	if ((seen & always) != always)
		return false;
	if (w->use == CMS_USE_TOKEN) /* its time is in its content */
		return (seen & (SEEN_CERTIFICATE | SEEN_CERTIFICATE_V1)) != 0;
	return (seen & SEEN_TIME) != 0 && (seen & SEEN_CERTIFICATE) != 0;
}

/* The one value of a signed attribute. */
static void walk_value(struct walk *w, struct der *values, unsigned bit)
{
	struct der_tlv value;

	if (bit == SEEN_CONTENT_TYPE) {
		/* A signature can be moved to another type of content unless
		   the two places are compared. */
		value = pkg_der_oid(values);
		if (!pkg_der_same(&value, &w->out.content_type))
			broken(w, "its content type was exchanged");
	} else if (bit == SEEN_DIGEST) {
		value = pkg_der_take(values, DER_OCTET_STRING);
		w->out.message_digest = value;
		if (value.len * 8 != w->out.digest_bits)
			broken(w, "its message digest has a wrong length");
	} else if (bit == SEEN_TIME) {
		value = pkg_der_any(values);
		w->out.signing_time = value;
		if (value.tag != DER_UTC_TIME &&
		    value.tag != DER_GENERALIZED_TIME)
			broken(w, "its signing time is not a time");
	} else {
		value = pkg_der_take(values, DER_SEQUENCE);
		if (bit == SEEN_CERTIFICATE)
			w->out.signing_cert = value;
	}
}

static void walk_signed(struct walk *w, struct der *signer)
{
	w->out.attributes = peek(signer);
	struct der all = pkg_der_enter(signer, DER_CONTEXT_0);
	unsigned seen = 0;

	/* Without signed attributes an attacker could turn somebody's
	   signed attributes into signed content (EUF-CMA). */
	if (signer->bad)
		broken(w, "it has no signed attributes");
	while (pkg_der_more(&all)) {
		struct der one = pkg_der_enter(&all, DER_SEQUENCE);
		const struct der_tlv oid = pkg_der_oid(&one);
		const unsigned bit = attribute_bit(w, &oid);
		struct der values = pkg_der_enter(&one, DER_SET);

		if (!one.bad && bit == 0)
			broken(w, "it has a signed attribute that is not in "
				  "the profile");
		if ((seen & bit) != 0)
			broken(w, "it has a signed attribute twice");
		seen |= bit;
		walk_value(w, &values, bit);
		pkg_der_end(&one, &values);
		pkg_der_end(&all, &one);
	}
	if (!all.bad && !has_required(w, seen))
		broken(w, "it lacks one of the signed attributes contentType, "
			  "messageDigest, signingTime, signingCertificateV2");
	pkg_der_end(signer, &all);
}

static void walk_unsigned(struct walk *w, struct der *signer)
{
	static const struct der_oid token = OID_TIME_STAMP;
	struct der all = pkg_der_enter(signer, DER_CONTEXT_1);
	struct der one = pkg_der_enter(&all, DER_SEQUENCE);
	const struct der_tlv oid = pkg_der_oid(&one);
	struct der values = pkg_der_enter(&one, DER_SET);

	w->out.timestamp = pkg_der_take(&values, DER_SEQUENCE);
	pkg_der_end(&one, &values);
	pkg_der_end(&all, &one);
	pkg_der_end(signer, &all);
	if (signer->bad || !pkg_der_oid_is(&oid, &token))
		broken(w, "it has another unsigned attribute than one "
			  "timeStampToken");
}

static void walk_signer(struct walk *w, struct der *signers)
{
	w->out.signer = peek(signers);
	struct der in = pkg_der_enter(signers, DER_SEQUENCE);
	const unsigned version = pkg_der_small(&in);
	const bool by_key = pkg_der_is_next(&in, DER_CONTEXT_0_PRIMITIVE);

	w->out.sid = peek(&in);
	if (by_key)
		(void)pkg_der_take(&in, DER_CONTEXT_0_PRIMITIVE);
	else
		(void)pkg_der_take(&in, DER_SEQUENCE);
	w->signer_version = version;
	if (!in.bad && version != (by_key ? 3u : 1u))
		broken(w, "its signer has a wrong version");
	w->out.digest_bits = walk_digest(w, &in);
	if (w->out.digest_bits != w->header_bits)
		broken(w, "it names two different digests");
	walk_signed(w, &in);
	walk_algorithm(w, &in);
	w->out.signature = pkg_der_take(&in, DER_OCTET_STRING);
	if (w->out.signature.len == 0)
		broken(w, "its signature is empty");
	if (pkg_der_more(&in) && w->use == CMS_USE_TOKEN)
		broken(w, "it has unsigned attributes");
	else if (pkg_der_more(&in))
		walk_unsigned(w, &in);
	pkg_der_end(signers, &in);
}

static void walk_certificates(struct walk *w, struct der *data)
{
	w->out.certificates = peek(data);
	struct der certs = pkg_der_enter(data, DER_CONTEXT_0);

	if (data->bad)
		broken(w, "the signer's certificate is not in it");
	while (pkg_der_more(&certs)) {
		(void)pkg_der_take(&certs, DER_SEQUENCE);
		w->out.cert_count++;
	}
	pkg_der_end(data, &certs);
	if (w->out.cert_count > PKG_LIMIT_CMS_CERTS)
		broken(w, "it has more than 8 certificates");
}

static void walk_content(struct walk *w, struct der *data)
{
	w->out.encapsulated = peek(data);
	struct der content = pkg_der_enter(data, DER_SEQUENCE);

	w->out.content_type = pkg_der_oid(&content);
	if (w->use == CMS_USE_TOKEN) {
		static const struct der_oid tst_info = OID_TST_INFO;
		struct der inner = pkg_der_enter(&content, DER_CONTEXT_0);

		if (!pkg_der_oid_is(&w->out.content_type, &tst_info))
			broken(w, "its content is not a TSTInfo");
		w->out.content = pkg_der_take(&inner, DER_OCTET_STRING);
		pkg_der_end(&content, &inner);
	} else if (!content.bad && pkg_der_more(&content)) {
		broken(w, "it is not detached: the content is inside");
	}
	pkg_der_end(data, &content);
}

static void walk_data(struct walk *w, struct der *data)
{
	static const struct der_oid id_data = OID_DATA;
	const unsigned version = pkg_der_small(data);
	struct der digests = pkg_der_enter(data, DER_SET);

	w->header_bits = walk_digest(w, &digests);
	if (!digests.bad && pkg_der_more(&digests))
		broken(w, "it has more than one digest");
	pkg_der_end(data, &digests);

	walk_content(w, data);

	walk_certificates(w, data);
	/* CRLs chosen by the signer would satisfy the verifier's check. */
	if (pkg_der_is_next(data, DER_CONTEXT_1))
		broken(w, "it has revocation lists in it");

	w->out.signers = peek(data);
	struct der signers = pkg_der_enter(data, DER_SET);
	if (!data->bad && !pkg_der_more(&signers))
		broken(w, "it has no signer");
	walk_signer(w, &signers);
	if (pkg_der_more(&signers))
		broken(w, "it has more than one signer");
	pkg_der_end(data, &signers);
	/* RFC 5652 section 5.1 */
	if (version != (pkg_der_oid_is(&w->out.content_type, &id_data) &&
				w->signer_version == 1
			    ? 1u
			    : 3u))
		broken(w, "it has a wrong version");
}

enum pkg_code pkg_cms_profile_walk(struct cms_profile *out, enum cms_use use,
				   const void *der, size_t len,
				   struct pkg_err *err)
{
	static const struct der_oid signed_data = OID_SIGNED_DATA;
	struct walk w = {.use = use};
	struct der all = pkg_der_all(der, len);
	struct der info = pkg_der_enter(&all, DER_SEQUENCE);

	pkg_der_expect_oid(&info, &signed_data);
	struct der content = pkg_der_enter(&info, DER_CONTEXT_0);
	w.out.data = peek(&content);
	struct der data = pkg_der_enter(&content, DER_SEQUENCE);
	if (!pkg_der_valid(der, len))
		broken(&w, "it is not one definite-length DER SignedData");
	walk_data(&w, &data);
	pkg_der_end(&content, &data);
	pkg_der_end(&info, &content);
	pkg_der_end(&all, &info);
	if (all.bad || pkg_der_more(&all))
		broken(&w, "it is not a CMS SignedData");
	*out = w.out;
	if (w.why == NULL)
		return PKG_OK;
	if (w.weak)
		return pkg_refuse(err, PKG_NO, "algorithm-weak",
				  "the signature cannot be accepted: %s",
				  w.why);
	return pkg_refuse(err, PKG_NO, "signature-profile",
			  "the signature cannot be accepted: %s", w.why);
}
