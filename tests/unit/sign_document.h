/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SIGN_DOCUMENT_H
#define UNIT_SIGN_DOCUMENT_H

/* Documents that are signed from their digests. */

#include "sign_pki.h"

#include "packline/document.h"

enum { DOCUMENT_MAX = 1 << 20 };

/* How documents are signed; all zero = CMS by ECDSA P-256. */
struct way {
	const struct pki_cert *cert; /* NULL = pki.signer */
	enum pkg_document_form form;
	enum pkg_cms_padding padding;
	unsigned digest;
	const char *algorithm; /* what the verifier is to say */
};

/* Every one that there is. */
extern const struct way ways[];
extern const size_t way_count;
/* The certificates of the table are made when the tests run. */
const struct pki_cert *way_cert(const struct way *way);

/* A signer with all that it borrows. */
struct desk {
	struct pkg_key *key;
	struct pkg_certs *certs, *anchors;
	struct pkg_document_signer *signer;
	struct pkg_document_verifier *verifier; /* trusts pki.ca */
};

struct desk desk_open(const struct way *way);
void desk_close(struct desk *desk);

/* All three digests of a text. */
struct pkg_digests digests_of(const char *text);
/* Sign a text at PKI_NOW; @out is cleared first. */
void desk_sign(const struct desk *desk, struct pkg_buf *out, const char *text);
/* Verify; the signer is not asked for. */
enum pkg_code desk_verify(const struct desk *desk, const struct pkg_buf *der,
			  const char *text, struct pkg_err *err);
/* It is refused for that reason. */
void desk_refuses(const struct desk *desk, const struct pkg_buf *der,
		  const char *text, const char *reason);
/* Run a shell command in pki.folder; its exit status. */
int in_folder(const char *command);

#endif
