/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_WATCH_H
#define PKG_BATCH_WATCH_H

#include "packline/batch.h"

/*
 * Folders that are watched: a file that is dropped into IN goes through a batch
 * and comes out in OUT with its signature, or in ERR with the reason.  At any
 * time, also after the power was cut, each file is in one place that counts
 * (schemas/batch.md, "Watched folders"), and comes out once.
 */
struct pkg_batch_watch;

/* Where, and how; all borrowed for its lifetime. */
struct pkg_batch_watch_options {
	int dirfd; /* folder that the paths are relative to */
	const char *in, *out, *err;
	struct pkg_spool *spool;
	const struct pkg_process *process; /* action sign; path as for @dirfd */
	const char *requester;             /* of the batches; NULL = not said */
	uint64_t settle_ms; /* a file is complete when it did not change for so
			       many milliseconds */
	uint64_t documents; /* at most so many in a batch; 0 = as the process */
	bool keep;          /* leave the documents in the spool, too */
	/*
	 * Take a batch whose documents are there as far as it goes: accept it
	 * if nobody else has to, run it, finish it.  That it cannot go on now
	 * is no failure.
	 */
	enum pkg_code (*work)(void *context, struct pkg_batch *batch,
			      struct pkg_err *err);
	/* What people should know of one file or batch; not about failures of
	   the watch itself.  @why is NULL when all went well. */
	void (*tell)(void *context, const char *what,
		     const struct pkg_err *why);
	/* A batch has been delivered. */
	enum pkg_code (*delivered)(void *context, const struct pkg_batch *batch,
				   struct pkg_err *err);
	bool (*stop)(void *context); /* after this batch? */
	void *context;
};

/* What a pass has seen and done. */
struct pkg_batch_watch_report {
	uint64_t signed_;   /* documents that went to OUT */
	uint64_t refused;   /* files that went to ERR */
	uint64_t waiting;   /* batches that wait for officers, and files and
			       results whose name is taken in OUT or ERR */
	uint64_t unsettled; /* files in IN that may still grow */
	bool more;          /* there is more to do at once */
};

PKG_API_BEGIN

/*
 * Begin to watch.
 * @out  receives it; freed with pkg_batch_watch_free().
 * Fails with PKG_USAGE if the process does not sign, or if two of the folders
 * are the same; PKG_NO, reason "watch-busy", if somebody else watches IN;
 * PKG_INPUT, reason "watch-unsafe", if others could change what was taken from
 * it; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_watch_new(struct pkg_batch_watch **out, const struct pkg_env *env,
		    const struct pkg_batch_watch_options *options,
		    struct pkg_err *err);
void pkg_batch_watch_free(struct pkg_batch_watch *watch); /* NULL is allowed */

/*
 * Go on with what was begun, look into IN, take what is complete there as far
 * as it goes.
 * @now_ms  milliseconds of a clock that never goes back.
 * Fails as @work does, and with PKG_SYSTEM; everything is in one place then,
 * and a later pass, of another process, too, goes on from there.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_watch_pass(struct pkg_batch_watch *watch, uint64_t now_ms,
		     struct pkg_batch_watch_report *report,
		     struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_batch_watch)

#endif
