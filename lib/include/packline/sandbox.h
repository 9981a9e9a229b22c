/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SANDBOX_H
#define PKG_SANDBOX_H

#include "packline/err.h"

#include <stdbool.h>

/*
 * For programs, not for libraries: what happens here holds for the whole
 * process and cannot be undone.
 *
 * Once everything is open that has to be, a program gives up the rest of the
 * system, so that a bug in a parser of foreign bytes is worth little:
 *
 * - Landlock (Linux >= 5.13): no file can be opened, made or removed but
 *   beneath the folders that were named; no TCP (>= 6.7), no abstract sockets
 *   and no signals to others (>= 6.12);
 * - seccomp (x86-64, i386, AArch64, Arm, RISC-V 64): only the system calls
 *   that reading, hashing and writing need, no new program, no socket, no
 *   memory that can be executed.  Everything else fails with EPERM; nothing
 *   is killed for it.
 *
 * Files that are open stay usable.  The cryptographic library must have
 * loaded its algorithms, and the caller have only one thread; threads may be
 * started afterwards.
 */
struct pkg_sandbox_options {
	/*
	 * Descriptors of folders in and beneath which files and folders may be
	 * made, read, renamed within their folder, and removed; borrowed.
	 * Without Landlock, files anywhere may be if there is one, else
	 * none.
	 */
	const int *write_dirs;
	size_t write_dir_count;
	/* Files anywhere may be opened to be read, still: for a program that
	   opens its inputs one after the other. */
	bool read_anywhere;
};

/* What protects a process. */
struct pkg_sandbox {
	int landlock; /* version of the kernel's interface, 0 = none */
	bool seccomp;
};

PKG_API_BEGIN

/*
 * Enter the sandbox, as far as this system has one: what is missing is left
 * out.
 * @active   receives what was entered; NULL = not wanted.
 * @options  NULL = no folder.
 * Fails with PKG_SYSTEM if the system has one and it cannot be entered.
 */
PKG_MUST_CHECK enum pkg_code
pkg_sandbox_enter(struct pkg_sandbox *active,
		  const struct pkg_sandbox_options *options,
		  struct pkg_err *err);
/* What pkg_sandbox_enter() would find here. */
struct pkg_sandbox pkg_sandbox_probe(void);
/*
 * At the start of a program that will hold keys: no core dump of it is
 * written, and no other process of the same user can look into its memory.
 * Where the system does not let it, it goes on without.
 */
void pkg_sandbox_hide_memory(void);

PKG_API_END

#endif
