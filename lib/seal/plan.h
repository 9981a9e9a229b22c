/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_PLAN_H
#define SEAL_PLAN_H

#include "packline/container_write.h"
#include "packline/kek.h"
#include "packline/seal.h"

/* What the writer is told, made of what the user said. */
struct pkg_seal_plan {
	struct pkg_container_spec spec; /* borrows from the rest */
	struct pkg_cms_sign_options signer;
	struct pkg_container_input metadata;
	struct pkg_certs *recipients; /* owned, as the keys */
	struct pkg_kek *keks[PKG_LIMIT_RECIPIENTS];
	size_t kek_count;
	struct pkg_kdf_scrypt kdf; /* of the password, if there is one */
	struct pkg_arena *arena;   /* owned: names, inputs, times */
};

/*
 * Fill @plan, all zero before.
 * @only  the one file, instead of @job->files; NULL = those.
 * Fails with PKG_USAGE or PKG_KEY as pkg_seal_create() does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_plan_make(struct pkg_seal_plan *plan,
		   const struct pkg_seal_create *job,
		   const struct pkg_container_input *only,
		   const struct pkg_env *env, struct pkg_err *err);
void pkg_seal_plan_fini(struct pkg_seal_plan *plan);
/* For whom it is encrypted, unless nothing is; a part of the above. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_plan_recipients(struct pkg_seal_plan *plan,
			 const struct pkg_seal_create *job,
			 const struct pkg_env *env, struct pkg_err *err);

/* The same as pkg_seal_create() with @only, and with @path in the record. */
PKG_MUST_CHECK enum pkg_code
pkg_seal_create_one(const struct pkg_seal_create *job,
		    const struct pkg_container_input *only, const char *path,
		    const struct pkg_env *env, struct pkg_err *err);

/*
 * Turn who signs into options, after asking whether key and certificate fit
 * and are fit.  Fails with PKG_KEY.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_signer_options(struct pkg_cms_sign_options *out,
			const struct pkg_seal_signer *signer,
			const struct pkg_env *env, struct pkg_err *err);

#endif
