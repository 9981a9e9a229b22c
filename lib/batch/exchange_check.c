/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/digest.h"
#include "packline/hasher.h"
#include "packline/path.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- what both directions are about -- */

struct pkg_exchange pkg_exchange_of(const struct pkg_batch *batch)
{
	const struct pkg_batch_record *record = &batch->record;
	struct pkg_exchange exchange = {
	    .batch = record->id,
	    .tenant = record->tenant,
	    .has_previous = record->has_previous,
	};

	memcpy(exchange.process_sha256, record->process_sha256, 32);
	memcpy(exchange.previous_sha256, record->previous_sha256, 32);
	return exchange;
}

enum pkg_code pkg_batch_is_imported(bool *imported,
				    const struct pkg_batch *batch,
				    struct pkg_err *err)
{
	return pkg_path_is_there(imported, pkg_job_fd(batch->job),
				 BATCH_EXCHANGE, err);
}

enum pkg_code pkg_exchange_check_process(const struct pkg_process *process,
					 struct pkg_err *err)
{
	if (process->action != PKG_PROCESS_SIGN) {
		(void)pkg_refuse(err, PKG_NO, "exchange-action",
				 "process '%s' signs nothing: what comes back "
				 "could not be verified",
				 process->name);
		return pkg_hint(err, "it needs no key: run it here");
	}
	if (process->trust != NULL)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "no-trust",
			 "process '%s' does not say who may sign",
			 process->name);
	return pkg_hint(err, "name a certificate or a trust policy in it: "
			     "trust: FILE");
}

enum pkg_code pkg_exchange_validate(const struct pkg_batch *batch,
				    struct pkg_err *missing,
				    struct pkg_arena *arena,
				    struct pkg_err *err)
{
	const enum pkg_code code = pkg_batch_validate(batch, NULL, arena, err);

	*missing = *err;
	if (code != PKG_NO || err->reason == NULL ||
	    strcmp(err->reason, "too-few-approvals") != 0)
		return code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

enum pkg_code pkg_exchange_hash(const struct pkg_batch *batch, const char *name,
				uint8_t sha256[static 32], struct pkg_err *err)
{
	const struct pkg_hasher_item item = {
	    .path = name,
	    .fd = -1,
	    .nofollow = true,
	    .set = PKG_DIGEST_SHA256,
	};
	struct pkg_artifact file;

	PKG_TRY(pkg_hasher_one(batch->env->crypto, pkg_job_fd(batch->job),
			       &item, &file, err));
	memcpy(sha256, file.digests.sha256, 32);
	return PKG_OK;
}

/* -- content -- */

/* The file of content that is being read, and the documents in it. */
struct contents {
	const struct pkg_batch *batch;
	struct pkg_digest *digest;
	unsigned set; /* of digests */
	unsigned upload;
	char name[BATCH_FILE_NAME];
	int fd;
	struct pkg_source_fd source;
	struct pkg_zip_reader *zip;
};

static void contents_fini(struct contents *c)
{
	pkg_digest_free(c->digest);
	pkg_zip_reader_free(c->zip);
	if (c->fd >= 0)
		(void)close(c->fd);
}

/* The one that is open ends here. */
static enum pkg_code close_content(struct contents *c, struct pkg_err *err)
{
	if (c->zip == NULL)
		return PKG_OK;
	PKG_TRY(pkg_zip_reader_finish(c->zip, err));
	pkg_zip_reader_free(c->zip);
	c->zip = NULL;
	(void)close(c->fd);
	c->fd = -1;
	return PKG_OK;
}

static enum pkg_code open_content(struct contents *c, unsigned upload,
				  struct pkg_err *err)
{
	struct stat st;

	PKG_TRY(close_content(c, err));
	pkg_batch_file_name(c->name, BATCH_CONTENT, upload);
	PKG_TRY(pkg_path_open_regular(&c->fd, &st, pkg_job_fd(c->batch->job),
				      c->name, true, err));
	pkg_source_fd_init(&c->source, c->fd, c->name);
	c->upload = upload;
	return pkg_zip_reader_new(&c->zip, &c->source.source, err);
}

static enum pkg_code hash_member(struct contents *c, struct pkg_digests *out,
				 struct pkg_err *err)
{
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	PKG_TRY(pkg_digest_reset(c->digest, c->set, err));
	do {
		PKG_TRY(pkg_zip_reader_read(c->zip, chunk, sizeof(chunk), &got,
					    err));
		PKG_TRY(pkg_digest_update(c->digest, chunk, got, err));
	} while (got > 0);
	return pkg_digest_finish(c->digest, out, err);
}

static enum pkg_code check_member(void *context,
				  const struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	struct contents *c = context;
	const unsigned algorithm = pkg_process_digest(c->batch->process);
	struct pkg_digests digests = {0};
	char name[BATCH_FILE_NAME];

	if (document->upload != c->upload)
		PKG_TRY(open_content(c, document->upload, err));
	pkg_batch_file_name(name, BATCH_MEMBER, (unsigned)document->id);
	PKG_TRY(pkg_zip_reader_enter(c->zip, name, document->size, err));
	PKG_TRY(hash_member(c, &digests, err));
	if (memcmp(digests.sha256, document->sha256, 32) == 0 &&
	    memcmp(pkg_digests_get(&digests, algorithm), document->digest,
		   pkg_digest_size(algorithm)) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "document-changed",
			  "document '%s' is not the one that is listed",
			  document->name);
}

enum pkg_code pkg_exchange_check_content(const struct pkg_batch *batch,
					 struct pkg_err *err)
{
	struct contents c = {
	    .batch = batch,
	    .set = PKG_DIGEST_SHA256 | pkg_process_digest(batch->process),
	    .fd = -1,
	};
	enum pkg_code code =
	    pkg_digest_new(&c.digest, batch->env->crypto, c.set, err);

	if (code == PKG_OK)
		code = pkg_batch_documents(batch, check_member, &c, err);
	if (code == PKG_OK)
		code = close_content(&c, err);
	contents_fini(&c);
	return code;
}
