/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_MEMBERS_H
#define CONTAINER_MEMBERS_H

#include "packline/container.h"

/* The rules of "members" in manifest.json; fails with PKG_INPUT. */
PKG_MUST_CHECK enum pkg_code
pkg_members_check(const struct pkg_container_manifest *manifest,
		  struct pkg_err *err);
/* Bytes of plaintext that a member may have. */
uint64_t pkg_members_limit(const struct pkg_container_manifest *manifest,
			   const struct pkg_container_member *member);
/* The first member behind recipients and request: metadata or payload. */
size_t pkg_members_first_file(const struct pkg_container_manifest *manifest);

#endif
