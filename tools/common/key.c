/* SPDX-License-Identifier: Apache-2.0 */
#include "common/key.h"

#include "packline/limits.h"

#include <stdio.h>
#include <string.h>

struct asker {
	struct cli *cli;
	const struct key_args *args;
};

static enum pkg_code ask_passphrase(void *context, struct pkg_buf *out,
				    const char *what, struct pkg_err *err)
{
	const struct asker *asker = context;
	char prompt[PKG_LIMIT_PATH + 32];

	(void)snprintf(prompt, sizeof(prompt), "Passphrase of %s: ", what);
	return cli_secret(asker->cli, out, asker->args->passphrase, prompt,
			  err);
}

static enum pkg_code ask_pin(void *context, struct pkg_buf *out,
			     const char *what, struct pkg_err *err)
{
	static const struct cli_secret_kind kind = {"a PIN", "--pin"};
	const struct asker *asker = context;
	char prompt[PKG_LIMIT_PATH + 32];

	(void)snprintf(prompt, sizeof(prompt), "PIN of %s: ", what);
	return cli_secret_of(asker->cli, out, &kind, asker->args->pin, prompt,
			     err);
}

/* The first option that makes no sense without a key, or NULL. */
static const char *left_over(const struct key_args *args)
{
	return args->cert != NULL            ? "cert"
	       : args->passphrase != NULL    ? "passphrase"
	       : args->pin != NULL           ? "pin"
	       : args->pkcs11_module != NULL ? "pkcs11-module"
					     : NULL;
}

static enum pkg_code check_args(const struct key_args *args,
				struct pkg_err *err)
{
	const char *option = left_over(args);
	const bool token =
	    args->key != NULL && strncmp(args->key, "pkcs11:", 7) == 0;

	if (args->key == NULL && option != NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "--%s is for a key, and none is named", option);
		return pkg_hint(err, "name the key too; --help tells how");
	}
	if (args->key == NULL || token ||
	    (args->pin == NULL && args->pkcs11_module == NULL))
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE,
		       "--%s is for a key in a token, and '%s' is a file",
		       args->pin != NULL ? "pin" : "pkcs11-module", args->key);
	return pkg_hint(err, "a token's key is named pkcs11:token=...; the "
			     "secret of a file is its --passphrase");
}

enum pkg_code key_args_load(struct pkg_key **key, struct pkg_certs **certs,
			    struct cli *cli, const struct key_args *args,
			    struct pkg_err *err)
{
	struct pkg_crypto *crypto = cli_env(cli)->crypto;
	struct asker asker = {cli, args};
	const struct pkg_key_ask ask = {
	    .ask = ask_passphrase,
	    .context = &asker,
	    .ask_pin = ask_pin,
	    .pkcs11_module = args->pkcs11_module,
	};

	*key = NULL;
	*certs = NULL;
	PKG_TRY(check_args(args, err));
	if (args->key == NULL)
		return PKG_OK;
	PKG_TRY(
	    pkg_key_load(key, crypto, cli_dirfd(cli), args->key, &ask, err));
	if (args->cert == NULL)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(certs, crypto, err));
	PKG_TRY(pkg_certs_add_file(*certs, cli_dirfd(cli), args->cert, err));
	return pkg_cert_check_key(*certs, *key, err);
}
