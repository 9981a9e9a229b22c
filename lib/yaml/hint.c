/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/read.h"

#include <string.h>

/* What libyaml says, and what people did when it says so. */
static const struct {
	const char *problem, *hint;
} hints[] = {
    {"mapping values are not allowed in this context",
     "a text with ': ' in it needs quotes; else check the indentation"},
    {"could not find expected ':'",
     "a key needs a colon and a space behind it; a closing quote may be "
     "missing"},
    {"did not find expected key",
     "keys of one mapping stand in one column; a text that starts with a "
     "quote must end with it"},
    {"did not find expected '-' indicator",
     "items of one list start with '- ' in one column"},
    {"did not find expected ',' or ']'", "a list in brackets must be closed"},
    {"did not find expected ',' or '}'", "a mapping in braces must be closed"},
    {"found unexpected end of stream", "a closing quote is missing"},
    {"block sequence entries are not allowed in this context",
     "a list starts on the line after its key"},
    {"found unknown escape character",
     "in double quotes a backslash is written \\\\; single quotes need no "
     "escapes"},
    {"found unexpected document indicator", "a closing quote is missing"},
};

const char *pkg_yaml_hint_(const char *problem, const char *at, size_t left)
{
	if (strcmp(problem, "found character that cannot start any token") ==
	    0) {
		if (left > 0 && *at == '\t')
			return "indent with spaces, not with tabs";
		return "a text that starts with this character needs quotes";
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(problem, hints[i].problem) == 0)
			return hints[i].hint;
	}
	return NULL;
}
