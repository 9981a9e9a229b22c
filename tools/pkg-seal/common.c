/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/common.h"

#include "packline/approval_policy.h"
#include "packline/device_config.h"
#include "packline/limits.h"
#include "packline/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum pkg_code seal_tool_start(struct seal_tool *tool, struct cli *cli,
			      struct pkg_err *err)
{
	tool->cli = cli;
	tool->input.file.fd = -1;
	PKG_TRY(pkg_arena_new(&tool->arena, PKG_LIMIT_ARENA, err));
	tool->diag.arena = tool->arena;
	PKG_TRY(pkg_crypto_new(&tool->crypto, err));
	cli_env(cli)->crypto = tool->crypto;
	return PKG_OK;
}

enum pkg_code seal_tool_audit(struct seal_tool *tool,
			      const struct audit_args *args, const char *event,
			      const char *input, struct pkg_err *err)
{
	tool->audit.event = event;
	tool->audit.input = input;
	return seal_audit_open(&tool->audit, tool->cli, args, err);
}

void seal_tool_fini(struct seal_tool *tool)
{
	seal_audit_fini(&tool->audit);
	if (tool->input.file.fd > STDIN_FILENO)
		(void)close(tool->input.file.fd);
	pkg_outfile_free(tool->opened);
	pkg_approval_policy_free(tool->policy);
	pkg_device_config_free(tool->device);
	pkg_certs_free(tool->certs);
	pkg_key_free(tool->key);
	recipient_fini(&tool->recipient);
	pkg_kek_free(tool->password);
	pkg_arena_free(tool->arena);
	if (tool->cli != NULL)
		cli_env(tool->cli)->crypto = NULL;
	pkg_crypto_free(tool->crypto);
}

enum pkg_code seal_tool_certs(struct seal_tool *tool, const char *path,
			      struct pkg_err *err)
{
	PKG_TRY(pkg_certs_new(&tool->certs, tool->crypto, err));
	return pkg_certs_add_file(tool->certs, cli_dirfd(tool->cli), path, err);
}

enum pkg_code seal_tool_key(struct seal_tool *tool,
			    const struct seal_key_args *args,
			    struct pkg_err *err)
{
	return key_args_load(&tool->key, &tool->certs, tool->cli, &args->load,
			     err);
}

enum pkg_code seal_choose_key(struct key_args *key,
			      const struct pkg_device_config *device,
			      struct pkg_err *err)
{
	if (key->key != NULL)
		return PKG_OK;
	if (device == NULL || device->signing_key == NULL) {
		pkg_fail(err, PKG_USAGE, "no key to sign with");
		return pkg_hint(err, "give --key KEY, or -d FILE with a device "
				     "config that names one");
	}
	key->key = device->signing_key;
	if (key->cert == NULL)
		key->cert = device->signing_cert;
	return PKG_OK;
}

struct pkg_seal_opener seal_tool_opener(const struct seal_tool *tool)
{
	return (struct pkg_seal_opener){
	    tool->recipient.key, tool->recipient.certs, tool->recipient.kek};
}

struct pkg_seal_signer seal_tool_signer(const struct seal_tool *tool,
					const struct seal_key_args *args)
{
	const bool pkcs1 =
	    args->padding != NULL && strcmp(args->padding, "pkcs1") == 0;

	return (struct pkg_seal_signer){
	    .key = tool->key,
	    .certs = tool->certs,
	    .padding = pkcs1 ? PKG_CMS_PKCS1 : PKG_CMS_PSS,
	};
}

void seal_tool_findings(struct seal_tool *tool)
{
	cli_findings(tool->cli, &tool->diag);
	tool->diag = (struct pkg_diag){.arena = tool->arena};
}

enum pkg_code seal_tool_device(struct seal_tool *tool, const char *path,
			       struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;

	if (path == NULL)
		return PKG_OK;
	code = pkg_device_config_load(&tool->device, tool->crypto, &tool->diag,
				      cli_dirfd(tool->cli), path, err);
	seal_tool_findings(tool);
	return code;
}

