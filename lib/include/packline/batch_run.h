/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_RUN_H
#define PKG_BATCH_RUN_H

#include "packline/err.h"

#include <stdint.h>

/*
 * The work of a batch: every document gets its result, a signature or the
 * verdict on one.  results.jsonl grows in the order of the documents, a group
 * at a time, each group written and synced before the next: whoever dies
 * leaves complete groups and perhaps a torn line, and the next run goes on
 * behind the last complete line (schemas/batch.md).
 *
 * Documents are signed from the digests that officers have accepted: their
 * bytes are not read.  Each signature is verified before it is written
 * (packline/document.h).  Signing takes the same memory for any number of
 * documents; validating some 300 bytes for each.
 *
 * Reasons of a document's failure, besides those of packline/cms.h,
 * packline/timestamp.h and "document-changed":
 *
 *   limit              too large for an attached signature
 *   signature-missing  there is no NAME.p7s (or .sig) for it
 *   document-missing   a signature without its document
 */
struct pkg_batch;
struct pkg_certs;
struct pkg_key;

/* How a batch is run; everything is borrowed. */
struct pkg_batch_run_options {
	/* Of action sign: the key, and the signer's certificate first, then
	   those that go along.  Of action validate: no key; certificates for
	   the form raw only, where the first is the signer's. */
	const struct pkg_key *key;
	const struct pkg_certs *certs;
	/* At most so many, 1..64; 0 = one for each processor.  A key in a
	   token is used by the calling thread alone. */
	unsigned threads;
	/* Told after each group; NULL = nobody wants to know. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

struct pkg_batch_outcome {
	uint64_t documents; /* count */
	uint64_t before;    /* that had their result from an earlier run */
	uint64_t succeeded, failed;
};

PKG_API_BEGIN

/*
 * Run a batch that is READY or IN_PROGRESS and open to be changed; its process
 * is bound.  Afterwards it is FINISHING.  What must hold before a key is used
 * (pkg_batch_validate()) is the caller's to ask.
 * @outcome  what came of it.
 * Fails with PKG_KEY if the key or its certificate is not fit or refuses; with
 * PKG_NO and a reason if the process' own trust policy would not accept the
 * signatures, or has no answer ("no-trust"); PKG_INPUT, reason
 * "batch-damaged", if results.jsonl is not the begin of this batch's; PKG_USAGE
 * if key or certificates are missing; PKG_SYSTEM.  What was done stays done.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_run(struct pkg_batch *batch,
	      const struct pkg_batch_run_options *options,
	      struct pkg_batch_outcome *outcome, struct pkg_err *err);
/*
 * Close a batch that is FINISHING: write result.json, then it is CLOSED.
 * @certs  the signer's certificate first; NULL if none was used, or if it is
 *         to be taken from the first signature, which a raw one does not have.
 * Fails with PKG_INPUT, reason "batch-damaged", unless every document has its
 * result; PKG_USAGE if the certificate is missing; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_finish(struct pkg_batch *batch,
					      const struct pkg_certs *certs,
					      struct pkg_err *err);

PKG_API_END

#endif
