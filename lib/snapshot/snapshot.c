/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include "packline/json.h"
#include "packline/limits.h"

#include <stdlib.h>
#include <string.h>

/* What can be asked for; ID stands for digits. */
static const char *const names[] = {
    "softwaremodules",
    "softwaremodules/ID/artifacts",
    "softwaremodules/ID/metadata",
    "softwaremoduletypes",
    "distributionsets",
    "distributionsets/ID/assignedSM",
    "distributionsets/ID/metadata",
    "distributionsettypes",
    "distributionsettypes/ID/mandatorymoduletypes",
    "distributionsettypes/ID/optionalmoduletypes",
    NULL,
};

enum { ANSWER_DEPTH = 16 };

enum pkg_code pkg_snapshot_new(struct pkg_snapshot **out,
			       struct pkg_arena *arena, struct pkg_err *err)
{
	struct pkg_snapshot *s = pkg_arena_alloc(arena, sizeof(*s), err);

	if (s == NULL)
		return pkg_failed_(err->code);
	s->arena = arena;
	s->lists.arena = arena;
	*out = s;
	return PKG_OK;
}

void pkg_snapshot_free(struct pkg_snapshot *snapshot)
{
	(void)snapshot; /* all of it is the arena's */
}

enum pkg_code pkg_snapshot_bad(const struct pkg_node *node, const char *what,
			       struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	(void)pkg_refuse(err, PKG_INPUT, "malformed-listing", "%s", what);
	return pkg_failed_(pkg_err_at(err, &mark));
}

static bool is_digits(const char *text, size_t len)
{
	return len > 0 && strspn(text, "0123456789") >= len;
}

/* Does @text, without .json, have the form of @name?  ID is digits. */
static bool has_form(const char *text, size_t len, const char *name)
{
	const char *id = strstr(name, "ID");
	const size_t before = id != NULL ? (size_t)(id - name) : strlen(name);
	const char *after = id != NULL ? id + 2 : "";
	const size_t rest = strlen(after);

	if (id == NULL)
		return len == before && memcmp(text, name, len) == 0;
	return len > before + rest && memcmp(text, name, before) == 0 &&
	       memcmp(text + len - rest, after, rest) == 0 &&
	       is_digits(text + before, len - before - rest);
}

/* The length of @path without .json and the page's number; 0 = no .json. */
static size_t stem_length(const char *path)
{
	size_t len = strlen(path);
	size_t digits = 0;

	if (len <= 5 || strcmp(path + len - 5, ".json") != 0)
		return 0;
	len -= 5;
	while (digits < len && path[len - 1 - digits] >= '0' &&
	       path[len - 1 - digits] <= '9')
		digits++;
	if (digits > 0 && digits < len && path[len - 1 - digits] == '.')
		len -= digits + 1;
	return len;
}

/* The list that @path is a page of, as text of the arena; NULL = of none. */
static const char *name_of(const struct pkg_snapshot *s, const char *path,
			   struct pkg_err *err)
{
	const size_t len = stem_length(path);

	for (size_t from = len; from > 0; from--) {
		if (from - 1 > 0 && path[from - 2] != '/')
			continue;
		for (size_t i = 0; names[i] != NULL; i++) {
			if (has_form(path + from - 1, len - from + 1, names[i]))
				return pkg_arena_dup(s->arena, path + from - 1,
						     len - from + 1, err);
		}
	}
	(void)pkg_refuse(err, PKG_INPUT, "unknown-listing",
			 "%s: the name does not say what was asked", path);
	(void)pkg_hint(err, "call it as the request, such as softwaremodules"
			    ".json or softwaremodules/5/artifacts.json");
	return NULL;
}

/* The items and the total of an answer: a page, or a bare list. */
static enum pkg_code read_page(const struct pkg_node *answer,
			       const struct pkg_node **items, int64_t *total,
			       struct pkg_err *err)
{
	const struct pkg_node *n;

