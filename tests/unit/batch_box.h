/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BATCH_BOX_H
#define UNIT_BATCH_BOX_H

#include "sign_pki.h"

#include "packline/arena.h"
#include "packline/batch.h"
#include "packline/batch_run.h"
#include "packline/diag.h"
#include "packline/env.h"

/* A document of a test. */
struct box_document {
	const char *name;
	const void *data;
	size_t len;
};

/* What a batch of a test is. */
struct box_spec {
	const char *process; /* lines of its process.yaml, after its head */
	/* The documents, or so many whose text is their name. */
	const struct box_document *documents;
	size_t count;
	unsigned digest_bits; /* of the process; 0 = 256 */
};

/* A spool with one batch, which is READY and open to be changed. */
struct batch_box {
	struct pkg_env env;
	struct pkg_arena *arena;
	struct pkg_diag diag;
	struct pkg_process *process;
	struct pkg_spool *spool;
	struct pkg_batch *batch;
	struct pkg_key *key; /* pki.signer's */
	struct pkg_certs *certs;
};

/* trust.yaml beside the process pins pki.signer, under pki.ca. */
void batch_box_open(struct batch_box *box, const struct box_spec *spec);
void batch_box_close(struct batch_box *box);
/* Close the batch and open it again, as another process would. */
void batch_box_again(struct batch_box *box);
/* Run it with the key, or without one, in so many threads. */
enum pkg_code batch_box_run(struct batch_box *box, unsigned threads,
			    struct pkg_batch_outcome *outcome,
			    struct pkg_err *err);
/* The path of a file of the job, until the next. */
const char *batch_box_path(const char *name);
/* Append the content of a file of the job. */
void batch_box_read(struct pkg_buf *out, const char *name);
void batch_box_write(const char *name, const void *data, size_t len);

#endif
