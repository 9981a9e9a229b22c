/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_box.h"

#include "packline/digest.h"
#include "packline/job.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/text.h"
#include "packline/zip.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 1 << 26 };

static int64_t box_clock(const struct pkg_env *env)
{
	return env->fixed_now;
}

const char *batch_box_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/spool/batch/acme/b1/%s", pki.folder,
		 name);
	return path;
}

void batch_box_read(struct pkg_buf *out, const char *name)
{
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_path_slurp(out, AT_FDCWD, batch_box_path(name), &err));
}

void batch_box_write(const char *name, const void *data, size_t len)
{
	const int fd = open(batch_box_path(name), O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void load_process(struct batch_box *box, const char *lines)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = MAX};
	struct pki_bytes ca = pki_cert_pem(&pki.ca);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf trust = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = PKG_OK;
	char hex[65];

	(void)pki_file("ca.pem", ca.data, ca.len);
	free(ca.data);
	pkg_hex_encode(hex, pkg_certs_info(box->certs, 0)->spki, 32);
	assert_ok(pkg_buf_printf(&trust, &err,
				 "packline: 1\ntrust:\n  roots: [ca.pem]\n"
				 "  signers: {pins: [{id: carol, spki: "
				 "'sha256:%s'}]}\n",
				 hex));
	(void)pki_file("trust.yaml", trust.data, trust.len);
	assert_ok(pkg_buf_puts(&text,
			       "packline: 1\nprocess:\n  id: 7\n  name: p\n"
			       "  tenant: acme\n",
			       &err));
	assert_ok(pkg_buf_puts(&text, lines, &err));
	code = pkg_process_load(&box->process, &box->env, &box->diag, AT_FDCWD,
				pki_file("process.yaml", text.data, text.len),
				&err);
	if (code != PKG_OK)
		fail_msg("%s: %s", err.text,
			 box->diag.first == NULL ? "" : box->diag.first->text);
}

/* The digests of a document, in the words of the list. */
static void put_line(struct pkg_buf *list, const struct box_document *document,
		     size_t id, unsigned bits)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	const unsigned other =
	    bits == 512 ? PKG_DIGEST_SHA512 : PKG_DIGEST_SHA384;
	struct pkg_digests digests;
	struct pkg_err err = PKG_ERR_INIT;
	char hex[PKG_DIGEST_HEX];

	assert_ok(pkg_digest_new(&digest, pki.crypto, PKG_DIGEST_SHA256 | other,
				 &err));
	assert_ok(
	    pkg_digest_update(digest, document->data, document->len, &err));
	assert_ok(pkg_digest_finish(digest, &digests, &err));
	assert_ok(pkg_buf_puts(list, "{", &err));
	if (bits > 256) {
		pkg_hex_encode(hex, pkg_digests_get(&digests, other), bits / 8);
		assert_ok(
		    pkg_buf_printf(list, &err, "\"digest\":\"%s\",", hex));
	}
	pkg_hex_encode(hex, digests.sha256, 32);
	assert_ok(pkg_buf_printf(list, &err,
				 "\"id\":%zu,\"isZip\":false,\"name\":\"%s\","
				 "\"sha256\":\"%s\",\"size\":%zu}\n",
				 id, document->name, hex, document->len));
}

/* Where a ZIP file has its headers, nothing is looked at. */
static void put_content(struct pkg_buf *content,
			const struct box_document *document, size_t id)
{
	char member[32];
	const struct pkg_zip_entry entry = {.name = member,
					    .size = document->len};
	struct pkg_err err = PKG_ERR_INIT;
	size_t room = 0;

	snprintf(member, sizeof(member), "d%06zu", id);
	room = pkg_zip_local(NULL, &entry);
	assert_ok(pkg_buf_reserve(content, room, &err));
	memset(content->data + content->len, 0, room);
	content->len += room;
	assert_ok(pkg_buf_add(content, document->data, document->len, &err));
}

static void put_file(struct pkg_outdir *folder, const char *name,
		     const struct pkg_buf *data)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_fd sink;
	int fd = -1;

	assert_ok(pkg_outdir_create(folder, name, 0600, &fd, &err));
	pkg_sink_fd_init(&sink, fd, name);
	assert_ok(pkg_sink_write(&sink.sink, data->data, data->len, &err));
	assert_ok(pkg_outdir_close_file(folder, fd, &err));
}

