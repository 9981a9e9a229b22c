/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"

/* To validate raw signatures: the certificate of whoever made them. */
static enum pkg_code load_cert(struct batch_tool *tool,
			       const struct key_args *args, struct pkg_err *err)
{
	if (args->key != NULL || args->passphrase != NULL ||
	    args->pin != NULL || args->pkcs11_module != NULL)
		return pkg_fail(err, PKG_USAGE,
				"process '%s' validates: it uses no key",
				tool->process->name);
	if (args->cert == NULL)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(&tool->certs, tool->crypto, err));
	return pkg_certs_add_file(tool->certs, cli_dirfd(tool->cli), args->cert,
				  err);
}

enum pkg_code batch_tool_run_key(struct batch_tool *tool,
				 const struct key_args *args,
				 struct pkg_err *err)
{
	const struct pkg_process *process = tool->process;
	struct key_args key = *args;

	if (process->action == PKG_PROCESS_VALIDATE)
		return load_cert(tool, args, err);
	if (key.key == NULL) {
		key.key = process->key;
		key.cert = key.cert == NULL ? process->cert : key.cert;
	}
	if (key.key == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "process '%s' signs, and no key was named",
			       process->name);
		return pkg_hint(err, "give --key KEY and --cert FILE, or say "
				     "them in the process: signing");
	}
	return batch_tool_key(tool, &key, err);
}
