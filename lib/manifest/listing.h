/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_LISTING_H
#define MANIFEST_LISTING_H

#include "packline/json.h"
#include "packline/listing.h"

/* One row: the thing, and what owns it (the module of an artifact...). */
struct listing_row {
	const struct listing_kind *kind;
	const void *item, *owner;
	bool of_set; /* a set's metadata, a set type; else a module's */
	size_t id;   /* its place in the file, from 0 */
	const struct pkg_manifest *manifest;
};

struct listing_rows {
	const struct pkg_manifest *manifest;
	struct listing_row *items; /* heap */
	size_t count, cap;
	struct pkg_err *err;
};

enum { LISTING_FIELDS = 8 };

/* One kind of list. */
struct listing_kind {
	const char *what;
	enum pkg_code (*collect)(struct listing_rows *rows,
				 const struct listing_kind *kind);
	void (*write)(struct pkg_jsonw *w, const struct listing_row *row);
	/* Names that sort= knows, and the value of each; "" = none. */
	const char *fields[LISTING_FIELDS];
	const char *(*value)(const struct listing_row *row, const char *field);
};

extern const struct listing_kind pkg_listing_kinds[];

enum pkg_code pkg_listing_add(struct listing_rows *rows,
			      const struct listing_kind *kind, const void *item,
			      const void *owner, bool of_set);

/*
 * Keep the rows that the query @text holds for.
 * @what  one of the kinds of list.
 * Fails as pkg_query_parse() does.
 */
enum pkg_code pkg_listing_filter(struct listing_rows *rows, const char *what,
				 const char *text, struct pkg_err *err);

#endif
