/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIGEST_HALF_H
#define DIGEST_HALF_H

/*
 * The algorithms (PKG_DIGEST_*) of @set that make about half of the work, by
 * the time each takes: for the thread that helps another, which reads too.
 */
unsigned pkg_digest_half(unsigned set);

#endif
