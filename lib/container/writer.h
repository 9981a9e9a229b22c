/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_WRITER_H
#define CONTAINER_WRITER_H

#include "container/input.h"
#include "container/keys.h"
#include "container/names.h"
#include "packline/container_write.h"
#include "packline/digest.h"

/* mimetype, manifest, signature, MAC, recipients, request */
enum { PARTS_MAX = 6 };

/* A member in front of the files. */
struct part {
	const char *name;
	const struct pkg_buf *content; /* filled by the end */
	size_t size;                   /* known from the start */
};

struct pkg_container_writer {
	const struct pkg_env *env;
	struct pkg_container_spec spec;
	bool encrypted;
	struct pkg_arena *arena;
	/* The documents, and their rows to be filled in. */
	struct pkg_container_manifest manifest;
	struct pkg_container_request request;
	struct pkg_container_member *members;
	struct pkg_container_file *files;
	char id[37], created[21];
	/* Per file: where it comes from, and its CRC-32 when it was stored. */
	struct input *inputs;
	uint32_t *crcs;
	size_t file_count, first_file; /* first_file: in members */
	uint64_t total;                /* plaintext bytes of all files */
	uint64_t done;
	/* Content of the head. */
	struct pkg_secret *cek;
	struct pkg_buf mimetype, manifest_json, signature, mac, recipients,
	    request_json, request_stored;
	uint8_t sha256[32]; /* of manifest_json */
	struct part parts[PARTS_MAX];
	size_t part_count;
	size_t signature_size; /* reserved; 0 = no signature */
	struct pkg_zip_list list;
	/* One of each, used again for every file. */
	struct pkg_digest *plain, *stored;
};

static inline struct key_root writer_keys(const struct pkg_container_writer *w)
{
	return (struct key_root){
	    .crypto = w->env->crypto, .cek = w->cek, .salt = w->manifest.salt};
}

/*
 * Lay the file out for the sizes of the parts and the files: anew, if the
 * signature turns out to have another length than reserved.
 */
PKG_MUST_CHECK enum pkg_code pkg_writer_layout(struct pkg_container_writer *w,
					       struct pkg_err *err);
/* Store one file behind @sink and fill in its rows; write_file.c. */
PKG_MUST_CHECK enum pkg_code
pkg_writer_store_file(struct pkg_container_writer *w, size_t index,
		      struct pkg_sink *sink, struct pkg_err *err);

#endif
