/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SIGN_CRAFT_H
#define UNIT_SIGN_CRAFT_H

#include "sign_pki.h"

#include "packline/cms.h"

#include <openssl/cms.h>

/*
 * Messages that OpenSSL makes, and that CMS_verify() mostly accepts, but that
 * are not signatures of suite packline-1.
 */
enum { CRAFT_DETACHED = CMS_BINARY | CMS_DETACHED | CMS_PARTIAL };

/* How a message is made; all zero = as it should be. */
struct craft {
	const struct pki_cert *cert;  /* NULL = pki.signer */
	unsigned no_flags;            /* flags not to use */
	unsigned flags;               /* and others to use */
	const char *md;               /* NULL = SHA256 */
	const char *type;             /* NULL = PKG_OID_MANIFEST */
	const struct pki_bytes *over; /* NULL = craft_content */
	/* Change it after the signer was added, or after it was signed. */
	void (*add)(CMS_ContentInfo *ci, CMS_SignerInfo *si);
	void (*change)(CMS_ContentInfo *ci, CMS_SignerInfo *si);
	bool stream; /* BER, indefinite lengths */
};

/* What is signed and judged, unless another content is said. */
extern const struct pki_bytes craft_content;

struct pki_bytes craft_make(const struct craft *craft);
/* Parse and verify a message over the content that craft_make() signs. */
enum pkg_code craft_judge(const struct pki_bytes *der, struct pkg_err *err);
/* It is refused with @reason, and the error says @text; frees it. */
void craft_expect(struct pki_bytes der, const char *reason, const char *text);

/* How a program that just calls CMS_verify() would do it. */
struct craft_plain {
	unsigned flags; /* besides CMS_BINARY */
	bool text;      /* without CMS_BINARY */
	int purpose;    /* 0 = any; -1 = OpenSSL's default */
	unsigned long store_flags;
	bool content_inside;          /* none is given */
	const struct pki_bytes *over; /* NULL = craft_content */
};

/* Does OpenSSL accept it, with the test CA as its root? */
bool craft_plain(const struct pki_bytes *der, const struct craft_plain *how);

#endif
