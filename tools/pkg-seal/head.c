/* SPDX-License-Identifier: Apache-2.0 */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/audit.h"
#include "packline/cms.h"
#include "packline/digest.h"
#include "packline/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct args {
	struct seal_key_args signer;
	struct audit_args audit;
	bool no_sandbox;
};

/* What is written: the head, and its signature if there is a key. */
struct head {
	struct pkg_buf json, p7s;
	const char *names[2];
	struct pkg_outfile *files[2];
	struct pkg_audit_report report;
	uint8_t sha256[2][32];
	struct pkg_audit_item items[2]; /* the same, for the audit log */
};

static void head_fini(struct head *head)
{
	pkg_buf_fini(&head->json);
	pkg_buf_fini(&head->p7s);
	pkg_outfile_free(head->files[0]);
	pkg_outfile_free(head->files[1]);
}

static enum pkg_code check_args(const struct cli *cli, struct pkg_err *err)
{
	if (cli_output(cli) != NULL && strcmp(cli_output(cli), "-") != 0)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "a head goes into a file");
	return pkg_hint(err, "give -o FILE; its signature goes into FILE.p7s");
}

/*
 * The log whose head it is, and the one that this is told to, which may be the
 * same: a head is of what was there before.  Who opens a log to write mends its
 * end, so that one is opened in between; but makes none out of a mistyped name.
 */
static enum pkg_code open_logs(struct pkg_audit_files **files,
			       struct seal_tool *tool, const struct args *args,
			       const char *log, struct pkg_err *err)
{
	const int dirfd = cli_dirfd(tool->cli);

	PKG_TRY(pkg_audit_files_open(files, dirfd, log, err));
	PKG_TRY(seal_tool_audit(tool, &args->audit, "head", log, err));
	if (tool->audit.trail.audit == NULL)
		return PKG_OK;
	pkg_audit_files_free(*files);
	*files = NULL;
	return pkg_audit_files_open(files, dirfd, log, err);
}

static enum pkg_code confine(const struct args *args, struct seal_tool *tool,
			     struct pkg_err *err)
{
	struct pkg_seal_output output = {.path = cli_output(tool->cli)};

	return seal_tool_confine(
	    &(struct seal_confine){.tool = tool,
				   .output = &output,
				   .no_sandbox = args->no_sandbox,
				   .key = args->signer.load.key},
	    err);
}

/* The head of a log that is not in order would vouch for it. */
static enum pkg_code make(struct head *head, struct pkg_audit_files *files,
			  const struct pkg_env *env, struct pkg_err *err)
{
	PKG_TRY(pkg_audit_check(&head->report, env, files, NULL, 0, err));
	return pkg_audit_head_encode(&head->json, &head->report.head, err);
}

static enum pkg_code sign(struct head *head, const struct seal_tool *tool,
			  const struct seal_key_args *args, struct pkg_err *err)
{
	const struct pkg_seal_signer signer = seal_tool_signer(tool, args);
	struct pkg_cms_sign_options options = {0};

	if (signer.key == NULL)
		return PKG_OK;
	PKG_TRY(pkg_cms_sign_as(&options, cli_env(tool->cli), signer.key,
				signer.certs, err));
	options.content_type = PKG_OID_DATA;
	options.padding = signer.padding;
	return pkg_cms_sign(&head->p7s, head->json.data, head->json.len,
			    &options, err);
}

static enum pkg_code name_files(struct head *head, const struct seal_tool *tool,
				struct pkg_err *err)
{
	head->names[0] = cli_output(tool->cli);
	head->names[1] =
	    pkg_arena_printf(tool->arena, err, "%s.p7s", head->names[0]);
	return head->names[1] == NULL ? pkg_failed_(err->code) : PKG_OK;
}

/* Both are written before the first of them is given its name. */
static enum pkg_code write_out(struct head *head, const struct seal_tool *tool,
			       struct pkg_err *err)
{
	const struct pkg_outfile_options options = {.force =
							cli_force(tool->cli)};
	const struct pkg_buf *const bytes[] = {&head->json, &head->p7s};
	const size_t count = head->p7s.len == 0 ? 1 : 2;

