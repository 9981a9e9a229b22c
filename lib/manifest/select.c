/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include "packline/path.h"
#include "packline/pattern.h"

#include <stdlib.h>
#include <string.h>

/* From selectors to artifacts. */
struct selection {
	struct files *files;
	const struct rule_sink *sink;
	struct pkg_pinned *items; /* of one module; heap, used again */
	size_t count, cap;
};

static enum pkg_code push(struct selection *s, const struct pkg_pinned *item)
{
	struct pkg_pinned *more;
	const size_t cap = s->cap == 0 ? 64 : s->cap * 2;

	if (s->count == s->cap) {
		more = reallocarray(s->items, cap, sizeof(*more));
		if (more == NULL)
			return pkg_fail_nomem(s->sink->err);
		s->items = more;
		s->cap = cap;
	}
	s->items[s->count++] = *item;
	return PKG_OK;
}

/* Look at a file that is named, not matched; @out stays NULL on a finding. */
static enum pkg_code find_file(struct selection *s, const char **out,
			       int64_t *size, const struct pkg_node *path)
{
	struct pkg_err *err = s->sink->err;
	enum file_kind kind;
	const char *normal;

	*out = NULL;
	PKG_TRY(pkg_files_normal(&normal, s->files->arena, path->text, err));
	if (normal == NULL)
		return pkg_rule_add(s->sink, RULE_PATH_OUTSIDE, path, NULL,
				    "'%s' is not beneath the manifest's folder",
				    path->text);
	PKG_TRY(pkg_files_stat(s->files, &kind, size, normal, err));
	if (kind == FILE_MISSING)
		return pkg_rule_add(s->sink, RULE_FILE_MISSING, path, NULL,
				    "no file '%s'", path->text);
	if (kind == FILE_OTHER)
		return pkg_rule_add(s->sink, RULE_NOT_A_FILE, path, NULL,
				    "'%s' is not a regular file", path->text);
	*out = normal;
	return PKG_OK;
}

static struct pkg_pinned pinned(const struct pkg_selector *sel,
				const char *path, int64_t size)
{
	return (struct pkg_pinned){
	    .at = sel->at,
	    .path = path,
	    .filename = sel->filename != NULL ? sel->filename->text
					      : pkg_path_basename(path),
	    .seal = sel->seal != NULL ? sel->seal->text : NULL,
	    .size = size,
	};
}

static enum pkg_code select_path(struct selection *s,
				 const struct pkg_selector *sel)
{
	struct pkg_pinned item;
	int64_t size = -1;
	const char *path;

	PKG_TRY(find_file(s, &path, &size, sel->path));
	if (path == NULL)
		return PKG_OK;
	item = pinned(sel, path, size);
	return push(s, &item);
}

/* A pattern that does not compile is a finding. */
static enum pkg_code compile(const struct selection *s,
			     struct pkg_pattern **out,
			     enum pkg_pattern_kind kind,
			     const struct pkg_node *text)
{
	struct pkg_err why = PKG_ERR_INIT;
	const enum pkg_code code =
	    pkg_pattern_new(out, kind, text->text, text->len, NULL, &why);

	if (code == PKG_INPUT)
		return pkg_rule_add(s->sink, RULE_BAD_PATTERN, text,
				    why.hint[0] != '\0' ? why.hint : NULL, "%s",
				    why.text);
	if (code != PKG_OK)
		*s->sink->err = why;
	return code;
}

static enum pkg_code add_excludes(const struct selection *s,
				  struct pkg_pattern_set *set,
				  const struct pkg_list *globs)
{
	const struct pkg_node *const *texts = globs->items;

	for (size_t i = 0; i < globs->count; i++) {
		struct pkg_pattern *pattern = NULL;

		if (texts[i] == NULL)
			continue;
		PKG_TRY(compile(s, &pattern, PKG_PATTERN_GLOB, texts[i]));
		if (pattern != NULL)
			PKG_TRY(pkg_pattern_set_add(set, pattern, false,
						    s->sink->err));
	}
	return PKG_OK;
}

static enum pkg_code match_all(struct selection *s,
			       const struct pkg_selector *sel,
			       const struct pkg_pattern_set *set,
			       const struct file_list *list)
{
	struct pkg_err *err = s->sink->err;
	struct pkg_pattern_decision decision;
	enum file_kind kind;

	for (size_t i = 0; i < list->count; i++) {
		struct file_entry *e = &list->items[i];
		struct pkg_pinned item;

		PKG_TRY(pkg_pattern_set_decide(set, e->path, strlen(e->path),
					       &decision, err));
		if (!decision.included)
			continue;
		if (e->size < 0)
			PKG_TRY(pkg_files_stat(s->files, &kind, &e->size,
					       e->path, err));
		item = pinned(sel, e->path, e->size);
		PKG_TRY(push(s, &item));
	}
	return PKG_OK;
}

