/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Descriptors of folders, as protect_needs has them. */
static enum pkg_code add_folder(struct protect_needs *needs,
				const struct seal_tool *tool, const char *path,
				struct pkg_err *err)
{
	const char *base = NULL;

	PKG_TRY(pkg_path_split(&needs->folders[needs->folder_count], &base,
			       cli_dirfd(tool->cli), path, err));
	needs->folder_count++;
	return PKG_OK;
}

/* A log that grows too long is rotated in its folder. */
static enum pkg_code add_log(struct protect_needs *needs,
			     const struct pkg_audit *audit, struct pkg_err *err)
{
	const int folder =
	    fcntl(pkg_audit_folder(audit), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (folder < 0)
		return pkg_fail_os(err, errno, "cannot keep the audit log");
	needs->folders[needs->folder_count++] = folder;
	return PKG_OK;
}

static enum pkg_code enter(struct protect_needs *needs,
			   const struct seal_confine *how, struct pkg_err *err)
{
	const struct pkg_outfile_options spooled = {.seekable = true,
						    .binary = true};
	struct seal_tool *tool = how->tool;

	if (strcmp(how->output->path, "-") == 0)
		PKG_TRY(pkg_outfile_open(&tool->opened, AT_FDCWD, "-", &spooled,
					 err));
	else
		PKG_TRY(add_folder(needs, tool, how->output->path, err));
	if (how->second != NULL && strcmp(how->second, "-") != 0)
		PKG_TRY(add_folder(needs, tool, how->second, err));
	if (tool->audit.trail.audit != NULL)
		PKG_TRY(add_log(needs, tool->audit.trail.audit, err));
	return protect_enter(needs, err);
}

enum pkg_code seal_tool_confine(const struct seal_confine *how,
				struct pkg_err *err)
{
	struct protect_needs needs = {.reads = how->reads};
	enum pkg_code code = PKG_OK;

	/* Without an output the command will not come as far as any input. */
	if (how->no_sandbox || protect_is_token(how->key) ||
	    how->output->path == NULL)
		return PKG_OK;
	code = enter(&needs, how, err);
	for (size_t i = 0; i < needs.folder_count; i++)
		(void)close(needs.folders[i]);
	return code;
}

enum pkg_code seal_tool_confine_now(void *how, struct pkg_err *err)
{
	return seal_tool_confine(how, err);
}
