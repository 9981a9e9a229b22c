/* SPDX-License-Identifier: Apache-2.0 */
#include "cf.h"

#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/resource.h"
#include "packline/text.h"
#include "packline/zip.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * bits.zip: stored, in byte order, no folders, 1980-01-01, modes 0644 and
 * 0755.  The CRC-32 stands in front of the content, so every file is read
 * twice, and each time it must be the pinned one.
 */
enum {
	/* A server keeps files between these sizes, both exclusive. */
	KEPT_MIN = 64 << 10,
	KEPT_MAX = 512 << 20,
};

struct bits {
	const struct cf_job *job;
	struct pkg_sink *sink;
	struct pkg_digest *digest;
	struct pkg_buf central;
	size_t count;
	uint64_t offset;
};

const char *pkg_cf_name(const struct pkg_module *module,
			const struct pkg_pinned *file)
{
	return file->path + strlen(module->bits->text) + 1;
}

bool pkg_cf_is_known(const struct cf_job *job, const struct pkg_pinned *file)
{
	uint8_t sha1[20];

	return job->known != NULL && file->size > KEPT_MIN &&
	       file->size < KEPT_MAX &&
	       pkg_hex_decode(sha1, sizeof(sha1), file->sha1, 40) &&
	       pkg_known_has(job->known, sha1, (uint64_t)file->size);
}

static enum pkg_code changed(const struct pkg_pinned *file, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "digest-mismatch",
			 "'%s' is not the file that was pinned", file->path);
	return pkg_failed_(pkg_hint(err, "it has changed since the lock was "
					 "made: make that again"));
}

/* Read the file once: its CRC-32 to *@crc, its bytes to @sink unless NULL. */
static enum pkg_code read_file(struct bits *b, const struct pkg_pinned *file,
			       struct pkg_sink *sink, uint32_t *crc,
			       struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	struct pkg_source_fd source;
	struct pkg_digests found;
	enum pkg_code code = PKG_OK;
	char hex[65];
	size_t got = 0;
	int fd = -1;

	PKG_TRY(pkg_path_open_beneath(&fd, b->job->folder, file->path, err));
	pkg_source_fd_init(&source, fd, file->path);
	*crc = 0;
	code = pkg_digest_reset(b->digest, PKG_DIGEST_SHA256, err);
	while (code == PKG_OK) {
		code = pkg_source_read(&source.source, chunk, sizeof(chunk),
				       &got, err);
		if (code != PKG_OK || got == 0)
			break;
		/* Not more than its header says. */
		if (source.source.total > (uint64_t)file->size)
			break;
		*crc = pkg_zip_crc32(*crc, chunk, got);
		code = pkg_digest_update(b->digest, chunk, got, err);
		if (code == PKG_OK && sink != NULL)
			code = pkg_sink_write(sink, chunk, got, err);
	}
	(void)close(fd);
	PKG_TRY(code);
	PKG_TRY(pkg_digest_finish(b->digest, &found, err));
	pkg_hex_encode(hex, found.sha256, sizeof(found.sha256));
	if (source.source.total != (uint64_t)file->size ||
	    strcmp(hex, file->sha256) != 0)
		return changed(file, err);
	return PKG_OK;
}

static enum pkg_code too_large(struct pkg_err *err)
{
	return pkg_failed_(pkg_refuse(err, PKG_INPUT, "limit",
				      "bits.zip would have 4 GiB or more"));
}

static enum pkg_code add_file(struct bits *b, const struct pkg_module *module,
			      const struct pkg_pinned *file,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf header = {.max = 1u << 17};
	struct pkg_zip_entry entry = {.name = pkg_cf_name(module, file),
				      .size = (uint64_t)file->size,
				      .offset = b->offset,
				      .executable = file->executable};
	uint32_t crc;
	size_t len;

	PKG_TRY(read_file(b, file, NULL, &entry.crc, err));
	len = pkg_zip_local(NULL, &entry);
	b->offset += len + entry.size;
	if (b->offset >= UINT32_MAX)
		return too_large(err);
	PKG_TRY(pkg_buf_reserve(&header, len, err));
	(void)pkg_zip_local(header.data, &entry);
	PKG_TRY(pkg_sink_write(b->sink, header.data, len, err));
	PKG_TRY(read_file(b, file, b->sink, &crc, err));
	len = pkg_zip_central(NULL, &entry);
	PKG_TRY(pkg_buf_reserve(&b->central, len, err));
	b->central.len +=
	    pkg_zip_central(b->central.data + b->central.len, &entry);
	b->count++;
	return PKG_OK;
}

static enum pkg_code write_end(struct bits *b, struct pkg_err *err)
{
	uint8_t end[PKG_ZIP_END_MAX];
	size_t len;

	if (b->offset + b->central.len >= UINT32_MAX)
		return too_large(err);
	len = pkg_zip_end(end, b->count, b->offset, b->central.len);
	PKG_TRY(pkg_sink_write(b->sink, b->central.data, b->central.len, err));
	return pkg_sink_write(b->sink, end, len, err);
}

enum pkg_code pkg_cf_bits(const struct cf_job *job,
			  const struct pkg_module *module,
			  struct pkg_sink *sink, struct pkg_err *err)
{
	const struct pkg_pinned *files = module->bits_files.items;
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct bits b = {
	    .job = job, .sink = sink, .central = {.max = PKG_LIMIT_LOCK_JSON}};
	enum pkg_code code;

