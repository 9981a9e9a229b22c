/* SPDX-License-Identifier: Apache-2.0 */
#include "review/facts.h"

#include "packline/arena.h"
#include "packline/map.h"

#include <stdio.h>

/* Two packages that are compared. */
struct compare {
	struct page *page;
	struct pkg_arena *arena;
	struct pkg_map before, now;
	bool readable; /* both requests are */
	size_t count;  /* of changes */
};

static bool is_compared(const struct compare *c, const struct fact *fact)
{
	return fact->compared && (c->readable || !fact->inside);
}

/* Label and name; no label holds a newline. */
static const char *key_of(const struct compare *c, const struct fact *fact,
			  struct pkg_err *err)
{
	return pkg_arena_printf(c->arena, err, "%s\n%s", fact->label,
				fact->name == NULL ? "" : fact->name);
}

static enum pkg_code index_facts(struct compare *c, struct pkg_map *map,
				 const struct facts *facts, struct pkg_err *err)
{
	for (const struct fact *one = facts->first; one != NULL;
	     one = one->next) {
		const void *same = NULL;
		const char *key = NULL;

		if (!is_compared(c, one))
			continue;
		key = key_of(c, one, err);
		if (key == NULL)
			return err->code;
		PKG_TRY(pkg_map_add(map, key, one, &same, err));
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
static enum pkg_code walk(struct compare *c, const struct facts *from,
			  bool forward, struct pkg_err *err)
{
	for (const struct fact *one = from->first; one != NULL;
	     one = one->next) {
		const struct fact *other = NULL;
		const char *key = NULL;

		if (!is_compared(c, one))
			continue;
		key = key_of(c, one, err);
		if (key == NULL)
			return err->code;
		other = pkg_map_get(forward ? &c->before : &c->now, key);
		if (other == NULL)
			tell(c, forward ? "+" : "-", forward ? NULL : one,
			     forward ? one : NULL);
		else if (forward && strcmp(other->value, one->value) != 0)
			tell(c, "~", other, one);
	}
	return PKG_OK;
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
	if (code == PKG_OK)
		code = walk(&c, now, true, err);
	if (code == PKG_OK)
		code = walk(&c, before, false, err);
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
