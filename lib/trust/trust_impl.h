/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_IMPL_H
#define TRUST_IMPL_H

#include "config.h"

#include "packline/approval_policy.h"
#include "packline/arena.h"
#include "packline/cert.h"
#include "packline/cms.h"
#include "packline/device_config.h"
#include "packline/trust.h"

struct trust_pin {
	const char *id;
	uint8_t spki[32];
};

/* Whose time stamps are believed. */
struct trust_tsa {
	struct pkg_certs *anchors; /* owned; NULL = nobody's */
	uint8_t (*pins)[32];       /* none = all under the anchors */
	size_t pin_count;
	const char *policy; /* dotted OID; NULL = any */
};

/* Where the belief comes from. */
enum trust_form {
	TRUST_POLICY,      /* pins, and roots above them if there are any */
	TRUST_CERTIFICATE, /* one certificate is the only signer */
	TRUST_CA,          /* whoever chains to one CA and may sign code */
};

struct pkg_trust {
	const struct pkg_env *env; /* borrowed */
	struct pkg_arena *arena;   /* owned */
	enum trust_form form;
	const char *path;          /* for messages */
	struct pkg_certs *anchors; /* owned; roots or the one certificate */
	struct trust_pin *pins;
	size_t pin_count;
	size_t threshold;                                     /* >= 1 */
	struct pkg_name_list tenants, device_configs, suites; /* none = any */
	struct pkg_approval_policy **approvals; /* owned; the accepted ones */
	size_t approval_count;
	struct pkg_crls *crls; /* owned; NULL = no revocation check */
	int64_t crl_max_age;   /* seconds since thisUpdate; 0 = any */
	struct pkg_clock clock;
	struct trust_tsa tsa;
	bool allow_unsigned;
	bool has_min_sequence;
	uint64_t min_sequence;
};

/* Seconds since the epoch by @clock; a time stamp's once it is known. */
static inline int64_t trust_clock_now(const struct pkg_clock *clock,
				      const struct pkg_env *env)
{
	if (clock->mode == PKG_CLOCK_AT ||
	    (clock->mode == PKG_CLOCK_TSA && clock->at != 0))
		return clock->at;
	return env->now(env);
}

/*
 * A time stamp shows when something was signed, not that it is that early now;
 * but it is not earlier than that, even if the system's clock was reset.
 */
static inline int64_t trust_clock_today(const struct pkg_clock *clock,
					const struct pkg_env *env)
{
	const int64_t now = env->now(env);

	if (clock->mode == PKG_CLOCK_TSA)
		return now > clock->at ? now : clock->at;
	return trust_clock_now(clock, env);
}

/* Fill @trust, whose path, env and arena are set, from a policy's bytes. */
PKG_MUST_CHECK enum pkg_code
pkg_trust_read_policy(struct pkg_trust *trust, struct pkg_diag *diag, int dirfd,
		      const void *text, size_t len, struct pkg_err *err);

/*
 * trust.c: no list may be older than the policy allows, by @clock; and there is
 * one if the policy says how old it may be.
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_check_crls(const struct pkg_trust *trust,
						  const struct pkg_env *env,
						  const struct pkg_clock *clock,
						  struct pkg_err *err);

/* The `tsa` of a trust policy, as bound; policy_tsa.c. */
struct trust_tsa_doc {
	const struct pkg_node *at, *policy;
	struct pkg_list roots, pins;
};
extern const struct pkg_table pkg_trust_tsa_table;
PKG_MUST_CHECK enum pkg_code pkg_trust_read_tsa(struct pkg_trust *trust,
						const struct config_file *file,
						int dirfd,
						const struct trust_tsa_doc *doc,
						struct pkg_err *err);

/*
 * stamped.c: verify @cms with @options, by the clock @clock: for PKG_CLOCK_TSA
 * at the time of its time stamp, which must be believed.
 * @stamp  receives that time, else it is left alone.
 */
struct trust_dated {
	const struct pkg_trust *trust;
	const struct pkg_env *env;
	const struct pkg_signature_set *set;
};
PKG_MUST_CHECK enum pkg_code
pkg_trust_verify_dated(const struct trust_dated *dated, struct pkg_cms *cms,
		       struct pkg_cms_verify_options *options, int64_t *stamp,
		       struct pkg_err *err);

/* What a trust policy names by path. */
struct trust_files {
	const struct pkg_list *roots, *crls, *approvals;
};

/* policy_files.c: read them; what is wrong with one is a finding. */
PKG_MUST_CHECK enum pkg_code
pkg_trust_read_files(struct pkg_trust *trust, const struct config_file *file,
		     int dirfd, const struct trust_files *files,
		     struct pkg_err *err);

#endif
