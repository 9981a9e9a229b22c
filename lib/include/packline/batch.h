/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_H
#define PKG_BATCH_H

#include "packline/approval_policy.h"
#include "packline/auto.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/job.h"
#include "packline/process.h"
#include "packline/sink.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Batches: many documents that are signed, or whose signatures are looked at,
 * in one sitting.  Life, files and records: schemas/batch.md.
 *
 * Reasons of refusals, besides those of packline/job.h, archive.h, cms.h and
 * approval_policy.h:
 *
 *   batch-status       PKG_NO: not in that state; the hint names the legal
 *                      verbs
 *   batch-closed-list  PKG_NO: its list of documents is closed: it is being
 *                      accepted
 *   batch-rejected     PKG_NO: an officer has rejected it
 *   batch-empty        PKG_NO: there is nothing in it
 *   batch-process      PKG_NO: not the process that it was created for
 *   batch-expired      PKG_NO: older than the process' horizon
 *   batch-chain        PKG_NO: does not name the batch before it
 *   batch-request      PKG_NO: request.json is not about these documents
 *   batch-limit        PKG_INPUT: more documents or bytes than the process lets
 *   document-name      PKG_INPUT: not a name that the process lets, or no name
 *   document-duplicate PKG_INPUT: a name that is there already
 *   document-changed   PKG_NO: not the bytes that were uploaded
 *   batch-damaged      PKG_INPUT: a file of the job that was not written so
 */
enum pkg_batch_status {
	PKG_BATCH_NEW,
	PKG_BATCH_ACCEPTED,
	PKG_BATCH_READY,
	PKG_BATCH_IN_PROGRESS,
	PKG_BATCH_FINISHING,
	PKG_BATCH_CLOSED,
	PKG_BATCH_DELETED,
};

/* What can be done with a batch: the verbs of pkg-batch that change it. */
enum pkg_batch_verb {
	PKG_BATCH_UPLOAD,
	PKG_BATCH_ACCEPT,
	PKG_BATCH_RUN,
	PKG_BATCH_EXPORT,
	PKG_BATCH_IMPORT,
	PKG_BATCH_TIMESTAMP,
	PKG_BATCH_DOWNLOAD,
	PKG_BATCH_DELETE,
};

/* batch.json: fixed when it is created.  Texts are borrowed. */
struct pkg_batch_record {
	const char *id;        /* a name */
	const char *tenant;    /* a name */
	const char *created;   /* "2026-12-01T02:00:00Z" */
	const char *requester; /* NULL = not said */
	int64_t process_id;
	const char *process_name;
	uint8_t process_sha256[32];
	int64_t provider_settings_id; /* of the process; -1 = none */
	int64_t tsa_id;               /* of the process; -1 = none */
	bool has_policy;
	uint8_t policy_sha256[32]; /* of the approval policy */
	bool has_previous;
	uint8_t previous_sha256[32]; /* result.json of the batch before */
};

/* state.json: replaced as a whole. */
struct pkg_batch_state {
	enum pkg_batch_status status;
	unsigned uploads;   /* files content-001.zip ... that count */
	uint64_t documents; /* count */
	uint64_t bytes;     /* of all documents */
	bool listed;        /* request.json counts: the list is closed */
	unsigned approvals; /* pairs approval-01... that count */
	bool rejected;      /* one of them says no */
	bool exported;      /* a request has left; a response is awaited */
	uint64_t succeeded, failed; /* from FINISHING on */
	int64_t updated;            /* seconds since the epoch; set by
				       pkg_batch_set_state() */
};

/* One line of documents-NNN.jsonl; texts are borrowed. */
struct pkg_batch_document {
	uint64_t id;      /* from 1, in the order of arrival */
	const char *name; /* UTF-8, one safe file name */
	uint64_t size;    /* bytes */
	bool is_zip;      /* came in a ZIP file */
	uint8_t sha256[32];
	/* In the process' algorithm. */
	uint8_t digest[64];
	size_t digest_len; /* 32, 48 or 64 bytes of it */
	/* Where its bytes are: in content-NNN.zip, from this offset on. */
	unsigned upload; /* NNN */
	uint64_t offset;
};

/* One line of results.jsonl. */
struct pkg_batch_result {
	uint64_t document;  /* its id */
	bool ok;            /* signingResult_Success */
	const char *reason; /* why not; NULL if ok */
	const char *detail; /* one sentence; may be NULL */
	/* Of action sign: the signature (CMS DER, detached, or raw). */
	const uint8_t *signature;
	size_t signature_len;
	/* Of action validate: SHA-256 of the signer's SPKI; NULL = unknown. */
	const uint8_t *signer;
};

/* What a batch begins with; all borrowed. */
struct pkg_batch_begin {
	struct pkg_spool *spool;
	const struct pkg_batch_record *record; /* all of it */
	/* The one of @record: its bytes and where they lie are kept. */
	const struct pkg_process *process;
	int dirfd; /* folder that process->path is relative to */
	const struct pkg_batch_state *state; /* "updated" is set */
};

