/* SPDX-License-Identifier: Apache-2.0 */
#include "container/writer.h"
#include "packline/aead.h"
#include "packline/key.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How often a signature is made again until it has the reserved length, which
   127 in 128 of ECDSA have. */
enum { SIGN_AGAIN = 16 };

/* Writes at an offset: for what goes in front of what is already there. */
struct sink_at {
	struct pkg_sink sink;
	struct pkg_outfile *file;
	uint64_t offset;
};

static enum pkg_code at_write(struct pkg_sink *sink, const void *buf,
			      size_t len, struct pkg_err *err)
{
	struct sink_at *self = (struct sink_at *)sink;

	PKG_TRY(pkg_outfile_pwrite(self->file, buf, len, self->offset, err));
	self->offset += len;
	return PKG_OK;
}

static enum pkg_code at_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	(void)sink;
	(void)err;
	return PKG_OK;
}

static void sink_at_init(struct sink_at *self, struct pkg_outfile *file,
			 uint64_t offset)
{
	*self = (struct sink_at){
	    .sink = {.write = at_write, .finish = at_finish},
	    .file = file,
	    .offset = offset,
	};
}

/* Hold the place of what is written later. */
static enum pkg_code skip(struct pkg_sink *sink, uint64_t len,
			  struct pkg_err *err)
{
	static const uint8_t zeros[4096];

	while (len > 0) {
		const size_t part =
		    len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		PKG_TRY(pkg_sink_write(sink, zeros, part, err));
		len -= part;
	}
	return PKG_OK;
}

static enum pkg_code write_payload(struct pkg_container_writer *w,
				   struct pkg_sink *sink, struct pkg_err *err)
{
	for (size_t i = 0; i < w->file_count; i++) {
		const size_t entry = w->part_count + i;

		PKG_TRY(skip(sink,
			     pkg_zip_list_data(&w->list, entry) - sink->total,
			     err));
		PKG_TRY(pkg_writer_store_file(w, i, sink, err));
	}
	return pkg_sink_finish(sink, err);
}

static enum pkg_code encrypt_request(struct pkg_container_writer *w,
				     struct pkg_err *err)
{
	const struct key_root keys = writer_keys(w);
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;
	PKG_AUTO(pkg_aead) struct pkg_aead *aead = NULL;
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &w->request_stored);
	PKG_TRY(pkg_keys_member(&key, &keys, MEMBER_REQUEST_ENC, err));
	PKG_TRY(
	    pkg_aead_encrypt_new(&aead, w->env->crypto, key, &sink.sink, err));
	PKG_TRY(pkg_sink_write(pkg_aead_sink(aead), w->request_json.data,
			       w->request_json.len, err));
	return pkg_sink_finish(pkg_aead_sink(aead), err);
}

static enum pkg_code finish_request(struct pkg_container_writer *w,
				    struct pkg_err *err)
{
	struct pkg_container_member *m = &w->members[w->first_file - 1];
	struct pkg_crypto *crypto = w->env->crypto;
	const struct pkg_buf *stored = &w->request_json;

	if (!w->encrypted)
		PKG_TRY(
		    pkg_container_derive_id(w->id, &w->request, crypto, err));
	pkg_buf_clear(&w->request_json);
	PKG_TRY(
	    pkg_container_request_encode(&w->request_json, &w->request, err));
	PKG_TRY(pkg_digest_sha256(crypto, w->request_json.data,
				  w->request_json.len,
				  w->manifest.request_sha256, err));
	if (w->encrypted) {
		PKG_TRY(encrypt_request(w, err));
		stored = &w->request_stored;
	}
	return pkg_digest_sha256(crypto, stored->data, stored->len, m->sha256,
				 err);
}

static enum pkg_code finish_manifest(struct pkg_container_writer *w,
				     struct pkg_err *err)
{
	const struct pkg_buf *json = &w->manifest_json;
	const struct key_root keys = writer_keys(w);
	uint8_t mac[32];
	char hex[65];

	pkg_buf_clear(&w->manifest_json);
	PKG_TRY(pkg_container_manifest_encode(&w->manifest_json, &w->manifest,
					      err));
	PKG_TRY(pkg_digest_sha256(w->env->crypto, json->data, json->len,
				  w->sha256, err));
	if (!w->encrypted)
		return PKG_OK;
	PKG_TRY(pkg_keys_mac(mac, &keys, json->data, json->len, err));
	pkg_hex_encode(hex, mac, sizeof(mac));
	return pkg_buf_puts(&w->mac, hex, err);
}

/*
 * Nothing leaves that our own reader would not take: a mistake in here is
 * found now, not by the customer.
 */
static enum pkg_code check_documents(struct pkg_container_writer *w,
				     struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_container_manifest manifest;
	struct pkg_container_request request;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_container_manifest_decode(&manifest, arena,
					      w->manifest_json.data,
					      w->manifest_json.len, err));
	PKG_TRY(pkg_container_request_decode(
	    &request, arena, w->request_json.data, w->request_json.len, err));
	return pkg_container_request_check(&request, &manifest, w->env->crypto,
					   err);
}

