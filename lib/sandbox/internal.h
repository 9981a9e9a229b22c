/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SANDBOX_INTERNAL_H
#define SANDBOX_INTERNAL_H

#include "packline/sandbox.h"

/* The sanitizers' runtime looks into /proc and traces itself at the end. */
#if defined(__SANITIZE_ADDRESS__)
#	define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#	if __has_feature(address_sanitizer)
#		define SANDBOX_SANITIZED 1
#	endif
#endif
#ifndef SANDBOX_SANITIZED
#	define SANDBOX_SANITIZED 0
#endif

/* Version of the kernel's Landlock interface; 0 = none, or switched off. */
int pkg_landlock_version(void);
/* Give up all of it but the folders; @version is at least 1. */
PKG_MUST_CHECK enum pkg_code
pkg_landlock_enter(int version, const struct pkg_sandbox_options *options,
		   struct pkg_err *err);

/* Can the kernel filter the system calls of this machine? */
bool pkg_seccomp_exists(void);
/*
 * Give up the system calls; @files: keep those that make, open and remove
 * files.
 */
PKG_MUST_CHECK enum pkg_code pkg_seccomp_enter(bool files, struct pkg_err *err);

#endif
