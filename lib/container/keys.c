/* SPDX-License-Identifier: Apache-2.0 */
#include "container/keys.h"

#include "container/names.h"
#include "packline/kdf.h"

#include <stdio.h>

#define LABEL_STREAM "packline-v1/stream/"
#define LABEL_MAC    "packline-v1/manifest-mac"

enum pkg_code pkg_keys_member(struct pkg_secret **out,
			      const struct key_root *root, const char *name,
			      struct pkg_err *err)
{
	char label[sizeof(LABEL_STREAM) + PKG_ZIP_NAME_MAX];

	(void)snprintf(label, sizeof(label), LABEL_STREAM "%s", name);
	return pkg_kdf_hkdf(out, root->crypto, root->cek, root->salt, label,
			    err);
}

enum pkg_code pkg_keys_mac(uint8_t mac[32], const struct key_root *root,
			   const void *manifest, size_t len,
			   struct pkg_err *err)
{
	PKG_AUTO(pkg_secret) struct pkg_secret *key = NULL;

	PKG_TRY(pkg_kdf_hkdf(&key, root->crypto, root->cek, root->salt,
			     LABEL_MAC, err));
	return pkg_kdf_hmac(mac, root->crypto, key, manifest, len, err);
}
