/* SPDX-License-Identifier: Apache-2.0 */
#include "container/reader.h"
#include "packline/aead.h"
#include "packline/cms.h"
#include "packline/envelope.h"
#include "packline/sink.h"

#include <string.h>

enum pkg_code pkg_reader_check_digest(const struct pkg_container *c,
				      const struct pkg_container_member *member,
				      const void *data, size_t len,
				      struct pkg_err *err)
{
	uint8_t sha256[32];

	PKG_TRY(pkg_digest_sha256(c->env->crypto, data, len, sha256, err));
	if (memcmp(sha256, member->sha256, sizeof(sha256)) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s: member '%s' is not the one that was "
				  "listed",
				  c->source->name, member->name);
	return PKG_OK;
}

enum pkg_code pkg_container_check_order(const struct pkg_container *c,
					struct pkg_err *err)
{
	const struct pkg_container_head *head = &c->head;
	uint8_t last[32] = {0};

	for (size_t i = 0; i < head->signature_count; i++) {
		const struct pkg_container_bytes *der = &head->signatures[i];
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		const uint8_t *spki = NULL;

		PKG_TRY(pkg_cms_parse(&cms, c->env->crypto, der->data, der->len,
				      err));
		spki = pkg_cms_claim(cms)->cert.spki;
		if (i > 0 && memcmp(last, spki, sizeof(last)) >= 0)
			return pkg_refuse(err, PKG_INPUT, "signature-order",
					  "%s: the signatures are not in the "
					  "order of their keys",
					  c->source->name);
		memcpy(last, spki, sizeof(last));
	}
	return PKG_OK;
}

enum pkg_code pkg_container_check_recipients(const struct pkg_container *c,
					     struct pkg_err *err)
{
	const struct pkg_container_bytes *der = &c->head.recipients;

	if (!c->encrypted)
		return PKG_OK;
	PKG_TRY(pkg_reader_check_digest(c, &c->head.manifest.members[0],
					der->data, der->len, err));
	return pkg_reader_check_kdf(&c->head.manifest, der->data, der->len,
				    err);
}

enum pkg_code pkg_container_unlock(struct pkg_container *c,
				   const struct pkg_secret *cek,
				   struct pkg_err *err)
{
	struct key_root keys = reader_keys(c);
	uint8_t mac[32];

	if (!c->encrypted || c->head.request_file)
		return pkg_fail(err, PKG_USAGE, "%s: nothing is encrypted",
				c->source->name);
	if (pkg_secret_len(cek) != PKG_ENVELOPE_CEK)
		return pkg_fail(err, PKG_INTERNAL, "a content key of %zu bytes",
				pkg_secret_len(cek));
	keys.cek = cek;
	PKG_TRY(pkg_keys_mac(mac, &keys, c->manifest_json.data,
			     c->manifest_json.len, err));
	if (!pkg_crypto_equal(mac, c->head.mac, sizeof(mac)))
		return pkg_refuse(err, PKG_NO, "mac-mismatch",
				  "%s: the manifest was not made with this "
				  "content key",
				  c->source->name);
	pkg_secret_free(c->cek);
	c->cek = NULL;
	PKG_TRY(pkg_secret_new(&c->cek, PKG_ENVELOPE_CEK, err));
	memcpy(pkg_secret_data(c->cek), pkg_secret_data(cek), PKG_ENVELOPE_CEK);
	return PKG_OK;
}

static enum pkg_code decrypt_request(struct pkg_container *c,
				     const struct pkg_container_member *member,
				     struct pkg_err *err)
{
	const struct key_root keys = reader_keys(c);
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &c->request_json);
	PKG_TRY(pkg_keys_member(&key, &keys, member->name, err));
	PKG_TRY(pkg_aead_decrypt_new(&aead, c->env->crypto, key, member->size,
				     &sink.sink, err));
	PKG_TRY(pkg_sink_write(pkg_aead_sink(aead), c->request_stored.data,
			       c->request_stored.len, err));
	return pkg_sink_finish(pkg_aead_sink(aead), err);
}

/* request_json holds the plaintext: is it the one, and what does it say? */
static enum pkg_code read_request(struct pkg_container *c, struct pkg_err *err)
{
	const struct pkg_buf *json = &c->request_json;
	uint8_t sha256[32];

	PKG_TRY(pkg_digest_sha256(c->env->crypto, json->data, json->len, sha256,
				  err));
	if (memcmp(sha256, c->head.manifest.request_sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "plaintext-mismatch",
				  "%s: the request is not the one that the "
				  "manifest names",
				  c->source->name);
	PKG_TRY(pkg_container_request_decode(&c->request, c->arena, json->data,
					     json->len, err));
	PKG_TRY(pkg_container_request_check(&c->request, &c->head.manifest,
					    c->env->crypto, err));
	c->has_request = true;
	return PKG_OK;
}

/* The stored bytes of a .request are the plaintext, whatever the kind. */
static enum pkg_code check_clear(const struct pkg_container *c,
				 struct pkg_err *err)
{
	uint8_t sha256[32];

	PKG_TRY(pkg_digest_sha256(c->env->crypto, c->request_stored.data,
				  c->request_stored.len, sha256, err));
	if (memcmp(sha256, c->head.manifest.request_sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s: member '%s' is not the one that was "
				  "listed",
				  c->source->name, MEMBER_REQUEST);
	return PKG_OK;
}

enum pkg_code
pkg_container_request(struct pkg_container *c,
		      const struct pkg_container_request **request,
		      struct pkg_err *err)
{
	const struct pkg_container_member *member =
	    &c->head.manifest.members[c->first_file - 1];
	const struct pkg_buf *stored = &c->request_stored;
	const bool encrypted = c->encrypted && !c->head.request_file;

	*request = NULL;
	if (!c->asked) {
		if (c->head.request_file)
			PKG_TRY(check_clear(c, err));
		else
			PKG_TRY(pkg_reader_check_digest(c, member, stored->data,
							stored->len, err));
		c->asked = true;
	}
	if (!c->has_request && (!encrypted || c->cek != NULL)) {
		pkg_buf_clear(&c->request_json);
		c->request_json.max = (size_t)member->plain_size;
		if (encrypted)
			PKG_TRY(decrypt_request(c, member, err));
		else
			PKG_TRY(pkg_buf_add(&c->request_json, stored->data,
					    stored->len, err));
		PKG_TRY(read_request(c, err));
	}
	if (c->has_request)
		*request = &c->request;
	return PKG_OK;
}

struct pkg_container_bytes
pkg_container_request_json(const struct pkg_container *c)
{
	if (!c->has_request)
		return (struct pkg_container_bytes){0};
	return (struct pkg_container_bytes){c->request_json.data,
					    c->request_json.len};
}
