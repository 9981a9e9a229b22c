/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_IMPORT_TOOL_H
#define PKG_IMPORT_TOOL_H

#include "cli/cli.h"

#include "packline/auto.h"
#include "packline/verify.h"

/* The bundle, opened once and for all; in the caller's memory. */
struct bundle {
	const char *path;
	int fd; /* seekable; -1 = none */
	struct pkg_verdict *verdict;
};

/*
 * Open @path; what cannot be read twice, such as "-", is copied to a temporary
 * file first.
 */
enum pkg_code bundle_open(struct bundle *bundle, struct cli *cli,
			  const char *path, struct pkg_err *err);
/* Fails with the reason of the verdict unless that is a yes. */
enum pkg_code bundle_verify(struct bundle *bundle, struct cli *cli,
			    const struct pkg_verify_options *options,
			    struct pkg_err *err);
void bundle_fini(struct bundle *bundle);

#endif
