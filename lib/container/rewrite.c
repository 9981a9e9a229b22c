/* SPDX-License-Identifier: Apache-2.0 */
#include "container/reader.h"
#include "packline/cms.h"
#include "packline/container_write.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* A signature and the key that orders it. */
struct signature {
	struct pkg_container_bytes der;
	uint8_t spki[32];
};

/* The file being written: everything goes to the sink from the front. */
struct pkg_container_copy {
	struct pkg_container *container;
	struct pkg_sink *sink;
	struct pkg_zip_list list;
	struct pkg_arena *names;
};

void pkg_container_copy_free(struct pkg_container_copy *copy)
{
	if (copy == NULL)
		return;
	pkg_zip_list_fini(&copy->list);
	pkg_arena_free(copy->names);
	free(copy);
}

static int by_spki(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;

	return memcmp(x->spki, y->spki, sizeof(x->spki));
}

/* Put the signatures into their order; one key signs once. */
static enum pkg_code order(struct signature *out,
			   const struct pkg_container_edit *edit,
			   struct pkg_crypto *crypto, struct pkg_err *err)
{
	for (size_t i = 0; i < edit->signature_count; i++) {
		const struct pkg_container_blob *blob = &edit->signatures[i];
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(
		    pkg_cms_parse(&cms, crypto, blob->data, blob->len, err));
		out[i].der =
		    (struct pkg_container_bytes){blob->data, blob->len};
		memcpy(out[i].spki, pkg_cms_claim(cms)->cert.spki, 32);
	}
	qsort(out, edit->signature_count, sizeof(*out), by_spki);
	for (size_t i = 1; i < edit->signature_count; i++) {
		if (by_spki(&out[i - 1], &out[i]) == 0)
			return pkg_refuse(err, PKG_USAGE, "signature-order",
					  "two signatures are by the same key");
	}
	return PKG_OK;
}

/* Begin the member @name with the CRC that its content will have. */
static enum pkg_code begin(struct pkg_container_copy *self, const char *name,
			   uint64_t size, uint32_t crc, struct pkg_err *err)
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

static enum pkg_code put(struct pkg_container_copy *self, const char *name,
			 struct pkg_container_bytes content,
			 struct pkg_err *err)
{
	PKG_TRY(begin(self, name, content.len,
		      pkg_zip_crc32(0, content.data, content.len), err));
	return pkg_sink_write(self->sink, content.data, content.len, err);
}

static enum pkg_code put_signatures(struct pkg_container_copy *self,
				    const struct pkg_container_edit *edit,
				    struct pkg_err *err)
{
	struct signature sorted[PKG_LIMIT_SIGNATURES];
	const struct pkg_container_head *head = &self->container->head;
	member_name json, p7s;

	PKG_TRY(order(sorted, edit, self->container->env->crypto, err));
	for (size_t i = 0; i < edit->signature_count; i++) {
		pkg_name_signature(p7s, i);
		PKG_TRY(put(self, p7s, sorted[i].der, err));
	}
	for (size_t i = 0; edit->keep_approvals && i < head->approval_count;
	     i++) {
		pkg_name_approval(json, p7s, i);
		PKG_TRY(put(self, json, head->approvals[i].json, err));
		PKG_TRY(put(self, p7s, head->approvals[i].p7s, err));
	}
	return PKG_OK;
}

static enum pkg_code put_head(struct pkg_container_copy *self,
			      const struct pkg_container_edit *edit,
			      struct pkg_err *err)
{
	const struct pkg_container *c = self->container;
	const struct pkg_container_member *request =
	    &c->head.manifest.members[c->first_file - 1];
	const struct pkg_container_bytes mime = {
	    (const uint8_t *)PKG_CONTAINER_MIME, strlen(PKG_CONTAINER_MIME)};
	char hex[65];

	PKG_TRY(put(self, MEMBER_MIMETYPE, mime, err));
	PKG_TRY(put(self, MEMBER_MANIFEST, c->head.manifest_json, err));
	PKG_TRY(put_signatures(self, edit, err));
	if (c->encrypted) {
		pkg_hex_encode(hex, c->head.mac, sizeof(c->head.mac));
		PKG_TRY(put(self, MEMBER_MAC,
			    (struct pkg_container_bytes){(const uint8_t *)hex,
							 PKG_LIMIT_MAC},
			    err));
		PKG_TRY(put(self, MEMBER_RECIPIENTS, c->head.recipients, err));
	}
	return put(self, request->name,
		   (struct pkg_container_bytes){c->request_stored.data,
						c->request_stored.len},
		   err);
}

static enum pkg_code check_edit(const struct pkg_container *container,
				const struct pkg_container_edit *edit,
				struct pkg_err *err)
{
	if (container->head.manifest.kind == PKG_CONTAINER_ENCRYPTED &&
	    edit->signature_count > 0)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' has no "
				"signature");
	if (edit->signature_count > PKG_LIMIT_SIGNATURES)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u signatures",
				  PKG_LIMIT_SIGNATURES);
	if (!container->asked)
		return pkg_fail(err, PKG_INTERNAL,
				"the request was not read before copying");
	return PKG_OK;
}

enum pkg_code pkg_container_copy_new(struct pkg_container_copy **out,
				     struct pkg_container *container,
				     const struct pkg_container_edit *edit,
				     struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_container_copy) struct pkg_container_copy *self = NULL;

	PKG_TRY(check_edit(container, edit, err));
	self = calloc(1, sizeof(*self));
	if (self == NULL) {
		(void)pkg_fail_nomem(err);
		return PKG_SYSTEM; /* the analyzer must see that it fails */
	}
	self->container = container;
	self->sink = sink;
	PKG_TRY(pkg_arena_new(&self->names, PKG_LIMIT_ARENA, err));
	PKG_TRY(put_head(self, edit, err));
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_container_copy_read(struct pkg_container_copy *self,
				      struct pkg_sink *plain,
				      struct pkg_err *err)
{
	const struct pkg_container_member *member =
	    self->container->item.member;
	const struct pkg_zip_list *old =
	    pkg_zip_reader_list(self->container->zip);

	if (!self->container->inside)
		return pkg_fail(err, PKG_INTERNAL, "no file was entered");
	/* The CRC of the old header, which reading compares. */
	PKG_TRY(begin(self, member->name, member->size,
		      old->entries[old->count - 1].crc, err));
	return pkg_reader_read(self->container, self->sink, plain, err);
}

enum pkg_code pkg_container_copy_finish(struct pkg_container_copy *self,
					struct pkg_err *err)
{
	PKG_TRY(pkg_container_finish(self->container, err));
	return pkg_zip_list_finish(&self->list, self->sink, err);
}

enum pkg_code pkg_container_rewrite(struct pkg_container *container,
				    const struct pkg_container_edit *edit,
				    struct pkg_sink *sink, struct pkg_err *err)
{
	PKG_AUTO(pkg_container_copy) struct pkg_container_copy *copy = NULL;
	const struct pkg_container_request *request = NULL;
	const struct pkg_container_item *item = NULL;

	PKG_TRY(pkg_container_check_recipients(container, err));
	PKG_TRY(pkg_container_request(container, &request, err));
	PKG_TRY(pkg_container_copy_new(&copy, container, edit, sink, err));
	for (;;) {
		PKG_TRY(pkg_container_next(container, &item, err));
		if (item == NULL)
			return pkg_container_copy_finish(copy, err);
		PKG_TRY(pkg_container_copy_read(copy, NULL, err));
	}
}
