/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_IMPORT_H
#define PKG_IMPORT_H

#include "packline/auto.h"
#include "packline/env.h"
#include "packline/receipt.h"

/*
 * The online leg: bring a server to what the plan of a bundle says.  This is
 * the one module that opens connections; it is linked into pkg-import only
 * and is no part of libpackline.
 *
 * Reasons (stable ids) of refusals:
 *
 *   exit 1, the answer is no
 *     server-untrusted    its certificate is not one of a CA that is believed
 *     not-found           the plan needs something that the server lacks
 *     different-artifact  the module has another file of that name
 *     different-modules   the set has modules that the plan does not name
 *     immutable           it is there, and differs in what cannot be changed
 *     soft-deleted        it was deleted there, and its name stays taken
 *     name-taken          something else has its name, or one that differs by
 *                         case only
 *     locked              the server lets nobody change it any more
 *     quota               the server holds no more
 *     unknown-target      the server does not know a target
 *     redirect            the server is elsewhere
 *     refused             any other refusal
 *     digest-mismatch     the bundle has changed since it was verified
 *   exit 3
 *     bad-answer          larger than allowed, or not what the API says
 *   exit 4
 *     no-connection       none, or it broke, as often as it was tried
 *     server-error        the server failed, as often as it was tried
 *     busy                the server asks for more time, as often as it was
 *                         tried
 *   exit 5
 *     unauthorized        no credentials for it, or wrong ones
 *     forbidden           the user may not do that
 */
struct pkg_import; /* a bundle that is ready to be imported */

struct pkg_import_server {
	/* https://HOST[:PORT][/PATH]; http:// only to this machine. */
	const char *url;
	int dirfd;          /* that the paths below are relative to */
	const char *netrc;  /* private file with user and password; or NULL */
	const char *token;  /* bearer token; or NULL */
	const char *cacert; /* believe these CAs alone; NULL = the system's */
	unsigned retries;   /* after a failure that may pass, 0..20 */
	unsigned long timeout; /* seconds without a byte, 1.. */
};

/* Something that was done; all borrowed for the call. */
struct pkg_import_event {
	const char *op, *ref; /* of the plan's step; op "prune" has none */
	/* "created", "updated", "unchanged", "found", "deleted"; in a dry run
	   "would-create", "would-update", "would-delete". */
	const char *action;
	int64_t id;     /* the server's; 0 = it has none, or not yet */
	int64_t status; /* HTTP status of the last change; 0 = there was none */
};

struct pkg_import_options {
	struct pkg_import_server server;
	bool dry_run; /* change nothing, tell what would be done */
	bool prune; /* delete what the plan's modules and sets have too much */
	/* Told of every step; or NULL.  A failure ends the import. */
	enum pkg_code (*event)(void *context,
			       const struct pkg_import_event *event,
			       struct pkg_err *err);
	/* Told now and then how many bytes of all are uploaded; or NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *context;
};

/* What came of it. */
struct pkg_import_result {
	struct pkg_receipt receipt; /* borrowed from the import */
	uint64_t created, updated, unchanged, found, deleted;
	uint64_t reads, writes; /* requests that were sent */
};

PKG_API_BEGIN

/*
 * Get a bundle ready that pkg_verify() has just said yes to, by reading it
 * once more: its plan, and where its blobs lie.
 * @out     receives it; freed by the caller with pkg_import_free().
 * @fd      the bundle, seekable; borrowed until then.
 * @name    of the file, for messages; borrowed.
 * @sha256  the verdict's manifest_sha256: another manifest is PKG_NO,
 *          "digest-mismatch".
 * @env     its crypto is borrowed.
 * Fails with PKG_INPUT, reason "malformed-plan" or "unsupported", if it is no
 * bundle that can be imported; as the container's reader does.
 */
PKG_MUST_CHECK enum pkg_code pkg_import_open(struct pkg_import **out, int fd,
					     const char *name,
					     const char *sha256,
					     const struct pkg_env *env,
					     struct pkg_err *err);
/*
 * Go through the plan.  It can be done again after any failure, and goes on
 * where it was: what is there already is left alone.
 * @result  receives what was done, also after a failure; borrowed from
 *          @import.  The receipt is complete only if this returned PKG_OK.
 * Fails with PKG_USAGE for an address that cannot be used, PKG_KEY for
 * credentials that cannot be read, or with a reason from the list above.
 */
PKG_MUST_CHECK enum pkg_code
pkg_import_run(struct pkg_import *import,
	       const struct pkg_import_options *options,
	       struct pkg_import_result *result, struct pkg_err *err);
void pkg_import_free(struct pkg_import *import); /* NULL is allowed */

/*
 * Write an event, or the whole result, as a record; newline included.  Errors
 * as the sink's.
 */
PKG_MUST_CHECK enum pkg_code
pkg_import_event_record(struct pkg_sink *sink,
			const struct pkg_import_event *event,
			struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_import_result_record(struct pkg_sink *sink,
			 const struct pkg_import_result *result, bool dry_run,
			 struct pkg_err *err);

/* Print the JSON Schemas (draft-07) of the two records. */
PKG_MUST_CHECK enum pkg_code pkg_import_event_schema(struct pkg_sink *sink,
						     struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_import_result_schema(struct pkg_sink *sink,
						      struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_import)

#endif
