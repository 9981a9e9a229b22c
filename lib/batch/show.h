/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_SHOW_H
#define BATCH_SHOW_H

#include "impl.h"

/* What goes into a record beside what is always there. */
struct batch_show {
	bool documents;          /* with their results */
	struct pkg_node *result; /* result.json; NULL = without */
};

/* Write the record `batch`, a line. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_show_record(const struct pkg_batch *batch, struct pkg_sink *sink,
		      const struct batch_show *show, struct pkg_err *err);

#endif
