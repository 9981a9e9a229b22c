/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_IMPL_H
#define BATCH_IMPL_H

#include "container/fields.h"
#include "packline/arena.h"
#include "packline/batch.h"
#include "packline/limits.h"

struct pkg_jsonw;

/* Files of a job; formats of packline/limits.h. */
#define BATCH_RECORD        "batch.json"
#define BATCH_PROCESS       "process.yaml"
#define BATCH_PROCESS_PATH  "process.path"
#define BATCH_STATE         "state.json"
#define BATCH_REQUEST       "request.json"
#define BATCH_ACCEPT        "accept.json"
#define BATCH_STAMPS        "stamps.jsonl"
#define BATCH_EXCHANGE      "exchange.json"
#define BATCH_RESULTS       "results.jsonl"
#define BATCH_RESULT        "result.json"
#define BATCH_CONTENT       "content-%03u.zip"
#define BATCH_DOCUMENTS     "documents-%03u.jsonl"
#define BATCH_APPROVAL_JSON "approval-%02u.json"
#define BATCH_APPROVAL_P7S  "approval-%02u.p7s"
#define BATCH_MEMBER        "d%06u"

enum {
	BATCH_FILE_NAME = 32, /* bytes of such a name, NUL included */
	BATCH_ID = 32,        /* of an id that is made up */
};

struct pkg_batch {
	const struct pkg_env *env;         /* borrowed */
	const struct pkg_process *process; /* borrowed, or NULL */
	struct pkg_job *job;
	struct pkg_arena *arena; /* of record */
	struct pkg_batch_record record;
	struct pkg_batch_state state;
};

/* -- files -- */

/* Append the whole file @name of the job to @out. */
PKG_MUST_CHECK enum pkg_code pkg_batch_slurp(const struct pkg_batch *batch,
					     const char *name,
					     struct pkg_buf *out,
					     struct pkg_err *err);
