/* SPDX-License-Identifier: Apache-2.0 */
#include "container/assemble.h"
#include "container/reader.h"
#include "packline/container_write.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* The file being written: everything goes to the sink from the front. */
struct pkg_container_copy {
	struct pkg_container *container;
	struct assembly out;
};

void pkg_container_copy_free(struct pkg_container_copy *copy)
{
	if (copy == NULL)
		return;
	pkg_assembly_fini(&copy->out);
	free(copy);
}

static struct pkg_container_bytes text_bytes(const char *text)
{
	return (struct pkg_container_bytes){(const uint8_t *)text,
					    strlen(text)};
}

static struct pkg_container_bytes buf_bytes(const struct pkg_buf *buf)
{
	return (struct pkg_container_bytes){buf->data, buf->len};
}

static enum pkg_code put_container(struct assembly *out,
				   const struct pkg_container *c,
				   const struct pkg_container_edit *edit,
				   struct pkg_err *err)
{
	const struct pkg_container_head *head = &c->head;
	const struct pkg_container_member *request =
	    &head->manifest.members[c->first_file - 1];
	char hex[65];

	PKG_TRY(pkg_assembly_put(out, MEMBER_MIMETYPE,
				 text_bytes(PKG_CONTAINER_MIME), err));
	PKG_TRY(
	    pkg_assembly_put(out, MEMBER_MANIFEST, head->manifest_json, err));
	PKG_TRY(pkg_assembly_edit(out, edit, c->env->crypto, err));
	if (c->encrypted) {
		pkg_hex_encode(hex, head->mac, sizeof(head->mac));
		PKG_TRY(
		    pkg_assembly_put(out, MEMBER_MAC, text_bytes(hex), err));
		PKG_TRY(pkg_assembly_put(out, MEMBER_RECIPIENTS,
					 head->recipients, err));
	}
	return pkg_assembly_put(out, request->name,
				buf_bytes(&c->request_stored), err);
}

static enum pkg_code put_head(struct pkg_container_copy *self,
			      const struct pkg_container_edit *edit,
			      struct pkg_err *err)
{
	const struct pkg_container *c = self->container;
	const struct pkg_container_request_parts parts = {
	    .manifest_json = c->head.manifest_json,
	    .request_json = buf_bytes(&c->request_stored),
	    .recipients = c->head.recipients,
	    .plan = buf_bytes(&c->plan_json),
	};

	if (c->head.request_file)
		return pkg_assembly_request(&self->out, &parts, edit,
					    c->env->crypto, err);
	return put_container(&self->out, c, edit, err);
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
	PKG_TRY(pkg_assembly_init(&self->out, sink, err));
	PKG_TRY(put_head(self, edit, err));
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_container_copy_read(struct pkg_container_copy *self,
				      struct pkg_sink *plain,
				      struct pkg_err *err)
{
	const struct pkg_container *c = self->container;
	const struct pkg_container_member *member = c->item.member;
	const struct pkg_zip_list *old = pkg_zip_reader_list(c->zip);

	if (!c->inside)
		return pkg_fail(err, PKG_INTERNAL, "no file was entered");
	/* The CRC of the old header, which reading compares. */
	PKG_TRY(pkg_assembly_begin(&self->out, member->name, member->size,
				   old->entries[pkg_reader_entry(c)].crc, err));
	return pkg_reader_read(self->container, self->out.sink, plain, err);
}

enum pkg_code pkg_container_copy_finish(struct pkg_container_copy *self,
					struct pkg_err *err)
{
	PKG_TRY(pkg_container_finish(self->container, err));
	return pkg_assembly_finish(&self->out, err);
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
