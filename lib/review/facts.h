/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REVIEW_FACTS_H
#define REVIEW_FACTS_H

#include "packline/container_read.h"
#include "packline/envelope.h"
#include "review/page.h"

/* What there is to know of one package. */
struct facts_of {
	const struct pkg_container_manifest *manifest;
	const struct pkg_container_request *request; /* NULL = encrypted */
	struct pkg_container_bytes plan;             /* or empty */
	const struct pkg_envelope_info *recipients;  /* NULL = none */
};

/* One line of the screen, and what the same line said before. */
struct fact {
	const char *label; /* ours */
	const char *name;  /* of which file, recipient, step; NULL = only one */
	const char *value;
	enum page_text kind; /* of name and value */
	bool compared;       /* a change of it is told */
	bool inside;         /* known only if the request can be read */
	struct fact *next;
	const char *key; /* changes.c: to find it in the other package */
};

/* In the order of the screen; lives in the arena, as do the texts. */
struct facts {
	struct pkg_arena *arena;
	struct fact *first, *last;
	bool readable; /* the request could be read */
};

PKG_MUST_CHECK enum pkg_code pkg_facts_collect(struct facts *facts,
					       const struct facts_of *of,
					       struct pkg_err *err);
/* Append a copy of @fact.  NULL value = the arena was full: fails so. */
PKG_MUST_CHECK enum pkg_code pkg_facts_add(struct facts *facts,
					   const struct fact *fact,
					   struct pkg_err *err);
/* plan.c: what the plan of a bundle will do, a fact a step. */
PKG_MUST_CHECK enum pkg_code
pkg_facts_plan(struct facts *facts, const struct pkg_container_bytes *plan,
	       struct pkg_err *err);
/* changes.c: what differs between the two. */
PKG_MUST_CHECK enum pkg_code pkg_facts_changes(struct page *page,
					       const struct facts *before,
					       const struct facts *now,
					       struct pkg_err *err);

#endif
