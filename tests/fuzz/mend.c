/* SPDX-License-Identifier: Apache-2.0 */
#include "mend.h"

#include "fuzz.h"

#include "packline/aead.h"
#include "packline/container.h"
#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/zip.h"

#include <string.h>

enum { ARENA = 64 << 20, FIXED = 30, EXTRA = 20 };

static uint64_t get(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

void mend_take_apart(struct mend_box *box, const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (box->count < MEND_MEMBERS && size - at >= FIXED &&
	       memcmp(data + at, "PK\3\4", 4) == 0) {
		struct mend_member *m = &box->members[box->count];
		const size_t name = (size_t)get(data + at + 26, 2);
		const size_t extra = (size_t)get(data + at + 28, 2);
		const uint64_t len = get(data + at + 22, 4);

		if (name == 0 || name > PKG_ZIP_NAME_MAX ||
		    (extra != 0 && extra != EXTRA) ||
		    size - at < FIXED + name + extra)
			return;
		memcpy(m->name, data + at + FIXED, name);
		m->name[name] = '\0';
		if (m->name[0] == '\0')
			return;
		at += FIXED + name + extra;
		m->data = data + at;
		/* an absurd size means the rest */
		m->len = len > size - at ? size - at : (size_t)len;
		at += m->len;
		box->count++;
	}
}

size_t mend_put_together(const struct mend_box *box, uint8_t *out, size_t max)
{
	PKG_AUTO_FINI(pkg_zip_list) struct pkg_zip_list list = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tail = {.max = ARENA};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;

	for (size_t i = 0; i < box->count; i++) {
		const struct mend_member *m = &box->members[i];

		MUST(pkg_zip_list_add(&list, m->name, m->len, &err) == PKG_OK);
		list.entries[i].crc = pkg_zip_crc32(0, m->data, m->len);
	}
	if (list.end + pkg_zip_list_tail(&list) > max)
		return 0;
	for (size_t i = 0; i < box->count; i++) {
		(void)pkg_zip_local(out + list.entries[i].offset,
				    &list.entries[i]);
		memcpy(out + pkg_zip_list_data(&list, i), box->members[i].data,
		       box->members[i].len);
	}
	pkg_sink_buf_init(&sink, &tail);
	MUST(pkg_zip_list_finish(&list, &sink.sink, &err) == PKG_OK);
	memcpy(out + list.end, tail.data, tail.len);
	return (size_t)list.end + tail.len;
}

static size_t rebuild(const struct mend_box *box, uint8_t *data, size_t size,
		      size_t max)
{
	uint8_t *made = malloc(max);
	size_t len = 0;

	MUST(made != NULL);
	if (box->count > 0)
		len = mend_put_together(box, made, max);
	if (len > 0)
		memcpy(data, made, len);
	free(made);
	return len > 0 ? len : size;
}

size_t mend_zip(uint8_t *data, size_t size, size_t max)
{
	struct mend_box box = {.count = 0};

	mend_take_apart(&box, data, size);
	return rebuild(&box, data, size, max);
}

static struct mend_member *find(struct mend_box *box, const char *name)
{
	for (size_t i = 0; i < box->count; i++)
		if (strcmp(box->members[i].name, name) == 0)
			return &box->members[i];
	return NULL;
}

static void digest(struct pkg_crypto *crypto, uint8_t sha256[32],
		   const struct mend_member *m)
{
	struct pkg_err err = PKG_ERR_INIT;

	MUST(pkg_digest_sha256(crypto, m->data, m->len, sha256, &err) ==
	     PKG_OK);
}

/* request.json lists the files that are there; @id receives its id. */
static void mend_request(struct mend_box *box, struct pkg_crypto *crypto,
			 struct pkg_arena *arena, struct pkg_buf *json,
			 char id[37])
{
	struct mend_member *m = find(box, "META-INF/request.json");
	struct pkg_container_request request;
	struct pkg_err err = PKG_ERR_INIT;

	if (m == NULL || pkg_container_request_decode(&request, arena, m->data,
						      m->len, &err) != PKG_OK)
		return;
	for (size_t i = 0; i < request.file_count; i++) {
		/* the array is the decoder's, in our arena */
		struct pkg_container_file *file =
		    (struct pkg_container_file *)(uintptr_t)&request.files[i];
		const struct mend_member *data = find(box, file->member);

		if (data == NULL)
			continue;
		file->size = data->len;
		file->has_given = false;
		digest(crypto, file->sha256, data);
	}
	MUST(pkg_container_derive_id(id, &request, crypto, &err) == PKG_OK);
	request.subject.id = id;
	MUST(pkg_container_request_encode(json, &request, &err) == PKG_OK);
	m->data = json->data;
	m->len = json->len;
}

static void mend_row(struct mend_box *box, struct pkg_crypto *crypto,
		     struct pkg_container_member *row)
{
	const struct mend_member *data = find(box, row->name);

	if (data == NULL)
		return;
	row->size = row->plain_size = data->len;
	if (row->encrypted && !pkg_aead_plain_size(&row->plain_size, row->size))
		row->plain_size = 0;
	digest(crypto, row->sha256, data);
}

static void mend_manifest(struct mend_box *box, struct pkg_crypto *crypto,
			  struct pkg_arena *arena, struct pkg_buf *json,
			  const char *id)
{
	struct mend_member *m = find(box, "META-INF/manifest.json");
	struct pkg_container_manifest manifest;
	struct pkg_err err = PKG_ERR_INIT;

	if (m == NULL || pkg_container_manifest_decode(
			     &manifest, arena, m->data, m->len, &err) != PKG_OK)
		return;
	for (size_t i = 0; i < manifest.member_count; i++) {
		struct pkg_container_member *row =
		    (struct pkg_container_member *)(uintptr_t)&manifest
			.members[i];

		mend_row(box, crypto, row);
		if (row->role == PKG_ROLE_REQUEST && !row->encrypted)
			memcpy(manifest.request_sha256, row->sha256, 32);
	}
	if (id[0] != '\0')
		manifest.subject.id = id;
	MUST(pkg_container_manifest_encode(json, &manifest, &err) == PKG_OK);
	m->data = json->data;
	m->len = json->len;
}

size_t mend_container(uint8_t *data, size_t size, size_t max)
{
	static struct pkg_crypto *crypto;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf request = {.max = ARENA};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf manifest = {.max = ARENA};
	struct pkg_err err = PKG_ERR_INIT;
	struct mend_box box = {.count = 0};
	char id[37] = "";

	if (crypto == NULL)
		MUST(pkg_crypto_new(&crypto, &err) == PKG_OK);
	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	mend_take_apart(&box, data, size);
	mend_request(&box, crypto, arena, &request, id);
	mend_manifest(&box, crypto, arena, &manifest, id);
	return rebuild(&box, data, size, max);
}
