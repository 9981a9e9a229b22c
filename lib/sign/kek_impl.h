/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_KEK_IMPL_H
#define SIGN_KEK_IMPL_H

#include "packline/kek.h"

struct pkg_kek {
	struct pkg_crypto *crypto; /* borrowed */
	struct pkg_secret *secret; /* the key, or the password */
	bool password;
	char id[PKG_KEK_ID_MAX + 1];
	char *name;
};

/* Is it an identifier of a KEK recipient; is it that of a password? */
bool pkg_kek_id_is_valid(const char *id, size_t len);
bool pkg_kek_id_is_scrypt(const char *id, size_t len);

#endif
