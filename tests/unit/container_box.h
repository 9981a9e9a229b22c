/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_CONTAINER_BOX_H
#define UNIT_CONTAINER_BOX_H

/* Making, taking apart and reading containers, for the tests of them. */

#include "sign_pki.h"

#include "packline/container_read.h"
#include "packline/container_write.h"

#include <string.h>

/* Clock and crypto of these tests; SOURCE_DATE_EPOCH is not set. */
extern struct pkg_env box_env;

/* pki_start() and box_env. */
int box_start(void **state);

/* A file of the container that stands in memory. */
struct pkg_container_input box_text(const char *name, const char *content);
/* Tenant acme, name demo, version 1.0, these inputs; the rest is default. */
struct pkg_container_spec box_spec(const struct pkg_container_input *inputs,
				   size_t count);
/* Write it, as the tools do; the whole file is appended to @out. */
PKG_MUST_CHECK enum pkg_code box_make(struct pkg_buf *out,
				      const struct pkg_container_spec *spec,
				      struct pkg_err *err);
/* The same for a writer that is there already. */
PKG_MUST_CHECK enum pkg_code box_run(struct pkg_buf *out,
				     struct pkg_container_writer *writer,
				     struct pkg_err *err);

/* How to read. */
struct box_how {
	const struct pkg_secret *cek; /* NULL = no key */
	bool trickle;                 /* one byte at a time, as a pipe may */
};

/*
 * All steps of container_read.h in their order, but for the signatures.
 * @plain  gets the content of all files, one after the other; or NULL.
 */
PKG_MUST_CHECK enum pkg_code box_take(const struct pkg_buf *file,
				      const struct box_how *how,
				      struct pkg_buf *plain,
				      struct pkg_err *err);
/* The content key, by the key of one of the recipients. */
struct pkg_secret *box_cek(const struct pkg_buf *file,
			   const struct pki_cert *recipient);

/* A file as its members, to be changed by an attacker. */
enum { BOX_PARTS = 24 };
struct box_parts {
	size_t count;
	struct box_part {
		char name[130];
		struct pkg_buf content;
	} part[BOX_PARTS];
};

void box_explode(struct box_parts *parts, const struct pkg_buf *file);
/* Put the members together again, with all framing and CRCs right. */
void box_implode(struct pkg_buf *file, const struct box_parts *parts);
void box_parts_fini(struct box_parts *parts);
struct box_part *box_find(struct box_parts *parts, const char *name);

#endif
