/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_VERIFY_H
#define PKG_VERIFY_H

#include "packline/approval_policy.h"
#include "packline/auto.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/trust.h"

#include <stdbool.h>

/*
 * Yes or no about a container, a draft or an import bundle, and why.  The
 * order of the checks is that of the format (schemas/container.md): nothing
 * is decrypted before the signatures are accepted, and nothing is believed
 * before the last byte was compared.
 */
struct pkg_certs;
struct pkg_container_request;
struct pkg_kek;
struct pkg_key;
struct pkg_outdir;
struct pkg_sink;
struct pkg_source;
struct pkg_state;

/*
 * X(NAME, id, what it says).  The ids are stable: they stand in records and
 * in the man page.
 */
#define PKG_VERIFY_CHECKS(X)                                                   \
	X(MANIFEST, "manifest", "canonical, of a known format and suite")      \
	X(SIGNATURES, "signatures", "enough trusted signers have signed it")   \
	X(SUITE, "suite", "the algorithms are allowed")                        \
	X(TENANT, "tenant", "it is for the tenant that was asked for")         \
	X(DEVICE_CONFIG, "device-config", "it is for the device asked for")    \
	X(SEQUENCE, "sequence", "it is not older than was asked for")          \
	X(STATE, "state", "nothing newer was accepted before")                 \
	X(EXPIRY, "expiry", "it has not expired")                              \
	X(CLOCK, "clock", "certificates were valid by the clock")              \
	X(REVOCATION, "revocation", "no certificate of the chain is revoked")  \
	X(APPROVALS, "approvals", "enough officers approved it")               \
	X(RECIPIENTS, "recipients",                                            \
	  "the list of recipients is the signed one")                          \
	X(MAC, "mac", "the manifest was made by who made the content key")     \
	X(REQUEST, "request", "the request is the signed one")                 \
	X(PAYLOAD, "payload", "every stored byte is the signed one")           \
	X(PLAINTEXT, "plaintext", "every decrypted byte is the signed one")    \
	X(CONTENT, "content", "a bundle's plan and blobs fit together")        \
	X(FRAMING, "framing", "the file has the only legal form, to its end")

enum pkg_verify_check_id {
#define X(name, id, text) PKG_VERIFY_##name,
	PKG_VERIFY_CHECKS(X)
#undef X
	    PKG_VERIFY_CHECK_COUNT
};

enum pkg_verify_state {
	PKG_VERIFY_NOT_CHECKED, /* nobody asked, or there was no key */
	PKG_VERIFY_PASSED,
	PKG_VERIFY_FAILED,
};

struct pkg_verify_check {
	enum pkg_verify_state state;
	const char *detail; /* a few words, NUL-terminated; never NULL */
};

/*
 * The answer, and what the container says of itself.  The facts are to be
 * believed only if ok is true; they are NULL or 0 as far as they were not
 * read.
 */
struct pkg_verdict {
	bool ok;
	const char *reason; /* stable id of the refusal; NULL if ok */
	const char *text;   /* the refusal in words; NULL if ok */
	const char *hint;   /* how to mend it, or NULL */
	struct pkg_verify_check checks[PKG_VERIFY_CHECK_COUNT];

	const char *kind, *content, *id, *name, *version, *tenant;
	const char *device_config, *device_config_sha256;
	bool has_sequence;
	uint64_t sequence;
	const char *expires;
	const char *manifest_sha256; /* the package's identity */
	bool draft;
	struct pkg_signers signers;
	struct pkg_approvals approvals; /* needed 0 = none were asked for */
	uint64_t size;                  /* bytes of the container read */
	const char *unsigned_sha256;    /* if asked for */
	struct pkg_arena *arena;        /* owned; holds all of the above */
};

struct pkg_verify_options {
	const char *name;              /* the input's, for messages */
	const struct pkg_trust *trust; /* NULL = never a yes */
	struct pkg_trust_demands demands;
	const struct pkg_key *recipient;        /* NULL = do not decrypt */
	const struct pkg_certs *recipient_cert; /* NULL = the key file's */
	/* Instead of a private key; at most one of the two. */
	const struct pkg_kek *recipient_kek;
	/*
	 * Where files go, NULL = nowhere; borrowed.  Made visible
	 * (pkg_outdir_commit()) after the last check, and only for a yes.
	 */
	struct pkg_outdir *extract;
	/*
	 * What was accepted before, NULL = nobody knows; borrowed.  Updated
	 * after a yes, when what was extracted is visible.
	 */
	struct pkg_state *state;
	bool unsigned_digest; /* compute unsigned_sha256 */
	/*
	 * Called once, after everything but the payload was accepted and
	 * before the first byte of it is read.  NULL = not wanted.
	 */
	enum pkg_code (*stage)(void *context, const struct pkg_verdict *verdict,
			       struct pkg_err *err);
	void *context; /* for stage */
};

PKG_API_BEGIN

/*
 * Verify what @source gives, in one pass to its end.
 * @out  receives the verdict, also with a refusal; freed by the caller with
 *       pkg_verdict_free().  NULL only if there was no memory for it.
 * @env  clock and crypto.
 * Returns PKG_OK for a yes, and only then.  Else PKG_NO with a reason if it
 * is well-formed but must not be used; PKG_INPUT with a reason if it is not
 * of format 1; PKG_KEY if the recipient key cannot be used; PKG_SYSTEM if it
 * cannot be read or written out.  With a state, PKG_NO also with the reasons
 * of pkg_state_check().
 */
PKG_MUST_CHECK enum pkg_code
pkg_verify(struct pkg_verdict **out, struct pkg_source *source,
	   const struct pkg_verify_options *options, const struct pkg_env *env,
	   struct pkg_err *err);
void pkg_verdict_free(struct pkg_verdict *verdict); /* NULL is allowed */

/*
 * Do the plan of a bundle and its blobs fit together?  Every blob that the
 * plan names is listed in @request, and each that is listed is needed.  For
 * who signs before the blobs are there; pkg_verify() does it by itself.
 * @plan  @len bytes of plan.json.
 * Fails with PKG_INPUT, reason "malformed-bundle", "not-canonical" or
 * "limit".
 */
PKG_MUST_CHECK enum pkg_code
pkg_verify_plan(const struct pkg_container_request *request, const void *plan,
		size_t len, struct pkg_err *err);

/* "manifest", "signatures", ... */
const char *pkg_verify_check_name(enum pkg_verify_check_id id);
/*
 * Write the verdict as a `verdict` record, newline included.
 * @path  the input as the user named it.
 */
PKG_MUST_CHECK enum pkg_code
pkg_verdict_record(struct pkg_sink *sink, const struct pkg_verdict *verdict,
		   const char *path, struct pkg_err *err);
/* Write what is known before the payload is read as a `stage` record. */
PKG_MUST_CHECK enum pkg_code
pkg_verdict_stage_record(struct pkg_sink *sink,
			 const struct pkg_verdict *verdict, const char *path,
			 struct pkg_err *err);
/* Write the verdict for a person. */
PKG_MUST_CHECK enum pkg_code pkg_verdict_text(struct pkg_sink *sink,
					      const struct pkg_verdict *verdict,
					      const char *path,
					      struct pkg_err *err);
/* The JSON Schemas (draft-07) of the two records, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_verdict_schema(struct pkg_sink *sink,
						struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_verdict_stage_schema(struct pkg_sink *sink,
						      struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_verdict)

#endif
