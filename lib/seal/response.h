/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_RESPONSE_H
#define SEAL_RESPONSE_H

#include "packline/container_write.h"
#include "packline/seal.h"

enum { RESPONSES_MAX = 64 }; /* files of one call: count */

/* A signature or an approval, and where it came from. */
struct pkg_seal_found {
	struct pkg_container_bytes p7s;
	struct pkg_container_bytes json; /* of an approval; else len 0 */
	uint8_t spki[32];                /* that it claims */
	const char *name;                /* of the file, for messages */
	bool fresh;                      /* it was not in the draft */
};

/* Ascending by SPKI, one of each key. */
struct pkg_seal_founds {
	struct pkg_seal_found items[PKG_LIMIT_SIGNATURES];
	size_t count;
};

/* The files that came back, and what is in them. */
struct pkg_seal_responses {
	const struct pkg_env *env;
	const struct pkg_container_head *head; /* that they must be about */
	struct pkg_seal_founds signatures, approvals;
	/* Names of the plaintext, told by a .request; NULL = not told. */
	const struct pkg_container_request *request;
	struct response *files; /* owned */
	size_t count;
	struct pkg_buf tbs, signature; /* one in two halves; or empty */
	struct pkg_buf raw;            /* what these make together */
};

/*
 * Read all files of @job that are no container, and look at none of them.
 * @out  receives them; given back with pkg_seal_responses_fini().
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_responses_load(struct pkg_seal_responses *out,
			const struct pkg_seal_attach *job,
			const struct pkg_env *env, struct pkg_err *err);
/*
 * Begin with what the draft has.
 * @keep_signatures  false: they are to be replaced.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_responses_begin(struct pkg_seal_responses *self,
			 const struct pkg_container_head *head,
			 bool keep_signatures, struct pkg_err *err);
/*
 * Sort out what each of the files is.
 * Fails with PKG_NO, reason "unexpected-manifest", for a .request of another
 * container; PKG_USAGE for what is no response, for halves of an approval, and,
 * reason "already-signed", for another signature of a key that is there; and
 * as the readers do.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_responses_read(struct pkg_seal_responses *self, struct pkg_err *err);
/* Put attributes and raw signature of @job together, and add that. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_responses_assemble(struct pkg_seal_responses *self,
			    const struct pkg_seal_attach *job,
			    struct pkg_err *err);
/* How many of them the draft did not have. */
size_t pkg_seal_founds_fresh(const struct pkg_seal_founds *founds);
void pkg_seal_responses_fini(struct pkg_seal_responses *self);

#endif
