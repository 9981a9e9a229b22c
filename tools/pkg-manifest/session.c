/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/crypto.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/resource.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum pkg_code bad_define(const char *text, struct pkg_err *err)
{
	(void)pkg_fail(err, PKG_USAGE, "'%s' defines nothing", text);
	return pkg_hint(err, "write -D NAME=VALUE; a name has letters, digits "
			     "and _, the value is UTF-8");
}

static bool is_variable(const char *name)
{
	const size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
					"abcdefghijklmnopqrstuvwxyz");

	return len > 0 && name[len] == '\0' && !(*name >= '0' && *name <= '9');
}

static enum pkg_code take_define(struct session *s, struct pkg_define *out,
				 const char *text, struct pkg_err *err)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return bad_define(text, err);
	out->name = pkg_arena_dup(s->arena, text, (size_t)(equals - text), err);
	if (out->name == NULL)
		return err->code;
	out->value = equals + 1;
	if (!is_variable(out->name) ||
	    !pkg_utf8_valid(out->value, strlen(out->value)))
		return bad_define(text, err);
	return PKG_OK;
}

static enum pkg_code take_env(struct pkg_define *out, const char *name,
			      struct pkg_err *err)
{
	out->name = name;
	out->value = getenv(name);
	if (out->value == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "environment variable '%s' is not set", name);
		return pkg_hint(err, "export it, or give -D %s=VALUE", name);
	}
	if (!is_variable(name) ||
	    !pkg_utf8_valid(out->value, strlen(out->value)))
		return bad_define(name, err);
	return PKG_OK;
}

/* -D wins over the environment: it comes later. */
static enum pkg_code take_defines(struct session *s,
				  const struct session_options *o,
				  struct pkg_manifest_options *out,
				  struct pkg_err *err)
{
	const size_t count = o->define.count + o->from_env.count;
	struct pkg_define *all =
	    pkg_arena_array(s->arena, count + 1, sizeof(*all), err);

	if (all == NULL)
		return err->code;
	for (size_t i = 0; i < o->from_env.count; i++)
		PKG_TRY(take_env(&all[i], o->from_env.items[i], err));
	for (size_t i = 0; i < o->define.count; i++)
		PKG_TRY(take_define(s, &all[o->from_env.count + i],
				    o->define.items[i], err));
	out->defines = all;
	out->ndefines = count;
	return PKG_OK;
}

enum pkg_code session_input(struct session *s, const char *path,
			    struct pkg_err *err)
{
	const size_t cap = s->input_cap == 0 ? 64 : s->input_cap * 2;
	const char **more;

	if (s->input_count == s->input_cap) {
		more = reallocarray(s->inputs, cap, sizeof(*more));
		if (more == NULL)
			return pkg_fail_nomem(err);
		s->inputs = more;
		s->input_cap = cap;
	}
	s->inputs[s->input_count] =
	    pkg_arena_dup(s->arena, path, strlen(path), err);
	if (s->inputs[s->input_count] == NULL)
		return err->code;
	s->input_count++;
	return PKG_OK;
}

static void opened(void *context, const char *path)
{
	struct session *s = context;
	struct pkg_err err = PKG_ERR_INIT;

	if (strcmp(path, "<stdin>") != 0 &&
	    session_input(s, path, &err) != PKG_OK)
		s->full = true;
}

static enum pkg_code take_profile(struct session *s,
				  const struct session_options *o,
				  struct pkg_err *err)
{
	s->profile = pkg_profile_default();
	if (o->profile != NULL) {
		PKG_TRY(pkg_profile_load(&s->profile, s->arena,
					 cli_dirfd(s->cli), o->profile,
					 &s->diag, err));
		PKG_TRY(session_input(s, o->profile, err));
	}
	if (o->server != NULL &&
	    !pkg_profile_server(&s->profile.server, o->server)) {
		(void)pkg_fail(err, PKG_USAGE, "'%s' is no version of a server",
			       o->server);
		return pkg_hint(err, "such as --server-version 0.9.0");
	}
	s->profile.dated = o->at != NULL;
	if (o->at != NULL &&
	    !pkg_time_parse(&s->profile.at, o->at, strlen(o->at))) {
		(void)pkg_fail(err, PKG_USAGE, "'%s' is not an RFC 3339 time",
			       o->at);
		return pkg_hint(err, "such as --at 2026-12-01T02:00:00Z");
	}
	return PKG_OK;
}

