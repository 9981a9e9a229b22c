/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_HASHER_H
#define PKG_HASHER_H

#include "packline/digest.h"

/*
 * Digests of many files: each is read once, several at the same time; an idle
 * thread takes one algorithm of a large file over from a busy one.  Results
 * come in the order of the input.  Memory is bounded by the number of threads.
 */

/* What is known of one file after it was read. */
struct pkg_artifact {
	const char *path; /* as given in the item */
	uint64_t size;    /* bytes */
	bool has_mode;    /* false for a pipe */
	unsigned mode;    /* permission bits, 0..07777 */
	struct pkg_digests digests;
};

/* One file to hash. */
struct pkg_hasher_item {
	const char *path; /* its name, at most PKG_LIMIT_PATH - 1 bytes */
	int fd;           /* an open descriptor, borrowed; -1 = open @path */
	bool nofollow;    /* refuse @path if it is a symbolic link */
	unsigned set;     /* PKG_DIGEST_*, not empty */
	void *user;       /* handed to the result callback */
};

/* Where the files come from and where the results go. */
struct pkg_hasher_calls {
	/*
	 * Give the next file.  The path need only live until the next call.
	 * @more  set to false at the end.
	 * An error stops the run and is its result.
	 */
	enum pkg_code (*next)(void *ctx, struct pkg_hasher_item *item,
			      bool *more, struct pkg_err *err);
	/*
	 * Take one result, in the order of the items.
	 * @artifact  borrowed for this call; if @failed, only its path is
	 *            valid.
	 * @user      of the item.
	 * @failed    NULL, or why this file could not be hashed.  Whether that
	 *            stops the run is the callback's decision: an error that
	 *            it returns does.
	 */
	enum pkg_code (*result)(void *ctx, const struct pkg_artifact *artifact,
				void *user, const struct pkg_err *failed,
				struct pkg_err *err);
	void *ctx; /* handed to both */
};

struct pkg_hasher_options {
	int dirfd;        /* paths are relative to it; AT_FDCWD is fine */
	unsigned threads; /* at most so many; 0 = one for each processor */
	/*
	 * Asked before each thread beyond the first, and told when it has
	 * gone, from any thread, one call at a time.  NULL = no need to ask.
	 */
	bool (*take)(void *token_ctx);
	void (*give)(void *token_ctx);
	void *token_ctx;
};

PKG_API_BEGIN

/*
 * Hash every file that calls->next() gives and hand each result to
 * calls->result().  Both are called one at a time, but from several threads.
 * @crypto   borrowed.
 * @options  NULL = current folder, all processors.
 * Fails as the callbacks do, or with PKG_SYSTEM if out of memory.  After a
 * failure some items that were given have no result.
 *
 * What a result can fail with: PKG_SYSTEM (missing, unreadable; reason
 * "changed" if size, content time or change time differ after reading, or if
 * fewer or more bytes came than the file has), PKG_USAGE (a directory),
 * PKG_INPUT (reason "not-a-file": a symbolic link with nofollow, a device, a
 * socket, a named pipe).
 */
PKG_MUST_CHECK enum pkg_code
pkg_hasher_run(struct pkg_crypto *crypto,
	       const struct pkg_hasher_options *options,
	       const struct pkg_hasher_calls *calls, struct pkg_err *err);
/* Hash one file in this thread; errors as a result of pkg_hasher_run(). */
PKG_MUST_CHECK enum pkg_code pkg_hasher_one(struct pkg_crypto *crypto,
					    int dirfd,
					    const struct pkg_hasher_item *item,
					    struct pkg_artifact *out,
					    struct pkg_err *err);

PKG_API_END

#endif
