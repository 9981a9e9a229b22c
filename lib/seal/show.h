/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_SHOW_H
#define SEAL_SHOW_H

#include "seal/input.h"

/* What was read of a container, to be shown; all borrowed. */
struct pkg_seal_view {
	const struct pkg_container_head *head;
	const struct pkg_seal_input *input;
	struct pkg_cms_signer signers[PKG_LIMIT_SIGNATURES]; /* claims */
};

/* For people: every foreign text is quoted. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_show_text(struct pkg_sink *sink, const struct pkg_seal_view *view,
		   struct pkg_err *err);

#endif
