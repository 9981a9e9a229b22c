/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_EXCHANGE_IMPL_H
#define BATCH_EXCHANGE_IMPL_H

#include "impl.h"

#include "packline/arena.h"
#include "packline/exchange.h"
#include "packline/outdir.h"
#include "packline/zip.h"

/* Members are called as the files of a job, but for the first. */
#define EXCHANGE_MIMETYPE "mimetype"

enum { EXCHANGE_HEADER_MAX = 4096 }; /* bytes of exchange.json */

/*
 * A file while it is read.  Its head is the first four members, which are
 * taken into memory; the others go into files of a folder that nobody sees.
 */
struct exchange_stage {
	const struct pkg_exchange_import *job;
	struct pkg_zip_reader *zip;
	struct pkg_arena *arena; /* borrowed: of the texts below */
	struct pkg_exchange header;
	struct pkg_batch_record record;
	struct pkg_buf header_json, record_json;
	struct pkg_outdir *dir; /* borrowed */
	unsigned uploads, approvals;
};

void pkg_exchange_stage_fini(struct exchange_stage *stage);
/* Read the head; it is of this process. */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_begin(struct exchange_stage *stage,
		   const struct pkg_exchange_import *job,
		   struct pkg_arena *arena, struct pkg_err *err);
/* All others, each into a file of @dir; then the end of the file. */
PKG_MUST_CHECK enum pkg_code pkg_exchange_stage(struct exchange_stage *stage,
						struct pkg_outdir *dir,
						struct pkg_err *err);
/*
 * A batch over the folder that was staged: for the code that looks at those
 * of the spool.  Its state is as far as the file tells.
 */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_batch(struct pkg_batch **out, const struct exchange_stage *stage,
		   struct pkg_err *err);

/* What exchange.json says of a batch in either direction, without digests. */
struct pkg_exchange pkg_exchange_of(const struct pkg_batch *batch);
/* The process can be carried over: PKG_NO, "exchange-action", "no-trust". */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_check_process(const struct pkg_process *process,
			   struct pkg_err *err);
/*
 * What must hold before a key is used, but that not enough officers have
 * accepted it yet: that is told to @missing, whose code is PKG_OK otherwise.
 */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_validate(const struct pkg_batch *batch, struct pkg_err *missing,
		      struct pkg_arena *arena, struct pkg_err *err);
/* Every document is in content-NNN.zip, and nothing else is. */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_check_content(const struct pkg_batch *batch, struct pkg_err *err);
/*
 * One result for each document of @batch, each signature good by itself.
 * @counts  receives how many there are of which kind.
 */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_check_results(const struct pkg_batch *batch,
			   const struct pkg_exchange_import *job,
			   struct pkg_exchange_report *counts,
			   struct pkg_arena *arena, struct pkg_err *err);
/* Nothing is done yet, and everything is found good. */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_tell(const struct exchange_stage *stage, struct pkg_err *err);
/* result.json of @batch says of request, process and counts what is known. */
PKG_MUST_CHECK enum pkg_code pkg_exchange_check_result(
    const struct pkg_batch *batch, const struct pkg_exchange_report *counts,
    const struct pkg_exchange *header, struct pkg_err *err);
/* exchange_response.c: the head was read, and it is a response. */
PKG_MUST_CHECK enum pkg_code
pkg_exchange_response(struct exchange_stage *stage,
		      struct pkg_exchange_report *report, struct pkg_err *err);
/* SHA-256 of the file @name of the batch. */
PKG_MUST_CHECK enum pkg_code pkg_exchange_hash(const struct pkg_batch *batch,
					       const char *name,
					       uint8_t sha256[static 32],
					       struct pkg_err *err);

#endif