/* Which batch, and what for. */
struct pkg_batch_open {
	struct pkg_spool *spool; /* borrowed */
	const char *tenant;      /* as pkg_job_open() */
	const char *id;
	enum pkg_job_mode mode;
	/* As pkg_batch_bind(); NULL = not at hand: then it can be looked at
	   and deleted. */
	const struct pkg_process *process;
};

struct pkg_batch;

typedef enum pkg_code
pkg_batch_visit_document(void *context,
			 const struct pkg_batch_document *document,
			 struct pkg_err *err);
typedef enum pkg_code
pkg_batch_visit_result(void *context, const struct pkg_batch_result *result,
		       struct pkg_err *err);

PKG_API_BEGIN

/* "NEW", ...; the number that the service's document gives to it. */
const char *pkg_batch_status_name(enum pkg_batch_status status);
int pkg_batch_status_id(enum pkg_batch_status status);
/* "upload", ... */
const char *pkg_batch_verb_name(enum pkg_batch_verb verb);

/*
 * Begin a batch: a job whose record, process and state are written; the caller
 * may add files (pkg_outdir_create()) and ends with pkg_job_commit().
 * @folder  receives it; freed with pkg_outdir_free().
 * Errors as pkg_job_begin().
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_begin(struct pkg_outdir **folder, const struct pkg_env *env,
		const struct pkg_batch_begin *begin, struct pkg_err *err);
/*
 * Open a batch.
 * @env  borrowed for its lifetime.
 * Errors as pkg_job_open() and pkg_batch_bind(); PKG_INPUT, reason
 * "batch-damaged".
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_open(struct pkg_batch **out,
					    const struct pkg_env *env,
					    const struct pkg_batch_open *which,
					    struct pkg_err *err);
/*
 * Here is its process, borrowed for the lifetime of the batch.
 * Fails with PKG_NO, reason "batch-process", if it is another one, another
 * edition of it, or if its approval policy is another edition.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_bind(struct pkg_batch *batch,
					    const struct pkg_process *process,
					    struct pkg_err *err);
void pkg_batch_free(struct pkg_batch *batch); /* unlocks; NULL is allowed */

struct pkg_job *pkg_batch_job(struct pkg_batch *batch);
const struct pkg_batch_record *pkg_batch_record(const struct pkg_batch *batch);
const struct pkg_batch_state *pkg_batch_state(const struct pkg_batch *batch);
/* NULL if none was bound. */
const struct pkg_process *pkg_batch_process(const struct pkg_batch *batch);
/* Where its process lay when it was created: append the absolute path. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_process_path(const struct pkg_batch *batch, struct pkg_buf *path,
		       struct pkg_err *err);

/*
 * Is @verb legal now?  Fails with PKG_NO, reason "batch-status" (or
 * "batch-closed-list", "batch-rejected"), and the legal ones in the hint.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_allows(const struct pkg_batch *batch,
					      enum pkg_batch_verb verb,
					      struct pkg_err *err);
/*
 * Replace the state, the one on disk and the one here.  On the way to CLOSED
 * the head of the process' chain is moved to result.json, which must be there.
 * Fails with PKG_INTERNAL for a step that the table of schemas/batch.md does
 * not have.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_set_state(struct pkg_batch *batch,
		    const struct pkg_batch_state *state, struct pkg_err *err);

/* Every document in order; memory does not grow with their number. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_documents(const struct pkg_batch *batch,
		    pkg_batch_visit_document *visit, void *context,
		    struct pkg_err *err);
/*
 * Write the bytes of @document, of pkg_batch_documents(), to @sink, which is
 * not finished.  Only PKG_OK makes them believable.
 * Fails with PKG_NO, reason "document-changed", if they are not those that
 * were uploaded; PKG_SYSTEM if there is no content (deleted, or never there).
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_content(const struct pkg_batch *batch,
		  const struct pkg_batch_document *document,
		  struct pkg_sink *sink, struct pkg_err *err);
/*
 * Every complete line of results.jsonl in order; none if there is no file.
 * @good  receives the bytes of them (a torn tail lies behind); or NULL.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_results(const struct pkg_batch *batch,
					       pkg_batch_visit_result *visit,
					       void *context, uint64_t *good,
					       struct pkg_err *err);
/* Append the line of @result, newline included, to @out. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_result_encode(struct pkg_buf *out,
			const struct pkg_batch_result *result,
			struct pkg_err *err);

/*
 * The one validator: everything that must hold before a key is used, on
 * either side of an air gap: process, limits, names, horizon, chain,
 * request.json against the documents, approvals.  A process must be bound.
 * @approvals  receives who accepted, in @arena; or NULL.
 * Fails with a reason of the list above or of approval_policy.h.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_validate(const struct pkg_batch *batch,
						struct pkg_approvals *approvals,
						struct pkg_arena *arena,
						struct pkg_err *err);
/*
 * The request (request.json): what officers accept.  Append its bytes to
 * @out and its digest to @sha256.  Before the list is closed it is made from
 * what is there, for which a process must be bound.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_request(const struct pkg_batch *batch,
					       struct pkg_buf *out,
					       uint8_t sha256[PKG_AT_LEAST(32)],
					       struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_batch)

#endif
