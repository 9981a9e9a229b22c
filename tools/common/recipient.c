/* SPDX-License-Identifier: Apache-2.0 */
#include "common/recipient.h"

#include "packline/limits.h"

#include <string.h>

static enum pkg_code ask(struct cli *cli, struct pkg_buf *out, const char *spec,
			 const char *prompt, struct pkg_err *err)
{
	static const struct cli_secret_kind kind = {"a password", "--password"};

	return cli_secret_of(cli, out, &kind, spec, prompt, err);
}

/* A typing error in a new password would lock everybody out. */
static enum pkg_code ask_again(struct cli *cli, const struct pkg_buf *first,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf second = {.max = PKG_LIMIT_SECRET, .secret = true};

	PKG_TRY(ask(cli, &second, NULL, "Password again: ", err));
	if (first->len == second.len &&
	    strcmp(pkg_buf_str(first), pkg_buf_str(&second)) == 0)
		return PKG_OK;
	return pkg_fail(err, PKG_KEY, "the two passwords are not the same");
}

enum pkg_code password_load(struct pkg_kek **out, struct cli *cli,
			    const char *spec, bool again, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf password = {.max = PKG_LIMIT_SECRET, .secret = true};

	*out = NULL;
	if (spec != NULL && strcmp(spec, "tty") == 0)
		spec = NULL;
	PKG_TRY(ask(cli, &password, spec, "Password: ", err));
	if (spec == NULL && again && password.len > 0)
		PKG_TRY(ask_again(cli, &password, err));
	return pkg_kek_of_password(out, cli_env(cli)->crypto, &password, err);
}

/* The first option that only a private key has a use for, or NULL. */
static const char *of_private_key(const struct key_args *args)
{
	return args->cert != NULL            ? "cert"
	       : args->passphrase != NULL    ? "passphrase"
	       : args->pin != NULL           ? "pin"
	       : args->pkcs11_module != NULL ? "pkcs11-module"
					     : NULL;
}

enum pkg_code recipient_load(struct recipient *out, struct cli *cli,
			     const struct recipient_args *args,
			     struct pkg_err *err)
{
	const char *word = args->key.key;
	const bool password = word != NULL && pkg_kek_is_password_word(word);
	const char *option = of_private_key(&args->key);

	*out = (struct recipient){0};
	if (args->password != NULL && !password)
		return pkg_fail(err, PKG_USAGE,
				"--password is for --recipient password:");
	if (word != NULL)
		PKG_TRY(pkg_kek_check_word(word, err));
	if (!password && (word == NULL || !pkg_kek_is_file_word(word)))
		return key_args_load(&out->key, &out->certs, cli, &args->key,
				     err);
	if (option != NULL)
		return pkg_fail(err, PKG_USAGE,
				"--%s is for a private key, and '%s' is none",
				option, word);
	if (password)
		return password_load(&out->kek, cli, args->password, false,
				     err);
	return pkg_kek_load(&out->kek, cli_env(cli)->crypto, cli_dirfd(cli),
			    word, err);
}

void recipient_fini(struct recipient *recipient)
{
	pkg_kek_free(recipient->kek);
	pkg_certs_free(recipient->certs);
	pkg_key_free(recipient->key);
}
