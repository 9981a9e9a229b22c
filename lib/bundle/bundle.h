/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "packline/bundle.h"
#include "packline/container_write.h"

/* plan.json, then the blobs ascending by name. */
struct bundle_inputs {
	struct pkg_container_input *items; /* in an arena */
	size_t count;
};

/* Write the container of a bundle.  Errors as pkg_bundle_write(). */
enum pkg_code pkg_bundle_container(const struct pkg_bundle_spec *spec,
				   const struct pkg_env *env,
				   const struct bundle_inputs *inputs,
				   struct pkg_outfile *file, uint64_t *size,
				   struct pkg_err *err);

#endif