static struct box_document document_at(char name[static 32],
				       const struct box_spec *spec, size_t at)
{
	if (spec->documents != NULL)
		return spec->documents[at];
	snprintf(name, 32, "document %zu", at + 1);
	return (struct box_document){name, name, strlen(name)};
}

static void put_documents(struct pkg_outdir *folder,
			  const struct box_spec *spec)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf list = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf content = {.max = MAX};

	for (size_t i = 0; i < spec->count; i++) {
		char name[32];
		const struct box_document document = document_at(name, spec, i);

		put_line(&list, &document, i + 1, spec->digest_bits);
		put_content(&content, &document, i + 1);
	}
	put_file(folder, "documents-001.jsonl", &list);
	put_file(folder, "content-001.zip", &content);
}

void batch_box_again(struct batch_box *box)
{
	const struct pkg_batch_open which = {
	    .spool = box->spool,
	    .tenant = "acme",
	    .id = "b1",
	    .mode = PKG_JOB_TRY,
	    .process = box->process,
	};
	struct pkg_err err = PKG_ERR_INIT;

	pkg_batch_free(box->batch);
	box->batch = NULL;
	assert_ok(pkg_batch_open(&box->batch, &box->env, &which, &err));
}

static void make_batch(struct batch_box *box, const struct box_spec *spec)
{
	struct pkg_batch_record record = {
	    .id = "b1",
	    .tenant = "acme",
	    .created = "2027-01-15T08:00:00Z",
	    .process_id = 7,
	    .process_name = "p",
	};
	struct pkg_batch_state state = {
	    .status = PKG_BATCH_READY, .uploads = 1, .documents = spec->count};
	const struct pkg_batch_begin begin = {.spool = box->spool,
					      .record = &record,
					      .process = box->process,
					      .dirfd = AT_FDCWD,
					      .state = &state};
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	memcpy(record.process_sha256, box->process->sha256, 32);
	for (size_t i = 0; i < spec->count; i++) {
		char name[32];

		state.bytes += document_at(name, spec, i).len;
	}
	assert_ok(pkg_batch_begin(&folder, &box->env, &begin, &err));
	put_documents(folder, spec);
	assert_ok(pkg_job_commit(folder, &err));
}

void batch_box_open(struct batch_box *box, const struct box_spec *spec)
{
	char path[128];
	struct pkg_err err = PKG_ERR_INIT;

	*box = (struct batch_box){
	    .env = {.now = box_clock,
		    .fixed_now = PKI_NOW,
		    .crypto = pki.crypto},
	    .key = pki_load_key(pki.p256),
	    .certs = pki_one(&pki.signer),
	};
	assert_ok(pkg_arena_new(&box->arena, 1u << 20, &err));
	box->diag.arena = box->arena;
	load_process(box, spec->process);
	snprintf(path, sizeof(path), "%s/spool", pki.folder);
	assert_ok(
	    pkg_spool_open(&box->spool, AT_FDCWD, path, "batch", true, &err));
	make_batch(box, spec);
	batch_box_again(box);
}

void batch_box_close(struct batch_box *box)
{
	char command[160];

	pkg_batch_free(box->batch);
	pkg_spool_free(box->spool);
	pkg_process_free(box->process);
	pkg_arena_free(box->arena);
	pkg_certs_free(box->certs);
	pkg_key_free(box->key);
	snprintf(command, sizeof(command), "rm -rf '%s'/*", pki.folder);
	assert_int_equal(system(command), 0);
}

enum pkg_code batch_box_run(struct batch_box *box, unsigned threads,
			    struct pkg_batch_outcome *outcome,
			    struct pkg_err *err)
{
	const bool sign = box->process->action == PKG_PROCESS_SIGN;
	const struct pkg_batch_run_options options = {
	    .key = sign ? box->key : NULL,
	    .certs = box->certs,
	    .threads = threads,
	};

	*err = PKG_ERR_INIT;
	return pkg_batch_run(box->batch, &options, outcome, err);
}
