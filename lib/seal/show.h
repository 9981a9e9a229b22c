/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_SHOW_H
#define SEAL_SHOW_H

#include "packline/cms.h"
#include "packline/container_read.h"
#include "packline/envelope.h"

/* What was read of a container, to be shown; all borrowed. */
struct pkg_seal_view {
	const struct pkg_container_head *head;
	const struct pkg_container_request *request; /* NULL = encrypted */
	struct pkg_cms_signer signers[PKG_LIMIT_SIGNATURES]; /* claims */
	struct pkg_envelope_info recipients; /* count 0 if not encrypted */
};

/* For people: every foreign text is quoted. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_show_text(struct pkg_sink *sink, const struct pkg_seal_view *view,
		   struct pkg_err *err);

#endif
