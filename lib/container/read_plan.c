/* SPDX-License-Identifier: Apache-2.0 */
#include "container/reader.h"
#include "packline/sink.h"

#include <string.h>

/*
 * The plan of a bundle is one of its files, but who decides about a signature
 * must see it before the first file is copied.  So the files up to it (a
 * metadata file may come first) are kept, to be given again.
 */

static enum pkg_code keep_file(struct pkg_container *c, struct kept *kept,
			       struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;
	struct pkg_sink_buf stored, plain;
	/* Without a key the stored bytes are all there is. */
	bool clear = false;

	PKG_TRY(pkg_container_next(c, &item, err));
	if (item == NULL)
		return pkg_fail(err, PKG_INTERNAL, "a bundle without files");
	if (item->member->plain_size > PKG_LIMIT_PLAN_JSON)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "%s: the plan has more than %u bytes",
				  c->source->name, PKG_LIMIT_PLAN_JSON);
	clear = !c->encrypted || item->file != NULL;
	kept->stored.max = (size_t)item->member->size;
	kept->plain.max = (size_t)item->member->plain_size;
	pkg_sink_buf_init(&stored, &kept->stored);
	pkg_sink_buf_init(&plain, &kept->plain);
	return pkg_reader_read(c, &stored.sink, clear ? &plain.sink : NULL,
			       err);
}

static enum pkg_code keep_files(struct pkg_container *c, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &c->head.manifest;
	const bool metadata =
	    manifest->members[c->first_file].role == PKG_ROLE_METADATA;

	for (size_t i = 0; i < (metadata ? 2u : 1u); i++) {
		PKG_TRY(keep_file(c, &c->kept[i], err));
		c->kept_count = i + 1;
	}
	/* From here on they are given from memory. */
	c->next = c->first_file;
	return PKG_OK;
}

/* In a .request the plan lies in the clear: is it the one? */
static enum pkg_code check_plan(struct pkg_container *c, struct pkg_err *err)
{
	const struct pkg_container_file *file = c->request.files;
	uint8_t sha256[32];

	if (file->role == PKG_ROLE_METADATA)
		file++;
	PKG_TRY(pkg_digest_sha256(c->env->crypto, c->plan_json.data,
				  c->plan_json.len, sha256, err));
	if (memcmp(sha256, file->sha256, sizeof(sha256)) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s: member '%s' is not the one that was "
				  "listed",
				  c->source->name, MEMBER_PLAN);
	return PKG_OK;
}

enum pkg_code pkg_container_plan(struct pkg_container *c,
				 struct pkg_container_bytes *plan,
				 struct pkg_err *err)
{
	const struct pkg_buf *found = &c->plan_json;

	*plan = (struct pkg_container_bytes){0};
	if (!c->asked)
		return pkg_fail(err, PKG_INTERNAL, "the request was not read");
	if (c->head.manifest.subject.content != PKG_CONTAINER_BUNDLE)
		return PKG_OK;
	if (c->head.request_file) {
		PKG_TRY(check_plan(c, err));
	} else {
		if (c->kept_count == 0)
			PKG_TRY(keep_files(c, err));
		found = &c->kept[c->kept_count - 1].plain;
	}
	*plan = (struct pkg_container_bytes){found->data, found->len};
	return PKG_OK;
}
