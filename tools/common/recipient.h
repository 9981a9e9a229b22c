/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_COMMON_RECIPIENT_H
#define TOOLS_COMMON_RECIPIENT_H

/* With what something is decrypted, as the command lines of all tools say. */

#include "common/key.h"
#include "packline/kek.h"

/* --recipient and what belongs to it, as given; NULL = not given. */
struct recipient_args {
	struct key_args key;  /* key.key: also kek:FILE or password: */
	const char *password; /* where it is: cli_secret(), or "tty" */
};

/* Row for the option table, behind those of the key. */
#define PASSWORD_ROW(field)                                                    \
	{                                                                      \
		"password", 0, CLI_TEXT, &(field), "SPEC",                     \
		    "of password: file:PATH, fd:N, env:VAR or tty", NULL, NULL \
	}

/* What was loaded; all NULL = nothing was named. */
struct recipient {
	struct pkg_key *key;
	struct pkg_certs *certs;
	struct pkg_kek *kek;
};

/*
 * Load what --recipient names: a private key, a key-encryption key, or a
 * password.  Fails as key_args_load() and pkg_kek_load(); PKG_USAGE if an
 * option is there that is for something else.
 */
PKG_MUST_CHECK enum pkg_code recipient_load(struct recipient *out,
					    struct cli *cli,
					    const struct recipient_args *args,
					    struct pkg_err *err);
void recipient_fini(struct recipient *recipient);

/*
 * Ask for a password.
 * @spec   of --password; NULL and "tty" = on the terminal.
 * @again  ask a second time there, and compare: it is a new one.
 * Fails with PKG_KEY if it cannot be had, is empty, or is not the same twice;
 * PKG_USAGE for a malformed @spec.
 */
PKG_MUST_CHECK enum pkg_code password_load(struct pkg_kek **out,
					   struct cli *cli, const char *spec,
					   bool again, struct pkg_err *err);

#endif
