/* SPDX-License-Identifier: Apache-2.0 */
#include "container/assemble.h"

#include "packline/cms.h"
#include "packline/sink.h"

#include <stdlib.h>
#include <string.h>

/* A signature or an approval, and the key that orders it. */
struct ordered {
	struct pkg_container_bytes p7s, json; /* json: of an approval */
	uint8_t spki[32];
};

enum pkg_code pkg_assembly_init(struct assembly *out, struct pkg_sink *sink,
				struct pkg_err *err)
{
	*out = (struct assembly){.sink = sink};
	return pkg_arena_new(&out->names, PKG_LIMIT_ARENA, err);
}

void pkg_assembly_fini(struct assembly *self)
{
	pkg_zip_list_fini(&self->list);
	pkg_arena_free(self->names);
}

enum pkg_code pkg_assembly_begin(struct assembly *self, const char *name,
				 uint64_t size, uint32_t crc,
				 struct pkg_err *err)
{
	uint8_t header[PKG_ZIP_LOCAL_MAX];
	struct pkg_zip_entry *entry = NULL;
	const char *copy = pkg_arena_dup(self->names, name, strlen(name), err);

	if (copy == NULL)
		return err->code;
	PKG_TRY(pkg_zip_list_add(&self->list, copy, size, err));
	entry = &self->list.entries[self->list.count - 1];
	entry->crc = crc;
	return pkg_sink_write(self->sink, header, pkg_zip_local(header, entry),
			      err);
}

enum pkg_code pkg_assembly_put(struct assembly *self, const char *name,
			       struct pkg_container_bytes content,
			       struct pkg_err *err)
{
	PKG_TRY(pkg_assembly_begin(self, name, content.len,
				   pkg_zip_crc32(0, content.data, content.len),
				   err));
	return pkg_sink_write(self->sink, content.data, content.len, err);
}

static int by_spki(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return memcmp(x->spki, y->spki, sizeof(x->spki));
}

/* Whose is it?  One key signs once, and approves once. */
static enum pkg_code order(struct ordered *list, size_t count, const char *what,
			   struct pkg_crypto *crypto, struct pkg_err *err)
{
	for (size_t i = 0; i < count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(pkg_cms_parse(&cms, crypto, list[i].p7s.data,
				      list[i].p7s.len, err));
		memcpy(list[i].spki, pkg_cms_claim(cms)->cert.spki, 32);
	}
	qsort(list, count, sizeof(*list), by_spki);
	for (size_t i = 1; i < count; i++) {
		if (by_spki(&list[i - 1], &list[i]) == 0)
			return pkg_refuse(err, PKG_USAGE, "signature-order",
					  "two %s are by the same key", what);
	}
	return PKG_OK;
}

static enum pkg_code put_signatures(struct assembly *self,
				    const struct pkg_container_edit *edit,
				    struct pkg_crypto *crypto,
				    struct pkg_err *err)
{
	struct ordered list[PKG_LIMIT_SIGNATURES];
	member_name name;

	for (size_t i = 0; i < edit->signature_count; i++)
		list[i].p7s = edit->signatures[i];
	PKG_TRY(order(list, edit->signature_count, "signatures", crypto, err));
	for (size_t i = 0; i < edit->signature_count; i++) {
		pkg_name_signature(name, i);
		PKG_TRY(pkg_assembly_put(self, name, list[i].p7s, err));
	}
	return PKG_OK;
}

static enum pkg_code put_approvals(struct assembly *self,
				   const struct pkg_container_edit *edit,
				   struct pkg_crypto *crypto,
				   struct pkg_err *err)
{
	struct ordered list[PKG_LIMIT_SIGNATURES];
	member_name json, p7s;

	for (size_t i = 0; i < edit->approval_count; i++) {
		list[i].json = edit->approvals[i].json;
		list[i].p7s = edit->approvals[i].p7s;
	}
	PKG_TRY(order(list, edit->approval_count, "approvals", crypto, err));
	for (size_t i = 0; i < edit->approval_count; i++) {
		pkg_name_approval(json, p7s, i);
		PKG_TRY(pkg_assembly_put(self, json, list[i].json, err));
		PKG_TRY(pkg_assembly_put(self, p7s, list[i].p7s, err));
	}
	return PKG_OK;
}

enum pkg_code pkg_assembly_edit(struct assembly *self,
				const struct pkg_container_edit *edit,
				struct pkg_crypto *crypto, struct pkg_err *err)
{
	if (edit->signature_count > PKG_LIMIT_SIGNATURES ||
	    edit->approval_count > PKG_LIMIT_SIGNATURES)
		return pkg_refuse(err, PKG_INPUT, "limit", "more than %u %s",
				  PKG_LIMIT_SIGNATURES,
				  edit->signature_count > PKG_LIMIT_SIGNATURES
				      ? "signatures"
				      : "approvals");
	PKG_TRY(put_signatures(self, edit, crypto, err));
	return put_approvals(self, edit, crypto, err);
}

enum pkg_code pkg_assembly_finish(struct assembly *self, struct pkg_err *err)
{
	return pkg_zip_list_finish(&self->list, self->sink, err);
}
