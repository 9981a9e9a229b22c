/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_SEALED_H
#define UNIT_SEALED_H

/* Small containers for the tests of lib/verify, made by the library's writer
   and verified from memory. */

#include "sign_pki.h"

#include "packline/container_write.h"
#include "packline/trust.h"
#include "packline/verify.h"

/* What to make; all zero = signed by pki.signer, one file "hello". */
struct sealed_spec {
	enum pkg_container_kind kind;
	bool draft;                    /* nobody signs */
	const struct pki_cert *signer; /* NULL = pki.signer */
	bool bundle;                   /* plan.json and one blob */
	const char *plan;              /* of a bundle; NULL = a proper one */
	const char *blob;              /* its name; NULL = a proper one */
	const char *data; /* of the file or blob; NULL = "hello\n" */
	size_t size;      /* of data; 0 = strlen */
	bool metadata;    /* with a metadata file */
	int64_t sequence; /* 0 = none */
	const char *expires;
	/* its officer approves it, under the policy of sealed_approvals() */
	bool approved;
};

struct sealed {
	uint8_t *data; /* owned */
	size_t len;
};

struct sealed sealed_make(const struct sealed_spec *spec);
void sealed_fini(struct sealed *sealed);
/* The .request of a container, if need be with the recipient's key. */
struct sealed sealed_request(const struct sealed *sealed);

/* The clock of the tests. */
struct pkg_env sealed_env(void);
/* Trust in @cert alone, or in pki.ca. */
struct pkg_trust *sealed_trust(const struct pki_cert *cert);
/* Trust in a policy. */
struct pkg_trust *sealed_policy(const char *yaml);
/*
 * Write an approval policy whose only officer is "olga" with the key
 * pki.p384_signer; trust in pki.signer and in that policy.
 */
struct pkg_trust *sealed_approvals(void);
/* The recipient's key: EC P-256. */
struct pkg_key *sealed_recipient(void);

/* Verify @len bytes; @err and @verdict as of pkg_verify(). */
enum pkg_code sealed_verify(struct pkg_verdict **verdict, const void *data,
			    size_t len,
			    const struct pkg_verify_options *options,
			    struct pkg_err *err);

#endif
