/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REVIEW_WORDS_H
#define REVIEW_WORDS_H

extern const char *const pkg_review_even[256];
extern const char *const pkg_review_odd[256];

#endif
