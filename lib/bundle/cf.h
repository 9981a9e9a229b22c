/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUNDLE_CF_H
#define BUNDLE_CF_H

#include "plan_writer.h"

#include "packline/cloudfoundry.h"
#include "packline/env.h"

/* What packages are made from. */
struct cf_job {
	const struct pkg_manifest *lock;
	struct pkg_known *known; /* or NULL */
	const struct pkg_env *env;
	struct pkg_arena *arena;
	int folder; /* that the lock's paths start in */
};

/* One package: the body of its upload, once it is made. */
struct cf_package {
	const struct pkg_module *module;
	const char *boundary; /* of the body's parts */
	char zip_sha256[65];  /* "" = all is known, there is no bits.zip */
	char body_sha256[65];
	uint64_t body_size;
	size_t matched; /* files that the server has */
	int fd;         /* of the body, if it was kept; -1 */
};

/* The path of @file in the package of @module. */
const char *pkg_cf_name(const struct pkg_module *module,
			const struct pkg_pinned *file);
/* Has the server the file, and may it be left out? */
bool pkg_cf_is_known(const struct cf_job *job, const struct pkg_pinned *file);
/* Write bits.zip of the files that are not known. */
enum pkg_code pkg_cf_bits(const struct cf_job *job,
			  const struct pkg_module *module,
			  struct pkg_sink *sink, struct pkg_err *err);
/*
 * Make the body of an upload.
 * @sink  receives it; NULL = only its digests are wanted.
 */
enum pkg_code pkg_cf_body(const struct cf_job *job, struct cf_package *package,
			  struct pkg_sink *sink, struct pkg_err *err);
/* Write the plan about @packages, @count of them. */
enum pkg_code pkg_cf_put_plan(const struct cf_job *job,
			      const struct cf_package *packages, size_t count,
			      struct pkg_sink *sink, struct pkg_err *err);

#endif
