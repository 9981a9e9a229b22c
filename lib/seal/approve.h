/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_APPROVE_H
#define SEAL_APPROVE_H

#include "packline/seal.h"

struct pkg_seal_input;

/* What approvals are judged by before a container is signed. */
struct pkg_seal_terms {
	const struct pkg_approval_policy *policy; /* NULL = that of device */
	const struct pkg_device_config *device;   /* NULL = not at hand */
};

/*
 * May what @input says be signed, as far as officers have a say?  PKG_OK at
 * once if it was made under no policy and has no approvals.
 * Fails as pkg_approvals_judge(); PKG_NO, reason "no-requester", too, if the
 * request is encrypted.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_check_approvals(const struct pkg_seal_input *input,
			 const struct pkg_seal_terms *terms,
			 const struct pkg_env *env, struct pkg_err *err);

#endif
