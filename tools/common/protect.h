/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_COMMON_PROTECT_H
#define TOOLS_COMMON_PROTECT_H

/* How a tool that handles keys and foreign files protects itself. */

#include "cli/cli.h"

/* First in main(): memory that holds keys is locked, wiped and not dumped. */
void protect_start(void);
/* For struct cli_tool: what --version -v tells of the sandbox. */
void protect_version(struct cli *cli);

#define NO_SANDBOX_ROW(field)                                                  \
	{                                                                      \
		"no-sandbox", 0, CLI_FLAG, &(field), NULL,                     \
		    "do not give up the rest of the system", NULL, NULL        \
	}

/* What the tool still needs after everything was opened. */
struct protect_needs {
	bool no_sandbox; /* --no-sandbox */
	const char *key; /* a word; the key of a token needs files, sockets */
	int folders[3];  /* descriptors, to write beneath... */
	size_t folder_count;
	bool reads; /* inputs are opened one after the other */
};

/* Is that a word for the key of a token?  NULL is none. */
bool protect_is_token(const char *key);

/* Enter the sandbox, unless it was forbidden or a token is needed. */
PKG_MUST_CHECK enum pkg_code protect_enter(const struct protect_needs *needs,
					   struct pkg_err *err);

#endif
