/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"

#include "packline/crypto.h"
#include "packline/sandbox.h"

#include <string.h>
#include <time.h>

void protect_start(void)
{
	pkg_crypto_on_no_memory(cli_out_of_memory);
	pkg_crypto_keep_secrets();
	pkg_sandbox_hide_memory();
}

void protect_version(struct cli *cli)
{
	const struct pkg_sandbox has = pkg_sandbox_probe();

	if (has.landlock > 0)
		cli_print(cli, "sandbox: Landlock (version %d): active\n",
			  has.landlock);
	else
		cli_print(cli, "sandbox: Landlock: not on this system\n");
	cli_print(cli, "sandbox: seccomp: %s\n",
		  has.seccomp ? "active" : "not on this system");
}

bool protect_is_token(const char *key)
{
	return key != NULL && strncmp(key, "pkcs11:", 7) == 0;
}

enum pkg_code protect_enter(const struct protect_needs *needs,
			    struct pkg_err *err)
{
	const struct pkg_sandbox_options options = {
	    .write_dirs = needs->folders,
	    .write_dir_count = needs->folder_count,
	    .read_anywhere = needs->reads,
	};

	if (needs->no_sandbox || protect_is_token(needs->key))
		return PKG_OK;
	/* The time zone is read when a time is first looked at, if not now. */
	tzset();
	return pkg_sandbox_enter(NULL, &options, err);
}
