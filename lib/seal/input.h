/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_INPUT_H
#define SEAL_INPUT_H

#include "packline/container_write.h"
#include "packline/seal.h"

struct pkg_approval_subject;
struct pkg_device_config;

/* A container, a draft or a .request that somebody is to decide about. */
struct pkg_seal_input {
	struct pkg_container *container; /* owned */
	/* Of it; borrowed. */
	const struct pkg_container_head *head;
	const struct pkg_container_request *request; /* NULL = encrypted */
	struct pkg_container_bytes request_json;     /* empty then */
	struct pkg_container_bytes plan;     /* of a bundle that can be read */
	struct pkg_envelope_info recipients; /* count 0 = not encrypted */
};

/*
 * Open it, and establish what can be before anybody is asked: framing so far,
 * the documents, their digests, that recipients are the listed ones, and that
 * a bundle's plan and blobs fit together.  A .request is read to its end.  The
 * payload of a container is not read; what copies it compares it.
 * @with  to decrypt the request of an encrypted container; NULL = none.
 * Fails as the readers of packline/container_read.h and pkg_verify_plan() do.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_input_open(struct pkg_seal_input *input, struct pkg_source *source,
		    const struct pkg_seal_opener *with,
		    const struct pkg_env *env, struct pkg_err *err);
void pkg_seal_input_fini(struct pkg_seal_input *input);

/* Every file to its end, and compared: what is broken shall not be signed. */
PKG_MUST_CHECK enum pkg_code pkg_seal_input_read(struct pkg_seal_input *input,
						 struct pkg_err *err);
/*
 * The same of a container that was opened, through another source of its bytes.
 * @input   is left as it is; of a .request there is nothing to read.
 * @before  NULL = there is none: PKG_OK at once.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_input_check_whole(const struct pkg_seal_input *input,
			   struct pkg_source *before, const struct pkg_env *env,
			   struct pkg_err *err);

/* What a person is shown of it; the rest of @out is for the caller to fill. */
void pkg_seal_input_subject(const struct pkg_seal_input *input,
			    struct pkg_seal_subject *out);
/* What approvals of it must be about; borrowed from @input. */
void pkg_seal_input_approvable(const struct pkg_seal_input *input,
			       struct pkg_approval_subject *out);
/*
 * Is it the one that was looked at?
 * @sha256  64 hex digits; NULL = any.
 * Fails with PKG_NO, reason "unexpected-manifest".
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_check_expected(const struct pkg_container_head *head,
			const char *sha256, struct pkg_err *err);
/*
 * Is it for these devices, and not expired?
 * @device  NULL = any.
 * Fails with PKG_NO, reason "wrong-tenant", "wrong-device-config",
 * "unapproved" or "expired".
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_check_subject(const struct pkg_container_manifest *manifest,
		       const struct pkg_device_config *device,
		       const struct pkg_env *env, struct pkg_err *err);
/*
 * Write a .request of what @input says, with the signatures and approvals of
 * @edit.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_write_request(const struct pkg_seal_input *input,
		       const struct pkg_container_edit *edit,
		       const struct pkg_seal_output *output,
		       const struct pkg_env *env, struct pkg_err *err);

/*
 * The signatures that are there must be good ones of somebody over this
 * manifest; whose, is not asked.  Fails as pkg_trust_signatures() does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_check_sound(const struct pkg_container_head *head,
		     const struct pkg_env *env, struct pkg_err *err);

#endif
