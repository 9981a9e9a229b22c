/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/pattern.h"

#include "packline/num.h"

#include <stdlib.h>

struct rule {
	struct pkg_pattern *pattern;
	bool include;
};

struct pkg_pattern_set {
	struct rule *rules;
	size_t count, cap;
	bool has_include;
};

enum pkg_code pkg_pattern_set_new(struct pkg_pattern_set **out,
				  struct pkg_err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? pkg_fail_nomem(err) : PKG_OK;
}

void pkg_pattern_set_free(struct pkg_pattern_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		pkg_pattern_free(set->rules[i].pattern);
	free(set->rules);
	free(set);
}

enum pkg_code pkg_pattern_set_add(struct pkg_pattern_set *set,
				  struct pkg_pattern *take_pattern,
				  bool include, struct pkg_err *err)
{
	PKG_AUTO(pkg_pattern) struct pkg_pattern *pattern = take_pattern;
	size_t cap = set->cap == 0 ? 8 : 2 * set->cap, bytes = 0;
	struct rule *rules;

	if (set->count == set->cap) {
		if (!pkg_mul_size(cap, sizeof(*rules), &bytes))
			return pkg_fail_nomem(err);
		rules = realloc(set->rules, bytes);
		if (rules == NULL)
			return pkg_fail_nomem(err);
		set->rules = rules;
		set->cap = cap;
	}
	set->rules[set->count++] =
	    (struct rule){.pattern = PKG_STEAL(pattern), .include = include};
	set->has_include |= include;
	return PKG_OK;
}

/* Look for the first rule of one kind that matches; @out is set if found. */
static enum pkg_code find(const struct pkg_pattern_set *set, bool include,
			  const char *text, size_t len,
			  struct pkg_pattern_decision *out, struct pkg_err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct rule *rule = &set->rules[i];
		bool matches = false;

		if (rule->include != include)
			continue;
		PKG_TRY(
		    pkg_pattern_match(rule->pattern, text, len, &matches, err));
		if (!matches)
			continue;
		*out = (struct pkg_pattern_decision){.included = include,
						     .decided = true,
						     .rule = i,
						     .pattern = rule->pattern};
		return PKG_OK;
	}
	return PKG_OK;
}

enum pkg_code pkg_pattern_set_decide(const struct pkg_pattern_set *set,
				     const char *text, size_t len,
				     struct pkg_pattern_decision *out,
				     struct pkg_err *err)
{
	*out = (struct pkg_pattern_decision){.included = !set->has_include};
	PKG_TRY(find(set, false, text, len, out, err));
	return out->decided ? PKG_OK : find(set, true, text, len, out, err);
}
