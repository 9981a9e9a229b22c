/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <stdarg.h>
#include <stdio.h>

static const struct pkg_rule rules[] = {
#define X(name, id, severity, text, hint)                                      \
	{(id), PKG_SEVERITY_##severity, (text), (hint)},
    MANIFEST_RULES(X)
#undef X
	{0},
};

const struct pkg_rule *pkg_manifest_rules(void)
{
	return rules;
}

enum pkg_code pkg_rule_add(const struct rule_sink *sink,
			   enum manifest_rule rule, const struct pkg_node *at,
			   const char *hint, const char *fmt, ...)
{
	const struct pkg_rule *r = &rules[rule];
	struct pkg_mark mark = {0};
	char text[1024];
	va_list ap;

	if (at != NULL)
		mark = pkg_node_mark(at);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return pkg_diag_add(sink->diag, r->severity, r->id, &mark,
			    hint != NULL ? hint : r->hint, sink->err, "%s",
			    text);
}
