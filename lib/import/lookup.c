/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/limits.h"

#include <string.h>

/* The server gives no more than that at once. */
enum { PAGE = 500, PAGES_MAX = 20000 };

static const char *page_path(struct job *job, const struct lookup *lookup,
			     size_t offset, struct pkg_err *err)
{
	const char *query = "";

	if (lookup->query != NULL) {
		query = http_escape(job->scratch, lookup->query, err);
		if (query == NULL)
			return NULL;
		query = pkg_arena_printf(job->scratch, err, "&q=%s", query);
		if (query == NULL)
			return NULL;
	}
	return pkg_arena_printf(job->scratch, err, "%s?limit=%d&offset=%zu%s",
				lookup->path, PAGE, offset, query);
}

/* The items of an answer: a page, or (some lists have none) an array. */
static const struct pkg_node *items_of(const struct pkg_node *answer)
{
	if (answer->kind == PKG_NODE_MAP)
		answer = pkg_node_get(answer, "content");
	return answer != NULL && answer->kind == PKG_NODE_SEQ ? answer : NULL;
}

enum pkg_code lookup_each(struct job *job, const struct lookup *lookup,
			  struct pkg_err *err)
{
	size_t offset = 0;

	for (size_t page = 0; page < PAGES_MAX; page++) {
		const char *path = page_path(job, lookup, offset, err);
		const struct pkg_node *items = NULL;
		struct pkg_node *answer = NULL;

		if (path == NULL)
			return err->code;
		PKG_TRY(send_get(job, path, &answer, err));
		if (answer ==
		    NULL) /* what exists has a list, if an empty one */
			return refuse_answer(job, err);
		items = items_of(answer);
		if (items == NULL)
			return pkg_refuse(err, PKG_INPUT, "bad-answer",
					  "the server gives no list for %s",
					  lookup->path);
		for (struct pkg_node *i = items->first; i != NULL;
		     i = i->next) {
			if (i->kind == PKG_NODE_MAP &&
			    lookup->item(lookup->context, i))
				return PKG_OK;
		}
		offset += items->count;
		if (items->count == 0 || items == answer ||
		    (int64_t)offset >= tree_number(answer, "total"))
			return PKG_OK;
	}
	return pkg_refuse(err, PKG_INPUT, "bad-answer",
			  "the server's list %s has no end", lookup->path);
}

/* -- the one that is meant -- */

struct exact {
	const struct pkg_node *want;
	struct pkg_node *found;
};

static bool take_exact(void *context, struct pkg_node *item)
{
	struct exact *exact = context;

	if (!tree_covers(exact->want, item))
		return false;
	exact->found = item;
	return true;
}

enum pkg_code lookup_exact(struct job *job, struct pkg_node **out,
			   struct pkg_err *err)
{
	const struct pkg_plan_lookup *l = job->step->lookup;
	struct exact exact = {.want = l->exact};
	struct lookup lookup = {.item = take_exact, .context = &exact};

	lookup.path = tree_path(job->run, job->scratch, l->path->text, err);
	if (lookup.path == NULL)
		return err->code;
	lookup.query = l->query == NULL ? NULL : l->query->text;
	PKG_TRY(lookup_each(job, &lookup, err));
	*out = exact.found;
	return PKG_OK;
}

/* -- ids -- */

struct gather {
	struct job *job;
	struct lookup_ids *ids;
	size_t cap;
	struct pkg_err *err;
};

static bool take_id(void *context, struct pkg_node *item)
{
	struct gather *g = context;
	struct lookup_ids *ids = g->ids;
	const size_t cap = g->cap == 0 ? 64 : g->cap * 2;
	int64_t *more;

	if (ids->count == g->cap) {
		more = pkg_arena_array(g->job->scratch, cap, sizeof(*more),
				       g->err);
		if (more == NULL)
			return true;
		if (ids->count > 0)
			memcpy(more, ids->items, ids->count * sizeof(*more));
		ids->items = more;
		g->cap = cap;
	}
	ids->items[ids->count++] = tree_number(item, "id");
	return false;
}

enum pkg_code lookup_ids(struct job *job, const char *path,
			 struct lookup_ids *out, struct pkg_err *err)
{
	struct pkg_err full = PKG_ERR_INIT;
	struct gather gather = {.job = job, .ids = out, .err = &full};
	const struct lookup lookup = {
	    .path = path, .item = take_id, .context = &gather};

	*out = (struct lookup_ids){0};
	PKG_TRY(lookup_each(job, &lookup, err));
	if (full.code != PKG_OK)
		*err = full;
	return full.code;
}

bool lookup_has_id(const struct lookup_ids *ids, int64_t id)
{
	for (size_t i = 0; i < ids->count; i++) {
		if (ids->items[i] == id)
			return true;
	}
	return false;
}
