/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/compare.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/plan.h"
#include "packline/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct options {
	struct session_options session;
	const char *containers;
};

static void put_value(struct pkg_jsonw *w, const char *key,
		      struct pkg_node *value)
{
	if (value == NULL)
		return;
	pkg_jsonw_key(w, key);
	pkg_jsonw_node(w, value);
}

static enum pkg_code print_record(struct cli *cli,
				  const struct pkg_change *change,
				  struct pkg_err *err)
{
	static const char *const ops[] = {"added", "removed", "changed"};
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, cli_stdout(cli), 0);
	pkg_jsonw_object(&w);
	put_value(&w, "new", change->new_value);
	put_value(&w, "old", change->old_value);
	pkg_jsonw_str_member(&w, "op", ops[change->op]);
	pkg_jsonw_str_member(&w, "path", change->path);
	pkg_jsonw_str_member(&w, "type", "change");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* A value in one line, safe for a terminal. */
static enum pkg_code put_text(struct pkg_buf *line, const char *before,
			      const struct pkg_node *value, struct pkg_err *err)
{
	PKG_TRY(pkg_buf_puts(line, before, err));
	switch (value->kind) {
	case PKG_NODE_NULL:
		return pkg_buf_puts(line, "null", err);
	case PKG_NODE_BOOL:
		return pkg_buf_puts(line, value->truth ? "true" : "false", err);
	case PKG_NODE_INT:
		return pkg_buf_printf(line, err, "%lld",
				      (long long)value->number);
	case PKG_NODE_STRING:
		PKG_TRY(pkg_buf_puts(line, "\"", err));
		PKG_TRY(pkg_text_quote(line, value->text, value->len, err));
		return pkg_buf_puts(line, "\"", err);
	case PKG_NODE_SEQ:
		return pkg_buf_printf(line, err, "a list of %u", value->count);
	case PKG_NODE_MAP:
		break;
	}
	return pkg_buf_puts(line, "a map", err);
}

static bool is_scalar(const struct pkg_node *value)
{
	return value->kind != PKG_NODE_MAP && value->kind != PKG_NODE_SEQ;
}

/* "~ path: old -> new", "+ path: value"; of a map or list, only its path. */
static enum pkg_code print_text(struct cli *cli,
				const struct pkg_change *change,
				struct pkg_err *err)
{
	static const char *const marks[] = {"+ ", "- ", "~ "};
	const struct pkg_node *value =
	    change->op == PKG_ADDED ? change->new_value : change->old_value;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf line = {.max = PKG_LIMIT_YAML};

	PKG_TRY(pkg_buf_puts(&line, marks[change->op], err));
	PKG_TRY(pkg_text_quote(&line, change->path, strlen(change->path), err));
	if (change->op == PKG_CHANGED || is_scalar(value))
		PKG_TRY(put_text(&line, ": ", value, err));
	if (change->op == PKG_CHANGED)
		PKG_TRY(put_text(&line, " -> ", change->new_value, err));
	PKG_TRY(pkg_buf_puts(&line, "\n", err));
	return pkg_sink_write(cli_stdout(cli), line.data, line.len, err);
}

/* A lock as a server would list it, with its containers in place. */
static enum pkg_code as_listed(struct pkg_node **out, struct session *s,
			       const char *containers, struct pkg_err *err)
{
	PKG_AUTO_FINI(records) struct records records = {0};

	if (containers != NULL) {
		PKG_TRY(records_open(&records, s, containers, err));
		PKG_TRY(pkg_plan_containers(s->manifest, s->arena,
					    records.source, err));
	}
	return pkg_compare_as_listed(out, s->arena, s->manifest, err);
}

struct side {
	struct session session;
	bool listing; /* of a server */
};

static void side_fini(struct side *side)
{
	session_fini(&side->session);
}

static enum pkg_code open_side(struct side *side, struct cli *cli,
			       const struct options *o, const char *path,
			       struct pkg_err *err)
{
	struct stat st;

	side->listing =
	    fstatat(cli_dirfd(cli), path, &st, 0) == 0 && S_ISDIR(st.st_mode);
	return side->listing
		   ? session_open_listing(&side->session, cli, path, err)
		   : session_open_any(&side->session, cli, &o->session, path,
				      err);
}

static enum pkg_code compare(struct side *a, struct side *b,
			     const struct options *o, struct pkg_err *err)
{
	struct pkg_node *old_root = a->session.manifest->root;
	struct pkg_node *new_root = b->session.manifest->root;
	struct cli *cli = b->session.cli;
	struct pkg_changes changes;

	if (a->session.manifest->locked != b->session.manifest->locked) {
		(void)pkg_fail(err, PKG_USAGE,
			       "a manifest and a lock cannot be compared");
		return pkg_hint(err, "resolve the manifest first");
	}
	if (a->listing || b->listing) {
		PKG_TRY(as_listed(&old_root, &a->session,
				  a->listing ? NULL : o->containers, err));
		PKG_TRY(as_listed(&new_root, &b->session,
				  b->listing ? NULL : o->containers, err));
	}
	PKG_TRY(
	    pkg_compare(&changes, b->session.arena, old_root, new_root, err));
	for (const struct pkg_change *c = changes.first; c != NULL; c = c->next)
		PKG_TRY(cli_json(cli) ? print_record(cli, c, err)
				      : print_text(cli, c, err));
	return changes.count > 0 ? cli_no(err) : PKG_OK;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(side) struct side a = {.session = {.folder = -1}};
	PKG_AUTO_FINI(side) struct side b = {.session = {.folder = -1}};

	(void)argc;
	PKG_TRY(open_side(&a, cli, options, argv[0], err));
	PKG_TRY(open_side(&b, cli, options, argv[1], err));
	return compare(&a, &b, options, err);
}

enum pkg_code verb_diff(struct cli *cli, struct pkg_err *err)
{
	struct options options = {0};
	const struct cli_opt table[] = {
	    {"containers", 0, CLI_TEXT, &options.containers, "FILE",
	     "records of the containers of sealed artifacts", NULL, "file"},
	    SESSION_DEFINES(options.session),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] OLD NEW",
	    .purpose = "Tell what is different between two manifests or two "
		       "locks.",
	    .notes = "Files that end in .json or .lock are locks. A folder is "
		     "what a server has (see from-server) and is compared with "
		     "a lock. Exits with 1 if anything is different.",
	    .table = table,
	    .min_args = 2,
	    .max_args = 2,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