enum pkg_code session_start(struct session *s, struct cli *cli,
			    const char *path, struct pkg_err *err)
{
	const size_t len = (size_t)(pkg_path_basename(path) - path);

	*s = (struct session){.cli = cli, .path = path, .folder = -1};
	PKG_TRY(pkg_arena_new(&s->arena, PKG_LIMIT_ARENA, err));
	s->diag.arena = s->arena;
	s->prefix = pkg_arena_dup(s->arena, path, len, err);
	if (s->prefix == NULL)
		return err->code;
	s->folder = openat(cli_dirfd(cli), len != 0 ? s->prefix : ".",
			   O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		return pkg_fail_os(err, errno, "cannot open folder '%s'",
				   len != 0 ? s->prefix : ".");
	return PKG_OK;
}

enum pkg_code session_open(struct session *s, struct cli *cli,
			   const struct session_options *options,
			   const char *path, struct pkg_err *err)
{
	struct pkg_manifest_options o = {
	    .dirfd = cli_dirfd(cli), .opened = opened, .context = s};

	PKG_TRY(session_start(s, cli, path, err));
	PKG_TRY(take_profile(s, options, err));
	PKG_TRY(take_defines(s, options, &o, err));
	PKG_TRY(
	    pkg_manifest_load(&s->manifest, s->arena, path, &o, &s->diag, err));
	if (s->full)
		return pkg_fail_nomem(err);
	return pkg_manifest_check(s->manifest, &s->profile, &s->diag, err);
}

enum pkg_code session_open_lock(struct session *s, struct cli *cli,
				const char *path, struct pkg_err *err)
{
	PKG_TRY(session_start(s, cli, path, err));
	if (strcmp(path, "-") != 0)
		PKG_TRY(session_input(s, path, err));
	return pkg_lock_read(&s->manifest, s->arena, cli_dirfd(cli), path, err);
}

enum pkg_code session_limits(struct session *s, const char *path,
			     struct pkg_err *err)
{
	const struct session_options o = {.profile = path};

	if (path == NULL)
		return PKG_OK;
	PKG_TRY(take_profile(s, &o, err));
	PKG_TRY(session_judge(s, err));
	s->manifest->targets_at_once = s->profile.assignments_per_request;
	return PKG_OK;
}

static bool ends_in(const char *text, const char *tail)
{
	const size_t a = strlen(text), b = strlen(tail);

	return a >= b && strcmp(text + a - b, tail) == 0;
}

enum pkg_code session_open_any(struct session *s, struct cli *cli,
			       const struct session_options *options,
			       const char *path, struct pkg_err *err)
{
	if (ends_in(path, ".json") || ends_in(path, ".lock"))
		return session_open_lock(s, cli, path, err);
	return session_open(s, cli, options, path, err);
}

void session_fini(struct session *s)
{
	if (s->folder >= 0)
		close(s->folder);
	free(s->inputs);
	if (s->cli != NULL) {
		pkg_crypto_free(cli_env(s->cli)->crypto);
		cli_env(s->cli)->crypto = NULL;
	}
	pkg_arena_free(s->arena);
}

enum pkg_code records_open(struct records *r, const struct session *s,
			   const char *path, struct pkg_err *err)
{
	int fd = STDIN_FILENO;

	if (path == NULL)
		return PKG_OK;
	if (strcmp(path, "-") != 0)
		PKG_TRY(pkg_path_open(&fd, cli_dirfd(s->cli), path, err));
	pkg_source_fd_init(&r->file, fd, path);
	r->source = &r->file.source;
	return PKG_OK;
}

void records_fini(struct records *r)
{
	if (r->source != NULL && r->file.fd != STDIN_FILENO)
		close(r->file.fd);
}

enum pkg_code session_select(struct session *s, struct pkg_err *err)
{
	PKG_TRY(pkg_manifest_select(s->manifest, s->arena, s->folder, &s->diag,
				    err));
	return pkg_manifest_check_artifacts(s->manifest, &s->profile, &s->diag,
					    err);
}

enum pkg_code session_judge(struct session *s, struct pkg_err *err)
{
	pkg_diag_sort(&s->diag);
	cli_findings(s->cli, &s->diag);
	return s->diag.errors != 0 ? cli_no(err) : PKG_OK;
}

enum pkg_code session_crypto(struct session *s, struct pkg_err *err)
{
	struct pkg_env *env = cli_env(s->cli);

	return env->crypto != NULL ? PKG_OK : pkg_crypto_new(&env->crypto, err);
}

enum pkg_code session_check_sboms(struct session *s, struct pkg_err *err)
{
	const struct pkg_module *modules = s->manifest->modules.items;
	bool any = false;

	for (size_t i = 0; i < s->manifest->modules.count; i++)
		any = any || modules[i].sbom_file != NULL;
	if (!any)
		return PKG_OK;
	PKG_TRY(session_crypto(s, err));
	return pkg_manifest_check_sboms(s->manifest, s->folder, cli_env(s->cli),
					&s->diag, err);
}

enum pkg_code session_resources(struct session *s, struct pkg_known **out,
				const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_known) struct pkg_known *known = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_ANSWER_JSON};

	if (path == NULL)
		return PKG_OK;
	PKG_TRY(pkg_path_slurp(&text, cli_dirfd(s->cli), path, err));
	PKG_TRY(pkg_known_new(&known, err));
	PKG_TRY(pkg_known_add(known, path, text.data, text.len, err));
	*out = PKG_STEAL(known);
	return PKG_OK;
}

/* True if the file @path has exactly these bytes. */
static bool is_same(const struct session *s, const char *path,
		    const struct pkg_buf *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf old = {.max = text->len};
	struct pkg_err ignored = PKG_ERR_INIT;

	return text->len > 0 &&
	       pkg_path_slurp(&old, cli_dirfd(s->cli), path, &ignored) ==
		   PKG_OK &&
	       old.len == text->len &&
	       memcmp(old.data, text->data, old.len) == 0;
}

enum pkg_code session_write(struct session *s, const char *path,
			    const struct pkg_buf *text, bool keep_same,
			    struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .force = cli_force(s->cli) || keep_same};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;

	if (path == NULL || strcmp(path, "-") == 0)
		return pkg_sink_write(cli_stdout(s->cli), text->data, text->len,
				      err);
	if (keep_same && is_same(s, path, text))
		return PKG_OK;
	PKG_TRY(
	    pkg_outfile_open(&file, cli_dirfd(s->cli), path, &options, err));
	PKG_TRY(
	    pkg_sink_write(pkg_outfile_sink(file), text->data, text->len, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}
