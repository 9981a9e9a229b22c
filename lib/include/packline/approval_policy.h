/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_APPROVAL_POLICY_H
#define PKG_APPROVAL_POLICY_H

#include "packline/auto.h"
#include "packline/container.h"
#include "packline/diag.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/trust.h"

#include <stdbool.h>

/*
 * An approval policy: how many officers must approve a container before it may
 * be signed, and who they are.  YAML, at most PKG_LIMIT_YAML_CONFIG bytes.  A
 * container is bound to its policy by the SHA-256 of the file's bytes, which
 * its manifest carries.
 *
 * Reasons of refusals by pkg_approvals_judge() (PKG_NO unless said otherwise):
 *
 *   too-few-approvals     fewer officers approved it than the policy asks for
 *   approval-rejected     an officer of the policy has rejected it
 *   approval-duplicate    an officer or a key is there twice
 *   approval-self         an officer decided about his own request
 *   no-requester          the request does not say whose it is
 *   approval-officer      a key or a name that is not the policy's
 *   approval-request      it is about another request
 *   approval-tenant       it is about another tenant
 *   approval-device-config  it is about another device config
 *   approval-policy       it was made under another policy
 *   approval-expired      it is not valid any more, or not yet
 *   not-allowed           the device config's acl does not name the officer
 *   approval-order        PKG_INPUT: not strictly ascending by SPKI
 *   malformed-approval, not-canonical, unsupported-format, limit, name-grammar
 *                         PKG_INPUT: see packline/container.h
 *   signature-..., certificate-..., algorithm-weak   see packline/cms.h
 */
struct pkg_arena;
struct pkg_buf;
struct pkg_cms_sign_options;
struct pkg_crypto;
struct pkg_device_config;
struct pkg_sink;

struct pkg_officer {
	const char *id;      /* a name; several keys of one count once */
	const char *role;    /* a name: product, security, ... */
	const char *subject; /* of his certificate, RFC 2253 */
	uint8_t spki[32];    /* SHA-256 of his public key */
};

struct pkg_approval_policy {
	const char *path;                   /* for messages */
	size_t required;                    /* officers, >= 1 */
	const struct pkg_officer *officers; /* no key twice */
	size_t officer_count;
	int64_t valid_for;       /* seconds; 0 = an approval does not expire */
	uint8_t sha256[32];      /* of the file's bytes */
	char hex[65];            /* the same, lower-case hex */
	struct pkg_arena *arena; /* owned; holds all of the above */
};

/* What approvals must be about: of manifest.json and request.json. */
struct pkg_approval_subject {
	const uint8_t *request_sha256; /* 32 bytes */
	const char *request_id;
	const char *tenant;
	const uint8_t *device_config_sha256; /* 32 bytes; NULL = none */
	const uint8_t *policy_sha256;        /* 32 bytes; NULL = none */
	/* false: the request is encrypted and there is no key, so nobody can
	   tell whether an officer approved his own request. */
	bool requester_known;
	const char *requester; /* NULL = the request does not say */
};

struct pkg_approval_set {
	const struct pkg_container_approval *items; /* in the file's order */
	size_t count;
	const struct pkg_approval_subject *subject;
	/* The device config, if it is at hand: its acl holds, too.  NULL = not
	   given.  Its digest must have been compared by the caller. */
	const struct pkg_device_config *device;
	struct pkg_clock clock; /* by which certificates and expiry go */
	/* Its revocation lists hold, below its roots; NULL = there are none. */
	const struct pkg_trust *trust;
};

/* What one officer has said; only from pkg_approvals_judge() a fact. */
struct pkg_approved {
	const char *id, *role;
	const char *subject; /* of his certificate, RFC 2253 */
	const char *reason;  /* his words */
	const char *issued;  /* his claim */
	const char *expires; /* or NULL */
	char spki[65];       /* SHA-256 of his public key, hex */
	enum pkg_decision decision;
};

struct pkg_approvals {
	struct pkg_approved *items;
	size_t count;
	size_t needed;      /* by the policy; 0 = there is none */
	const char *policy; /* SHA-256 of the policy, hex; NULL = none */
};

/* What an officer says about a request; all borrowed. */
struct pkg_approval_decision {
	const struct pkg_approval_policy *policy;
	/* The device config, if it is at hand: its acl holds, too. */
	const struct pkg_device_config *device;
	const struct pkg_approval_subject *subject;
	/* What was said before; in any order. */
	const struct pkg_container_approval *others;
	size_t other_count;
	enum pkg_decision decision;
	const char *reason;  /* pkg_approval_is_reason() */
	const char *expires; /* RFC 3339; NULL = as the policy says */
	/* His key and certificate (pkg_cms_sign_as()); its signing time is
	   when the approval was issued. */
	const struct pkg_cms_sign_options *signer;
};

