/* SPDX-License-Identifier: Apache-2.0 */
#include "expand.h"
#include "tables.h"

#include "packline/buf.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reading the files of a manifest: the named one and what it includes. */
struct loader {
	struct pkg_arena *arena;
	const struct pkg_manifest_options *options;
	struct rule_sink sink;
	int folder;         /* of the named manifest */
	const char *prefix; /* that folder as the user named it, "" or "a/b/" */
	struct loaded {
		dev_t dev;
		ino_t ino;
	} seen[PKG_LIMIT_INCLUDES + 1];
	size_t count;
};

static enum pkg_code parse(struct loader *l, struct pkg_node **out, int fd,
			   const char *name)
{
	struct pkg_err *err = l->sink.err;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = PKG_LIMIT_YAML};
	struct pkg_source_fd source;

	if (l->options->opened != NULL)
		l->options->opened(l->options->context, name);
	pkg_source_fd_init(&source, fd, name);
	if (pkg_source_slurp(&source.source, &text, err) != PKG_OK)
		return pkg_wrap(err, "reading '%s'", name);
	PKG_TRY(pkg_yaml_parse(out, l->arena, name, pkg_buf_str(&text),
			       text.len, err));
	return pkg_manifest_expand(*out, l->arena, l->options, &l->sink);
}

/* Remember the file; @fresh is false if it was read before. */
static enum pkg_code remember(struct loader *l, int fd, bool *fresh)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(l->sink.err, errno, "cannot look at a file");
	*fresh = true;
	for (size_t i = 0; i < l->count; i++) {
		if (l->seen[i].dev == st.st_dev && l->seen[i].ino == st.st_ino)
			*fresh = false;
	}
	if (*fresh && l->count <= PKG_LIMIT_INCLUDES)
		l->seen[l->count++] = (struct loaded){st.st_dev, st.st_ino};
	return PKG_OK;
}

/* Join the children of @from to those of @to. */
static void join(struct pkg_node *to, const struct pkg_node *from)
{
	if (from->first == NULL)
		return;
	if (to->last != NULL)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->count += from->count;
}

static enum pkg_code merge_map(struct loader *l, struct pkg_node *to,
			       struct pkg_node *from);

static enum pkg_code merge_key(struct loader *l, struct pkg_node *to,
			       struct pkg_node *from)
{
	struct pkg_node *old = pkg_node_get(to, from->key);

	if (old == NULL) {
		from->next = NULL;
		pkg_node_append(to, from);
		return PKG_OK;
	}
	if (strcmp(from->key, "packline") == 0 &&
	    strcmp(rule_text(from), rule_text(old)) == 0)
		return PKG_OK;
	if (old->kind == PKG_NODE_SEQ && from->kind == PKG_NODE_SEQ) {
		join(old, from);
		return PKG_OK;
	}
	if (strcmp(from->key, "types") == 0 && old->kind == PKG_NODE_MAP &&
	    from->kind == PKG_NODE_MAP)
		return merge_map(l, old, from);
	return pkg_rule_add(&l->sink, RULE_INCLUDE_CONFLICT, from, NULL,
			    "'%s' is set in %s line %u already", from->key,
			    old->source, old->line);
}

/* Recursion ends: only `types` is merged a second level down. */
static enum pkg_code merge_map(struct loader *l, struct pkg_node *to,
			       struct pkg_node *from)
{
	for (struct pkg_node *n = from->first, *next; n != NULL; n = next) {
		next = n->next;
		if (strcmp(n->key, "include") != 0)
			PKG_TRY(merge_key(l, to, n));
	}
	return PKG_OK;
}

/* Read one included file and hang its tree into @out; NULL after a finding. */
static enum pkg_code read_included(struct loader *l, const struct pkg_node *at,
				   struct pkg_node **out)
{
	struct pkg_err *err = l->sink.err;
	struct pkg_err why = PKG_ERR_INIT;
	const char *name;
	bool fresh = false;
	enum pkg_code code;
	int fd = -1;

