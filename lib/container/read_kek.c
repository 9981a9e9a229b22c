/* SPDX-License-Identifier: Apache-2.0 */
#include "container/reader.h"
#include "packline/envelope.h"
#include "packline/kek.h"

#include <string.h>

enum pkg_code
pkg_reader_check_kdf(const struct pkg_container_manifest *manifest,
		     const void *der, size_t len, struct pkg_err *err)
{
	char id[PKG_KEK_ID_MAX + 1] = "";
	struct pkg_envelope_info info;
	size_t passwords = 0, meant = 0;

	PKG_TRY(pkg_envelope_check(&info, der, len, err));
	if (manifest->has_kdf)
		pkg_kek_scrypt_id(id, &manifest->kdf);
	for (size_t i = 0; i < info.count; i++) {
		if (strcmp(info.recipients[i].kind, "scrypt") != 0)
			continue;
		passwords++;
		meant += strcmp(info.recipients[i].key_id, id) == 0;
	}
	if (passwords == meant && meant == (manifest->has_kdf ? 1 : 0))
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "recipients-profile",
			  "the list of recipients cannot be accepted: its "
			  "password recipient is not the one that the manifest "
			  "says how to make a key for");
}

static enum pkg_code unlock(struct pkg_container *c, const struct pkg_kek *kek,
			    struct pkg_err *err)
{
	const struct pkg_container_bytes *der = &c->head.recipients;
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;

	PKG_TRY(pkg_envelope_open_kek(&cek, der->data, der->len, kek, err));
	return pkg_container_unlock(c, cek, err);
}

static enum pkg_code no_password(const struct pkg_container *c,
				 struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "not-a-recipient",
			 "%s: it is not encrypted for a password",
			 c->source->name);
	return pkg_hint(err, "pkg-seal show lists for whom it is encrypted");
}

enum pkg_code pkg_container_unlock_kek(struct pkg_container *c,
				       const struct pkg_kek *kek,
				       struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &c->head.manifest;
	PKG_AUTO(pkg_kek) struct pkg_kek *derived = NULL;

	if (!c->encrypted)
		return pkg_fail(err, PKG_USAGE, "%s: nothing is encrypted",
				c->source->name);
	if (!pkg_kek_is_password(kek))
		return unlock(c, kek, err);
	if (!manifest->has_kdf)
		return no_password(c, err);
	PKG_TRY(pkg_kek_derive(&derived, kek, &manifest->kdf, err));
	if (unlock(c, derived, err) == PKG_OK)
		return PKG_OK;
	if (err->reason == NULL || strcmp(err->reason, "unwrap-failed") != 0)
		return err->code;
	return pkg_refuse(err, PKG_NO, "unwrap-failed",
			  "%s: it is another password, or the list of "
			  "recipients was changed",
			  c->source->name);
}
