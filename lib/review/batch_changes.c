/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/arena.h"
#include "packline/batch.h"
#include "packline/map.h"
#include "review/page.h"

#include <stdio.h>
#include <string.h>

/* A document of the batch before. */
struct before {
	const char *name;
	uint8_t sha256[32];
	struct before *next;
};

struct changes {
	struct page *page;
	struct pkg_arena *arena;
	struct pkg_map names; /* of the batch before -> struct before */
	struct pkg_map now;   /* names of this batch */
	struct before *first, *last;
	uint64_t same, told, untold;
};

static enum pkg_code remember(void *context,
			      const struct pkg_batch_document *document,
			      struct pkg_err *err)
{
	struct changes *c = context;
	struct before *one = pkg_arena_alloc(c->arena, sizeof(*one), err);
	const void *already = NULL;

	if (one == NULL)
		return pkg_failed_(err->code);
	one->name = pkg_arena_dup(c->arena, document->name,
				  strlen(document->name), err);
	if (one->name == NULL)
		return pkg_failed_(err->code);
	memcpy(one->sha256, document->sha256, sizeof(one->sha256));
	if (c->last == NULL)
		c->first = one;
	else
		c->last->next = one;
	c->last = one;
	return pkg_map_add(&c->names, one->name, one, &already, err);
}

static void tell(struct changes *c, const char *how, const char *name)
{
	if (c->told == PKG_REVIEW_DOCUMENTS) {
		c->untold++;
		return;
	}
	c->told++;
	pkg_page_line(c->page, how, name, PAGE_FOREIGN);
}

static enum pkg_code compare(void *context,
			     const struct pkg_batch_document *document,
			     struct pkg_err *err)
{
	struct changes *c = context;
	const struct before *one = pkg_map_get(&c->names, document->name);
	const void *already = NULL;

	if (one == NULL) {
		tell(c, "new", document->name);
		return PKG_OK;
	}
	if (memcmp(one->sha256, document->sha256, sizeof(one->sha256)) == 0)
		c->same++;
	else
		tell(c, "changed", document->name);
	return pkg_map_add(&c->now, one->name, one, &already, err);
}

static void tell_gone(struct changes *c)
{
	for (const struct before *one = c->first; one != NULL; one = one->next)
		if (pkg_map_get(&c->now, one->name) == NULL)
			tell(c, "gone", one->name);
}

static enum pkg_code find_changes(struct changes *c,
				  const struct pkg_batch *previous,
				  const struct pkg_batch *batch,
				  struct pkg_err *err)
{
	PKG_TRY(pkg_batch_documents(previous, remember, c, err));
	PKG_TRY(pkg_batch_documents(batch, compare, c, err));
	tell_gone(c);
	return PKG_OK;
}

enum pkg_code pkg_batch_changes(struct page *page,
				const struct pkg_batch *previous,
				const struct pkg_batch *batch,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct changes c = {.page = page};
	char line[160];

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	c.arena = c.names.arena = c.now.arena = arena;
	pkg_page_own(page, "=== CHANGED (the other batch was not verified)");
	pkg_page_line(page, "since", pkg_batch_record(previous)->id,
		      PAGE_FOREIGN);
	PKG_TRY(find_changes(&c, previous, batch, err));
	(void)snprintf(line, sizeof(line), "%llu", (unsigned long long)c.same);
	pkg_page_line(page, "the same", line, PAGE_QUOTED);
	if (c.untold == 0)
		return PKG_OK;
	(void)snprintf(line, sizeof(line), "and %llu changes more, not shown",
		       (unsigned long long)c.untold);
	pkg_page_own(page, line);
	return PKG_OK;
}
