/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/compare.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <string.h>

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

static enum pkg_code compare(struct session *a, struct session *b,
			     struct pkg_err *err)
{
	struct pkg_changes changes;
	struct cli *cli = b->cli;

	if (a->manifest->locked != b->manifest->locked)
		return pkg_fail(err, PKG_USAGE,
				"a manifest and a lock cannot be compared");
	PKG_TRY(pkg_compare(&changes, b->arena, a->manifest->root,
			    b->manifest->root, err));
	for (const struct pkg_change *c = changes.first; c != NULL; c = c->next)
		PKG_TRY(cli_json(cli) ? print_record(cli, c, err)
				      : print_text(cli, c, err));
	return changes.count > 0 ? cli_no(err) : PKG_OK;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(session) struct session old_file = {.folder = -1};
	PKG_AUTO_FINI(session) struct session new_file = {.folder = -1};

	(void)argc;
	PKG_TRY(session_open_any(&old_file, cli, options, argv[0], err));
	PKG_TRY(session_open_any(&new_file, cli, options, argv[1], err));
	return compare(&old_file, &new_file, err);
}

enum pkg_code verb_diff(struct cli *cli, struct pkg_err *err)
{
	struct session_options options = {0};
	const struct cli_opt table[] = {
	    SESSION_DEFINES(options),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] OLD NEW",
	    .purpose = "Tell what is different between two manifests or two "
		       "locks.",
	    .notes = "Files that end in .json or .lock are locks. Exits with 1 "
		     "if anything is different.",
	    .table = table,
	    .min_args = 2,
	    .max_args = 2,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}
