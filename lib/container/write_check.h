/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_WRITE_CHECK_H
#define CONTAINER_WRITE_CHECK_H

#include "packline/container_write.h"

/*
 * Everything that can be wrong with a spec by itself, said in words for the
 * person who gave it; errors as pkg_container_writer_new().
 */
PKG_MUST_CHECK enum pkg_code
pkg_write_check(const struct pkg_container_spec *spec, struct pkg_err *err);

#endif
