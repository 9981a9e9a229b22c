/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include "trust_impl.h"

#include <errno.h>
#include <string.h>

/* A file that the policy names could not be used: a finding of the policy. */
static enum pkg_code bad_file(const struct config_file *file, const char *rule,
			      const struct pkg_node *node, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	pkg_err_at(err, &mark);
	if (err->os_errno == ENOENT)
		(void)pkg_hint(err, "paths in a trust policy are relative to "
				    "its folder");
	if (err->code == PKG_SYSTEM)
		return err->code;
	return pkg_config_error(file, rule, node, NULL, err, err->text);
}

static enum pkg_code read_root(struct pkg_trust *trust,
			       const struct config_file *file, int dirfd,
			       const struct pkg_node *node, struct pkg_err *err)
{
	const size_t before = pkg_certs_count(trust->anchors);
	const char *root = pkg_config_path(file, node->text, err);

	if (root == NULL)
		return err->code;
	if (pkg_certs_add_file(trust->anchors, dirfd, root, err) != PKG_OK)
		return bad_file(file, "bad-root", node, err);
	for (size_t i = before; i < pkg_certs_count(trust->anchors); i++) {
		if (pkg_certs_info(trust->anchors, i)->is_ca)
			continue;
		return pkg_config_error(
		    file, "bad-root", node,
		    "a signer's own certificate is named by its key, under "
		    "signers.pins",
		    err, "this is not the certificate of a CA");
	}
	return PKG_OK;
}

/* Revocation lists are judged by the CA above: without one, by nobody. */
static enum pkg_code read_crl(struct pkg_trust *trust,
			      const struct config_file *file, int dirfd,
			      const struct pkg_node *node, struct pkg_err *err)
{
	const char *path = pkg_config_path(file, node->text, err);

	if (path == NULL)
		return err->code;
	if (pkg_certs_count(trust->anchors) == 0)
		return pkg_config_error(
		    file, "crls-without-roots", node,
		    "list the certificate of the CA under roots", err,
		    "without a CA nobody can tell whether a revocation list "
		    "is genuine");
	if (pkg_crls_add_file(&trust->crls, trust->env->crypto, dirfd, path,
			      err) != PKG_OK)
		return bad_file(file, "bad-crl", node, err);
	return PKG_OK;
}

/* Its findings are about another file, and so they are said there. */
static enum pkg_code read_approvals(struct pkg_trust *trust,
				    const struct config_file *file, int dirfd,
				    const struct pkg_node *node,
				    struct pkg_err *err)
{
	struct pkg_approval_policy **to =
	    &trust->approvals[trust->approval_count];
	const size_t before = file->diag->errors;
	const char *path = pkg_config_path(file, node->text, err);

	if (path == NULL)
		return err->code;
	if (pkg_approval_policy_load(to, trust->env->crypto, file->diag, dirfd,
				     path, err) == PKG_OK) {
		trust->approval_count++;
		return PKG_OK;
	}
	return file->diag->errors > before && err->code == PKG_INPUT
		   ? PKG_OK /* the verdict on the trust policy counts them */
		   : bad_file(file, "bad-approval-policy", node, err);
}

enum pkg_code pkg_trust_read_files(struct pkg_trust *trust,
				   const struct config_file *file, int dirfd,
				   const struct trust_files *files,
				   struct pkg_err *err)
{
	const struct pkg_node *const *roots = files->roots->items;
	const struct pkg_node *const *crls = files->crls->items;
	const struct pkg_node *const *approvals = files->approvals->items;

	for (size_t i = 0; i < files->roots->count; i++) {
		if (roots[i] != NULL)
			PKG_TRY(read_root(trust, file, dirfd, roots[i], err));
	}
	for (size_t i = 0; i < files->crls->count; i++) {
		if (crls[i] != NULL)
			PKG_TRY(read_crl(trust, file, dirfd, crls[i], err));
	}
	trust->approvals =
	    pkg_arena_array(trust->arena, files->approvals->count + 1,
			    sizeof(struct pkg_approval_policy *), err);
	if (trust->approvals == NULL)
		return err->code;
	for (size_t i = 0; i < files->approvals->count; i++) {
		if (approvals[i] != NULL)
			PKG_TRY(read_approvals(trust, file, dirfd, approvals[i],
					       err));
	}
	return PKG_OK;
}