	*total = -1;
	*items = answer;
	if (answer->kind == PKG_NODE_MAP) {
		*items = pkg_node_get(answer, "content");
		n = pkg_node_get(answer, "total");
		if (n == NULL || n->kind != PKG_NODE_INT || *items == NULL)
			return pkg_snapshot_bad(
			    answer, "an answer has content and total", err);
		*total = n->number;
	}
	if ((*items)->kind != PKG_NODE_SEQ)
		return pkg_snapshot_bad(*items, "this is no list", err);
	for (n = (*items)->first; n != NULL; n = n->next) {
		if (n->kind != PKG_NODE_MAP)
			return pkg_snapshot_bad(n, "this is no object", err);
	}
	return PKG_OK;
}

static enum pkg_code list_of(struct pkg_snapshot *s, const char *name,
			     const char *path, struct snapshot_list **out,
			     struct pkg_err *err)
{
	struct snapshot_list *list =
	    pkg_arena_alloc(s->arena, sizeof(*list), err);
	const void *before;

	if (list == NULL)
		return pkg_failed_(err->code);
	list->name = name;
	list->path = path;
	list->last = &list->first;
	list->total = -1;
	PKG_TRY(pkg_map_add(&s->lists, name, list, &before, err));
	if (before != NULL) /* ours, so it may be changed */
		memcpy(&list, &before, sizeof(before));
	*out = list;
	return PKG_OK;
}

enum pkg_code pkg_snapshot_add(struct pkg_snapshot *s, const char *path,
			       const void *json, size_t len,
			       struct pkg_err *err)
{
	const char *kept = pkg_arena_dup(s->arena, path, strlen(path), err);
	struct pkg_json_input input = {
	    .name = kept, .data = json, .len = len, .max_depth = ANSWER_DEPTH};
	struct snapshot_page *page;
	struct snapshot_list *list;
	struct pkg_node *answer = NULL;
	const char *name;
	int64_t total;

	if (kept == NULL)
		return pkg_failed_(err->code);
	name = name_of(s, path, err);
	if (name == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(pkg_json_parse(&answer, s->arena, &input, err));
	page = pkg_arena_alloc(s->arena, sizeof(*page), err);
	if (page == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(read_page(answer, &page->items, &total, err));
	PKG_TRY(list_of(s, name, kept, &list, err));
	if (list->first != NULL && (total < 0 || total != list->total))
		return pkg_snapshot_bad(
		    answer, "not a further page of the same answer", err);
	list->total = total;
	list->count += page->items->count;
	*list->last = page;
	list->last = &page->next;
	return PKG_OK;
}

enum pkg_code pkg_snapshot_list(const struct pkg_snapshot *s, const char *name,
				const struct snapshot_list **out,
				struct pkg_err *err)
{
	const struct snapshot_list *list = pkg_map_get(&s->lists, name);

	if (list == NULL) {
		(void)pkg_refuse(err, PKG_INPUT, "incomplete-listing",
				 "%s.json is missing", name);
		return pkg_failed_(
		    pkg_hint(err, "save what GET /rest/v1/%s answers", name));
	}
	if (list->total >= 0 && (uint64_t)list->total != list->count) {
		(void)pkg_refuse(err, PKG_INPUT, "incomplete-listing",
				 "%s: %zu of %lld entries are there",
				 list->path, list->count,
				 (long long)list->total);
		return pkg_failed_(pkg_hint(
		    err,
		    "save the other pages, too: ?limit=500&offset=500, "
		    "...; call them %s.2.json, ...",
		    name));
	}
	*out = list;
	return PKG_OK;
}

static const struct pkg_node *settle(struct snapshot_cursor *c)
{
	while (c->item == NULL && c->page != NULL && c->page->next != NULL) {
		c->page = c->page->next;
		c->item = c->page->items->first;
	}
	return c->item;
}

const struct pkg_node *pkg_snapshot_first(struct snapshot_cursor *c,
					  const struct snapshot_list *list)
{
	c->page = list->first;
	c->item = c->page != NULL ? c->page->items->first : NULL;
	return settle(c);
}

const struct pkg_node *pkg_snapshot_next(struct snapshot_cursor *c)
{
	c->item = c->item->next;
	return settle(c);
}
