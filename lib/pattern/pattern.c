/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8 /* what pcre2.h asks for */
#include "packline/pattern.h"

#include "packline/limits.h"
#include "packline/text.h"
#include "pattern/glob.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum { PARENS_NEST = 50 }; /* levels of ( ) in an expression */

struct pkg_pattern {
	char *text, *base;
	bool literal;
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static void context_fini(pcre2_compile_context **context)
{
	pcre2_compile_context_free(*context);
}

void pkg_pattern_free(struct pkg_pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern->text);
	free(pattern->base);
	free(pattern);
}

static enum pkg_code refuse_regex(const struct pkg_pattern *pattern, int number,
				  size_t offset, struct pkg_err *err)
{
	PCRE2_UCHAR why[128];

	if (number == PCRE2_ERROR_HEAP_FAILED)
		return pkg_fail_nomem(err);
	(void)pcre2_get_error_message(number, why, sizeof(why));
	/* a long pattern must not push out what is wrong with it */
	return pkg_refuse(err, PKG_INPUT, "bad-pattern",
			  "bad pattern '%.200s': %s at offset %zu",
			  pattern->text, (const char *)why, offset);
}

static enum pkg_code compile(struct pkg_pattern *pattern, const char *regex,
			     size_t len, bool whole, struct pkg_err *err)
{
	__attribute__((cleanup(context_fini))) pcre2_compile_context *context =
	    pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_UCP |
			   PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
	size_t offset = 0;
	int number = 0;

	if (context == NULL)
		return pkg_fail_nomem(err);
	(void)pcre2_set_parens_nest_limit(context, PARENS_NEST);
	if (whole)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	pattern->code = pcre2_compile((PCRE2_SPTR)regex, len, options, &number,
				      &offset, context);
	if (pattern->code == NULL)
		return refuse_regex(pattern, number, offset, err);
	/* without JIT it is only slower: not an error */
	(void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	pattern->match = pcre2_match_data_create(1, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->match == NULL || pattern->limits == NULL)
		return pkg_fail_nomem(err);
	(void)pcre2_set_match_limit(pattern->limits, PKG_LIMIT_MATCH_STEPS);
	(void)pcre2_set_depth_limit(pattern->limits, PKG_LIMIT_MATCH_DEPTH);
	(void)pcre2_set_heap_limit(pattern->limits, PKG_LIMIT_MATCH_HEAP);
	return PKG_OK;
}

/* Keep the folder of what is matched before any wildcard. */
static enum pkg_code keep_base(struct pkg_pattern *pattern,
			       const struct pkg_glob *glob, struct pkg_err *err)
{
	char *slash;

	pattern->literal = !glob->wild;
	free(pattern->base);
	pattern->base = strdup(pkg_buf_str(&glob->literal));
	if (pattern->base == NULL)
		return pkg_fail_nomem(err);
	slash = strrchr(pattern->base, '/');
	if (slash == NULL)
		slash = pattern->base;
	*slash = '\0';
	return PKG_OK;
}

static enum pkg_code compile_glob(struct pkg_pattern *pattern, size_t len,
				  struct pkg_err *err)
{
	__attribute__((cleanup(pkg_glob_fini_))) struct pkg_glob glob = {
	    .text = pattern->text, .len = len};

	PKG_TRY(pkg_glob_translate_(&glob, err));
	PKG_TRY(keep_base(pattern, &glob, err));
	return compile(pattern, pkg_buf_str(&glob.regex), glob.regex.len, true,
		       err);
}

static enum pkg_code check_text(const char *text, size_t len,
				struct pkg_err *err)
{
	if (len == 0)
		return pkg_refuse(err, PKG_INPUT, "bad-pattern",
				  "an empty pattern");
	if (len > PKG_LIMIT_PATTERN)
		return pkg_refuse(err, PKG_INPUT, "bad-pattern",
				  "a pattern of more than %u bytes",
				  PKG_LIMIT_PATTERN);
	if (memchr(text, '\0', len) != NULL || !pkg_utf8_valid(text, len))
		return pkg_refuse(err, PKG_INPUT, "bad-pattern",
				  "a pattern that is not UTF-8");
	return PKG_OK;
}

static enum pkg_code build(struct pkg_pattern *pattern,
			   enum pkg_pattern_kind kind, const char *text,
			   size_t len, struct pkg_err *err)
{
	PKG_TRY(check_text(text, len, err));
	pattern->text = strndup(text, len);
	pattern->base = strdup("");
	if (pattern->text == NULL || pattern->base == NULL)
		return pkg_fail_nomem(err);
	switch (kind) {
	case PKG_PATTERN_GLOB:
		return compile_glob(pattern, len, err);
	case PKG_PATTERN_REGEX:
		return compile(pattern, text, len, true, err);
	case PKG_PATTERN_SEARCH:
		return compile(pattern, text, len, false, err);
	}
	return pkg_fail(err, PKG_INTERNAL, "pattern of kind %d", (int)kind);
}

enum pkg_code pkg_pattern_new(struct pkg_pattern **out,
			      enum pkg_pattern_kind kind, const char *text,
			      size_t len, const struct pkg_mark *mark,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_pattern)
	struct pkg_pattern *pattern = calloc(1, sizeof(*pattern));

	if (pattern == NULL)
		return pkg_fail_nomem(err);
	if (build(pattern, kind, text, len, err) != PKG_OK)
		return err->code == PKG_INPUT && mark != NULL
			   ? pkg_err_at(err, mark)
			   : err->code;
	*out = PKG_STEAL(pattern);
	return PKG_OK;
}

const char *pkg_pattern_text(const struct pkg_pattern *pattern)
{
	return pattern->text;
}

const char *pkg_pattern_base(const struct pkg_pattern *pattern)
{
	return pattern->base;
}

bool pkg_pattern_is_literal(const struct pkg_pattern *pattern)
{
	return pattern->literal;
}

enum pkg_code pkg_pattern_match(struct pkg_pattern *pattern, const char *text,
				size_t len, bool *matches, struct pkg_err *err)
{
	int rc = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, 0,
			     pattern->match, pattern->limits);

	/* its stack is 32 KiB; without it, what the limits allow is used */
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0,
				 PCRE2_NO_JIT, pattern->match, pattern->limits);
	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) {
		*matches = rc >= 0;
		return PKG_OK;
	}
	switch (rc) {
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		(void)pkg_refuse(err, PKG_INPUT, "match-limit",
				 "the pattern '%s' takes too many steps",
				 pattern->text);
		return pkg_hint(err, "a repetition inside a repetition is the "
				     "usual cause");
	case PCRE2_ERROR_NOMEMORY:
		return pkg_fail_nomem(err);
	default:
		break;
	}
	if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21)
		return pkg_refuse(err, PKG_INPUT, "not-utf8",
				  "a text to be matched is not UTF-8");
	return pkg_fail(err, PKG_INTERNAL, "matching '%s': PCRE2 error %d",
			pattern->text, rc);
}
