/* SPDX-License-Identifier: Apache-2.0 */
#ifndef YAML_READ_H
#define YAML_READ_H

#include "packline/err.h"

/*
 * Refuse bytes that are not UTF-8, control characters, and the line breaks
 * that YAML 1.1 and 1.2 see differently; with the position.
 */
PKG_MUST_CHECK enum pkg_code pkg_yaml_check_bytes_(const char *name,
						   const char *text, size_t len,
						   struct pkg_err *err);
/*
 * How to mend what libyaml calls @problem, or NULL.
 * @at  the byte where it was met, with @left bytes to the end.
 */
const char *pkg_yaml_hint_(const char *problem, const char *at, size_t left);

#endif
