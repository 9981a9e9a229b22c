/* SPDX-License-Identifier: Apache-2.0 */
#include "container/reader.h"
#include "packline/aead.h"
#include "packline/limits.h"
#include "packline/relay.h"
#include "packline/sink.h"

#include <string.h>

enum pkg_code pkg_container_next(struct pkg_container *c,
				 const struct pkg_container_item **item,
				 struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &c->head.manifest;
	const struct pkg_container_member *member = NULL;

	*item = NULL;
	if (!c->asked || c->inside)
		return pkg_fail(err, PKG_INTERNAL,
				"the request or the file before was not read");
	if (c->next == manifest->member_count)
		return PKG_OK;
	member = &manifest->members[c->next];
	if (c->next - c->first_file >= c->kept_count)
		PKG_TRY(pkg_zip_reader_enter(c->zip, member->name, member->size,
					     err));
	c->item = (struct pkg_container_item){
	    .member = member,
	    .file = c->has_request ? &c->request.files[c->next - c->first_file]
				   : NULL,
	};
	c->next++;
	c->inside = true;
	*item = &c->item;
	return PKG_OK;
}

/* Everything of the member to @sink, and to @stored (NULL = not). */
static enum pkg_code pump(struct pkg_container *c, struct pkg_sink *stored,
			  struct pkg_sink *sink, struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	for (;;) {
		PKG_TRY(pkg_zip_reader_read(c->zip, chunk, sizeof(chunk), &got,
					    err));
		if (got == 0)
			return PKG_OK;
		if (stored != NULL)
			PKG_TRY(pkg_sink_write(stored, chunk, got, err));
		PKG_TRY(pkg_sink_write(sink, chunk, got, err));
	}
}

/* This thread reads and writes, the other hashes. */
static enum pkg_code read_stored(struct pkg_container *c,
				 struct pkg_sink *stored,
				 struct pkg_sink *plain, struct pkg_err *err)
{
	PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
	struct pkg_sink_digest hashed;
	struct pkg_sink_tee both;
	struct pkg_sink *sink;

	pkg_sink_digest_init(&hashed, NULL, c->stored);
	PKG_TRY(pkg_relay_new(&relay, &hashed.sink, c->item.member->size, err));
	sink = pkg_relay_sink(relay);
	if (plain != NULL) {
		pkg_sink_tee_init(&both, sink, plain);
		sink = &both.sink;
	}
	return pkg_relay_finish(relay, pump(c, stored, sink, err), err);
}

/*
 * Two threads do about half each: this one reads and hashes the ciphertext,
 * the other decrypts, hashes the plaintext and writes it.
 */
static enum pkg_code read_decrypted(struct pkg_container *c,
				    struct pkg_sink *stored,
				    struct pkg_sink *plain, struct pkg_err *err)
{
	const struct key_root keys = reader_keys(c);
	const struct pkg_container_member *member = c->item.member;
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
	struct pkg_sink_digest hashed, cipher;

	PKG_TRY(pkg_digest_reset(c->plain, PKG_DIGEST_SHA256, err));
	pkg_sink_digest_init(&hashed, plain, c->plain);
	PKG_TRY(pkg_keys_member(&key, &keys, member->name, err));
	PKG_TRY(pkg_aead_decrypt_new(&aead, c->env->crypto, key, member->size,
				     &hashed.sink, err));
	PKG_TRY(pkg_relay_new(&relay, pkg_aead_sink(aead), member->size, err));
	pkg_sink_digest_init(&cipher, pkg_relay_sink(relay), c->stored);
	PKG_TRY(
	    pkg_relay_finish(relay, pump(c, stored, &cipher.sink, err), err));
	return pkg_sink_finish(pkg_aead_sink(aead), err);
}

static enum pkg_code check_stored(struct pkg_container *c, struct pkg_err *err)
{
	struct pkg_digests digests;

	PKG_TRY(pkg_digest_finish(c->stored, &digests, err));
	if (memcmp(digests.sha256, c->item.member->sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s: member '%s' is not the one that was "
				  "listed",
				  c->source->name, c->item.member->name);
	return PKG_OK;
}

static enum pkg_code check_plain(struct pkg_container *c, struct pkg_err *err)
{
	struct pkg_digests digests;

	PKG_TRY(pkg_digest_finish(c->plain, &digests, err));
	if (memcmp(digests.sha256, c->item.file->sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "plaintext-mismatch",
				  "%s: member '%s' does not decrypt to the "
				  "file that the request lists",
				  c->source->name, c->item.member->name);
	return PKG_OK;
}

/* A file that was read, judged and kept. */
static enum pkg_code give_kept(struct pkg_container *c, const struct kept *kept,
			       struct pkg_sink *stored, struct pkg_sink *plain,
			       struct pkg_err *err)
{
	if (stored != NULL)
		PKG_TRY(pkg_sink_write(stored, kept->stored.data,
				       kept->stored.len, err));
	if (plain != NULL)
		PKG_TRY(pkg_sink_write(plain, kept->plain.data, kept->plain.len,
				       err));
	c->inside = false;
	return PKG_OK;
}

enum pkg_code pkg_reader_read(struct pkg_container *c, struct pkg_sink *stored,
			      struct pkg_sink *plain, struct pkg_err *err)
{
	/* A key that came after the request was asked for was not used there:
	   without its request a plaintext cannot be judged. */
	const bool decrypt = c->encrypted && c->item.file != NULL;
	const size_t index = c->next - 1 - c->first_file;

	if (!c->inside)
		return pkg_fail(err, PKG_INTERNAL, "no file was entered");
	if (c->encrypted && !decrypt && plain != NULL)
		return pkg_fail(err, PKG_INTERNAL,
				"there is no key to decrypt with");
	if (index < c->kept_count)
		return give_kept(c, &c->kept[index], stored, plain, err);
	PKG_TRY(pkg_digest_reset(c->stored, PKG_DIGEST_SHA256, err));
	if (decrypt)
		PKG_TRY(read_decrypted(c, stored, plain, err));
	else
		PKG_TRY(read_stored(c, stored, plain, err));
	PKG_TRY(check_stored(c, err));
	if (decrypt)
		PKG_TRY(check_plain(c, err));
	c->inside = false;
	return PKG_OK;
}

enum pkg_code pkg_container_read(struct pkg_container *c,
				 struct pkg_sink *plain, struct pkg_err *err)
{
	return pkg_reader_read(c, NULL, plain, err);
}

enum pkg_code pkg_container_finish(struct pkg_container *c, struct pkg_err *err)
{
	if (c->inside || c->next != c->head.manifest.member_count)
		return pkg_fail(err, PKG_INTERNAL, "a file was not read");
	return pkg_zip_reader_finish(c->zip, err);
}
