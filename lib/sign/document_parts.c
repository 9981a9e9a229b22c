/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "sign/document_impl.h"
#include "sign/oid.h"

static const struct der_oid signed_data = OID_SIGNED_DATA;
static const struct der_oid id_data = OID_DATA;

/* Bytes of an element with a body of @len. */
static size_t whole(size_t len)
{
	uint8_t scratch[DER_HEADER];

	return pkg_der_header(scratch, 0, len) + len;
}

enum pkg_code pkg_document_put_header(struct pkg_buf *out, uint8_t tag,
				      size_t len, struct pkg_err *err)
{
	uint8_t header[DER_HEADER];

	return pkg_buf_add(out, header, pkg_der_header(header, tag, len), err);
}

enum pkg_code pkg_document_put_element(struct pkg_buf *out, uint8_t tag,
				       struct document_span body,
				       struct pkg_err *err)
{
	PKG_TRY(pkg_document_put_header(out, tag, body.len, err));
	return pkg_buf_add(out, body.data, body.len, err);
}

static enum pkg_code put_oid(struct pkg_buf *out, const struct der_oid *oid,
			     struct pkg_err *err)
{
	const struct document_span body = {oid->body, oid->len};

	return pkg_document_put_element(out, DER_OID, body, err);
}

/* All in front of the content of the encapContentInfo: RFC 5652, sections 3,
   5.1 and 5.2.  @encapsulated is the size of that. */
static enum pkg_code put_front(struct pkg_buf *out,
			       const struct document_frame *frame,
			       size_t encapsulated, struct pkg_err *err)
{
	const size_t data =
	    frame->before.len + whole(encapsulated) + frame->after.len;
	const size_t info = whole(signed_data.len) + whole(whole(data));

	PKG_TRY(pkg_document_put_header(out, DER_SEQUENCE, info, err));
	PKG_TRY(put_oid(out, &signed_data, err));
	PKG_TRY(pkg_document_put_header(out, DER_CONTEXT_0, whole(data), err));
	PKG_TRY(pkg_document_put_header(out, DER_SEQUENCE, data, err));
	PKG_TRY(pkg_buf_add(out, frame->before.data, frame->before.len, err));
	PKG_TRY(pkg_document_put_header(out, DER_SEQUENCE, encapsulated, err));
	return put_oid(out, &id_data, err);
}

enum pkg_code pkg_document_put_detached(struct pkg_buf *out,
					const struct document_frame *frame,
					struct pkg_err *err)
{
	PKG_TRY(put_front(out, frame, whole(id_data.len), err));
	return pkg_buf_add(out, frame->after.data, frame->after.len, err);
}

static enum pkg_code put_head(struct pkg_buf *out,
			      const struct document_frame *frame,
			      size_t content, struct pkg_err *err)
{
	const size_t encapsulated = whole(id_data.len) + whole(whole(content));

	PKG_TRY(put_front(out, frame, encapsulated, err));
	PKG_TRY(
	    pkg_document_put_header(out, DER_CONTEXT_0, whole(content), err));
	return pkg_document_put_header(out, DER_OCTET_STRING, content, err);
}

static enum pkg_code off_profile(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_NO, "signature-profile",
			  "the signature cannot be accepted: %s", why);
}

static enum pkg_code too_large(struct pkg_err *err, const char *what,
			       unsigned limit)
{
	return pkg_refuse(err, PKG_INPUT, "limit", "%s has more than %u bytes",
			  what, limit);
}

/* Hold a detached signature against the profile, and cut it. */
static enum pkg_code cut(struct document_frame *frame, const void *signature,
			 size_t len, struct pkg_err *err)
{
	struct cms_profile profile;
	const struct der_tlv *inside = &profile.encapsulated;

	if (len > PKG_LIMIT_SIGNATURE)
		return too_large(err, "the signature", PKG_LIMIT_SIGNATURE);
	PKG_TRY(pkg_cms_profile_walk(&profile, CMS_USE_SIGNATURE, signature,
				     len, err));
	if (!pkg_der_oid_is(&profile.content_type, &id_data))
		return off_profile(err, "it is for another type of content");
	frame->before = (struct document_span){
	    profile.data.body, (size_t)(inside->start - profile.data.body)};
	frame->after.data = inside->body + inside->len;
	frame->after.len =
	    (size_t)(profile.data.body + profile.data.len - frame->after.data);
	return PKG_OK;
}

