/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_EXCHANGE_H
#define PKG_EXCHANGE_H

#include "packline/batch.h"
#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Batches over an air gap: a request file takes a batch to the machine that
 * has the key, a response file brings the signatures back.  Both have the same
 * shape and the same ids; format: schemas/batch.md.
 *
 * Reasons of refusals, besides those of packline/batch.h, document.h and of the
 * ZIP profile (framing, truncated, limit, not-canonical, unsupported-format):
 *
 *   malformed-exchange  PKG_INPUT: a member breaks a rule of its own, or
 *                       contradicts another one
 *   exchange-action     PKG_NO: of a process that signs nothing
 *   exchange-tenant     PKG_NO: of another tenant than the process
 *   exchange-known      PKG_NO: the spool has, or had, a batch of that id
 *   exchange-request    PKG_NO: answers another request than this batch's
 *   exchange-answer     PKG_NO: answers a request file that never left here
 *   exchange-results    PKG_INPUT: not one result for each document
 *   no-trust            PKG_NO: the process does not say who may sign
 */
struct pkg_arena;
struct pkg_certs;
struct pkg_outfile;
struct pkg_source;

#define PKG_EXCHANGE_MIME "application/vnd.packline.batch.v1+zip"

enum pkg_exchange_direction {
	PKG_EXCHANGE_REQUEST,
	PKG_EXCHANGE_RESPONSE,
};

/* exchange.json; texts are borrowed. */
struct pkg_exchange {
	enum pkg_exchange_direction direction;
	const char *batch;  /* a name: its id */
	const char *tenant; /* a name */
	/* Only digests travel; of a response: did so in the request. */
	bool hash_only;
	uint8_t request_sha256[32]; /* of request.json */
	uint8_t process_sha256[32]; /* of the process file */
	bool has_previous;
	uint8_t previous_sha256[32]; /* of the result.json before */
	/* Of a response only: exchange.json of the request file that it
	   answers, results.jsonl, result.json. */
	uint8_t answers_sha256[32];
	uint8_t results_sha256[32];
	uint8_t result_sha256[32];
};

/*
 * Called when everything is checked and nothing is done: for a log that says
 * what is going to happen.  Anything but PKG_OK ends it.
 */
typedef enum pkg_code pkg_exchange_before(void *context,
					  const struct pkg_exchange *exchange,
					  struct pkg_err *err);

/* What to write; everything is borrowed. */
struct pkg_exchange_export {
	/* Leave the content out; not looked at for a response, which never has
	   any. */
	bool hash_only;
	struct pkg_outfile *file;    /* opened seekable; it is committed */
	pkg_exchange_before *before; /* all is written to the file; or NULL */
	void *context;
};

/* What to bring in; everything is borrowed. */
struct pkg_exchange_import {
	const struct pkg_env *env;
	struct pkg_spool *spool;
	const struct pkg_process *process; /* this side's own copy */
	int dirfd; /* folder that process->path is relative to */
	struct pkg_source *source;
	/* A process of the form raw: the signer's certificate, then others. */
	const struct pkg_certs *certs;
	pkg_exchange_before *before; /* NULL = nobody wants to know */
	void *context;
};

/* What came of it; texts live in the arena that was given. */
struct pkg_exchange_report {
	struct pkg_exchange header;
	enum pkg_batch_status status; /* of the batch, now */
	uint64_t documents, succeeded, failed;
};

/* Queries and replies of a time-stamping authority, as files. */
struct pkg_batch_stamping {
	int dirfd; /* their folder: NNNNNN.tsq, NNNNNN.tsr */
	/* Whose stamps count; NULL = what the trust policy of the process
	   says. */
	const struct pkg_certs *anchors;
	/* Told of each reply that is no good, or NULL. */
	void (*refused)(void *context, const struct pkg_err *err);
	void *context;
};

struct pkg_batch_stamp_report {
	uint64_t stamped; /* documents that have a stamp now */
	uint64_t missing; /* those that have none */
	uint64_t written; /* queries, or stamps, that are new */
	uint64_t refused; /* replies that are no good */
};

PKG_API_BEGIN

/* "request", "response". */
const char *pkg_exchange_direction_name(enum pkg_exchange_direction direction);

/* Append the canonical bytes of exchange.json to @out. */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_encode(struct pkg_buf *out, const struct pkg_exchange *exchange,
		    struct pkg_err *err);
/*
 * Read exchange.json.
 * @out  its texts live in @arena.
 * Fails with PKG_INPUT, reason "not-canonical", "unsupported-format" or
 * "malformed-exchange".
 */
PKG_MUST_CHECK enum pkg_code pkg_exchange_decode(struct pkg_exchange *out,
						 struct pkg_arena *arena,
						 const void *data, size_t len,
						 struct pkg_err *err);

/*
 * Write @batch, which is open to be changed, to a file and commit that: a
 * request file while no key was used here; of a batch that was imported and is
 * CLOSED, the response file.  A batch that is NEW has its list closed by
 * it; one that is ACCEPTED becomes READY.
 * @written  receives what exchange.json says; texts are those of the batch.
 * Fails as pkg_batch_allows() and pkg_batch_validate(); PKG_NO, reason
 * "exchange-action"; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_export(struct pkg_batch *batch, const struct pkg_exchange_export *job,
		 struct pkg_exchange *written, struct pkg_err *err);
/*
 * Bring in what pkg_batch_export() wrote on the other side.  A request becomes
 * a batch of the same id, NEW or, if enough officers have accepted it already,
 * ACCEPTED.  A response gives the batch that waits for it its results, each
 * verified by itself before anything is written.  All of it happens or nothing.
 * @report  what came of it; its texts live in @arena.
 * Fails with PKG_INPUT or PKG_NO and a reason of the lists; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_import(const struct pkg_exchange_import *job,
		 struct pkg_exchange_report *report, struct pkg_arena *arena,
		 struct pkg_err *err);

/*
 * Did it come over an air gap?  Then it is closed as soon as it was run: time
 * stamps are the business of the side that has a network.
 * @imported  receives the answer.
 * Fails with PKG_SYSTEM if nobody can tell.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_is_imported(bool *imported, const struct pkg_batch *batch,
		      struct pkg_err *err);
/*
 * Write the queries for a batch that is FINISHING: one for each document that
 * was signed and has neither stamp nor query.
 * Fails with PKG_NO, reason "batch-status" or "batch-process" (the process
 * asks for no stamps); PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_stamp_query(
    struct pkg_batch *batch, const struct pkg_batch_stamping *job,
    struct pkg_batch_stamp_report *report, struct pkg_err *err);
/*
 * Verify the replies that are there, and keep those that are good.  When no
 * stamp is missing any more the batch becomes CLOSED.
 * Fails as above; PKG_NO, reason "timestamp-untrusted", if nobody's stamps
 * count.  Replies that are no good are told to job->refused.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_stamp_reply(
    struct pkg_batch *batch, const struct pkg_batch_stamping *job,
    struct pkg_batch_stamp_report *report, struct pkg_err *err);
PKG_API_END

#endif
