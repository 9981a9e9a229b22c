/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_ASSEMBLE_H
#define CONTAINER_ASSEMBLE_H

#include "container/names.h"
#include "packline/container_write.h"

/* A file being written from the front: every member's size and CRC-32 are
   known before it. */
struct assembly {
	struct pkg_sink *sink; /* borrowed */
	struct pkg_zip_list list;
	struct pkg_arena *names;
};

PKG_MUST_CHECK enum pkg_code pkg_assembly_init(struct assembly *out,
					       struct pkg_sink *sink,
					       struct pkg_err *err);
/* Begin the member @name, whose content will have @size bytes and that CRC. */
PKG_MUST_CHECK enum pkg_code pkg_assembly_begin(struct assembly *self,
						const char *name, uint64_t size,
						uint32_t crc,
						struct pkg_err *err);
/* A whole member. */
PKG_MUST_CHECK enum pkg_code
pkg_assembly_put(struct assembly *self, const char *name,
		 struct pkg_container_bytes content, struct pkg_err *err);
/* Members 3 and 4, in their order; see pkg_container_copy_new(). */
PKG_MUST_CHECK enum pkg_code
pkg_assembly_edit(struct assembly *self, const struct pkg_container_edit *edit,
		  struct pkg_crypto *crypto, struct pkg_err *err);
/* All members of a .request; write_request.c. */
PKG_MUST_CHECK enum pkg_code
pkg_assembly_request(struct assembly *self,
		     const struct pkg_container_request_parts *parts,
		     const struct pkg_container_edit *edit,
		     struct pkg_crypto *crypto, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_assembly_finish(struct assembly *self,
						 struct pkg_err *err);
void pkg_assembly_fini(struct assembly *self);

#endif
