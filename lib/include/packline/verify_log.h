/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_VERIFY_LOG_H
#define PKG_VERIFY_LOG_H

#include "packline/audit.h"
#include "packline/auto.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/trust.h"
#include "packline/verify.h"

#include <stdbool.h>

/*
 * Yes or no about an audit log (packline/audit.h) and the heads that are known
 * of it, and why.
 */
struct pkg_sink;

/* X(NAME, id, what it says); stable as those of packline/verify.h. */
#define PKG_VERIFY_LOG_CHECKS(X)                                               \
	X(SIGNATURES, "signatures", "somebody trusted has signed each head")   \
	X(FORM, "form", "every line is one that a log has")                    \
	X(CHAIN, "chain", "each line continues the one before it")             \
	X(GAPS, "gaps", "no file and no number is missing")                    \
	X(HEAD, "head", "the log goes through every head")                     \
	X(END, "end", "the last line is whole")

enum pkg_verify_log_check {
#define X(name, id, text) PKG_VERIFY_LOG_##name,
	PKG_VERIFY_LOG_CHECKS(X)
#undef X
	    PKG_VERIFY_LOG_CHECK_COUNT
};

/* A head as it was kept, and its signature; all borrowed. */
struct pkg_verify_head {
	const char *name; /* for messages */
	const void *data; /* pkg_audit_head_encode() */
	size_t len;
	const void *p7s; /* detached CMS, content type id-data; NULL = none */
	size_t p7s_len;
};

struct pkg_verify_log_options {
	const struct pkg_trust *trust; /* whose heads count; NULL = nobody's */
	const struct pkg_verify_head *heads; /* at most PKG_LIMIT_AUDIT_HEADS */
	size_t head_count;
	bool unsigned_heads; /* those without a signature will do */
};

/* The answer; to be believed only if ok is true. */
struct pkg_log_verdict {
	bool ok;
	const char *reason; /* stable id of the refusal; NULL if ok */
	char text[PKG_ERR_TEXT], hint[PKG_ERR_HINT]; /* "" = none */
	struct {
		enum pkg_verify_state state;
		char detail[PKG_ERR_TEXT];
	} checks[PKG_VERIFY_LOG_CHECK_COUNT];
	struct pkg_audit_report report;
};

PKG_API_BEGIN

/*
 * Check a log.
 * @out  receives the answer, also if that is no.
 * Fails with PKG_NO or PKG_INPUT and the reason that is in @out, too:
 *   one of packline/audit.h; of packline/cms.h or packline/trust.h for the
 *   signature of a head; "head-unsigned" for a head that has none;
 * PKG_SYSTEM, PKG_INTERNAL: then there is no answer.
 */
PKG_MUST_CHECK enum pkg_code
pkg_verify_log(struct pkg_log_verdict *out, struct pkg_audit_files *files,
	       const struct pkg_verify_log_options *options,
	       const struct pkg_env *env, struct pkg_err *err);
/* Refuse without looking at it: @err says why, such as a file is missing. */
void pkg_log_verdict_refuse(struct pkg_log_verdict *out,
			    const struct pkg_err *err);
/* Write it as a `log-verdict` record, newline included, or for people. */
PKG_MUST_CHECK enum pkg_code
pkg_log_verdict_record(struct pkg_sink *sink,
		       const struct pkg_log_verdict *verdict, const char *path,
		       struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_log_verdict_text(struct pkg_sink *sink,
		     const struct pkg_log_verdict *verdict, const char *path,
		     struct pkg_err *err);
/* The JSON Schema of the record, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_log_verdict_schema(struct pkg_sink *sink,
						    struct pkg_err *err);

PKG_API_END

#endif
