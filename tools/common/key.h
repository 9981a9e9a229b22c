/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_COMMON_KEY_H
#define TOOLS_COMMON_KEY_H

/* Keys, as the command lines of all tools name them. */

#include "cli/cli.h"
#include "packline/cert.h"
#include "packline/key.h"

/* --key or --recipient and what belongs to it, as given; NULL = not given. */
struct key_args {
	const char *key;              /* path, file: or pkcs11: */
	const char *cert;             /* path */
	const char *passphrase, *pin; /* where a secret is: cli_secret() */
	const char *pkcs11_module;    /* path */
};

/* Rows for the option table, behind that of the key itself. */
#define KEY_SECRET_ROWS(args)                                                  \
	{"passphrase", 0,                                                      \
	 CLI_TEXT,     &(args).passphrase,                                     \
	 "SPEC",       "of the key file: file:PATH, fd:N or env:VAR",          \
	 NULL,         NULL},                                                  \
	    {"pin",    0,                                                      \
	     CLI_TEXT, &(args).pin,                                            \
	     "SPEC",   "of the key's token: file:PATH, fd:N or env:VAR",       \
	     NULL,     NULL},                                                  \
	{                                                                      \
		"pkcs11-module", 0, CLI_TEXT, &(args).pkcs11_module, "FILE",   \
		    "library that reaches the token", NULL, "file"             \
	}

/*
 * Load the key that @args names, and its certificates if --cert names some;
 * PKG_OK at once, with nothing loaded, if no key is named.
 * @key    receives the key or NULL; freed by the caller.
 * @certs  receives the certificates of --cert, the key's own first, or NULL;
 *         freed by the caller.
 * Fails as pkg_key_load(), pkg_certs_add_file() and pkg_cert_check_key();
 * PKG_USAGE if an option is there for a key that is not, or is of another
 * kind.
 */
PKG_MUST_CHECK enum pkg_code
key_args_load(struct pkg_key **key, struct pkg_certs **certs, struct cli *cli,
	      const struct key_args *args, struct pkg_err *err);

#endif