PKG_API_BEGIN

/*
 * Read the approval policy @path.
 * @out    receives it; freed by the caller with pkg_approval_policy_free().
 * @crypto digests and certificates come from here.
 * @diag   receives everything that is wrong with the file; its arena must
 *         outlive what is printed of it.
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * Fails with PKG_INPUT, reason "config", if the file is malformed, over a
 * limit, names a key twice, or asks for more officers than it names; PKG_SYSTEM
 * if it cannot be read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_approval_policy_load(struct pkg_approval_policy **out,
			 struct pkg_crypto *crypto, struct pkg_diag *diag,
			 int dirfd, const char *path, struct pkg_err *err);
void pkg_approval_policy_free(
    struct pkg_approval_policy *policy); /* NULL is fine */
/* The JSON Schema (draft-07) of an approval policy, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_approval_policy_schema(struct pkg_sink *sink,
							struct pkg_err *err);
/* The officer with that key, or NULL; borrowed. */
const struct pkg_officer *
pkg_approval_policy_officer(const struct pkg_approval_policy *policy,
			    const uint8_t spki[PKG_AT_LEAST(32)]);
/*
 * For those who make what must be approved: fails with PKG_USAGE if @requester
 * is NULL, as nobody may approve his own request.
 */
PKG_MUST_CHECK enum pkg_code
pkg_approval_policy_needs_requester(const char *requester, struct pkg_err *err);

/*
 * May he decide, and did what others said before mean this request?  Then
 * write what he is going to sign.
 * @out  the approval (JSON) is appended to it.
 * Fails with PKG_NO: "approval-policy", "approval-officer", "not-allowed",
 * "approval-self", "no-requester", "approval-duplicate", or what is wrong with
 * one that is there already; PKG_USAGE for a time that is none or over, or,
 * reason "limit", if there are PKG_LIMIT_SIGNATURES.
 */
PKG_MUST_CHECK enum pkg_code
pkg_approval_prepare(struct pkg_buf *out,
		     const struct pkg_approval_decision *decision,
		     const struct pkg_env *env, struct pkg_err *err);
/*
 * Use his key: append the signature over @json, which pkg_approval_prepare()
 * made, to @out.  Errors as pkg_cms_sign().
 */
PKG_MUST_CHECK enum pkg_code
pkg_approval_sign(struct pkg_buf *out, const struct pkg_buf *json,
		  const struct pkg_approval_decision *decision,
		  struct pkg_err *err);

/*
 * Judge approvals: every one must be sound, of an officer of @policy, valid,
 * and about this very request; none may be a rejection; enough officers must
 * have approved.  sign, attach and pkg-verify all ask this one function.
 * @policy  NULL = none is given: then @set must be of no policy and empty.
 *          Else its digest must be the one of the subject.
 * @out     receives who said what, allocated in @arena; filled as far as it
 *          got on failure.
 * Fails with PKG_NO or PKG_INPUT and a reason of the list above, or PKG_NO
 * and "no-approval-policy" if @policy is NULL but the subject has one.
 */
PKG_MUST_CHECK enum pkg_code pkg_approvals_judge(
    const struct pkg_approval_policy *policy, const struct pkg_env *env,
    const struct pkg_approval_set *set, struct pkg_approvals *out,
    struct pkg_arena *arena, struct pkg_err *err);
/*
 * Hold who asked for it against who decided: for a verifier, who learns the
 * requester after the approvals were judged with requester_known = false.
 * Fails with PKG_NO, reason "approval-self" or "no-requester".
 */
PKG_MUST_CHECK enum pkg_code
pkg_approvals_check_requester(const struct pkg_approvals *approvals,
			      const char *requester, struct pkg_err *err);
/*
 * The policy among those that @trust accepts whose digest is @policy_sha256.
 * @policy_sha256  32 bytes; NULL = the manifest names none.
 * @out            receives it, borrowed; NULL if the manifest names none and
 *                 @trust (may be NULL) asks for none.
 * Fails with PKG_NO: "no-approval-policy" (it was made under a policy, and
 * @trust says nothing about approvals), "unknown-approval-policy" (@trust
 * accepts others), "unapproved" (made under none, and @trust asks for one).
 */
PKG_MUST_CHECK enum pkg_code pkg_trust_approval_policy(
    const struct pkg_trust *trust, const uint8_t *policy_sha256,
    const struct pkg_approval_policy **out, struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_approval_policy)

#endif
