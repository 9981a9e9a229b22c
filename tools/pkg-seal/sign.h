/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_SIGN_H
#define PKG_SEAL_SIGN_H

/* What sign and resign share. */

#include "common/protect.h"
#include "pkg-seal/review.h"

struct seal_sign_args {
	const char *device, *policy, *trust, *records, *tbs;
	struct review_args review;
	struct seal_key_args signer;
	struct audit_args audit;
	bool again, replace, no_sandbox;
};

/* Sign argv[0] as the arguments say. */
enum pkg_code seal_sign_run(struct cli *cli, const void *options, int argc,
			    char **argv, struct pkg_err *err);

#endif
