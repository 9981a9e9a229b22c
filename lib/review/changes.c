/* SPDX-License-Identifier: Apache-2.0 */
#include "review/facts.h"

#include "packline/arena.h"
#include "packline/map.h"

#include <stdio.h>

/* Two packages that are compared. */
struct compare {
	struct page *page;
	struct pkg_arena *arena;
	struct pkg_map before, now; /* key of a fact → the fact */
	bool readable;              /* both requests are */
	size_t count;               /* of changes */
};

/* How many facts of one label and name there are. */
struct namesakes {
	size_t count;
};

static bool is_compared(const struct compare *c, const struct fact *fact)
{
	return fact->compared && (c->readable || !fact->inside);
}

/*
 * Label, name, and which one of those it is: a plan may have two steps of one
 * name, and one that changed or is gone must not hide behind the other.  No
 * label holds a newline.
 */
static enum pkg_code make_key(const struct compare *c, struct pkg_map *names,
			      struct fact *fact, struct pkg_err *err)
{
	const char *name =
	    pkg_arena_printf(c->arena, err, "%s\n%s", fact->label,
			     fact->name == NULL ? "" : fact->name);
	struct namesakes *same = NULL;
	const void *before = NULL;

	if (name == NULL)
		return err->code;
	same = pkg_arena_alloc(c->arena, sizeof(*same), err);
	if (same == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(names, name, same, &before, err));
	if (before != NULL)
		memcpy(&same, &before, sizeof(same));
	fact->key =
	    pkg_arena_printf(c->arena, err, "%s\n%zu", name, same->count++);
	return fact->key == NULL ? err->code : PKG_OK;
}

static enum pkg_code index_facts(const struct compare *c, struct pkg_map *map,
				 const struct facts *facts, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_map) struct pkg_map names = {0};

	for (struct fact *one = facts->first; one != NULL; one = one->next) {
		const void *same = NULL;

		if (!is_compared(c, one))
			continue;
		PKG_TRY(make_key(c, &names, one, err));
		PKG_TRY(pkg_map_add(map, one->key, one, &same, err));
	}
	return PKG_OK;
}

static void tell(struct compare *c, const char *sign, const struct fact *was,
		 const struct fact *now)
{
	const struct fact *any = now == NULL ? was : now;
	char label[16];

	c->count++;
	(void)snprintf(label, sizeof(label), "%s %s", sign,
		       any->label + strspn(any->label, " "));
	if (was == NULL || now == NULL) {
		pkg_page_line(c->page, label,
			      any->name == NULL ? any->value : any->name,
			      any->kind);
		if (any->name != NULL)
			pkg_page_line(c->page, "", any->value, any->kind);
		return;
	}
	pkg_page_line(c->page, label, any->name == NULL ? "" : any->name,
		      any->kind);
	pkg_page_line(c->page, "    was", was->value, was->kind);
	pkg_page_line(c->page, "    now", now->value, now->kind);
}

/* What is in @from and not in @other, or there with another value. */
static void walk(struct compare *c, const struct facts *from, bool forward)
{
	for (const struct fact *one = from->first; one != NULL;
	     one = one->next) {
		const struct fact *other = NULL;

		if (!is_compared(c, one))
			continue;
		other = pkg_map_get(forward ? &c->before : &c->now, one->key);
		if (other == NULL)
			tell(c, forward ? "+" : "-", forward ? NULL : one,
			     forward ? one : NULL);
		else if (forward && strcmp(other->value, one->value) != 0)
			tell(c, "~", other, one);
	}
}

enum pkg_code pkg_facts_changes(struct page *page, const struct facts *before,
				const struct facts *now, struct pkg_err *err)
{
	struct compare c = {
	    .page = page,
	    .arena = now->arena,
	    .readable = before->readable && now->readable,
	};
	enum pkg_code code = index_facts(&c, &c.before, before, err);

	if (code == PKG_OK)
		code = index_facts(&c, &c.now, now, err);
	if (code == PKG_OK) {
		walk(&c, now, true);
		walk(&c, before, false);
	}
	if (c.count == 0)
		pkg_page_own(page, c.readable ? "(nothing of the above)"
					      : "(nothing that can be read)");
	if (!c.readable)
		pkg_page_own(page, "The files of one of them are encrypted: "
				   "they were not compared.");
	pkg_map_fini(&c.before);
	pkg_map_fini(&c.now);
	return code;
}
