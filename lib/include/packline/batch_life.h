/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_LIFE_H
#define PKG_BATCH_LIFE_H

#include "packline/batch.h"
#include "packline/outfile.h"

/*
 * The life of a batch before and after it is run (packline/batch_run.h): from
 * a process to a batch, documents in, decisions about it, results out, gone.
 * Each of these happens at one moment, or not: schemas/batch.md.
 */

/* What to make; all borrowed. */
struct pkg_batch_create {
	struct pkg_spool *spool;
	const struct pkg_process *process;
	int dirfd;             /* folder that process->path is relative to */
	const char *id;        /* a name; NULL = one is made up */
	const char *requester; /* NULL = not said */
};

/* One file that is uploaded; borrowed. */
struct pkg_batch_input {
	const char *path; /* "-" = standard input, if it is a ZIP file */
	bool zip;         /* a ZIP file of documents; else a document itself */
	bool is_open;     /* it was opened already, as @fd, a regular file */
	int fd;
};

struct pkg_batch_upload {
	const struct pkg_batch_input *inputs;
	size_t count;
	int dirfd; /* folder that paths are relative to */
	/* Told now and then; NULL = nobody wants to know. */
	void (*progress)(void *context, uint64_t documents, uint64_t bytes);
	void *progress_context;
};

/* One decision about a batch; all borrowed. */
struct pkg_batch_accept {
	enum pkg_decision decision;
	const char *reason;  /* pkg_approval_is_reason(); NULL = none, which
				only a process without a policy lets */
	const char *expires; /* RFC 3339; NULL = as the policy says */
	const char *by;      /* without a policy: who, for the record */
	/* With a policy: an officer's key and certificate. */
	const struct pkg_key *key;
	const struct pkg_certs *certs; /* NULL = those of the key */
	enum pkg_cms_padding padding;
	const uint8_t *expect_sha256; /* of the request; NULL = any */
	/*
	 * Asked right before the decision is made, with the digest of the
	 * request; anything but PKG_OK ends it.  NULL = nobody is asked.
	 */
	enum pkg_code (*agree)(void *context, const struct pkg_batch *batch,
			       const uint8_t sha256[PKG_AT_LEAST(32)],
			       struct pkg_err *err);
	void *agree_context;
};

PKG_API_BEGIN

/*
 * Create a batch.
 * @id       receives its id.
 * @existed  receives whether there was one of that id already, for the same
 *           process and requester: then nothing is done, so that who does not
 *           know whether his call arrived can repeat it.
 * Fails with PKG_USAGE, reason "job-exists", if it is another one's; PKG_NO,
 * reason "not-allowed" (pkg_process_may_create()) or "batch-chain" (the batch
 * before it is being run); otherwise as pkg_job_begin().
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_create(char id[PKG_AT_LEAST(PKG_LIMIT_MEMBER_NAME + 1)],
		 bool *existed, const struct pkg_env *env,
		 const struct pkg_batch_create *create, struct pkg_err *err);

/*
 * May @requester (NULL = not said) create batches of @process?  Fails with
 * PKG_USAGE if it is no text, or none where one is needed; PKG_NO, reason
 * "not-allowed".  pkg_batch_create() asks the same.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_check_requester(const struct pkg_process *process,
			  const char *requester, struct pkg_err *err);

/*
 * Add documents: all of them, or none.  Memory grows with the number of names,
 * not with what is in them.
 * Fails as pkg_batch_allows(); with PKG_INPUT and a reason of
 * packline/archive.h, "document-name", "document-duplicate" or "batch-limit";
 * PKG_NO, reason "batch-empty"; PKG_SYSTEM, reason "changed", if a file changed
 * while it was read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_upload(struct pkg_batch *batch, const struct pkg_batch_upload *upload,
		 struct pkg_err *err);

/*
 * Decide about a batch; the first decision closes its list of documents.  When
 * as many have approved as the process' policy asks for (without one: one), it
 * is ACCEPTED.  It must be open to be changed, its process bound.
 * Fails as pkg_batch_allows(), pkg_approval_prepare(); PKG_NO, reason
 * "batch-empty", "batch-expired", "batch-chain" or "digest-mismatch" (with
 * expect_sha256); PKG_USAGE if key or reason are missing or too much; PKG_KEY.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_accept(struct pkg_batch *batch, const struct pkg_batch_accept *accept,
		 struct pkg_err *err);

/*
 * Write a batch that is CLOSED as a flat ZIP file: each document, its
 * signature, batch.json.  The same batch gives the same bytes.
 * @out  a seekable output, which the caller commits.
 * Fails as pkg_batch_allows() and pkg_batch_content(); PKG_INPUT, reason
 * "limit"; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_download(const struct pkg_batch *batch,
						struct pkg_outfile *out,
						struct pkg_err *err);

/*
 * Remove the documents of a batch, which is DELETED from then on; what is
 * known of it stays.  Can be repeated if it was interrupted.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_delete(struct pkg_batch *batch,
					      struct pkg_err *err);

/*
 * Write the record `batch` (schemas/batch.schema.json), a line of JSON.
 * @documents  with its documents and their results.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_put_record(const struct pkg_batch *batch,
						  struct pkg_sink *sink,
						  bool documents,
						  struct pkg_err *err);
/* The same for people. */
PKG_MUST_CHECK enum pkg_code pkg_batch_put_text(const struct pkg_batch *batch,
						struct pkg_sink *sink,
						struct pkg_err *err);
/*
 * A short record of the job @id, from nothing but its state.json; @text: for
 * people, a row.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_put_row(struct pkg_sink *sink, const char *tenant, const char *id,
		  const struct pkg_batch_state *state, bool text,
		  struct pkg_err *err);
/* Read that state.json.  Errors as pkg_job_open(), "batch-damaged". */
PKG_MUST_CHECK enum pkg_code pkg_batch_peek(struct pkg_batch_state *out,
					    struct pkg_spool *spool,
					    const char *tenant, const char *id,
					    struct pkg_err *err);
/* The state of that name, or -1. */
int pkg_batch_status_by_name(const char *name);

PKG_API_END

#endif
