/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_COMMON_AUDIT_H
#define TOOLS_COMMON_AUDIT_H

/* What tools that use keys or decide write to an audit log. */

#include "cli/cli.h"
#include "packline/audit.h"

/* As given; NULL = not given. */
struct audit_args {
	const char *log, *who;
};

#define AUDIT_ROWS(args)                                                       \
	{"audit-log", 0,                                                       \
	 CLI_TEXT,    &(args).log,                                             \
	 "FILE",      "append to this log what is done, before and after",     \
	 NULL,        "file"},                                                 \
	{                                                                      \
		"operator", 0, CLI_TEXT, &(args).who, "NAME",                  \
		    "who this is, in the log (default: the login name)", NULL, \
		    NULL                                                       \
	}

enum { AUDIT_TRAIL_TEXT = 128 };

/* A log that is open, and what was begun in it.  In caller memory, all zero. */
struct audit_trail {
	struct cli *cli;
	struct pkg_audit *audit; /* NULL = none is kept */
	const char *event;       /* begun and not ended; NULL = nothing */
	uint64_t begin;          /* its number */
	/* Of it, to be told again at its end; "" = none. */
	char tenant[AUDIT_TRAIL_TEXT], job[AUDIT_TRAIL_TEXT];
};

/*
 * Open the log, if one was named: before the key is asked for, and before a
 * sandbox is entered (which must leave pkg_audit_folder() of trail->audit).
 * The crypto context must be there: cli_env().
 * Fails with PKG_USAGE for --operator alone, or as pkg_audit_open() does.
 */
PKG_MUST_CHECK enum pkg_code audit_trail_open(struct audit_trail *trail,
					      struct cli *cli,
					      const struct audit_args *args,
					      struct pkg_err *err);
/*
 * Say that @entry will happen; its event is a literal.  If this fails it must
 * not happen: the key is not used.
 */
PKG_MUST_CHECK enum pkg_code
audit_trail_begin(struct audit_trail *trail,
		  const struct pkg_audit_entry *entry, struct pkg_err *err);
/*
 * Say what came of it: @code and @err are what it has returned, @outcome has
 * its outputs, inputs and note (NULL = nothing to tell).  PKG_OK and nothing
 * is said if nothing was begun.  Returns @code; if that is PKG_OK and the line
 * cannot be written, what that failed with.
 */
PKG_MUST_CHECK enum pkg_code
audit_trail_end(struct audit_trail *trail, enum pkg_code code,
		const struct pkg_audit_entry *outcome, struct pkg_err *err);
/* Say something at once, in one line. */
PKG_MUST_CHECK enum pkg_code
audit_trail_tell(struct audit_trail *trail, const struct pkg_audit_entry *entry,
		 struct pkg_err *err);
void audit_trail_fini(struct audit_trail *trail);

#endif