enum pkg_code pkg_document_attach(struct pkg_buf *head, struct pkg_buf *tail,
				  const void *signature, size_t len,
				  uint64_t content, struct pkg_err *err)
{
	struct document_frame frame;

	if (content > PKG_LIMIT_ATTACHED)
		return too_large(err, "the document", PKG_LIMIT_ATTACHED);
	PKG_TRY(cut(&frame, signature, len, err));
	PKG_TRY(put_head(head, &frame, (size_t)content, err));
	return pkg_buf_add(tail, frame.after.data, frame.after.len, err);
}

/* What the first part says; the lengths in it are compared later, by making
   it again. */
struct front {
	struct document_span before;
	size_t head, content;
	unsigned digest; /* PKG_DIGEST_*; 0 = none of ours */
};

static unsigned read_digest(const struct der_tlv *digests)
{
	static const struct {
		struct der_oid oid;
		unsigned digest;
	} known[] = {{OID_SHA256, PKG_DIGEST_SHA256},
		     {OID_SHA384, PKG_DIGEST_SHA384},
		     {OID_SHA512, PKG_DIGEST_SHA512}};
	struct der set = pkg_der_all(digests->body, digests->len);
	const struct der_tlv oid = pkg_der_plain_algorithm(&set);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pkg_der_oid_is(&oid, &known[i].oid))
			return known[i].digest;
	return 0;
}

static bool read_front(struct front *out, const void *start, size_t len)
{
	struct der der = pkg_der_all(start, len);
	struct der_tlv digests;

	(void)pkg_der_open(&der, DER_SEQUENCE);
	pkg_der_expect_oid(&der, &signed_data);
	(void)pkg_der_open(&der, DER_CONTEXT_0);
	(void)pkg_der_open(&der, DER_SEQUENCE);
	out->before.data = der.at;
	(void)pkg_der_take(&der, DER_INTEGER);
	digests = pkg_der_take(&der, DER_SET);
	out->digest = read_digest(&digests);
	out->before.len = (size_t)(der.at - out->before.data);
	(void)pkg_der_open(&der, DER_SEQUENCE);
	pkg_der_expect_oid(&der, &id_data);
	(void)pkg_der_open(&der, DER_CONTEXT_0);
	out->content = pkg_der_open(&der, DER_OCTET_STRING);
	out->head = (size_t)(der.at - (const uint8_t *)start);
	return !der.bad;
}

enum pkg_code pkg_document_find(struct pkg_document_parts *parts,
				const void *start, size_t len, uint64_t size,
				struct pkg_err *err)
{
	struct front front;

	if (!read_front(&front, start, len))
		return off_profile(err, "it is no CMS SignedData in DER with a "
					"document in it");
	if (front.digest == 0)
		return pkg_refuse(err, PKG_NO, "algorithm-weak",
				  "the signature cannot be accepted: its "
				  "digest is not SHA-256, SHA-384 or SHA-512");
	if (front.content > PKG_LIMIT_ATTACHED)
		return too_large(err, "the document in it", PKG_LIMIT_ATTACHED);
	if (size < front.head || size - front.head < front.content)
		return off_profile(err, "it ends early");
	*parts = (struct pkg_document_parts){
	    .head = front.head,
	    .content = front.content,
	    .tail = size - front.head - front.content,
	    .digest = front.digest,
	};
	if (parts->tail > PKG_LIMIT_SIGNATURE)
		return too_large(err, "what is behind the document in it",
				 PKG_LIMIT_SIGNATURE);
	return PKG_OK;
}

enum pkg_code pkg_document_detach(struct pkg_buf *der,
				  const struct pkg_document_parts *parts,
				  const void *head, const void *tail,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf made = {.max = 2ul * PKG_LIMIT_SIGNATURE};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = parts->head + 64};
	struct document_frame frame = {.after = {tail, parts->tail}};
	struct front front;

	if (!read_front(&front, head, parts->head) ||
	    front.head != parts->head || front.content != parts->content)
		return off_profile(err, "it changed while it was read");
	frame.before = front.before;
	PKG_TRY(pkg_document_put_detached(&made, &frame, err));
	PKG_TRY(cut(&frame, made.data, made.len, err));
	/* Two spellings of one signature would be two for two readers. */
	PKG_TRY(put_head(&again, &frame, front.content, err));
	if (again.len != parts->head ||
	    memcmp(again.data, head, again.len) != 0 ||
	    frame.after.len != parts->tail)
		return off_profile(err, "it is not canonical DER");
	return pkg_buf_add(der, made.data, made.len, err);
}
