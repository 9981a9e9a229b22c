/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_KEYS_H
#define CONTAINER_KEYS_H

#include "packline/secret.h"

struct pkg_crypto;

/* What the keys of one container are derived from. */
struct key_root {
	struct pkg_crypto *crypto;
	const struct pkg_secret *cek;
	const uint8_t *salt; /* 32 bytes */
};

/* The key of the member @name; fails with PKG_SYSTEM. */
PKG_MUST_CHECK enum pkg_code pkg_keys_member(struct pkg_secret **out,
					     const struct key_root *root,
					     const char *name,
					     struct pkg_err *err);
/* The MAC of @len bytes of manifest.json; fails with PKG_SYSTEM. */
PKG_MUST_CHECK enum pkg_code pkg_keys_mac(uint8_t mac[32],
					  const struct key_root *root,
					  const void *manifest, size_t len,
					  struct pkg_err *err);

#endif