static enum pkg_code sign(struct pkg_container_writer *w, struct pkg_err *err)
{
	struct pkg_cms_sign_options options = *w->spec.signer;

	options.content_type = PKG_OID_MANIFEST;
	pkg_buf_clear(&w->signature);
	return pkg_cms_sign(&w->signature, w->manifest_json.data,
			    w->manifest_json.len, &options, err);
}

static enum pkg_code finish_signature(struct pkg_container_writer *w,
				      struct pkg_err *err)
{
	bool random_length = false;

	if (w->spec.signer == NULL)
		return PKG_OK;
	/* A token is asked once: it may count, or ask its owner. */
	random_length = pkg_key_type(w->spec.signer->key) != PKG_KEY_TYPE_RSA &&
			!pkg_key_is_token(w->spec.signer->key);
	for (int i = 0; i < (random_length ? SIGN_AGAIN : 1); i++) {
		PKG_TRY(sign(w, err));
		if (w->signature.len == w->signature_size)
			break;
	}
	return PKG_OK;
}

static enum pkg_code read_back(int fd, uint8_t *buf, size_t len,
			       uint64_t offset, struct pkg_err *err)
{
	while (len > 0) {
		const ssize_t n = pread(fd, buf, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return pkg_fail_os(err, n < 0 ? errno : EIO,
					   "cannot read what was written");
		buf += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return PKG_OK;
}

/* Copy @len bytes within the file; the two places may overlap. */
static enum pkg_code move(struct pkg_outfile *file, uint64_t from, uint64_t to,
			  uint64_t len, struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	uint64_t done = 0;

	while (done < len) {
		const uint64_t left = len - done;
		const size_t part =
		    left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		/* Upwards from the end, downwards from the front. */
		const uint64_t at = to > from ? left - part : done;

		PKG_TRY(read_back(pkg_outfile_fd(file), chunk, part, from + at,
				  err));
		PKG_TRY(pkg_outfile_pwrite(file, chunk, part, to + at, err));
		done += part;
	}
	return PKG_OK;
}

/* The signature has another length than reserved: move what is behind it. */
static enum pkg_code fit(struct pkg_container_writer *w,
			 struct pkg_outfile *file, struct pkg_err *err)
{
	const uint64_t end = w->list.end;
	const uint64_t from = w->list.entries[w->part_count].offset;

	w->signature_size = w->signature.len;
	PKG_TRY(pkg_writer_layout(w, err));
	return move(file, from, w->list.entries[w->part_count].offset,
		    end - from, err);
}

static enum pkg_code write_head(struct pkg_container_writer *w,
				struct pkg_outfile *file, struct pkg_err *err)
{
	uint8_t header[PKG_ZIP_LOCAL_MAX];

	for (size_t i = 0; i < w->list.count; i++) {
		struct pkg_zip_entry *entry = &w->list.entries[i];
		const struct pkg_buf *content = NULL;

		if (i < w->part_count) {
			content = w->parts[i].content;
			if (content->len != entry->size)
				return pkg_fail(err, PKG_INTERNAL,
						"'%s' has another size than "
						"planned",
						entry->name);
			entry->crc =
			    pkg_zip_crc32(0, content->data, content->len);
			PKG_TRY(pkg_outfile_pwrite(
			    file, content->data, content->len,
			    pkg_zip_list_data(&w->list, i), err));
		}
		PKG_TRY(pkg_outfile_pwrite(file, header,
					   pkg_zip_local(header, entry),
					   entry->offset, err));
	}
	return PKG_OK;
}

static enum pkg_code write_tail(const struct pkg_container_writer *w,
				struct pkg_outfile *file, struct pkg_err *err)
{
	struct sink_at at;
	struct pkg_sink_gather gather;

	sink_at_init(&at, file, w->list.end);
	pkg_sink_gather_init(&gather, &at.sink);
	PKG_TRY(pkg_zip_list_finish(&w->list, &gather.sink, err));
	return pkg_sink_finish(&gather.sink, err);
}

enum pkg_code pkg_container_writer_run(struct pkg_container_writer *w,
				       struct pkg_outfile *file, uint64_t *size,
				       struct pkg_err *err)
{
	PKG_TRY(write_payload(w, pkg_outfile_sink(file), err));
	for (size_t i = 0; i < w->file_count; i++)
		w->list.entries[w->part_count + i].crc = w->crcs[i];
	PKG_TRY(finish_request(w, err));
	PKG_TRY(finish_manifest(w, err));
	PKG_TRY(check_documents(w, err));
	PKG_TRY(finish_signature(w, err));
	if (w->signature.len != w->signature_size)
		PKG_TRY(fit(w, file, err));
	PKG_TRY(write_head(w, file, err));
	PKG_TRY(write_tail(w, file, err));
	*size = pkg_container_writer_size(w);
	return PKG_OK;
}
