/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-verify/log.h"

#include "common/protect.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/verify_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is opened and read before anything of it is looked at. */
struct log_setup {
	struct verify_setup setup;
	struct pkg_audit_files *files;
	struct pkg_arena *arena;
	struct pkg_verify_head *heads;
	struct pkg_buf text[PKG_LIMIT_AUDIT_HEADS], p7s[PKG_LIMIT_AUDIT_HEADS];
	size_t count;
};

static void log_setup_fini(struct log_setup *self)
{
	verify_setup_fini(&self->setup);
	pkg_audit_files_free(self->files);
	pkg_arena_free(self->arena);
	for (size_t i = 0; i < PKG_LIMIT_AUDIT_HEADS; i++) {
		pkg_buf_fini(&self->text[i]);
		pkg_buf_fini(&self->p7s[i]);
	}
}

/* There is no such file, but one that was rotated: the last one is missing. */
bool verify_has_rotated(struct cli *cli, const char *path)
{
	char name[PKG_LIMIT_PATH];
	const int len = snprintf(name, sizeof(name), "%s.000001", path);

	return len > 0 && len < (int)sizeof(name) &&
	       faccessat(cli_dirfd(cli), name, F_OK, 0) == 0;
}

enum pkg_code verify_is_log(bool *out, int fd, const char *path,
			    struct pkg_err *err)
{
	struct stat st;
	char first = 0;

	*out = false;
	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return PKG_OK;
	if (pread(fd, &first, 1, 0) < 0)
		return pkg_fail_os(err, errno, "cannot read '%s'", path);
	*out = first == '{';
	return PKG_OK;
}

static enum pkg_code check_args(const struct verify_args *args,
				struct pkg_err *err)
{
	if (args->tenant == NULL && args->device_config == NULL &&
	    args->state == NULL && args->recipient.key.key == NULL &&
	    args->extract == NULL && args->tsas.count == 0 &&
	    !args->min_sequence.given && !args->unsigned_digest &&
	    (args->trust == NULL || strcmp(args->trust, "-") != 0))
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE,
		       "it is an audit log, and an option is for containers");
	return pkg_hint(err, "for a log there are --head, --unsigned-heads, "
			     "--trust FILE, --crl and --time");
}

static enum pkg_code read_head(struct log_setup *self, struct cli *cli,
			       const char *name, struct pkg_err *err)
{
	struct pkg_buf *text = &self->text[self->count];
	struct pkg_buf *p7s = &self->p7s[self->count];
	char *beside = pkg_arena_printf(self->arena, err, "%s.p7s", name);

	if (beside == NULL)
		return pkg_failed_(err->code);
	text->max = PKG_LIMIT_AUDIT_HEAD;
	p7s->max = PKG_LIMIT_SIGNATURE;
	PKG_TRY(pkg_path_slurp(text, cli_dirfd(cli), name, err));
	if (pkg_path_slurp(p7s, cli_dirfd(cli), beside, err) != PKG_OK) {
		if (err->os_errno != ENOENT)
			return pkg_failed_(err->code);
		*err = PKG_ERR_INIT; /* it is not signed */
	}
	self->heads[self->count++] = (struct pkg_verify_head){
	    .name = name,
	    .data = text->data,
	    .len = text->len,
	    .p7s = p7s->len == 0 ? NULL : p7s->data,
	    .p7s_len = p7s->len,
	};
	return PKG_OK;
}

static enum pkg_code read_heads(struct log_setup *self, struct cli *cli,
				const struct cli_list *heads,
				struct pkg_err *err)
{
	if (heads->count > PKG_LIMIT_AUDIT_HEADS)
		return pkg_fail(err, PKG_USAGE, "more than %u heads",
				PKG_LIMIT_AUDIT_HEADS);
	PKG_TRY(pkg_arena_new(&self->arena, PKG_LIMIT_ARENA, err));
	self->heads = pkg_arena_array(self->arena, heads->count + 1,
				      sizeof(*self->heads), err);
	if (self->heads == NULL)
		return pkg_failed_(err->code);
	for (size_t i = 0; i < heads->count; i++)
		PKG_TRY(read_head(self, cli, heads->items[i], err));
	return PKG_OK;
}

static enum pkg_code judge(struct pkg_log_verdict *verdict,
			   struct log_setup *self,
			   const struct verify_args *args, struct cli *cli,
			   const char *path, struct pkg_err *err)
{
	const struct pkg_verify_log_options options = {
	    .trust = self->setup.trust,
	    .heads = self->heads,
	    .head_count = self->count,
	    .unsigned_heads = args->unsigned_heads,
	};
	const struct protect_needs needs = {.no_sandbox = args->no_sandbox};
	enum pkg_code code =
	    pkg_audit_files_open(&self->files, cli_dirfd(cli), path, err);

	if (code == PKG_NO || code == PKG_INPUT) {
		pkg_log_verdict_refuse(verdict, err);
		return code;
	}
	PKG_TRY(code);
	PKG_TRY(protect_enter(&needs, err));
	return pkg_verify_log(verdict, self->files, &options, cli_env(cli),
			      err);
}

enum pkg_code verify_log(struct cli *cli, const struct verify_args *args,
			 const char *path, struct pkg_err *err)
{
	const bool text = strcmp(args->format, "text") == 0;
	PKG_AUTO_FINI(log_setup) struct log_setup self = {0};
	struct pkg_log_verdict verdict = {0};
	struct pkg_err unwritten = PKG_ERR_INIT;
	enum pkg_code code;

	PKG_TRY(check_args(args, err));
	PKG_TRY(verify_setup(&self.setup, cli, args, path, err));
	PKG_TRY(read_heads(&self, cli, &args->heads, err));
	code = judge(&verdict, &self, args, cli, path, err);
	if (code != PKG_OK && verdict.reason == NULL)
		return pkg_failed_(err->code); /* no answer */
	if ((text ? pkg_log_verdict_text : pkg_log_verdict_record)(
		cli_stdout(cli), &verdict, path, &unwritten) != PKG_OK) {
		*err = unwritten;
		return pkg_failed_(err->code);
	}
	if (code == PKG_NO && text)
		return cli_no(err);
	return code;
}
