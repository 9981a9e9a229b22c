/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_WATCH_H
#define BATCH_WATCH_H

#include "impl.h"

#include "packline/batch_watch.h"
#include "packline/map.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/*
 * Where a file is (schemas/batch.md, "Watched folders"):
 *
 *   IN/NAME                      nobody has taken it
 *   IN/.packline-watch/ID/NAME   it is taken, and batch ID will have it
 *   OUT/.packline-watch/ID/      what came of batch ID, all of it or no folder
 *   ERR/.packline-watch/ID/      the same; both count when IN's ID is gone
 *   OUT/NAME, ERR/NAME           it has come through
 *
 * A claim ID-refused holds files that no batch takes.
 */
#define WATCH_FOLDER  ".packline-watch"
#define WATCH_REFUSED "-refused"
#define WATCH_ERROR   ".error.json"

enum {
	WATCH_ID = 64,          /* bytes of the name of a claim */
	WATCH_DOCUMENTS = 1000, /* in a batch, if nobody says */
};

/* A name in IN that was there at the last look. */
struct watch_file {
	char *name; /* owned */
	ino_t inode;
	off_t size; /* bytes */
	struct timespec modified, changed;
	uint64_t since_ms; /* when it was first seen like this */
	bool regular;
	bool alone; /* spoilt a batch of several: the next time by itself */
	bool told;  /* people know of it */
};

struct pkg_watch_list {
	struct watch_file *files; /* by name */
	size_t count, cap;
};

struct pkg_batch_watch {
	const struct pkg_env *env;
	struct pkg_batch_watch_options options;
	struct pkg_batch_watch_report *report; /* of this pass */
	struct pkg_watch_list list;
	int in, out, err;    /* the three folders */
	int claims;          /* IN/.packline-watch, locked by us */
	int made, failed;    /* OUT/.packline-watch, ERR/.packline-watch */
	bool held, was_held; /* results waited in this pass, in the last one */
};

/* -- pkg_watch_scan.c -- */

/* Look into IN. */
PKG_MUST_CHECK enum pkg_code pkg_watch_scan(struct pkg_batch_watch *watch,
					    uint64_t now_ms,
					    struct pkg_err *err);
void pkg_watch_list_fini(struct pkg_watch_list *list);
struct watch_file *pkg_watch_list_find(const struct pkg_watch_list *list,
				       const char *name);

/* -- pkg_watch_take.c -- */

/* Claim what is complete in IN and may come through. */
PKG_MUST_CHECK enum pkg_code pkg_watch_take(struct pkg_batch_watch *watch,
					    uint64_t now_ms,
					    struct pkg_err *err);
/* Why can no batch take this file?  PKG_OK = one can. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_judge(const struct pkg_batch_watch *watch, const char *name,
		off_t size, struct pkg_err *err);

/* -- watch_claim.c -- */

/* Names in a folder, by bytes, without those that begin with a dot. */
struct pkg_watch_names {
	struct pkg_arena *arena;
	const char **names;
	size_t count;
};
void pkg_watch_names_fini(struct pkg_watch_names *names);
PKG_MUST_CHECK enum pkg_code pkg_watch_names_read(struct pkg_watch_names *out,
						  int folder,
						  struct pkg_err *err);
/* Open a folder that is ours alone, or fail with "watch-unsafe". */
PKG_MUST_CHECK enum pkg_code pkg_watch_open_own(int *fd, int parent,
						const char *name, bool make,
						struct pkg_err *err);
/* True if there is something of that name, whatever it is. */
bool pkg_watch_has(int folder, const char *name);
PKG_MUST_CHECK enum pkg_code pkg_watch_sync(int folder, struct pkg_err *err);
/* Rename; takes the place of nothing.  0, or errno. */
int pkg_watch_move(int from, const char *name, int to, const char *as);
/* Open the claim @id; -1 if there is none. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_claim_open(int *fd, const struct pkg_batch_watch *watch,
		     const char *id, struct pkg_err *err);
/*
 * The names of its files.  What is no regular file goes back into IN: between
 * the look at a file and the move of it there may be something else of its
 * name, a link to what its owner may not read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_watch_claim_sort(const struct pkg_batch_watch *watch, int claim,
		     struct pkg_watch_names *names, struct pkg_err *err);
/* Put its files back into IN. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_claim_undo(const struct pkg_batch_watch *watch, const char *id,
		     struct pkg_err *err);
/* Remove it with its files: what came of them is in OUT and ERR. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_claim_remove(const struct pkg_batch_watch *watch, const char *id,
		       struct pkg_err *err);

/* -- watch_stage.c -- */

/* What is put into ERR beside a file. */
struct watch_refusal {
	const char *name;   /* as it was in IN: any bytes */
	const char *batch;  /* NULL = none */
	const char *reason; /* id */
	const char *text;   /* one sentence */
	const char *hint;   /* or "" */
};

/* What @name, which may be any bytes, is called in ERR. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_error_name(const struct pkg_batch_watch *watch, const char *name,
		     char out[static 256], struct pkg_err *err);
/* "other-" and what tells @name, which may be any bytes, from others. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_other_name(const struct pkg_batch_watch *watch, const char *name,
		     char out[static 256], struct pkg_err *err);
/* Write OUT's and ERR's folder of a batch that is CLOSED. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_stage_results(const struct pkg_batch_watch *watch,
			const struct pkg_batch *batch, struct pkg_err *err);
/*
 * Write ERR's folder for the claim @id: all its files, for the reason of @why
 * or, if that is NULL, each for what pkg_watch_judge() says.
 */
PKG_MUST_CHECK enum pkg_code
pkg_watch_stage_claim(const struct pkg_batch_watch *watch, const char *id,
		      const struct pkg_err *why, struct pkg_err *err);
/* Say in ERR that something in IN is no file. */
PKG_MUST_CHECK enum pkg_code
pkg_watch_stage_other(const struct pkg_batch_watch *watch, const char *name,
		      struct pkg_err *err);
/* Is one of the folders of the claim @id there? */
bool pkg_watch_is_staged(const struct pkg_batch_watch *watch, const char *id);

/* -- watch_release.c -- */

/*
 * Give what is in the folders of OUT and ERR whose claim is gone its names
 * there.  What has no free name waits.
 */
PKG_MUST_CHECK enum pkg_code
pkg_watch_release_all(struct pkg_batch_watch *watch, struct pkg_err *err);

#endif
