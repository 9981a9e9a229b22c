/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_TRUST_H
#define PKG_TRUST_H

#include "packline/auto.h"
#include "packline/diag.h"
#include "packline/env.h"
#include "packline/err.h"

#include <stdbool.h>

/*
 * What a verifier believes: whose signatures count, how many are needed, for
 * whom and until when.  Nothing of this ever comes from the container.
 *
 * There are two ways to say it: a trust policy (YAML), or one certificate.  A
 * certificate that is a CA trusts every code-signing certificate that chains
 * to it; any other certificate is the only signer.
 */
struct pkg_trust;
struct pkg_arena;
struct pkg_cert_info;
struct pkg_cms_verify_options;
struct pkg_crls;
struct pkg_device_config;
struct pkg_sink;
struct pkg_timestamp_rules;

/* Which clock certificates and `expires` are judged by. */
enum pkg_clock_mode {
	PKG_CLOCK_SYSTEM, /* the environment's clock */
	PKG_CLOCK_AT,     /* a given moment */
	PKG_CLOCK_NONE,   /* no clock: validity and expiry are not checked */
	/*
	 * The RFC 3161 time stamp that each signature carries, for its
	 * certificates; that of a manifest's signature is for the dates of
	 * approvals, too.  `expires`, revocation lists and who approved without
	 * a stamp of his own are judged by the environment's clock all the
	 * same, or by the stamp if that is later.
	 */
	PKG_CLOCK_TSA,
};

struct pkg_clock {
	enum pkg_clock_mode mode;
	/* Seconds since the epoch; PKG_CLOCK_AT only, and once signatures were
	   judged PKG_CLOCK_TSA: pkg_signers.stamp. */
	int64_t at;
};

/* Demands of the command line, on top of the policy; all zero = none. */
struct pkg_trust_demands {
	const char *tenant;               /* NULL = any the policy allows */
	const char *device_config;        /* id; NULL = any */
	const char *device_config_sha256; /* 64 hex digits; NULL = any */
	/* Whose acl says who may sign and approve; NULL = it is not at hand. */
	const struct pkg_device_config *device;
	bool has_min_sequence;
	uint64_t min_sequence;
	bool has_clock; /* overrides the policy's time mode */
	struct pkg_clock clock;
};

/* What a signed manifest claims; NULL = the manifest has null there. */
struct pkg_trust_claims {
	const char *suite;
	const char *tenant;
	const char *device_config;
	const char *device_config_sha256;
	bool has_sequence;
	uint64_t sequence;
	const char *expires; /* RFC 3339 */
};

/* What is asked about a manifest's claims. */
enum pkg_question {
	PKG_ASK_SUITE,
	PKG_ASK_TENANT,
	PKG_ASK_DEVICE_CONFIG,
	PKG_ASK_SEQUENCE,
	PKG_ASK_EXPIRY,
};

enum pkg_answer {
	PKG_ANSWER_SKIPPED, /* nobody demands it: not checked */
	PKG_ANSWER_YES,
	PKG_ANSWER_NO,
};

struct pkg_trust_question {
	enum pkg_question about;
	const struct pkg_trust_claims *claims;
	const struct pkg_trust_demands *demands;
	struct pkg_clock clock; /* pkg_trust_clock() */
};

/* A signature that counts. */
struct pkg_signer {
	const char *id;          /* of the pin, or "" if trusted by its chain */
	const char *subject;     /* of the certificate, RFC 2253 */
	const char *common_name; /* of its subject; "" if not exactly one */
	char spki[65];           /* SHA-256 of its public key, hex */
	int64_t signing_time;    /* the signer's claim, for display only */
};

struct pkg_signers {
	struct pkg_signer *items;
	size_t count;       /* signatures that count */
	size_t needed;      /* threshold */
	size_t ignored;     /* valid signatures of keys that are not trusted */
	const char *others; /* who those are, for a message; "" if none */
	int64_t stamp; /* PKG_CLOCK_TSA: the latest time of those that count */
};

/* Detached signatures and what they sign; all borrowed. */
struct pkg_signature_file {
	const char *name; /* member name, for messages */
	const uint8_t *der;
	size_t len;
};

struct pkg_signature_set {
	const uint8_t *content; /* the manifest's bytes */
	size_t content_len;
	const struct pkg_signature_file *files; /* as the container has them */
	size_t count;
	struct pkg_clock clock; /* by which certificates are judged */
};

PKG_API_BEGIN

