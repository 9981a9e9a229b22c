/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/verify_log.h"

#include "packline/cms.h"
#include "packline/limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Which check a reason is of. */
static const struct {
	const char *reason;
	enum pkg_verify_log_check check;
} blame[] = {
    {"malformed-log", PKG_VERIFY_LOG_FORM}, {"not-a-file", PKG_VERIFY_LOG_FORM},
    {"limit", PKG_VERIFY_LOG_FORM},         {"log-chain", PKG_VERIFY_LOG_CHAIN},
    {"log-gap", PKG_VERIFY_LOG_GAPS},       {"log-head", PKG_VERIFY_LOG_HEAD},
    {"log-truncated", PKG_VERIFY_LOG_HEAD}, {"log-torn", PKG_VERIFY_LOG_END},
};

static void PKG_PRINTF(4, 5)
    say(struct pkg_log_verdict *out, enum pkg_verify_log_check check,
	enum pkg_verify_state state, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out->checks[check].detail,
			sizeof(out->checks[check].detail), fmt, ap);
	va_end(ap);
	out->checks[check].state = state;
}

void pkg_log_verdict_refuse(struct pkg_log_verdict *out,
			    const struct pkg_err *err)
{
	enum pkg_verify_log_check check = PKG_VERIFY_LOG_SIGNATURES;

	for (size_t i = 0; i < PKG_VERIFY_LOG_CHECK_COUNT; i++) {
		if (out->checks[i].detail[0] == '\0')
			say(out, (enum pkg_verify_log_check)i,
			    PKG_VERIFY_NOT_CHECKED, "not reached");
	}
	out->ok = false;
	out->reason = err->reason != NULL ? err->reason : "malformed-log";
	memcpy(out->text, err->text, sizeof(out->text));
	memcpy(out->hint, err->hint, sizeof(out->hint));
	for (size_t i = 0; i < sizeof(blame) / sizeof(blame[0]); i++)
		if (strcmp(out->reason, blame[i].reason) == 0)
			check = blame[i].check;
	say(out, check, PKG_VERIFY_FAILED, "%s", err->text);
}

/* What one head says, once somebody trusted has said it. */
struct judge {
	const struct pkg_verify_log_options *options;
	const struct pkg_env *env;
	struct pkg_arena *arena;
};

static enum pkg_code check_signature(const struct judge *judge,
				     const struct pkg_verify_head *head,
				     struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_cms_verify_options rules;
	const struct pkg_trust *trust = judge->options->trust;

	PKG_TRY(pkg_trust_document_rules(&rules, trust, judge->env,
					 judge->arena, err));
	PKG_TRY(pkg_cms_parse(&cms, judge->env->crypto, head->p7s,
			      head->p7s_len, err));
	PKG_TRY(pkg_cms_verify(cms, head->data, head->len, &rules, err));
	return pkg_trust_document_signer(trust, &pkg_cms_claim(cms)->cert, err);
}

static enum pkg_code take_head(struct pkg_audit_head *out,
			       const struct judge *judge,
			       const struct pkg_verify_head *head,
			       struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;

	if (head->p7s != NULL) {
		code = check_signature(judge, head, err);
	} else if (!judge->options->unsigned_heads) {
		code = pkg_refuse(err, PKG_NO, "head-unsigned",
				  "there is no signature beside it");
		(void)pkg_hint(err,
			       "put '%.100s.p7s' there; or, if you know "
			       "that it is yours, --unsigned-heads",
			       head->name);
	}
	if (code == PKG_OK)
		code = pkg_audit_head_decode(out, head->data, head->len, err);
	if (code != PKG_OK)
		return pkg_wrap(err, "'%s'", head->name);
	return PKG_OK;
}

/* Signatures come first: what nobody trusted has said is not looked at. */
static enum pkg_code take_heads(struct pkg_log_verdict *out,
				struct pkg_audit_head *heads,
				const struct judge *judge, struct pkg_err *err)
{
	const struct pkg_verify_log_options *options = judge->options;
	size_t signatures = 0;

	for (size_t i = 0; i < options->head_count; i++) {
		PKG_TRY(take_head(&heads[i], judge, &options->heads[i], err));
		signatures += options->heads[i].p7s != NULL;
	}
	if (options->head_count == 0)
		say(out, PKG_VERIFY_LOG_SIGNATURES, PKG_VERIFY_NOT_CHECKED,
		    "no head was given");
	else if (signatures < options->head_count)
		say(out, PKG_VERIFY_LOG_SIGNATURES, PKG_VERIFY_NOT_CHECKED,
		    "%zu of %zu heads signed by somebody trusted; "
		    "--unsigned-heads takes the others on trust",
		    signatures, options->head_count);
	else
		say(out, PKG_VERIFY_LOG_SIGNATURES, PKG_VERIFY_PASSED,
		    "of %zu head%s, by somebody trusted", signatures,
		    signatures == 1 ? "" : "s");
	return PKG_OK;
}

static void say_yes(struct pkg_log_verdict *out,
		    const struct pkg_audit_head *heads, size_t count)
{
	const struct pkg_audit_report *report = &out->report;
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++)
		last = heads[i].number > last ? heads[i].number : last;
	out->ok = true;
	say(out, PKG_VERIFY_LOG_FORM, PKG_VERIFY_PASSED,
	    "%" PRIu64 " lines in %zu file%s", report->lines, report->files,
	    report->files == 1 ? "" : "s");
	say(out, PKG_VERIFY_LOG_CHAIN, PKG_VERIFY_PASSED,
	    "unbroken from line 1 to %" PRIu64, report->head.number);
	say(out, PKG_VERIFY_LOG_GAPS, PKG_VERIFY_PASSED, "none");
	if (count == 0)
		say(out, PKG_VERIFY_LOG_HEAD, PKG_VERIFY_NOT_CHECKED,
		    "none was given: lines that were cut off or written anew "
		    "at the end, and another log instead, cannot be seen");
	else
		say(out, PKG_VERIFY_LOG_HEAD, PKG_VERIFY_PASSED,
		    "it is the log that was known, up to line %" PRIu64
		    "; what follows is not vouched for",
		    last);
	say(out, PKG_VERIFY_LOG_END, PKG_VERIFY_PASSED, "whole");
}

enum pkg_code pkg_verify_log(struct pkg_log_verdict *out,
			     struct pkg_audit_files *files,
			     const struct pkg_verify_log_options *options,
			     const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct judge judge = {.options = options, .env = env};
	struct pkg_audit_head heads[PKG_LIMIT_AUDIT_HEADS];
	enum pkg_code code;

	*out = (struct pkg_log_verdict){0};
	if (options->head_count > PKG_LIMIT_AUDIT_HEADS)
		return pkg_fail(err, PKG_USAGE, "more than %u heads",
				PKG_LIMIT_AUDIT_HEADS);
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	judge.arena = arena;
	code = take_heads(out, heads, &judge, err);
	if (code == PKG_OK)
		code = pkg_audit_check(&out->report, env, files, heads,
				       options->head_count, err);
	if (code == PKG_OK)
		say_yes(out, heads, options->head_count);
	else if (code == PKG_NO || code == PKG_INPUT)
		pkg_log_verdict_refuse(out, err);
	return code;
}
