/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_READER_H
#define CONTAINER_READER_H

#include "container/keys.h"
#include "container/names.h"
#include "packline/container_read.h"
#include "packline/digest.h"
#include "packline/zip.h"

/* A file that was read before its turn; see pkg_container_plan(). */
struct kept {
	struct pkg_buf stored, plain;
};

struct pkg_container {
	const struct pkg_env *env;
	struct pkg_source *source;
	struct pkg_zip_reader *zip;
	struct pkg_arena *arena; /* what the documents say, small members */
	struct pkg_container_head head;
	struct pkg_buf manifest_json, request_stored, request_json;
	struct pkg_buf plan_json; /* of a .request */
	bool encrypted;
	/* Of pkg_container_request(): it was asked, and there is one. */
	bool asked, has_request;
	struct pkg_container_request request;
	struct pkg_secret *cek; /* NULL = no key */
	/* The file being read. */
	size_t first_file, next; /* in members */
	bool inside;
	struct pkg_container_item item;
	struct kept kept[2]; /* the metadata file, if any, and the plan */
	size_t kept_count;   /* the first files; given from memory */
	size_t head_count;   /* members in front of the files */
	struct pkg_digest *stored, *plain; /* used again for every file */
};

static inline struct key_root reader_keys(const struct pkg_container *c)
{
	return (struct key_root){.crypto = c->env->crypto,
				 .cek = c->cek,
				 .salt = c->head.manifest.salt};
}

/* Index of the file that was entered last, in pkg_zip_reader_list(). */
static inline size_t pkg_reader_entry(const struct pkg_container *c)
{
	return c->head_count + (c->next - 1 - c->first_file);
}

/*
 * Refuse what was read of @len bytes unless it is what @member lists; PKG_NO,
 * reason "digest-mismatch".
 */
PKG_MUST_CHECK enum pkg_code
pkg_reader_check_digest(const struct pkg_container *c,
			const struct pkg_container_member *member,
			const void *data, size_t len, struct pkg_err *err);
/*
 * Hold recipients.p7m against its profile, and its password recipient against
 * what the manifest says of it; PKG_INPUT, reason "recipients-profile".
 */
PKG_MUST_CHECK enum pkg_code
pkg_reader_check_kdf(const struct pkg_container_manifest *manifest,
		     const void *der, size_t len, struct pkg_err *err);
/*
 * As pkg_container_read(), and give the stored bytes to @stored too (NULL =
 * nobody wants them).
 */
PKG_MUST_CHECK enum pkg_code pkg_reader_read(struct pkg_container *c,
					     struct pkg_sink *stored,
					     struct pkg_sink *plain,
					     struct pkg_err *err);

#endif