/*
 * Read the trust policy or certificate @path; its first bytes decide which.
 * @out    receives it; freed by the caller with pkg_trust_free().
 * @env    borrowed for the lifetime of the trust: clock and crypto.
 * @diag   receives everything that is wrong with a policy file.
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * Fails with PKG_INPUT if the file, or an approval policy that it names, is
 * malformed or trusts nobody; PKG_SYSTEM if a file cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_load(struct pkg_trust **out,
					    const struct pkg_env *env,
					    struct pkg_diag *diag, int dirfd,
					    const char *path,
					    struct pkg_err *err);
void pkg_trust_free(struct pkg_trust *trust); /* NULL is allowed */
/* The JSON Schema (draft-07) of a trust policy, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_trust_schema(struct pkg_sink *sink,
					      struct pkg_err *err);
/*
 * Add the revocation lists of the file @path to those of the policy: from then
 * on no signature counts unless a current list for each CA above it says that
 * it is not revoked.
 * Fails with PKG_USAGE if there is no CA that a list could be held against;
 * PKG_KEY or PKG_SYSTEM as pkg_crls_add_file().
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_add_crl(struct pkg_trust *trust,
					       int dirfd, const char *path,
					       struct pkg_err *err);
/*
 * Believe the time stamps of whoever chains to the certificates of the file
 * @path, too.  Errors as pkg_certs_add_file().
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_add_tsa(struct pkg_trust *trust,
					       int dirfd, const char *path,
					       struct pkg_err *err);
/* The revocation lists that hold, borrowed; NULL = none were given. */
const struct pkg_crls *pkg_trust_crls(const struct pkg_trust *trust);
/* The id of the pin with that key, borrowed, or NULL. */
const char *pkg_trust_pin_id(const struct pkg_trust *trust,
			     const uint8_t spki[PKG_AT_LEAST(32)]);
/* True if an `encrypted` container may be believed (allowUnsigned). */
bool pkg_trust_allows_unsigned(const struct pkg_trust *trust);
/* The clock that holds: of @demands if it has one, else of the policy. */
struct pkg_clock pkg_trust_clock(const struct pkg_trust *trust,
				 const struct pkg_trust_demands *demands);
/*
 * Read a time mode: "system", "tsa", "none" or "at=" and an RFC 3339 time.
 * False if it is none of them.
 */
bool pkg_clock_parse(struct pkg_clock *out, const char *text);

/*
 * Judge detached signatures.  Every file must be sound: one that is malformed
 * or whose signature is wrong is refused even if its signer does not matter.
 * The certificate of a trusted signer must be valid, too; then distinct keys
 * and distinct pin ids are counted, and both must reach the threshold.
 * @trust  NULL = nobody is trusted: soundness is still checked.
 * @out    receives who signed, allocated in @arena; filled as far as it got
 *         on failure.
 * Fails with PKG_NO and a reason: "no-trust" (@trust is NULL),
 * "signer-untrusted" (no trusted signature), "threshold" (too few), or
 * another of packline/cms.h for a signature or a certificate that is no good;
 * "crl-too-old" if a revocation list is older than the policy's crlMaxAge, and
 * "crl-missing" if the policy has one and there is no list.
 * The order of the files is not judged here.
 */
PKG_MUST_CHECK enum pkg_code
pkg_trust_signatures(const struct pkg_trust *trust, const struct pkg_env *env,
		     const struct pkg_signature_set *set,
		     struct pkg_signers *out, struct pkg_arena *arena,
		     struct pkg_err *err);
/*
 * Does the acl of @device (NULL = everybody may) allow all of @signers?  A
 * signer is called what his pin is called; who is trusted by his certificate,
 * what its common name is.  Fails with PKG_NO, reason "not-allowed".
 */
PKG_MUST_CHECK enum pkg_code
pkg_signers_check_acl(const struct pkg_signers *signers,
		      const struct pkg_device_config *device,
		      struct pkg_err *err);
/*
 * Put one question about a manifest's claims.
 * @trust  NULL: only the demands are asked.
 * @out    receives whether anybody demands it, and whether it holds.
 * Fails with PKG_NO and the reason "wrong-suite", "wrong-tenant",
 * "wrong-device-config", "sequence-too-low" or "expired".
 */
PKG_MUST_CHECK enum pkg_code
pkg_trust_ask(const struct pkg_trust *trust, const struct pkg_env *env,
	      const struct pkg_trust_question *asked, enum pkg_answer *out,
	      struct pkg_err *err);

/*
 * For documents with one signature each (packline/document.h): how it is to be
 * verified; then pkg_trust_document_signer() is asked about who made it.
 * @out    receives it; it borrows from @trust and @arena.
 * @trust  NULL = nobody is trusted.
 * Fails with PKG_NO, reason "no-trust", "threshold" (more than one signature
 * is asked for) or "crl-too-old"; PKG_SYSTEM if out of memory.
 * The time mode `tsa` is taken for `system`.
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_document_rules(
    struct pkg_cms_verify_options *out, const struct pkg_trust *trust,
    const struct pkg_env *env, struct pkg_arena *arena, struct pkg_err *err);
/*
 * Does @trust accept documents of @tenant?  What it asks of device configs,
 * sequences, suites and approvals is about containers: no document says them.
 * Fails with PKG_NO, reason "wrong-tenant".
 */
PKG_MUST_CHECK enum pkg_code
pkg_trust_document_tenant(const struct pkg_trust *trust, const char *tenant,
			  struct pkg_err *err);
/*
 * Is the signer whose signature was verified so one of those who count?
 * Fails with PKG_NO, reason "signer-untrusted".
 */
PKG_MUST_CHECK enum pkg_code
pkg_trust_document_signer(const struct pkg_trust *trust,
			  const struct pkg_cert_info *cert,
			  struct pkg_err *err);
/*
 * Whose time stamps are believed; @out borrows from @trust.  Without anchors
 * (NULL) it is nobody's.
 */
void pkg_trust_timestamps(struct pkg_timestamp_rules *out,
			  const struct pkg_trust *trust);

PKG_API_END
PKG_DEFINE_AUTO(pkg_trust)

#endif