enum pkg_code seal_tool_policy(struct seal_tool *tool, const char *path,
			       struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;

	if (path == NULL)
		return PKG_OK;
	code =
	    pkg_approval_policy_load(&tool->policy, tool->crypto, &tool->diag,
				     cli_dirfd(tool->cli), path, err);
	seal_tool_findings(tool);
	return code;
}

static enum pkg_code read_input(struct pkg_source *source, void *buf,
				size_t cap, size_t *got, struct pkg_err *err)
{
	struct seal_input *input = (struct seal_input *)source;
	const struct seal_tool *tool = input->tool;

	PKG_TRY(pkg_source_read(&input->file.source, buf, cap, got, err));
	cli_progress(tool->cli, tool->doing, input->file.source.total,
		     input->size);
	return PKG_OK;
}

enum pkg_code seal_tool_input(struct seal_tool *tool, const char *path,
			      const char *doing, struct pkg_err *err)
{
	struct stat st;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		PKG_TRY(pkg_path_open(&fd, cli_dirfd(tool->cli), path, err));
	pkg_source_fd_init(&tool->input.file, fd, path);
	tool->input.source =
	    (struct pkg_source){.read = read_input, .name = path};
	tool->input.tool = tool;
	tool->doing = doing;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		tool->input.size = (uint64_t)st.st_size;
	return PKG_OK;
}

static enum pkg_code read_again(struct pkg_source *source, void *buf,
				size_t cap, size_t *got, struct pkg_err *err)
{
	struct seal_again *again = (struct seal_again *)source;
	const struct seal_tool *tool = again->tool;

	PKG_TRY(pkg_source_read(&again->file.source, buf, cap, got, err));
	cli_progress(tool->cli, "checking", again->file.source.total,
		     tool->input.size);
	return PKG_OK;
}

struct pkg_source *seal_tool_before(struct seal_tool *tool)
{
	const struct pkg_source_fd *input = &tool->input.file;
	off_t at = -1;

	/* Standard input need not be at its beginning. */
	if (tool->input.size > 0)
		at = lseek(input->fd, 0, SEEK_CUR);
	if (at < 0)
		return NULL;
	tool->again.tool = tool;
	tool->again.source =
	    (struct pkg_source){.read = read_again, .name = input->source.name};
	pkg_source_at_init(&tool->again.file, input->fd, (uint64_t)at,
			   input->source.name);
	return &tool->again.source;
}

enum pkg_code seal_tool_about(const char *path, struct pkg_err *err)
{
	if (strstr(err->text, path) != NULL)
		return err->code;
	return pkg_wrap(err, "%s", path);
}

enum pkg_code seal_tool_folder(int *fd, const struct seal_tool *tool,
			       const char *path, struct pkg_err *err)
{
	const size_t len = (size_t)(pkg_path_basename(path) - path);
	char *folder = pkg_arena_dup(tool->arena, path, len, err);

	if (folder == NULL)
		return err->code;
	*fd = openat(cli_dirfd(tool->cli), len == 0 ? "." : folder,
		     O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return pkg_fail_os(err, errno, "cannot open the folder of '%s'",
				   path);
	return PKG_OK;
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
	const struct seal_tool *tool = context;

	cli_progress(tool->cli, tool->doing, done, all);
}

struct pkg_seal_output seal_tool_output(struct seal_tool *tool,
					const char *doing)
{
	tool->doing = doing;
	return (struct pkg_seal_output){
	    .dirfd = cli_dirfd(tool->cli),
	    .path = cli_output(tool->cli),
	    .force = cli_force(tool->cli),
	    .opened = &tool->opened,
	    .record = seal_audit_records(&tool->audit, cli_stdout(tool->cli)),
	    .progress = show_progress,
	    .context = tool,
	};
}