static enum pkg_code select_pattern(struct selection *s,
				    const struct pkg_selector *sel)
{
	struct pkg_err *err = s->sink->err;
	const bool glob = sel->glob != NULL;
	const struct pkg_node *text = glob ? sel->glob : sel->regex;
	PKG_AUTO(pkg_pattern_set) struct pkg_pattern_set *set = NULL;
	struct pkg_pattern *pattern = NULL;
	const struct file_list *list;
	const size_t before = s->count;

	PKG_TRY(compile(s, &pattern,
			glob ? PKG_PATTERN_GLOB : PKG_PATTERN_REGEX, text));
	if (pattern == NULL)
		return PKG_OK;
	if (pkg_pattern_set_new(&set, err) != PKG_OK) {
		pkg_pattern_free(pattern);
		return err->code;
	}
	PKG_TRY(pkg_pattern_set_add(set, pattern, true, err));
	PKG_TRY(add_excludes(s, set, &sel->exclude));
	PKG_TRY(
	    pkg_files_list(s->files, &list, pkg_pattern_base(pattern), err));
	if (match_all(s, sel, set, list) != PKG_OK) {
		const struct pkg_mark mark = pkg_node_mark(text);

		return pkg_err_at(err, &mark);
	}
	if (s->count == before)
		return pkg_rule_add(s->sink, RULE_NO_MATCH, text, NULL,
				    "'%s' selects no file", text->text);
	if (s->count > before + 1 && sel->filename != NULL) {
		const size_t count = s->count - before;

		s->count = before + 1; /* the others would only clash */
		return pkg_rule_add(s->sink, RULE_FILENAME_MANY, sel->filename,
				    NULL,
				    "'%s' selects %zu files, which cannot "
				    "all be '%s'",
				    text->text, count, sel->filename->text);
	}
	return PKG_OK;
}

static enum pkg_code select_sbom(struct selection *s, struct pkg_module *m)
{
	struct pkg_err *err = s->sink->err;
	const char *path;
	int64_t size = -1;

	if (m->sbom == NULL || m->sbom->path == NULL ||
	    m->sbom->media_type == NULL)
		return PKG_OK;
	PKG_TRY(find_file(s, &path, &size, m->sbom->path));
	if (path == NULL)
		return PKG_OK;
	m->sbom_file =
	    pkg_arena_alloc(s->files->arena, sizeof(*m->sbom_file), err);
	if (m->sbom_file == NULL)
		return err->code;
	*m->sbom_file = (struct pkg_pinned){
	    .at = m->sbom->at,
	    .path = path,
	    .filename = pkg_path_basename(path),
	    .media_type = m->sbom->media_type->text,
	    .size = size,
	};
	return PKG_OK;
}

/* The device config must be there to seal for; records do not tell. */
static enum pkg_code check_seal(struct selection *s,
				const struct pkg_selector *sel)
{
	int64_t size;
	const char *path;

	if (sel->seal == NULL || s->files->dirfd < 0)
		return PKG_OK;
	return find_file(s, &path, &size, sel->seal);
}

static enum pkg_code select_module(struct selection *s, struct pkg_module *m)
{
	const struct pkg_selector *sel = m->selectors.items;
	struct pkg_pinned *items;

	s->count = 0;
	for (size_t i = 0; i < m->selectors.count; i++) {
		if (sel[i].path != NULL)
			PKG_TRY(select_path(s, &sel[i]));
		else if (sel[i].glob != NULL || sel[i].regex != NULL)
			PKG_TRY(select_pattern(s, &sel[i]));
		PKG_TRY(check_seal(s, &sel[i]));
	}
	PKG_TRY(select_sbom(s, m));
	if (m->bits != NULL)
		PKG_TRY(pkg_select_bits(m, s->files, s->sink));
	items = pkg_arena_array(s->files->arena, s->count + 1, sizeof(*items),
				s->sink->err);
	if (items == NULL)
		return s->sink->err->code;
	if (s->count > 0)
		memcpy(items, s->items, s->count * sizeof(*items));
	m->artifacts = (struct pkg_list){m->selectors.at, items, s->count};
	return PKG_OK;
}

enum pkg_code pkg_select_all(struct pkg_manifest *manifest, struct files *files,
			     const struct rule_sink *sink)
{
	struct selection s = {.files = files, .sink = sink};
	struct pkg_module *modules = manifest->modules.items;
	enum pkg_code code = PKG_OK;

	for (size_t i = 0; code == PKG_OK && i < manifest->modules.count; i++)
		code = select_module(&s, &modules[i]);
	free(s.items);
	return code;
}

enum pkg_code pkg_manifest_select(struct pkg_manifest *manifest,
				  struct pkg_arena *arena, int dirfd,
				  struct pkg_diag *diag, struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	struct files files = {.arena = arena, .dirfd = dirfd};
	const enum pkg_code code = pkg_select_all(manifest, &files, &sink);

	pkg_files_fini(&files);
	return code;
}
