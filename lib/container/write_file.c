/* SPDX-License-Identifier: Apache-2.0 */
#include "container/writer.h"
#include "packline/aead.h"
#include "packline/relay.h"
#include "packline/text.h"

#include <string.h>

/* A member's stored bytes: into a digest and a CRC-32. */
struct sink_sums {
	struct pkg_sink sink;
	struct pkg_digest *digest;
	uint32_t crc;
};

static enum pkg_code sums_write(struct pkg_sink *sink, const void *buf,
				size_t len, struct pkg_err *err)
{
	struct sink_sums *self = (struct sink_sums *)sink;

	self->crc = pkg_zip_crc32(self->crc, buf, len);
	return pkg_digest_update(self->digest, buf, len, err);
}

/* Copy the input to @sink; with @digest the plaintext is hashed as well. */
static enum pkg_code pump(struct pkg_container_writer *w,
			  struct input_reader *reader, struct pkg_sink *sink,
			  struct pkg_digest *digest, struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	for (;;) {
		PKG_TRY(
		    pkg_input_read(reader, chunk, sizeof(chunk), &got, err));
		if (got == 0)
			return PKG_OK;
		if (digest != NULL)
			PKG_TRY(pkg_digest_update(digest, chunk, got, err));
		PKG_TRY(pkg_sink_write(sink, chunk, got, err));
		w->done += got;
		if (w->spec.progress != NULL)
			w->spec.progress(w->spec.progress_context, w->done,
					 w->total);
	}
}

static enum pkg_code encrypt(struct pkg_container_writer *w,
			     struct input_reader *reader, const char *member,
			     struct pkg_sink *sink, struct pkg_err *err)
{
	const struct key_root keys = writer_keys(w);
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;

	PKG_TRY(pkg_keys_member(&key, &keys, member, err));
	PKG_TRY(pkg_aead_encrypt_new(&aead, w->env->crypto, key, sink, err));
	PKG_TRY(pump(w, reader, pkg_aead_sink(aead), w->plain, err));
	return pkg_sink_finish(pkg_aead_sink(aead), err);
}

/*
 * Two threads do about half each: this one reads, hashes the plaintext and
 * encrypts, the other writes and sums up the ciphertext.
 */
static enum pkg_code store_encrypted(struct pkg_container_writer *w,
				     struct input_reader *reader,
				     const struct pkg_container_member *m,
				     struct pkg_sink *out,
				     struct pkg_sink *sums, struct pkg_err *err)
{
	PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
	struct pkg_sink_tee both;

	pkg_sink_tee_init(&both, out, sums);
	PKG_TRY(pkg_relay_new(&relay, &both.sink, m->size, err));
	return pkg_relay_finish(
	    relay, encrypt(w, reader, m->name, pkg_relay_sink(relay), err),
	    err);
}

/* This thread reads and writes, the other sums up. */
static enum pkg_code store_plain(struct pkg_container_writer *w,
				 struct input_reader *reader,
				 const struct pkg_container_member *m,
				 struct pkg_sink *out, struct pkg_sink *sums,
				 struct pkg_err *err)
{
	PKG_AUTO(pkg_relay) struct pkg_relay *relay = NULL;
	struct pkg_sink_tee both;

	PKG_TRY(pkg_relay_new(&relay, sums, m->size, err));
	pkg_sink_tee_init(&both, out, pkg_relay_sink(relay));
	return pkg_relay_finish(relay, pump(w, reader, &both.sink, NULL, err),
				err);
}

/* The maker was told a digest, or the blob of a bundle is named by it. */
static enum pkg_code check_given(const struct pkg_container_writer *w,
				 size_t index, struct pkg_err *err)
{
	const struct pkg_container_file *file = &w->files[index];
	const bool blob = w->spec.subject.content == PKG_CONTAINER_BUNDLE &&
			  file->role == PKG_ROLE_PAYLOAD &&
			  strcmp(file->source_name, BUNDLE_PLAN) != 0;
	char hex[65];

	pkg_hex_encode(hex, file->sha256, 32);
	if ((file->has_given &&
	     memcmp(file->given_sha256, file->sha256, 32) != 0) ||
	    (blob && strcmp(file->source_name, hex) != 0)) {
		(void)pkg_refuse(err, PKG_NO, "digest-mismatch",
				 "'%s' has another SHA-256 than was given: it "
				 "is %s",
				 pkg_input_name(&w->inputs[index]), hex);
		return pkg_hint(err, "it is another file, or it has changed "
				     "since that digest was made");
	}
	return PKG_OK;
}

enum pkg_code pkg_writer_store_file(struct pkg_container_writer *w,
				    size_t index, struct pkg_sink *sink,
				    struct pkg_err *err)
{
	struct pkg_container_member *m = &w->members[w->first_file + index];
	struct pkg_container_file *file = &w->files[index];
	struct sink_sums sums = {.sink = {.write = sums_write},
				 .digest = w->stored};
	struct input_reader reader
	    __attribute__((cleanup(pkg_input_reader_fini))) = {.opened = -1};
	struct pkg_digests digests;

	PKG_TRY(pkg_input_open(&reader, &w->inputs[index], err));
	PKG_TRY(pkg_digest_reset(w->stored, PKG_DIGEST_SHA256, err));
	PKG_TRY(pkg_digest_reset(w->plain, PKG_DIGEST_SHA256, err));
	if (w->encrypted)
		PKG_TRY(store_encrypted(w, &reader, m, sink, &sums.sink, err));
	else
		PKG_TRY(store_plain(w, &reader, m, sink, &sums.sink, err));
	PKG_TRY(pkg_digest_finish(w->stored, &digests, err));
	memcpy(m->sha256, digests.sha256, 32);
	w->crcs[index] = sums.crc;
	if (w->encrypted)
		PKG_TRY(pkg_digest_finish(w->plain, &digests, err));
	memcpy(file->sha256, digests.sha256, 32);
	if (sums.sink.total != m->size)
		return pkg_fail(err, PKG_INTERNAL,
				"'%s' was stored with another size than "
				"planned",
				m->name);
	return check_given(w, index, err);
}
