/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_KEY_READ_H
#define SIGN_KEY_READ_H

#include "packline/buf.h"
#include "sign/internal.h"

/* One reading of a key file: what is asked for, what was found. */
struct key_reader {
	struct pkg_crypto *crypto;
	const char *name; /* of the file, for messages and prompts */
	const struct pkg_key_ask *ask;
	bool asked;
	struct pkg_buf pass;    /* secret */
	struct pkg_err ask_err; /* what a callback could not return */
	EVP_PKEY *pkey;         /* found; at most one */
	struct pkg_certs *certs;
};

/* Read PEM, DER or PKCS#12.  Fails with PKG_KEY, or as @r->ask does. */
PKG_MUST_CHECK enum pkg_code pkg_key_reader_run(struct key_reader *r,
						const struct pkg_buf *file,
						struct pkg_err *err);
void pkg_key_reader_fini(struct key_reader *r);

#endif
