/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARTIFACT_RESOURCE_H
#define ARTIFACT_RESOURCE_H

#include "packline/resource.h"

/* Write the entry of one file, as questions and answers have it. */
void pkg_resource_entry(struct pkg_jsonw *w,
			const struct pkg_artifact *artifact);

#endif
