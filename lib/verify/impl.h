/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_IMPL_H
#define VERIFY_IMPL_H

#include "packline/arena.h"
#include "packline/container_read.h"
#include "packline/container_write.h"
#include "packline/digest.h"
#include "packline/state.h"
#include "packline/verify.h"

/* One verification. */
struct verify_run {
	const struct pkg_verify_options *options;
	const struct pkg_env *env;
	struct pkg_source *source;
	struct pkg_verdict *verdict;
	struct pkg_container *container;
	const struct pkg_container_head *head;
	struct pkg_clock clock;
	/*
	 * Set if the answer will be no whatever follows (no trust given, a
	 * draft): what can be checked without believing anybody still is, but
	 * nothing is decrypted and nothing is written out.
	 */
	struct pkg_err refusal;
	bool unlocked; /* the content key was confirmed by the MAC */
	/* --unsigned-digest: the container without signatures, hashed. */
	struct pkg_digest *digest;
	struct pkg_sink_digest hashed;
	struct pkg_container_copy *copy; /* NULL = not asked for */
};

bool pkg_verify_is_encrypted(const struct verify_run *run);

/* Set one check; @fmt is its detail.  Fails only if out of memory. */
PKG_MUST_CHECK enum pkg_code
pkg_verify_set(struct verify_run *run, enum pkg_verify_check_id id,
	       enum pkg_verify_state state, struct pkg_err *err,
	       const char *fmt, ...) PKG_PRINTF(5, 6);
/*
 * The check @id failed: its detail is the text of @err.  Returns the code of
 * @err, so that a refusal stays the one it was.
 */
enum pkg_code pkg_verify_failed(struct verify_run *run,
				enum pkg_verify_check_id id,
				struct pkg_err *err);

/* Is there anything to decrypt with? */
bool pkg_verify_has_key(const struct verify_run *run);

/* verdict.c */
PKG_MUST_CHECK enum pkg_code pkg_verify_verdict_new(struct pkg_verdict **out,
						    struct pkg_err *err);
/* Copy what the manifest says into the verdict. */
PKG_MUST_CHECK enum pkg_code pkg_verify_facts(struct verify_run *run,
					      struct pkg_err *err);
/*
 * Write down the answer.  @code and @err are how the checks ended; returns
 * what pkg_verify() is to return.
 */
enum pkg_code pkg_verify_conclude(struct verify_run *run, enum pkg_code code,
				  struct pkg_err *err);

/* claims.c: steps 3 and 4, but for the signatures. */
PKG_MUST_CHECK enum pkg_code pkg_verify_claims(struct verify_run *run,
					       struct pkg_err *err);
/* Step 6: nobody may have approved what he asked for; NULL = encrypted. */
PKG_MUST_CHECK enum pkg_code
pkg_verify_requester(struct verify_run *run,
		     const struct pkg_container_request *request,
		     struct pkg_err *err);

/* What the state is asked about, and told. */
struct pkg_state_entry pkg_verify_entry(const struct verify_run *run);

/* payload.c: step 7, every file to its end, written out if wanted. */
PKG_MUST_CHECK enum pkg_code pkg_verify_payload(struct verify_run *run,
						struct pkg_err *err);

/* What has been seen of a bundle's payload. */
struct pkg_verify_bundle {
	struct pkg_arena *arena; /* borrowed */
	struct pkg_buf plan;     /* owned: bytes of plan.json */
	const char **blobs;      /* their names, in the file's order */
	size_t count;
};

void pkg_verify_bundle_fini(struct pkg_verify_bundle *bundle);
/* bundle.c: judge one file by its name, then plan and blobs together. */
PKG_MUST_CHECK enum pkg_code
pkg_verify_bundle_file(struct pkg_verify_bundle *bundle, size_t index,
		       const struct pkg_container_file *file,
		       struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_verify_bundle_finish(struct pkg_verify_bundle *bundle, struct pkg_err *err);

#endif
