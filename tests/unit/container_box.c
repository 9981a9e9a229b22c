/* SPDX-License-Identifier: Apache-2.0 */
#include "container_box.h"

#include "packline/envelope.h"
#include "packline/path.h"
#include "packline/secret.h"
#include "packline/zip.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 8 << 20 };

struct pkg_env box_env;

int box_start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	box_env = (struct pkg_env){.crypto = pki.crypto};
	return 0;
}

struct pkg_container_input box_text(const char *name, const char *content)
{
	return (struct pkg_container_input){
	    .from = PKG_FROM_MEMORY,
	    .source_name = name,
	    .data = content,
	    .len = strlen(content),
	};
}

struct pkg_container_spec box_spec(const struct pkg_container_input *inputs,
				   size_t count)
{
	return (struct pkg_container_spec){
	    .kind = PKG_CONTAINER_SIGNED,
	    .subject = {.tenant = "acme",
			.name = "demo",
			.version = "1.0",
			.sequence = -1},
	    .inputs = inputs,
	    .input_count = count,
	};
}

enum pkg_code box_run(struct pkg_buf *out, struct pkg_container_writer *writer,
		      struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .seekable = true,
	    .force = true,
	    .size = pkg_container_writer_size(writer),
	};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	char path[100];
	uint64_t size = 0;
	enum pkg_code code = PKG_OK;

	(void)snprintf(path, sizeof(path), "%s/box.seal", pki.folder);
	PKG_TRY(pkg_outfile_open(&file, AT_FDCWD, path, &options, err));
	PKG_TRY(pkg_container_writer_run(writer, file, &size, err));
	PKG_TRY(pkg_outfile_commit(file, size, err));
	if (out->max == 0)
		out->max = FILE_MAX;
	code = pkg_path_slurp(out, AT_FDCWD, path, err);
	unlink(path);
	assert_int_equal(out->len, size);
	return code;
}

enum pkg_code box_make(struct pkg_buf *out,
		       const struct pkg_container_spec *spec,
		       struct pkg_err *err)
{
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;

	PKG_TRY(pkg_container_writer_new(&writer, &box_env, spec, err));
	return box_run(out, writer, err);
}

static enum pkg_code trickle_read(struct pkg_source *source, void *buf,
				  size_t cap, size_t *got, struct pkg_err *err)
{
	struct pkg_source_mem *self = (struct pkg_source_mem *)source;

	(void)err;
	*got = cap > 0 && self->len > 0 ? 1 : 0;
	if (*got == 1)
		*(uint8_t *)buf = *self->data;
	self->data += *got;
	self->len -= *got;
	return PKG_OK;
}

static enum pkg_code take_files(struct pkg_container *container,
				struct pkg_buf *plain, struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;
	struct pkg_sink_buf sink;

	if (plain != NULL)
		pkg_sink_buf_init(&sink, plain);
	for (;;) {
		PKG_TRY(pkg_container_next(container, &item, err));
		if (item == NULL)
			return pkg_container_finish(container, err);
		PKG_TRY(pkg_container_read(
		    container, plain != NULL ? &sink.sink : NULL, err));
	}
}

enum pkg_code box_take(const struct pkg_buf *file, const struct box_how *how,
		       struct pkg_buf *plain, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	const struct pkg_container_request *request = NULL;
	struct pkg_source_mem source;

	pkg_source_mem_init(&source, file->data, file->len, "box.seal");
	if (how->trickle)
		source.source.read = trickle_read;
	PKG_TRY(pkg_container_open(&container, &source.source, &box_env, err));
	PKG_TRY(pkg_container_check_order(container, err));
	PKG_TRY(pkg_container_check_recipients(container, err));
	if (how->cek != NULL)
		PKG_TRY(pkg_container_unlock(container, how->cek, err));
	PKG_TRY(pkg_container_request(container, &request, err));
	return take_files(container, plain, err);
}

struct pkg_secret *box_cek(const struct pkg_buf *file,
			   const struct pki_cert *recipient)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(recipient->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *cert = pki_one(recipient);
	const struct pkg_container_bytes *der = NULL;
	struct pkg_source_mem source;
	struct pkg_secret *cek = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	pkg_source_mem_init(&source, file->data, file->len, "box.seal");
	assert_ok(
	    pkg_container_open(&container, &source.source, &box_env, &err));
	der = &pkg_container_head(container)->recipients;
	assert_ok(
	    pkg_envelope_open(&cek, der->data, der->len, key, cert, &err));
	return cek;
}

void box_explode(struct box_parts *parts, const struct pkg_buf *file)
{
	PKG_AUTO(pkg_zip_reader) struct pkg_zip_reader *zip = NULL;
	const struct pkg_zip_entry *entry = NULL;
	struct pkg_source_mem source;
	struct pkg_err err = PKG_ERR_INIT;

	*parts = (struct box_parts){0};
	pkg_source_mem_init(&source, file->data, file->len, "box.seal");
	assert_ok(pkg_zip_reader_new(&zip, &source.source, &err));
	for (;;) {
		struct box_part *part = &parts->part[parts->count];

		assert_ok(pkg_zip_reader_peek(zip, &entry, &err));
		if (entry == NULL)
			return;
		assert_true(parts->count++ < BOX_PARTS);
		memcpy(part->name, entry->name, strlen(entry->name) + 1);
		part->content.max = FILE_MAX;
		assert_ok(
		    pkg_zip_reader_enter(zip, part->name, UINT64_MAX, &err));
		assert_ok(pkg_zip_reader_slurp(zip, &part->content, &err));
	}
}

void box_implode(struct pkg_buf *file, const struct box_parts *parts)
{
	struct pkg_zip_list list = {0};
	struct pkg_sink_buf sink;
	uint8_t header[PKG_ZIP_LOCAL_MAX];
	struct pkg_err err = PKG_ERR_INIT;

	file->max = FILE_MAX;
	pkg_buf_clear(file);
	pkg_sink_buf_init(&sink, file);
	for (size_t i = 0; i < parts->count; i++) {
		const struct pkg_buf *content = &parts->part[i].content;

		assert_ok(pkg_zip_list_add(&list, parts->part[i].name,
					   content->len, &err));
		list.entries[i].crc =
		    pkg_zip_crc32(0, content->data, content->len);
		assert_ok(pkg_sink_write(
		    &sink.sink, header, pkg_zip_local(header, &list.entries[i]),
		    &err));
		assert_ok(pkg_sink_write(&sink.sink, content->data,
					 content->len, &err));
	}
	assert_ok(pkg_zip_list_finish(&list, &sink.sink, &err));
	pkg_zip_list_fini(&list);
}

void box_parts_fini(struct box_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		pkg_buf_fini(&parts->part[i].content);
}

struct box_part *box_find(struct box_parts *parts, const char *name)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (strcmp(parts->part[i].name, name) == 0)
			return &parts->part[i];
	}
	fail_msg("no member '%s'", name);
	return NULL;
}
