/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "packline/bundle.h"

struct pkg_container_input;

/*
 * Write the container of a bundle.
 * @inputs  plan.json, then the blobs ascending by name; @count of them.
 * Errors as pkg_bundle_write().
 */
enum pkg_code pkg_bundle_container(const struct pkg_bundle_spec *spec,
				   const struct pkg_env *env,
				   const struct pkg_container_input *inputs,
				   size_t count, struct pkg_outfile *file,
				   uint64_t *size, struct pkg_err *err);

#endif
