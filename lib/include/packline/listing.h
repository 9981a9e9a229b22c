/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_LISTING_H
#define PKG_LISTING_H

#include "packline/manifest.h"

/*
 * Lists of what a manifest or a lock has, as the server would answer a GET:
 * {content, size, total}.  What only the server knows (ids, times, links) is
 * left out; modules and sets are named by type, name and version instead.
 */
struct pkg_listing {
	/* modules, sets, artifacts, metadata, types or assigned */
	const char *what;
	const char *query; /* FIQL (packline/query.h); NULL = all */
	/* "name:ASC,version:DESC"; NULL = in the order of the file */
	const char *sort;
	int64_t limit;  /* below 1 = 50, above 500 = 500, as the server does */
	int64_t offset; /* below 0 = 0 */
};

PKG_API_BEGIN

/*
 * Write a list, pretty JSON.
 * Fails with PKG_USAGE for another @what, or, with the server's reasons
 * "sort-syntax", "sort-field" and "sort-direction", for a malformed sort; as
 * pkg_query_parse() does for a malformed query.
 */
PKG_MUST_CHECK enum pkg_code pkg_listing_write(const struct pkg_manifest *m,
					       const struct pkg_listing *list,
					       struct pkg_sink *sink,
					       struct pkg_err *err);

PKG_API_END

#endif