/* The same in the folder @dirfd. */
PKG_MUST_CHECK enum pkg_code pkg_batch_slurp_at(int dirfd, const char *name,
						struct pkg_buf *out,
						struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_batch_replace_at(int dirfd, const char *name,
						  const struct pkg_buf *data,
						  struct pkg_err *err);
/* Write or replace it, synced. */
PKG_MUST_CHECK enum pkg_code pkg_batch_replace(const struct pkg_batch *batch,
					       const char *name,
					       const struct pkg_buf *data,
					       struct pkg_err *err);
/* "content-001.zip" and so on. */
void pkg_batch_file_name(char name[static BATCH_FILE_NAME], const char *format,
			 unsigned number);

/* Make up an id of a batch. */
PKG_MUST_CHECK enum pkg_code pkg_batch_make_id(char id[static BATCH_ID],
					       const struct pkg_env *env,
					       struct pkg_err *err);
/* Record, process and state of a batch that begins. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_put_files(struct pkg_outdir *folder,
		    const struct pkg_batch_begin *begin,
		    const struct pkg_env *env, struct pkg_err *err);

/* -- records: canonical JSON -- */

PKG_MUST_CHECK enum pkg_code
pkg_batch_record_encode(struct pkg_buf *out,
			const struct pkg_batch_record *record,
			struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_batch_record_decode(struct pkg_batch_record *out, struct pkg_arena *arena,
			const struct pkg_buf *data, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_batch_state_encode(struct pkg_buf *out, const struct pkg_batch_state *state,
		       struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_batch_state_decode(struct pkg_batch_state *out,
						    const struct pkg_buf *data,
						    struct pkg_err *err);
/* The line of @document, newline included; @digest_bits as the process. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_document_encode(struct pkg_buf *out,
			  const struct pkg_batch_document *document,
			  unsigned digest_bits, struct pkg_err *err);

/*
 * Go into a record: its first keys, format 1 and type, are left to the caller,
 * who takes them in their order.
 * @tree  receives what the caller frees when he is done.
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_fields(struct fields *self,
					      struct pkg_arena *tree,
					      const void *data, size_t len,
					      struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_batch_fields_bool(struct fields *self,
						   const char *key, bool *out,
						   struct pkg_err *err);
/* An integer 0..@max into whatever type. */
PKG_MUST_CHECK enum pkg_code pkg_batch_fields_u64(struct fields *self,
						  const char *key, uint64_t max,
						  uint64_t *out,
						  struct pkg_err *err);
/* 64 hexadecimal digits, or the key is absent. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_fields_optional(struct fields *self, const char *key, bool *has,
			  uint8_t out[static 32], struct pkg_err *err);
/* An id of the service; -1 = the key is absent. */
void pkg_batch_put_number(struct pkg_jsonw *w, const char *key, int64_t number);
/* Must be 1. */
PKG_MUST_CHECK enum pkg_code pkg_batch_fields_format(struct fields *self,
						     struct pkg_err *err);

/*
 * Replace the state by what a response says that happened elsewhere, all steps
 * at once; its files are there.
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_set_imported(struct pkg_batch *batch,
		       const struct pkg_batch_state *state,
		       struct pkg_err *err);
/* Does the table have this step?  Staying is one. */
bool pkg_batch_may_step(enum pkg_batch_status from, enum pkg_batch_status to);

/* -- request -- */

/* "process" of a request and of a result: what is done, and which file. */
void pkg_batch_put_process(struct pkg_jsonw *w,
			   const struct pkg_process *process);
/* Append the request as what is there makes it. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_request_make(const struct pkg_batch *batch, struct pkg_buf *out,
		       struct pkg_err *err);

/*
 * What was accepted, and what is there, are the same bytes; their SHA-256.
 * PKG_NO, reason "batch-request".
 */
PKG_MUST_CHECK enum pkg_code
pkg_batch_check_request(const struct pkg_batch *batch,
			uint8_t sha256[static 32], struct pkg_err *err);

/* PKG_NO, reason "batch-empty". */
PKG_MUST_CHECK enum pkg_code
pkg_batch_refuse_empty(const struct pkg_batch *batch, struct pkg_err *err);
/* PKG_NO, reason "batch-expired". */
PKG_MUST_CHECK enum pkg_code
pkg_batch_check_horizon(const struct pkg_batch *batch, struct pkg_err *err);
/*
 * What have officers said about the request with the digest @sha256?  Errors
 * as pkg_approvals_judge().
 */
PKG_MUST_CHECK enum pkg_code pkg_batch_judge(const struct pkg_batch *batch,
					     const uint8_t sha256[static 32],
					     struct pkg_approvals *out,
					     struct pkg_arena *arena,
					     struct pkg_err *err);

/* -- chain -- */

/* What .chain-NAME.json says; texts in an arena. */
struct batch_chain {
	const char *id; /* of the last batch that was closed; NULL = none */
	uint8_t result_sha256[32]; /* of its result.json */
	const char *next;          /* a batch that is being run; NULL = none */
};

/* The chain of process @name in the folder @tenant: empty if there is none. */
PKG_MUST_CHECK enum pkg_code pkg_batch_chain_read(struct batch_chain *out,
						  int tenant, const char *name,
						  struct pkg_arena *arena,
						  struct pkg_err *err);
/* Is it this batch's turn?  PKG_NO, reason "batch-chain". */
PKG_MUST_CHECK enum pkg_code
pkg_batch_chain_check(const struct pkg_batch *batch, struct pkg_err *err);
/* It is its turn and no other's, until it is closed. */
PKG_MUST_CHECK enum pkg_code
pkg_batch_chain_claim(const struct pkg_batch *batch, struct pkg_err *err);
/* It is closed now: its result.json becomes the head. */
PKG_MUST_CHECK enum pkg_code pkg_batch_chain_move(const struct pkg_batch *batch,
						  struct pkg_err *err);

#endif