	*out = NULL;
	if (pkg_path_open_beneath(&fd, l->folder, at->text, &why) != PKG_OK)
		return pkg_rule_add(&l->sink, RULE_INCLUDE_FILE, at, NULL,
				    "cannot include '%s': %s", at->text,
				    why.text);
	code = remember(l, fd, &fresh);
	name = pkg_arena_printf(l->arena, err, "%s%s", l->prefix, at->text);
	if (code == PKG_OK && name == NULL)
		code = err->code;
	if (code == PKG_OK && !fresh)
		code = pkg_rule_add(&l->sink, RULE_INCLUDE_TWICE, at, NULL,
				    "'%s' was read already", at->text);
	else if (code == PKG_OK)
		code = parse(l, out, fd, name);
	close(fd);
	return code;
}

/*
 * Merge what @root includes, and what that includes.  The list of @root grows
 * while it is walked, so nothing recurses; `seen` ends it.
 */
static enum pkg_code include_all(struct loader *l, struct pkg_node *root)
{
	struct pkg_node *list = pkg_node_get(root, "include");
	struct pkg_node *more, *tree;

	if (list == NULL || list->kind != PKG_NODE_SEQ)
		return PKG_OK; /* the binding says what is wrong */
	for (struct pkg_node *n = list->first; n != NULL; n = n->next) {
		if (n->kind != PKG_NODE_STRING)
			continue;
		if (l->count > PKG_LIMIT_INCLUDES)
			return pkg_rule_add(&l->sink, RULE_INCLUDE_FILE, n,
					    NULL,
					    "more than %u files are included",
					    PKG_LIMIT_INCLUDES);
		PKG_TRY(read_included(l, n, &tree));
		if (tree == NULL)
			continue;
		if (tree->kind != PKG_NODE_MAP) {
			PKG_TRY(pkg_rule_add(&l->sink, RULE_INCLUDE_FILE, tree,
					     NULL, "'%s' is no manifest",
					     n->text));
			continue;
		}
		more = pkg_node_get(tree, "include");
		if (more != NULL && more->kind == PKG_NODE_SEQ)
			join(list, more);
		PKG_TRY(merge_map(l, root, tree));
	}
	return PKG_OK;
}

static enum pkg_code open_folder(struct loader *l, const char *path)
{
	const size_t len = (size_t)(pkg_path_basename(path) - path);
	const char *folder = ".";

	l->prefix = pkg_arena_dup(l->arena, path, len, l->sink.err);
	if (l->prefix == NULL)
		return l->sink.err->code;
	if (len != 0)
		folder = l->prefix;
	l->folder =
	    openat(l->options->dirfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->folder < 0)
		return pkg_fail_os(l->sink.err, errno, "cannot open '%s'",
				   folder);
	return PKG_OK;
}

static enum pkg_code load(struct loader *l, struct pkg_node **root,
			  const char *path)
{
	const bool piped = strcmp(path, "-") == 0;
	bool fresh;
	enum pkg_code code;
	int fd = STDIN_FILENO;

	PKG_TRY(open_folder(l, piped ? "" : path));
	if (!piped)
		PKG_TRY(
		    pkg_path_open(&fd, l->options->dirfd, path, l->sink.err));
	code = remember(l, fd, &fresh);
	if (code == PKG_OK)
		code = parse(l, root, fd, piped ? "<stdin>" : path);
	if (!piped)
		close(fd);
	if (code == PKG_OK)
		code = include_all(l, *root);
	return code;
}

enum pkg_code pkg_manifest_load(struct pkg_manifest **out,
				struct pkg_arena *arena, const char *path,
				const struct pkg_manifest_options *options,
				struct pkg_diag *diag, struct pkg_err *err)
{
	struct loader l = {.arena = arena,
			   .options = options,
			   .sink = {diag, err},
			   .folder = -1};
	struct pkg_node *root = NULL;
	const enum pkg_code code = load(&l, &root, path);

	*out = NULL;
	if (l.folder >= 0)
		close(l.folder);
	PKG_TRY(code);
	return pkg_manifest_bind(out, arena, root, false, diag, err);
}