	PKG_TRY(
	    pkg_digest_new(&digest, job->env->crypto, PKG_DIGEST_SHA256, err));
	b.digest = digest;
	code = PKG_OK;
	for (size_t i = 0; code == PKG_OK && i < module->bits_files.count;
	     i++) {
		if (!pkg_cf_is_known(job, &files[i]))
			code = add_file(&b, module, &files[i], err);
	}
	if (code == PKG_OK)
		code = write_end(&b, err);
	pkg_buf_fini(&b.central);
	return code;
}

/* -- the body of the upload -- */

/* From what is in it, so that nobody has to see the whole body first. */
static enum pkg_code make_boundary(const struct cf_job *job,
				   struct cf_package *p, struct pkg_err *err)
{
	const struct pkg_pinned *files = p->module->bits_files.items;
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests out;
	char hex[65];

	PKG_TRY(
	    pkg_digest_new(&digest, job->env->crypto, PKG_DIGEST_SHA256, err));
	for (size_t i = 0; i < p->module->bits_files.count; i++) {
		PKG_TRY(pkg_digest_update(digest, files[i].path,
					  strlen(files[i].path) + 1, err));
		PKG_TRY(pkg_digest_update(digest, files[i].sha256, 64, err));
	}
	PKG_TRY(pkg_digest_finish(digest, &out, err));
	pkg_hex_encode(hex, out.sha256, sizeof(out.sha256));
	p->boundary = pkg_arena_printf(job->arena, err, "packline-%.40s", hex);
	return p->boundary != NULL ? PKG_OK : pkg_failed_(err->code);
}

static enum pkg_code put_resources(const struct cf_job *job,
				   struct cf_package *p, struct pkg_sink *sink,
				   struct pkg_err *err)
{
	const struct pkg_pinned *files = p->module->bits_files.items;
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_array(&w);
	for (size_t i = 0; i < p->module->bits_files.count; i++) {
		if (!pkg_cf_is_known(job, &files[i]))
			continue;
		p->matched++;
		pkg_jsonw_object(&w);
		pkg_jsonw_key(&w, "checksum");
		pkg_jsonw_object(&w);
		pkg_jsonw_str_member(&w, "value", files[i].sha1);
		pkg_jsonw_object_end(&w);
		pkg_jsonw_str_member(&w, "mode",
				     files[i].executable ? "755" : "644");
		pkg_jsonw_str_member(&w, "path",
				     pkg_cf_name(p->module, &files[i]));
		pkg_jsonw_int_member(&w, "size_in_bytes", files[i].size);
		pkg_jsonw_object_end(&w);
	}
	pkg_jsonw_array_end(&w);
	return pkg_jsonw_finish(&w, err);
}

static enum pkg_code open_part(struct pkg_sink *sink,
			       const struct cf_package *p, const char *headers,
			       struct pkg_err *err)
{
	PKG_TRY(pkg_sink_puts(sink, "--", err));
	PKG_TRY(pkg_sink_puts(sink, p->boundary, err));
	PKG_TRY(
	    pkg_sink_puts(sink, "\r\nContent-Disposition: form-data; ", err));
	return pkg_sink_puts(sink, headers, err);
}

static enum pkg_code put_bits(const struct cf_job *job, struct cf_package *p,
			      struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_sink_digest zip;
	struct pkg_digests out;

	if (p->matched == p->module->bits_files.count)
		return PKG_OK;
	PKG_TRY(open_part(sink, p,
			  "name=\"bits\"; filename=\"bits.zip\"\r\n"
			  "Content-Type: application/zip\r\n\r\n",
			  err));
	PKG_TRY(
	    pkg_digest_new(&digest, job->env->crypto, PKG_DIGEST_SHA256, err));
	pkg_sink_digest_init(&zip, sink, digest);
	PKG_TRY(pkg_cf_bits(job, p->module, &zip.sink, err));
	PKG_TRY(pkg_digest_finish(digest, &out, err));
	pkg_hex_encode(p->zip_sha256, out.sha256, sizeof(out.sha256));
	return pkg_sink_puts(sink, "\r\n", err);
}

static enum pkg_code put_body(const struct cf_job *job, struct cf_package *p,
			      struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf resources = {.max = PKG_LIMIT_LOCK_JSON};
	struct pkg_sink_buf list;

	pkg_sink_buf_init(&list, &resources);
	PKG_TRY(put_resources(job, p, &list.sink, err));
	if (p->matched > 0) {
		PKG_TRY(open_part(sink, p,
				  "name=\"resources\"\r\n"
				  "Content-Type: application/json\r\n\r\n",
				  err));
		PKG_TRY(
		    pkg_sink_write(sink, resources.data, resources.len, err));
		PKG_TRY(pkg_sink_puts(sink, "\r\n", err));
	}
	PKG_TRY(put_bits(job, p, sink, err));
	PKG_TRY(pkg_sink_puts(sink, "--", err));
	PKG_TRY(pkg_sink_puts(sink, p->boundary, err));
	return pkg_sink_puts(sink, "--\r\n", err);
}

enum pkg_code pkg_cf_body(const struct cf_job *job, struct cf_package *p,
			  struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_sink_digest body;
	struct pkg_digests out;

	PKG_TRY(make_boundary(job, p, err));
	PKG_TRY(
	    pkg_digest_new(&digest, job->env->crypto, PKG_DIGEST_SHA256, err));
	pkg_sink_digest_init(&body, sink, digest);
	PKG_TRY(put_body(job, p, &body.sink, err));
	PKG_TRY(pkg_digest_finish(digest, &out, err));
	pkg_hex_encode(p->body_sha256, out.sha256, sizeof(out.sha256));
	p->body_size = body.sink.total;
	return PKG_OK;
}