	for (size_t i = 0; i < count; i++) {
		PKG_TRY(pkg_outfile_open(&head->files[i], cli_dirfd(tool->cli),
					 head->names[i], &options, err));
		PKG_TRY(pkg_sink_write(pkg_outfile_sink(head->files[i]),
				       bytes[i]->data, bytes[i]->len, err));
	}
	/* The signature first: a head is not there before it is vouched for. */
	for (size_t i = count; i-- > 0;)
		PKG_TRY(pkg_outfile_commit(head->files[i], UINT64_MAX, err));
	return PKG_OK;
}

static enum pkg_code hash(struct head *head, size_t index,
			  const struct seal_tool *tool, struct pkg_err *err)
{
	const struct pkg_buf *bytes = index == 0 ? &head->json : &head->p7s;

	head->items[index].name = head->names[index];
	head->items[index].sha256 = head->sha256[index];
	return pkg_digest_sha256(cli_env(tool->cli)->crypto, bytes->data,
				 bytes->len, head->sha256[index], err);
}

static enum pkg_code begin(struct head *head, struct seal_tool *tool,
			   const struct args *args, struct pkg_err *err)
{
	const struct pkg_seal_signer signer =
	    seal_tool_signer(tool, &args->signer);
	char note[96];
	struct pkg_audit_entry entry = {
	    .key = signer.key == NULL ? NULL : pkg_key_name(signer.key),
	    .certificate = seal_audit_cert(&signer),
	    .inputs = head->items,
	    .input_count = 1,
	    .note = note,
	};

	PKG_TRY(hash(head, 0, tool, err));
	(void)snprintf(note, sizeof(note), "line %" PRIu64 " of log %s",
		       head->report.head.number, head->report.head.log);
	return seal_audit_begin(&tool->audit, &entry, err);
}

/* The key is used, and told of, before and after. */
static enum pkg_code give_out(struct head *head, struct seal_tool *tool,
			      const struct args *args, struct pkg_err *err)
{
	struct pkg_audit_entry outcome = {
	    .inputs = head->items, .input_count = 1, .outputs = head->items};
	enum pkg_code code;

	PKG_TRY(name_files(head, tool, err));
	PKG_TRY(begin(head, tool, args, err));
	code = sign(head, tool, &args->signer, err);
	if (code == PKG_OK && head->p7s.len > 0)
		code = hash(head, 1, tool, err);
	if (code == PKG_OK)
		code = write_out(head, tool, err);
	if (code == PKG_OK)
		outcome.output_count = head->p7s.len == 0 ? 1 : 2;
	return audit_trail_end(&tool->audit.trail, code, &outcome, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(seal_tool) struct seal_tool tool = {0};
	PKG_AUTO(pkg_audit_files) struct pkg_audit_files *files = NULL;
	PKG_AUTO_FINI(head)
	struct head head = {.json = {.max = PKG_LIMIT_AUDIT_HEAD},
			    .p7s = {.max = PKG_LIMIT_SIGNATURE}};
	const struct args *args = options;

	(void)argc;
	PKG_TRY(check_args(cli, err));
	PKG_TRY(seal_tool_start(&tool, cli, err));
	PKG_TRY(open_logs(&files, &tool, args, argv[0], err));
	PKG_TRY(seal_tool_key(&tool, &args->signer, err));
	PKG_TRY(confine(args, &tool, err));
	PKG_TRY(make(&head, files, cli_env(cli), err));
	return give_out(&head, &tool, args, err);
}

enum pkg_code seal_head_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {0};
	const struct cli_opt table[] = {
	    SEAL_SIGNER_ROWS(args.signer),
	    AUDIT_ROWS(args.audit),
	    NO_SANDBOX_ROW(args.no_sandbox),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] -o HEAD LOG",
	    .purpose = "Write the head of an audit log that is in order, and "
		       "sign it: HEAD and HEAD.p7s.",
	    .notes = "Keep both where who writes to the log cannot: what was "
		     "cut off later is seen\n"
		     "by pkg-verify --head HEAD.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}
