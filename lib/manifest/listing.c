/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"

#include "packline/buf.h"
#include "packline/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SORT_MAX = 8, LIMIT_DEFAULT = 50, LIMIT_MAX = 500 };

/* sort=, parsed. */
struct order {
	const char *fields[SORT_MAX]; /* of the kind; "id" = place */
	bool descending[SORT_MAX];
	size_t count;
};

enum pkg_code pkg_listing_add(struct listing_rows *rows,
			      const struct listing_kind *kind, const void *item,
			      const void *owner, bool of_set)
{
	const size_t cap = rows->cap == 0 ? 256 : rows->cap * 2;
	struct listing_row *more;

	if (rows->count == rows->cap) {
		more = reallocarray(rows->items, cap, sizeof(*more));
		if (more == NULL)
			return pkg_fail_nomem(rows->err);
		rows->items = more;
		rows->cap = cap;
	}
	rows->items[rows->count] = (struct listing_row){
	    kind, item, owner, of_set, rows->count, rows->manifest};
	rows->count++;
	return PKG_OK;
}

static const char *known_field(const struct listing_kind *kind,
			       const char *name)
{
	if (strcasecmp(name, "id") == 0)
		return "id";
	for (size_t i = 0; i < LISTING_FIELDS && kind->fields[i] != NULL; i++) {
		if (strcasecmp(kind->fields[i], name) == 0)
			return kind->fields[i];
	}
	return NULL;
}

static enum pkg_code hint_fields(const struct listing_kind *kind,
				 struct pkg_err *err)
{
	char names[PKG_ERR_HINT] = "id";
	size_t len = 2;

	for (size_t i = 0; i < LISTING_FIELDS && kind->fields[i] != NULL &&
			   len < sizeof(names);
	     i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					", %s", kind->fields[i]);
	return pkg_hint(err, "they can be sorted by %s", names);
}

static enum pkg_code parse_one(struct order *o, const struct listing_kind *kind,
			       char *text, struct pkg_err *err)
{
	char *colon = strchr(text, ':');

	if (colon == NULL || o->count == SORT_MAX) {
		(void)pkg_refuse(err, PKG_USAGE, "sort-syntax",
				 "'%s' is no sort criterion", text);
		return pkg_hint(err, "such as --sort name:ASC,version:DESC");
	}
	*colon++ = '\0';
	o->fields[o->count] = known_field(kind, text);
	if (o->fields[o->count] == NULL) {
		(void)pkg_refuse(err, PKG_USAGE, "sort-field",
				 "%s cannot be sorted by '%s'", kind->what,
				 text);
		return hint_fields(kind, err);
	}
	o->descending[o->count] = strcasecmp(colon, "DESC") == 0;
	if (!o->descending[o->count] && strcasecmp(colon, "ASC") != 0) {
		(void)pkg_refuse(err, PKG_USAGE, "sort-direction",
				 "'%s' is no direction", colon);
		return pkg_hint(err, "ASC or DESC");
	}
	o->count++;
	return PKG_OK;
}

static enum pkg_code parse_sort(struct order *o,
				const struct listing_kind *kind,
				const char *sort, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf copy = {.max = 4096};
	char *next, *part;

	if (sort == NULL)
		return PKG_OK;
	PKG_TRY(pkg_buf_add(&copy, sort, strlen(sort) + 1, err));
	next = (char *)copy.data;
	while ((part = strsep(&next, ",")) != NULL)
		PKG_TRY(parse_one(o, kind, part, err));
	return PKG_OK;
}

/* Strings as Java has them; what is equal stays in the order of the file. */
static int by_order(const void *a, const void *b, void *context)
{
	const struct listing_row *x = a, *y = b;
	const struct order *o = context;

	for (size_t i = 0; i < o->count; i++) {
		int c = x->id < y->id ? -1 : 1;

		if (strcmp(o->fields[i], "id") != 0)
			c = pkg_utf16_compare(x->kind->value(x, o->fields[i]),
					      y->kind->value(y, o->fields[i]));
		if (c != 0)
			return o->descending[i] ? -c : c;
	}
	return x->id < y->id ? -1 : x->id > y->id;
}

static enum pkg_code write_rows(const struct listing_rows *rows,
				const struct pkg_listing *list,
				struct pkg_sink *sink, struct pkg_err *err)
{
	const size_t limit = list->limit < 1           ? LIMIT_DEFAULT
			     : list->limit > LIMIT_MAX ? LIMIT_MAX
						       : (size_t)list->limit;
	const size_t offset = list->offset < 0 ? 0 : (size_t)list->offset;
	const size_t first = offset < rows->count ? offset : rows->count;
	const size_t size =
	    rows->count - first < limit ? rows->count - first : limit;
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, PKG_JSONW_PRETTY);
	pkg_jsonw_object(&w);
	pkg_jsonw_key(&w, "content");
	pkg_jsonw_array(&w);
	for (size_t i = first; i < first + size; i++)
		rows->items[i].kind->write(&w, &rows->items[i]);
	pkg_jsonw_array_end(&w);
	pkg_jsonw_int_member(&w, "size", (int64_t)size);
	pkg_jsonw_int_member(&w, "total", (int64_t)rows->count);
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_listing_write(const struct pkg_manifest *m,
				const struct pkg_listing *list,
				struct pkg_sink *sink, struct pkg_err *err)
{
	struct listing_rows rows = {.manifest = m, .err = err};
	const struct listing_kind *kind = pkg_listing_kinds;
	struct order order = {0};
	enum pkg_code code;

	while (kind->what != NULL && strcmp(kind->what, list->what) != 0)
		kind++;
	if (kind->what == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "'%s' cannot be listed",
			       list->what);
		return pkg_hint(err, "modules, sets, artifacts, metadata, "
				     "types or assigned");
	}
	PKG_TRY(parse_sort(&order, kind, list->sort, err));
	code = kind->collect(&rows, kind);
	if (code == PKG_OK && list->query != NULL)
		code = pkg_listing_filter(&rows, kind->what, list->query, err);
	if (code == PKG_OK && rows.count > 1)
		qsort_r(rows.items, rows.count, sizeof(*rows.items), by_order,
			&order);
	if (code == PKG_OK)
		code = write_rows(&rows, list, sink, err);
	free(rows.items);
	return code;
}
